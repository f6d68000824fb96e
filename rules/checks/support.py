"""What several rules say the same way: violations that a value causes, facts of attributes and commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from rules.model import Edit, Fact, Span, Step, Undecided
from rules.sources.shell import UNKNOWN, Command, Guard, Redirect, Word
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.values import (
    Alternative,
    ListData,
    MapData,
    Unknown,
    Value,
    as_bool,
    as_text,
    show,
    show_value,
)
from rules.sources.text import Position
from rules.workspace.image import NAME as IMAGE
from rules.workspace.template import Resource, Workspace

MAX_TOLD = 2
"""Values of one word that are told; the others are left out."""
MAX_TOLD_LENGTH = 200

Truth = Literal["true", "settable", "unknown"]


def way(workspace: Workspace, alternative: Alternative, effect: Position) -> tuple[Step, ...]:
    """From where a value is written, through what passes it on, to the line where it takes effect."""
    steps = (*alternative.made_of, workspace.step(alternative.at), *alternative.trail, workspace.step(effect))
    return tuple(dict.fromkeys(steps))


def line(at: Position) -> Span:
    return Span(at.path, at.line, at.line)


def undecided(workspace: Workspace, rule: str, address: str, at: Position, reason: str) -> Undecided:
    return Undecided(rule, workspace.template, address, line(at), reason)


def is_set_outside(alternative: Alternative) -> bool:
    """Whether whoever pushes the template says it, by a variable."""
    return alternative.variable is not None or alternative.at.path.endswith(".tfvars")


def not_seen(name: str, data: Unknown) -> str:
    """Why it cannot be told what an attribute is."""
    return f"`{name}` is {f'`{data.expression}`' if data.expression else 'a value'}, which {data.reason}"


def truths(value: Value) -> Iterator[tuple[Alternative, Truth]]:
    """How a value that ought to be false can be true: the alternative that is, else every one that may be.

    settable: false by default, but a variable can make it true.
    """
    true = next((alternative for alternative in value if as_bool(alternative.data) is True), None)
    if true is not None:
        yield true, "true"
        return
    for alternative in value:
        if isinstance(alternative.data, Unknown):
            yield alternative, "unknown"
        elif alternative.variable is not None:
            yield alternative, "settable"


def can(value: Value, verb: str) -> str:
    """``runs``, or ``can run`` for one of several values."""
    return f"can {verb}" if len(value.alternatives) > 1 else f"{verb}s"


def set_to(workspace: Workspace, block: BlockInstance, name: str, value: str) -> Edit | None:
    """The edit that gives a one-line attribute another value; None where it is not on a line of its own."""
    attribute = block.attribute(name)
    if attribute is None or attribute.end_line != attribute.at.line:
        return None
    text = source_line(workspace, attribute.at)
    match = re.match(rf"^(\s*{re.escape(name)}\s*=\s*)", text)
    return None if match is None else Edit(attribute.at.path, attribute.at.line, attribute.at.line, match[1] + value)


def corrected(
    workspace: Workspace, block: BlockInstance, name: str, alternative: Alternative, value: str
) -> Edit | None:
    """The edit that gives an attribute the literal `value`: where the wrong one is written for it alone, else at the
    attribute.
    """
    at, attribute = alternative.at, block.attribute(name)
    match = _LITERAL.fullmatch(source_line(workspace, at))
    own = attribute is not None and (attribute.at.path, attribute.at.line) == (at.path, at.line)
    if match is None or own or not _is_used_once(workspace, match[2]):
        return set_to(workspace, block, name, value)
    return Edit(at.path, at.line, at.line, f"{match[1]}{value}{match[4]}")


_LITERAL = re.compile(r"(\s*([\w-]+)\s*[=:]\s*)(true|false|null|-?\d+|\"[^\"$%]*\")(\s*,?)")
"""A line that gives one name one literal value."""


def _is_used_once(workspace: Workspace, name: str) -> bool:
    """Whether a local or a variable is taken for one thing only, as far as its name tells."""
    pattern = re.compile(rf"\b(?:local|var)\.{re.escape(name)}\b")
    lines = (text for lines in workspace.evaluator.source.lines.values() for text in lines)
    return sum(len(pattern.findall(text)) for text in lines) == 1


def written(edit: Edit | None, otherwise: str) -> str:
    """What an edit of one line writes, without what stands around it; `otherwise` where there is no such edit."""
    return edit.text.strip().rstrip(",") if edit is not None and "\n" not in edit.text else otherwise


def without(parent: BlockInstance, block: BlockInstance, *, with_others: bool = False) -> Edit | None:
    """The edit that removes a block of `parent`, or the `dynamic` one that makes this block and, maybe, others."""
    alike = [each for each in parent.blocks(block.block.type) if each.at == block.at]
    own = next((each for each in parent.block.body.blocks if each.at == block.at), None)
    if own is None or (len(alike) > 1 and not with_others):
        return None
    return Edit(own.at.path, own.at.line, own.end_line, "")


def without_word(workspace: Workspace, word: Word) -> Edit | None:
    """The edit that takes a word out of its line, and the line with it if nothing else is there."""
    at, raw = word.position, word.raw
    text = source_line(workspace, at)
    if "\n" in raw or text.split().count(raw) != 1:
        return None
    left = re.sub(rf"(?<!\S){re.escape(raw)} ?", "", text)
    return Edit(at.path, at.line, at.line, "" if left.strip() in ("", "\\") else left)


def removed(workspace: Workspace, block: BlockInstance, name: str, alternative: Alternative) -> Edit | None:
    """The edit that takes an attribute of one line away, where its value is written there."""
    at, attribute = alternative.at, block.attribute(name)
    if attribute is None or attribute.end_line != attribute.at.line or at.line != attribute.at.line:
        return None
    alone = re.match(rf"\s*{re.escape(name)}\s*=", source_line(workspace, attribute.at))
    return Edit(attribute.at.path, attribute.at.line, attribute.at.line, "") if alone else None


def with_attribute(workspace: Workspace, block: BlockInstance, name: str, value: str) -> Edit | None:
    """The edit that gives a block an attribute which it lacks, as its first one."""
    return None if block.header is not None else _first_below(workspace, block.at, name, value)


def with_entry(workspace: Workspace, block: BlockInstance, name: str, key: str, value: str) -> Edit | None:
    """The edit that gives the map which is attribute `name` an entry: in place of the wrong one, or as its first."""
    attribute = block.attribute(name)
    if attribute is None:
        return None
    for number in range(attribute.at.line, attribute.end_line + 1):
        if (edit := entry_at(workspace, replace(attribute.at, line=number), key, value)) is not None:
            return edit
    return _first_below(workspace, attribute.at, key, value)


def entry_at(workspace: Workspace, at: Position, key: str, value: str) -> Edit | None:
    """The edit that gives the entry of a map which a line holds another value."""
    match = re.match(rf"(\s*{key}\s*=\s*)([^#]+)$", source_line(workspace, at))
    whole = match is not None and all(match[2].count(a) == match[2].count(b) for a, b in ("()", "[]", "{}"))
    return Edit(at.path, at.line, at.line, f"{match[1]}{value}") if match is not None and whole else None


def key_of(workspace: Workspace, at: Position, name: str) -> str:
    """How a line gives the variable `name` its value: by its name in a map, as the `value` of a `coder_env`."""
    return "value" if re.match(r"\s*value\s*=", source_line(workspace, at)) else name


def _first_below(workspace: Workspace, at: Position, name: str, value: str) -> Edit | None:
    """The edit that writes ``name = value`` below a line that opens a block or a map, in line with what follows."""
    opening = source_line(workspace, at)
    if not opening.rstrip().endswith("{"):
        return None
    below = re.match(r"(\s+)(\w+\s*)=", source_line(workspace, replace(at, line=at.line + 1)))
    within = f"{opening[: len(opening) - len(opening.lstrip())]}  "
    indent, width = (below[1], len(below[2].rstrip())) if below else (within, 0)
    aligned = len(below[2]) if below and len(below[2]) > width + 1 else 0
    # An empty line below it keeps `terraform fmt` from moving what follows.
    apart = "\n" if below is not None and len(name) > max(aligned - 1, width) else ""
    return Edit(at.path, at.line + 1, at.line, f"{indent}{f'{name} '.ljust(aligned)}= {value}{apart}")


def has_data(workspace: Workspace, reference: str) -> bool:
    """Whether the template has the data source of ``data.kind.name.attribute``."""
    kind, name = reference.split(".")[1:3]
    pattern = re.compile(rf'\s*data\s+"{kind}"\s+"{name}"')
    return any(pattern.match(text) for lines in workspace.evaluator.source.lines.values() for text in lines)


def source_line(workspace: Workspace, at: Position) -> str:
    lines = workspace.evaluator.source.lines.get(at.path, [])
    return lines[at.line - 1].rstrip("\r") if at.line <= len(lines) else ""


def attribute_facts(rule: str, workspace: Workspace, resource: Resource, names: Iterable[str]) -> Iterator[Fact]:
    """A fact for each of `names` that the resource sets, over the lines on which it is set."""
    for name in names:
        attribute, value = resource.instance.attribute(name), resource.value(name)
        if attribute is not None and value is not None:
            where = Span(attribute.at.path, attribute.at.line, attribute.end_line)
            shown = _show_set(value) if name in _SETS else show_value(value)
            yield Fact(rule, workspace.template, name, shown, where)


_SETS = frozenset({"security_opts", "group_add"})
"""Attributes that are sets of strings for the provider: a number and its text are the same."""


def _show_set(value: Value) -> str:
    """A set of strings, each with the variable that it is taken from."""
    shown = []
    for alternative in value:
        items = alternative.data.items if isinstance(alternative.data, ListData) else ()
        elements = [_show_element(each, alternative.variable) for item in items for each in item]
        shown.append(f"[{', '.join(elements)}]" if items else show(alternative.data))
    return " or ".join(dict.fromkeys(shown))


def _show_element(element: Alternative, variable: str | None) -> str:
    text = as_text(element.data, element.at)
    variable = element.variable or variable
    return (f'"{text.show()}"' if text is not None else show(element.data)) + (f" (var.{variable})" if variable else "")


def command_fact(
    rule: str, template: str, what: str, command: Command, guards: tuple[Guard, ...] | None = None
) -> Fact:
    """A command as a fact; `guards` are those of its conditions that count, all of them if not given."""
    value, sense = spelled(command, guards), settled(command, guards)
    known = "…" not in sense and all(r.here is None for r in (*command.redirects, *command.outer))
    # What a function is given is said by its calls: a log line in other words writes the same file in the same way.
    given = _ARGUMENT.search(value) is not None
    return Fact(rule, template, what, value, command.span, calls(command), sense if known and not given else "")


_ARGUMENT = re.compile(r"\$\{?[\d@*]")


def image_fact(rule: str, what: str, command: Command) -> Fact:
    """A command of the image's build: what was built before it in the same `RUN` is no condition worth telling."""
    return Fact(rule, IMAGE, what, " ".join(command.raw.split()), command.span)


