"""Words to values: what bash's expansions can give, as far as constants tell."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from itertools import islice, product
from typing import Protocol

from msgspec.structs import replace
from tree_sitter import Node

from rules.sources.shell.program import Origin, Word
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.state import Context, State
from rules.sources.shell.values import (
    EMPTY,
    MAX_VALUES,
    Trimmed,
    Value,
    bounded,
    concat,
    each,
    literal,
    merged,
    union,
    unknown,
)
from rules.sources.text import Hole

REPOSITORY = "/<repository>"
"""The folder that stands for the root of the repository, so that a script's own folder is an absolute path."""

_ESCAPE = re.compile(r"\\([\s\S])")
_QUOTED_ESCAPE = re.compile(r'\\([$`"\\\n])')
_BODY_ESCAPE = re.compile(r"\\([$`\\\n])")
_ANSI_ESCAPE = re.compile(r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4}))")
_ANSI = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BRACES = re.compile(r"""([^{}'"$`\\\s]*)\{([^{}'"$`\\\s]*,[^{}'"$`\\\s]*)\}([^{}'"$`\\\s]*)""")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")
"""What looks like an assignment, as an argument too: bash expands the tilde of ``dd of=~/x``."""
_EXPANDS = re.compile(r"[$`{]|[<>]\(")
_PLAIN = re.compile(r"[\w./:=@%+,-]+")
"""What is its own value, whatever the grammar takes it for."""
_SLICE = re.compile(r"\$\{(@|\w+\[@\]): *(\d+)\}", re.A)
"""All arguments, or elements of an array, from one of them on."""
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*|\d)|\{([A-Za-z_]\w*)\})", re.A)
"""A variable with nothing around it, as half of all strings with an expansion are."""
_FIRST = re.compile(r"\S")
_DOLLAR = frozenset({"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"})
_DEFAULTS = frozenset({"-", ":-", "=", ":=", "+", ":+", "?", ":?"})
_TRIMS = frozenset({"#", "##", "%", "%%"})
_CASES: dict[str, Callable[[str], str]] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": lambda text: text[:1].upper() + text[1:],
    ",": lambda text: text[:1].lower() + text[1:],
}
_GLOB_CHARACTERS = re.compile(r"[*?\[]")


class Runner(Protocol):
    """What expansion needs of the walk: substitutions run commands."""

    home: str
    path: str

    def substitution(self, node: Node, context: Context, state: State) -> Value: ...

    def cut(self, context: Context, offset: int) -> None: ...


