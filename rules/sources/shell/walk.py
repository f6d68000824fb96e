"""The abstract walk: a syntax tree to the flat list of commands that can run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from tree_sitter import Node

from rules.sources.shell import conditions
from rules.sources.shell.conditions import NOTHING, Outcome, both, negated, one
from rules.sources.shell.expand import Expander, descendants, expansion_start
from rules.sources.shell.output import output_of, texts_printed
from rules.sources.shell.parse import Parsed, parse
from rules.sources.shell.program import Call, Command, Guard, Loop, Scope, ScriptProblem, Test, Unresolved, Word
from rules.sources.shell.script import UNKNOWN, Script
from rules.sources.shell.simple import Simple
from rules.sources.shell.state import Context, Element, Function, State, Trap
from rules.sources.shell.values import EMPTY, Value, concat, merged, union, unknown
from rules.sources.shell.written import whole
from rules.sources.text import Position, Text

MAX_COMMANDS = 20_000
"""Commands walked for one program, functions inlined; the largest real script gives about 2 000."""

MAX_NESTING = 60
"""Statements in each other, over all calls and files."""

MAX_GUARDS = 200
"""Conditions that decide whether one command runs: a chain of ``||`` or early exits that is longer is left out."""


_TEMPORARY = "/tmp/"  # noqa: S108


class Pipeline(Struct):
    elements: list[Element]
    negated: bool = False


def and_or(node: Node) -> list[tuple[str, Pipeline]]:
    """A statement as bash groups it: pipelines joined by ``&&`` and ``||`` (the first operator is ``""``).

    The grammar nests ``a && b > f | c`` as a pipeline of a redirected list; bash redirects only b, and pipes only b.
    """
    links: list[tuple[str, Node]] = []
    while node.type == "list":
        operator = next(child.type for child in node.children if child.type in ("&&", "||"))
        links.append((operator, node.named_children[-1]))
        node = node.named_children[0]
    chain = _chain(node)
    for operator, right in reversed(links):
        for index, (inner, pipeline) in enumerate(and_or(right)):
            chain.append((inner if index else operator, pipeline))
    return chain


def _chain(node: Node) -> list[tuple[str, Pipeline]]:
    if node.type == "pipeline":
        parts = [child for child in node.named_children if child.type != "comment"]
        chain = and_or(parts[0])
        for part in parts[1:]:
            first, *rest = and_or(part)
            chain[-1][1].elements.extend(first[1].elements)
            chain.extend(rest)
        return chain
    if node.type == "negated_command":
        inner = [child for child in node.named_children if child.type != "comment"]
        chain = and_or(inner[0]) if inner else [("", Pipeline([]))]
        chain[0][1].negated = not chain[0][1].negated
        return chain
    if node.type == "redirected_statement":
        body = node.child_by_field_name("body")
        redirects = [child for child in node.named_children if child.type == "file_redirect"]
        if body is None:
            return [("", Pipeline([Element(node, redirects)]))]
        chain = and_or(body)
        last = chain[-1][1].elements[-1]
        last.redirects = (*last.redirects, *redirects)
        return chain
    return [("", Pipeline([Element(node)]))]


class Walk:
    """Walks one program; `commands`, `problems` and `unresolved` fill up in the order of execution."""

    def __init__(
        self,
        *,
        home: str,
        path: str,
        resolve: Callable[[str], Text | None],
        expand_glob: Callable[[str], Iterable[str]],
    ) -> None:
        self.home = home
        self.path = path
        self.resolve = resolve
        self.expand_glob = expand_glob
        self.commands: list[Command] = []
        self.problems: dict[ScriptProblem, None] = {}
        self.unresolved: dict[Unresolved, None] = {}
        self.sources: dict[str, None] = {}
        self.cuts: dict[Position, None] = {}
        self.calls: dict[Call, tuple[conditions.Guards, conditions.Guards]] = {}
        self.expander = Expander(self)
        self.traps: list[Trap] = []
        self.processes: dict[Position, list[Text]] = {}
        """What the commands in a ``<(…)`` print, by its place."""
        self._parsed: dict[tuple[str, Position, str], Parsed] = {}
        self._chains: dict[Node, list[tuple[str, Pipeline]]] = {}
        """Statements as bash groups them: found once, however often a function is called."""
        self._depth = 0
        self._temporaries = 0
        simple = self.simple = Simple(self)
        self._handlers: dict[str, Callable[[Element, Context, State], Outcome]] = {
            "command": simple.command,
            "variable_assignment": simple.assignments,
            "variable_assignments": simple.assignments,
            "declaration_command": simple.declaration,
            "unset_command": simple.declaration,
            "test_command": simple.test,
            "redirected_statement": simple.bare_redirect,
            "file_redirect": simple.bare_redirect,
            "compound_statement": self._compound,
            "subshell": self._subshell,
            "if_statement": self._if,
            "while_statement": self._while,
            "for_statement": self._for,
            "c_style_for_statement": self._c_for,
            "case_statement": self._case,
            "function_definition": self._define,
            "ERROR": self._error,
        }

    # Texts

    def run(self, text: Text, path: str, context: Context | None, state: State) -> Outcome:
        """Run a whole text in the given surroundings; `path` is what it takes to be its own file."""
        script = Script(text, path)
        key = path, script.at(0), script.plain
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = self._parsed[key] = parse(script)
            self.problems.update(dict.fromkeys(parsed.problems))
        inner = Context(parsed) if context is None else replace(context, parsed=parsed)
        return self.block(parsed.root.children, inner, state)

    def handlers(self, state: State) -> None:
        """Walk what the traps run, once the script is through."""
        self.simple.handlers(state)

    def bound(self, message: str, context: Context, offset: int) -> None:
        """Say that a bound was reached, once for each kind of bound."""
        if not any(problem.message == message for problem in self.problems):
            self.problems[ScriptProblem("bound", context.parsed.script.at(offset), message)] = None

    def cut(self, context: Context, offset: int) -> None:
        self.cuts[context.parsed.script.at(offset)] = None

    # Statements

    def block(self, nodes: Sequence[Node], context: Context, state: State) -> Outcome:
        """Statements one after the other. The outcome is that of the last one."""
        known: conditions.Guards = ()
        outcome = NOTHING
        for index, node in enumerate(nodes):
            if not node.is_named or node.type == "comment":
                continue
            follows = nodes[index + 1].type if index + 1 < len(nodes) else ""
            if follows == "&" or node.start_byte in context.parsed.masked.coprocs:
                inner = context.within(Scope("background", context.parsed.script.at(node.start_byte)))
                self.statement(node, inner, state.copy())
                outcome = NOTHING
                continue
            state.status = outcome = self.statement(node, context, state)
            if outcome.leaves:
                return replace(outcome, after=known + outcome.after)
            if outcome.after:
                known += outcome.after
                context = context.guarded(outcome.after)
        return replace(outcome, after=known) if known else outcome

    def statement(self, node: Node, context: Context, state: State) -> Outcome:
        if self._depth >= MAX_NESTING:
            self.bound("commands are nested too deeply here; what is inside was not analysed", context, node.start_byte)
            return NOTHING
        if len(self.commands) >= MAX_COMMANDS:
            self.bound(
                f"more than {MAX_COMMANDS} commands run; what comes after was not analysed", context, node.start_byte
            )
            return NOTHING
        self._depth += 1
        try:
            chain = self._chains.get(node)
            if chain is None:
                chain = self._chains[node] = and_or(node)
            return self._and_or(chain, context, state)
        finally:
            self._depth -= 1

    def _and_or(self, chain: list[tuple[str, Pipeline]], context: Context, state: State) -> Outcome:
        outcome = self._pipeline(chain[0][1], context, state)
        for operator, pipeline in chain[1:]:
            if outcome.leaves:
                return outcome
            holds = outcome.succeeded if operator == "&&" else outcome.failed
            before = state.copy()
            following = self._pipeline(pipeline, context.guarded(holds), state)
            if following.leaves:
                state.take(before)
            else:
                state.join(before)
            joined = both(outcome, following) if operator == "&&" else one(outcome, following)
            outcome = replace(joined, after=outcome.after + joined.after)
        return outcome

    def _pipeline(self, pipeline: Pipeline, context: Context, state: State) -> Outcome:
        elements = pipeline.elements
        if not elements:
            return NOTHING
        if len(elements) == 1:
            outcome = self._element(elements[0], context, state)
        else:
            position = context.parsed.script.at(elements[0].node.start_byte)
            for index, element in enumerate(elements):
                scope = Scope("pipeline", position, index)
                outcome = self._element(element, context.within(scope), state.copy())
            outcome = Outcome(outcome.succeeded, outcome.failed, sure=outcome.sure)
        return negated(outcome) if pipeline.negated else outcome

    def _element(self, element: Element, context: Context, state: State) -> Outcome:
        if len(context.guards) > MAX_GUARDS:
            message = f"more than {MAX_GUARDS} conditions decide if this runs; what depends on them was not analysed"
            self.bound(message, context, element.node.start_byte)
            return NOTHING
        handler = self._handlers.get(element.node.type)
        if handler is None:
            return NOTHING
        return handler(element, context, state)

    def _grouped(self, element: Element, context: Context, state: State) -> Context:
        """The context inside a compound command, whose redirections reach everything in it."""
        if not element.redirects:
            return context
        return replace(context, outer=context.outer + self.simple.redirects(element.redirects, context, state))

    def _compound(self, element: Element, context: Context, state: State) -> Outcome:
        children = element.node.children
        if children[0].type == "((":
            outcome = self._arithmetic(element, context, state)
        else:
            outcome = self.block(children, self._grouped(element, context, state), state)
        return negated(outcome) if element.node.start_byte in context.parsed.masked.negated else outcome

    def _arithmetic(self, element: Element, context: Context, state: State) -> Outcome:
        """``(( … ))``: a command that succeeds if the expression is not zero."""
        inner = descendants(element.node, "command_substitution")
        origins = [self.substitution(each, context, state).origins for each in inner]
        names = (_source(each, context) for each in descendants(element.node, "variable_name"))
        origins += [value.origins for name in names if (value := self.expander.lookup(name, context, state))]
        script, opening, closing = context.parsed.script, element.node.children[0], element.node.children[-1]
        words = (
            Word(("((",), script, opening.start_byte, opening.end_byte),
            Word((UNKNOWN,), script, opening.end_byte, closing.start_byte, merged(*origins)),
        )
        command = self.simple.emit(words, (), (), (element.node.start_byte, element.node.end_byte), context, state)
        return conditions.tested(Test(words, script, command.start, command.end))

    def _subshell(self, element: Element, context: Context, state: State) -> Outcome:
        inner = self._grouped(element, context, state).within(
            Scope("subshell", context.parsed.script.at(element.node.start_byte))
        )
        outcome = self.block(element.node.children, inner, state.copy())
        return Outcome() if outcome.leaves else Outcome(outcome.succeeded, outcome.failed, sure=outcome.sure)

    def _error(self, element: Element, context: Context, state: State) -> Outcome:
        """Around broken syntax, whatever still reads as a statement is taken as one."""
        self.block(element.node.children, context, state)
        return NOTHING

    def _if(self, element: Element, context: Context, state: State) -> Outcome:
        """All branches, each under its condition; afterwards any of those that do not leave may have run."""
        context = self._grouped(element, context, state)
        ends: list[State] = []
        kept: list[conditions.Guards] = []
        leaves: list[conditions.Leaves] = []
        negative: conditions.Guards = ()
        for condition, body in _branches(element.node):
            test = self.block(condition, context.guarded(negative), state) if condition else NOTHING
            branch = state.copy() if condition else state
            held = negative + test.succeeded
            outcome = self.block(body, context.guarded(held), branch)
            if outcome.leaves:
                leaves.append(outcome.leaves)
            else:
                ends.append(branch)
                kept.append(held + outcome.after)
            negative += test.failed
            if not condition:
                break
        else:
            ends.append(state)
            kept.append(negative)
        if not ends:
            return Outcome(leaves=leaves[0])
        joined = ends[0].copy() if ends[0] is state else ends[0]
        for end in ends[1:]:
            joined.join(end)
        state.take(joined)
        if not leaves:
            return NOTHING
        after = kept[0]
        for guards in kept[1:]:
            after = conditions.either(after, guards)
        return Outcome(after=after)

    def _while(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        kind: Literal["while", "until"] = "while" if node.children[0].type == "while" else "until"
        context = self._grouped(element, context, state)
        body = node.child_by_field_name("body")
        context = replace(context, loops=(*context.loops, _loop(kind, node, body, context)))
        test = self.block([child for child in node.children[1:] if child != body], context, state)
        if body is not None:
            inner = state.copy()
            holds = test.succeeded if kind == "while" else test.failed
            self.block(body.children, context.guarded(holds), inner)
            state.join(inner)
        return NOTHING

    def _for(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        context = self._grouped(element, context, state)
        script = context.parsed.script
        variable = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        values = node.children_by_field_name("value")
        words = [word for value in values for word in self.expander.words(value, context, state)]
        has_list = any(child.type == "in" for child in node.children)
        name = "" if variable is None else script.plain[variable.start_byte : variable.end_byte]
        state.variables[name] = _any_of(words) if has_list else concat(list(state.positional or (unknown(),)))
        loop = _loop("for", node, body, context, tuple(words))
        context = replace(context, loops=(*context.loops, loop))
        if body is not None and (words or not has_list):
            before = state.copy()
            self.block(body.children, context, state)
            state.join(before)
        return NOTHING

    def _c_for(self, element: Element, context: Context, state: State) -> Outcome:
        context = self._grouped(element, context, state)
        body = element.node.child_by_field_name("body")
        loop = _loop("for", element.node, body, context)
        if body is not None:
            before = state.copy()
            self.block(body.children, replace(context, loops=(*context.loops, loop)), state)
            state.join(before)
        return NOTHING

    def _case(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        context = self._grouped(element, context, state)
        script = context.parsed.script
        value = node.child_by_field_name("value")
        subject = self.expander.word(value, context, state) if value is not None else None
        ends: list[State] = []
        certain = False
        others: conditions.Guards = ()
        for item in (child for child in node.named_children if child.type == "case_item"):
            close = next((i for i, child in enumerate(item.children) if child.type == ")"), 0)
            patterns = [child for child in item.children[:close] if child.is_named]
            name = Word(("case",), script, node.start_byte, node.start_byte + len("case"))
            words = (name, *([subject] if subject else []), *(self._pattern(p, context) for p in patterns))
            test = Test(words, script, item.start_byte, item.children[close].end_byte)
            rest = [word.value for word in words[2:]] == ["*"]
            guards = (*(others if rest else ()), Guard(test, holds=True))
            others = (*others, Guard(test, holds=False))
            certain = certain or any(word.value == "*" for word in words[1:])
            branch = state.copy()
            if not self.block(item.children[close + 1 :], context.guarded(guards), branch).leaves:
                ends.append(branch)
        if certain and ends:
            state.take(ends.pop())
        for end in ends:
            state.join(end)
        return NOTHING

    def _pattern(self, node: Node, context: Context) -> Word:
        script = context.parsed.script
        text = script.plain[node.start_byte : node.end_byte].strip("\"'")
        return Word((text,), script, node.start_byte, node.end_byte)

    def _define(self, element: Element, context: Context, state: State) -> Outcome:
        node = element.node
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            return NOTHING
        redirects = (*node.children_by_field_name("redirect"), *element.redirects)
        text = context.parsed.script.plain[name.start_byte : name.end_byte]
        state.functions[text] = (Function(text, body, redirects, context.parsed),)
        return NOTHING

    def substitution(self, node: Node, context: Context, state: State) -> Value:
        """Run what stands in ``$(…)``, backticks or ``<(…)``, and give its output as far as it is known."""
        kind: Literal["process", "substitution"] = "process" if node.type == "process_substitution" else "substitution"
        script = context.parsed.script
        kept = tuple(each for each in context.outer if each.operator[:1] == "<" or each.descriptor == "2")
        scope = Scope(kind, script.at(expansion_start(node, script.plain)))
        inner = replace(context.within(scope), outer=kept)
        before = len(self.commands)
        self.block(node.children, inner, state.copy())
        if kind == "process":
            self.processes[inner.scope[-1].position] = whole(texts_printed(self.commands[before:]))
        value = output_of(self.commands[before:], len(inner.scope))
        if [each.name for each in self.commands[before:]] == ["mktemp"]:
            return self._temporary(self.commands[-1], value)
        return value

    def _temporary(self, command: Command, value: Value) -> Value:
        """A name for a file that is nobody's yet: what is written to it can be followed."""
        if any(
            word.value not in ("-d", "-q", "-u") and not (word.value or "").startswith(_TEMPORARY)
            for word in command.args
        ):
            return value
        self._temporaries += 1
        return Value((f"{_TEMPORARY}tmp.{self._temporaries}",), value.origins)


