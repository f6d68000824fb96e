"""Commands from end to end, over real HTTP: someone writes, and something happens or a helpful line appears."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.state import Comment, PullRequest, ReviewComment
from tests.service.github import FILES, PATH, PRIVILEGED, TEMPLATE, GitHub
from tests.service.running import RunningService, wait_for

MAINTAINER = "maria"
STRANGER = "mallory"
PORTS = TEMPLATE.replace("  stop_timeout = 180\n", "  stop_timeout = 180\n\n  ports {\n    internal = 80\n  }\n")
SETTABLE = 'variable "web" {\n  default = []\n}\n\n' + PORTS.replace(
    "  ports {\n    internal = 80\n  }\n",
    '  dynamic "ports" {\n    for_each = var.web\n    content {\n      internal = 80\n    }\n  }\n',
)
BOTH = PORTS.replace('"sysbox-runc"\n', '"sysbox-runc"\n  privileged = true\n')


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    """A GitHub with a running service."""
    github = GitHub(tmp_path_factory.mktemp("github"), public_pem, private_pem)
    with github.server, RunningService(github.settings):
        yield github


@pytest.fixture
def github(running: GitHub) -> Iterator[GitHub]:
    """A repository of its own; at the end every request we sent must be one that GitHub describes."""
    name = f"templates-{len(running.world.repositories)}"
    running.repository = running.world.create_repository("octo", name, FILES)
    allow(running)
    yield running
    running.world.faults.clear()
    assert running.violations() == []


def allow(github: GitHub) -> None:
    github.world.set_role(github.repository, MAINTAINER, "write")
    github.world.set_role(github.repository, "tina", "triage")


def reactions(comment: Comment | ReviewComment) -> list[str]:
    return [reaction.content for reaction in comment.reactions]


def settle(github: GitHub) -> None:
    """Wait until every delivery arrived and every job ended."""
    github.world.webhooks.settle()
    github.idle()


def say(github: GitHub, pull: PullRequest, body: str, author: str = MAINTAINER) -> Comment:
    comment = github.world.comment(github.repository, pull, body, author=author)
    settle(github)
    return comment


def answers(github: GitHub, pull: PullRequest) -> list[str]:
    """What our App said in the conversation."""
    comments = github.repository.comments.values()
    return [c.body for c in comments if c.number == pull.number and c.author.login == "wrc[bot]"]


def reviewed(github: GitHub, template: str = PRIVILEGED) -> PullRequest:
    pull = github.open_pull(template)
    github.concluded(pull.head_sha)
    settle(github)
    return pull


def latest(github: GitHub, pull: PullRequest) -> tuple[str | None, str]:
    run = github.runs(pull.head_sha)[-1]
    return run.conclusion, run.summary or ""


# recheck


@pytest.mark.parametrize("author", ["mona", MAINTAINER])
def test_the_author_and_writers_may_have_it_reviewed_again(github: GitHub, author: str) -> None:
    pull = reviewed(github)
    comment = say(github, pull, "/wrc recheck", author)
    assert len(github.runs(pull.head_sha)) == 2
    assert reactions(comment) == ["eyes", "rocket"]
    assert answers(github, pull) == []


def test_who_asks_before_a_review_begins_is_answered_by_it_and_a_decision_is_not(github: GitHub) -> None:
    pull = reviewed(github)
    for run in github.runs(pull.head_sha):
        # As if the comments below had waited in the queue.
        run.started_at += timedelta(minutes=1)
    asked = [github.world.comment(github.repository, pull, "/wrc recheck", author=MAINTAINER) for _ in range(2)]
    settle(github)
    assert [reactions(comment) for comment in asked] == 2 * [["eyes", "rocket"]]
    assert len(github.runs(pull.head_sha)) == 1
    say(github, pull, "/wrc recheck\n/wrc accept F-2 agreed")
    assert latest(github, pull)[0] == "success"
    say(github, pull, "/wrc revoke F-2")
    assert latest(github, pull)[0] == "failure"


@pytest.mark.parametrize("author", [STRANGER, "tina"])
def test_nobody_else_may(github: GitHub, author: str) -> None:
    pull = reviewed(github)
    comment = say(github, pull, "/wrc recheck", author)
    assert len(github.runs(pull.head_sha)) == 1
    assert reactions(comment) == ["eyes", "confused"]
    [answer] = answers(github, pull)
    assert "`/wrc recheck` is for the pull request's author, and whoever has write access." in answer


# explain, audit, help


def test_a_rule_is_explained_to_anyone(github: GitHub) -> None:
    pull = reviewed(github)
    comment = say(github, pull, "/wrc explain f4", STRANGER)
    assert reactions(comment) == ["eyes", "rocket"]
    [answer] = answers(github, pull)
    assert "**F-4: " in answer
    assert "<details>" in answer


def test_the_base_is_audited_as_a_folded_table(github: GitHub) -> None:
    pull = reviewed(github)
    say(github, pull, "/wrc audit")
    [answer] = answers(github, pull)
    assert "<details><summary>The contract at " in answer
    assert "| **F-2** " in answer


def test_help_lists_every_verb(github: GitHub) -> None:
    pull = reviewed(github)
    say(github, pull, "/wrc help", STRANGER)
    [answer] = answers(github, pull)
    for verb in ("recheck", "explain RULE", "audit", "accept RULE REASON", "revoke RULE", "help"):
        assert f"| `/wrc {verb}` |" in answer


# accept, revoke


def test_what_a_maintainer_accepts_no_longer_fails_and_is_shown_with_who_and_why(github: GitHub) -> None:
    pull = reviewed(github)
    comment = say(github, pull, "Fine here.\n\n/wrc accept F-2 only on the *test* host, see @octo")
    assert reactions(comment) == ["eyes", "rocket"]
    conclusion, summary = latest(github, pull)
    assert conclusion == "success"
    assert "Accepted by a maintainer" in summary
    assert MAINTAINER in summary
    assert "test" in summary
    assert "@octo" not in summary, "nobody is called by what others write"
    say(github, pull, "/wrc revoke F-2")
    assert latest(github, pull)[0] == "failure"


def test_an_acceptance_is_for_what_was_seen_and_nothing_else(github: GitHub) -> None:
    pull = reviewed(github)
    say(github, pull, "/wrc accept F-2 agreed")
    github.push(BOTH)
    settle(github)
    conclusion, summary = latest(github, pull)
    assert conclusion == "failure"
    assert "accepted" in summary
    other = github.open_pull(PRIVILEGED, branch="other")
    assert github.concluded(other.head_sha).conclusion == "failure"


def test_an_acceptance_of_a_question_lets_no_failure_stand(github: GitHub) -> None:
    pull = reviewed(github, SETTABLE)
    assert latest(github, pull)[0] == "neutral"
    say(github, pull, "/wrc accept F-6 nobody sets it")
    assert latest(github, pull)[0] == "success"
    github.push(PORTS)
    settle(github)
    assert latest(github, pull)[0] == "failure"
    github.push(SETTABLE)
    settle(github)
    conclusion, summary = latest(github, pull)
    assert conclusion == "success", "the question is still accepted"
    assert "nobody sets it" in summary
    github.push(PORTS)
    settle(github)
    say(github, pull, "/wrc accept F-6 on the test host")
    conclusion, summary = latest(github, pull)
    assert conclusion == "success"
    assert "on the test host" in summary
    say(github, pull, "/wrc revoke F-6")
    github.push(SETTABLE)
    settle(github)
    assert latest(github, pull)[0] == "neutral", "both are taken back"


def test_an_acceptance_of_a_failure_is_one_of_the_question_that_is_left_of_it(github: GitHub) -> None:
    pull = reviewed(github, PORTS)
    [told] = github.review_comments(pull)
    github.world.reply(pull, told, "/wrc accept F-6 agreed", author=MAINTAINER)
    settle(github)
    assert latest(github, pull)[0] == "success"
    github.push(SETTABLE)
    settle(github)
    conclusion, summary = latest(github, pull)
    assert conclusion == "success"
    assert "agreed" in summary


@pytest.mark.parametrize("author", ["mona", STRANGER, "tina"])
def test_only_writers_accept_not_even_the_author(github: GitHub, author: str) -> None:
    pull = reviewed(github)
    comment = say(github, pull, "/wrc accept F-2 trust me", author)
    assert reactions(comment) == ["eyes", "confused"]
    assert "`/wrc accept` is for whoever has write access." in answers(github, pull)[0]
    assert latest(github, pull)[0] == "failure"


def test_where_the_permission_cannot_be_asked_nothing_is_accepted(github: GitHub) -> None:
    pull = reviewed(github)
    github.fail("/collaborators/", status=403, body='{"message": "Forbidden"}')
    comment = say(github, pull, "/wrc accept F-2 agreed")
    assert reactions(comment) == ["eyes", "confused"]
    assert "GitHub does not let me see who has write access here" in answers(github, pull)[0]
    assert latest(github, pull)[0] == "failure"
    assert len(github.runs(pull.head_sha)) == 1


def test_the_author_of_a_fork_accepts_nothing_and_a_maintainer_does(github: GitHub) -> None:
    fork = github.world.fork(github.repository, "mona")
    github.world.push(fork, "topic", {PATH: PRIVILEGED})
    pull = github.world.open_pull_request(github.repository, "topic", fork=fork, author="mona")
    settle(github)
    say(github, pull, "/wrc accept F-2 my own fork", "mona")
    assert latest(github, pull)[0] == "failure"
    say(github, pull, "/wrc accept F-2 agreed")
    assert latest(github, pull)[0] == "success"


def test_the_last_of_two_acceptances_is_shown_and_a_rebase_keeps_it(github: GitHub) -> None:
    github.world.set_role(github.repository, "olga", "maintain")
    pull = reviewed(github)
    say(github, pull, "/wrc accept F-2 for now")
    say(github, pull, "/wrc accept F-2 for good", "olga")
    conclusion, summary = latest(github, pull)
    assert conclusion == "success"
    assert "for good" in summary
    assert "for now" not in summary
    github.world.push(github.repository, "main", {"README.md": "# Moved on\n"})
    github.push("# rebased\n" + PRIVILEGED, start="main")
    settle(github)
    conclusion, summary = latest(github, pull)
    assert conclusion == "success"
    assert "for good" in summary


def test_after_a_rebase_the_same_finding_can_be_accepted_and_what_is_gone_cannot(github: GitHub) -> None:
    pull = reviewed(github)
    github.push("# rebased\n" + PRIVILEGED, start="main")
    settle(github)
    say(github, pull, "/wrc accept F-2 agreed")
    assert latest(github, pull)[0] == "success"
    github.push(TEMPLATE + "# without it\n")
    settle(github)
    comment = say(github, pull, "/wrc accept F-2 agreed again")
    assert reactions(comment) == ["eyes", "confused"]
    assert "No finding of F-2 stood open here" in answers(github, pull)[-1]


REFUSALS = {
    "/wrc accept F-2": "Say which rule and why",
    "/wrc accept": "Say which rule and why",
    "/wrc accept F-99 because": "There is no such rule",
    "/wrc accept F-7 because": "No finding of F-7 stood open here",
    "/wrc accept F-2 " + "x" * 501: "at most 500 characters",
    "/wrc revoke F-2": "No finding of F-2 is accepted here",
    "/wrc revoke": "Say which rule",
    "/wrc explain": "Say which rule",
    "/wrc explain F-99": "There is no such rule",
    "/wrc rechekc": "Did you mean `/wrc recheck`?",
    "/wrc dance": "There is no such command. `/wrc help` lists them.",
}


def test_a_command_that_cannot_be_followed_gets_one_helpful_line(github: GitHub) -> None:
    pull = reviewed(github)
    comments = [say(github, pull, text) for text in REFUSALS]
    assert [reactions(comment) for comment in comments] == [["eyes", "confused"]] * len(REFUSALS)
    for said, answer in zip(answers(github, pull), REFUSALS.values(), strict=True):
        assert answer in said
        assert len(said.splitlines()) == 2, "a hidden mark and one line"
    assert len(github.runs(pull.head_sha)) == 1


# Where commands are given


def test_in_a_thread_the_answer_stands_in_the_thread(github: GitHub) -> None:
    pull = reviewed(github)
    [told] = github.review_comments(pull)
    asked = github.world.reply(pull, told, "What?\n\n/wrc explain F-2", author=STRANGER)
    settle(github)
    assert reactions(asked) == ["eyes", "rocket"]
    assert answers(github, pull) == []
    answer = github.review_comments(pull)[-1]
    assert (answer.reply_to, answer.author.login) == (told.id, "wrc[bot]")
    accepted = github.world.reply(pull, told, "/wrc accept F-2 agreed", author=MAINTAINER)
    settle(github)
    assert reactions(accepted) == ["eyes", "rocket"]
    assert latest(github, pull)[0] == "success"


def test_in_a_review_commands_are_followed_and_answered_in_the_conversation(github: GitHub) -> None:
    pull = reviewed(github)
    github.world.review(pull, author=MAINTAINER, body="/wrc accept F-2 agreed\n\n/wrc help")
    settle(github)
    assert latest(github, pull)[0] == "success"
    assert len(answers(github, pull)) == 1


def test_several_commands_are_one_review_and_one_answer(github: GitHub) -> None:
    pull = reviewed(github)
    say(github, pull, "/wrc recheck\n/wrc recheck\n/wrc explain F-1\n/wrc explain F-2")
    assert len(github.runs(pull.head_sha)) == 2
    [answer] = answers(github, pull)
    assert "**F-1: " in answer
    assert "**F-2: " in answer


def test_a_delivery_that_comes_twice_is_answered_once(github: GitHub) -> None:
    pull = reviewed(github)
    fault = github.fail("/issues/", method="POST", status=502, when="after")
    say(github, pull, "/wrc help")
    wait_for(lambda: fault.times == 0, "the fault")
    settle(github)
    assert len(answers(github, pull)) == 1


def test_acceptances_survive_a_restart(tmp_path: Path, public_pem: str, private_pem: str) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    allow(github)
    with github.server:
        with RunningService(github.settings):
            pull = reviewed(github)
            say(github, pull, "/wrc accept F-2 agreed")
        with RunningService(github.settings):
            github.world.push(github.repository, "topic", {PATH: PRIVILEGED + "\n# more\n"})
            settle(github)
            assert latest(github, pull)[0] == "success"
