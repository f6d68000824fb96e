"""Terraform's built-in functions, on known values.

Source: https://developer.hashicorp.com/terraform/language/functions. A function that is not here, or that cannot work
with what is known, makes its result unknown; it never guesses. Functions that read files are in `evaluate`, because
they need the tree.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import posixpath
import re
from collections.abc import Callable
from itertools import chain, islice
from typing import TYPE_CHECKING

from rules.sources.terraform.values import (
    Alternative,
    Data,
    ListData,
    MapData,
    Unknown,
    Value,
    as_bool,
    as_number,
    as_text,
    computed,
    fingerprint,
    known,
)
from rules.sources.text import Hole, Part, Piece, Position, Text

if TYPE_CHECKING:
    import re2

_NEWLINE = re.compile("\n")

MAX_STRING = 1_000_000
"""Characters of a computed string; a longer one is unknown."""

MAX_CUTS = 10_000
MAX_CUT_WORK = 200_000_000
"""Places at which one call cuts a string, and those times its length; beyond, the result is unknown."""

Result = Data | Value
Function = Callable[[list[Data], Position], Result]


class NotKnown(Exception):
    """The result depends on something unknown."""


class Refused(Exception):
    """Terraform would stop with an error here."""


def text(data: Data, at: Position) -> Text:
    found = as_text(data, at)
    if found is None:
        raise Refused("a string is needed")
    return found


def plain(data: Data) -> str:
    """A wholly known string."""
    found = text(data, Position("", 1, 1)).known
    if found is None:
        raise NotKnown
    return found


def items(data: Data) -> tuple[Value, ...]:
    """The elements of a list that is known to its end."""
    if isinstance(data, ListData):
        if data.open:
            raise NotKnown
        return data.items
    if isinstance(data, Unknown):
        raise NotKnown
    raise Refused("a list is needed")


def entries(data: Data) -> tuple[tuple[str, Value], ...]:
    if isinstance(data, MapData):
        if data.open:
            raise NotKnown
        return data.items
    if isinstance(data, Unknown):
        raise NotKnown
    raise Refused("a map is needed")


def number(data: Data) -> float:
    found = as_number(data)
    if found is not None:
        return found
    if isinstance(data, Unknown) or (isinstance(data, Text) and data.known is None):
        raise NotKnown
    raise Refused("a number is needed")


def integral(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def single(value: Value) -> Alternative:
    """The one alternative of an element, for functions that look at every element's value."""
    if len(value.alternatives) != 1:
        raise NotKnown
    return value.alternatives[0]


def to_python(data: Data) -> object:
    """`data` as plain Python, for encoding. Raises `NotKnown` if a part of it is unknown."""
    match data:
        case Unknown():
            raise NotKnown
        case Text():
            return plain(data)
        case ListData():
            return [to_python(single(item).data) for item in items(data)]
        case MapData():
            return {key: to_python(single(item).data) for key, item in sorted(entries(data), key=lambda e: e[0])}
        case float() if data.is_integer():
            return int(data)
        case _:
            return data


