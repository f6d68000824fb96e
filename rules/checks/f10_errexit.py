"""The boot script keeps going when a command fails.

## What it does

Follows the boot script of the agent as bash runs it, into the functions it calls and the files it sources, and reports
what makes it end at the first failing command: `set -e` in every spelling (`-eu`, `-o errexit`, `shopt -so errexit`,
through a variable, in `eval`), `-e` in the `#!` line, `exec bash -e "$0"`, and a `trap … ERR` whose handler exits. It
counts even if a later `set +e` takes it back. A `set -e` that ends with a subshell, a pipeline or another process does
not count, nor one in a file that the script only writes.

## Why it matters

Boot does many things that may fail without harm: a download, a copy, a grep that finds nothing. If the script ends
there, Docker is never started and the home is half set up, and Coder shows a broken workspace that only an
administrator can repair. A script that goes on leaves a workspace that the user can log in to and fix.

## Bad

```bash
set -euo pipefail
trap 'die "line ${LINENO} failed"' ERR
```

## Good

```bash
set +e
ddev utility download-images || echo "images could not be fetched; going on"
```

## Fix

Write `set +e`, and handle the failures that matter where they happen (`|| echo …`). Where a step needs strictness,
give it a subshell of its own: `( set -e; … )`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from rules.checks.commands import shown
from rules.model import Edit, Span, Step, Undecided, Violation
from rules.sources.shell import UNKNOWN, Command, Origin, Program, Word
from rules.sources.shell.wrappers import IN_PROCESS, SHELLS
from rules.sources.text import Position

ID = "F-10"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot",)


_HANDLE = "Write `set +e`, and say at the command that matters what happens when it fails: `… || echo …`."


class BootScript(Protocol):
    @property
    def address(self) -> str: ...

    @property
    def program(self) -> Program: ...


class Workspace(Protocol):
    @property
    def template(self) -> str: ...

    @property
    def boot(self) -> Sequence[BootScript]: ...

    def step(self, at: Position) -> Step: ...


class _Cause(Struct, frozen=True):
    """One thing that makes the boot script stop: what it is, where, and what it does in words."""

    evidence: str
    position: Position
    message: str
    trail: tuple[Position, ...] = ()
    edit: str | None = None
    fix: str = _HANDLE


class _Unclear(Struct, frozen=True):
    position: Position
    reason: str


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    seen: set[tuple[str, str, Position]] = set()
    for script in workspace.boot:
        address = f"{script.address}/errexit"
        for cause in _causes(script.program):
            evidence = cause.evidence if isinstance(cause, _Cause) else cause.reason
            key = address, evidence, cause.position
            if key in seen:
                continue
            seen.add(key)
            if isinstance(cause, _Cause):
                yield _violation(workspace, address, cause)
            else:
                yield Undecided(ID, workspace.template, address, _line(cause.position), cause.reason)


def _violation(workspace: Workspace, address: str, cause: _Cause) -> Violation:
    at = cause.position
    steps = tuple(dict.fromkeys(workspace.step(position) for position in cause.trail if _line(position) != _line(at)))
    edit = Edit(at.path, at.line, at.line, cause.edit) if cause.edit is not None else None
    return Violation(
        ID,
        workspace.template,
        address,
        cause.evidence,
        _line(at),
        "failure",
        cause.message,
        steps,
        ("BOOT",),
        edit,
        fix=cause.fix,
    )


def _line(at: Position) -> Span:
    return Span(at.path, at.line, at.line)


def _causes(program: Program) -> Iterator[_Cause | _Unclear]:
    yield from _shebang(program)
    for command in program.main:
        if not IN_PROCESS.issuperset(command.wrappers):
            yield from _restart(command, program)
        elif command.name == "set":
            yield from _option(command, _sets_errexit(command.args))
        elif command.name == "shopt":
            yield from _option(command, _shopts_errexit(command.args))
        elif command.name == "trap":
            yield from _trap(command, program)
    for unseen in program.unresolved:
        if not unseen.scope and (
            unseen.kind in ("unknown", "hole") or (unseen.kind == "missing" and not unseen.guarded)
        ):
            yield _Unclear(unseen.position, f"{unseen.reason}; it may make the boot script stop at a failure")


def is_errexit(command: Command, program: Program) -> bool | None:
    """Whether this rule speaks of that very command; None if what the command sets is not known."""
    found = [isinstance(cause, _Cause) for cause in _causes(program) if cause.position == command.told]
    return True if True in found else None if found else False


def starts_strict(program: Program) -> bool:
    """Whether the ``#!`` line starts the script with errexit on."""
    return any(True for _ in _shebang(program))


# What makes it stop


def _option(command: Command, certain: bool | None) -> Iterator[_Cause | _Unclear]:  # noqa: FBT001
    if certain is None:
        yield _Unclear(command.told, f"the options that '{command.raw}' sets are not known")
    elif certain:
        message = f"`{shown(command)}` makes the boot script end at the first command that fails."
        yield _Cause("set -e", command.told, message, _way(command), _turned_off(command))


