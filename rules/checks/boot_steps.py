"""The ten steps of a boot script, known by what their commands do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from rules.checks.commands import Arguments, Concern, Flow, Invocation, flow_of, getopt, invocations, known, located
from rules.checks.daemon import CONFIGURATION, STARTING, Daemon, can_run, daemon_of, starts_daemon
from rules.checks.inline_code import code_of
from rules.checks.support import in_home, mentions
from rules.once import once
from rules.sources.shell import HOME, UNKNOWN, Command, Program, Unresolved
from rules.sources.text import Position

STEPS = (
    "home ownership",
    "skeleton",
    "GitSSH",
    "staged files",
    "git identity",
    "registry mirror",
    "dockerd",
    "image pre-pull",
    "directories",
    "shell profile",
)
"""In the order of the contract."""

PROFILE = f"{HOME}/.bash_profile"
STAGED = "/home/coder-files"
SKELETON = "/etc/skel"

_COPIES = frozenset({"cp", "rsync", "install", "cat", "tar", "mv", "ln", "tee", "cpio", "dd"})
_PLACES = frozenset({"cp", "mv", "install", "rsync", "ln"})
_SETS = frozenset({"export", "declare", "typeset", "readonly", "="})
_INTERPRETERS = frozenset({"python3", "python", "perl", "ruby", "node", "php", "curl", "wget"})
_GIT_KEYS = frozenset({"user.name", "user.email"})
_GLOBAL = frozenset({f"{HOME}/.gitconfig", f"{HOME}/.config/git/config"})
"""What ``git config --global`` writes to."""
_TRANSPORT = frozenset({"GIT_SSH_COMMAND", "GIT_SSH"})
_FINDS = frozenset({"find", "xargs", "mkhomedir_helper"})
_DOES = frozenset({"export", "chown", "install", "git", "ddev", "docker", "docker-compose", "mkdir", "sponge", "sed"})
STEPPING = Concern(STARTING.programs | _COPIES | _PLACES | _INTERPRETERS | _FINDS | _DOES, writes=True, assigns=True)


@once
def step_of(command: Command) -> str | None:
    """The step that a command belongs to, or None."""
    if command.name in _SETS and not _TRANSPORT.isdisjoint(_given(command)):
        return "GitSSH"
    if starts_daemon(command):
        return "dockerd"
    written = set(written_by(command))
    if CONFIGURATION in written or (command.name in _INTERPRETERS and _speaks_of(command, CONFIGURATION)):
        return "registry mirror"
    if PROFILE in written:
        return "shell profile"
    if command.name in _COPIES or command.name in _FINDS:
        read = tuple(_reads(command))
        if command.name == "mkhomedir_helper" or any(_under(path, SKELETON) for path in read):
            return "skeleton"
        if any(_under(path, STAGED) for path in read):
            return "staged files"
    return next((step for each in invocations(command) if (step := _of_invocation(each))), None)


def _given(command: Command) -> Iterator[str | None]:
    """The variables that a command sets, or exports as they are."""
    yield from (assignment.name for assignment in command.assignments)
    options = "".join(word.value for word in command.args if word.value and word.value[0] == "-")
    if command.name == "export" and not options:
        yield from (word.value for word in command.args)


def _of_invocation(invocation: Invocation) -> str | None:
    name, command = invocation.name, invocation.command
    if name not in _DOES:
        return None
    words = [known(word) for word in invocation.args]
    if name == "chown" and any(HOME in (path.rstrip("/") for path in located(w, command)) for w in invocation.args):
        return "home ownership"
    if name == "install":
        arguments = getopt(invocation.args, "mogtS", ("mode", "owner", "group"))
        folders = {path.rstrip("/") for word in arguments.operands for path in located(word, command)}
        if arguments.has("d", "directory") and arguments.has("o", "owner") and HOME in folders:
            return "home ownership"
    found = [path.rstrip("/") for word in command.args[:1] for path in located(word, command)]
    if name == "chown" and command.name == "find" and HOME in found:
        return "home ownership"
    if name == "git":
        arguments = getopt(invocation.args, "fC", ("file",))
        operands = [known(word) for word in arguments.operands]
        # A key that is not known may be the one.
        keys = [index for index, word in enumerate(operands) if word.lower() in _GIT_KEYS or word.startswith("…")]
        if "config" in operands and keys and keys[0] + 1 < len(operands) and is_for_user(arguments, command):
            return "git identity"
    if name == "ddev" and "download-images" in words:
        return "image pre-pull"
    if name in ("docker", "docker-compose") and _pulls(words):
        return "image pre-pull"
    if name in ("mkdir", "install") and any(_is_folder(path) for w in invocation.args for path in located(w, command)):
        return "directories" if name == "mkdir" or "-d" in words else None
    return None


def _names_no_mirror(flow: Flow, command: Command) -> bool:
    """Whether the daemon's configuration is written with other settings only."""
    texts = [text for write in flow.writes(command) if CONFIGURATION in write.paths for text in write.texts]
    known_ = all("{" in text and UNKNOWN not in re.sub('"[^"]*"', "", text) for text in texts)
    return bool(texts) and known_ and not any("registry-mirror" in text for text in texts)