def to_json(value: object) -> str:
    """JSON as Go writes it: without blanks, and safe inside HTML."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def from_python(value: object, at: Position) -> Data:
    match value:
        case str():
            return computed(value, at)
        case list():
            return ListData(tuple(known(from_python(item, at), at) for item in value))
        case dict():
            return MapData(tuple((str(key), known(from_python(item, at), at)) for key, item in value.items()))
        case bool() | int() | float() | None:
            return value
        case _:
            raise NotKnown


# Strings. Those that only cut, join or replace keep the origin of what is left.


def lower_upper(change: Callable[[str], str]) -> Function:
    def function(args: list[Data], at: Position) -> Result:
        parts: list[Part] = []
        for part in text(args[0], at).parts:
            if isinstance(part, Hole):
                parts.append(part)
                continue
            changed = change(part.text)
            same_shape = len(changed) == len(part.text)
            parts.extend((Piece(changed, part.start, part.indent),) if same_shape else computed(changed, at).parts)
        return Text(tuple(parts))

    return function


def trim(left: bool, right: bool, characters: str | None = None) -> Function:  # noqa: FBT001
    """Trims white space, or the characters of `characters` or of the second argument."""

    def function(args: list[Data], at: Position) -> Result:
        source = text(args[0], at)
        cut = plain(args[1]) if len(args) > 1 else characters
        start, end = 0, len(source)
        first, last = (source.parts[0], source.parts[-1]) if source.parts else (None, None)
        if left and isinstance(first, Piece):
            start = len(first.text) - len(first.text.lstrip(cut))
        if right and isinstance(last, Piece):
            end -= len(last.text) - len(last.text.rstrip(cut))
        return source.slice(start, max(start, end))

    return function


def trimprefix(args: list[Data], at: Position) -> Result:
    source, prefix = text(args[0], at), plain(args[1])
    begins = bool(source.parts) and isinstance(source.parts[0], Piece) and flat(source).startswith(prefix)
    return source.slice(len(prefix), len(source)) if begins else source


def trimsuffix(args: list[Data], at: Position) -> Result:
    source, suffix = text(args[0], at), plain(args[1])
    ends = bool(suffix) and flat(source).endswith(suffix)
    return source.slice(0, len(source) - len(suffix)) if ends else source


def flat(source: Text) -> str:
    """One character for each character or hole of `source`; a hole is NUL, which no Terraform string holds."""
    return "".join(part.text if isinstance(part, Piece) else "\0" for part in source.parts)


def replace(args: list[Data], at: Position) -> Result:
    source, wanted, new = text(args[0], at), plain(args[1]), text(args[2], at)
    if not wanted:
        raise NotKnown
    by_pattern = len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/")
    if by_pattern and "$" in (new.known or "$"):
        raise NotKnown  # a replacement that refers to groups
    places = _matches(compile_regex(wanted[1:-1]) if by_pattern else re.compile(re.escape(wanted)), source)
    within_bounds(len(source) + len(places) * len(new))
    parts: list[Part] = []
    cursor = 0
    for start, end in places:
        parts.extend(source.slice(cursor, start).parts)
        parts.extend(new.parts)
        cursor = end
    parts.extend(source.slice(cursor, len(source)).parts)
    return Text(tuple(parts))


def _matches(pattern: re.Pattern[str], source: Text) -> list[tuple[int, int]]:
    """Where a pattern, RE2's or Python's, matches. Each cut costs a look at the whole text, so they are bounded."""
    found = pattern.finditer(flat(source))
    places = [match.span() for match in islice(found, MAX_CUTS + 1)]
    if len(places) > MAX_CUTS or len(places) * len(source) > MAX_CUT_WORK:
        raise NotKnown
    return places


def compile_regex(pattern: str) -> re2._Regexp:
    """A pattern from the template, in Terraform's own dialect: RE2, which takes linear time on any input."""
    import re2  # noqa: PLC0415  (few templates have a pattern)

    try:
        return re2.compile(pattern)
    except re2.error as error:
        raise NotKnown from error


def within_bounds(size: int) -> None:
    if size > MAX_STRING:
        raise NotKnown


def bounded(result: str, at: Position) -> Text:
    within_bounds(len(result))
    return computed(result, at)


def join(args: list[Data], at: Position) -> Result:
    separator = text(args[0], at)
    elements = [text(single(item).data, at) for item in chain.from_iterable(items(data) for data in args[1:])]
    within_bounds(sum(len(element) + len(separator) for element in elements))
    parts: list[Part] = []
    for index, element in enumerate(elements):
        if index:
            parts.extend(separator.parts)
        parts.extend(element.parts)
    return Text(tuple(parts))


def split(args: list[Data], at: Position) -> Result:
    separator, source = plain(args[0]), text(args[1], at)
    if not separator:
        raise NotKnown
    found, cursor = [], 0
    for start, end in (*_matches(re.compile(re.escape(separator)), source), (len(source), len(source))):
        part = source.slice(cursor, start)
        found.append(known(part, part.at(0) or at))
        cursor = end
    return ListData(tuple(found))


_VERB = re.compile(r"%(?:%|(?:\[(\d+)\])?([-+# 0]*)(\d*)(?:\.(\d+))?([vsdqtfgexXbo]))")
MAX_WIDTH = 1_000
"""Characters to which `format` and `indent` pad."""


def format_(args: list[Data], at: Position) -> Result:
    pattern = text(args[0], at)
    template = plain(pattern)
    parts: list[Part] = []
    cursor = used = 0
    for verb in _VERB.finditer(template):
        parts.extend(pattern.slice(cursor, verb.start()).parts)
        cursor = verb.end()
        if verb.group() == "%%":
            parts.extend(computed("%", at).parts)
            continue
        used = int(verb.group(1)) if verb.group(1) else used + 1
        if used >= len(args):
            raise Refused("format() has too few arguments")
        parts.extend(_formatted(verb, args[used], at).parts)
    parts.extend(pattern.slice(cursor, len(pattern)).parts)
    return Text(tuple(parts))