def _shebang(program: Program) -> Iterator[_Cause]:
    line = program.shebang
    words = line.argv if line is not None else ()
    shell = next((index for index, word in enumerate(words) if posixpath.basename(word) in SHELLS), None)
    if line is None or shell is None or not _flags_errexit(words[shell + 1 :]):
        return
    interpreter = [word for word in words[: shell + 1] if not word.startswith("-")]
    message = f"`{line.text}` starts the boot script in a shell that ends at the first command that fails."
    edit = " " * (line.position.column - 1) + "#!" + " ".join(interpreter)
    fix = f"Write `{edit.strip()}`, without `-e`."
    yield _Cause("shebang -e", line.position, message, edit=edit, fix=fix)


def _restart(command: Command, program: Program) -> Iterator[_Cause]:
    """``exec bash -e "$0"``: the same script again, from the top."""
    if "exec" not in command.wrappers or command.name not in SHELLS:
        return
    words = [word.alternatives[0] for word in command.args]
    own = {program.path, *(frame.name for frame in command.frames if frame.kind == "source")}
    again = any(own & set(word.alternatives) for word in command.args)
    if again and _flags_errexit(words):
        message = f"`{shown(command)}` runs the boot script again in a shell that ends at the first failing command."
        yield _Cause("bash -e", command.position, message, _way(command), fix="Leave out the `-e`.")


def _trap(command: Command, program: Program) -> Iterator[_Cause]:
    """An ERR handler that can exit, itself or in a function that it calls."""
    signals = [text.upper() for word in command.args[1:] for text in word.alternatives]
    if "ERR" not in signals:
        return
    inner = next((inner for inner in program.commands if _handles(inner, command) and _ends_script(inner)), None)
    if inner is not None:
        message = (
            f"`{shown(command)}` runs at every command that fails, and its handler ends the script "
            f"(`{shown(inner)}`): the same as `set -e`."
        )
        fix = f"Let the handler say what failed and go on, without `{shown(inner)}`, or remove the `trap`."
        edit = _without_trap(command)
        yield _Cause("trap ERR exits", command.position, message, (inner.position, *_way(command)), edit, fix)


def _without_trap(command: Command) -> str | None:
    """Nothing, where the trap is for this only and has its line to itself."""
    before, after = command.surroundings
    alone = command.span.start == command.span.end and not before.strip() and not after.strip()
    return "" if alone and len(command.args) == 2 else None


def _handles(inner: Command, trap: Command) -> bool:
    """Whether it runs in the handler that the trap sets, in the script's own shell."""
    return len(inner.scope) == 1 and inner.scope[0].kind == "trap" and inner.scope[0].position == trap.position


def _ends_script(command: Command) -> bool:
    return command.name == "exit" or kills_itself(command)


def kills_itself(command: Command) -> bool:
    return command.name == "kill" and any(word.raw.strip('"') in ("$$", "$BASHPID") for word in command.args)


# Options


def _sets_errexit(args: Sequence[Word]) -> bool | None:
    """Whether ``set`` with these arguments can turn errexit on; None if an argument is not known."""
    unclear = False
    for names in _combinations(args):
        found = _flags_errexit(names)
        if found:
            return True
        unclear = unclear or _unknown_option(names)
    return None if unclear else False


def _combinations(args: Sequence[Word]) -> Iterator[list[str]]:
    """The argument lists that the words can give: one for each value of the word that has most of them."""
    count = max((len(word.alternatives) for word in args), default=1)
    for index in range(count):
        texts = (word.alternatives[min(index, len(word.alternatives) - 1)] for word in args)
        yield [
            part for word, text in zip(args, texts, strict=True) for part in (text.split() if word.splits else [text])
        ]


def _flags_errexit(words: Sequence[str]) -> bool:
    """Whether option words of ``set`` or of a shell's command line turn errexit on (bash: ``-e``, ``-o errexit``)."""
    names = iter(words)
    for word in names:
        if word in ("--", "-") or word[:1] not in ("-", "+"):
            return False
        if word.startswith("--"):
            continue
        letters = word[1:]
        if word[0] == "-" and "e" in letters:
            return True
        if any(next(names, "") == "errexit" and word[0] == "-" for _ in range(letters.count("o"))):
            return True
    return False


def _unknown_option(words: Sequence[str]) -> bool:
    """Whether an unknown word stands where ``set`` would take it for an option."""
    for word in words:
        if word.startswith(UNKNOWN):
            return True
        if word in ("--", "-") or word[:1] not in ("-", "+"):
            return False
    return False


def _shopts_errexit(args: Sequence[Word]) -> bool:
    """``shopt -so errexit``."""
    texts = [text for word in args for text in word.alternatives]
    letters = "".join(text[1:] for text in texts if text.startswith("-"))
    return "s" in letters and "o" in letters and "errexit" in texts


# Where, and how to show it


def _way(command: Command) -> tuple[Position, ...]:
    """From the values that a command takes, outwards through the calls and files that lead to it."""
    origins: list[Origin] = [origin for word in command.args for origin in word.origins]
    assigned = [origin.position for origin in origins if origin.kind == "assignment"]
    return (*assigned, *(frame.position for frame in reversed(command.frames)))


def _turned_off(command: Command) -> str | None:
    """The line with ``set +e`` in place of a ``set`` that stands alone on it."""
    before, after = command.surroundings
    own = command.position
    elsewhere = command.told != own or any(frame.kind not in ("call", "source") for frame in command.frames)
    if elsewhere or before.strip() or "\n" in command.raw or (after.strip() and not after.lstrip().startswith("#")):
        return None
    return before + " " * (own.column - 1 - len(before)) + "set +e"
