"""Check runs: lengths and numbers GitHub allows, annotations that append, and who may touch a run."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.sandbox.conftest import Sandbox


def annotation(line: int = 10, **rest: object) -> dict[str, object]:
    return {
        "path": "web/template.tf",
        "start_line": line,
        "end_line": line,
        "annotation_level": "failure",
        "message": "Wrong.",
        **rest,
    }


def output(**rest: object) -> dict[str, object]:
    return {"title": "One finding", "summary": "A table.", **rest}


def create(api: httpx.Client, sandbox: Sandbox, **fields: object) -> httpx.Response:
    body = {"name": "WRC", "head_sha": sandbox.pull.head_sha, **fields}
    return api.post(f"{sandbox.path}/check-runs", json=body)


def test_a_run_from_queued_to_completed(sandbox: Sandbox, api: httpx.Client) -> None:
    run = create(api, sandbox, external_id="pr=1").json()
    assert (run["status"], run["conclusion"], run["external_id"], run["app"]["id"]) == (
        "queued",
        None,
        "pr=1",
        sandbox.app.id,
    )
    url = f"{sandbox.path}/check-runs/{run['id']}"
    assert api.patch(url, json={"status": "in_progress"}).json()["status"] == "in_progress"
    done = api.patch(url, json={"conclusion": "failure", "output": output(text="More.")}).json()
    assert (done["status"], done["conclusion"], done["output"]["title"]) == ("completed", "failure", "One finding")
    assert done["completed_at"] is not None
    assert done["external_id"] == "pr=1"
    assert api.get(url).json() == done
    again = api.patch(url, json={"status": "in_progress"}).json()
    assert (again["conclusion"], again["completed_at"]) == (None, None)


def test_annotations_append_fifty_at_a_time(sandbox: Sandbox, api: httpx.Client) -> None:
    first = [annotation(line) for line in range(1, 51)]
    run = create(api, sandbox, output=output(annotations=first)).json()
    url = f"{sandbox.path}/check-runs/{run['id']}"
    more = api.patch(url, json={"output": output(annotations=[annotation(line) for line in range(51, 81)])}).json()
    assert more["output"]["annotations_count"] == 80
    listed = api.get(f"{url}/annotations?per_page=100").json()
    assert [item["start_line"] for item in listed] == list(range(1, 81))
    assert len(api.get(f"{url}/annotations").json()) == 30
    assert api.patch(url, json={"output": output()}).json()["output"]["annotations_count"] == 80


REFUSED = [
    {"output": output(annotations=[annotation()] * 51)},
    {"output": output(summary="x" * 65_536)},
    {"output": output(text="x" * 65_536)},
    {"output": {"title": "No summary"}},
    {"output": {"summary": "No title"}},
    {"output": output(annotations=[annotation(title="x" * 256)])},
    {"output": output(annotations=[annotation(message="ü" * 32_769)])},
    {"output": output(annotations=[annotation(raw_details="x" * 65_537)])},
    {"output": output(annotations=[annotation(start_column=1, end_column=2, end_line=11)])},
    {"output": output(annotations=[annotation(end_line=9)])},
    {"output": output(annotations=[annotation(annotation_level="error")])},
    {"output": output(annotations=[{"path": "web/template.tf"}])},
    {"status": "completed"},
    {"status": "in_progress", "conclusion": "success"},
    {"conclusion": "fine"},
    {"name": ""},
    {"name": None},
    {"head_sha": "0" * 40},
    {"head_sha": "change"},
    {"actions": [{"label": "a", "description": "b", "identifier": str(number)} for number in range(4)]},
    {"actions": [{"label": "x" * 21, "description": "b", "identifier": "c"}]},
    {"actions": [{"label": "a", "description": "x" * 41, "identifier": "c"}]},
    {"actions": [{"label": "a", "description": "b", "identifier": "x" * 21}]},
]


@pytest.mark.parametrize("fields", REFUSED)
def test_what_github_refuses_is_refused(sandbox: Sandbox, api: httpx.Client, fields: dict[str, object]) -> None:
    answer = create(api, sandbox, **fields)
    assert answer.status_code == 422, answer.text
    assert answer.json()["documentation_url"]
    assert sandbox.repository.check_runs == {}


def test_what_github_just_allows_is_allowed(sandbox: Sandbox, api: httpx.Client) -> None:
    largest = annotation(title="x" * 255, message="x" * 65_536, start_column=1, end_column=2)
    actions = [{"label": "x" * 20, "description": "x" * 40, "identifier": str(n) * 20} for n in range(3)]
    long = output(summary="x" * 65_535, text="ü" * 65_535, annotations=[largest] * 50)
    assert create(api, sandbox, output=long, actions=actions).status_code == 201


def test_a_refused_update_changes_nothing(sandbox: Sandbox, api: httpx.Client) -> None:
    run = create(api, sandbox, output=output(annotations=[annotation()])).json()
    url = f"{sandbox.path}/check-runs/{run['id']}"
    bad = {"conclusion": "success", "output": output(annotations=[annotation(), annotation(title="x" * 256)])}
    assert api.patch(url, json=bad).status_code == 422
    assert api.get(url).json() == run


def test_only_the_app_that_made_a_run_may_change_it(sandbox: Sandbox, api: httpx.Client) -> None:
    run = create(api, sandbox).json()
    other = sandbox.world.register_app(sandbox.app.public_key, slug="other")
    theirs = sandbox.world.install(other, "acme")
    with sandbox.client(sandbox.jwt(iss=str(other.id))) as client:
        token = client.post(f"/app/installations/{theirs.id}/access_tokens").json()["token"]
    with sandbox.client(token) as client:
        assert client.get(f"{sandbox.path}/check-runs/{run['id']}").status_code == 200
        refused = client.patch(f"{sandbox.path}/check-runs/{run['id']}", json={"conclusion": "success"})
    assert refused.status_code == 403
    assert "only be modified by the GitHub App that created it" in refused.json()["message"]


def test_runs_of_a_commit_are_filtered(sandbox: Sandbox, api: httpx.Client) -> None:
    first = create(api, sandbox).json()
    create(api, sandbox, name="Other", conclusion="success")
    newest = create(api, sandbox).json()

    def ids(**query: object) -> list[int]:
        url = f"{sandbox.path}/commits/change/check-runs"
        answer = api.get(url, params={key: str(value) for key, value in query.items()}).json()
        assert answer["total_count"] == len(answer["check_runs"])
        return [run["id"] for run in answer["check_runs"]]

    assert ids(check_name="WRC") == [newest["id"]]
    assert ids(check_name="WRC", filter="all") == [newest["id"], first["id"]]
    assert len(ids(app_id=sandbox.app.id)) == 2
    assert ids(app_id=1) == []
    assert len(ids(status="completed")) == 1


def test_a_suite_sums_up_its_runs(sandbox: Sandbox, api: httpx.Client) -> None:
    url = f"{sandbox.path}/check-suites/{create(api, sandbox, conclusion='success').json()['check_suite']['id']}"

    def suite() -> tuple[str, str | None]:
        shape = api.get(url).json()
        return shape["status"], shape["conclusion"]

    assert suite() == ("completed", "success")
    run = create(api, sandbox, name="Second").json()
    assert suite() == ("in_progress", None)
    api.patch(f"{sandbox.path}/check-runs/{run['id']}", json={"conclusion": "failure"})
    assert suite() == ("completed", "failure")


def test_the_pull_request_of_a_run_is_named_unless_it_comes_from_a_fork(sandbox: Sandbox, api: httpx.Client) -> None:
    assert [pull["number"] for pull in create(api, sandbox).json()["pull_requests"]] == [1]
    fork = sandbox.world.fork(sandbox.repository, "mona")
    sandbox.world.push(fork, "patch", {"README.md": "# Better\n"})
    pull = sandbox.world.open_pull_request(sandbox.repository, "patch", fork=fork)
    run = create(api, sandbox, head_sha=pull.head_sha).json()
    assert run["pull_requests"] == []
    assert api.get(f"{sandbox.path}/check-suites/{run['check_suite']['id']}").json()["head_branch"] is None


def test_times_are_kept_as_they_were_given(sandbox: Sandbox, api: httpx.Client) -> None:
    started = sandbox.world.clock().replace(microsecond=0) - timedelta(minutes=5)
    run = create(api, sandbox, started_at=started.isoformat(), conclusion="success").json()
    assert run["started_at"] == started.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert create(api, sandbox, started_at="yesterday").status_code == 422
