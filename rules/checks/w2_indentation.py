"""A heredoc inside a script is closed where its author closes it.

## What it does

Reports a heredoc of a script whose terminator does not close it, because it does not begin its line or something
follows it. In a Terraform heredoc (`<<-`) the cause is often another line: Terraform strips the indentation of the
least indented line from all, so a single line at the left edge leaves every indented terminator indented. The finding
stands on that line.

## Why it matters

Bash takes all that follows for the text of the heredoc, up to the end of the script, and still exits with 0: the
workspace starts, and half of its boot never ran.

## Bad

```hcl
startup_script = <<-EOT
  cat > /tmp/motd <<'MOTD'
  Welcome
  MOTD
# a comment at the left edge
  sudo dockerd &
EOT
```

## Good

```hcl
startup_script = <<-EOT
  cat > /tmp/motd <<'MOTD'
  Welcome
  MOTD
  # a comment that is indented like the rest
  sudo dockerd &
EOT
```

## Fix

Indent the line like those around it, or put the terminator where it begins its line once Terraform has stripped the
common indentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rules.checks.commands import Surface, of_workspace
from rules.checks.support import line
from rules.model import Edit, Violation
from rules.sources.shell import Command, HereText
from rules.sources.text import Piece, Position
from rules.workspace.template import Script, Workspace

ID = "W-2"
REQUIREMENT = "Required Agent Boot Sequence"
CLAUSES = {"": "execute boot steps order"}

MAX_CAUSES = 3
"""Lines at the left that one speaks of; if there are more, it is the terminator that stands elsewhere."""


class _Misplaced(Struct, frozen=True):
    """A terminator that does not close its heredoc. `at` is its first character that is not blank."""

    here: HereText
    command: Command
    at: Position


def check(workspace: Workspace) -> Iterator[Violation]:
    surface = of_workspace(workspace)
    seen: set[Position] = set()
    for script in workspace.scripts:
        for command in script.program.commands:
            for redirect in (*command.redirects, *command.outer):
                here = redirect.here
                at = _misplaced(here) if here is not None and here.delimiter else None
                if here is not None and at is not None and at not in seen:
                    seen.add(at)
                    yield _violation(surface, script, _Misplaced(here, command, at))


def _misplaced(here: HereText) -> Position | None:
    """The line that was meant to close a heredoc that goes on: to the end, or into the next one of the same name."""
    opens = re.compile(rf"<<-?\s*(['\"]?)\\?{re.escape(here.delimiter)}\1(?!\w)")
    script, offset, inner = here.word.script, here.word.start, 0
    unclosed = here.word.end >= len(script.plain)
    meant: int | None = None
    for text in script.plain[here.word.start : here.word.end].split("\n"):
        if opens.search(text):
            if meant is not None:
                return script.at(meant)
            inner += 1
        elif text.strip() == here.delimiter:
            if inner:
                inner -= 1
            elif meant is None:
                meant = offset + len(text) - len(text.lstrip())
        offset += len(text) + 1
    return script.at(meant) if meant is not None and unclosed else None


_ALONE = "Write `{}` alone on its line, where nothing is left in front of it after Terraform has stripped the text."


def _violation(surface: Surface, script: Script, misplaced: _Misplaced) -> Violation:
    here, at = misplaced.here, misplaced.at
    causes = _further_left(surface, script, at)
    places = [Position(at.path, number, 1) for number in causes]
    opening = _unstripped(surface, script, at) if not causes else None
    own = f"The heredoc `<<{here.delimiter}` is not closed by its terminator"
    if causes:
        message = (
            f"This line is less indented than the terminator `{here.delimiter}` on line {at.line}. Terraform strips "
            "only what all lines have in common, so the terminator stays indented and bash reads on."
        )
        edit = _indented(surface, at, causes)
    elif opening is not None:
        message = (
            f"{own} on line {at.line}: it stands indented, because Terraform's `<<` strips nothing (`<<-` would), "
            "and bash reads on."
        )
        edit = _moved(surface, misplaced)
    else:
        message = f"{own}, which has to stand alone at the start of its line: bash reads on."
        edit = _moved(surface, misplaced)
    return Violation(
        rule=ID,
        template=surface.template,
        address=f"{script.address}/heredoc",
        evidence=" ".join(misplaced.command.raw.split()),
        span=line(places[0] if places else at),
        level="warning",
        message=message,
        trail=surface.steps((misplaced.command.position, *places[1:], *((opening,) if opening else ()), at)),
        related=("BOOT",),
        edit=edit,
        fix=f"Indent it as far as `{here.delimiter}` on line {at.line}." if causes else _ALONE.format(here.delimiter),
    )


def _further_left(surface: Surface, script: Script, at: Position) -> list[int]:
    """The few lines of the same Terraform heredoc that are less indented than the terminator."""
    numbers = _lines_of(script, at)
    if not numbers or "<<-" not in surface.line(Position(at.path, numbers[0] - 1, 1)):
        return []
    texts = ((number, surface.line(Position(at.path, number, 1))) for number in numbers)
    left = [number for number, text in texts if text.strip() and len(text) - len(text.lstrip()) < at.column - 1]
    return left if len(left) <= MAX_CAUSES else []


def _unstripped(surface: Surface, script: Script, at: Position) -> Position | None:
    """The line that opens Terraform's own heredoc, where it is ``<<`` and not ``<<-``: nothing is stripped in it."""
    numbers = _lines_of(script, at)
    opening = Position(at.path, numbers[0] - 1, 1) if numbers else None
    return opening if opening is not None and re.search(r"<<(?!-)", surface.line(opening)) else None


def _lines_of(script: Script, at: Position) -> Sequence[int]:
    """The lines of the file that the script has from the same heredoc."""
    pieces = [part for part in script.text.parts if isinstance(part, Piece) and part.start.path == at.path]
    own = next((p for p in pieces if 0 <= at.line - p.start.line <= p.text.count("\n")), None)
    if own is None:
        return ()
    same = [piece for piece in pieces if piece.indent == own.indent]
    found = {piece.start.line + n for piece in same for n in range(piece.text.count("\n") + 1) if _has(piece, n)}
    return sorted(found)


def _has(piece: Piece, number: int) -> bool:
    """Whether something of line `number` of a piece is in it: the last one may be empty."""
    return number < piece.text.count("\n") or not piece.text.endswith("\n")


def _indented(surface: Surface, at: Position, causes: Sequence[int]) -> Edit | None:
    first, last = causes[0], causes[-1]
    if last - first + 1 != len(causes):
        return None
    indent = surface.line(at)[: at.column - 1]
    texts = (surface.line(Position(at.path, number, 1)) for number in causes)
    return Edit(at.path, first, last, "\n".join(indent + text.lstrip() for text in texts))


def _moved(surface: Surface, misplaced: _Misplaced) -> Edit | None:
    """The terminator where the line begins for bash."""
    script, at = misplaced.here.word.script, misplaced.at
    body = script.plain[misplaced.here.word.start : misplaced.here.word.end].split("\n")
    found = next(text for text in body if text.strip() == misplaced.here.delimiter)
    stripped = at.column - 1 - (len(found) - len(found.lstrip()))
    return Edit(at.path, at.line, at.line, surface.line(at)[:stripped] + misplaced.here.delimiter)
