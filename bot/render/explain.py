"""``wrc explain``: a rule's page, or the catalogue of all rules."""

from __future__ import annotations

from io import StringIO
from textwrap import fill

from rich.console import Console
from rich.markdown import Markdown

from rules.pages import catalogue, page
from rules.registry import Entry


def render(rule: Entry, *, width: int = 80, terminal: bool = False, colour: bool = False) -> str:
    """The page of `rule`: as Markdown, or laid out for a `terminal` that has `width` columns."""
    if not terminal:
        return page(rule)
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=True, no_color=not colour, legacy_windows=False)
    console.print(Markdown(page(rule)))
    return out.getvalue()


def render_catalogue(*, width: int = 80) -> str:
    """Every rule with its requirement and its title."""
    lines = []
    for rule, requirement, title in catalogue():
        lines.append(f"{rule:<6}  {requirement}")
        lines.append(fill(title, max(width, 40), initial_indent=" " * 8, subsequent_indent=" " * 8))
    return "\n".join([*lines, "", "'wrc explain ID' shows the page of a rule.", ""])
