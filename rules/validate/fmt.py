"""The white space of Terraform files: what ``terraform fmt -check`` would say, without Terraform.

How it is judged, and where it keeps silent, stands in `rules.sources.terraform.canonical`. One issue for each run of
lines; the way out is always the same command.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.sources.terraform.canonical import Misformatted, misformatted
from rules.sources.tree import Tree, Unreadable, read_text
from rules.validate.model import Issue

MAX_PER_FILE = 10
"""Runs of lines that are told of one file."""

MAX_FILES = 500
"""Terraform files that are judged in one tree."""

MAX_SHOWN = 120
"""Characters shown of a line."""


def validate_fmt(tree: Tree) -> Iterator[Issue]:
    """The lines of the tree's ``.tf`` files that ``terraform fmt`` would change."""
    paths = sorted(path for path, entry in tree.entries.items() if path.endswith(".tf") and entry.kind == "file")
    for path in paths[:MAX_FILES]:
        try:
            text = read_text(tree, path)
        except Unreadable:
            continue
        runs = list(_runs(misformatted(text)))
        for number, run in enumerate(runs[:MAX_PER_FILE], 1):
            more = len(runs) - number if number == MAX_PER_FILE else 0
            way_out = f"Run 'terraform fmt {path}'."
            yield Issue("fmt", "fmt", "ERROR", path, run[0].line, _told(run, more), path, way_out=way_out)


def _runs(lines: tuple[Misformatted, ...]) -> Iterator[list[Misformatted]]:
    run: list[Misformatted] = []
    for each in lines:
        if run and each.line > run[-1].line + 1:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _told(run: list[Misformatted], more: int) -> str:
    written = run[0].canonical
    shown = f"'{written[:MAX_SHOWN]}{'…' * (len(written) > MAX_SHOWN)}'" if written.strip() else "an empty line"
    lines = f"these {len(run)} lines in another way, the first as {shown}" if len(run) > 1 else f"this line as {shown}"
    places = f", and {more} other places of this file in another way" if more else ""
    return f"terraform fmt writes {lines}{places}."
