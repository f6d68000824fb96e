"""Where a review comment may stand, what is refused, and what a push does to it.

The diff (see `conftest.CHANGED`): new lines 7 to 14 with 10 and 11 added, old lines 7 to 13 with 10 removed; new lines
28 to 33, old lines 27 to 33 with 30 removed.
"""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.reviews import Draft
from tests.sandbox.conftest import CHANGED, FILES, Sandbox

TEMPLATE = "web/template.tf"


def place(line: int, **rest: object) -> dict[str, object]:
    return {"path": TEMPLATE, "line": line, "body": "Look here.", **rest}


def post_review(api: httpx.Client, sandbox: Sandbox, *comments: dict[str, object], **rest: object) -> httpx.Response:
    body = {"event": "COMMENT", "comments": list(comments), **rest}
    return api.post(f"{sandbox.path}/pulls/{sandbox.pull.number}/reviews", json=body)


GOOD = [
    place(7),
    place(10),
    place(14),
    place(28),
    place(33),
    place(11, side="RIGHT"),
    place(10, side="LEFT"),
    place(30, side="LEFT"),
    place(27, side="LEFT"),
    place(11, start_line=10),
    place(14, start_line=7, start_side="RIGHT", side="RIGHT"),
    place(10, start_line=10, start_side="LEFT", side="RIGHT"),
]
BAD = [
    (place(6), "Line could not be resolved"),
    (place(15), "Line could not be resolved"),
    (place(27), "Line could not be resolved"),
    (place(34, side="LEFT"), "Line could not be resolved"),
    (place(14, side="LEFT"), "Line could not be resolved"),
    (place(0), "Line could not be resolved"),
    (place(5000), "Line could not be resolved"),
    (place(10, path="web/startup.sh"), "Path could not be resolved"),
    (place(10, path="nowhere"), "Path could not be resolved"),
    (place(10, start_line=10), "start line must precede the end line"),
    (place(10, start_line=11), "start line must precede the end line"),
    (place(10, start_line=11, start_side="RIGHT", side="LEFT"), "start line must precede the end line"),
    (place(28, start_line=14), "start line must be part of the same hunk as the line"),
    (place(10, start_line=6), "start line must be part of the same hunk as the line"),
    ({"path": TEMPLATE, "body": "No line."}, "Line could not be resolved"),
    ({"path": TEMPLATE, "body": "A header.", "position": 9999}, "Line could not be resolved"),
    (place(10, body=" "), "can't be blank"),
]


@pytest.mark.parametrize("comment", GOOD)
def test_a_line_inside_a_hunk_is_accepted(sandbox: Sandbox, api: httpx.Client, comment: dict[str, object]) -> None:
    answer = post_review(api, sandbox, comment)
    assert answer.status_code == 200, answer.text
    (stored,) = api.get(f"{sandbox.path}/pulls/1/reviews/{answer.json()['id']}/comments").json()
    assert (stored["line"], stored["side"]) == (comment["line"], comment.get("side", "RIGHT"))
    assert stored["start_line"] == comment.get("start_line")
    assert stored["diff_hunk"].startswith("@@ -")


@pytest.mark.parametrize(("comment", "complaint"), BAD)
def test_one_bad_comment_refuses_the_whole_review(
    sandbox: Sandbox, api: httpx.Client, comment: dict[str, object], complaint: str
) -> None:
    answer = post_review(api, sandbox, place(10), comment, body="Summary.")
    assert answer.status_code == 422
    assert answer.json()["message"] == "Unprocessable Entity"
    assert complaint in answer.json()["errors"][0]
    assert api.get(f"{sandbox.path}/pulls/1/reviews").json() == []
    assert api.get(f"{sandbox.path}/pulls/1/comments").json() == []


@pytest.mark.parametrize(
    ("comment", "field"),
    [(place(15), "line"), (place(10, path="nowhere"), "path"), (place(9, start_line=9), "start_line")],
)
def test_a_bad_single_comment_is_refused_with_its_field(
    sandbox: Sandbox, api: httpx.Client, comment: dict[str, object], field: str
) -> None:
    body = {**comment, "commit_id": sandbox.pull.head_sha}
    answer = api.post(f"{sandbox.path}/pulls/1/comments", json=body)
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    assert answer.json()["errors"][0]["field"] == f"pull_request_review_thread.{field}"


