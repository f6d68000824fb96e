"""What is known after a command succeeded or failed: guards, and the operators of ``[ ]`` and ``[[ ]]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from tree_sitter import Node

from rules.sources.shell.program import Command, Guard, Test, Word

Guards = tuple[Guard, ...]
Leaves = Literal["exit", "return", "loop"]

MAX_TEST_DEPTH = 20
"""Parentheses nested in one test."""


class Outcome(Struct, frozen=True):
    """What holds if a statement succeeded, if it failed, and in any case for what comes after it.

    `leaves` says that nothing after it runs: it ends the script, the function or file, or the loop's pass. `sure` says
    that it does not fail, as ``echo`` does not.
    """

    succeeded: Guards = ()
    failed: Guards = ()
    after: Guards = ()
    leaves: Leaves | None = None
    sure: bool = False


NOTHING = Outcome()


def tested(test: Test, *, leaves: Leaves | None = None, sure: bool = False) -> Outcome:  # noqa: PT028
    return Outcome((Guard(test, holds=True),), (Guard(test, holds=False),), leaves=leaves, sure=sure)


def negated(outcome: Outcome) -> Outcome:
    return replace(outcome, succeeded=outcome.failed, failed=outcome.succeeded, sure=False)


def either(first: Guards, second: Guards) -> Guards:
    """One of two conjunctions holds; nothing is known if one of them says nothing."""
    if not first or not second:
        return ()
    if first == second:
        return first
    shared = tuple(guard for guard in first if guard in second)
    return shared or (Guard(None, holds=True, any_of=(first, second)),)


def both(first: Outcome, second: Outcome) -> Outcome:
    """``first && second``."""
    after = first.failed if second.leaves else ()
    failed = first.succeeded + second.failed
    if not first.sure:
        failed = first.failed if second.sure else either(first.failed, failed)
    return Outcome(first.succeeded + second.succeeded, failed, after, first.leaves, sure=first.sure and second.sure)


def one(first: Outcome, second: Outcome) -> Outcome:
    """``first || second``."""
    after = first.succeeded if second.leaves else ()
    succeeded = first.succeeded if second.leaves else either(first.succeeded, first.failed + second.succeeded)
    return Outcome(succeeded, first.failed + second.failed, after, first.leaves, sure=first.sure or second.sure)


def called(body: Outcome, returns: Sequence[tuple[str | None, Guards]]) -> tuple[Guards, Guards]:
    """What is true if a function succeeds, and if it fails: by the end of its body and each ``return`` in it."""
    succeeded = [guards for status, guards in returns if status in ("0", None)]
    failed = [guards for status, guards in returns if status != "0"]
    if body.leaves is None:
        succeeded.append(body.after + body.succeeded)
        failed += [] if body.sure else [body.after + body.failed]
    return _any(succeeded), _any(failed)


def _any(ways: Sequence[Guards]) -> Guards:
    return reduce(either, ways) if ways else ()


_IS = frozenset({"-eq", "=", "=="})
_IS_NOT = frozenset({"-ne", "!=", "-gt"})
_EXPRESSIONS = frozenset(
    {"unary_expression", "binary_expression", "parenthesized_expression", "negated_command", "ternary_expression"}
)


def operands(node: Node) -> Iterator[tuple[int, Node]]:
    """The words and operators inside ``[ … ]``, flat and in order; the grammar's nesting is not to be trusted.

    Each with the offset where it starts: ``~/x`` is an operator and a word to the grammar.
    """
    stack = list(reversed(node.children[1:-1]))
    tilde: int | None = None
    while stack:
        child = stack.pop()
        if child.type in _EXPRESSIONS:
            stack.extend(reversed(child.children))
        elif child.type == "~" and stack and stack[-1].start_byte == child.end_byte:
            tilde = child.start_byte
        else:
            yield (child.start_byte if tilde is None else tilde), child
            tilde = None


def evaluate(words: Sequence[Word], command: Command, status_of: Callable[[str], Outcome]) -> Outcome:
    """The outcome of a test with these operands, split at ``!``, ``&&``/``-a``, ``||``/``-o`` and parentheses.

    `status_of` has the outcome that stands behind ``$?``, or a variable that was given it.
    """
    return _Tests(words, command, status_of).disjunction(0)


class _Tests:
    def __init__(self, words: Sequence[Word], command: Command, status_of: Callable[[str], Outcome]) -> None:
        self._words = words
        self._command = command
        self._status_of = status_of
        self._name = replace(command.argv[0], alternatives=("test",))
        self._at = 0

    def _next(self) -> str | None:
        return self._words[self._at].raw if self._at < len(self._words) else None

    def disjunction(self, depth: int) -> Outcome:
        outcome = self._conjunction(depth)
        while self._next() in ("||", "-o"):
            self._at += 1
            outcome = one(outcome, self._conjunction(depth))
        return outcome

    def _conjunction(self, depth: int) -> Outcome:
        outcome = self._primary(depth)
        while self._next() in ("&&", "-a"):
            self._at += 1
            outcome = both(outcome, self._primary(depth))
        return outcome

    def _primary(self, depth: int) -> Outcome:
        symbol = self._next()
        if symbol == "!":
            self._at += 1
            return negated(self._primary(depth + 1)) if depth < MAX_TEST_DEPTH else NOTHING
        if symbol in ("(", "\\(") and depth < MAX_TEST_DEPTH:
            self._at += 1
            outcome = self.disjunction(depth + 1)
            if self._next() in (")", "\\)"):
                self._at += 1
            return outcome
        start = self._at
        while self._next() not in (None, "&&", "||", "-o", ")", "\\)") and not self._joins(start):
            self._at += 1
        self._at = max(self._at, min(start + 1, len(self._words)))
        argv = (self._name, *self._words[start : self._at])
        asked = self._asks_status(argv[1:])
        return asked or tested(Test(argv, self._command.script, self._command.start, self._command.end))

    def _asks_status(self, words: Sequence[Word]) -> Outcome | None:
        """``[ $? -ne 0 ]``: what is known is what the command before says."""
        if len(words) != 3 or words[2].value != "0":
            return None
        before = self._status_of(words[0].raw.strip('"${}'))
        if not (before.succeeded or before.failed):
            return None
        asked = Outcome(before.succeeded, before.failed)
        operator = words[1].value
        return asked if operator in _IS else negated(asked) if operator in _IS_NOT else None

    def _joins(self, start: int) -> bool:
        """``-a`` between two tests; as the first operator it would mean that a file exists."""
        return self._next() == "-a" and self._at > start
