"""YAML 1.2 with the core schema, as OpenSpec's own parser reads it: `yes` and dates are strings, keys are unique."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

import yaml

Value = None | bool | float | str | list["Value"] | dict[str, "Value"]
"""All numbers are floats, as in JavaScript."""

MAX_CHARACTERS = 64 * 1024
"""Longer documents are refused: the files read here have a dozen lines."""

MAX_ALIAS_COUNT = 100
"""Beyond it a document is refused as an attempt to exhaust memory; OpenSpec's parser counts alike."""

_TAG = "tag:yaml.org,2002:"
# https://yaml.org/spec/1.2.2/#103-core-schema, first match wins.
_CORE_SCHEMA = (
    ("null", re.compile(r"(?:~|[Nn]ull|NULL)?\Z")),
    ("bool", re.compile(r"(?:[Tt]rue|TRUE|[Ff]alse|FALSE)\Z")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    ("float", re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")),
)
# Line ends of YAML 1.1, lone carriage returns and controls, which are plain characters here.
_UNKNOWN_TO_PYYAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|\r(?!\n)")
_TAB_BETWEEN_TOKENS = re.compile(r"(?<=\S)[ \t]*\t[ \t]*|^[ \t]*\t[ \t]*$|\A[ \t]+(?=[{[])", re.MULTILINE)


class InvalidYaml(Exception):
    """A document that is no valid YAML 1.2; the message is one line."""


@lru_cache(maxsize=64)
def load(text: str) -> Value:
    """The value of the one document in `text`; None for an empty one. It is shared: never change it.

    Raises:
        InvalidYaml: the text is no YAML, has several documents or one key twice, or is too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidYaml(f"is longer than {MAX_CHARACTERS // 1024} KiB")
    try:
        node = _compose(_UNKNOWN_TO_PYYAML.sub("\ufffd", text))
        return None if node is None else _Builder().build(node)
    except yaml.YAMLError as error:
        raise InvalidYaml(str(error).splitlines()[0]) from error
    except RecursionError as error:
        raise InvalidYaml("is nested too deeply") from error


def expected(kind: str, value: Value) -> str:
    """That a value has the wrong type, in the words of OpenSpec's schema library."""
    return f"Invalid input: expected {kind}, received {_type(value)}"


def _type(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return "number" if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        # PyYAML knows tabs only inside scalars, YAML 1.2 between all tokens.
        if "\t" not in text:
            raise
        return yaml.compose(_TAB_BETWEEN_TOKENS.sub(" ", text), Loader=_Loader)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the types of the core schema, and a bound on what aliases expand to."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._visits: Counter[int] = Counter()
        self._weights: dict[int, int] = {}
        self._heaviest: list[int] = [0]

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: object) -> str:
        if kind is not yaml.ScalarNode:
            return f"{_TAG}map" if kind is yaml.MappingNode else f"{_TAG}seq"
        if value is None or not isinstance(implicit, tuple) or not implicit[0]:
            return f"{_TAG}str"
        return next((f"{_TAG}{name}" for name, pattern in _CORE_SCHEMA if pattern.match(value)), f"{_TAG}str")

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        alias = self.check_event(yaml.AliasEvent)
        self._heaviest.append(0)
        node = super().compose_node(parent, index)
        inner = self._heaviest.pop()
        if alias:
            self._visits[id(node)] += 1
            weight = self._visits[id(node)] * self._weights.get(id(node), 0)
            if weight > MAX_ALIAS_COUNT:
                raise yaml.YAMLError("expands its aliases too often")
        else:
            weight = 1 if isinstance(node, yaml.ScalarNode) else inner
            self._weights[id(node)] = weight
        self._heaviest[-1] = max(self._heaviest[-1], weight)
        return node


class _Builder:
    """Values from nodes; a node that several aliases name is built once."""

    def __init__(self) -> None:
        self._built: dict[int, Value] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> Value:
        if id(node) in self._built:
            return self._built[id(node)]
        if id(node) in self._open:
            raise yaml.YAMLError("holds itself")
        self._open.add(id(node))
        value = self._value(node)
        self._open.discard(id(node))
        self._built[id(node)] = value
        return value

    def _value(self, node: yaml.Node) -> Value:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child) for child in node.value]
        mapping: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key = _key(self.build(key_node))
            if key in mapping:
                raise yaml.YAMLError(f"has the key {key!r} twice")
            mapping[key] = self.build(value_node)
        return mapping


def _scalar(node: yaml.ScalarNode) -> Value:
    text: str = node.value
    kind = node.tag.removeprefix(_TAG)
    if not any(name == kind and pattern.match(text) for name, pattern in _CORE_SCHEMA):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if text.startswith(("0o", "0x")):
        return float(int(text, 0))
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _key(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
