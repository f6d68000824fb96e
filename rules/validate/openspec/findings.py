"""One finding of the OpenSpec family, with the command's own fields beside ours."""

from __future__ import annotations

from msgspec import Struct

from rules.validate.model import IssueLevel


class Finding(Struct, frozen=True):
    """What the command says, and where that stands.

    `path`, `line` and `message` are the command's own, `line` None where it names none. `file` is the repository path
    and `at` the line to look at. `way_out` is empty where the message already says what to do.
    """

    code: str
    level: IssueLevel
    path: str
    message: str
    file: str
    at: int
    line: int | None = None
    requirement: str | None = None
    way_out: str = ""


class Place(Struct, frozen=True):
    """Where the findings of one file go: its path as the command spells it, and in the repository."""

    path: str
    file: str

    def finding(
        self,
        code: str,
        level: IssueLevel,
        message: str,
        at: int,
        *,
        requirement: str | None = None,
        way_out: str = "",
        cited: bool = False,
    ) -> Finding:
        """A finding on line `at`; `cited` if the command names the line too."""
        line = at if cited else None
        return Finding(code, level, self.path, message, self.file, at, line, requirement, way_out)


class Refused(Exception):
    """The command gives up on the whole item because of `file`; the message is its only issue."""

    def __init__(self, message: str, file: str) -> None:
        super().__init__(message)
        self.file = file
