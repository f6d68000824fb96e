"""A Dockerfile as its instructions with their lines; a `RUN` body keeps the place of every character.

It is read as BuildKit reads it. That is done here, since the grammars there are refuse some of what BuildKit takes.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from rules.sources.text import Piece, Position, Text


class Instruction(Struct, frozen=True, dict=True):
    """`keyword` is upper case. `words` are the arguments without flags; `script` is the shell text of a `RUN`.

    `files` are what ``COPY <<name`` writes in place: (name, text), line by line where it is written.
    """

    keyword: str
    words: tuple[str, ...]
    flags: tuple[str, ...]
    script: Text | None
    path: str
    start: int
    end: int
    files: tuple[tuple[str, Text], ...] = ()


class Dockerfile(Struct, frozen=True, dict=True):
    """`broken` holds the 1-based lines that could not be read."""

    path: str
    instructions: tuple[Instruction, ...]
    broken: tuple[int, ...]


class _Heredoc(Struct, frozen=True):
    """The lines `start` to `end` (exclusive) of the file, 0-based; the line that ends it is the next one."""

    name: str
    strips_tabs: bool
    start: int
    end: int


_KEYWORDS = frozenset(
    {
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"),
        *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)
_HAS_HEREDOCS = frozenset({"RUN", "COPY", "ADD", "ONBUILD"})
_MAY_BE_JSON = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "SHELL", "VOLUME"})
_COMMENT = re.compile(r"\s*#")
_DIRECTIVE = re.compile(r"\s*#\s*(?P<name>\w+)\s*=\s*(?P<value>\S+)\s*$")
_HEAD = re.compile(r"\s*(\S+)\s*")
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+""", re.DOTALL)
_FLAG = re.compile(rf"(--{_WORD.pattern})\s*", re.DOTALL)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)
_MARKER = re.compile(r"""\d*<<(?P<tabs>-?)(["']?)(?P<name>[^\s<"']+)\2""")
_SHELL = re.compile(r"#!.*sh\b")


@lru_cache(maxsize=64)
def parse_dockerfile(text: str, path: str) -> Dockerfile:
    """The instructions of a Dockerfile but for those that `ONBUILD` puts off to other images. Never raises."""
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Instruction] = []
    broken: list[int] = []
    goes_on = _goes_on(lines)
    index = 0
    while index < len(lines):
        if _is_empty(lines[index]):
            index += 1
            continue
        start = index
        statement, index = _statement(lines, index, path, goes_on)
        keyword, flags, rest = _parts(statement)
        heredocs: list[_Heredoc] = []
        for name, strips_tabs in _markers(rest.show()) if keyword in _HAS_HEREDOCS else ():
            end = _end_of(lines, index, name, strips_tabs=strips_tabs)
            heredocs.append(_Heredoc(name, strips_tabs, index, end))
            index = end + 1
        if keyword not in _KEYWORDS or index > len(lines):
            broken.append(start + 1)
        elif keyword != "ONBUILD":
            script = _script(rest, lines, heredocs, path) if keyword == "RUN" else None
            files = tuple((each.name, _lines(lines, each, path)) for each in heredocs if script is None)
            words = tuple(_words(keyword, rest.show()))
            found.append(Instruction(keyword, words, flags, script, path, start + 1, index, files))
    return Dockerfile(path, tuple(found), tuple(broken))


def _goes_on(lines: Sequence[str]) -> re.Pattern[str]:
    """What ends a line that the next one continues; ``# escape=`` can make it another character."""
    escape = "\\"
    for line in lines:
        match = _DIRECTIVE.match(line)
        if match is None:
            break
        if match["name"].lower() == "escape":
            escape = match["value"]
    return re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*$")


def _is_empty(line: str) -> bool:
    return not line.strip() or _COMMENT.match(line) is not None