class Expander:
    """Evaluates word nodes in a context and a state; ``${X:=word}`` changes the state."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._handlers: dict[str, Callable[[Node, Context, State], Value]] = {
            "string": self._string,
            "translated_string": self._translated,
            "concatenation": self._concatenation,
            "raw_string": self._raw_string,
            "ansi_c_string": self._ansi_c_string,
            "simple_expansion": self._simple_expansion,
            "expansion": self._expansion,
            "command_substitution": runner.substitution,
            "process_substitution": self._process,
            "arithmetic_expansion": self._arithmetic,
            "command_name": self._command_name,
        }

    def word(self, node: Node, context: Context, state: State) -> Word:
        """The node as one word: an assignment's value, a redirection's target."""
        value = self.value(node, context, state)
        return self.as_word(value, node.start_byte, node.end_byte, context, splits=_splits(node))

    def operand(self, start: int, node: Node, context: Context, state: State) -> Word:
        """A word or an operator inside ``[ … ]``; `start` is before the node where a tilde belongs to it."""
        if not node.is_named:
            return self.as_word(literal(node.type), start, node.end_byte, context)
        value = self.value(node, context, state)
        if start < node.start_byte:
            value = concat([literal(self._runner.home), value])
        return self.as_word(value, start, node.end_byte, context, splits=_splits(node))

    def as_word(self, value: Value, start: int, end: int, context: Context, *, splits: bool = False) -> Word:
        if value.cut:
            self._runner.cut(context, start)
        return Word(value.alternatives, context.parsed.script, start, end, value.origins, splits)

    def words(self, node: Node, context: Context, state: State) -> list[Word]:
        """The node as arguments: after splitting an unquoted expansion, and none if that is empty."""
        literals, start = context.parsed.literals, node.start_byte
        if start not in literals:
            literals[start] = self._literal(node, context, state)
        known = literals[start]
        if known is not None:
            return [known]
        several = self._several(context.parsed.script.plain[start : node.end_byte], state)
        if several is not None:
            return [
                self.as_word(value, node.start_byte, node.end_byte, context, splits=_may_be_missing(value))
                for value in several
            ]
        word = self.word(node, context, state)
        if not word.splits or len(word.alternatives) != 1:
            return [word]
        texts = word.alternatives[0].split()
        return [replace(word, alternatives=(text,)) for text in texts]

    def _literal(self, node: Node, context: Context, state: State) -> Word | None:
        """The word if nothing expands in it."""
        raw = context.parsed.script.plain[node.start_byte : node.end_byte]
        if _PLAIN.fullmatch(raw):
            value = literal(raw)
        elif not _EXPANDS.search(raw):
            value = self.value(node, context, state)
        else:
            return None
        return self.as_word(value, node.start_byte, node.end_byte, context)

    def _several(self, raw: str, state: State) -> Iterable[Value] | None:
        """``"$@"``, ``"${array[@]}"``, its keys and ``{a,b}``: arguments of their own; None for any other word."""
        if "{" in raw and (braces := _BRACES.fullmatch(raw)):
            before, inside, after = braces.groups()
            return [literal(before + text + after) for text in inside.split(",")]
        bare = raw.strip('"')
        if bare in ("$@", "$*", "${@}", "${*}"):
            return state.positional
        if not bare.startswith("${"):
            return None
        if (part := _SLICE.fullmatch(bare)) is not None:
            return _from(part[1], int(part[2]), state)
        if bare.endswith(("[@]}", "[*]}")):
            name = bare[2:-4].removeprefix("!")
            items = state.arrays.get(state.references.get(name, name))
            return None if items is None else map(literal, items) if bare[2] == "!" else items.values()
        return None

    def value(self, node: Node, context: Context, state: State) -> Value:
        handler = self._handlers.get(node.type)
        if handler is not None:
            return handler(node, context, state)
        return self._plain_word(node, context, state)

    def quoted_body(self, node: Node, context: Context, state: State) -> Value:
        """The expansions of a heredoc body that was parsed as one string node."""
        return self._filled(node.children[1:-1], node.start_byte + 1, node.end_byte - 1, context, state, _BODY_ESCAPE)

    def _text(self, start: int, end: int, context: Context, escape: re.Pattern[str] | None) -> Value:
        script = context.parsed.script
        text = script.plain[start:end]
        if not text:
            return EMPTY
        if "\\" in text and escape is not None:
            text = escape.sub(lambda match: "" if match.group(1) == "\n" else match.group(1), text)
        if UNKNOWN not in text:
            return Value((text,))
        holes = [script.holes[at] for at in range(start, end) if script.plain[at] == UNKNOWN]
        texts = _choices(text, holes)
        return Value(texts, tuple(Origin("hole", hole.expression, hole.start) for hole in holes))

    def _plain_word(self, node: Node, context: Context, state: State) -> Value:
        value = self._text(node.start_byte, node.end_byte, context, _ESCAPE)
        text = value.alternatives[0]
        if "~" in text:
            before, _, rest = text.partition("~")
            rest = rest.removeprefix(posixpath.basename(self._runner.home))
            if (not before or _ASSIGNS.fullmatch(before)) and (not rest or rest.startswith("/")):
                return Value((before + self._runner.home + rest,), value.origins)
        for child in node.named_children:
            if child.type == "command_substitution":
                return unknown(*self.value(child, context, state).origins)
        return value

    def _filled(
        self,
        children: list[Node],
        start: int,
        end: int,
        context: Context,
        state: State,
        escape: re.Pattern[str] | None,
    ) -> Value:
        """Expansions with the text between them: the grammar leaves gaps where blanks are."""
        parts, at = [], start
        for child in children:
            if child.type in ("string_content", "heredoc_content") or not child.is_named:
                continue
            start = expansion_start(child, context.parsed.script.plain)
            if start > at:
                parts.append(self._text(at, start, context, escape))
            parts.append(self.value(child, context, state))
            at = child.end_byte
        if at < end:
            parts.append(self._text(at, end, context, escape))
        return concat(parts) if parts else EMPTY

    def _string(self, node: Node, context: Context, state: State) -> Value:
        start, end = node.start_byte + 1, node.end_byte - 1
        plain = context.parsed.script.plain
        if not _EXPANDS.search(plain, start, end):
            return self._text(start, end, context, _QUOTED_ESCAPE)
        alone = _VARIABLE.fullmatch(plain, start, end)
        if alone is not None:
            return self._variable(alone.group(1) or alone.group(2), start, context, state)
        return self._filled(node.children, start, end, context, state, _QUOTED_ESCAPE)

    def _translated(self, node: Node, context: Context, state: State) -> Value:
        return self.value(node.named_children[0], context, state) if node.named_child_count else EMPTY

    def _concatenation(self, node: Node, context: Context, state: State) -> Value:
        return self._filled(node.children, node.start_byte, node.end_byte, context, state, _ESCAPE)

    def _command_name(self, node: Node, context: Context, state: State) -> Value:
        return self.value(node.named_children[0], context, state) if node.named_child_count else EMPTY

    def _raw_string(self, node: Node, context: Context, _state: State) -> Value:
        return self._text(node.start_byte + 1, node.end_byte - 1, context, None)

    def _ansi_c_string(self, node: Node, context: Context, _state: State) -> Value:
        value = self._text(node.start_byte + 2, node.end_byte - 1, context, None)
        return Value((_ANSI_ESCAPE.sub(_ansi, value.alternatives[0]),), value.origins)

    def _process(self, node: Node, context: Context, state: State) -> Value:
        return unknown(*self._runner.substitution(node, context, state).origins)

    def _arithmetic(self, node: Node, context: Context, state: State) -> Value:
        """Numbers are not computed; what runs inside is seen."""
        raw = context.parsed.script.plain[node.start_byte : node.end_byte].lstrip()
        inner = raw.removeprefix("$((").removesuffix("))").strip()
        if inner.isdigit():
            return literal(inner)
        origins: tuple[Origin, ...] = ()
        if "$(" in raw[2:] or "`" in raw:
            for child in descendants(node, "command_substitution"):
                origins += self._runner.substitution(child, context, state).origins
        return unknown(*origins)

    def _simple_expansion(self, node: Node, context: Context, state: State) -> Value:
        plain = context.parsed.script.plain
        name = plain[node.children[-1].start_byte : node.end_byte]
        return self._variable(name, expansion_start(node, plain), context, state)

    def _variable(self, name: str, start: int, context: Context, state: State) -> Value:
        found = self.lookup(name, context, state)
        return found if found is not None else self._unset(name, start, context)

    def _unset(self, name: str, start: int, context: Context) -> Value:
        return unknown(Origin("variable", name, context.parsed.script.at(start)))

    def lookup(self, name: str, context: Context, state: State) -> Value | None:
        """The value of a variable or parameter, None if nothing sets it."""
        if state.references:
            name = state.references.get(name, name)
        found = state.variables.get(name)
        if found is not None:
            return found
        if name == "0":
            return literal(self._runner.path)
        if name == "BASH_SOURCE":
            return literal(context.parsed.script.path)
        if name == "PWD":
            return state.cwd
        if state.positional is None:
            return None
        if name.isdigit():
            index = int(name) - 1
            return state.positional[index] if index < len(state.positional) else None
        if name in ("@", "*"):
            return concat([part for value in state.positional for part in (literal(" "), value)][1:] or [EMPTY])
        return literal(str(len(state.positional))) if name == "#" else None

    def _expansion(self, node: Node, context: Context, state: State) -> Value:
        """``${…}`` in all its forms; what is not modelled gives unknown with its origins."""
        start = expansion_start(node, context.parsed.script.plain)
        children = node.children[1:-1]
        subject = next((i for i, c in enumerate(children) if c.type in _SUBJECTS), None)
        if subject is None:
            return unknown()
        prefix = "".join(child.type for child in children[:subject])
        name, base = self._subject(children[subject], context, state)
        rest = children[subject + 1 :]
        if prefix == "!":
            base = self._indirect(base, context, state)
        elif prefix:
            return unknown(*(base.origins if base else ()))
        if not rest:
            return base if base is not None else self._unset(name, start, context)
        operand = self._filled(rest[1:], rest[0].end_byte, node.end_byte - 1, context, state, _ESCAPE)
        return self._operated(rest[0].type, name, base, operand, start, context, state)

    def _subject(self, node: Node, context: Context, state: State) -> tuple[str, Value | None]:
        plain = context.parsed.script.plain
        if node.type != "subscript":
            name = plain[node.start_byte : node.end_byte]
            return name, self.lookup(name, context, state)
        name, _, index = plain[node.start_byte : node.end_byte].removesuffix("]").partition("[")
        if name == "BASH_SOURCE":
            return name, literal(context.parsed.script.path if index == "0" else self._runner.path)
        items = state.arrays.get(state.references.get(name, name))
        if items is None:
            whole = self.lookup(name, context, state)
            is_filled_elsewhere = whole is not None and UNKNOWN in whole.alternatives
            return name, (whole if index == "0" or is_filled_elsewhere else None)
        if index in ("@", "*"):
            return name, concat([part for item in items.values() for part in (literal(" "), item)][1:] or [EMPTY])
        return name, _element(items, self.key(node, context, state))

    def key(self, subscript: Node, context: Context, state: State) -> Value:
        """The key of an array's element; one that has to be computed is unknown."""
        index = subscript.child_by_field_name("index")
        if index is None:
            return unknown()
        if index.type == "unary_expression":
            return literal(context.parsed.script.plain[index.start_byte : index.end_byte])
        return self.value(index, context, state)

    def filled(self, node: Node, start: int, end: int, context: Context, state: State) -> Value:
        """A part of a word, from `start` to `end`."""
        inside = [child for child in node.children if start <= child.start_byte and child.end_byte <= end]
        return self._filled(inside, start, end, context, state, _ESCAPE)

    def _indirect(self, names: Value | None, context: Context, state: State) -> Value | None:
        found = [self.lookup(name, context, state) or unknown() for name in (names.alternatives if names else ())]
        if not found:
            return None
        value = found[0]
        for other in found[1:]:
            value = union(value, other)
        return value

    def _operated(
        self, operator: str, name: str, base: Value | None, operand: Value, start: int, context: Context, state: State
    ) -> Value:
        if operator in _DEFAULTS:
            value = _default(operator, base, operand)
            if value is None:
                return self._unset(name, start, context)
            if operator in ("=", ":="):
                at = context.parsed.script.at(start)
                value = replace(value, origins=merged((Origin("assignment", name, at),), value.origins))
                state.variables[name] = value
            return value
        if base is None:
            return self._unset(name, start, context)
        pattern = operand.single
        if operator in _TRIMS and pattern is not None:
            return each(base, Trimmed(operator, pattern))
        if operator in _CASES and not pattern:
            return each(base, _CASES[operator])
        if operator in ("/", "//") and pattern is not None:
            return _replaced(base, pattern, every=operator == "//")
        return unknown(*base.origins)