def is_for_user(arguments: Arguments, command: Command) -> bool:
    """Whether ``git config`` sets something for all that the user does, and not for one repository."""
    files = {path for option in arguments.values("file", "f") for path in located(option.argument, command)}
    return files <= _GLOBAL if files else arguments.has("global", "system")


def _pulls(words: list[str]) -> bool:
    operands = [word for word in words if not word.startswith("-")]
    return operands[:1] in (["pull"], ["load"]) or (operands[:1] in (["image"], ["compose"]) and "pull" in operands)


_WORK = frozenset({"projects", "workspace", "workspaces", "src", "code", "sites"})


def _is_folder(path: str) -> bool:
    """``~/projects`` or ``~/$PROJECT``: where the user's work goes. Hidden folders belong to what needs them."""
    folder, _, name = path.rstrip("/").rpartition("/")
    return (in_home(path) and name == "projects") or (folder == HOME and (name in _WORK or name.startswith(UNKNOWN)))


def written_by(command: Command) -> Iterator[str]:
    """The files that a command writes: by redirection, ``tee`` or as the target of a copy."""
    for redirect in (*command.redirects, *command.outer):
        if redirect.operator in (">", ">>", ">|", "&>", "&>>"):
            yield from located(redirect.target, command)
    if command.name in ("tee", "sponge"):
        yield from (path for word in getopt(command.args).operands for path in located(word, command))
    elif command.name == "dd":
        yield from (text[3:] for word in command.args for text in word.alternatives if text.startswith("of="))
    elif command.name in _PLACES:
        arguments = getopt(command.args, "tmogS", ("target-directory", "mode", "owner", "group"))
        sources, last = arguments.operands[:-1], arguments.operands[-1:]
        for word in last:
            for path in located(word, command):
                yield path.rstrip("/")
                for source in sources:
                    yield from (f"{path.rstrip('/')}/{text.rpartition('/')[2]}" for text in source.alternatives)
    elif command.name == "sed" and any(known(word).startswith(("-i", "--in-place")) for word in command.args):
        yield from (path for word in command.args[1:] for path in located(word, command) if path == CONFIGURATION)


def _reads(command: Command) -> Iterator[str]:
    arguments = getopt(command.args, "C" if command.name == "tar" else "", ("directory",))
    for option in arguments.options:
        if option.value:
            yield option.value
    operands = arguments.operands
    last = command.name in _PLACES and len(operands) > 1
    for word in operands[:-1] if last else operands:
        yield from located(word, command)
    for option in arguments.values("t", "target-directory"):
        yield from located(option.word, command)
        yield from (path for word in operands for path in located(word, command))
    for redirect in command.redirects:
        if redirect.operator == "<":
            yield from located(redirect.target, command)


