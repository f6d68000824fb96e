"""Whatever goes wrong between GitHub and us, once: everything is said, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.faults import DeliveryFault
from bot.sandbox.state import PullRequest
from tests.service.github import PRIVILEGED, TEMPLATE, GitHub, When
from tests.service.running import RunningService, wait_for

WRITES = (
    ("POST", "/access_tokens$"),
    ("POST", "/check-runs$"),
    ("PATCH", r"/check-runs/\d+$"),
    ("POST", "/reviews$"),
    ("PUT", r"/reviews/\d+$"),
    ("PATCH", r"/pulls/comments/\d+$"),
    ("POST", r"/issues/comments/\d+/reactions$"),
    ("POST", r"/pulls/comments/\d+/reactions$"),
    ("POST", r"/issues/\d+/comments$"),
    ("POST", "/replies$"),
)
"""Every request by which we change something (a webhook is asked for again in test_recovery)."""

READS = (
    r"/pulls/\d+$",
    r"/commits/[^/]+/check-runs$",
    "/compare/",
    "/git/trees/",
    "/graphql$",
    "/reviews$",
    "/comments$",
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.github.client.FIRST_RETRY_SECONDS", 0.001)
        with github.server, RunningService(github.settings):
            yield github


def settle(github: GitHub) -> None:
    github.world.webhooks.settle()
    github.idle()


def life(github: GitHub) -> None:
    """A pull request breaks a rule, people ask about it, another push mends it; each is answered, and once."""
    # Two files that no earlier review has read.
    new = {f"scripts/{name}.sh": f"# {github.repository.name} {name}\n" for name in ("a", "b")}
    github.world.push(github.repository, "main", new)
    pull = github.open_pull(PRIVILEGED)
    first = pull.head_sha
    assert github.concluded(first).conclusion == "failure"
    asked = github.world.comment(github.repository, pull, "/wrc help", author="mona")
    settle(github)
    assert [reaction.content for reaction in asked.reactions] == ["eyes", "rocket"]
    assert len([c for c in github.repository.comments.values() if c.author.type == "Bot"]) == 1
    second = github.push(TEMPLATE + "# mended\n")
    github.concluded(second)
    settle(github)
    [told] = github.review_comments(pull)
    assert told.body.count("Fixed in") == 1
    in_thread = github.world.reply(pull, told, "/wrc explain F-2", author="mona")
    settle(github)
    assert [reaction.content for reaction in in_thread.reactions] == ["eyes", "rocket"]
    assert [comment.author.type for comment in github.review_comments(pull)] == ["Bot", "User", "Bot"]
    assert [[len(run.annotations) for run in github.runs(sha)] for sha in (first, second)] == [[1], [0]]
    # GitHub makes a review without a body of each answer in a thread.
    assert len([review for review in github.reviews(pull) if review.body]) == 1


@pytest.mark.parametrize(
    ("when", "drop"),
    [
        pytest.param("before", False, id="502-before-it-took-effect"),
        pytest.param("after", False, id="502-after-it-took-effect"),
        pytest.param("before", True, id="no-answer"),
        pytest.param("after", True, id="half-an-answer"),
    ],
)
def test_every_request_fails_once(github: GitHub, when: When, drop: bool) -> None:
    status = None if drop else 502
    faults = [github.fail(path, method=method, when=when, status=status, drop=drop) for method, path in WRITES]
    faults += [
        github.fail(path, method="POST" if "graphql" in path else "GET", when=when, status=status, drop=drop)
        for path in READS
    ]
    life(github)
    assert [fault.path for fault in faults if fault.times] == []


def test_deliveries_may_overtake_each_other(github: GitHub) -> None:
    github.world.webhooks.faults.add(DeliveryFault("pull_request.opened", overtaken=1))
    github.world.webhooks.faults.add(DeliveryFault("pull_request.synchronize", duplicates=1))
    pull: PullRequest = github.open_pull(PRIVILEGED)
    first = pull.head_sha
    second = github.push(PRIVILEGED + "# more\n")
    wait_for(lambda: "failure" in [run.conclusion for run in github.runs(second)], "the verdict")
    settle(github)
    order = [entry.action for entry in github.world.webhooks.log if entry.event == "pull_request"]
    assert order == ["synchronize", "synchronize", "opened"]
    assert [run.conclusion for run in github.runs(second)] == ["failure"]
    assert github.runs(first) == []
    assert len(github.reviews(pull)) == 1
