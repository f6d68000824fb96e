"""GitHub Enterprise Server has its API under a path of the pages' host, and an older description of it."""

from __future__ import annotations

from pathlib import Path

from tests.service.github import PRIVILEGED, TEMPLATE, GitHub
from tests.service.running import RunningService


def test_github_enterprise_has_its_api_under_a_path(tmp_path: Path, public_pem: str, private_pem: str) -> None:
    github = GitHub(tmp_path, public_pem, private_pem, api_prefix="/api/v3")
    github.settings = github.settings.model_copy(update={"resolve_threads": True})
    github.installation.permissions["contents"] = "write"
    with github.server, RunningService(github.settings):
        pull = github.open_pull(PRIVILEGED)
        assert github.concluded(pull.head_sha).conclusion == "failure"
        [comment] = github.review_comments(pull)
        assert "/api/v3" not in comment.body
        for text in ("/wrc audit", "/wrc recheck"):
            github.world.comment(github.repository, pull, text, author="mona")
        github.concluded(pull.head_sha, 2)
        github.push(TEMPLATE + "# more\n")
        assert github.concluded(github.repository.pulls[0].head_sha).conclusion == "success"
        github.world.webhooks.settle()
        github.idle()
        assert github.recorder.seen["POST /graphql"]
        assert comment.resolved_by is not None
    assert {described.release for described in github.recorder.descriptions} == {"3.17", "3.18", "3.19"}
    assert github.violations() == []