def _formatted(verb: re.Match[str], value: Data, at: Position) -> Text:
    flags, width, precision, kind = verb.group(2), verb.group(3), verb.group(4), verb.group(5)
    if max(len(width), len(precision or "")) > 6 or int(width or 0) + int(precision or 0) > MAX_WIDTH:
        raise NotKnown
    if kind in "vs" and not width and not precision:
        if kind == "v" and isinstance(value, ListData | MapData):
            return computed(to_json(to_python(value)), at)
        return text(value, at)
    if kind == "t" and not width:
        return text(value, at)
    if kind == "q":
        return computed(to_json(plain(value)), at)
    argument: object = plain(value) if kind in "vs" else number(value)
    if kind in "dxXbo":
        whole = integral(number(value))
        if not isinstance(whole, int):
            raise Refused("format() needs a whole number here")
        argument = whole
    shown = f"%{flags}{width}" + (f".{precision}" if precision else "") + ("s" if kind == "v" else kind)
    if kind == "b":
        return computed(format(int(number(value)), "b"), at)
    return computed(shown % argument, at)


def formatlist(args: list[Data], at: Position) -> Result:
    lists = [items(data) for data in args[1:] if isinstance(data, ListData)]
    size = max((len(found) for found in lists), default=1)
    made = []
    for index in range(size):
        row = [single(items(data)[index]).data if isinstance(data, ListData) else data for data in args[1:]]
        result = format_([args[0], *row], at)
        made.append(result if isinstance(result, Value) else known(result, at))
    return ListData(tuple(made))


def indent(args: list[Data], at: Position) -> Result:
    if number(args[0]) > MAX_WIDTH:
        raise NotKnown
    spaces = computed(" " * int(number(args[0])), at)
    source = text(args[1], at)
    parts: list[Part] = []
    cursor = 0
    for _, end in _matches(_NEWLINE, source):
        parts.extend(source.slice(cursor, end).parts)
        parts.extend(spaces.parts)
        cursor = end
    parts.extend(source.slice(cursor, len(source)).parts)
    return Text(tuple(parts))


def substr(args: list[Data], at: Position) -> Result:
    source, offset, length = text(args[0], at), int(number(args[1])), int(number(args[2]))
    if source.known is None:
        raise NotKnown
    start = offset if offset >= 0 else len(source) + offset
    return source.slice(start, len(source) if length < 0 else start + length)


def regex(args: list[Data], at: Position) -> Result:
    found = compile_regex(plain(args[0])).search(plain(args[1]))
    if found is None:
        raise Refused("regex() matches nothing")
    if found.re.groupindex:
        return from_python(found.groupdict(), at)
    return from_python(list(found.groups()) if found.re.groups else found.group(), at)


def predicate(test: Callable[[str, str], bool]) -> Function:
    return lambda args, _: test(plain(args[0]), plain(args[1]))


def on_string(change: Callable[[str], str]) -> Function:
    return lambda args, at: bounded(change(plain(args[0])), at)


def base64decode(args: list[Data], at: Position) -> Result:
    try:
        return computed(base64.b64decode(plain(args[0]), validate=True).decode("utf-8"), at)
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("not valid base64 text") from error


def jsondecode(args: list[Data], at: Position) -> Result:
    try:
        return from_python(json.loads(plain(args[0])), at)
    except ValueError as error:
        raise Refused("not valid JSON") from error


# Numbers and logic.


def on_numbers(change: Callable[[list[float]], float]) -> Function:
    return lambda args, _: integral(change([number(data) for data in args]))


def range_(args: list[Data], at: Position) -> Result:
    numbers = [int(number(data)) for data in args]
    made = range(*numbers) if numbers and all(n == 1 or n for n in numbers[2:]) else range(0)
    if len(made) > 1024:  # Terraform's own limit
        raise Refused("range() makes more than 1024 numbers")
    return ListData(tuple(known(n, at) for n in made))


def alltrue(args: list[Data], _: Position) -> Result:
    values = [as_bool(single(item).data) for item in items(args[0])]
    if None in values:
        raise NotKnown
    return all(values)


def anytrue(args: list[Data], _: Position) -> Result:
    values = [as_bool(single(item).data) for item in items(args[0])]
    if True in values:
        return True
    if None in values:
        raise NotKnown
    return False