def _source(node: Node, context: Context) -> str:
    return context.parsed.script.plain[node.start_byte : node.end_byte]


def _loop(
    kind: Literal["for", "while", "until"],
    node: Node,
    body: Node | None,
    context: Context,
    values: tuple[Word, ...] = (),
) -> Loop:
    script = context.parsed.script
    head = script.show(node.start_byte, body.start_byte if body is not None else node.end_byte)
    return Loop(kind, script.at(node.start_byte), head, values)


def _branches(node: Node) -> Iterator[tuple[list[Node], list[Node]]]:
    """The conditions and bodies of an if; an else has no condition."""
    condition: list[Node] = []
    body: list[Node] = []
    current = condition
    for child in node.children[1:]:
        if child.type == "then":
            current = body
        elif child.type in ("elif_clause", "else_clause", "fi"):
            break
        else:
            current.append(child)
    yield condition, body
    for child in node.children:
        if child.type == "elif_clause":
            yield from _branches(child)
        elif child.type == "else_clause":
            yield [], child.children[1:]


def _any_of(words: Sequence[Word]) -> Value:
    value = None
    for word in words:
        texts = tuple(filter(None, word.alternatives)) if word.splits else word.alternatives
        own = Value(texts or ("",), word.origins)
        value = own if value is None else union(value, own)
    return value if value is not None else EMPTY