_SUBJECTS = frozenset({"variable_name", "special_variable_name", "subscript"})


def _from(name: str, start: int, state: State) -> Iterable[Value] | None:
    """``"${@:2}"`` and ``"${words[@]:1}"``."""
    if name == "@":
        return state.positional[start - 1 :] if state.positional is not None and start else None
    array = name.removesuffix("[@]")
    items = state.arrays.get(state.references.get(array, array))
    return None if items is None else [*items.values()][start:]


def _element(items: Mapping[str, Value], key: Value) -> Value | None:
    """The element of an array, any of those that are meant if the key is not known; None if there is none."""
    found = [items[text] for text in key.alternatives if text in items]
    if len(found) < len(key.alternatives):
        numbered = all(text.isdigit() for text in items)
        last = key.single or ""
        if numbered and re.fullmatch(r"-\d+", last):
            found = list(items.values())[int(last) :][:1]
        elif UNKNOWN in key.alternatives or (numbered and not last.isdigit()):
            found = list(items.values())
    return reduce(union, found) if found else None


def _default(operator: str, base: Value | None, operand: Value) -> Value | None:
    """None if the variable is not set and nothing stands for it. A variable that nobody sets is taken to be unset."""
    kind, also_empty = operator[-1], operator[0] == ":"
    if base is None:
        return operand if kind in "-=" else EMPTY if kind == "+" else None
    if kind == "?":
        return base
    missing = [text for text in base.alternatives if text == UNKNOWN or (also_empty and not text)]
    present = [text for text in base.alternatives if text or not also_empty]
    if kind == "+":
        some = list(operand.alternatives) if present else []
        return bounded([*some, *([""] if missing else [])], operand.origins)
    texts = [*present, *(operand.alternatives if missing else ())]
    return bounded(texts, base.origins + operand.origins if missing else base.origins)