# Collections.


def length(args: list[Data], _: Position) -> Result:
    data = args[0]
    if isinstance(data, Text):
        return len(plain(data))
    return len(entries(data) if isinstance(data, MapData) else items(data))


def concat(args: list[Data], _: Position) -> Result:
    is_open = any(isinstance(data, Unknown) or (isinstance(data, ListData) and data.open) for data in args)
    found = (data.items for data in args if isinstance(data, ListData))
    return ListData(tuple(chain.from_iterable(found)), open=is_open)


def merge(args: list[Data], _: Position) -> Result:
    merged: dict[str, Value] = {}
    is_open = False
    for data in args:
        if isinstance(data, MapData):
            merged.update(data.items)
            is_open = is_open or data.open
        elif data is not None:
            is_open = True
    return MapData(tuple(merged.items()), open=is_open)


def lookup(args: list[Data], _: Position) -> Result:
    data, key = args[0], plain(args[1])
    if not isinstance(data, MapData):
        raise NotKnown
    found = data.get(key)
    if found is not None:
        return found
    if data.open:
        raise NotKnown
    if len(args) > 2:
        return args[2]
    raise Refused(f"there is no key {key!r}")


def element(args: list[Data], _: Position) -> Result:
    found = items(args[0])
    if not found:
        raise Refused("element() of an empty list")
    return found[int(number(args[1])) % len(found)]


def coalescelist(args: list[Data], _: Position) -> Result:
    return next((data for data in args if isinstance(data, Unknown) or items(data)), None)


def distinct(args: list[Data], _: Position) -> Result:
    return ListData(_each_once(items(args[0])))


def _each_once(found: tuple[Value, ...]) -> tuple[Value, ...]:
    first: dict[object, Value] = {}
    for item in found:
        first.setdefault(fingerprint(single(item).data), item)
    return tuple(first.values())


def flatten(args: list[Data], _: Position) -> Result:
    if not isinstance(args[0], ListData):
        raise NotKnown
    found: list[Value] = []
    is_open = args[0].open
    for item in args[0].items:
        data = single(item).data
        if isinstance(data, ListData):
            inner = flatten([data], Position("", 1, 1))
            assert isinstance(inner, ListData)
            found.extend(inner.items)
            is_open = is_open or inner.open
        else:
            found.append(item)
    return ListData(tuple(found), open=is_open)


def compact(args: list[Data], at: Position) -> Result:
    kept = [item for item in items(args[0]) if (data := single(item).data) is not None and text(data, at).parts]
    return ListData(tuple(kept))


def keys(args: list[Data], at: Position) -> Result:
    return ListData(tuple(known(computed(key, at), at) for key in sorted(key for key, _ in entries(args[0]))))


def values(args: list[Data], _: Position) -> Result:
    return ListData(tuple(value for _, value in sorted(entries(args[0]), key=lambda entry: entry[0])))


def contains(args: list[Data], _: Position) -> Result:
    wanted = fingerprint(args[1])
    found = args[0]
    if isinstance(found, ListData) and any(
        len(i.alternatives) == 1 and fingerprint(single(i).data) == wanted for i in found.items
    ):
        return True
    options = [single(item).data for item in items(found)]
    if isinstance(args[1], Unknown) or any(isinstance(data, Unknown) for data in options):
        raise NotKnown
    return False


def slice_(args: list[Data], _: Position) -> Result:
    return ListData(items(args[0])[int(number(args[1])) : int(number(args[2]))])


def one(args: list[Data], _: Position) -> Result:
    found = items(args[0])
    if len(found) > 1:
        raise Refused("one() of a list with several elements")
    return found[0] if found else None


def zipmap(args: list[Data], _: Position) -> Result:
    names = [plain(single(item).data) for item in items(args[0])]
    return MapData(tuple(zip(names, items(args[1]), strict=False)))


def sort(args: list[Data], _: Position) -> Result:
    return ListData(tuple(sorted(items(args[0]), key=lambda item: plain(single(item).data))))


def set_operation(keep: Callable[[set[object], set[object]], set[object]]) -> Function:
    def function(args: list[Data], _: Position) -> Result:
        by_key: dict[object, Value] = {}
        sets: list[set[object]] = []
        for data in args:
            found = {fingerprint(single(item).data): item for item in items(data)}
            by_key.update(found)
            sets.append(set(found))
        result = sets[0]
        for other in sets[1:]:
            result = keep(result, other)
        return as_set(ListData(tuple(value for key, value in by_key.items() if key in result)))

    return function


