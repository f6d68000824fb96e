"""The threads that our comments begin, where the operator wants that: resolved when nothing is left to do about them.

A thread in which anybody has added a word is theirs, and what a person resolved stays resolved.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import structlog

from bot.github.answers import ReviewComment
from bot.github.errors import GitHubError
from bot.github.threads import Thread, find_threads, set_resolved
from bot.review.told import FOLDED, Place, Transition
from bot.review.voice import Voice

log = structlog.get_logger("threads")


def settle_threads(voice: Voice, transitions: Iterable[Transition], comments: Mapping[Place, ReviewComment]) -> None:
    """Resolve the threads of comments that are folded by now, and open those again whose finding is back.

    No review fails because of them: what GitHub refuses is logged, and left as it is.

    Raises:
        GitHubError: a rate limit is reached.
    """
    if voice.repository.resolver is None:
        return
    folded = {
        comments[each.place].id: each.state in FOLDED
        for each in transitions
        if each.place in comments and (each.back or each.state in FOLDED)
    }
    if not folded:
        return
    us = {comment.user.id for comment in comments.values() if comment.user is not None}
    try:
        found = find_threads(voice.repository, voice.number, folded)
        settled = {each.id: folded[begun] for begun, each in found.items() if _ours(each, us, resolve=folded[begun])}
        if settled:
            voice.proceed()
            set_resolved(voice.repository, settled)
            log.info("threads-settled", threads=len(settled))
    except GitHubError as error:
        if error.retry_after is not None:
            raise
        log.warning("threads-left", reason=str(error))


def _ours(thread: Thread, us: Container[int | None], *, resolve: bool) -> bool:
    """Whether the thread is to be changed, and by us: nobody has answered, and we resolved what is to be opened."""
    return thread.length == 1 and thread.resolved != resolve and (resolve or thread.resolved_by in us)
