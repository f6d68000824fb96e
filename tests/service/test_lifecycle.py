"""What becomes of our words when the pull request moves on: folded when it is fixed, opened when it is back."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator

import pytest
from dbos import DBOS
from msgspec.structs import replace

from bot.review.judge import judge as ask_engine
from bot.review.material import Material
from bot.sandbox import events
from bot.sandbox.faults import DeliveryFault
from bot.sandbox.state import PullRequest, Review, ReviewComment
from rules.model import Acknowledgement, Contract, Finding, Problem, Report
from tests.service.github import PATH, PRIVILEGED, TEMPLATE, GitHub
from tests.service.running import RunningService, wait_for
from tests.service.test_publish import FINDING

FIXED = TEMPLATE + "# fixed\n"


class Bench:
    """A service whose judge is the engine, or for one test what `says` answers."""

    def __init__(self) -> None:
        self.says: Callable[[Material], Report] = ask_engine

    def judge(self, material: Material) -> Report:
        return self.says(material)


BENCH = Bench()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    with github.server, RunningService(github.settings, BENCH.judge):
        yield github


@pytest.fixture
def github(github: GitHub) -> GitHub:
    BENCH.says = ask_engine
    return github


def told(github: GitHub, pull: PullRequest) -> tuple[Review, ReviewComment]:
    """The one review and the one comment that there are."""
    [review], [comment] = github.reviews(pull), github.review_comments(pull)
    return review, comment


def waiting(pull: PullRequest) -> int:
    """Reviews of the pull request whose turn has not come."""
    key = f"{pull.base.id}#{pull.number}:"
    return len(DBOS.list_queued_workflows(status=["DELAYED", "ENQUEUED"], workflow_id_prefix=key))


def visible(body: str) -> str:
    return "\n".join(line for line in body.split("\n") if not line.startswith("<!--"))


def test_what_is_fixed_is_folded_and_what_comes_back_is_opened_again(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    review, comment = told(github, pull)
    said, headline = comment.body, review.body

    fixed = github.push(FIXED)
    github.concluded(fixed)
    folded = visible(comment.body)
    assert folded.startswith(f"**Fixed in {fixed[:7]}.**\n\n<details>")
    assert visible(said).replace("```suggestion", "```") in folded
    assert "```suggestion" not in folded
    assert visible(review.body) == f"~~This pull request breaks the contract: F-2.~~ **Fixed in {fixed[:7]}.**"

    back = github.push(PRIVILEGED + "# back\n")
    github.concluded(back)
    assert visible(comment.body).startswith(f"**Here again in {back[:7]}.**\n")
    assert "<details>" not in comment.body
    assert visible(review.body) == visible(headline)
    assert told(github, pull) == (review, comment)


def test_a_list_of_missing_things_that_gets_shorter_is_reworded_and_not_told_anew(github: GitHub) -> None:
    left = "ab"

    def missing(finding: Finding) -> Finding:
        message = f"Missing here: {', '.join(left)}."
        return (
            replace(finding, fingerprint=f"0f-{left}", message=message) if finding.status == "introduced" else finding
        )

    def judge(material: Material) -> Report:
        report = ask_engine(material)
        return replace(report, findings=tuple(map(missing, report.findings)))

    BENCH.says = judge
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    review, comment = told(github, pull)
    assert visible(comment.body).startswith("Missing here: a, b.")
    left = "a"
    github.concluded(github.push(PRIVILEGED + "# b is there\n"))
    assert visible(comment.body).startswith("Missing here: a.")
    fixed = github.push(FIXED)
    github.concluded(fixed)
    assert visible(comment.body).startswith(f"**Fixed in {fixed[:7]}.**")
    assert told(github, pull) == (review, comment)


def test_a_thread_in_which_somebody_answered_is_left_alone(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    _, comment = told(github, pull)
    said = comment.body
    with github.world.lock:
        answer = dataclasses.replace(
            comment, id=github.world.new_id(), author=github.world.user("mona"), reply_to=comment.id
        )
        github.repository.review_comments[answer.id] = answer
    for template in (FIXED, PRIVILEGED + "# back\n"):
        github.concluded(github.push(template))
        assert comment.body == said
    assert len(github.reviews(pull)) == 1


def test_what_somebody_deleted_is_not_said_again(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.repository.review_comments.clear()
    github.concluded(github.push(PRIVILEGED + "# more\n"))
    assert github.review_comments(pull) == []
    assert len(github.reviews(pull)) == 1


def test_a_rebase_and_a_forced_push_repeat_nothing(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.world.push(github.repository, "main", {"README.md": "# Moved on\n"})
    github.concluded(github.push("# rebased\n" + PRIVILEGED, start="main"))
    review, comment = told(github, pull)
    assert "Fixed" not in comment.body + review.body


def test_a_list_that_someone_else_pastes_silences_nothing(github: GitHub) -> None:
    first = github.open_pull(PRIVILEGED, branch="first")
    github.concluded(first.head_sha)
    [review] = github.reviews(first)
    second = github.open_pull(FIXED, branch="second")
    github.concluded(second.head_sha)
    github.world.review(second, author="mona", body=review.body)
    github.concluded(github.push(PRIVILEGED, branch="second"))
    assert [comment.author.login for comment in github.review_comments(second)] == ["wrc[bot]"]


def test_a_file_that_cannot_be_read_any_more_fixes_nothing(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    _, comment = told(github, pull)
    github.concluded(github.push(PRIVILEGED + 'resource "x" {\n  a = = 1\n'))
    assert "Fixed in" not in comment.body


def test_in_a_draft_what_was_said_is_brought_up_to_date(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    _, comment = told(github, pull)
    github.world.convert_to_draft(pull)
    fixed = github.push(FIXED)
    github.concluded(fixed)
    assert f"Fixed in {fixed[:7]}" in comment.body


class TestWordsThatChange:
    """With findings written by hand, on a pull request of one changed line."""

    def says(self, *found: Finding, **more: object) -> None:
        def report(material: Material) -> Report:
            contract = Contract("bundled", "spec.md", "", None)
            base = Report(material.merge_base, material.head, "failure", contract, findings=found)
            return replace(base, **more)

        BENCH.says = report

    def recheck(self, github: GitHub, pull: PullRequest) -> None:
        count = len(github.runs(pull.head_sha))
        github.world.rerequest_check_run(github.repository, github.runs(pull.head_sha)[-1], by="mona")
        github.concluded(pull.head_sha, count + 1)

    @property
    def unplaced(self) -> Finding:
        return replace(FINDING, anchor=None, line=1, end_line=1)

    def test_words_in_the_body_are_folded_and_opened_like_a_comment(self, github: GitHub) -> None:
        self.says(self.unplaced)
        pull = github.open_pull(FIXED)
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        said = review.body
        self.says()
        github.concluded(github.push(FIXED + "#\n"))
        assert f"**Fixed in {pull.head_sha[:7]}.**\n\n<details>" in review.body
        assert FINDING.message in review.body
        self.says(self.unplaced)
        github.concluded(github.push(FIXED + "##\n"))
        assert review.body == said.replace(f"`{PATH}:1`\n", f"**Here again in {pull.head_sha[:7]}.**\n`{PATH}:1`\n")
        assert len(github.reviews(pull)) == 1

    def test_another_level_is_another_text(self, github: GitHub) -> None:
        self.says(self.unplaced)
        pull = github.open_pull(FIXED)
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        self.says(replace(self.unplaced, level="warning", message="Is this meant?"))
        self.recheck(github, pull)
        assert "Is this meant?" in review.body
        assert FINDING.message not in review.body
        assert len(github.reviews(pull)) == 1

    def test_what_the_base_lets_stand_by_now_is_folded(self, github: GitHub) -> None:
        self.says(self.unplaced)
        pull = github.open_pull(FIXED)
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        by = Acknowledgement("waiver", "waivers.yml", 3, accepted=True)
        self.says(replace(self.unplaced, acknowledged_by=by))
        self.recheck(github, pull)
        assert "**Let stand** by the base branch: `waivers.yml:3`." in review.body
        assert "~~ **Accepted by a maintainer.**" in review.body

    def test_what_is_gone_without_a_push_is_not_called_fixed_by_one(self, github: GitHub) -> None:
        self.says(self.unplaced)
        pull = github.open_pull(FIXED)
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        self.says()
        self.recheck(github, pull)
        assert "Fixed in" not in review.body
        assert "**No longer found**, since the base branch changed." in review.body

    def test_what_could_not_be_read_and_can_now_is_fixed(self, github: GitHub) -> None:
        self.says(problems=(Problem(PATH, 3, "is not valid HCL", introduced=True),))
        pull = github.open_pull(FIXED)
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        self.says()
        github.concluded(github.push(FIXED + "#\n"))
        assert f"Fixed in {pull.head_sha[:7]}" in review.body


class TestSuperseded:
    def test_a_new_push_stops_a_running_review_before_it_writes(self, github: GitHub) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slowly(material: Material) -> Report:
            if not begun.is_set():
                begun.set()
                go_on.wait(20)
            return ask_engine(material)

        BENCH.says = slowly
        pull = github.open_pull(PRIVILEGED)
        first = pull.head_sha
        assert begun.wait(20)
        second = github.push(PRIVILEGED + "# newer\n")
        github.world.webhooks.settle()
        wait_for(lambda: not github.runs(second), "nothing")
        threading.Timer(0.5, go_on.set).start()
        assert github.concluded(second).conclusion == "failure"
        assert github.concluded(first).conclusion == "cancelled"
        [review] = github.reviews(pull)
        assert review.commit_id == second

    def test_what_comes_late_about_an_older_commit_stops_nothing(self, github: GitHub) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def slowly(material: Material) -> Report:
            begun.set()
            go_on.wait(20)
            return ask_engine(material)

        BENCH.says = slowly
        world = github.world
        world.webhooks.faults.add(DeliveryFault("pull_request.opened", overtaken=2))
        pull = github.open_pull(PRIVILEGED)
        newest = github.push(PRIVILEGED + "# newer\n")
        assert begun.wait(20)
        world.edit(pull, title="Overtakes as well")
        world.webhooks.settle()
        order = [entry.action for entry in world.webhooks.log if entry.event == "pull_request"]
        assert order == ["synchronize", "edited", "opened"]
        wait_for(lambda: waiting(pull) == 1, "the late one to wait for its turn")
        go_on.set()
        github.idle()
        assert [run.conclusion for run in github.runs(newest)] == ["failure"]
        assert len(github.reviews(pull)) == 1

    def test_a_cancelled_review_is_done_when_its_commit_is_the_head_again(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        run.conclusion = "cancelled"
        github.world.close(pull)
        github.world.reopen(pull)
        assert github.concluded(pull.head_sha, 2).conclusion == "failure"


class TestButtonsOfTheCheckRun:
    def test_check_again(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert [action.identifier for action in run.actions] == ["recheck", "explain"]
        github.world.request_action(github.repository, run, "recheck", by="mona")
        assert github.concluded(pull.head_sha, 2).conclusion == "failure"

    def test_explain_adds_the_pages_of_the_rules(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert run.text is None
        github.world.request_action(github.repository, run, "explain", by="mona")
        again = github.concluded(pull.head_sha, 2)
        assert "Why it matters" in (again.text or "")
        assert len(github.reviews(pull)) == 1


class TestMergeQueue:
    def test_a_group_is_judged_anew_and_gets_no_comment(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.concluded(pull.head_sha)
        github.world.push(github.repository, "docs", {"README.md": "# Other\n"})
        other = github.world.open_pull_request(github.repository, "docs")
        github.concluded(other.head_sha)
        group = github.world.queue([pull, other])
        run = github.concluded(group)
        assert (run.name, run.conclusion) == (github.settings.check_name, "failure")
        assert len(github.reviews(pull)) == 1
        assert github.reviews(other) == []
        github.world.rerequest_check_run(github.repository, run, by="mona")
        assert github.concluded(group, 2).conclusion == "failure"

    def test_a_group_of_nothing_governed_is_skipped(self, github: GitHub) -> None:
        github.world.push(github.repository, "docs", {"README.md": "# Other\n"})
        pull = github.world.open_pull_request(github.repository, "docs")
        github.concluded(pull.head_sha)
        assert github.concluded(github.world.queue([pull])).conclusion == "skipped"


class TestTheDefaultBranchMoves:
    SPEC = "openspec/specs/workspace-runtime-contract/spec.md"

    def test_a_change_of_the_contract_judges_open_pull_requests_again(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.concluded(pull.head_sha)
        github.world.push(github.repository, "main", {self.SPEC: "# Contract\n"})
        github.concluded(pull.head_sha, 2)
        assert len(github.reviews(pull)) == 1

    def test_a_change_that_nobody_told_of_counts_when_the_same_head_is_looked_at_again(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.concluded(pull.head_sha)
        git, author = github.repository.git, github.world.signature(github.repository.owner)
        for path, text, count in (("README.md", "# Moved on\n", 1), (self.SPEC, "# Contract\n", 2)):
            git.commit("main", {path: text}, message="Quietly", author=author, parent=git.resolve("refs/heads/main"))
            pull.title = f"After {path}"  # What is the same to the byte is a replay.
            events.pull_request(github.world, pull, "reopened", pull.author)
            github.world.webhooks.settle()
            github.idle()
            assert len(github.runs(pull.head_sha)) == count

    def test_any_other_push_does_not(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.concluded(pull.head_sha)
        github.world.push(github.repository, "main", {"README.md": "# Moved on\n"})
        github.world.push(github.repository, "elsewhere", {self.SPEC: "# Contract\n"})
        github.world.webhooks.settle()
        github.idle()
        assert len(github.runs(pull.head_sha)) == 1
