"""Simple commands: words, assignments and redirections to a `Command`, and what the command does to the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace
from tree_sitter import Node

from rules.sources.shell.builtins import Builtins
from rules.sources.shell.conditions import NOTHING, Outcome, evaluate, operands, tested
from rules.sources.shell.expand import descendants
from rules.sources.shell.parse import parse_body
from rules.sources.shell.program import Assignment, Command, HereText, Redirect, ScriptProblem, Test, Unresolved, Word
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.state import Context, Element, Parts, State
from rules.sources.shell.values import EMPTY, Value, concat, literal, unknown
from rules.sources.shell.wrappers import base_name, is_wrapper, peel

if TYPE_CHECKING:
    from rules.sources.shell.walk import Walk

Item = tuple[Value | None, Value]
"""An element of an array with its key; the next number if it has none."""

_DECLARES = frozenset({"export", "declare", "typeset", "local", "readonly"})
_CLOSING = frozenset({"}", "fi", "done", "esac", "then", "elif", "else", "do"})
_MORE = re.compile(r"""[;&|<>()$`{}'"\\#*?\[~\n]""")
"""What makes an alias more than words."""
_REFERS = re.compile(r"-\w*n\w*")
_KEYED = re.compile(r"\[([^\]\n]+)\]\+?=")
_CONSTANT = frozenset({"true", ":", "echo", "printf"})
"""Commands whose success says nothing."""


class Simple:
    """Evaluates simple commands in the order that bash does: words, redirections, assignments."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._builtins = Builtins(walk)

    def handlers(self, state: State) -> None:
        self._builtins.handlers(state)

    # Statements

    def command(self, element: Element, context: Context, state: State) -> Outcome:
        parts = element.parts
        if parts is None:
            parts = element.parts = _parts(element)
        assigned, redirects, extent = parts.assigned, parts.redirects, parts.extent
        if parts.name is None:
            return self._plain(assigned, redirects, extent, context, state)
        if len(assigned) > 1:
            *before, last = _lines([*assigned, parts.name], context.parsed.script.plain)
            for line in before:
                self._plain(line, [], (line[0].start_byte, line[-1].end_byte), context, state)
            assigned, extent = last[:-1], (last[0].start_byte if before else extent[0], extent[1])
        if self._misplaced(parts.name, context):
            return NOTHING
        expander = self._walk.expander
        words = [word for node in parts.arguments for word in expander.words(node, context, state)]
        words = _unaliased(words, state) if state.expands_aliases else words
        given = tuple([self._assignment(node, context, state.copy())[0] for node in assigned])
        targets = self.redirects(redirects, context, state)
        if not words:
            return NOTHING
        outcome = NOTHING
        variants = _variants(words)
        for variant in variants:
            branch = state if len(variants) == 1 else state.copy()
            outcome = self._run(variant, given, targets, parts.arguments, extent, context, branch)
            if branch is not state:
                state.join(branch)
        if len(words) == 1 and set(words[0].alternatives) == {"true", "false"}:
            return tested(Test(tuple(words), context.parsed.script, *extent))
        return outcome if len(variants) == 1 else NOTHING

    def _run(
        self,
        words: Sequence[Word],
        assignments: tuple[Assignment, ...],
        redirects: tuple[Redirect, ...],
        nodes: Sequence[Node],
        extent: tuple[int, int],
        context: Context,
        state: State,
    ) -> Outcome:
        command = self.emit(words, assignments, redirects, extent, context, state)
        if not command.name:
            self._unknown_name(command)
        if command.name in ("[", "test"):
            inner = command.args[:-1] if command.name == "[" else command.args
            return evaluate(inner, command, partial(_status_of, state))
        done = self._builtins.apply(command, nodes, context, state)
        if command.name in _CONSTANT:
            return Outcome(leaves=done.leaves, sure=not command.wrappers)
        test = Test(command.argv, command.script, command.start, command.end)
        return tested(test, leaves=done.leaves, sure=done.sure or _succeeds(command, self._walk.home))

    def _plain(
        self, assigned: list[Node], redirects: Sequence[Node], extent: tuple[int, int], context: Context, state: State
    ) -> Outcome:
        """Assignments without a command; they may have redirections."""
        given = tuple(self._assign(node, context, state) for node in assigned)
        targets = self.redirects(redirects, context, state)
        name = Word(("=" if given else ">",), context.parsed.script, extent[0], extent[0])
        self.emit((name,), given, targets, extent, context, state)
        return Outcome(sure=not redirects and not any(_substitutes(node) for node in assigned))

    def assignments(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        assigned = [node] if node.type == "variable_assignment" else node.named_children
        return self._plain(list(assigned), element.redirects, _extent(element), context, state)

    def bare_redirect(self, element: Element, context: Context, state: State) -> Outcome:
        redirects = element.redirects or [element.node]
        return self._plain([], redirects, _extent(element), context, state)

    def declaration(self, element: Element, context: Context, state: State) -> Outcome:
        """``export``, ``local`` and their kind, and ``unset``."""
        node = element.node
        script = context.parsed.script
        keyword = node.children[0]
        text = script.plain[keyword.start_byte : keyword.end_byte]
        words = [_made(text, keyword, context)]
        given: list[Assignment] = []
        refers = text in _DECLARES and any(
            _REFERS.fullmatch(script.plain, child.start_byte, child.end_byte) for child in node.children[1:]
        )
        for child in (child for child in node.children[1:] if child.type != "comment"):
            if text == "local":
                self._hide(child, context, state)
            if child.type == "variable_assignment":
                done = self._assign(child, context, state)
                if refers and done.value.value is not None:
                    state.references = {**state.references, done.name: done.value.value}
                given.append(done)
                words.append(
                    replace(done.value, alternatives=tuple(f"{done.name}={v}" for v in done.value.alternatives))
                )
            else:
                words += self._walk.expander.words(child, context, state)
        targets = self.redirects(element.redirects, context, state)
        command = self.emit(words, tuple(given), targets, _extent(element), context, state)
        if command.name in _DECLARES:
            self._builtins.declare(command, state)
        else:
            self._builtins.apply(command, (), context, state)
        return Outcome(sure=True)

    def _hide(self, node: Node, context: Context, state: State) -> None:
        """A local variable hides the one of the same name until the function ends."""
        plain = context.parsed.script.plain
        name = plain[node.start_byte : node.end_byte].partition("=")[0].removesuffix("+")
        if state.hidden and not name.startswith("-"):
            state.hidden[-1].setdefault(name, state.variables.pop(name, None))

    def test(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        first, last = node.children[0], node.children[-1]
        opening = _made(first.type, first, context)
        closing = _made(last.type, last, context)
        inner = [self._walk.expander.operand(start, child, context, state) for start, child in operands(node)]
        targets = self.redirects(element.redirects, context, state)
        command = self.emit((opening, *inner, closing), (), targets, _extent(element), context, state)
        for subject, operator in pairwise(inner):
            if operator.value == "=~":
                state.variables["BASH_REMATCH"] = unknown(*subject.origins)
        return evaluate(inner, command, partial(_status_of, state))

    # Parts

    def _assign(self, node: Node, context: Context, state: State) -> Assignment:
        """The assignment, done."""
        assignment, value, items = self._assignment(node, context, state)
        name, target = assignment.name, node.child_by_field_name("name")
        if assignment.value.raw.strip('"') == "$?":
            state.statuses = {**state.statuses, name: state.status}
        elif name in state.statuses:
            state.statuses = {**state.statuses, name: NOTHING}
        if target is not None and target.type == "subscript":
            key = self._walk.expander.key(target, context, state)
            self._fill(name.partition("[")[0], [(key, value)], state, append=True, adds=assignment.append)
        elif items is not None:
            self._fill(name, items, state, append=assignment.append)
        else:
            old = state.variables.get(name)
            state.variables[name] = concat([old, value]) if assignment.append and old is not None else value
        return assignment

    def _fill(self, name: str, items: Sequence[Item], state: State, *, append: bool, adds: bool = False) -> None:
        """Put elements into an array; one whose key is not known may be any of them, so that none is known then."""
        lost = append and name in state.variables and name not in state.arrays
        if lost or any(key is not None and UNKNOWN in "".join(key.alternatives) for key, _ in items):
            state.arrays.pop(name, None)
            state.variables[name] = unknown(*(origin for _, value in items for origin in value.origins))
            return
        found = dict(state.arrays.get(name, {})) if append else {}
        for key, value in items:
            for text in (str(len(found)),) if key is None else key.alternatives:
                found[text] = concat([found[text], value]) if adds and text in found else value
        state.arrays[name] = found
        state.variables[name] = next(iter(found.values()), EMPTY)

    def _assignment(self, node: Node, context: Context, state: State) -> tuple[Assignment, Value, list[Item] | None]:
        script = context.parsed.script
        position = script.at(node.start_byte)
        target = node.child_by_field_name("name")
        right = node.child_by_field_name("value")
        name = script.show(target.start_byte, target.end_byte) if target is not None else ""
        if state.references:
            name = state.references.get(name, name)
        append = any(child.type == "+=" for child in node.children)
        items = None
        if right is None:
            word = Word(("",), script, node.end_byte, node.end_byte)
        elif right.type == "array":
            found = [item for child in right.named_children for item in self._items(child, context, state)]
            items = [(key, self._builtins.assigned(name, word, position)) for key, word in found]
            joined = concat(
                [part for _, word in found for part in (literal(" "), Value(word.alternatives, word.origins))][1:]
                or [EMPTY]
            )
            word = self._walk.expander.as_word(joined, right.start_byte, right.end_byte, context)
        else:
            word = self._walk.expander.word(right, context, state)
        return Assignment(name, word, position, append), self._builtins.assigned(name, word, position), items

    def _items(self, node: Node, context: Context, state: State) -> Iterator[tuple[Value | None, Word]]:
        """The elements that a word in ``( … )`` gives, each with the key that is written in front of it."""
        expander, start, end = self._walk.expander, node.start_byte, node.end_byte
        keyed = _KEYED.match(context.parsed.script.plain, start, end)
        if keyed is None:
            yield from ((None, word) for word in expander.words(node, context, state))
            return
        key = expander.filled(node, start + 1, start + 1 + len(keyed[1]), context, state)
        value = expander.filled(node, keyed.end(), end, context, state)
        yield key, expander.as_word(value, keyed.end(), end, context)

    def redirects(self, nodes: Sequence[Node], context: Context, state: State) -> tuple[Redirect, ...]:
        return tuple([self._redirect(node, context, state) for node in nodes]) if nodes else ()

    def _redirect(self, node: Node, context: Context, state: State) -> Redirect:
        script = context.parsed.script
        operator = next((child for child in node.children if not child.is_named), node)
        descriptor = node.child_by_field_name("descriptor")
        number = "" if descriptor is None else script.plain[descriptor.start_byte : descriptor.end_byte]
        destination = node.child_by_field_name("destination")
        position = script.at(node.start_byte)
        if operator.start_byte in context.parsed.masked.heredocs:
            here = self._heredoc(operator.start_byte, context, state)
            symbol = "<<-" if here.strips_tabs else "<<"
            return Redirect(symbol, number, _made(here.delimiter, node, context), position, here)
        if destination is None:
            return Redirect(operator.type, number, _made("", node, context), position)
        target = self._walk.expander.word(destination, context, state)
        if operator.start_byte in context.parsed.masked.here_strings:
            text = script.slice(destination.start_byte, destination.end_byte)
            return Redirect(
                "<<<",
                number,
                target,
                position,
                HereText(quoted=False, strips_tabs=False, delimiter="", text=text, word=target),
            )
        return Redirect(operator.type, number, target, position)

    def _heredoc(self, operator: int, context: Context, state: State) -> HereText:
        parsed = context.parsed
        script, heredoc = parsed.script, parsed.masked.heredocs[operator]
        plain = script.plain[heredoc.start : heredoc.end]
        value = literal(plain)
        if not heredoc.quoted and ("$" in plain or "`" in plain or "\\" in plain or UNKNOWN in plain):
            body = parse_body(script, heredoc)
            node = next((child for child in _first_leaves(body.root) if child.type == "string"), None)
            if node is not None:
                inner = replace(context, parsed=body)
                value = self._walk.expander.quoted_body(node, inner, state)
        if heredoc.strips_tabs:
            stripped = ("\n".join(line.lstrip("\t") for line in text.split("\n")) for text in value.alternatives)
            value = replace(value, alternatives=tuple(stripped))
        word = Word(value.alternatives, script, heredoc.start, heredoc.end, value.origins)
        return HereText(
            heredoc.quoted, heredoc.strips_tabs, heredoc.delimiter, script.slice(heredoc.start, heredoc.end), word
        )

    def emit(
        self,
        words: Sequence[Word],
        assignments: tuple[Assignment, ...],
        redirects: tuple[Redirect, ...],
        extent: tuple[int, int],
        context: Context,
        state: State,
    ) -> Command:
        peeled = peel(words)
        command = Command(
            name=base_name(peeled.argv[0]) if peeled.argv else "",
            argv=peeled.argv,
            words=tuple(words),
            wrappers=peeled.names,
            assignments=assignments,
            redirects=redirects,
            outer=context.outer,
            guards=context.guards,
            scope=context.scope,
            loops=context.loops,
            frames=context.frames,
            cwd=state.cwd.alternatives,
            script=context.parsed.script,
            start=extent[0],
            end=extent[1],
        )
        self._walk.commands.append(command)
        return command

    def _misplaced(self, node: Node, context: Context) -> bool:
        """``fi`` or ``}`` where a command stands: bash refuses it, the grammar takes it for a name."""
        script = context.parsed.script
        word = script.plain[node.start_byte : node.end_byte]
        if word not in _CLOSING:
            return False
        problem = ScriptProblem("syntax", script.at(node.start_byte), f"bash does not expect '{word}' here")
        self._walk.problems[problem] = None
        return True

    def _unknown_name(self, command: Command) -> None:
        """A hole that stands alone may be any number of commands."""
        word = command.words[0]
        hole = next((origin for origin in word.origins if origin.kind == "hole"), None)
        if hole is not None and word.alternatives[0].startswith(UNKNOWN):
            written = word.script.holes.get(word.start)
            why = written.reason if written is not None else "is not known"
            name = f"`{hole.name}`" if hole.name else "a part of the script"
            reason = f"{name} {why}, so the commands that it gives cannot be seen"
            self._walk.unresolved[
                Unresolved("hole", command.raw, reason, command.position, guarded=False, scope=command.scope)
            ] = None


def _status_of(state: State, name: str) -> Outcome:
    """What ``$?`` says, or a variable that was given it."""
    return state.status if name == "?" else state.statuses.get(name, NOTHING)


def _parts(element: Element) -> Parts:
    assigned: list[Node] = []
    arguments: list[Node] = []
    redirects = list(element.redirects)
    for child in element.node.named_children:
        kind = child.type
        if kind == "variable_assignment":
            assigned.append(child)
        elif kind == "file_redirect":
            redirects.append(child)
        elif kind != "comment" and child.end_byte > child.start_byte:
            arguments.append(child)
    name = arguments[0] if arguments else None
    return Parts(assigned, name, _with_stray(arguments, redirects), redirects, _extent(element))


def _succeeds(command: Command, home: str) -> bool:
    """Whether a command's way of failing is none that a script counts on: a log that cannot be written."""
    if command.wrappers:
        return False
    if command.name == "cd":
        return all((word.value or "").rstrip("/") == home for word in command.args)
    return command.name == "tee" or (command.name == "return" and [word.value for word in command.args] == ["0"])


def _substitutes(assignment: Node) -> bool:
    """Whether an assignment fails if the command in it does."""
    return next(descendants(assignment, "command_substitution"), None) is not None


def _made(text: str, node: Node, context: Context) -> Word:
    """A word for what the grammar does not treat as one."""
    return Word((text,), context.parsed.script, node.start_byte, node.end_byte)


def _lines(nodes: list[Node], plain: str) -> list[list[Node]]:
    """Assignments and a command name by line: the grammar joins ``A=1 B=2`` with the command of the next line."""
    lines = [[nodes[0]]]
    for before, node in pairwise(nodes):
        if "\n" in plain[before.end_byte : node.start_byte].replace("\\\n", ""):
            lines.append([])
        lines[-1].append(node)
    return lines


def _with_stray(arguments: list[Node], redirects: list[Node]) -> list[Node]:
    """The grammar takes ``cmd 2>file argument`` for a redirection to two files."""
    several = [node for node in redirects if node.named_child_count > 1]
    stray = [extra for node in several for extra in node.children_by_field_name("destination")[1:]]
    return sorted((*arguments, *stray), key=lambda node: node.start_byte) if stray else arguments


def _extent(element: Element) -> tuple[int, int]:
    start, end = element.node.start_byte, element.node.end_byte
    for node in element.redirects:
        start, end = min(start, node.start_byte), max(end, node.end_byte)
    return start, end


def _first_leaves(root: Node) -> list[Node]:
    """The nodes on the way down the first children: program, command, name, string."""
    found, node = [], root
    while node.named_child_count:
        node = node.named_children[0]
        found.append(node)
    return found


def _unaliased(words: list[Word], state: State) -> list[Word]:
    """``put a b`` after ``alias put='cp -f'``; an alias that is more than the beginning of a command is left alone."""
    first = words[0] if words else None
    alias = state.aliases.get(first.value or "") if first is not None else None
    if first is None or alias is None or _MORE.search(alias.alternatives[0]):
        return words
    if first.raw != first.value or (first.start and first.script.plain[first.start - 1] == "\\"):
        return words  # in quotes, or ``\put``
    parts = alias.alternatives[0].split()
    return [*(replace(first, alternatives=(part,), origins=alias.origins) for part in parts), *words[1:]]


def _variants(words: list[Word]) -> list[list[Word]]:
    """A command name with several values is several commands, except a wrapper that may be empty."""
    first = words[0]
    if len(first.alternatives) < 2 or is_wrapper(first):
        return [words]
    found = []
    for text in first.alternatives:
        parts = text.split() if first.splits else [text]
        head = [replace(first, alternatives=(part,)) for part in parts]
        if head or len(words) > 1:
            found.append([*head, *words[1:]])
    return found or [words]
