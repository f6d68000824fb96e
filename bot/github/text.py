"""Cutting text to what GitHub accepts."""

from __future__ import annotations

CUT = "\n\n… cut here: GitHub accepts no longer text. `wrc check` shows everything."


def clip(text: str, limit: int, note: str = CUT) -> str:
    """`text`, or as many of its first lines as fit in `limit` characters together with `note`."""
    if len(text) <= limit:
        return text
    room = text[: limit - len(note)]
    return (room.rpartition("\n")[0] or room) + note
