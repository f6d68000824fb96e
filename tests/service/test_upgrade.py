"""A newer version is started on the database of an older one: what that had begun is finished."""

from __future__ import annotations

from pathlib import Path

from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import ServiceProcess, wait_for

OLDER = "import bot.service.workflows as workflows; workflows.JOBS_VERSION -= 1"


def test_what_an_older_version_had_begun_and_what_waited_is_finished(
    tmp_path: Path, public_pem: str, private_pem: str
) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server:
        reviewing = github.fail("/compare/", method="GET", delay=30)
        with ServiceProcess({**github.environment, "WRC_WORKERS": "1"}, tmp_path, before=OLDER):
            begun = github.open_pull(PRIVILEGED, branch="begun")
            wait_for(lambda: reviewing.times == 0, "the first review")
            waiting = github.open_pull(PRIVILEGED + "# two\n", branch="waiting")
            github.world.webhooks.settle()
        assert [run.status for run in github.runs(begun.head_sha)] == ["in_progress"]
        # It finds nothing by looking for what was missed.
        github.fail("/app/installations", status=500)
        with ServiceProcess(github.environment, tmp_path) as newer:
            for pull in (begun, waiting):
                assert github.concluded(pull.head_sha).conclusion == "failure"
                assert len(github.reviews(pull)) == 1
            log = newer.log.read_text()
    assert '"begun-again"' in log
    assert github.violations() == []