def spelled(command: Command, guards: tuple[Guard, ...] | None = None) -> str:
    """A command as one line, with what must hold for it to run."""
    text = written_out(command)
    if command.name == "test" and text.startswith("test "):
        text = f"[ {text.removeprefix('test ')} ]"
    conditions = [_condition(guard) for guard in (command.guards if guards is None else guards)]
    return f"{text}  [if {' and '.join(conditions)}]" if conditions else text


def written_out(command: Command) -> str:
    """A command as it is written, on one line; one that is only handed on, `"$@"`, by what it is."""
    text = " ".join(command.raw.split())
    if not text.startswith(('"$', "$")) or not command.words:
        return text
    words = [word.alternatives[0].replace(UNKNOWN, "…") for word in command.words]
    return " ".join((*words, *(_redirected(each, each.target.raw) for each in command.redirects if each.here is None)))


def calls(command: Command) -> tuple[Span, ...]:
    """The lines of the calls that lead to a command, the nearest first."""
    return tuple(line(frame.position) for frame in reversed(command.frames) if frame.position.path)


def settled(command: Command, guards: tuple[Guard, ...] | None = None) -> str:
    """A command by what it does, with what must hold for it to run: values in place of the names of variables."""
    conditions = [settled_condition(guard) for guard in (command.guards if guards is None else guards)]
    return settled_words(command) + (f"  [if {' and '.join(conditions)}]" if conditions else "")