def _statement(lines: Sequence[str], index: int, path: str, goes_on: re.Pattern[str]) -> tuple[Text, int]:
    """The statement that begins at a line, without the comments in it, and the index of the line after it."""
    pieces: list[Piece] = []
    end = index
    while index < len(lines):
        line = lines[index]
        index += 1
        if pieces and _is_empty(line):
            continue
        end = index
        last = goes_on.search(line)
        pieces.append(Piece(line[: last.start()] if last is not None else line, Position(path, index, 1)))
        if last is None:
            break
    return Text(tuple(piece for piece in pieces if piece.text)), end


def _parts(statement: Text) -> tuple[str, tuple[str, ...], Text]:
    """The keyword, the flags and what comes after them."""
    shown = statement.show()
    head = _HEAD.match(shown)
    keyword, at = (head[1].upper(), head.end()) if head is not None else ("", 0)
    flags: list[str] = []
    while (flag := _FLAG.match(shown, at)) is not None:
        flags.append(_plain(flag[1]))
        at = flag.end()
    return keyword, tuple(flags), statement.slice(at, len(shown.rstrip()))


def _plain(word: str) -> str:
    """A word without its quotes."""
    return _QUOTED.sub(lambda match: match[1] or match[2] or match[3] or "", word)


def _words(keyword: str, rest: str) -> Iterator[str]:
    array = _array(rest) if keyword in _MAY_BE_JSON else None
    if array is not None:
        yield from array
    elif keyword in ("ENV", "LABEL") and "=" not in rest.partition(" ")[0]:
        name, _, value = rest.partition(" ")
        yield f"{name}={_plain(value.strip())}"
    elif keyword in ("ARG", "ENV", "LABEL", "ADD", "COPY"):
        yield from (_plain(word) for word in _WORD.findall(rest))
    elif keyword in ("USER", "WORKDIR"):
        yield _plain(rest)
    elif keyword != "RUN":
        yield from rest.split()


def _array(text: str) -> list[str] | None:
    """The words of the JSON form; what only looks like it is for the shell: ``[ -f /file ] || true``."""
    try:
        words = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


# Heredocs


def _markers(rest: str) -> Iterator[tuple[str, bool]]:
    """The heredocs that a statement begins: their names, and whether they take tabs away in front of each line."""
    for word in _WORD.findall(rest) if "<<" in rest else ():
        match = _MARKER.fullmatch(word)
        if match is not None:
            yield match["name"], bool(match["tabs"])


def _end_of(lines: Sequence[str], index: int, name: str, *, strips_tabs: bool) -> int:
    """The index of the line that ends a heredoc; one that nothing ends goes on to the end of the file."""
    while index < len(lines) and (lines[index].lstrip("\t") if strips_tabs else lines[index]) != name:
        index += 1
    return index


def _lines(lines: Sequence[str], heredoc: _Heredoc, path: str) -> Text:
    """What a heredoc writes, line by line."""
    pieces: list[Piece] = []
    for index in range(heredoc.start, heredoc.end):
        kept = lines[index].lstrip("\t") if heredoc.strips_tabs else lines[index]
        pieces.append(Piece(f"{kept}\n", Position(path, index + 1, len(lines[index]) - len(kept) + 1)))
    return Text(tuple(pieces))


def _script(rest: Text, lines: Sequence[str], heredocs: Sequence[_Heredoc], path: str) -> Text:
    """The shell text of a `RUN`: for ``RUN <<EOF`` what is in the heredoc, for the JSON form the same as a command."""
    shown = rest.show()
    array = _array(shown)
    if array is not None:
        return Text.literal(shlex.join(array), rest.at(0) or Position(path, 1, 1))
    if not heredocs:
        return rest
    first = heredocs[0]
    body = lines[first.start : first.end]
    if _MARKER.fullmatch(shown):
        if not body or not body[0].startswith("#!") or _SHELL.match(body[0]):
            return Text.literal("".join(f"{line}\n" for line in body), Position(path, first.start + 1, 1))
        rest = Text.literal(f"{body[0][2:].strip()} ", Position(path, first.start + 1, 1)) + rest
    below = "".join(f"\n{line}" for line in lines[first.start : heredocs[-1].end + 1])
    after = Position(path, first.start, len(lines[first.start - 1]) + 1)
    return rest + Text.literal(below, after)
