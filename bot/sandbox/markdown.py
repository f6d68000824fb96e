"""Markdown as GitHub's pages show it, near enough: tables, a few harmless tags, hidden comments, suggestion boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from bot.html import Html, element

HARMLESS = re.compile(r"</?(?:b|br|code|details|em|i|kbd|p|pre|strong|sub|summary|sup)>")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _clean(markup: str) -> str:
    """Raw HTML of a comment: tags without attributes from a short list, everything else as text."""
    visible = COMMENT.sub("", markup)
    kept, position = [], 0
    for tag in HARMLESS.finditer(visible):
        kept += [escape(visible[position : tag.start()]), tag[0]]
        position = tag.end()
    return "".join([*kept, escape(visible[position:])])


class _Renderer(RendererHTML):
    """The renderer of the library with raw HTML made harmless and suggestions drawn as changes."""

    def html_block(self, tokens: Sequence[Token], idx: int, *_: object, **__: object) -> str:
        return _clean(tokens[idx].content)

    html_inline = html_block

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        if token.info.strip() != "suggestion":
            return super().fence(tokens, idx, options, env)
        return _suggestion(env.get("replaced", ()), token.content.removesuffix("\n"))


def _suggestion(replaced: Sequence[str], text: str) -> Html:
    old = [element("div", f"- {line}", class_="del") for line in replaced]
    new = [element("div", f"+ {line}", class_="add") for line in text.split("\n") if text]
    return element("div", element("div", "Suggested change", class_="head"), *old, *new, class_="suggestion")


# GitHub breaks lines in comments where the text does.
_MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True}, renderer_cls=_Renderer).enable(
    ["table", "strikethrough"]
)


def render(text: str, replaced: Sequence[str] = ()) -> Html:
    """Markdown as HTML. `replaced` are the lines that a suggestion in it would replace."""
    return element("div", Html(_MARKDOWN.render(text, {"replaced": replaced})), class_="markdown")