def _replaced(base: Value, operand: str, *, every: bool) -> Value:
    """``${X/old/new}`` with a literal `old`."""
    old, _, new = operand.partition("/")
    if not old or UNKNOWN in operand or old[0] in "#%" or _GLOB_CHARACTERS.search(old):
        return unknown(*base.origins)
    return each(base, lambda text: text.replace(old, new, -1 if every else 1))


def _ansi(match: re.Match[str]) -> str:
    letter, octal, short, wide = match.groups()
    if letter:
        return _ANSI.get(letter, letter)
    return (chr(int(octal, 8) & 0xFF) if octal else chr(int(short or wide, 16))).replace(UNKNOWN, "")


def expansion_start(node: Node, plain: str) -> int:
    """Where an expansion really starts: in a string the grammar counts the blanks before it as its own."""
    start = node.start_byte
    if plain[start] in " \t\r\n" and node.type in _DOLLAR:
        match = _FIRST.search(plain, start, node.end_byte)
        return match.start() if match else start
    return start


def _may_be_missing(value: Value) -> bool:
    """Whether an element of an array is there in one branch only: no argument where it is not."""
    return "" in value.alternatives and len(value.alternatives) > 1 and not any(" " in t for t in value.alternatives)


def _splits(node: Node) -> bool:
    """Whether an expansion stands in it outside quotes."""
    kind = node.type
    if kind in ("simple_expansion", "expansion", "command_substitution"):
        return True
    return kind in ("concatenation", "command_name") and any(_splits(child) for child in node.named_children)


def descendants(node: Node, kind: str) -> Iterator[Node]:
    stack = list(node.named_children)
    while stack:
        child = stack.pop()
        if child.type == kind:
            yield child
        else:
            stack.extend(child.named_children)


def _choices(text: str, holes: list[Hole]) -> tuple[str, ...]:
    """`text` with each hole replaced by every value that it can have; one without known values stays unknown."""
    between = text.split(UNKNOWN)
    chosen = product(*(hole.options or (UNKNOWN,) for hole in holes))
    texts = tuple(
        "".join(part for pair in zip(between, (*each, ""), strict=True) for part in pair)
        for each in islice(chosen, MAX_VALUES + 1)
    )
    return texts if len(texts) <= MAX_VALUES else (text,)