def as_set(data: Data) -> Data:
    """A list as a set: each element once, in order; elements that can be several things stay as they are."""
    if not isinstance(data, ListData):
        return data
    if any(len(item.alternatives) != 1 for item in data.items):
        return ListData(data.items, data.open, is_set=True)
    return ListData(tuple(sorted(_each_once(data.items), key=_sort_key)), data.open, is_set=True)


def _sort_key(item: Value) -> tuple[float, str]:
    data = single(item).data
    if isinstance(data, Text):
        return 0, data.known or ""
    return as_number(data) or 0, ""


def to_list(args: list[Data], _: Position) -> Result:
    data = args[0]
    return ListData(data.items, data.open) if isinstance(data, ListData) else data


def to_string(args: list[Data], at: Position) -> Result:
    return None if args[0] is None else text(args[0], at)


def to_number(args: list[Data], _: Position) -> Result:
    return None if args[0] is None else integral(number(args[0]))


def to_bool(args: list[Data], _: Position) -> Result:
    found = as_bool(args[0])
    if found is None and args[0] is not None:
        raise NotKnown
    return found


def same(args: list[Data], _: Position) -> Result:
    return args[0]


def pathexpand(args: list[Data], at: Position) -> Result:
    source = text(args[0], at)
    if flat(source).startswith(("~", "\0")):
        raise NotKnown  # a home, of whoever pushes the template
    return source


PASS_THROUGH = frozenset(
    {"tostring", "tonumber", "tobool", "lower", "upper", "trimspace", "chomp", "sensitive", "nonsensitive"}
    | {"trimsuffix", "trimprefix", "trim", "pathexpand", "abspath"}
)
"""Functions whose result is still 'the value that was written there', so that its origin stays."""

FUNCTIONS: dict[str, Function] = {
    "abs": on_numbers(lambda n: abs(n[0])),
    "abspath": same,  # as `path.module` is the folder in the repository
    "alltrue": alltrue,
    "anytrue": anytrue,
    "base64decode": base64decode,
    "base64encode": on_string(lambda s: base64.b64encode(s.encode()).decode()),
    "basename": on_string(posixpath.basename),
    "ceil": on_numbers(lambda n: math.ceil(n[0])),
    "chomp": trim(left=False, right=True, characters="\r\n"),
    "coalescelist": coalescelist,
    "compact": compact,
    "concat": concat,
    "contains": contains,
    "dirname": on_string(posixpath.dirname),
    "distinct": distinct,
    "element": element,
    "endswith": predicate(str.endswith),
    "flatten": flatten,
    "floor": on_numbers(lambda n: math.floor(n[0])),
    "format": format_,
    "formatlist": formatlist,
    "indent": indent,
    "join": join,
    "jsondecode": jsondecode,
    "jsonencode": lambda args, at: bounded(to_json(to_python(args[0])), at),
    "keys": keys,
    "length": length,
    "lookup": lookup,
    "lower": lower_upper(str.lower),
    "max": on_numbers(max),
    "merge": merge,
    "min": on_numbers(min),
    "nonsensitive": same,
    "one": one,
    "pathexpand": pathexpand,
    "range": range_,
    "regex": regex,
    "replace": replace,
    "reverse": lambda args, _: ListData(items(args[0])[::-1]),
    "sensitive": same,
    "setintersection": set_operation(lambda a, b: a & b),
    "setsubtract": set_operation(lambda a, b: a - b),
    "setunion": set_operation(lambda a, b: a | b),
    "slice": slice_,
    "sort": sort,
    "split": split,
    "startswith": predicate(str.startswith),
    "strcontains": predicate(lambda whole, part: part in whole),
    "strrev": on_string(lambda s: s[::-1]),
    "substr": substr,
    "sum": lambda args, _: integral(math.fsum(number(single(item).data) for item in items(args[0]))),
    "title": lower_upper(str.title),
    "tobool": to_bool,
    "tolist": to_list,
    "tomap": same,
    "tonumber": to_number,
    "toset": lambda args, _: as_set(args[0]),
    "tostring": to_string,
    "trim": trim(left=True, right=True),
    "trimprefix": trimprefix,
    "trimspace": trim(left=True, right=True),
    "trimsuffix": trimsuffix,
    "upper": lower_upper(str.upper),
    "values": values,
    "zipmap": zipmap,
}