def test_a_review_carries_its_comments(sandbox: Sandbox, api: httpx.Client) -> None:
    review = post_review(api, sandbox, place(10), place(30, side="LEFT"), body="Two places.").json()
    assert (review["state"], review["user"]["login"], review["commit_id"]) == (
        "COMMENTED",
        "wrc[bot]",
        sandbox.pull.head_sha,
    )
    comments = api.get(f"{sandbox.path}/pulls/1/reviews/{review['id']}/comments").json()
    assert [(item["line"], item["side"]) for item in comments] == [(10, "RIGHT"), (30, "LEFT")]
    assert comments[0]["diff_hunk"].split("\n")[-1] == "+line ten"
    assert comments[1]["diff_hunk"].split("\n")[-1] == "-line 30"
    assert api.get(f"{sandbox.path}/pulls/1/comments").json()[0]["pull_request_review_id"] == review["id"]


def test_the_older_position_counts_lines_below_the_first_header(sandbox: Sandbox, api: httpx.Client) -> None:
    answer = post_review(api, sandbox, {"path": TEMPLATE, "body": "?", "position": 5})
    (comment,) = api.get(f"{sandbox.path}/pulls/1/reviews/{answer.json()['id']}/comments").json()
    assert (comment["line"], comment["side"], comment["position"]) == (10, "RIGHT", 5)


@pytest.mark.parametrize(
    "body",
    [
        {"event": "COMMENT"},
        {"event": "REQUEST_CHANGES", "comments": [place(10)]},
        {"event": "COMMENT", "body": "x", "commit_id": "0" * 40},
        {"event": "COMMENT", "body": "x" * 65_537},
        {"event": "COMMENT", "comments": [place(10, body="x" * 65_537)]},
        {"event": "SHOUT", "body": "x"},
        {"event": "COMMENT", "body": "x", "comments": [{"path": TEMPLATE, "line": 10}]},
        {"event": "COMMENT", "body": "x", "comments": [{"path": TEMPLATE, "line": "10", "body": "?"}]},
        {"event": "COMMENT", "body": "x", "comments": [place(10, side="BOTH")]},
    ],
)
def test_what_is_no_review_is_refused(sandbox: Sandbox, api: httpx.Client, body: dict[str, object]) -> None:
    answer = api.post(f"{sandbox.path}/pulls/1/reviews", json=body)
    assert answer.status_code == 422
    assert api.get(f"{sandbox.path}/pulls/1/reviews").json() == []


def test_a_body_may_have_65536_characters(sandbox: Sandbox, api: httpx.Client) -> None:
    assert post_review(api, sandbox, place(10, body="ü" * 65_536), body="x" * 65_536).status_code == 200


def test_bad_json_is_400(sandbox: Sandbox, api: httpx.Client) -> None:
    for content in (b"{", b"[]", b'"text"'):
        assert api.post(f"{sandbox.path}/pulls/1/reviews", content=content).status_code == 400


def test_a_review_without_event_stays_pending_and_unseen(sandbox: Sandbox, api: httpx.Client) -> None:
    pending = post_review(api, sandbox, place(10), event=None)
    assert (pending.json()["state"], "submitted_at" in pending.json()) == ("PENDING", False)
    assert post_review(api, sandbox, place(10), event=None).status_code == 422


def test_a_review_of_an_older_commit_of_the_pull_request(sandbox: Sandbox, api: httpx.Client) -> None:
    first = sandbox.pull.head_sha
    sandbox.world.push(sandbox.repository, "change", {TEMPLATE: "new top\n" + CHANGED})
    answer = post_review(api, sandbox, place(10), commit_id=first)
    (comment,) = api.get(f"{sandbox.path}/pulls/1/comments").json()
    assert answer.json()["commit_id"] == first
    assert (comment["original_line"], comment["line"]) == (10, 11)