_TESTS = frozenset({"[", "[[", "test"})


def settled_words(command: Command) -> str:
    words = [command_part(word) for word in command.words if word.raw or word.alternatives != ("=",)]
    if command.name in _TESTS:
        words = ["[", *words[1 : len(words) - (command.name != "test")], "]"]
    words += [f"{a.name}={command_part(a.value)}" for a in command.assignments if command.name == "="]
    for redirect in (*command.redirects, *command.outer):
        if redirect.here is None:
            words.append(_redirected(redirect, command_part(redirect.target)))
        else:
            words.append(f"with {' '.join(command_part(redirect.here.word).split())}")
    return " ".join(words)


def _redirected(redirect: Redirect, target: str) -> str:
    space = "" if redirect.operator.endswith("&") else " "
    return f"{redirect.descriptor}{redirect.operator}{space}{target}"


def settled_condition(guard: Guard) -> str:
    if guard.test is None:
        return " or ".join(" and ".join(map(settled_condition, each)) for each in guard.any_of)
    test = guard.test
    if test.name == "((":
        text = re.sub(r"[A-Za-z_]\w*", "…", " ".join(test.raw.split()))
    else:
        words = " ".join(map(command_part, test.argv[1:]))
        text = f"[ {words} ]" if test.name == "test" else f"{test.name} {words}".strip()
    return text if guard.holds else f"not {text}"


