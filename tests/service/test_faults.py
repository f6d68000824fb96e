"""Whatever goes wrong between GitHub and us, once: everything is said, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from bot.sandbox.faults import DeliveryFault, RequestFault
from bot.sandbox.state import PullRequest
from tests.rules.harness import FIXTURES
from tests.service.github import PRIVILEGED, TEMPLATE, GitHub, When
from tests.service.running import RunningService, wait_for

CONTRACT = (FIXTURES / "contract.md").read_bytes()

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
    ("POST", "/graphql$ mutation"),
)
"""Methods and paths, and after a space something in the body."""

READS = (
    r"/commits/[^/]+/check-runs$",
    "/compare/",
    "/git/trees/",
    "/graphql$ isDraft",
    "/graphql$ on Blob",
    "/graphql$ reviewThreads",
    r"/graphql$ nodes\(ids",
    "/reviews$",
    "/comments$",
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    github.settings = github.settings.model_copy(update={"resolve_threads": True})
    github.installation.permissions["contents"] = "write"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.github.client.FIRST_RETRY_SECONDS", 0.001)
        with github.server, RunningService(github.settings):
            # The look for what was missed is over, and meets no fault that is meant for another.
            wait_for(lambda: github.recorder.seen["GET /repos/{owner}/{repo}/git/matching-refs/{ref}"] > 0, "a sweep")
            github.idle()
            yield github


def settle(github: GitHub) -> None:
    github.world.webhooks.settle()
    github.idle()


def failing(
    github: GitHub, writes: Iterable[tuple[str, str]], reads: Iterable[str], when: When, *, drop: bool
) -> list[RequestFault]:
    """The next request of each kind fails."""
    kinds = [*writes, *(("POST" if "graphql" in path else "GET", path) for path in reads)]
    status = None if drop else 502
    faults = []
    for method, request in kinds:
        path, _, sent = request.partition(" ")
        faults.append(github.fail(path, method=method, sent=sent, when=when, status=status, drop=drop))
    return faults


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
    assert told.resolved_by is told.author
    in_thread = github.world.reply(pull, told, "/wrc explain F-2", author="mona")
    settle(github)
    assert [reaction.content for reaction in in_thread.reactions] == ["eyes", "rocket"]
    assert [comment.author.type for comment in github.review_comments(pull)] == ["Bot", "User", "Bot"]
    assert [[len(run.annotations) for run in github.runs(sha)] for sha in (first, second)] == [[1], [0]]
    # GitHub makes a review without a body of each answer in a thread.
    assert len([review for review in github.reviews(pull) if review.body]) == 1


RARE_WRITES = (("POST", r"/hook/deliveries/\d+/attempts$"),)
"""With those above every request by which we change something."""

RARE_READS = (
    "/app/hook/deliveries$",
    "/app/installations$",
    "/installation/repositories$",
    "/pulls$",
    r"/pulls/\d+/commits$",
    "/git/matching-refs/",
    "/collaborators/[^/]+/permission$",
    "/branches/[^/]+$",
    "/commits$",
    "/contents/",
    "/contract-[^/]+/commits/main$",
    "/contract-[^/]+/git/trees/",
)


def rarities(github: GitHub) -> None:
    """Deliveries get lost, a group waits to be merged, the contract is elsewhere and the configuration is broken."""
    world, repository = github.world, github.repository
    contract = world.create_repository("octo", f"contract-{repository.name}", {"spec.md": CONTRACT})
    named = f"version: 1\ncontract: {{repository: octo/{contract.name}, ref: main, path: spec.md}}\n"
    for text in (named, "nonsense"):
        world.push(repository, "main", {".github/wrc.yml": text})
    world.set_role(repository, "maria", "write")
    settle(github)
    for _ in "12":
        world.webhooks.faults.add(github.drop("pull_request.*"))
    pull = github.open_pull(PRIVILEGED)
    other = github.open_pull(PRIVILEGED + "# other\n", branch="other")
    settle(github)
    assert github.runs(pull.head_sha) == []
    github.look_for_what_was_missed()
    assert github.concluded(pull.head_sha).conclusion == github.concluded(other.head_sha).conclusion == "failure"
    settle(github)
    assert len({entry.guid for entry in world.webhooks.log if entry.redelivery}) == 2
    assert [len(github.reviews(each)) for each in (pull, other)] == [1, 1]
    assert f"{contract.name}/blob/" in (github.runs(pull.head_sha)[0].summary or "")
    group = world.queue([pull])
    asked = world.comment(repository, pull, "/wrc recheck", author="maria")
    assert github.concluded(group).conclusion == "failure"
    assert github.concluded(pull.head_sha, 2).conclusion == "failure"
    settle(github)
    assert [reaction.content for reaction in asked.reactions] == ["eyes", "rocket"]
    world.close(pull)
    world.reopen(pull)
    settle(github)
    assert len(github.runs(pull.head_sha)) == 2


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
    faults = failing(github, WRITES, READS, when, drop=drop)
    life(github)
    assert [(fault.path, fault.sent) for fault in faults if fault.times] == []


@pytest.mark.parametrize("drop", [False, True], ids=["502", "no-answer"])
def test_every_rare_request_fails_before_it_took_effect_and_then_after(github: GitHub, drop: bool) -> None:
    """So of what is written, the request is lost and of its repetition the answer."""
    faults = failing(github, RARE_WRITES, RARE_READS, "before", drop=drop)
    faults += failing(github, RARE_WRITES, RARE_READS, "after", drop=drop)
    rarities(github)
    assert [(fault.path, fault.sent) for fault in faults if fault.times] == []


def test_a_delivery_that_github_does_not_repeat_stops_no_other(github: GitHub) -> None:
    for _ in "12":
        github.world.webhooks.faults.add(github.drop("push"))
    for name in ("one", "two"):
        github.push(TEMPLATE, branch=name)
    github.world.webhooks.settle()
    refused = github.fail("/attempts$", status=422, body='{"message": "No", "documentation_url": "https://docs"}')
    github.look_for_what_was_missed()
    settle(github)
    assert refused.times == 0
    assert [entry.event for entry in github.world.webhooks.log if entry.redelivery] == ["push"]


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