def test_a_single_comment_and_a_reply_make_a_thread(sandbox: Sandbox, api: httpx.Client) -> None:
    url = f"{sandbox.path}/pulls/1/comments"
    top = api.post(url, json={**place(10), "commit_id": sandbox.pull.head_sha})
    assert top.headers["Location"] == top.json()["url"]
    reply = api.post(f"{url}/{top.json()['id']}/replies", json={"body": "Indeed."}).json()
    assert (reply["in_reply_to_id"], reply["path"], reply["line"]) == (top.json()["id"], TEMPLATE, 10)
    assert api.post(f"{url}/{reply['id']}/replies", json={"body": "No."}).status_code == 422
    assert api.post(f"{url}/99999/replies", json={"body": "No."}).status_code == 404


def test_a_comment_on_a_whole_file(sandbox: Sandbox, api: httpx.Client) -> None:
    body = {"path": TEMPLATE, "subject_type": "file", "body": "All of it.", "commit_id": sandbox.pull.head_sha}
    comment = api.post(f"{sandbox.path}/pulls/1/comments", json=body).json()
    assert (comment["subject_type"], comment["line"]) == ("file", None)


def test_an_app_edits_its_own_comments_only(sandbox: Sandbox, api: httpx.Client) -> None:
    post_review(api, sandbox, place(10))
    sandbox.world.review(sandbox.pull, author="rita", comments=[Draft(TEMPLATE, "Mine.", 11)])
    own, theirs = api.get(f"{sandbox.path}/pulls/1/comments").json()
    url = f"{sandbox.path}/pulls/comments"
    assert api.patch(f"{url}/{own['id']}", json={"body": "Resolved."}).json()["body"] == "Resolved."
    assert api.patch(f"{url}/{theirs['id']}", json={"body": "Resolved."}).status_code == 403
    assert api.get(f"{url}/{theirs['id']}").json()["body"] == "Mine."


def comment_after(api: httpx.Client, sandbox: Sandbox, comment: dict[str, object], text: str) -> dict[str, object]:
    """A comment, as it is after a push that makes `text` of the file."""
    assert post_review(api, sandbox, comment).status_code == 200
    sandbox.world.push(sandbox.repository, "change", {TEMPLATE: text})
    (shape,) = api.get(f"{sandbox.path}/pulls/1/comments").json()
    assert isinstance(shape, dict)
    return shape


def test_a_comment_moves_with_its_line(sandbox: Sandbox, api: httpx.Client) -> None:
    shape = comment_after(api, sandbox, place(11), CHANGED.replace("line 8\n", "line 8\nline 8 b\nline 8 c\n"))
    assert (shape["line"], shape["original_line"], shape["commit_id"]) == (13, 11, sandbox.pull.head_sha)
    assert shape["original_commit_id"] != sandbox.pull.head_sha


def test_a_comment_whose_line_is_changed_is_outdated(sandbox: Sandbox, api: httpx.Client) -> None:
    first = sandbox.pull.head_sha
    shape = comment_after(api, sandbox, place(11), CHANGED.replace("ten and a half", "ten and a bit"))
    assert (shape["line"], shape["position"], shape["original_line"]) == (None, None, 11)
    assert shape["commit_id"] == first
    assert "+line ten and a half" in str(shape["diff_hunk"])


def test_a_comment_whose_line_leaves_the_diff_is_outdated(sandbox: Sandbox, api: httpx.Client) -> None:
    undone = FILES[TEMPLATE].replace("line 10\n", "line ten\nline ten and a half\n")
    assert comment_after(api, sandbox, place(30, side="LEFT"), undone)["line"] is None


def test_a_comment_on_a_removed_line_stays_while_it_is_removed(sandbox: Sandbox, api: httpx.Client) -> None:
    shape = comment_after(api, sandbox, place(30, side="LEFT"), "new top\n" + CHANGED)
    assert (shape["line"], shape["side"]) == (30, "LEFT")


def test_an_outdated_comment_returns_with_its_line(sandbox: Sandbox, api: httpx.Client) -> None:
    comment_after(api, sandbox, place(11), FILES[TEMPLATE].replace("line 30\n", ""))
    sandbox.world.push(sandbox.repository, "change", {TEMPLATE: CHANGED})
    assert api.get(f"{sandbox.path}/pulls/1/comments").json()[0]["line"] == 11
