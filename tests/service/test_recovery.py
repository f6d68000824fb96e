"""What was missed while the service was away, or never arrived, is made good at start."""

from __future__ import annotations

from pathlib import Path

from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import RunningService, wait_for


def test_what_failed_is_delivered_again_once_and_a_pull_request_nobody_told_of_is_found(
    tmp_path: Path, public_pem: str, private_pem: str
) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server:
        told = github.open_pull(PRIVILEGED, branch="one")
        github.world.webhooks.settle()
        deliveries = github.world.webhooks.log
        failed = {entry.guid for entry in deliveries}
        assert failed
        unheard = github.drop("pull_request.opened")
        github.world.webhooks.faults.add(unheard)
        missed = github.open_pull(PRIVILEGED + "# two\n", branch="two")
        github.world.webhooks.settle()
        deliveries[:] = [entry for entry in deliveries if (entry.event, entry.status_code) != ("pull_request", 0)]
        with RunningService(github.settings):
            for pull in (told, missed):
                assert github.concluded(pull.head_sha).conclusion == "failure"
                assert len(github.reviews(pull)) == 1
            wait_for(lambda: any(entry.redelivery for entry in deliveries), "a redelivery")
            github.world.webhooks.settle()
            github.idle()
        again = [entry.guid for entry in deliveries if entry.redelivery]
        assert len(again) == len(set(again))
        with RunningService(github.settings):
            wait_for(lambda: github.recorder.seen["GET /app/installations"] >= 2, "the second sweep")
            github.idle()
        assert [len(github.runs(pull.head_sha)) for pull in (told, missed)] == [1, 1]
    assert github.violations() == []
