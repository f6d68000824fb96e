"""What a command substitution gives, for the few commands whose output follows from their arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from rules.sources.shell.program import Command, HereText, Origin, Word
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.values import EMPTY, Value, bounded, concat, each, literal, merged, unknown
from rules.sources.text import Piece, Text

_SILENT = frozenset(
    {"cd", "true", "test", "[", "[[", ":", "=", ">", "export", "local", "set", "return", "exit", "eval"}
)


_ESCAPED = re.compile(r"\\([$`\\\n])")
"""What a backslash escapes in an unquoted heredoc."""


def output_of(commands: Sequence[Command], depth: int) -> Value:
    """The output of these commands, that ran in a substitution `depth` shells deep; with all that flows into it."""
    origins = merged(
        *(
            (Origin("command", command.name, command.position), *(o for word in command.args for o in word.origins))
            for command in commands
            if command.name not in _SILENT or (command.name == ">" and command.redirects)
        )
    )
    home = _home_of(commands)
    if home is not None:
        return Value((home,), origins)
    calls = {frame.position for command in commands for frame in command.frames if frame.kind == "call"}
    producers = []
    for command in commands:
        if len(command.scope) > depth:
            if command.scope[depth].kind not in ("substitution", "process"):
                return unknown(*origins)
        elif command.name not in _SILENT and command.position not in calls:
            producers.append(command)
    if len(producers) != 1 or producers[0].redirects:
        return _here_text(producers, origins)
    handler = _OUTPUTS.get(producers[0].name)
    value = handler(producers[0]) if handler is not None else None
    if value is None:
        return unknown(*origins)
    stripped = each(value, lambda text: text.rstrip("\n")) if None not in (value.single,) else value
    return Value(stripped.alternatives, origins, stripped.cut)


def _home_of(commands: Sequence[Command]) -> str | None:
    """``getent passwd coder | cut -d: -f6``."""
    if [command.name for command in commands] != ["getent", "cut"]:
        return None
    names, fields = [word.value for word in commands[0].args], [word.value for word in commands[1].args]
    known = len(names) == 2 and names[0] == "passwd" and names[1] and "-f6" in fields
    return f"/home/{names[1]}" if known else None


def texts_printed(commands: Sequence[Command]) -> list[Text]:
    """What each of these commands prints, where it is written; nothing of what is not known."""
    found: list[Text] = []
    for command in commands:
        here = next((redirect.here for redirect in command.redirects if redirect.here is not None), None)
        if command.name in ("cat", "tee", "read") and here is not None:
            found.append(code_of(here))
        elif command.name in ("echo", "printf") and command.args:
            alone = replace(command, redirects=())
            value = output_of([alone], len(command.scope)).single
            if value is not None and UNKNOWN not in value:
                found.append(Text(tuple(_pieces(command, value))))
    return found


def _pieces(command: Command, text: str) -> Iterator[Piece]:
    """The text where it is written: each line where its argument stands, if every argument is a line."""
    lines, words = text.split("\n"), command.args[1:]
    if len(lines) > 1 and [word.value for word in words] == lines:
        yield from (Piece(f"{line}\n", word.position) for line, word in zip(lines, words, strict=True))
    else:
        yield Piece(text, command.args[-1].position)


def code_of(here: HereText) -> Text:
    """What a shell reads from a heredoc; of a here-string, the words without their quotes."""
    if here.delimiter or UNKNOWN in here.word.alternatives[0]:
        return here.text if here.quoted or not here.delimiter else _unescaped(here.text)
    return Text((Piece(here.word.alternatives[0], here.word.position),))


def _unescaped(text: Text) -> Text:
    """``\\$X`` in an unquoted heredoc is for the shell that reads it; what is for this one is the same there."""
    plain = "".join(part.text if isinstance(part, Piece) else UNKNOWN for part in text.parts)
    parts, start = Text(()), 0
    for match in _ESCAPED.finditer(plain):
        parts += text.slice(start, match.start())
        start = match.end() if match[1] == "\n" else match.start(1)
    return parts + text.slice(start, len(plain)) if start else text


def _here_text(producers: Sequence[Command], origins: tuple[Origin, ...]) -> Value:
    """``$(cat <<EOF …)``, and what only sends its errors elsewhere."""
    if len(producers) != 1:
        return unknown(*origins)
    command = producers[0]
    if any(redirect.descriptor not in ("2", "0", "") for redirect in command.redirects):
        return unknown(*origins)
    if command.name == "cat" and len(command.argv) == 1:
        for redirect in command.redirects:
            if redirect.here is not None:
                return bounded((text.rstrip("\n") for text in redirect.here.word.alternatives), origins)
    quiet = all(redirect.descriptor == "2" for redirect in command.redirects)
    handler = _OUTPUTS.get(command.name) if quiet else None
    value = handler(command) if handler is not None else None
    return unknown(*origins) if value is None else Value(value.alternatives, origins, value.cut)


def _operands(command: Command) -> list[Value]:
    return [
        Value(word.alternatives, word.origins)
        for word in command.args
        if not (word.value or "").startswith("-") or word.value == "-"
    ]


def _pwd(command: Command) -> Value:
    return Value(command.cwd)


def _dirname(command: Command) -> Value | None:
    operands = _operands(command)
    if len(operands) != 1:
        return None
    return bounded((_parent(text) for text in operands[0].alternatives), operands[0].origins)


def _parent(text: str) -> str:
    """The folder, also where only a part of the path is known."""
    head, _, tail = text.rstrip("/").rpartition("/")
    if UNKNOWN in tail:
        return head + "/" + UNKNOWN if head else UNKNOWN
    return head or ("/" if text.startswith("/") else ".")


def _basename(command: Command) -> Value | None:
    operands = _operands(command)
    if not operands:
        return None
    suffix = (operands[1].single or "") if len(operands) > 1 else ""
    return each(operands[0], lambda text: posixpath.basename(text.rstrip("/")).removesuffix(suffix))


def _echo(command: Command) -> Value:
    parts: list[Value] = []
    for word in command.args:
        if not parts and word.value in ("-n", "-e", "-ne", "-en"):
            continue
        parts += [literal(" ")] * bool(parts) + [Value(word.alternatives, word.origins)]
    return concat(parts) if parts else literal("")


def _printf(command: Command) -> Value | None:
    return formatted(command.args)


def formatted(words: Sequence[Word]) -> Value | None:
    """What ``printf`` makes of a format with nothing but ``%s`` and ``\\n`` in it, as often as it has to."""
    form = words[0].value if words else None
    texts = [] if form is None else form.replace("\\n", "\n").split("%s")
    if not texts or any("%" in text or "\\" in text for text in texts):
        return None
    given = [Value(word.alternatives, word.origins) for word in words[1:]]
    parts = [literal(texts[0])]
    while len(texts) > 1:
        for text in texts[1:]:
            parts += [given.pop(0) if given else EMPTY, literal(text)]
        if not given:
            break
        parts.append(literal(texts[0]))
    return concat(parts)


def _realpath(command: Command) -> Value | None:
    operands = _operands(command)
    if len(operands) != 1:
        return None
    return each(operands[0], lambda text: posixpath.normpath(text) if text.startswith("/") else UNKNOWN)


def _which(command: Command) -> Value | None:
    """Where a program is; its name stands for its path. Empty if it is not installed."""
    operands = _operands(command)
    if len(operands) != 1 or (command.name == "command" and len(command.argv) < 3):
        return None
    return bounded((*operands[0].alternatives, ""), operands[0].origins)


_OUTPUTS: dict[str, Callable[[Command], Value | None]] = {
    "pwd": _pwd,
    "dirname": _dirname,
    "basename": _basename,
    "echo": _echo,
    "printf": _printf,
    "realpath": _realpath,
    "readlink": _realpath,
    "command": _which,
    "which": _which,
}
