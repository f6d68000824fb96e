"""A Dockerfile as its instructions with their lines; a `RUN` body keeps the place of every character."""

from __future__ import annotations

import json
import re
import shlex
import warnings
from collections.abc import Iterator
from functools import lru_cache

import tree_sitter_dockerfile
from msgspec import Struct
from tree_sitter import Language, Node, Parser

from rules.sources.text import Part, Piece, Position, Text


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


@lru_cache(maxsize=1)
def _parser() -> Parser:
    with warnings.catch_warnings():
        # The grammar's wheel still hands its language over as an integer; it is pinned for that.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Parser(Language(tree_sitter_dockerfile.language()))


@lru_cache(maxsize=64)
def parse_dockerfile(text: str, path: str) -> Dockerfile:
    """The instructions of a Dockerfile, those inside `ONBUILD` included. Never raises."""
    source = text.replace("\r\n", "\n").encode()
    root = _parser().parse(source).root_node
    found = tuple(_instructions(root, source, path))
    return Dockerfile(path, found, tuple(sorted({node.start_point.row + 1 for node in _broken(root)})))


def _instructions(root: Node, source: bytes, path: str) -> Iterator[Instruction]:
    for node in root.children:
        if not node.type.endswith("_instruction"):
            continue
        if node.type == "onbuild_instruction":
            yield from _instructions(node, source, path)
            continue
        keyword = node.type.removesuffix("_instruction").upper()
        script = _body(Text(tuple(_script(node, source, path)))) if keyword == "RUN" else None
        flags = tuple(_text(child, source) for child in node.children if child.type in ("param", "mount_param"))
        end = node.end_point.row + (1 if node.end_point.column else 0)
        files = tuple(_files(node, source, path)) if keyword in ("COPY", "ADD") else ()
        yield Instruction(keyword, _words(node, source), flags, script, path, node.start_point.row + 1, end, files)


_NAME = re.compile(r"""<<(-?)["']?([^"']*)""")


def _files(node: Node, source: bytes, path: str) -> Iterator[tuple[str, Text]]:
    """The heredocs of a `COPY`; ``<<-`` takes tabs away in front of each line."""
    markers = [inner for child in node.children for inner in child.children if inner.type == "heredoc_marker"]
    blocks = [child for child in node.children if child.type == "heredoc_block"]
    for marker, block in zip(markers, blocks, strict=False):
        match = _NAME.match(_text(marker, source))
        lines = [child for child in block.children if child.type == "heredoc_line"]
        if match is not None:
            strip = "\t" if match[1] else ""
            yield match[2], Text(tuple(_line(line, source, path, strip) for line in lines))


def _line(line: Node, source: bytes, path: str, strip: str) -> Piece:
    text = _text(line, source)
    kept = text.lstrip(strip) if strip else text
    return Piece(kept + "\n", Position(path, line.start_point.row + 1, len(text) - len(kept) + 1))


_HEREDOC = re.compile(r"""\s*<<-?(["']?)(\w+)\1[ \t]*\n""")


def _body(script: Text) -> Text:
    """What a shell runs for ``RUN <<EOF``: the lines of the heredoc."""
    shown = script.show()
    match = _HEREDOC.match(shown)
    end = shown.rfind(f"\n{match[2]}") if match is not None else -1
    return script.slice(match.end(), end + 1) if match is not None and end >= 0 else script


def _text(node: Node, source: bytes) -> str:
    return source[node.start_byte : node.end_byte].decode()


_NO_WORDS = ("param", "line_continuation", "comment", "\n", "heredoc_block")


def _words(node: Node, source: bytes) -> tuple[str, ...]:
    if node.type == "run_instruction":
        return ()
    parts = [child for child in node.children[1:] if child.type not in _NO_WORDS]
    text = " ".join(_text(part, source) for part in parts)
    if text.startswith("["):
        try:
            words = json.loads(text)
        except ValueError:
            return tuple(text.split())
        return tuple(map(str, words)) if isinstance(words, list) else ()
    if node.type == "env_instruction":
        return tuple(_text(part, source) for part in parts)
    return tuple(text.split())


def _script(node: Node, source: bytes, path: str) -> Iterator[Part]:
    """The shell text of a `RUN`: a continued line goes on after a blank, comment lines are gone."""
    for child in node.children:
        if child.type in ("shell_command", "heredoc_block"):
            yield from _script(child, source, path)
        elif child.type in ("shell_fragment", "heredoc_line", "heredoc_end", "_heredoc_nl", "\n"):
            row, column = child.start_point.row, child.start_point.column
            line_start = source.rfind(b"\n", 0, child.start_byte) + 1
            characters = len(source[line_start : line_start + column].decode("utf-8", "replace"))
            yield Piece(_text(child, source), Position(path, row + 1, characters + 1))
        elif child.type == "line_continuation":
            yield Piece(" ", Position(path, child.start_point.row + 1, child.start_point.column + 1))
        elif child.type == "json_string_array":
            yield Piece(
                _command(_text(child, source)), Position(path, child.start_point.row + 1, child.start_point.column + 1)
            )


def _command(array: str) -> str:
    """``["a", "b c"]`` as a shell would be given it."""
    try:
        words = json.loads(array)
    except ValueError:
        return array
    return shlex.join(map(str, words)) if isinstance(words, list) else array


def _broken(node: Node) -> Iterator[Node]:
    if not node.has_error:
        return
    if node.is_error or node.is_missing:
        yield node
        return
    for child in node.children:
        yield from _broken(child)
