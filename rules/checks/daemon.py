"""The Docker daemon in a boot script: what starts it, what looks whether it runs, what waits for it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import Concern, flow_of, invocations, known
from rules.checks.guards import Guards, guards_of
from rules.checks.listings import asked_of
from rules.checks.support import mentions
from rules.once import once
from rules.sources.shell import UNKNOWN, Command, Guard, Loop, Program, Test, Word
from rules.sources.text import Position

LOG = "/tmp/dockerd.log"  # noqa: S108 - the contract names this file
CONFIGURATION = "/etc/docker/daemon.json"
SOCKET = "docker.sock"

_ASKS = frozenset({"--version", "-v", "--help", "-h", "--validate"})
_LAUNCHERS = frozenset(
    {
        *("start-stop-daemon", "daemonize", "daemon", "screen", "tmux", "coproc", "unshare", "nsenter", "chroot"),
        *("taskset", "chrt", "script", "systemd-cat", "unbuffer", "chpst", "setuidgid", "catchsegv", "strace"),
    }
)
"""Programs that run another one which they are given by name, among arguments of their own."""

STARTING = Concern(_LAUNCHERS | {"dockerd"})

_LOOKS_UP = frozenset(
    {"pgrep", "pidof", "ps", "grep", "docker", "curl", "nc", "kill", "ss", "netstat", "lsof", "fuser"}
)
_TALKS = frozenset({"info", "ps", "version", "images", "ls", "system", "container", "image", "stats", "run", "events"})
_RUNNING = re.compile(r"dockerd|docker\.(?:sock|pid)|docker +(?:info|ps|version|system|images)")
MAX_DEPTH = 3
"""Functions and flags that stand for a condition, one behind the other."""
MAX_PATTERN = 60
"""Characters of a ``pgrep`` pattern that is tried out."""


@once
def starts_daemon(command: Command) -> bool:
    """Whether a command runs ``dockerd``, itself or through a program that launches it."""
    for invocation in invocations(command):
        if invocation.name == "systemd-run":
            return False
        if invocation.name not in STARTING.programs:
            continue
        words = [known(word) for word in invocation.args]
        if invocation.name == "dockerd":
            return not _ASKS.intersection(words)
        if invocation.name == "start-stop-daemon" and {"--stop", "-K", "--status", "-T"}.intersection(words):
            continue
        if invocation.name in _LAUNCHERS and any(_names_daemon(text) for text in words):
            return True
    return False


def _names_daemon(text: str) -> bool:
    return any(posixpath.basename(part.rpartition("=")[2]) == "dockerd" for part in text.split())


@once
def can_run(command: Command) -> bool:
    """Whether a command is part of every boot: neither dead code, nor the handler of a signal or of an error."""
    handled = any(scope.kind == "trap" and scope.name.upper() not in ("EXIT", "0") for scope in command.scope)
    return not handled and not any(_is_false(guard) for guard in command.guards)


def _is_false(guard: Guard) -> bool:
    """``if false``, ``if [ 1 = 0 ]``: a condition of literals that never holds."""
    if guard.test is None:
        return False
    words = guard.test.argv
    if guard.test.name == "false":
        return guard.holds
    if guard.test.name != "test" or not all(_is_literal(word) for word in words[1:]):
        return False
    texts = [word.alternatives[0] for word in words[1:]]
    match texts:
        case [left, "=" | "==" | "-eq", right]:
            return (left == right) != guard.holds
        case [left, "!=" | "-ne", right]:
            return (left != right) != guard.holds
        case ["-n", text] | [text]:
            return bool(text) != guard.holds
        case ["-z", text]:
            return bool(text) == guard.holds
    return False


def _is_literal(word: Word) -> bool:
    """Whether a word is its own value: no variable, and nothing that Terraform puts in."""
    if word.raw.strip("\"'") != word.value:
        return False
    first, last = word.script.at(word.start), word.script.at(max(word.end - 1, word.start))
    return (first.path, first.line) == (
        last.path,
        last.line,
    ) and last.column - first.column == word.end - word.start - 1


def asks_for_daemon(command: Command) -> bool:
    """Whether a command finds out if the daemon answers: a test of its socket, or a question to it."""
    if command.name in ("[", "[[", "test", "ls", "stat", "curl", "nc", "socat", "inotifywait", "wait-for-it"):
        return mentions(command, SOCKET)
    if command.name in ("grep", "tail", "rg"):
        return mentions(command, LOG)
    return command.name == "docker" and bool(_TALKS.intersection(text for w in command.args for text in w.alternatives))


class Daemon(Struct, frozen=True, dict=True):
    """What one boot script does with the daemon. Commands are in the order in which they run."""

    program: Program

    @cached_property
    def starts(self) -> tuple[Command, ...]:
        return tuple(c for c in flow_of(self.program).select(STARTING) if starts_daemon(c) and can_run(c))

    @cached_property
    def _place(self) -> dict[int, int]:
        return {id(command): index for index, command in enumerate(self.program.commands)}

    def place(self, command: Command) -> int:
        return self._place[id(command)]

    @cached_property
    def _guards(self) -> Guards:
        return guards_of(flow_of(self.program))

    # Guards

    def stopped(self, guard: Guard, depth: int = 0) -> bool:
        """Whether a guard says that no daemon runs."""
        test = guard.test
        if test is None:
            found = [any(self.stopped(each, depth) for each in conjunction) for conjunction in guard.any_of]
            return bool(found) and all(found)
        if depth < MAX_DEPTH:
            called = [c for c in self._guards.called(test.position) if _looks(c)]
            if called:
                return guard.holds == any(c.surroundings[0].rstrip().endswith("!") for c in called)
            for needed in self._guards.flagged(test, guard.holds):
                if needed and all(self.stopped(each, depth + 1) for each in needed):
                    return True
            if self._excludes_found(test, guard.holds, depth):
                return True
        if test.name in ("test", "(("):
            return _none_found(test, holds=guard.holds)
        if test.name == "case":
            return guard.holds and len(test.argv) > 1 and _is_answer(test.argv[1])
        return not guard.holds and _finds_daemon(test)

    def _excludes_found(self, test: Test, holds: bool, depth: int) -> bool:  # noqa: FBT001
        """Whether a variable has not the value that it gets where a daemon was found: ``[ "$running" = 0 ]``."""
        for word in test.argv[1:] if test.name == "test" else ():
            for at in (origin.position for origin in word.origins if origin.kind == "assignment"):
                for command in self._guards.flow.by_position.get(at, []):
                    found = [guard for guard in command.guards if guard.test is not None]
                    if any(self.stopped(replace(guard, holds=not guard.holds), depth + 1) for guard in found):
                        texts = {text for each in command.assignments for text in each.value.alternatives}
                        return not any(_can_be(test, text, word) == holds for text in texts)
        return False

    def doubtful(self, guard: Guard) -> bool:
        """Whether a guard says so on one of several ways only."""
        return guard.test is None and any(self.stopped(each) for conjunction in guard.any_of for each in conjunction)

    # Waiting

    @cached_property
    def waits(self) -> tuple[Command, ...]:
        """The questions for the daemon that are asked again and again, or once with a time to wait, after a start.

        What looks at it for ever in the background keeps nobody waiting.
        """
        if not self.starts:
            return ()
        first = self.starts[0]
        later = self.program.commands[self.place(first) + 1 :]
        asked = (c for c in later if asks_for_daemon(c) and can_run(c) and (self.loops(c) or _waits_itself(c)))
        return tuple(c for c in asked if not is_beside(c) or self.is_bounded(c))

    def loops(self, wait: Command) -> tuple[Loop, ...]:
        """The loops of a question: not those that go round the start of the daemon without a pause of their own."""
        own = [loop for loop in wait.loops if loop in self.starts[0].loops]
        round_it = [loop for loop in own if all(pause.loops[-1] != loop for pause in self.pauses(loop))]
        return tuple(loop for loop in wait.loops if loop not in round_it)

    def inside(self, loop: Loop) -> list[Command]:
        return [command for command in self.program.commands if loop in command.loops]

    def pauses(self, loop: Loop) -> list[Command]:
        return [
            c
            for c in self.inside(loop)
            if c.name in ("sleep", "usleep", "inotifywait", "wait")
            or "timeout" in c.wrappers
            or (c.name == "read" and any(word.raw.startswith("-t") for word in c.args))
        ]

    def is_cut_short(self, wait: Command) -> bool:
        """Whether `timeout` ends the script that asks."""
        return any(frame.kind == "script" and _has_timeout(frame.text) for frame in wait.frames)

    def is_bounded(self, wait: Command) -> bool:
        if self.is_cut_short(wait):
            return True
        if not self.loops(wait):
            return _waits_itself(wait)
        return all(self.ends(loop) for loop in self.loops(wait))

    def ends(self, loop: Loop) -> bool:
        """Whether a loop ends by itself, however long the daemon takes."""
        inside = self.inside(loop)
        if any(c.name == "sleep" and any(w.value in ("inf", "infinity") for w in c.args) for c in inside):
            return False
        if loop.kind == "for":
            parts = loop.head.split(";") if loop.head.lstrip("for \t").startswith("((") else []
            if not parts or (len(parts) > 1 and parts[1].strip() not in ("", "1", "true")):
                return True
        elif any(c.name == "read" and c.raw in loop.head for c in inside):
            return True
        return bool(self.limits(loop))

    def is_timed(self, loop: Loop) -> bool:
        """Whether the clock ends it, so that it needs no pause to take its time."""
        return any(guard.test is not None and _TIME.search(guard.test.raw) for guard in self.limits(loop))

    def limits(self, loop: Loop) -> tuple[Guard, ...]:
        """The conditions that keep a loop going or leave it and have to do with a count or the clock."""
        inside = self.inside(loop)
        depth = min((len(command.frames) for command in inside), default=0)
        counters = _counters(inside)
        found: dict[Position, Guard] = {}
        for command in inside:
            for guard in command.guards:
                if guard.test is not None and (guard.test.raw in loop.head or _leaves(command, loop, depth)):
                    raws = (guard.test.raw, *(c.raw for c in self._guards.called(guard.test.position)))
                    if any(_TIME.search(raw) or counters & set(_NAME.findall(raw)) for raw in raws):
                        found.setdefault(guard.test.position, guard)
        return tuple(found.values())


_NAME = re.compile(r"[A-Za-z_]\w*")
_TIME = re.compile(r"\bSECONDS\b|\bEPOCH(?:SECONDS|REALTIME)\b|\bdate \+")
_STEPPED = re.compile(r"(?:\+\+|--)\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*]=)")
_TIMEOUT = re.compile(r"\btimeout\b((?:\s+-\S+)*)\s+(\S+)")


def _counters(inside: Sequence[Command]) -> set[str]:
    """The variables that each round of a loop changes by what they were, or by the clock, and that none resets."""
    found: set[str] = set()
    reset: set[str] = set()
    for command in inside:
        for assignment in command.assignments:
            raw = assignment.value.raw
            steps = assignment.append or assignment.name in _NAME.findall(raw) or _TIME.search(raw)
            (found if steps else reset).add(assignment.name)
        if command.name in ("((", "let") or "$((" in command.raw:
            found.update(name for match in _STEPPED.finditer(command.raw) for name in match.groups() if name)
    return found - reset


def _leaves(command: Command, loop: Loop, depth: int) -> bool:
    if command.name == "break":
        count = command.args[0].value if command.args else "1"
        reach = int(count) if count and count.isdigit() else 1
        return loop in command.loops[-reach:]
    return command.name == "exit" or (command.name == "return" and len(command.frames) == depth)


def is_beside(command: Command) -> bool:
    """Whether a command runs in the background."""
    return any(scope.kind == "background" for scope in command.scope)


def _has_timeout(text: str) -> bool:
    return any(match[2].strip("\"'0.smhd") for match in _TIMEOUT.finditer(text))


def _waits_itself(command: Command) -> bool:
    words = [known(word) for word in command.args]
    if command.name == "inotifywait":
        return "timeout" in command.wrappers or any(word.startswith(("-t", "--timeout")) for word in words)
    return command.name == "wait-for-it" or (command.name == "curl" and any(w.startswith("--retry") for w in words))


@once
def daemon_of(program: Program) -> Daemon:
    return Daemon(program)


# What a condition says about the daemon


def _looks(command: Command) -> bool:
    """A command in a function that tells whether the daemon runs."""
    if command.name in ("[", "[[", "test"):
        return mentions(command, SOCKET) or mentions(command, "docker.pid")
    return command.name in _LOOKS_UP and _mentions_daemon(command.name, command.args)


def _finds_daemon(test: Test) -> bool:
    return test.name in _LOOKS_UP and _mentions_daemon(test.name, test.argv[1:])


def _mentions_daemon(name: str, args: Sequence[Word]) -> bool:
    texts = [text for word in args for text in word.alternatives]
    if name == "docker":
        return bool(_TALKS.intersection(texts))
    if name == "pgrep":
        flags = "".join(text[1:] for text in texts if text.startswith("-") and not text.startswith("--"))
        exact = "x" in flags or "--exact" in texts
        patterns = [text for text in texts if not text.startswith("-")]
        return any(_matches(text, exact=exact) for text in patterns)
    if name == "pidof":
        return any(posixpath.basename(text) == "dockerd" for text in texts)
    if name in ("grep", "fgrep", "egrep") and any(_matches(text, exact=False) for text in texts if text[:1] != "-"):
        return True
    raw = " ".join(word.raw for word in args)
    return any(part in text for text in (*texts, raw) for part in ("dockerd", "docker.sock", "docker.pid"))


def _matches(pattern: str, *, exact: bool) -> bool:
    if UNKNOWN in pattern or len(pattern) > MAX_PATTERN:
        return True
    try:
        found = re.compile(pattern)
    except re.error:
        return "dockerd" in pattern
    names = ("dockerd", "/usr/bin/dockerd", "sudo dockerd")
    return any(found.fullmatch(name) if exact else found.search(name) for name in names)


def _is_answer(word: Word) -> bool:
    """Whether a word is what a look for the daemon printed."""
    commands = {origin.name for origin in word.origins if origin.kind == "command"}
    return bool(commands & {"pgrep", "pidof", "docker"}) or _RUNNING.search(word.raw) is not None


def _none_found(test: Test, *, holds: bool) -> bool:
    words = test.argv[1:]
    texts = [word.alternatives[0] for word in words]
    if len(words) == len(("-S", "path")) and texts[0] in ("-S", "-e", "-f", "-r", "-w", "-s"):
        there = any(part in texts[1] for part in (SOCKET, "docker.pid"))
        return there and not holds
    asked = asked_of(test)
    return asked is not None and _is_answer(asked.word) and asked.empty == holds


def _can_be(test: Test, text: str, word: Word) -> bool:
    """Whether a test succeeds where `word` is `text`."""
    words = [text if each is word else each.alternatives[0] for each in test.argv[1:]]
    match words:
        case [left, "=" | "==" | "-eq", right]:
            return left == right
        case [left, "!=" | "-ne", right]:
            return left != right
        case ["-z", only]:
            return not only
    return bool(words and words[-1])
