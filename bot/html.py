"""HTML that is safe by construction: text is escaped unless it is `Html` already."""

from __future__ import annotations

from html import escape


class Html(str):
    """Markup. Only `element` and a Markdown renderer make it."""

    __slots__ = ()


Content = str | None
"""Text (escaped), `Html` (as it is) or nothing."""


def join(*parts: Content) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts if part))


_VOID = frozenset({"br", "img", "input", "link", "meta"})
"""Elements that have no content and no end tag: https://html.spec.whatwg.org/multipage/syntax.html#void-elements"""


def element(name: str, /, *children: Content, **attributes: str | None) -> Html:
    """`element("a", "text", href=url)`; None leaves an attribute out.

    In an attribute's name ``_`` is a dash, and a final one is dropped (`for_`, `aria_label`).
    """
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    written = "".join(f' {key}="{escape(value)}"' for key, value in named if value is not None)
    return Html(f"<{name}{written}>" + ("" if name in _VOID else f"{join(*children)}</{name}>"))
