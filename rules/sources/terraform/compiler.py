"""Compiles python-hcl2's grammar, with Lark, to the tables of `lalr`. Loaded where there are none yet."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import hcl2
import regex
from hcl2.postlexer import OPERATOR_TYPES, PostLexer
from lark import Lark
from lark.grammar import Rule as LarkRule
from lark.grammar import Terminal as LarkTerminal
from lark.lexer import BasicLexer, PatternStr, TerminalDef, UnlessCallback
from lark.parsers.lalr_analysis import Shift

from rules.sources.terraform.lalr import ASCII, Choice, Rule, Tables, Terminal

END = "$END"


def compiled() -> Tables:
    lark = Lark.open("hcl2.lark", rel_to=hcl2.__file__, parser="lalr", postlex=PostLexer())
    origins = dict.fromkeys(rule.origin.name for rule in lark.rules)
    numbers = {name: number for number, name in enumerate([*(each.name for each in lark.terminals), END, *origins])}
    contexts, first, choices = _lexing(lark, numbers)
    (start,) = lark.parser.parser._parse_table.start_states.values()
    return Tables(
        terminals=tuple(
            Terminal(str(each.name), _pattern(each), each.name in lark.lexer_conf.ignore) for each in lark.terminals
        ),
        symbols=len(numbers),
        start=start,
        end=numbers[END],
        newline=numbers["NL_OR_COMMENT"],
        operators=frozenset(numbers[name] for name in OPERATOR_TYPES),
        choices=choices,
        contexts=contexts,
        first=first,
        rules=tuple(_rule(rule, numbers) for rule in lark.rules),
        moves=_moves(lark, numbers),
    )


def _pattern(terminal: TerminalDef) -> str:
    # "Any character" by its flag: the same, and a heredoc is passed over in half the time.
    return terminal.pattern.to_regexp().replace("(?:.|\n)", "(?s:.)")


def _moves(lark: Lark, numbers: Mapping[str, int]) -> bytes:
    table = lark.parser.parser._parse_table
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    moves = array("h", [0]) * (len(table.states) * len(numbers))
    for state, row in table.states.items():
        for name, (action, argument) in row.items():
            moves[state * len(numbers) + numbers[name]] = argument + 1 if action is Shift else -rules[argument] - 1
    # Where Lark looks whether the end is reached, the end is a token like any other.
    (goal,) = table.end_states.values()
    moves[goal * len(numbers) + numbers[END]] = goal + 1
    return moves.tobytes()


def _rule(rule: LarkRule, numbers: Mapping[str, int]) -> Rule:
    options, name = rule.options, rule.origin.name
    nameless, unwraps = name.startswith("_"), options.expand1 and not rule.alias
    drops = any(isinstance(each, LarkTerminal) and each.filter_out for each in rule.expansion)
    # Positions are told by tokens, so each must be there. python-hcl2 keeps all, to write what it has read.
    if (drops and not options.keep_all_tokens) or any(options.empty_indices):
        raise NotImplementedError(f"a rule that drops tokens, or stands something in for them: {rule}")
    if nameless and (options.expand1 or rule.alias):
        raise NotImplementedError(f"a rule that has a name and has none: {rule}")
    return Rule(
        symbol=numbers[name],
        name="" if nameless else str(rule.alias or options.template_source or name),
        size=len(rule.expansion),
        unwraps=unwraps,
        renames=unwraps and len(rule.expansion) == 1 and not rule.expansion[0].name.startswith("_"),
    )


def _lexing(lark: Lark, numbers: Mapping[str, int]) -> tuple[bytes, bytes, tuple[tuple[Choice, ...], ...]]:
    """The `contexts`, `first` and `choices` of the tables."""
    by_state = lark.parser.lexer.lexer.lexers
    beginnings = {each.name: _beginnings(each) for each in lark.terminals}
    rows: dict[tuple[int, ...], int] = {}
    choices: dict[tuple[Choice, ...], int] = {}
    context_of: dict[BasicLexer, int] = {}
    for lexer in by_state.values():
        if lexer in context_of:
            continue
        looked_for = [(each.name, _choice(each, lexer, numbers)) for each in lexer.scanner.terminals]
        row = []
        for character in range(ASCII + 1):
            chosen = tuple(choice for name, choice in looked_for if character in beginnings[name])
            row.append(choices.setdefault(chosen, len(choices)))
        context_of[lexer] = rows.setdefault(tuple(row), len(rows))
    contexts = array("H", [context_of[by_state[state]] for state in range(len(by_state))])
    first = array("H", [which for row in rows for which in row])
    return contexts.tobytes(), first.tobytes(), tuple(choices)


def _choice(terminal: TerminalDef, lexer: BasicLexer, numbers: Mapping[str, int]) -> Choice:
    callback = lexer.callback.get(terminal.name)
    words = callback.scanner.terminals if isinstance(callback, UnlessCallback) else ()
    return Choice(numbers[terminal.name], tuple((str(word.pattern.value), numbers[word.name]) for word in words))


def _beginnings(terminal: TerminalDef) -> frozenset[int]:
    """The characters that what `terminal` matches can begin with; any that is not ASCII if it is a pattern."""
    if isinstance(terminal.pattern, PatternStr):
        return frozenset({min(ord(terminal.pattern.value[0]), ASCII)})
    pattern = regex.compile(terminal.pattern.to_regexp())
    return frozenset({ASCII, *(each for each in range(ASCII) if pattern.match(chr(each), partial=True))})
