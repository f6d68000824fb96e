"""Reads a text by the tables that `compiler` makes of a grammar: what Lark would do, without Lark.

A terminal is looked for only where the parser can take it, in the order in which Lark looks for them there, and only if
it can begin with the next character. The first token that has no place ends it: nothing is repaired.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from functools import cache

import msgspec

ASCII = 128
"""Characters from here on are not told apart: any pattern may begin with them."""


class Terminal(msgspec.Struct, frozen=True):
    name: str
    pattern: str
    ignored: bool


class Choice(msgspec.Struct, frozen=True):
    """A terminal that may come next; what it matches is another one, a keyword, where the text is among `words`."""

    terminal: int
    words: tuple[tuple[str, int], ...]


class Rule(msgspec.Struct, frozen=True):
    """What the last `size` values become: a node, or children of whatever comes to hold them if it has no name."""

    symbol: int
    name: str
    size: int
    unwraps: bool
    """An only child is not wrapped in a node."""
    renames: bool
    """It can do nothing else."""


class Tables(msgspec.Struct, frozen=True):
    """A grammar. Its states are numbers, and so are its symbols, the terminals' first."""

    terminals: tuple[Terminal, ...]
    symbols: int
    start: int
    end: int
    """The symbol for the end of the text."""
    newline: int
    operators: frozenset[int]
    """A newline before one of these belongs to it: it ends no statement."""
    choices: tuple[tuple[Choice, ...], ...]
    contexts: bytes
    """For each state its context (an unsigned short)."""
    first: bytes
    """For each context and each next character, the last for all that are not ASCII, its choices (unsigned shorts)."""
    rules: tuple[Rule, ...]
    moves: bytes
    """For each state and each symbol (shorts): 0 for none, n + 1 to enter state n, -(n + 1) to reduce by rule n."""


class Token(msgspec.Struct, frozen=True, gc=False):
    kind: str
    text: str
    line: int
    column: int


class Node(msgspec.Struct, frozen=True, gc=False):
    data: str
    children: tuple[Child, ...]


Child = Node | Token
_Lexeme = tuple[int, Token]
_Match = Callable[[str, int], "re.Match[str] | None"]
_Candidates = list[tuple[int, _Match, dict[str, int]]]


class UnexpectedInput(Exception):
    """Text that the grammar has no place for, in line `line`."""

    def __init__(self, line: int) -> None:
        super().__init__(f"unexpected input in line {line}")
        self.line = line


class Parser:
    """Shared by all parses: it remembers only what follows from the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._moves = array("h", tables.moves)
        self._state_after = _StateAfter(tables, self._moves)
        contexts = _contexts(tables)
        self._contexts = [contexts[number] for number in array("H", tables.contexts)]

    def parse(self, text: str) -> Node:
        moves, width, rules, state_after = self._moves, self._tables.symbols, self._tables.rules, self._state_after
        states, values = [self._tables.start], list[list[Child]]()
        for kind, token in self._with_newlines_joined(self._lexemes(text, states)):
            while (move := moves[states[-1] * width + kind]) < 0:
                rule = rules[-move - 1]
                split = len(values) - rule.size
                children = values[split] if rule.size else []
                for others in values[split + 1 :]:
                    children += others
                del values[split:], states[split + 1 :]
                if rule.name and not (rule.unwraps and len(children) == 1):
                    children = [Node(rule.name, tuple(children))]
                values.append(children)
                states.append(state_after[states[-1], rule.symbol, kind])
            if move == 0:
                raise UnexpectedInput(token.line)
            states.append(move - 1)
            values.append([token])
        [root] = values[0]
        assert isinstance(root, Node)
        return root

    def _lexemes(self, text: str, states: list[int]) -> Iterator[_Lexeme]:
        """The tokens of `text`. What is looked for depends on where the parser is when it asks for the next."""
        terminals, contexts = self._tables.terminals, self._contexts
        position, line, line_start = 0, 1, 0
        token = Token("", "", 1, 1)
        while position < len(text):
            for number, match, words in contexts[states[-1]][text[position]]:
                if found := match(text, position):
                    value = found[0]
                    kind = words.get(value, number)
                    break
            else:
                # Lark looks among all terminals now, to say what it is that has no place: in the same line.
                raise UnexpectedInput(line)
            if not terminals[kind].ignored:
                token = Token(terminals[kind].name, value, line, position - line_start + 1)
                yield kind, token
            position += len(value)
            if "\n" in value:
                line += value.count("\n")
                line_start = text.rindex("\n", 0, position) + 1
        yield self._tables.end, token

    def _with_newlines_joined(self, lexemes: Iterator[_Lexeme]) -> Iterator[_Lexeme]:
        """python-hcl2's `PostLexer`: a newline is held back until it is known whether an operator follows."""
        newline, operators = self._tables.newline, self._tables.operators
        held: Token | None = None
        for kind, token in lexemes:
            joined = token
            if held is not None and kind in operators:
                joined = Token(token.kind, held.text + token.text, token.line, token.column)
            elif held is not None:
                yield newline, held
            held = token if kind == newline else None
            if held is None:
                yield kind, joined


class _Context(dict[str, _Candidates]):
    """What is looked for by the next character, in some states of the parser."""

    def __init__(self, row: array[int], ready: Callable[[int], _Candidates]) -> None:
        self._row, self._ready = row, ready

    def __missing__(self, character: str) -> _Candidates:
        if not character.isascii():
            return self._ready(self._row[ASCII])
        self[character] = self._ready(self._row[ord(character)])
        return self[character]


def _contexts(tables: Tables) -> list[_Context]:
    """Patterns are compiled when they are first looked for: many never are."""

    @cache
    def match(terminal: int) -> _Match:
        return re.compile(tables.terminals[terminal].pattern).match

    @cache
    def ready(which: int) -> _Candidates:
        return [(each.terminal, match(each.terminal), dict(each.words)) for each in tables.choices[which]]

    first, columns = array("H", tables.first), ASCII + 1
    return [_Context(first[at : at + columns], ready) for at in range(0, len(first), columns)]


class _StateAfter(dict[tuple[int, int, int], int]):
    """Where a symbol leads from a state before a terminal, after the reductions that would only rename the symbol.

    An expression of one term is one of every precedence: eight reductions that change nothing but the state.
    """

    def __init__(self, tables: Tables, moves: array[int]) -> None:
        self._tables, self._moves = tables, moves

    def __missing__(self, key: tuple[int, int, int]) -> int:
        state, symbol, terminal = key
        width, rules = self._tables.symbols, self._tables.rules
        entered = self._moves[state * width + symbol] - 1
        while (move := self._moves[entered * width + terminal]) < 0:
            rule = rules[-move - 1]
            if not rule.renames:
                break
            entered = self._moves[state * width + rule.symbol] - 1
        self[key] = entered
        return entered
