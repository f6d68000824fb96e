"""A masked script as a tree-sitter-bash tree, with what could not be read as bash."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_bash
from msgspec import Struct, field
from tree_sitter import Language, Node, Parser, Range

from rules.sources.shell.mask import Heredoc, Masked, mask, mask_body
from rules.sources.shell.program import ScriptProblem, Word
from rules.sources.shell.script import Script

_LANGUAGE = Language(tree_sitter_bash.language())

MAX_SYNTAX_PROBLEMS = 20
"""Syntax problems listed for one script; one broken quote can cause hundreds."""

_EMPTY = re.compile(rb"(then|else|do|\{)(?=\s)(?:\s|(?<=\s)#[^\n]*\n)*(fi|elif|else|done|\})(?![\w-])")
"""A block without a command, which the grammar takes and bash does not."""


class Parsed(Struct, frozen=True):
    """`root` has offsets of `script`.

    `literals` keeps the words without expansions, by offset, and None for one that has some: evaluated once, however
    often the place is reached.
    """

    script: Script
    masked: Masked
    root: Node
    problems: tuple[ScriptProblem, ...]
    literals: dict[int, Word | None] = field(default_factory=dict)


def parse(script: Script) -> Parsed:
    masked = mask(script)
    root = Parser(_LANGUAGE).parse(masked.code).root_node
    # What a heredoc without end swallows is missing for no other reason.
    swallowed = min(
        (each.operator for each in masked.heredocs.values() if not each.terminated), default=len(script.plain)
    )
    broken = (each for offset, each in _syntax_problems(script, root) if offset <= swallowed)
    problems = (
        *_heredoc_problems(script, masked),
        *_depth_problem(script, masked),
        *broken,
        *_empty_blocks(script, masked, root),
    )
    return Parsed(script, masked, root, problems)


def parse_body(script: Script, heredoc: Heredoc) -> Parsed:
    """The expansions of an unquoted heredoc body, as the one string node of a program."""
    masked = mask_body(script, heredoc)
    window = Range((0, 0), (0, 0), heredoc.start - 1, heredoc.end + 1)
    root = Parser(_LANGUAGE, included_ranges=[window]).parse(masked.code).root_node
    return Parsed(script, masked, root, tuple(each for _, each in _syntax_problems(script, root)))


def _heredoc_problems(script: Script, masked: Masked) -> Iterator[ScriptProblem]:
    for heredoc in masked.heredocs.values():
        if not heredoc.terminated:
            message = (
                f"the heredoc <<{heredoc.delimiter} that starts here is never closed: no line below is exactly "
                f"'{heredoc.delimiter}', so bash reads the rest of the script as its text"
            )
            yield ScriptProblem("heredoc", script.at(heredoc.operator), message)


def _depth_problem(script: Script, masked: Masked) -> Iterator[ScriptProblem]:
    if masked.too_deep is not None:
        message = "quotes and substitutions are nested too deeply here; what follows may be misread"
        yield ScriptProblem("bound", script.at(masked.too_deep), message)


def _syntax_problems(script: Script, root: Node) -> Iterator[tuple[int, ScriptProblem]]:
    """With the offset at which each stands."""
    found = 0
    stack = [root] if root.has_error else []
    while stack and found < MAX_SYNTAX_PROBLEMS:
        node = stack.pop()
        if node.is_missing:
            if not _bare_assignment(node):
                found += 1
                message = f"bash expects '{node.type}' here"
                yield node.start_byte, ScriptProblem("syntax", script.at(node.start_byte), message)
            continue
        if node.type == "ERROR":
            found += 1
            shown = script.show(node.start_byte, node.end_byte).split("\n", 1)[0].strip()[:60]
            yield node.start_byte, ScriptProblem("syntax", script.at(node.start_byte), f"not readable as bash: {shown}")
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)


def _empty_blocks(script: Script, masked: Masked, root: Node) -> Iterator[ScriptProblem]:
    for found in _EMPTY.finditer(masked.code):
        opens, closes = found[1].decode(), found[2].decode()
        token = root.descendant_for_byte_range(found.start(1), found.end(1))
        if token is not None and token.type == opens and not token.is_named:
            message = f"bash expects a command between '{opens}' and '{closes}'"
            yield ScriptProblem("syntax", script.at(found.start(2)), message)


def _bare_assignment(missing: Node) -> bool:
    """``A=b > file`` is fine in bash; the grammar wants a command name after it."""
    name = missing.parent
    command = name.parent if name is not None else None
    return command is not None and command.type == "command" and command.children[0].type == "variable_assignment"
