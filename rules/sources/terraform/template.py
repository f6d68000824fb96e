"""Template text (heredocs, quoted strings, `templatefile` files) to parts with positions.

The rules are those of the HCL specification: ``$${`` and ``%%{`` escape, ``~`` strips white space, and ``<<-`` strips
the least indentation found on the lines that are not blank.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable

from msgspec import Struct

from rules.sources.terraform.syntax import (
    BadDirective,
    Expr,
    ForDirective,
    IfDirective,
    Interpolation,
    TemplatePart,
)
from rules.sources.text import Piece, Position

ParseExpression = Callable[[str, Position], Expr | None]

_MARK = re.compile(r"\$\$\{|%%\{|\$\{|%\{")
_ESCAPE = re.compile(r"\\(?:[nrt\"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|\$\$\{|%%\{")
_SIMPLE = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\", "$${": "${", "%%{": "%{"}
_FOR = re.compile(r"for\s+([\w-]+)(?:\s*,\s*([\w-]+))?\s+in\s+(.+)", re.DOTALL)


class Sequence(Struct, frozen=True):
    """``${ … }`` or ``%{ … }`` as found: its content, and whether it strips the white space before or after it.

    `closed` is False when the text ends inside it.
    """

    directive: bool
    source: str
    at: Position
    strip_before: bool = False
    strip_after: bool = False
    closed: bool = True


class If(Struct, frozen=True):
    condition: Expr
    at: Position


class For(Struct, frozen=True):
    key: str | None
    value: str
    collection: Expr
    at: Position


class Keyword(Struct, frozen=True):
    """`else`, `endif` or `endfor`."""

    word: str
    at: Position


Token = Piece | Interpolation | If | For | Keyword | BadDirective


class Stripping(Struct, frozen=True):
    """A token, and whether it strips the white space before or after it."""

    token: Token
    before: bool
    after: bool


def heredoc(body: str, start: Position, *, trim: bool, parse: ParseExpression) -> tuple[TemplatePart, ...]:
    """The parts of a heredoc's body (the lines between the two markers, final newline included)."""
    return assemble(_resolve(_scan(body, start, _least_indent(body) if trim else 0), parse))


def template_file(text: str, path: str, parse: ParseExpression) -> tuple[TemplatePart, ...]:
    """The parts of a file that is read by `templatefile()`."""
    return assemble(_resolve(_scan(text, Position(path, 1, 1), 0), parse))


def unescape(raw: str, start: Position) -> list[Piece]:
    """Pieces of the inside of a quoted string, with its backslash escapes and ``$${`` resolved."""
    pieces: list[Piece] = []
    whole = Piece(raw, start)
    cursor = 0
    for escape in _ESCAPE.finditer(raw):
        if cursor < escape.start():
            pieces.append(whole.slice(cursor, escape.start()))
        written = escape.group()
        text = _SIMPLE.get(written) or _character(int(written[2:], 16))
        pieces.append(Piece(text, whole.at(escape.start() + len(text) - 1)))
        cursor = escape.end()
    if cursor < len(raw):
        pieces.append(whole.slice(cursor, len(raw)))
    return pieces


def _character(code: int) -> str:
    """The character with this number; U+FFFD where there is none, as Go has it."""
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= code < 0xE000 or code > sys.maxunicode else chr(code)


def _scan(text: str, start: Position, indent: int) -> list[Piece | Sequence]:
    whole = Piece(text, start)
    found: list[Piece | Sequence] = []
    cursor = 0
    while (mark := _MARK.search(text, cursor)) is not None:
        found.extend(_literal(whole, cursor, mark.start(), indent))
        if len(mark.group()) == 3:
            found.append(Piece(mark.group()[1:], whole.at(mark.start() + 1)))
            cursor = mark.end()
            continue
        end = _sequence_end(text, mark.end())
        found.append(_sequence(whole, mark.start(), end))
        cursor = len(text) if end is None else end + 1
    found.extend(_literal(whole, cursor, len(text), indent))
    return found


def _literal(whole: Piece, start: int, end: int, indent: int) -> list[Piece]:
    """Literal text `start` to `end` of `whole`, less `indent` characters of each line that is not blank."""
    raw = whole.text[start:end]
    if not raw:
        return []
    if not indent:
        return [whole.slice(start, end)]
    lines = raw.splitlines(keepends=True) if "\r" not in raw else re.findall(r"[^\n]*\n|[^\n]+", raw)
    begins_line = start == 0 or whole.text[start - 1] == "\n"
    stripped = [
        line if (number == 0 and not begins_line) or (not line.strip() and line.endswith("\n")) else line[indent:]
        for number, line in enumerate(lines)
    ]
    shift = len(lines[0]) - len(stripped[0])
    return [Piece("".join(stripped), whole.at(start + shift), indent)]


def _least_indent(body: str) -> int:
    indents = [len(line) - len(line.lstrip()) for line in body.split("\n")[:-1] if line.strip()]
    return min(indents, default=0)


