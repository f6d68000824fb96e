"""GIT_SSH_COMMAND is set for the session, never written to a dotfile.

## What it does

Follows what scripts write to files, by `echo`, `printf`, `tee`, heredocs, `sed -i`, `declare -p`, through variables,
functions and temporary files, and reports `GIT_SSH_COMMAND` (or its twin, git's `core.sshCommand`) that lands in a
dotfile. Dotfiles that the image stages are read too. An `export` in the boot script, and the `sed` that deletes an old
entry, are what the contract wants.

## Why it matters

It holds the path of Coder's git wrapper, which changes with every session. What is written down today points nowhere
tomorrow, and `git` then fails for the user without a word about why.

## Bad

```bash
echo "export GIT_SSH_COMMAND='$(command -v coder) gitssh --'" >> ~/.bashrc
```

## Good

```bash
export GIT_SSH_COMMAND="$(command -v coder) gitssh --"
sed -i '/GIT_SSH_COMMAND=/d' ~/.bashrc
```

## Fix

Only `export` it in the boot script. Coder sets it for every session that it opens.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import (
    Concern,
    Flow,
    Invocation,
    Surface,
    Write,
    deleted,
    fed_invocations,
    getopt,
    invocations,
    known,
    located,
    of_image,
    of_workspace,
    passed,
    printed,
    shown,
    site,
    taken_files,
    texts_of,
)
from rules.checks.filters import gets_through
from rules.checks.inline_code import code_of
from rules.checks.sed import in_place
from rules.checks.support import in_home, line, way
from rules.model import Edit, Level, Step, Undecided, Violation
from rules.once import once, once_in
from rules.sources.shell import UNKNOWN, Command
from rules.sources.text import Piece, Position, Text
from rules.workspace.image import NAME as IMAGE
from rules.workspace.image import Image, written_in_place
from rules.workspace.template import Workspace
from rules.workspace.uploads import Upload, uploads

ID = "F-4"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot", "stop", "start")

NAME = "GIT_SSH_COMMAND"

_NEEDLE = re.compile(r"GIT_SSH|sshCommand", re.IGNORECASE)
_SETS = re.compile(
    rf"""(?:^|[\s;&|({{'"])(?:{NAME}['"]?=|{NAME}"\s*:\s*"|(?:set|setenv)\b[^;\n]*\b{NAME}\s)|\bsshCommand\s*=""",
    re.IGNORECASE,
)
_DOTFILE = re.compile(r"\.(?:bash\w*|profile|zsh\w*|gitconfig|env|pam_environment|config|ssh)\b")
_SYSTEM_WIDE = re.compile(r"/etc/(?:environment|profile|bash\.bashrc|gitconfig|zsh)")
_INTERPRETERS = re.compile(r"(?:python|perl|ruby|node|php|awk|gawk)[\d.]*")
_EDITORS = frozenset({"ed", "ex", "vi", "vim", "nvim"})
_COPIERS = frozenset({"cp", "mv", "install", "rsync", "ln"})
_CONCERN = Concern(_COPIERS | _EDITORS | {"sed", "git"}, _INTERPRETERS, writes=True)
_LASTING = frozenset({"tmp", "run", "proc", "dev", "var"})
"""Folders of the root that no session reads its settings from."""

Place = Literal["dotfile", "shared", "unknown"]


class _Persisted(Struct, frozen=True):
    """What gets the setting, at which line, and how sure it is to be a user's dotfile."""

    command: Command
    at: Position
    target: str
    level: Level
    trail: tuple[Position, ...] = ()


_EXPORT = "Leave it out: the `export` of the boot script is enough, Coder sets it in every session that it opens."


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    yield from _scripts(of_workspace(workspace))
    for upload in uploads(workspace):
        yield from _uploaded(workspace, upload)


def image_check(image: Image) -> Iterator[Violation | Undecided]:
    yield from _scripts(of_image(image))
    for path, text in image.staged_files:
        level = "failure" if _is_settings(path) else _level_of(*image.paths_of(path))
        if level is not None and not text.show().startswith("#!"):
            yield from _staged(posixpath.basename(path), text, level)
    for instruction in image.instructions("COPY", "ADD"):
        for path, text in written_in_place(instruction):
            level = "failure" if _kind(path) == "dotfile" else _level_of(path)
            if level is not None:
                yield from _staged(path, text, level)


def _level_of(*paths: str) -> Level | None:
    """What every session on the machine reads is no user's dotfile: a question."""
    return "warning" if any(_SYSTEM_WIDE.match(path) for path in paths) else None


def _scripts(surface: Surface) -> Iterator[Violation | Undecided]:
    notes: dict[int, dict[str, Command]] = {}
    for flow, command in surface.select(_CONCERN):
        own = notes.setdefault(id(flow), {})
        found = next((each for each in _persisted(flow, command, own) if each is not None), None)
        if isinstance(found, _Persisted):
            yield _violation(surface, found)
        elif found is not None:
            reason = f"the file `{found.target.raw}`, which gets `{NAME}`, is not known"
            yield Undecided(ID, surface.template, "GIT_SSH_COMMAND in a file", line(found.at), reason)


def _violation(surface: Surface, found: _Persisted) -> Violation:
    command = found.command
    question = " Is that meant to stay?" if found.level == "warning" else ""
    name = "core.sshCommand" if "core.sshcommand" in command.raw.lower() else NAME
    edit = deleted(surface, command) if found.at == command.position else _line_of_heredoc(surface, found)
    return Violation(
        rule=ID,
        template=surface.template,
        address="GIT_SSH_COMMAND in a file",
        evidence=found.target,
        span=line(found.at),
        level=found.level,
        message=f"`{shown(command)}` keeps `{name}` in `{found.target}`, beyond this session.{question}",
        trail=surface.steps((*passed(command, at=found.at), command.position, *found.trail)),
        edit=edit,
        fix=_EXPORT,
    )


def _line_of_heredoc(surface: Surface, found: _Persisted) -> Edit | None:
    """Without the one line of what a heredoc writes."""
    at, heres = found.at, [redirect.here for redirect in found.command.redirects if redirect.here is not None]
    lines = [each.text.at(0) for each in heres]
    if not any(first is not None and first.line <= at.line for first in lines) or NAME not in surface.line(at):
        return None
    return Edit(at.path, at.line, at.line, "")


# How it can be written


def _persisted(flow: Flow, command: Command, notes: dict[str, Command]) -> Iterator[_Persisted | Write | None]:
    """Every way in which a command writes the setting; a `Write` where its file is not known."""
    for write in flow.writes(command):
        if (cause := _carries(write, notes)) is not None:
            yield _placed(write, cause, notes)
    for invocation in fed_invocations(flow, command):
        yield from _by_program(flow, invocation, notes)


def _placed(write: Write, cause: tuple[Command, Level], notes: dict[str, Command]) -> _Persisted | Write | None:
    source, level = cause
    for path in write.paths:
        notes.setdefault(path, source)
    place, shown_path = _place(write.paths)
    if place is None:
        return None
    if place == "unknown":
        return write
    at = _where(source)
    return _Persisted(source, at, shown_path, "warning" if place == "shared" else level, (write.at,))


def _where(command: Command) -> Position:
    """The line that a person would change: of a heredoc the one that sets it, else as for any command."""
    if not _NEEDLE.search(command.raw):
        for redirect in command.redirects:
            for at, _ in _lines(redirect.here.text) if redirect.here is not None else ():
                return at
    return site(command, _NEEDLE)


def _place(paths: Iterable[str]) -> tuple[Place | None, str]:
    """The worst place among the paths, and those that are there."""
    places = {path: place for path in paths if (place := _kind(path)) is not None}
    for wanted in ("dotfile", "shared", "unknown"):
        here = sorted(path.replace(UNKNOWN, "…") for path, place in places.items() if place == wanted)
        if here:
            return wanted, ", ".join(here)
    return None, ""


def _kind(path: str) -> Place | None:
    parts = [part for part in path.split("/") if part]
    name = parts[-1] if parts else ""
    if name.endswith(".log") or name == "null":
        return None
    if any(part[0] == "." for part in parts) and (in_home(path) or parts[0] not in _LASTING):
        return "dotfile"
    if in_home(path) or _SYSTEM_WIDE.match(path):
        return "shared"
    return "unknown" if path.startswith(UNKNOWN) else None


def sets_transport(text: str) -> bool:
    """Whether a line of the text, that is no comment, gives it a value."""
    return _NEEDLE.search(text) is not None and any(
        _SETS.search(each) for each in text.split("\n") if not each.lstrip().startswith("#")
    )


@once_in
def writes_transport(flow: Flow, command: Command) -> bool:
    """Whether a command writes the setting to a file, which is all that needs to be said of it."""
    texts: list[str] = []
    for invocation in invocations(command):
        edit = in_place(invocation.args) if invocation.name == "sed" else None
        texts += [action.text for action in edit.actions if action.kind != "delete"] if edit is not None else []
        texts.append(code_of(invocation))
    return any(_carries(write, {}) for write in flow.writes(command)) or any(map(sets_transport, texts))


def _carries(write: Write, notes: dict[str, Command]) -> tuple[Command, Level] | None:
    """The command by which what is written holds the setting, and how sure that is."""
    for source in write.sources:
        if _says(source) or _prints(source, write.sources):
            return source, "failure"
        noted = next((notes[path] for path in _read_by(source) if path in notes), None) if notes else None
        if noted is not None:
            return noted, "failure"
        level = _dumps(source, write.sources)
        if level is not None:
            return source, level
    return None


@once
def _says(command: Command) -> bool:
    """Whether a command prints the setting itself, as text or as a value."""
    flows = command.name in ("echo", "printf", "cat") and _value_flows(command)
    return flows or any(map(sets_transport, printed(command)))


_SHOWS = frozenset({"cat", "tac", "head", "tail"})


def _read_by(command: Command) -> Iterator[str]:
    """The files whose text a command passes on."""
    yield from taken_files(command, _SHOWS)
    for word in command.args if command.name == "dd" else ():
        text = word.alternatives[0]
        if text.startswith("if="):
            yield from located(replace(word, alternatives=(text.removeprefix("if="),)), command)


_PRINTS = re.compile(rf"""\b(?:print\w*|echo|puts|console\.log)\b[^;}}\n]*\b{NAME}['"]?=""")


def _prints(command: Command, sources: Iterable[Command]) -> bool:
    """Whether a one-liner prints the setting, or a decoder does."""
    if _INTERPRETERS.fullmatch(command.name):
        return any(_PRINTS.search(word.alternatives[0]) for word in command.args)
    if command.name == "base64" and any(known(word) in ("-d", "--decode", "-D") for word in command.args):
        return any(sets_transport(_decoded(text)) for source in sources for text in printed(source))
    return False


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""


def _value_flows(command: Command) -> bool:
    words = (*command.args, *(r.here.word for r in command.redirects if r.here is not None))
    return any(origin.name == NAME for word in words for origin in word.origins)


_DUMPS = frozenset({"env", "printenv", "export", "declare", "typeset", "set"})
_VALUE = "/tmp/coder.x/coder gitssh --"  # noqa: S108
_DUMPED = (f"{NAME}={_VALUE}", f'export {NAME}="{_VALUE}"', f'declare -x {NAME}="{_VALUE}"')
"""How the shell shows it: Coder's own value, as ``env``, dash and bash print it."""


def _dumps(command: Command, sources: Iterable[Command]) -> Level | None:
    """``declare -p GIT_SSH_COMMAND``, ``env | grep GIT_``; a dump of everything has it too."""
    if command.name not in _DUMPS:
        return None
    texts = [known(word) for word in command.args if not known(word).startswith("-")]
    options = "".join(known(word) for word in command.args if known(word).startswith("-"))
    if command.name == "set" and (texts or options):
        return None
    if command.name in ("export", "declare", "typeset") and "p" not in options and texts:
        return None
    if texts:
        return "failure" if NAME in texts else None
    answers = [gets_through(each, sources) for each in _DUMPED]
    if True in answers:
        return "failure"
    return None if False in answers else "warning"


_CHANGES = re.compile(r"write|append|put|print|(?:^|\s)-\w*i\b|>", re.MULTILINE)
"""Code that may change a file."""


def _by_program(flow: Flow, invocation: Invocation, notes: dict[str, Command]) -> Iterator[_Persisted | Write | None]:
    name, args, command = invocation.name, invocation.args, invocation.command
    if name == "sed" and (edit := in_place(args)) is not None:
        if any(action.kind != "delete" and sets_transport(action.text) for action in edit.actions):
            place, target = _place(path for word in edit.files for path in located(word, command))
            if place in ("dotfile", "shared"):
                yield _Persisted(command, _where(command), target, "failure" if place == "dotfile" else "warning")
    elif name == "git":
        yield _git_config(invocation)
    elif name in _COPIERS and len(args) > 1:
        noted = next((notes[path] for word in args[:-1] for path in located(word, command) if path in notes), None)
        place, target = _place(located(args[-1], command))
        if noted is not None and place == "dotfile":
            yield _Persisted(command, command.position, target, "failure", (noted.position,))
    elif _INTERPRETERS.fullmatch(name):
        text = code_of(invocation) or " ".join(known(word) for word in args)
        file = _DOTFILE.search(text)
        if file is not None and sets_transport(text) and _CHANGES.search(text):
            yield _Persisted(command, _where(command), file.group(), "failure")
    elif name in _EDITORS:
        files = (word for word in args if not known(word).startswith(("-", "+")))
        place, target = _place(path for word in files for path in located(word, command))
        script = [known(word) for word in args] + list(texts_of((command, *flow.feeding(command))))
        if place in ("dotfile", "shared") and any(map(sets_transport, script)):
            yield _Persisted(command, _where(command), target, "failure" if place == "dotfile" else "warning")


_READS = ("get", "get-all", "get-regexp", "get-urlmatch", "unset", "unset-all", "list", "l", "edit", "e")


def _git_config(invocation: Invocation) -> _Persisted | None:
    """``git config core.sshCommand value``, in its old and its new spelling."""
    command, words = invocation.command, [known(word) for word in invocation.args]
    if "config" not in words:
        return None
    at = words.index("config")
    arguments = getopt(invocation.args[at + 1 :], "f", ("file", "blob", "type", "default", "comment"))
    operands = [known(word) for word in arguments.operands]
    if operands[:1] in (["get"], ["unset"], ["list"], ["edit"]) or arguments.has(*_READS):
        return None
    operands = operands[1:] if operands[:1] == ["set"] else operands
    if len(operands) < 2 or operands[0].lower() != "core.sshcommand" or not operands[1]:
        return None
    level: Level = "failure"
    target = "/home/coder/.gitconfig"
    if arguments.has("system"):
        level, target = "warning", "/etc/gitconfig"
    elif any(option in words[:at] for option in ("-C", "--git-dir")) or arguments.has("local", "worktree"):
        level, target = "warning", "the configuration of a repository"
    for option in arguments.values("f", "file"):
        target = option.value
    return _Persisted(command, _where(command), target, level)


# Files that are uploaded, and those that the image stages


def sends_transport(upload: Upload) -> bool:
    return level_of(upload.path) is not None and any(True for text in _settings(upload) for _ in _lines(text))


def level_of(path: str) -> Level | None:
    """How sure a file is to be a user's dotfile; None for one that is none."""
    place = _kind(path)
    return "failure" if place == "dotfile" else "warning" if place == "shared" else None


def _uploaded(workspace: Workspace, upload: Upload) -> Iterator[Violation]:
    level = level_of(upload.path)
    for text in _settings(upload) if level is not None else ():
        for at, _ in _lines(text):
            message = f"This line sets `{NAME}` in the container's `{upload.path}` at every start."
            yield Violation(
                rule=ID,
                template=workspace.template,
                address="GIT_SSH_COMMAND in a file",
                evidence=f"upload {upload.path}",
                span=line(at),
                level=level or "warning",
                message=message + (" Is that meant?" if level == "warning" else ""),
                trail=way(workspace, upload.target, at),
                fix=_EXPORT,
            )


def _settings(upload: Upload) -> list[Text]:
    """What is uploaded, unless it is a program of its own, which sets what it likes for itself."""
    return [text for text in upload.texts if not text.show().startswith("#!")]


def _lines(text: Text) -> Iterator[tuple[Position, str]]:
    """The lines of a text that give the transport a value."""
    written = "".join(part.text if isinstance(part, Piece) else UNKNOWN for part in text.parts)
    start = 0
    for each in written.split("\n") if _NEEDLE.search(written) else ():
        at = text.at(start) if sets_transport(each) else None
        start += len(each) + 1
        if at is not None:
            yield at, each


def _is_settings(path: str) -> bool:
    """A dotfile of the home, and not a command or a project's file."""
    return posixpath.basename(path).startswith(".") or "/.config/" in path or "/.ssh/" in path


def _staged(name: str, text: Text, level: Level) -> Iterator[Violation]:
    for at, each in _lines(text):
        message = f"This line gives every new home a `{name}` that sets `{NAME}` for good."
        if level == "warning":
            message = f"This line of `{name}` sets `{NAME}` for every session. Is that meant?"
        yield Violation(
            rule=ID,
            template=IMAGE,
            address="GIT_SSH_COMMAND in a file",
            evidence=f"staged {name}",
            span=line(at),
            level=level,
            message=message,
            trail=(Step(at.path, at.line, each.strip()[:160]),),
            edit=Edit(at.path, at.line, at.line, ""),
            fix=_EXPORT,
        )
