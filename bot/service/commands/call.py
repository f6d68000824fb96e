"""One command on its way: who gave it, where, and what a verb may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.github.client import Repository
from bot.github.conversation import Place, finding_of_thread
from bot.github.trees import ObjectCache
from bot.service.events import User
from bot.store import QUESTION, Pull, Store


class Refused(Exception):
    """A command that is not followed; the message is one line of Markdown that says what to do instead.

    It may hold nothing of what the person wrote.
    """


@dataclass(frozen=True)
class Outcome:
    """What a verb asks for: another review, which answers with its check run, or a reply (Markdown).

    `decides` says that it changes what a review says, so that only one that comes after it will do.
    """

    review: bool = False
    decides: bool = False
    reply: str | None = None


@dataclass(frozen=True)
class Call:
    """The circumstances of one command. `at` is when the comment was written; `author` opened the pull request."""

    store: Store
    cache: ObjectCache
    repository: Repository
    repository_url: str
    number: int
    author: User | None
    commenter: User
    place: Place
    at: datetime
    manual: str

    @property
    def pull(self) -> Pull:
        return Pull(self.repository.id, self.number)

    def about(self, findings: Mapping[str, str], rule: str) -> list[str]:
        """The standings of those of `rule`; in a thread about one finding, of that one.

        `findings` are rules by standing. A thread's mark is not trusted, it can only choose among them.
        """
        found = sorted(standing for standing, its_rule in findings.items() if its_rule == rule)
        if self.place.thread is None or len(found) < 2:
            return found
        marked = finding_of_thread(self.repository, self.place.thread)
        return [standing for standing in found if marked is None or standing.removesuffix(QUESTION) == marked]
