"""What was missed while the service was away, or never arrived, is made good at start."""

from __future__ import annotations

from pathlib import Path

from bot.github.checks import RunKey, start
from bot.github.client import GitHubApp
from bot.review.reviewer import RULES_VERSION
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


def test_what_was_under_way_when_the_database_was_lost_is_concluded(
    tmp_path: Path, public_pem: str, private_pem: str
) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    clients = GitHubApp(github.settings)
    with github.server:
        repository = clients.repository(github.installation.id, github.repository.id, "octo", "templates")

        def under_way(head: str, number: int | None, base: str = "0" * 40) -> None:
            start(repository, head, github.settings.check_name, github.app.id, RunKey(number, base, RULES_VERSION, "x"))

        pull = github.open_pull(PRIVILEGED)
        under_way(before := pull.head_sha, pull.number)
        under_way(github.push(PRIVILEGED + "# more\n"), pull.number)
        closed = github.open_pull(PRIVILEGED + "# closed\n", branch="closed")
        under_way(closed.head_sha, closed.number)
        github.world.close(closed)
        group = github.world.queue([pull])
        under_way(group, None, github.repository.git.resolve("refs/heads/main") or "")
        github.world.webhooks.settle()
        github.world.webhooks.log.clear()
        # Another repository of the installation, in which nothing works, stands in nobody's way.
        github.world.create_repository("octo", "a-broken-one", {"README.md": "#\n"})
        github.world.repositories = dict(sorted(github.world.repositories.items()))
        broken = [
            github.fail("/a-broken-one/", status=409, body='{"message": "Git Repository is empty."}') for _ in "12"
        ]
        with RunningService(github.settings):
            heads = (before, pull.head_sha, closed.head_sha, group)
            ended = [github.concluded(head).conclusion for head in heads]
            github.idle()
        assert [fault.times for fault in broken] == [0, 0]
        assert ended == ["cancelled", "failure", "cancelled", "failure"]
        assert len(github.reviews(pull)) == 1
    clients.close()
    assert github.violations() == []
