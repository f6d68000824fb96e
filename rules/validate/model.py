"""One issue of `wrc validate`, whatever family found it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Family = Literal["openspec", "contract", "missions", "fmt"]
IssueLevel = Literal["ERROR", "WARNING", "INFO"]


class Issue(Struct, frozen=True):
    """Something to mend in a file, or worth knowing about it.

    `code` is stable within its family (``C5``, ``S1``). `path` is the repository path and `line` the 1-based line to
    look at; 1 where the whole file is meant. `item` is what the issue is about: a change's id, a capability, a mission.
    `requirement` is the requirement's name where there is one. `way_out` says what to write instead; it is empty where
    the message says it already.
    """

    family: Family
    code: str
    level: IssueLevel
    path: str
    line: int
    message: str
    item: str
    requirement: str | None = None
    way_out: str = ""
