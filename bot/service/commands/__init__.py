"""Commands in comments. One module a verb: its docstring says what it does, its grammar and who may give it.

Only what was just written acts: an edited comment is not read again, and what a bot writes is not read at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType

import structlog

from bot.github.conversation import may_write, react, reply
from bot.github.errors import GitHubError
from bot.service.commands import accept, audit, explain, help, recheck, revoke  # noqa: A004 (the verb's name)
from bot.service.commands.call import Call, Outcome, Refused
from bot.service.commands.parse import Command

log = structlog.get_logger("commands")

MAX_COMMANDS = 5
"""Followed in one comment."""

ANYONE = "anyone"
AUTHOR_OR_WRITER = "the pull request's author, and whoever has write access"
WRITER = "whoever has write access"


@dataclass(frozen=True)
class Verb:
    """A verb as its module describes it; `text` is what stands below its grammar."""

    name: str
    summary: str
    usage: str
    who: str
    text: str
    run: Callable[[str, Call], Outcome]

    def allows(self, call: Call) -> bool:
        """Whether the commenter may give it. Write access is asked of GitHub, and no answer is an error, not a yes."""
        if self.who == ANYONE:
            return True
        own = call.author is not None and call.author.id == call.commenter.id
        return (self.who == AUTHOR_OR_WRITER and own) or may_write(call.repository, call.commenter.login)


@dataclass(frozen=True)
class Followed:
    """What the commands of a comment come to: a review, or the reason code for none.

    `decides`: they changed what a review says, so that only one that comes after them will do.
    """

    skip: str | None
    decides: bool


def _verb(module: ModuleType) -> Verb:
    summary, grammar, *text = (module.__doc__ or "").strip().split("\n\n", 2)
    usage, who = grammar.split("\n")
    name = module.__name__.rpartition(".")[2]
    verb = Verb(
        name, summary, usage.removeprefix("Usage: "), who.removeprefix("Who: "), "".join(text).strip(), module.run
    )
    assert verb.who in (ANYONE, AUTHOR_OR_WRITER, WRITER), f"{name}: who may is not one of the three"
    return verb


VERBS = {verb.name: verb for verb in map(_verb, (recheck, explain, audit, accept, revoke, help))}


def manual() -> str:
    """The commands as a table, for ``/wrc help``."""
    rows = [f"| `{verb.usage}` | {verb.summary} | {verb.who} |" for verb in VERBS.values()]
    return "\n".join(["| Command | What it does | Who may |", "| --- | --- | --- |", *rows])


def follow(commands: tuple[Command, ...], call: Call) -> Followed:
    """Follow the commands of one comment, each once.

    The comment gets a sign at once. Each step may be repeated: reactions and acceptances are there once, and a reply is
    looked for before it is written.

    Raises:
        GitHubError: GitHub refuses or fails.
    """
    react(call.repository, call.place, "eyes")
    outcomes, reasons = [], []
    for command in dict.fromkeys(commands[:MAX_COMMANDS]):
        try:
            outcomes.append(_run(command, call))
        except Refused as refused:
            reasons.append(str(refused))
    replies = [outcome.reply for outcome in outcomes if outcome.reply is not None]
    if replies or reasons:
        reply(call.repository, call.number, call.place, call.at, "\n\n".join([*dict.fromkeys(reasons), *replies]))
    if reasons:
        react(call.repository, call.place, "confused")
    elif replies:
        react(call.repository, call.place, "rocket")
    wanted = any(outcome.review for outcome in outcomes)
    log.info("followed", verbs=[command.verb for command in commands[:MAX_COMMANDS]], refused=len(reasons))
    decides = any(outcome.decides for outcome in outcomes)
    return Followed(None if wanted else ("refused" if reasons else "answered"), decides)


def _run(command: Command, call: Call) -> Outcome:
    verb = VERBS.get(command.verb)
    if verb is None:
        nearest = get_close_matches(command.verb, VERBS, n=1)
        meant = f" Did you mean `{VERBS[nearest[0]].usage}`?" if nearest else ""
        raise Refused(f"There is no such command.{meant} `/wrc help` lists them.")
    try:
        allowed = verb.allows(call)
    except GitHubError as error:
        if error.status != 403 or error.retry_after is not None:
            raise
        told = "GitHub does not let me see who has write access here: the App needs its `metadata: read` permission."
        raise Refused(f"`/wrc {verb.name}` is not followed. {told}") from error
    if not allowed:
        raise Refused(f"`/wrc {verb.name}` is for {verb.who}.")
    return verb.run(command.arguments.strip(), call)
