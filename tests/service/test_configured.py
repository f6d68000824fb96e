"""What `.github/wrc.yml` on the base branch does to what the App says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.configuration import MAX_EARLIER
from bot.sandbox.state import PullRequest
from tests.rules.harness import FIXTURES
from tests.service.github import PATH, PRIVILEGED, GitHub
from tests.service.running import RunningService

CONFIGURATION = ".github/wrc.yml"
LISTED = "GET /repos/{owner}/{repo}/commits"
SHOWN = "GET /repos/{owner}/{repo}/contents/{path}"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    with github.server, RunningService(github.settings):
        yield github


def opened(github: GitHub, *configurations: str, draft: bool = False) -> PullRequest:
    """A pull request with a failure, onto a base that had these configurations, the last one now."""
    git, author = github.repository.git, github.world.signature(github.repository.owner)
    for text in configurations:
        # Not pushed one by one: nobody has to hear of each.
        git.commit("main", {CONFIGURATION: text}, message="Set", author=author, parent=git.resolve("refs/heads/main"))
    pull = github.open_pull(PRIVILEGED, draft=draft)
    github.concluded(pull.head_sha)
    return pull


@pytest.mark.parametrize(
    ("settings", "reviews", "comments"),
    [
        ("comments: {style: summary}", 1, 0),
        ("comments: {max_inline: 0}", 1, 0),
        ("comments: {style: none}", 0, 0),
    ],
)
def test_findings_are_told_in_the_style_that_is_set(github: GitHub, settings: str, reviews: int, comments: int) -> None:
    pull = opened(github, f"version: 1\n{settings}\n")
    assert github.runs(pull.head_sha)[-1].conclusion == "failure"
    assert (len(github.reviews(pull)), len(github.review_comments(pull))) == (reviews, comments)
    assert all("privileged" in review.body for review in github.reviews(pull))


def test_a_draft_is_told_at_once_where_that_is_set(github: GitHub) -> None:
    pull = opened(github, "version: 1\ndrafts: comment\n", draft=True)
    assert len(github.review_comments(pull)) == 1
    assert "draft" not in (github.runs(pull.head_sha)[-1].summary or "")


def test_the_last_valid_version_counts_where_the_present_one_is_not(github: GitHub) -> None:
    pull = opened(
        github,
        "version: 1\nseverity: {F-2: off}\n",
        "version: 1\nseverity: {F-2: notice}\n",
        "version: 1\nserevity: {}\n",
        "nonsense",
    )
    [run] = github.runs(pull.head_sha)
    assert run.conclusion == "success"
    valid = github.repository.git.text("rev-list", "main", "--", CONFIGURATION).split()[2]
    assert "The configuration is not valid: it must be settings" in (run.summary or "")
    assert f"its version of commit {valid[:12]} is in force" in (run.summary or "")
    assert (github.recorder.seen[LISTED], github.recorder.seen[SHOWN]) == (1, 3)


def test_no_more_than_a_few_earlier_versions_are_asked_for(github: GitHub) -> None:
    texts = (f"nonsense {number}" for number in range(MAX_EARLIER + 1))
    pull = opened(github, "version: 1\nseverity: {F-2: off}\n", *texts)
    [run] = github.runs(pull.head_sha)
    assert run.conclusion == "failure"
    assert "the defaults are in force" in (run.summary or "")
    assert github.recorder.seen[SHOWN] == MAX_EARLIER


def test_a_change_that_breaks_it_is_told_at_the_line_and_judged_by_the_one_in_force(github: GitHub) -> None:
    github.world.push(
        github.repository, "topic", {PATH: PRIVILEGED, CONFIGURATION: "version: 1\nserevity: {F-2: off}\n"}
    )
    pull = github.world.open_pull_request(github.repository, "topic")
    assert github.concluded(pull.head_sha).conclusion == "failure"
    said = {
        (comment.path, comment.anchor.line): comment.body for comment in github.review_comments(pull) if comment.anchor
    }
    assert {path for path, _ in said} == {CONFIGURATION, PATH}
    assert said[CONFIGURATION, 2].split("\n")[1:] == [
        "This is not valid here: there is no setting `serevity`; `severity` is one.",
        "Merged like this it would not be in force: the last valid version of the configuration would stay so.",
        "Correct it and push again.",
    ]


def test_a_valid_one_needs_no_history(github: GitHub) -> None:
    opened(github, "version: 1\n")
    assert github.recorder.seen[LISTED] == 0


def test_an_audit_heeds_the_configuration_of_the_base(github: GitHub) -> None:
    github.world.push(github.repository, "main", {PATH: PRIVILEGED, CONFIGURATION: "version: 1\ngoverned: [other]\n"})
    github.world.push(github.repository, "main", {CONFIGURATION: "version: 2\n"})
    pull = github.open_pull(PRIVILEGED + "# harmless\n", author="mona")
    github.concluded(pull.head_sha)
    github.world.comment(github.repository, pull, "/wrc audit", author="mona")
    github.world.webhooks.settle()
    github.idle()
    said = [comment.body for comment in github.repository.comments.values() if comment.author.login == "wrc[bot]"]
    assert len(said) == 1
    assert "not governed" in said[0].split("</summary>")[0]
    assert "broken" not in said[0].split("</summary>")[0]
    assert "The configuration is not valid" in said[0]


SPEC = "openspec/changes/add-it/specs/workspace-runtime/spec.md"
TREES = "GET /repos/{owner}/{repo}/git/trees/{tree_sha}"
BLOBS = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}"
FOUND = "GET /repos/{owner}/{repo}/commits/{ref}"


def test_the_contract_is_read_at_a_commit_of_where_it_is_proposed(github: GitHub) -> None:
    """The text is asked for once; each review only looks whether it has moved."""
    proposed = github.world.push(github.repository, "proposal", {SPEC: (FIXTURES / "contract.md").read_text("utf-8")})
    proposal = github.world.open_pull_request(github.repository, "proposal")
    github.concluded(proposal.head_sha)
    named = f"version: 1\ncontract: {{ref: refs/pull/{proposal.number}/head, path: {SPEC}}}\n"
    pull = opened(github, named)
    [run] = github.runs(pull.head_sha)
    page = f"{github.repository.name}/blob/{proposed}/{SPEC}"
    assert page in (run.summary or "")
    assert "which the configuration names because the repository does not hold the contract" in (run.summary or "")
    [comment] = github.review_comments(pull)
    assert f"{page}?plain=1#L" in comment.body
    asked = github.recorder.seen[FOUND], github.recorder.seen[TREES], github.recorder.seen[BLOBS]
    again = github.push(PRIVILEGED + "# more\n")
    github.concluded(again)
    assert github.recorder.seen[FOUND] == asked[0] + 1
    assert github.recorder.seen[TREES] == asked[1] + 1
    assert github.recorder.seen[BLOBS] == asked[2] + 1


def test_open_pull_requests_are_judged_again_when_the_contract_moves_where_it_is_written(github: GitHub) -> None:
    """Nobody tells us of that; of the configuration, which is pushed here, we hear."""
    written = (FIXTURES / "contract.md").read_text("utf-8")
    contract = github.world.create_repository("octo", f"contract-{github.repository.name}", {"spec.md": written})
    pull = opened(github)
    github.idle()
    named = f"version: 1\ncontract: {{repository: octo/{contract.name}, ref: main, path: spec.md}}\n"
    github.world.push(github.repository, "main", {CONFIGURATION: named})

    def page() -> str:
        return f"{contract.name}/blob/{contract.git.resolve('refs/heads/main')}/spec.md"

    assert page() in (github.concluded(pull.head_sha, 2).summary or "")
    github.world.push(contract, "main", {"spec.md": f"{written}\n"})
    settled = page()
    for count in (3, 3):
        github.look_for_what_was_missed()
        github.idle()
        assert settled in (github.concluded(pull.head_sha, count).summary or "")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("{ref: gone, path: spec.md}", "at gone) is not shown to this App (GitHub answers 422)"),
        (
            "{repository: octo/none, ref: main, path: spec.md}",
            "at main of octo/none) is not shown to this App (GitHub answers 404)",
        ),
        ("{ref: main, path: spec.md}", "('spec.md' at main) does not exist"),
    ],
)
def test_a_contract_that_is_not_there_is_told_and_stops_no_review(github: GitHub, place: str, told: str) -> None:
    pull = opened(github, f"version: 1\ncontract: {place}\n")
    [run] = github.runs(pull.head_sha)
    assert run.conclusion == "failure"
    assert told in (run.summary or "").replace("`", "")
