"""Commands in comments: ``/wrc VERB`` on a line of its own.

A line counts where a reader sees it as the author's own plain text: not in code, a quote, a list, an HTML comment or a
folded block. The comment is Markdown, so a Markdown parser decides that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_COMMENT_CHARACTERS = 65_536
"""GitHub's own bound; a longer text is not looked at."""

_COMMAND = re.compile(r"/wrc[ \t]+([a-z][a-z-]*)[ \t]*(.*)", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark")
_LINE_BREAKS = ("softbreak", "hardbreak")
_PLAIN = ("text", "text_special")
_NEVER = ("html_inline", "image")


@dataclass(frozen=True, slots=True)
class Command:
    verb: str
    arguments: str


def parse_commands(text: str) -> tuple[Command, ...]:
    """The commands in a comment, in order; words after the verb are its arguments. Verbs are in lower case."""
    if "/wrc" not in text.lower() or len(text) > MAX_COMMENT_CHARACTERS:
        return ()
    matches = (_COMMAND.fullmatch(line.strip()) for line in _plain_lines(text))
    return tuple(Command(match[1].lower(), match[2]) for match in matches if match)


def _plain_lines(text: str) -> Iterator[str]:
    """Lines of top-level paragraphs that begin with a command in plain text; markup in its arguments is left out."""
    tokens = _MARKDOWN.parse(text)
    for opening, inline in pairwise(tokens):
        if inline.type == "inline" and opening.level == 0 and _is_paragraph(opening):
            yield from _split(inline.children or [])


def _is_paragraph(token: Token) -> bool:
    """A mail signature's ``--`` turns the paragraph above it into an underlined heading, so that counts as well."""
    return token.type == "paragraph_open" or (token.type == "heading_open" and token.markup in ("-", "="))


def _split(children: list[Token]) -> Iterator[str]:
    line: list[Token] = []
    for token in [*children, Token("softbreak", "br", 0)]:
        if token.type not in _LINE_BREAKS:
            line.append(token)
            continue
        leading = "".join(part.content for part in takewhile(lambda part: part.type in _PLAIN, line))
        if _COMMAND.match(leading.lstrip()) and all(part.type not in _NEVER for part in line):
            yield "".join(part.content for part in line)
        line = []
