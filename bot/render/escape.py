"""Text from a repository made harmless for the place where it is shown.

Whoever opens a pull request chooses paths, values and file contents; none of it may act in a terminal or in Markdown.
"""

from __future__ import annotations

import json
import re
from itertools import takewhile
from urllib.parse import quote

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_MARKUP = re.compile(r"[\\`*\[\]~|$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BLOCK_START = re.compile(r"^([#+=-]|\d+(?=[.)]))")
_AUTOLINK = re.compile(r"@|#(?=\d)|\bGH-(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_NO_BREAK = "\u200b"
"""Shows nothing, and keeps what is on its two sides from being read as one."""


def plain(text: str) -> str:
    """One line without control characters: no terminal escapes, no line breaks, no bidirectional tricks.

    GitHub Actions takes ``##[`` for a command anywhere in a log.
    """
    return _CONTROL.sub(" ", text).replace("##[", f"##{_NO_BREAK}[").strip()


def inline(text: str) -> str:
    """`text` as one line of Markdown: its `code` spans stay code, nothing else in it is markup, link or mention."""
    parts = _CODE_SPAN.split(plain(text))
    marked = "".join(code(part) if index % 2 else _literal(part) for index, part in enumerate(parts))
    return _BLOCK_START.sub(lambda match: f"\\{match[0]}" if not match[0].isdigit() else f"{match[0]}\\", marked)


def _literal(text: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return _AUTOLINK.sub(lambda match: match[0] + _NO_BREAK, escaped)


def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds."""
    shown = plain(text) or " "
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def cell(markdown: str) -> str:
    """Inline Markdown as a table cell: there a pipe ends the cell even inside code."""
    return re.sub(r"(?<!\\)\|", r"\\|", markdown)


def block(text: str, language: str) -> str:
    """`text` as a fenced block that it cannot close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}" if text else f"{fence}{language}\n{fence}"


def link(text: str, url: str) -> str:
    return f"[{inline(text)}]({quote(url, safe=':/?#@!$&*+,;=%~')})"


def logged(text: str) -> str:
    """Lines for a log, none of which GitHub Actions takes for a command: there ``::`` begins one."""
    return re.sub(r"^(\s*):(?=:)", rf"\1:{_NO_BREAK}", text, flags=re.MULTILINE)


def dumped(data: object) -> str:
    """JSON, with an escape where GitHub Actions would take ``##[`` in a log for a command."""
    return json.dumps(data, indent=2).replace("##[", "##\\u005b") + "\n"


def unlinked(text: str) -> str:
    """`text` as plain text of SARIF, in which ``[words](place)`` would be a link."""
    return plain(text).replace("](", f"]{_NO_BREAK}(")


def shorten(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def contrast(before: str, after: str, limit: int) -> tuple[str, str]:
    """Both texts within `limit` characters, and so that one sees where they differ."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    if same <= limit // 2:
        return shorten(before, limit), shorten(after, limit)
    start = same - limit // 4
    return shorten(f"…{before[start:]}", limit), shorten(f"…{after[start:]}", limit)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
