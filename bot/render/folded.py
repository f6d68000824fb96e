"""What our comments become when nothing is left to do about them: the words are kept, folded below one line."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.render.escape import code, inline
from rules.model import Acknowledgement

_FOLDED = re.compile(r"^.*\n\n<details><summary>What was said</summary>\n\n(.*)\n\n</details>$", re.DOTALL)
_HEADLINE = re.compile(r"\A(<!--[^\n]*-->\n)(?:\*\*|~~)([^\n]*?)(?:\*\*|~~)(?: [^\n]*)?$", re.MULTILINE)


def fixed(commit: str, *, by_push: bool) -> str:
    """The line above words about something that is gone. GitHub makes a link of the bare commit id.

    `by_push` is False where it was gone without any push: then the base branch, or the contract, has changed.
    """
    if by_push:
        return f"**Fixed in {commit[:7]}.**"
    return "**No longer found**, since the base branch changed."


def waived(by: Acknowledgement) -> str:
    if by.kind == "comment":
        return f"**Accepted** by {inline(by.note)}."
    return f"**Let stand** by the base branch: {code(f'{by.path}:{by.line}')}."


def settled(states: Collection[str], commit: str, *, by_push: bool) -> str:
    """The line behind the first sentence of a review of which nothing is left to do: all is "fixed" or "waived"."""
    if "waived" not in states:
        return fixed(commit, by_push=by_push)
    return "**Fixed, or accepted by a maintainer.**" if "fixed" in states else "**Accepted by a maintainer.**"


def again(commit: str) -> str:
    """The line above words about something that had been gone."""
    return f"**Here again in {commit[:7]}.**"


def fold(text: str, line: str) -> str:
    """`text` folded below `line`; what is folded already gets another line. A suggestion in it is for nobody now."""
    inner = _FOLDED.match(text)
    kept = inner[1] if inner else text.replace("```suggestion", "```")
    return f"{line}\n\n<details><summary>What was said</summary>\n\n{kept}\n\n</details>"


def headline(body: str, line: str | None) -> str:
    """The body of a review with its first sentence struck out and `line` behind it, or as it was at first (None).

    The sentence stands below one hidden line.
    """

    def rewritten(found: re.Match[str]) -> str:
        return f"{found[1]}**{found[2]}**" if line is None else f"{found[1]}~~{found[2]}~~ {line}"

    return _HEADLINE.sub(rewritten, body, count=1)
