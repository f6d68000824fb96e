"""Shell expansions in a Terraform heredoc are escaped.

## What it does

Reports `${NAME}`, `${NAME:-default}`, `${1}` or `%{…}` in a script that Terraform reads as its own interpolation, where
nothing in Terraform has that name.

## Why it matters

Terraform replaces `${…}` before bash ever sees the script. A name that Terraform does not know stops `terraform apply`
with an error; one that it happens to know puts the wrong text into the script. Either way the workspace does not start
as written.

## Bad

```hcl
startup_script = <<-EOT
  echo "port ${PORT:-80}"
EOT
```

## Good

```hcl
startup_script = <<-EOT
  echo "port $${PORT:-80}"
EOT
```

## Fix

Write `$${NAME}` (or plain `$NAME`) for the shell, and `${var.name}` for Terraform. For a literal `%{`, write `%%{`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules.model import Edit, Span, Violation
from rules.sources.terraform.evaluate import NO_DIRECTIVE, NO_EXPRESSION, NO_NAME
from rules.sources.text import Hole, Piece
from rules.workspace.template import Script, Workspace

ID = "W-1"
REQUIREMENT = "Required Agent Boot Sequence"
CLAUSES = {"": "execute boot steps order"}


def check(workspace: Workspace) -> Iterator[Violation]:
    for script in (*workspace.scripts, *workspace.provisioners):
        by_line: dict[tuple[str, int], list[Hole]] = defaultdict(list)
        for part in script.text.parts:
            hole = part if isinstance(part, Hole) else _parameter(workspace, part)
            if hole is not None and hole.reason in (NO_NAME, NO_EXPRESSION, NO_DIRECTIVE):
                by_line[hole.start.path, hole.start.line].append(hole)
        for (path, number), holes in by_line.items():
            yield _violation(workspace, script, path, number, holes)


def _parameter(workspace: Workspace, piece: Piece) -> Hole | None:
    """``${1}``: a number for Terraform, and an argument for the shell."""
    if not piece.text.isdecimal():
        return None
    lines = workspace.evaluator.source.lines.get(piece.start.path, [])
    text = lines[piece.start.line - 1] if piece.start.line <= len(lines) else ""
    written = text.startswith(f"${{{piece.text}}}", piece.start.column - 1)
    return Hole(piece.text, NO_NAME, piece.start) if written else None


def _violation(workspace: Workspace, script: Script, path: str, number: int, holes: list[Hole]) -> Violation:
    lines = workspace.evaluator.source.lines.get(path, [])
    text = lines[number - 1].rstrip("\r") if number <= len(lines) else ""
    written = [f"{text[hole.start.column - 1 : hole.start.column] or '$'}{{{hole.expression}}}" for hole in holes]
    for hole in sorted(holes, key=lambda hole: -hole.start.column):
        column = hole.start.column - 1
        text = f"{text[:column]}{text[column : column + 1]}{text[column:]}"
    shown = ", ".join(f"`{each}`" for each in written)
    them = "them" if len(written) > 1 else "it"
    right = ", ".join(f"`{each[0]}{each}`" for each in written)
    return Violation(
        rule=ID,
        template=workspace.template,
        address=f"{script.address}/escape",
        evidence=", ".join(hole.expression for hole in holes),
        span=Span(path, number, number),
        level="warning",
        message=f"Terraform puts a text of its own in place of {shown}: the shell never sees {them}.",
        trail=(workspace.step(holes[0].start),),
        related=("BOOT",),
        edit=Edit(path, number, number, text),
        fix=f"Write {right}: of the two signs Terraform leaves the shell one.",
    )
