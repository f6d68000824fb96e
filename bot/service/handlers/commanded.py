"""What the three kinds of comments on a pull request have in common: a person may give commands in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.github.conversation import Place
from bot.service.commands import follow, manual
from bot.service.commands.call import Call
from bot.service.commands.parse import parse_commands
from bot.service.events import Event, User
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip

MAX_AGE = timedelta(weeks=4)
"""A recorded delivery can be played again when the hash of its body is forgotten (`bot.service.jobs.KEPT`). By then
what it says is too old: an acceptance that was revoked does not come back."""


def handle_text(
    event: Event,
    context: Context,
    *,
    text: str | None,
    number: int,
    state: str,
    author: User | None,
    commenter: User | None,
    place: Place,
    at: datetime,
) -> Decision:
    """Follow the commands in `text`, which `commenter` wrote about the pull request `number`."""
    commands = parse_commands(text or "")
    if not commands:
        return skip("no-command")
    if event.installation is None:
        return skip("no-installation")
    if commenter is None:
        return skip("no-commenter")
    if commenter.type == "Bot":
        return skip("bot")
    if datetime.now(UTC) - at > MAX_AGE:
        return skip("too-old")
    if state != "open":
        return skip("closed")
    installation = event.installation.id
    repository = context.repository(installation, event.repository)
    call = Call(
        store=context.store,
        cache=context.cache,
        repository=repository,
        repository_url=f"{context.web_url}/{repository.owner}/{repository.name}",
        number=number,
        author=author,
        commenter=commenter,
        place=place,
        at=at,
        manual=manual(),
    )
    followed = follow(commands, call)
    if followed.skip is not None:
        return skip(followed.skip)
    asked = None if followed.decides else at
    review = request(event, installation, number, "command", again=True, comment_id=place.comment)
    return Decision(reviews=(review.model_copy(update={"in_thread": place.thread is not None, "asked": asked}),))
