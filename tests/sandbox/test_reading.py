"""What an App reads of a repository, and how the answers are cut into pages and tagged."""

from __future__ import annotations

import base64
import re

import httpx
import pytest

from bot.sandbox.git import File
from tests.sandbox.conftest import CHANGED, FILES, Sandbox
from tests.sandbox.openapi import OpenApiRecorder


def test_every_read_endpoint_answers_as_described(
    sandbox: Sandbox, api: httpx.Client, app_api: httpx.Client, recorder: OpenApiRecorder
) -> None:
    root, number, head = sandbox.path, sandbox.pull.number, sandbox.pull.head_sha
    draft = {"path": "web/template.tf", "line": 11, "body": "?"}
    review = api.post(f"{root}/pulls/{number}/reviews", json={"event": "COMMENT", "comments": [draft]}).json()
    comment = api.get(f"{root}/pulls/{number}/comments").json()[0]
    said = api.post(f"{root}/issues/{number}/comments", json={"body": "Hello."}).json()
    run = api.post(f"{root}/check-runs", json={"name": "WRC", "head_sha": head}).json()
    suite = run["check_suite"]["id"]
    tree = {entry["path"]: entry["sha"] for entry in api.get(f"{root}/git/trees/{head}?recursive=1").json()["tree"]}
    for path in ("/app", "/app/installations", "/app/hook/config", "/app/hook/deliveries", f"{root}/installation"):
        assert app_api.get(path).status_code == 200, path
    for path in (
        "/installation/repositories",
        "/rate_limit",
        root,
        *(f"{root}/{rest}" for rest in ("branches/main", "collaborators/mona/permission", "compare/main...change")),
        *(f"{root}/commits{rest}" for rest in ("", "?sha=change&path=web/template.tf")),
        *(f"{root}/commits/{rest}" for rest in ("change", "change/check-runs", "change/check-suites")),
        *(f"{root}/contents/{rest}" for rest in ("web", "web/startup.sh?ref=change")),
        *(f"{root}/git/{rest}" for rest in (f"blobs/{tree['README.md']}", f"commits/{head}", "ref/heads/main")),
        f"{root}/git/matching-refs/heads/m",
        f"{root}/pulls",
        *(f"{root}/pulls/{number}{rest}" for rest in ("", "/files", "/commits", "/reviews", "/comments")),
        *(f"{root}/pulls/{number}/reviews/{review['id']}{rest}" for rest in ("", "/comments")),
        *(f"{root}/pulls/comments/{comment['id']}{rest}" for rest in ("", "/reactions")),
        f"{root}/issues/{number}/comments",
        *(f"{root}/issues/comments/{said['id']}{rest}" for rest in ("", "/reactions")),
        *(f"{root}/check-runs/{run['id']}{rest}" for rest in ("", "/annotations")),
        *(f"{root}/check-suites/{suite}{rest}" for rest in ("", "/check-runs")),
    ):
        assert api.get(path).status_code == 200, path
    assert recorder.violations == []


def test_a_pull_request_is_told_with_its_size(sandbox: Sandbox, api: httpx.Client) -> None:
    pull = api.get(f"{sandbox.path}/pulls/1").json()
    assert (pull["additions"], pull["deletions"], pull["changed_files"], pull["commits"]) == (2, 2, 1, 1)
    assert pull["mergeable"] is True
    assert pull["head"]["sha"] == sandbox.pull.head_sha
    assert pull["user"]["login"] == "mona"


def test_pull_requests_are_filtered(sandbox: Sandbox, api: httpx.Client) -> None:
    world, repository = sandbox.world, sandbox.repository
    world.push(repository, "release", {"a": "1"})
    world.push(repository, "other", {"a": "2"})
    second = world.open_pull_request(repository, "other", base="release")
    world.close(sandbox.pull)

    def numbers(**query: str) -> list[int]:
        return [pull["number"] for pull in api.get(f"{sandbox.path}/pulls", params=query).json()]

    assert numbers() == [second.number]
    assert numbers(state="all") == [second.number, 1]
    assert numbers(state="closed") == [1]
    assert numbers(state="all", base="main") == [1]
    assert numbers(state="all", head="acme:other") == [second.number]
    assert numbers(state="all", direction="asc") == [1, second.number]


def test_a_diff_is_what_git_says(sandbox: Sandbox, api: httpx.Client) -> None:
    url = f"{sandbox.path}/pulls/1"
    answer = api.get(url, headers={"Accept": "application/vnd.github.diff"})
    assert answer.text == sandbox.repository.git.text("diff", "--full-index", "main...change") + "\n"
    files = api.get(f"{url}/files").json()
    assert [(file["filename"], file["status"]) for file in files] == [("web/template.tf", "modified")]
    assert files[0]["patch"].startswith("@@ -7,7 +7,8 @@")
    assert not files[0]["patch"].endswith("\n")
    assert api.get(f"{sandbox.path}/compare/main...change").json()["files"] == files


