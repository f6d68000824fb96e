"""Someone wrote in a pull request's conversation. ``/wrc recheck`` reviews it again.

Who may: the pull request's author, and whoever has write access to the repository.
"""

from __future__ import annotations

from bot.github.conversation import may_write, react
from bot.service.commands import parse_commands
from bot.service.events import IssueCommentEvent, User
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip

RECHECK = "recheck"


def handle(body: str, context: Context) -> Decision:
    event = IssueCommentEvent.model_validate_json(body)
    reason = _not_for_us(event)
    if reason is not None or event.installation is None:
        return skip(reason or "no-installation")
    repository = context.github.repository(event.installation.id, event.repository.owner.login, event.repository.name)
    commenter, author = event.comment.user, event.issue.user
    if commenter is None:
        return skip("no-commenter")
    if not (_same(commenter, author) or may_write(repository, commenter.login)):
        react(repository, event.comment.id, "confused")
        return skip("not-allowed")
    react(repository, event.comment.id, "eyes")
    review = request(
        event, event.installation.id, event.issue.number, "recheck", again=True, comment_id=event.comment.id
    )
    return Decision(reviews=(review,))


def _not_for_us(event: IssueCommentEvent) -> str | None:
    """The reason code if this is no command to follow."""
    if event.issue.pull_request is None:
        return "not-a-pull-request"
    verbs = {command.verb for command in parse_commands(event.comment.body or "")}
    if not verbs:
        return "no-command"
    if RECHECK not in verbs:
        return "unknown-command"
    if event.comment.user is not None and event.comment.user.type == "Bot":
        return "bot"
    return "closed" if event.issue.state != "open" else None


def _same(one: User, other: User | None) -> bool:
    return other is not None and one.id == other.id
