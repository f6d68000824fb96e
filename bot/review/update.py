"""What was said, in other words where something has changed: folded when it is gone, opened when it is back.

Nothing is deleted, and a thread in which somebody answered is left alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from bot.github.answers import Review, ReviewComment
from bot.github.reviews import edit_comment, edit_review, list_comments, own_comments
from bot.render import folded, markdown
from bot.review.material import Material
from bot.review.threads import settle_threads
from bot.review.told import FOLDED, Entry, Place, Told, Transition, mark, marked, read_list, replace_list
from bot.review.voice import Voice

END = "<!-- wrc:end -->"
"""Ends the words about one finding in the body of a review."""


def told_in(reviews: Iterable[Review]) -> Told:
    entries: dict[Place, Entry] = {}
    for review in reviews:
        entries |= {Place(review.id, n): entry for n, entry in enumerate(read_list(review.body or ""))}
    return entries


def comments_by_place(voice: Voice, reviews: Iterable[Review]) -> Mapping[Place, ReviewComment]:
    """The comment on a line that tells each entry, as far as there is one that we may edit.

    Equal fingerprints of one review are told in the order of its list.
    """
    everyones = list_comments(voice.repository, voice.number)
    free = {comment.id for comment in own_comments(everyones, voice.login)}
    found: dict[tuple[int | None, str | None], list[ReviewComment]] = defaultdict(list)
    for comment in everyones:
        if comment.in_reply_to_id is None:
            found[comment.pull_request_review_id, marked(comment.body or "")].append(comment)
    places: dict[Place, ReviewComment] = {}
    for place, entry in told_in(reviews).items():
        queue = found[place.review, entry.fingerprint]
        if queue and (comment := queue.pop(0)).id in free:
            places[place] = comment
    return places


def bring_up_to_date(
    voice: Voice,
    material: Material,
    reviews: Iterable[Review],
    comments: Mapping[Place, ReviewComment],
    transitions: Sequence[Transition],
) -> None:
    """First the comments, then their threads, then the reviews that list them: what is cut short is done again."""
    by_review: dict[int, list[Transition]] = defaultdict(list)
    for transition in transitions:
        by_review[transition.place.review].append(transition)
    told = [review for review in reviews if review.id in by_review]
    bodies = {review.id: _comments_reworded(voice, material, review, comments, by_review[review.id]) for review in told}
    settle_threads(voice, transitions, comments)
    for review_id, body in bodies.items():
        voice.proceed()
        edit_review(voice.repository, voice.number, review_id, body)


def _comments_reworded(
    voice: Voice,
    material: Material,
    review: Review,
    comments: Mapping[Place, ReviewComment],
    transitions: Iterable[Transition],
) -> str:
    """Edit the comments of a review; returns the body that it should have from now on."""
    body = review.body or ""
    by_push = review.commit_id != material.head
    entries = list(read_list(body))
    for transition in transitions:
        entry = entries[transition.place.index]
        now = transition.finding.fingerprint if transition.finding is not None else entry.fingerprint
        entries[transition.place.index] = Entry(entry.rule, now, transition.state)
        if (comment := comments.get(transition.place)) is not None:
            text = _reworded(comment.body or "", transition, material, by_push=by_push)
            voice.proceed()
            edit_comment(voice.repository, comment.id, text)
        else:
            body = _section_reworded(body, entry, transition, material, by_push=by_push)
    states = {entry.state for entry in entries}
    line = folded.settled(states, material.head, by_push=by_push) if states <= FOLDED else None
    return folded.headline(replace_list(body, entries), line)


def _reworded(body: str, transition: Transition, material: Material, *, by_push: bool) -> str:
    """A comment that begins with a hidden mark, in the words for another state."""
    hidden, _, text = body.partition("\n")
    if transition.finding is not None:
        hidden = mark(transition.finding)
    return f"{hidden}\n{_words(text, transition, material, by_push=by_push)}"


def _section_reworded(body: str, entry: Entry, transition: Transition, material: Material, *, by_push: bool) -> str:
    """The body of a review with other words about one finding, if it is told there."""
    opening = f"<!-- wrc:fp={entry.fingerprint} -->\n"
    section = re.compile(f"{re.escape(opening)}(.*?)\n{re.escape(END)}", re.DOTALL)

    def rewritten(found: re.Match[str]) -> str:
        hidden = opening if transition.finding is None else f"{mark(transition.finding)}\n"
        return f"{hidden}{_words(found[1], transition, material, by_push=by_push, placed=True)}\n{END}"

    return section.sub(rewritten, body, count=1)


def _words(text: str, transition: Transition, material: Material, *, by_push: bool, placed: bool = False) -> str:
    finding = transition.finding
    if finding is None:
        return folded.fold(text, folded.fixed(material.head, by_push=by_push))
    if transition.state == "waived" and finding.acknowledged_by is not None:
        return folded.fold(text, folded.waived(finding.acknowledged_by))
    # The comment may stand on other lines by now than those that a suggestion would replace.
    finding = replace(finding, suggestion=None)
    words = markdown.placed_comment(finding) if placed else markdown.comment(finding)
    return f"{folded.again(material.head)}\n{words}" if transition.back else words