def _sequence_end(text: str, cursor: int) -> int | None:
    """Index of the ``}`` that closes a sequence whose content begins at `cursor`; None if the text ends before."""
    depth = 0
    while cursor < len(text):
        char = text[cursor]
        if char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return cursor
            depth -= 1
        elif char == '"':
            cursor = _string_end(text, cursor + 1)
        cursor += 1
    return None


def _string_end(text: str, cursor: int) -> int:
    """Index of the quote that closes a string whose content begins at `cursor`; the line's end if none does."""
    while cursor < len(text):
        char = text[cursor]
        if char == "\\":
            cursor += 1
        elif char == '"':
            return cursor
        elif char == "\n":
            return cursor - 1
        elif char in "$%" and text.startswith("{", cursor + 1) and text[cursor - 1] != char:
            end = _sequence_end(text, cursor + 2)
            if end is None:
                return cursor
            cursor = end
        cursor += 1
    return cursor


def _sequence(whole: Piece, start: int, end: int | None) -> Sequence:
    directive = whole.text[start] == "%"
    at = whole.at(start)
    if end is None:
        line = whole.text[start + 2 :].split("\n", 1)[0]
        return Sequence(directive, line, at, closed=False)
    inside = whole.text[start + 2 : end]
    before, after = inside.startswith("~"), inside.endswith("~")
    return Sequence(directive, inside[before : len(inside) - after], at, before, after)


def _resolve(found: list[Piece | Sequence], parse: ParseExpression) -> list[Token]:
    """Sequences to interpolations and directives."""
    return stripped(
        item if isinstance(item, Piece) else Stripping(_token(item, parse), item.strip_before, item.strip_after)
        for item in found
    )


def stripped(found: Iterable[Piece | Stripping]) -> list[Token]:
    """The tokens, with the white space that ``~`` strips taken away.

    Whatever the documentation says, HCL strips no further than one line: literal text reaches it line by line.
    """
    tokens: list[Token] = []
    strip_next = False
    for item in found:
        if isinstance(item, Piece):
            piece = _strip_left(item) if strip_next else item
            strip_next = False
            if piece.text:
                tokens.append(piece)
            continue
        last = tokens[-1] if tokens else None
        if item.before and isinstance(last, Piece):
            kept = _strip_right(last)
            tokens[-1:] = [kept] if kept.text else []
        strip_next = item.after
        tokens.append(item.token)
    return tokens


def _strip_left(piece: Piece) -> Piece:
    line = piece.text[: piece.text.find("\n") + 1] or piece.text
    return piece.slice(len(line) - len(line.lstrip()), len(piece.text))


def _strip_right(piece: Piece) -> Piece:
    line = piece.text[piece.text.rfind("\n", 0, len(piece.text) - 1) + 1 :]
    return piece.slice(0, len(piece.text) - len(line) + len(line.rstrip()))


def _token(sequence: Sequence, parse: ParseExpression) -> Token:
    source, at = sequence.source, sequence.at
    inside = Position(at.path, at.line, at.column + 2 + sequence.strip_before)
    if not sequence.directive:
        return Interpolation(parse(source, inside) if sequence.closed else None, source.strip(), at)
    word, rest = (*source.split(maxsplit=1), "", "")[:2]
    if word in ("else", "endif", "endfor"):
        return Keyword(word, at)
    if word == "if" and (condition := parse(rest, inside) if rest else None) is not None:
        return If(condition, at)
    if (loop := _FOR.match(source.strip())) and (collection := parse(loop.group(3), inside)) is not None:
        first, second = loop.group(1), loop.group(2)
        return For(first if second else None, second or first, collection, at)
    return BadDirective(source.strip(), at)


def assemble(tokens: Iterable[Token]) -> tuple[TemplatePart, ...]:
    """Flat tokens to nested parts; a directive without its counterpart becomes a `BadDirective`."""
    stream = list(tokens)
    parts, rest = _parts(stream, 0)
    while rest < len(stream):
        stray = stream[rest]
        if isinstance(stray, Keyword):
            parts = (*parts, BadDirective(stray.word, stray.at))
        more, rest = _parts(stream, rest + 1)
        parts += more
    return parts


def _parts(stream: list[Token], index: int) -> tuple[tuple[TemplatePart, ...], int]:
    """Parts from `index` to the next keyword (whose index is returned) or the end of the stream."""
    parts: list[TemplatePart] = []
    while index < len(stream):
        token = stream[index]
        if isinstance(token, Keyword):
            return tuple(parts), index
        if isinstance(token, If):
            part, index = _if(stream, index, token)
            parts.append(part)
        elif isinstance(token, For):
            body, end = _parts(stream, index + 1)
            parts.append(ForDirective(token.key, token.value, token.collection, body, token.at))
            index = end + 1
        else:
            parts.append(token)
            index += 1
    return tuple(parts), index


def _if(stream: list[Token], index: int, token: If) -> tuple[IfDirective, int]:
    then, end = _parts(stream, index + 1)
    otherwise: tuple[TemplatePart, ...] = ()
    closing = stream[end] if end < len(stream) else None
    if isinstance(closing, Keyword) and closing.word == "else":
        otherwise, end = _parts(stream, end + 1)
    return IfDirective(token.condition, then, otherwise, token.at), end + 1
