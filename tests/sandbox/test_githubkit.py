"""The client WRC uses works against the sandbox as it does against GitHub, its strict models included."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from githubkit import GitHub
from githubkit.auth.app import AppAuthStrategy, AppInstallationAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.exception import RequestFailed

from bot.sandbox.http import ENTERPRISE_API_VERSIONS
from bot.sandbox.server import SandboxServer
from bot.sandbox.world import World
from tests.sandbox.conftest import CHANGED, Sandbox, private_pem
from tests.sandbox.openapi import OpenApiRecorder


@pytest.fixture(params=["", "/api/v3"], ids=["github.com", "enterprise"])
def served(
    tmp_path: Path, key: rsa.RSAPrivateKey, request: pytest.FixtureRequest
) -> Iterator[tuple[Sandbox, OpenApiRecorder]]:
    world = World(tmp_path, api_prefix=request.param)
    recorder = OpenApiRecorder(prefix=request.param)
    with SandboxServer(world, middleware=recorder.wrap):
        yield Sandbox(world, key), recorder


Auth = TypeVar("Auth", AppAuthStrategy, AppInstallationAuthStrategy)


def client(sandbox: Sandbox, auth: Auth) -> GitHub[Auth]:
    """A client with a cache of its own: the default one keeps tokens for all clients of the process."""

    def set_version(request: httpx.Request) -> None:
        if sandbox.world.api_prefix:
            [request.headers["X-GitHub-Api-Version"]] = ENTERPRISE_API_VERSIONS

    return GitHub(
        auth,
        base_url=sandbox.world.api_url,
        auto_retry=False,
        cache_strategy=MemCacheStrategy(),
        event_hooks={"request": [set_version]},
    )


def connect(sandbox: Sandbox) -> GitHub[AppInstallationAuthStrategy]:
    auth = AppInstallationAuthStrategy(str(sandbox.app.id), private_pem(sandbox.key), sandbox.installation.id)
    return client(sandbox, auth)


def test_githubkit_reviews_a_pull_request(served: tuple[Sandbox, OpenApiRecorder]) -> None:
    sandbox, recorder = served
    where = {"owner": "acme", "repo": "templates"}
    with connect(sandbox) as github:
        rest = github.rest
        pull = rest.pulls.get(**where, pull_number=1).parsed_data
        compared = rest.repos.compare_commits(**where, basehead=f"{pull.base.sha}...{pull.head.sha}").parsed_data
        assert [file.filename for file in compared.files or []] == ["web/template.tf"]
        tree = rest.git.get_tree(**where, tree_sha=pull.head.sha, recursive="1").parsed_data
        blobs = {entry.path: entry.sha for entry in tree.tree}
        blob = rest.git.get_blob(**where, file_sha=blobs["web/template.tf"]).parsed_data
        assert base64.b64decode(blob.content).decode() == CHANGED

        run = rest.checks.create(
            **where, name="WRC", head_sha=pull.head.sha, status="in_progress", external_id="pr=1"
        ).parsed_data
        notes = [
            {
                "path": "web/template.tf",
                "start_line": line,
                "end_line": line,
                "annotation_level": "failure",
                "message": "Wrong.",
            }
            for line in range(1, 51)
        ]
        for _ in range(2):
            output = {"title": "Findings", "summary": "A table.", "annotations": notes}
            rest.checks.update(**where, check_run_id=run.id, output=output)
        rest.checks.update(**where, check_run_id=run.id, status="completed", conclusion="failure")
        done = rest.checks.get(**where, check_run_id=run.id).parsed_data
        assert (done.conclusion, done.output.annotations_count, done.external_id) == ("failure", 100, "pr=1")
        listed = github.rest.paginate(rest.checks.list_annotations, **where, check_run_id=run.id)
        assert len(list(listed)) == 100

        review = rest.pulls.create_review(
            **where,
            pull_number=1,
            commit_id=pull.head.sha,
            event="COMMENT",
            body="Findings.",
            comments=[{"path": "web/template.tf", "line": 10, "side": "RIGHT", "body": "Wrong."}],
        ).parsed_data
        comments = rest.pulls.list_review_comments(**where, pull_number=1).parsed_data
        assert [(item.pull_request_review_id, item.line) for item in comments] == [(review.id, 10)]
        rest.issues.create_comment(**where, issue_number=1, body="Done.")
        runs = rest.checks.list_for_ref(**where, ref=pull.head.sha, check_name="WRC").parsed_data
        assert runs.total_count == 1
    assert recorder.violations == []


def test_githubkit_is_told_of_a_bad_anchor(served: tuple[Sandbox, OpenApiRecorder]) -> None:
    sandbox, _ = served
    with connect(sandbox) as github, pytest.raises(RequestFailed) as refused:
        github.rest.pulls.create_review(
            owner="acme",
            repo="templates",
            pull_number=1,
            event="COMMENT",
            comments=[{"path": "web/template.tf", "line": 999, "body": "Wrong."}],
        )
    assert refused.value.response.status_code == 422
    assert refused.value.response.json()["errors"] == ["Line could not be resolved"]


def test_githubkit_finds_its_installation(served: tuple[Sandbox, OpenApiRecorder]) -> None:
    sandbox, recorder = served
    auth = AppAuthStrategy(str(sandbox.app.id), private_pem(sandbox.key))
    with client(sandbox, auth) as github:
        assert github.rest.apps.get_authenticated().parsed_data.slug == "wrc"
        found = github.rest.apps.get_repo_installation("acme", "templates").parsed_data
        assert found.id == sandbox.installation.id
        assert [item.id for item in github.rest.apps.list_installations().parsed_data] == [found.id]
    assert recorder.violations == []
