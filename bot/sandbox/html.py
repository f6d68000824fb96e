"""HTML that is safe by construction: text is escaped unless it is `Html` already."""

from __future__ import annotations

from html import escape


class Html(str):
    """Markup. Only `element` and the Markdown renderer make it."""

    __slots__ = ()


Content = str | None
"""Text (escaped), `Html` (as it is) or nothing."""


def join(*parts: Content) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts if part))


def element(name: str, *children: Content, **attributes: str | None) -> Html:
    """`element("a", "text", href=url)`; a final underscore of an attribute's name is dropped, None leaves it out."""
    written = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items() if value is not None)
    return Html(f"<{name}{written}>{join(*children)}</{name}>")