def test_a_diff_starts_at_the_merge_base(sandbox: Sandbox, api: httpx.Client) -> None:
    fork_point = sandbox.repository.git.resolve("main")
    sandbox.world.push(sandbox.repository, "main", {"later.txt": "unrelated\n"})
    compared = api.get(f"{sandbox.path}/compare/main...change").json()
    assert compared["merge_base_commit"]["sha"] == fork_point
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    assert [file["filename"] for file in compared["files"]] == ["web/template.tf"]
    assert [file["filename"] for file in api.get(f"{sandbox.path}/pulls/1/files").json()] == ["web/template.tf"]


def test_a_fork_is_compared_by_its_owner(sandbox: Sandbox, api: httpx.Client) -> None:
    fork = sandbox.world.fork(sandbox.repository, "mona")
    head = sandbox.world.push(fork, "patch", {"README.md": "# Patch\n"})
    compared = api.get(f"{sandbox.path}/compare/main...mona:patch").json()
    assert [commit["sha"] for commit in compared["commits"]] == [head]
    assert [file["filename"] for file in compared["files"]] == ["README.md"]
    assert api.get(f"{sandbox.path}/compare/main...stranger:patch").status_code == 404


def test_kinds_of_changes(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.push(
        sandbox.repository,
        "change",
        {
            "README.md": None,
            "web/startup.sh": None,
            "web/boot.sh": FILES["web/startup.sh"],
            "logo.png": b"\x89PNG\0\0",
            "link": File(b"README.md", "120000"),
            "naïve file.txt": "ü\n",
        },
    )
    files = {file["filename"]: file for file in api.get(f"{sandbox.path}/pulls/1/files").json()}
    assert {name: file["status"] for name, file in files.items()} == {
        "README.md": "removed",
        "link": "added",
        "logo.png": "added",
        "naïve file.txt": "added",
        "web/boot.sh": "renamed",
        "web/template.tf": "modified",
    }
    assert files["web/boot.sh"]["previous_filename"] == "web/startup.sh"
    assert "patch" not in files["logo.png"]
    assert "patch" not in files["web/boot.sh"]


def test_a_large_file_has_no_patch(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.push(sandbox.repository, "change", {"big.txt": "x" * 79 + "\n" + ("y" * 79 + "\n") * 7000})
    files = {file["filename"]: file for file in api.get(f"{sandbox.path}/pulls/1/files").json()}
    assert files["big.txt"]["additions"] == 7001
    assert "patch" not in files["big.txt"]
    assert "patch" in files["web/template.tf"]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({f"f/{number}": "x\n" for number in range(300)}, "number of files (300)"),
        ({"big": "x\n" * 20_001}, "number of lines (20000)"),
    ],
)
def test_a_diff_that_is_too_large_is_refused(
    sandbox: Sandbox, api: httpx.Client, files: dict[str, str], complaint: str
) -> None:
    sandbox.world.push(sandbox.repository, "change", files)
    answer = api.get(f"{sandbox.path}/pulls/1", headers={"Accept": "application/vnd.github.v3.diff"})
    assert answer.status_code == 406
    assert complaint in answer.json()["message"]
    assert answer.json()["errors"][0]["code"] == "too_large"