def _speaks_of(command: Command, path: str) -> bool:
    """Whether a program is given a path, or has it in its code."""
    return mentions(command, path) or any(path in code_of(each) for each in invocations(command))


def _under(path: str, folder: str) -> bool:
    return path.rstrip("/") == folder or path.startswith(f"{folder}/")


class Steps(Struct, frozen=True, dict=True):
    """The steps of one boot script, each with its commands in the order in which they run."""

    program: Program

    @cached_property
    def commands(self) -> dict[str, list[Command]]:
        found: dict[str, list[Command]] = {}
        flow = flow_of(self.program)
        for command in flow.select(STEPPING):
            step = step_of(command)
            if step is None or not can_run(command) or (step == "GitSSH" and not command.in_main_shell):
                continue
            if step == "registry mirror" and _names_no_mirror(flow, command):
                continue
            found.setdefault(step, []).append(command)
            if step == "dockerd" and mentions(command, "--registry-mirror"):
                found.setdefault("registry mirror", []).append(command)
        return found

    @cached_property
    def place(self) -> dict[int, int]:
        return {id(command): index for index, command in enumerate(self.program.commands)}

    @cached_property
    def daemon(self) -> Daemon:
        return daemon_of(self.program)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        return tuple(step for step in STEPS if step not in self.commands)

    def first(self, step: str) -> Command:
        return self.commands[step][0]

    def last(self, step: str) -> Command:
        return self.commands[step][-1]

    def before(self, one: Command, other: Command) -> bool:
        return self.place[id(one)] < self.place[id(other)]


@once
def steps_of(program: Program) -> Steps:
    return Steps(program)


def unseen(program: Program) -> Unresolved | None:
    """Code of the boot script that is not seen and may do anything; None if all of it is known."""
    hidden = (each for each in program.unresolved if each.kind != "system" and "subshell" not in _kinds(each))
    return next(hidden, None)


def _kinds(hidden: Unresolved) -> set[str]:
    return {scope.kind for scope in hidden.scope}


def races(early: Sequence[Command], late: Command, program: Program) -> bool:
    """Whether all of `early` run in the background while `late` may be there before them."""
    return all(_beside(command, late, program) for command in early)


def _beside(command: Command, late: Command, program: Program) -> bool:
    own = [scope for scope in command.scope if scope.kind == "background" and scope not in late.scope]
    places = [index for index, each in enumerate(program.commands) if each is command or each is late]
    between = program.commands[places[0] : places[-1]]
    return bool(own) and not any(each.name == "wait" for each in between)


# The end of the script


def cut_short(program: Program) -> Command | None:
    """The command that ends every boot although more of the script follows it."""
    last = next((command for command in reversed(program.main) if command.in_main_shell), None)
    if last is None or last.loops or not leaves(last):
        return None
    outermost = last.frames[0] if last.frames else None
    if outermost is None:
        return last if _code_after(last.script.plain[last.end :]) else None
    caller = next((c for c in program.commands if c.position == outermost.position and not c.frames), None)
    return last if caller is not None and _code_after(caller.script.plain[caller.end :]) else None


def leaves(command: Command) -> bool:
    """``exit``, or ``exec`` of another program."""
    return command.name == "exit" or ("exec" in command.wrappers and command.name != "exec")


def _code_after(text: str) -> bool:
    lines = (line.strip().strip(";") for line in text.split("\n"))
    return any(line and not line.startswith("#") and line not in ("fi", "}", "done", "esac") for line in lines)


def at_call(command: Command, program: Program) -> Position:
    """The line that a person would change: the call of a function that ends the script anyway, else the command."""
    calls = [frame.position for frame in command.frames if frame.kind == "call"]
    caller = next((c for c in program.commands if c.position in calls[-1:] and c.frames == command.frames[:-1]), None)
    return command.position if caller is None or len(command.guards) > len(caller.guards) else caller.position
