"""The white space of Terraform code as ``terraform fmt`` writes it.

Judged on tokens, by the three passes of HashiCorp's formatter (hclwrite, ``format.go``): the indentation of a line,
two spaces for each line that opened brackets and is still open; the space between two tokens of a line; and the
columns of `=` and of trailing comments, aligned over consecutive lines. The inside of strings, heredocs and comments
is never looked at. What the formatter rewrites besides white space (``"${var.x}"`` as ``var.x``, quotes around labels
and types) is not judged. Where a text cannot be split into tokens with certainty, nothing is said about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from msgspec import Struct, field

MAX_CHARS = 512 * 1024
"""Longer files are not judged."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t]*)
    (?:(?P<newline>\r?\n)
  | (?P<comment>(?:\#|//)[^\n]*(?:\n|\Z))
  | (?P<block_comment>/\*(?:(?!\*/).)*\*/)
  | (?P<heredoc><<-?(?P<word>[^\W\d][\w.-]*)\r?\n)
  | (?P<string>"[^"\\$%\n]*")
  | (?P<quote>")
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<identifier>[^\W\d][\w-]*)
  | (?P<operator>\.\.\.|::|[=!<>]=|=>|&&|\|\||[-+*/%!<>=?:.,(){}\[\]])
  | (?P<end>\Z))
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = frozenset("({["), frozenset(")}]")
# What may stand before a minus that negates. Anything else ends an expression, and the minus subtracts.
_BEFORE_NEGATION = frozenset(re.findall(r"\S+", "( { [ = : , ? + * / % - == != > >= < <= && || !"))
_IN_STRING = re.compile(r'[\n"\\$%{}]')
"""What may end a string or an interpolation, or begin one."""
_ESCAPED = ("$${", "%%{")
_TEMPLATE = ("${", "%{")


class Misformatted(Struct, frozen=True):
    """A line (1-based) that the formatter would write as `canonical`."""

    line: int
    canonical: str


class _Unsure(Exception):
    """The text cannot be split into tokens with certainty."""


class _Token(Struct):
    kind: str
    text: str
    line: int
    found: str
    """The white space in front of it."""
    spaces: int = 0

    @property
    def bracket(self) -> int:
        return (self.text in _OPENING) - (self.text in _CLOSING)

    @property
    def is_newline(self) -> bool:
        return self.kind == "newline" or (self.kind == "comment" and self.text.endswith("\n"))


class _Line(Struct):
    """The tokens of one line: up to the `=` of an attribute, from there on, and the comment at its end."""

    lead: list[_Token]
    assign: list[_Token] = field(default_factory=list)
    comment: list[_Token] = field(default_factory=list)

    @property
    def tokens(self) -> list[_Token]:
        return [*self.lead, *self.assign, *self.comment]


@lru_cache(maxsize=64)
def misformatted(text: str, only: frozenset[int] | None = None) -> tuple[Misformatted, ...]:
    """The lines whose white space ``terraform fmt`` would change, in order; () also where that is not sure.

    `only` are the lines that are asked about, all of them if not given.
    """
    if len(text) > MAX_CHARS:
        return ()
    try:
        lines = [_cells(tokens) for tokens in _lines(_tokens(text))]
    except _Unsure:
        return ()
    _indent(lines)
    found = (each for stretch in _stretches(lines, only) for each in _rewritten(stretch))
    return tuple(each for each in found if only is None or each.line in only)


def _stretches(lines: Iterable[_Line], only: frozenset[int] | None) -> Iterator[list[_Line]]:
    """Lines in a row, as far as the columns of one may depend on another's: those with one that is asked about."""
    for _, group in groupby(lines, lambda line: bool(line.assign or line.comment)):
        stretch = list(group)
        if only is None or any(token.line in only for line in stretch for token in line.tokens):
            yield stretch


def _rewritten(lines: list[_Line]) -> Iterator[Misformatted]:
    for line in lines:
        _space(line)
    _align(lines, lambda line: line.assign, lambda line: line.lead)
    _align(lines, lambda line: line.comment, lambda line: [*line.lead, *line.assign])
    changed = dict.fromkeys(token.line for line in lines for token in line.tokens if token.found != " " * token.spaces)
    written = _written(lines) if changed else {}
    yield from (Misformatted(number, written[number]) for number in changed)


def _tokens(text: str) -> Iterator[_Token]:
    position, line = 0, 1
    while True:
        found = _TOKEN.match(text, position)
        if found is None:
            raise _Unsure
        space, kind, end = found["space"], str(found.lastgroup), found.end()
        if kind == "end":
            return
        if kind == "heredoc":
            end = _heredoc_end(text, end, found["word"])
        elif kind == "quote":
            kind, end = "string", _string_end(text, end)
        start = position + len(space)
        yield _Token(kind, text[start:end], line, space)
        line += text.count("\n", start, end)
        position = end


def _heredoc_end(text: str, start: int, word: str) -> int:
    terminator = re.compile(rf"^[ \t]*{re.escape(word)}(?=\r?$)", re.MULTILINE)
    found = terminator.search(text, start)
    if found is None:
        raise _Unsure
    return found.end()


def _string_end(text: str, start: int) -> int:
    """The place after a string's closing quote; strings inside its interpolations have theirs.

    Raises:
        _Unsure: it is not closed on its line.
    """
    depth = [0]  # open braces in each string and interpolation that is open; the string itself never has any
    position = start
    while found := _IN_STRING.search(text, position):
        position, character = found.start(), found[0]
        in_string = len(depth) % 2 == 1
        if character == "\n":
            raise _Unsure
        if in_string and (character == "\\" or text.startswith(_ESCAPED, position)):
            position += 2 if character == "\\" else 3
        elif in_string and text.startswith(_TEMPLATE, position):
            depth.append(0)
            position += 2
        else:
            if character == '"':
                depth = depth[:-1] if in_string else [*depth, 0]
                if not depth:
                    return position + 1
            elif not in_string and character == "{":
                depth[-1] += 1
            elif not in_string and character == "}":
                if depth[-1]:
                    depth[-1] -= 1
                else:
                    depth.pop()
            position += 1
    raise _Unsure


def _lines(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    line: list[_Token] = []
    for token in tokens:
        line.append(token)
        if token.is_newline:
            yield line
            line = []
    if line:
        yield line


def _cells(tokens: list[_Token]) -> _Line:
    line = _Line(tokens)
    if len(tokens) > 1 and tokens[-1].kind == "comment":
        line.lead, line.comment = tokens[:-1], tokens[-1:]
    equals = next((n for n, token in enumerate(line.lead) if n and token.text == "="), None)
    # A value that goes on over the next lines is not aligned.
    if equals is not None and not sum(token.bracket for token in line.lead[equals:]):
        line.lead, line.assign = line.lead[:equals], line.lead[equals:]
    return line


def _indent(lines: Iterable[_Line]) -> None:
    """Two spaces for each line above that opened brackets which are still open, however many it opened."""
    opened: list[int] = []
    for line in lines:
        first = line.lead[0]
        if first.kind == "newline":
            continue
        change = sum(token.bracket for token in (*line.lead, *line.assign))
        closed = -change
        while closed > 0 and opened:
            taken = min(closed, opened[-1])
            opened[-1] -= taken
            closed -= taken
            if not opened[-1]:
                opened.pop()
        first.spaces = 2 * len(opened)
        if change > 0:
            opened.append(change)


def _space(line: _Line) -> None:
    for cell in (line.lead, line.assign):
        for number, token in enumerate(cell[1:]):
            before = cell[number - 1] if number else None
            token.spaces = int(_is_spaced(before, cell[number], token))


def _is_spaced(before: _Token | None, token: _Token, after: _Token) -> bool:
    """Whether a space stands between `token` and `after`."""
    text, following = token.text, after.text
    if after.kind == "newline" or following in (",", "..."):
        return False
    if token.kind == "identifier" and following in ("(", "::"):
        return False
    if (text == "::" and after.kind == "identifier") or text == "." or following == ".":
        return False
    if text == ",":
        return True
    if text == "in" and before is not None and before.kind == "identifier":
        return True
    if following == "[" and (token.kind in ("identifier", "number") or token.bracket < 0):
        return False
    if text == "!":
        return False
    if text == "-":
        return before is not None and before.text not in _BEFORE_NEGATION
    if text == "{" or following == "}":
        return not (text == "{" and following == "}")
    return token.bracket <= 0 <= after.bracket


Cell = Callable[[_Line], list[_Token]]


def _align(lines: Sequence[_Line], cell: Cell, left: Cell) -> None:
    """One column for `cell` over each run of lines that have it, one space right of the longest `left`."""
    run: list[_Line] = []
    for line in [*lines, None]:
        if line is not None and cell(line):
            run.append(line)
            continue
        widths = [_width(left(each)) for each in run]
        for each, width in zip(run, widths, strict=True):
            first = cell(each)[0]
            # How wide other characters than ASCII are is for the terminal to say: the column is taken as it is.
            known = None not in widths and width is not None
            first.spaces = max(filter(None, widths)) - width + 1 if known and width is not None else len(first.found)
        run = []


def _width(tokens: Iterable[_Token]) -> int | None:
    total = 0
    for token in tokens:
        if not token.text.isascii():
            return None
        total += token.spaces + len(token.text)
    return total


def _written(lines: Sequence[_Line]) -> dict[int, str]:
    """Every line as the formatter writes it."""
    first = lines[0].lead[0].line
    text = "".join(" " * token.spaces + token.text for line in lines for token in line.tokens)
    return {number: line.rstrip("\r") for number, line in enumerate(text.split("\n"), first)}