def command_part(word: Word) -> str:
    """What a word is, or where it comes from: the names that a script gives its own variables say nothing."""
    text = "|".join(word.alternatives[:MAX_TOLD])
    if len(text) > MAX_TOLD_LENGTH:
        text = f"{text[:MAX_TOLD_LENGTH]} …"
    if UNKNOWN not in text:
        return text
    names = dict.fromkeys(origin.name for origin in word.origins if origin.kind != "assignment")
    return text.replace(UNKNOWN, f"<{', '.join(names)}>" if names else "…")


def _condition(guard: Guard) -> str:
    if guard.test is None:
        return " or ".join(" and ".join(map(_condition, each)) for each in guard.any_of)
    words = " ".join(word.raw for word in guard.test.argv[1:])
    text = f"[ {words} ]" if guard.test.name == "test" else " ".join(guard.test.raw.removeprefix("!").split())
    return text if guard.holds else f"not {text}"


def environment(rule: str, workspace: Workspace, names: Iterable[str]) -> Iterator[Fact]:
    """A fact for each of `names` that an agent's `env` sets."""
    seen: set[tuple[str, str]] = set()
    for agent in workspace.agents:
        for alternative in agent.value("env") or ():
            if not isinstance(alternative.data, MapData):
                continue
            for name in names:
                value = alternative.data.get(name)
                if value is not None and (name, shown := show_value(value)) not in seen:
                    seen.add((name, shown))
                    first = value.alternatives[0]
                    where = line(first.at)
                    if where.path != agent.instance.at.path:
                        where = line(agent.at("env"))
                    through = tuple(Span(step.path, step.line, step.line) for step in first.trail)
                    what = f"{name} in the agent's env"
                    yield Fact(rule, workspace.template, what, shown, where, through)


def block_fact(rule: str, workspace: Workspace, what: str, block: BlockInstance, names: Iterable[str]) -> Fact:
    """A nested block with those of its attributes that count."""
    values = ((name, block.value(name)) for name in names)
    shown = ", ".join(f"{name} {show_value(value)}" for name, value in values if value is not None)
    sure = "" if block.presence == "certain" else f" ({block.presence})"
    return Fact(rule, workspace.template, what, shown + sure, Span(block.at.path, block.at.line, block.block.end_line))


def argument_lists(command: Command) -> Iterator[list[tuple[str, Word]]]:
    """The argument lists that a command can get: one for each value of the word that has most of them."""
    count = max((len(word.alternatives) for word in command.args), default=0)
    for index in range(count):
        chosen = ((word.alternatives[min(index, len(word.alternatives) - 1)], word) for word in command.args)
        yield [(part, word) for text, word in chosen for part in (text.split() if word.splits else [text])]


def mentions(command: Command, text: str) -> bool:
    """Whether an argument can contain `text`."""
    return any(text in alternative for word in command.args for alternative in word.alternatives)


def in_home(path: str) -> bool:
    return path == "/home/coder" or path.startswith("/home/coder/")


def writes(command: Command) -> Iterator[str]:
    """Paths that a command writes by redirection or as the arguments of `tee`."""
    for redirect in (*command.redirects, *command.outer):
        if redirect.operator in (">", ">>", ">|", "&>", "&>>"):
            yield from redirect.target.alternatives
    if command.name == "tee":
        yield from (text for word in command.args for text in word.alternatives if not text.startswith("-"))


def written_to(command: Command, path: str) -> bool:
    return path in writes(command)