def test_lists_come_in_pages(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.push(sandbox.repository, "change", {f"f/{number:03}": "x\n" for number in range(250)})
    url: str | None = f"{sandbox.path}/pulls/1/files?per_page=100"
    pages, names = 0, []
    while url:
        answer = api.get(url)
        pages += 1
        names += [file["filename"] for file in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert (pages, len(names), len(set(names))) == (3, 251, 251)
    assert len(api.get(f"{sandbox.path}/pulls/1/files").json()) == 30
    assert len(api.get(f"{sandbox.path}/pulls/1/files?per_page=1000").json()) == 100
    last = api.get(f"{sandbox.path}/pulls/1/files?per_page=100&page=3")
    assert set(last.links) == {"prev", "first"}


def test_compare_shows_at_most_300_files_and_the_file_list_3000(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.push(sandbox.repository, "change", {f"f/{number:04}": f"{number}\n" for number in range(3100)})
    assert len(api.get(f"{sandbox.path}/compare/main...change").json()["files"]) == 300
    assert 'page=30>; rel="last"' in api.get(f"{sandbox.path}/pulls/1/files?per_page=100").headers["Link"]
    assert api.get(f"{sandbox.path}/pulls/1/files?per_page=100&page=31").json() == []


def test_trees_and_blobs_hold_the_exact_bytes(sandbox: Sandbox, api: httpx.Client) -> None:
    data = bytes(range(256)) * 3
    sandbox.world.push(sandbox.repository, "change", {"raw.bin": data, "run.sh": File(b"#!/bin/sh\n", "100755")})
    head = sandbox.pull.head_sha
    tree = {entry["path"]: entry for entry in api.get(f"{sandbox.path}/git/trees/{head}?recursive=1").json()["tree"]}
    assert {entry["type"] for entry in tree.values()} == {"blob", "tree"}
    assert tree["run.sh"]["mode"] == "100755"
    blob = api.get(f"{sandbox.path}/git/blobs/{tree['raw.bin']['sha']}").json()
    assert (base64.b64decode(blob["content"]), blob["size"]) == (data, len(data))
    raw = {"Accept": "application/vnd.github.raw+json"}
    assert api.get(f"{sandbox.path}/git/blobs/{tree['raw.bin']['sha']}", headers=raw).content == data
    flat = api.get(f"{sandbox.path}/git/trees/change").json()["tree"]
    assert [entry["path"] for entry in flat] == ["README.md", "raw.bin", "run.sh", "web"]


def test_contents_at_a_ref(sandbox: Sandbox, api: httpx.Client) -> None:
    def content(path: str, ref: str) -> str:
        return base64.b64decode(api.get(f"{sandbox.path}/contents/{path}?ref={ref}").json()["content"]).decode()

    assert content("web/template.tf", "change") == CHANGED
    assert content("web/template.tf", "main") == FILES["web/template.tf"]
    assert content("web/template.tf", sandbox.pull.head_sha) == CHANGED
    assert [entry["name"] for entry in api.get(f"{sandbox.path}/contents/web").json()] == ["startup.sh", "template.tf"]
    for missing in ("web/nothing", "README.md?ref=nowhere"):
        assert api.get(f"{sandbox.path}/contents/{missing}").status_code == 404


def test_symlinks_are_followed_inside_the_repository_only(sandbox: Sandbox, api: httpx.Client) -> None:
    links = {"inside": File(b"web/startup.sh", "120000"), "outside": File(b"../../etc/passwd", "120000")}
    sandbox.world.push(sandbox.repository, "change", links)
    inside = api.get(f"{sandbox.path}/contents/inside?ref=change").json()
    assert (inside["type"], base64.b64decode(inside["content"]).decode()) == ("file", FILES["web/startup.sh"])
    outside = api.get(f"{sandbox.path}/contents/outside?ref=change").json()
    assert (outside["type"], outside["target"]) == ("symlink", "../../etc/passwd")


@pytest.mark.parametrize(
    "path",
    [
        "git/blobs/" + "0" * 40,
        "git/trees/" + "0" * 40,
        "git/commits/" + "0" * 40,
        "git/commits/--all",
        "git/ref/heads/nowhere",
        "branches/nowhere",
        "compare/main...nowhere",
        "compare/main",
        "pulls/99",
        "pulls/99/files",
        "check-runs/1",
    ],
)
def test_what_is_not_there_is_404(sandbox: Sandbox, api: httpx.Client, path: str) -> None:
    answer = api.get(f"{sandbox.path}/{path}")
    assert answer.status_code == 404
    assert "message" in answer.json()


def test_unknown_routes_and_methods_are_404_in_json(sandbox: Sandbox, api: httpx.Client) -> None:
    for answer in (api.get("/nothing/at/all/here"), api.delete(sandbox.path), api.post("/user", json={})):
        assert answer.status_code == 404
        assert answer.json()["message"] == "Not Found"


def test_an_unchanged_answer_is_304(sandbox: Sandbox, api: httpx.Client) -> None:
    first = api.get(f"{sandbox.path}/pulls/1")
    again = api.get(f"{sandbox.path}/pulls/1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    sandbox.world.edit(sandbox.pull, title="Another title")
    changed = api.get(f"{sandbox.path}/pulls/1", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_every_answer_says_its_request_id_and_version(sandbox: Sandbox, api: httpx.Client) -> None:
    for path in (sandbox.path, f"{sandbox.path}/pulls/99"):
        answer = api.get(path, headers={"X-GitHub-Api-Version": "2026-03-10"})
        assert re.fullmatch(r"[0-9A-F]+(:[0-9A-F]+){4}", answer.headers["X-GitHub-Request-Id"])
        assert answer.headers["X-GitHub-Api-Version-Selected"] == "2026-03-10"
    assert api.get(sandbox.path, headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code == 400


def test_permissions_of_people_and_bots(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.set_role(sandbox.repository, "rita", "maintain")
    sandbox.world.user("passerby")

    def permission(login: str) -> tuple[str, str]:
        shape = api.get(f"{sandbox.path}/collaborators/{login}/permission").json()
        return shape["permission"], shape["role_name"]

    assert permission("acme") == ("admin", "admin")
    assert permission("rita") == ("write", "maintain")
    assert permission("passerby") == ("read", "read")
    assert permission("wrc[bot]") == ("none", "")
    assert api.get(f"{sandbox.path}/collaborators/nobody/permission").status_code == 404
