"""The order that the command lists items in: JavaScript's `localeCompare`, as far as file names need it."""

from __future__ import annotations

import unicodedata

# The root collation's order of what stands before letters: https://www.unicode.org/charts/collation/
_BEFORE_LETTERS = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
_RANKS = {character: rank for rank, character in enumerate(" " + _BEFORE_LETTERS)}


def collation_key(text: str) -> tuple[tuple[tuple[int, str], ...], str, str]:
    """Letters compare without accents and case first, then with accents, and last small before capital."""
    decomposed = unicodedata.normalize("NFD", text)
    base = "".join(character for character in decomposed if not unicodedata.combining(character))
    primary = tuple((_RANKS.get(character, len(_RANKS)), character.casefold()) for character in base)
    return primary, decomposed.casefold(), text.swapcase()
