"""The Docker daemon runs inside the workspace, started by the boot script.

## What it does

Follows how the boot script starts `dockerd`: only where none runs yet, with `sudo`, in the background, with its log in
`/tmp/dockerd.log` and its images in `/var/lib/docker`; how long it waits for the socket, and who may use the socket
then; and whether a `DOCKER_HOST` has `docker` ask another daemon. Functions, sourced files, modules and programs that
launch others are followed. What is written to `/etc/docker/daemon.json` too late is told under BOOT.

## Why it matters

Everything a user does in a workspace needs this daemon: without it there is neither `docker` nor DDEV.

Without the guard a restart runs two daemons on one storage; without a bound the wait can hang the boot for ever; with
images elsewhere every restart downloads them again.

## Bad

```bash
sudo dockerd &
until [ -S /var/run/docker.sock ]; do sleep 1; done
```

## Good

```bash
if ! pgrep -x dockerd > /dev/null; then
  sudo dockerd > /tmp/dockerd.log 2>&1 &
  for i in $(seq 1 30); do [ -S /var/run/docker.sock ] && break; sleep 1; done
  sudo chgrp docker /var/run/docker.sock && sudo chmod 660 /var/run/docker.sock
fi
```

## Fix

Start `dockerd` with `sudo` in the background, only if `pgrep -x dockerd` finds none, log to `/tmp/dockerd.log`, wait
for `/var/run/docker.sock` a bounded number of times, and let the user `coder` use the socket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.boot_steps import STEPPING, cut_short, step_of, unseen
from rules.checks.commands import (
    Concern,
    Surface,
    deleted,
    flow_of,
    getopt,
    invocations,
    known,
    of_workspace,
    passed,
    replaced,
    shown,
)
from rules.checks.daemon import (
    CONFIGURATION,
    LOG,
    SOCKET,
    STARTING,
    Daemon,
    can_run,
    daemon_of,
    is_beside,
    starts_daemon,
)
from rules.checks.f09_systemd_dockerd import CONCERN as INIT_SYSTEMS
from rules.checks.f09_systemd_dockerd import starts_docker
from rules.checks.support import (
    calls,
    command_part,
    environment,
    line,
    mentions,
    settled,
    settled_condition,
    settled_words,
    way,
)
from rules.checks.support import undecided as open_question
from rules.model import Edit, Fact, Level, Step, Undecided, Violation
from rules.sources.shell import UNKNOWN, Command, Loop, Redirect, Word
from rules.sources.terraform.values import as_text
from rules.sources.text import Position
from rules.workspace.environment import variables
from rules.workspace.template import Script, Workspace

ID = "INV-4"
REQUIREMENT = "In-Container Dockerd Lifecycle"
SCRIPTS = ("boot", "stop")
CLAUSES = {
    r"never started|not as root": "script invoke sudo dockerd pgrep",
    r" access before": "relax permissions communicate",
    r" data in | rm ": "persist state",
    r" config ": "registry mirror daemon.json configuration",
}

START = "start of dockerd"
GUARD = "check whether dockerd runs"
WAIT = "wait for the Docker socket"
ACCESS = "access to the Docker socket"
STORAGE = "/var/lib/docker"

_HOST = "DOCKER_HOST"

_GIVES_ACCESS = frozenset({"chmod", "chown", "chgrp", "setfacl"})
_GIVING_ACCESS = Concern(_GIVES_ACCESS)
_REMOVING = Concern(frozenset({"rm"}))
_UNDOING = Concern(frozenset({"rm", "pkill", "killall"}))
_HELPING = Concern(STEPPING.programs | _GIVES_ACCESS | {"pkill", "killall", "rm"}, writes=True, assigns=True)


# What enforces it


def facts(workspace: Workspace) -> Iterator[Fact]:
    yield from environment(ID, workspace, (_HOST,))
    for script in workspace.boot:
        daemon = daemon_of(script.program)
        for start in daemon.starts:
            yield Fact(ID, workspace.template, START, _manner(start), start.span, calls(start))
            for guard in start.guards:
                if daemon.stopped(guard) and guard.test is not None:
                    yield Fact(ID, workspace.template, GUARD, settled_condition(guard), line(guard.test.position))
        for wait in daemon.waits:
            cut = daemon.is_cut_short(wait)
            tries = ", ".join(_tries(loop, daemon, cut=cut) for loop in daemon.loops(wait)) or "once"
            yield Fact(ID, workspace.template, WAIT, f"{settled_words(wait)}, {tries}", wait.span, calls(wait))
    for script in (*workspace.boot, *workspace.shutdown):
        for command in flow_of(script.program).select(_HELPING):
            what = _role(command)
            if what is not None:
                value = settled_words(command) if what == ACCESS else settled(command)
                yield Fact(ID, workspace.template, what, value, command.span, calls(command))


def _role(command: Command) -> str | None:
    """What a command does for the daemon besides starting it and waiting for it, or None if it does nothing for it."""
    if command.name in ("pkill", "killall") and mentions(command, "dockerd"):
        return "stop of dockerd"
    if _about_access(command):
        return ACCESS
    if command.name == "rm" and mentions(command, "/docker.pid"):
        return "removal of stale daemon files"
    if step_of(command) == "registry mirror":
        return "registry mirror configuration"
    return None


def _manner(start: Command) -> str:
    place = "in the background" if _in_background(start) else "in the foreground"
    wrappers = [name for name in start.wrappers if name not in ("command", "builtin")]
    if any(frame.kind == "script" and frame.text.startswith("sudo ") for frame in start.frames):
        wrappers = ["sudo", *wrappers]
    return " ".join((*wrappers, *(f"{settled(start)}, {place}").split(" ")[len(start.words) - len(start.argv) :]))


def _tries(loop: Loop, daemon: Daemon, *, cut: bool) -> str:
    """How often a loop asks, in the words of its head or of what ends it."""
    if not daemon.ends(loop):
        return "until `timeout` ends it" if cut else "without end"
    counted = [c for c in daemon.program.commands if c.name == "seq" and c.raw in loop.head]
    if counted:
        return f"{settled_words(counted[0])} times"
    limits = [settled_condition(guard) for guard in daemon.limits(loop)]
    if limits or not loop.values:
        return f"as long as {limits[0]}" if limits else "a counted number of times"
    return f"for each of {' '.join(map(command_part, loop.values))}"


# The check


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    surface = of_workspace(workspace)
    for script in workspace.boot:
        yield from _DaemonCheck(workspace, surface, script).found()
        for command in flow_of(script.program).select(Concern(assigns=True)):
            for each in command.assignments if command.name == "export" and command.in_main_shell else ():
                if each.name == _HOST and each.value.value and not _is_own(each.value.value):
                    yield _asks_elsewhere(workspace, each.value.value, command.told, surface.steps(passed(command)))
    for name, value, at in variables(workspace):
        for alternative in value if name == _HOST else ():
            text = as_text(alternative.data, alternative.at)
            if text is not None and text.known and not _is_own(text.known):
                yield _asks_elsewhere(workspace, text.known, alternative.at, way(workspace, alternative, at))


def _asks_elsewhere(workspace: Workspace, host: str, at: Position, trail: tuple[Step, ...]) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=_HOST,
        evidence=f"{_HOST}={host}",
        span=line(at),
        level="warning",
        message=f"With this, `docker` and `ddev` ask `{host}` and not the workspace's own daemon. Is that meant?",
        trail=trail,
        fix=f"Leave `{_HOST}` out: without it they ask the daemon of the workspace.",
    )


def _is_own(host: str) -> bool:
    """Whether an address is that of the workspace's own socket."""
    return f"/run/{SOCKET}" in host or host in _DEFAULT_HOSTS


class _Fault(Struct, frozen=True):
    """`lost` is the fact whose absence this is."""

    evidence: str
    at: Position
    message: str
    level: Level = "failure"
    lost: str | None = None
    edit: Edit | None = None
    related: tuple[str, ...] = ()
    trail: tuple[Position, ...] = ()
    fix: str = ""
    why: str = ""


_UNSEEN = "It is the only place that says why Docker did not come up."
_EMPTIED = "DDEV's databases are in it, and nothing else keeps them."


class _DaemonCheck:
    """One boot script, looked at from all sides."""

    def __init__(self, workspace: Workspace, surface: Surface, script: Script) -> None:
        self.workspace, self.surface, self.script = workspace, surface, script
        self.program = script.program
        self.daemon = daemon_of(script.program)

    def found(self) -> Iterator[Violation | Undecided]:
        if not self.daemon.starts:
            yield from self._not_started()
            return
        for start in self.daemon.starts:
            faults = [*self._guarded(start), *self._as_root(start), *self._detached(start), *self._options(start)]
            logged = list(self._logged(start))
            yield from (each for each in logged if isinstance(each, Undecided))
            faults += [each for each in logged if isinstance(each, _Fault)]
            yield from self._told(faults, self._repaired(start, faults))
        first = [*self._waited(), *self._usable()]
        yield from self._told([fault for fault in first if fault.at == self.daemon.starts[0].position])
        for fault in (
            *(f for f in first if f.at != self.daemon.starts[0].position),
            *self._configured(),
            *self._wiped(),
            *self._undone(),
        ):
            yield self._violation(fault)

    def _told(self, faults: Sequence[_Fault], edit: Edit | None = None) -> Iterator[Violation]:
        """What is wrong with one line is told at once."""
        if not faults:
            return
        first = faults[0]
        sure: Level = "failure" if any(fault.level == "failure" for fault in faults) else "warning"
        yield self._violation(
            replace(
                first,
                evidence=", ".join(fault.evidence for fault in faults),
                message=" ".join(fault.message for fault in faults),
                level=sure,
                lost=next((fault.lost for fault in faults if fault.lost), None),
                related=tuple(dict.fromkeys(name for fault in faults for name in fault.related)),
                edit=first.edit if len(faults) == 1 and first.edit else edit,
                fix=" ".join(dict.fromkeys(fault.fix for fault in faults)),
                why=first.why if len(faults) == 1 else "",
            )
        )

    def _violation(self, fault: _Fault) -> Violation:
        told = {start.position: start.told for start in self.daemon.starts}
        trail = self.surface.steps((*fault.trail, fault.at))
        return Violation(
            rule=ID,
            template=self.workspace.template,
            address=f"{self.script.address}/dockerd",
            evidence=fault.evidence,
            span=line(told.get(fault.at, fault.at)),
            level=fault.level,
            message=fault.message,
            trail=trail,
            related=fault.related,
            edit=fault.edit,
            lost=fault.lost,
            fix=fault.fix,
            why=fault.why,
        )

    def _not_started(self) -> Iterator[Violation | Undecided]:
        if self.program.problems or cut_short(self.program) is not None:
            return
        flow = flow_of(self.program)
        if any(starts_docker(each) for command in flow.select(INIT_SYSTEMS) for each in invocations(command)):
            return
        hidden = unseen(self.program)
        if hidden is not None:
            address = f"{self.script.address}/dockerd"
            yield open_question(self.workspace, ID, address, hidden.position, f"{hidden.reason}; it may start dockerd")
            return
        dead = next(filter(starts_daemon, flow.select(STARTING)), None)
        if dead is not None:
            message, fix = "This never runs, so no Docker daemon starts.", "Put it where the boot script gets to it."
            yield self._violation(_Fault("never started", dead.position, message, fix=fix))
            return
        message = "The boot script never starts `dockerd`, so the workspace has no Docker and DDEV cannot run."
        fix = f"Write `pgrep -x dockerd > /dev/null || sudo dockerd > {LOG} 2>&1 &`."
        yield self._violation(_Fault("never started", self.script.at, message, lost=START, related=("BOOT",), fix=fix))

    # How it is started

    def _guarded(self, start: Command) -> Iterator[_Fault]:
        if any(self.daemon.stopped(guard) for guard in start.guards) or start.name == "start-stop-daemon":
            return
        at, trail = start.position, passed(start)
        for guard in start.guards:
            if guard.test is not None and self.daemon.stopped(replace(guard, holds=not guard.holds)):
                message = (
                    "This starts `dockerd` only where one runs already: on a fresh workspace Docker never comes up."
                )
                fix = "Turn the test round: `if ! pgrep -x dockerd > /dev/null; then`."
                yield _Fault("started only if it runs", at, message, trail=trail, fix=fix)
                return
        if any(self.daemon.doubtful(guard) for guard in start.guards):
            message = (
                "This can start a second `dockerd` while one runs, where the other condition holds. Is that meant?"
            )
            fix = "Let `! pgrep -x dockerd` hold in any case: join the other condition to it with `&&`."
            yield _Fault("guard with a way round", at, message, "warning", GUARD, trail=trail, fix=fix)
            return
        message = "This starts `dockerd` without looking whether one runs: a restart of the agent starts a second one."
        fix = "Put it inside `if ! pgrep -x dockerd > /dev/null; then … fi`."
        yield _Fault("no guard", at, message, lost=GUARD, trail=trail, fix=fix)

    def _as_root(self, start: Command) -> Iterator[_Fault]:
        texts = [" ".join(word.raw for word in start.words)]
        texts += [frame.text for frame in start.frames if frame.kind in ("script", "eval")]
        users = [match[1] for text in texts for match in _SUDO_USER.finditer(text)]
        if any(user.strip("\"'") not in ("root", "#0", "0") for user in users):
            message = "This starts `dockerd` as another user than root, who may not run it."
            yield _Fault("not as root", start.position, message, trail=passed(start), fix="Write `sudo dockerd`.")
        elif not ("sudo" in start.wrappers or any(re.search(r"\bsudo\b", text) for text in texts) or _is_root(start)):
            message = (
                "This starts `dockerd` without `sudo`. The boot script runs as `coder`, so the daemon never starts."
            )
            yield _Fault("no sudo", start.position, message, trail=passed(start), fix="Write `sudo dockerd`.")

    def _detached(self, start: Command) -> Iterator[_Fault]:
        if "timeout" in start.wrappers:
            message = "`timeout` ends the daemon after that time, in the middle of the user's work."
            fix = "Start it without `timeout`."
            yield _Fault("killed by timeout", start.position, message, trail=passed(start), fix=fix)
        elif not _in_background(start):
            message = "This runs `dockerd` in the foreground: the boot script stays here and does nothing that follows."
            fix = "Put `&` behind it."
            yield _Fault("in the foreground", start.position, message, trail=passed(start), fix=fix)

    def _logged(self, start: Command) -> Iterator[_Fault | Undecided]:
        words = [text for word in start.words for text in word.alternatives]
        if any(LOG in text for text in words if text != LOG) or (not _plain(start) and LOG in words):
            return
        errors = self._errors(start)
        if errors is None:
            half = any(LOG in each.target.alternatives for each in start.redirects)
            what = "sends only its output, and not its errors, to" if half else "does not log to"
            message = f"This starts `dockerd` and {what} `{LOG}`, where everyone looks when Docker fails."
            fix = f"Write `> {LOG} 2>&1` behind it."
            yield _Fault("no log", start.position, message, lost=START, trail=passed(start), fix=fix, why=_UNSEEN)
            return
        if any(UNKNOWN not in text and text != LOG for text in errors.alternatives) and LOG not in errors.alternatives:
            message = f"This logs `dockerd` to `{known(errors)}` and not to `{LOG}`, where everyone looks."
            edit = replaced(self.surface, errors, LOG)
            evidence, fix = f"log in {known(errors)}", f"Write `> {LOG} 2>&1`."
            yield _Fault(evidence, start.position, message, edit=edit, trail=passed(start), fix=fix, why=_UNSEEN)
        elif LOG not in errors.alternatives:
            reason = f"the file that `dockerd` logs to, `{errors.raw}`, is not known"
            yield open_question(self.workspace, ID, f"{self.script.address}/dockerd", start.position, reason)

    def _errors(self, start: Command) -> Word | None:
        """Where the daemon's standard error goes, to which it logs; None if to no file."""
        ends: dict[str, Word | None] = {"1": self._piped(start), "2": None}
        if ends["1"] is not None and start.surroundings[1].lstrip().startswith("|&"):
            return ends["1"]
        for redirect in (*start.outer, *start.redirects):
            _connect(ends, redirect)
        target = ends["2"]
        if target is not None and target.raw.startswith(">("):
            inside = LOG in target.raw or any(LOG in text for text in target.alternatives)
            return replace(target, alternatives=(LOG,)) if inside else target
        return target

    def _piped(self, start: Command) -> Word | None:
        """The file that the next stage of the pipeline writes, ``| tee /tmp/dockerd.log``."""
        flow = flow_of(self.program)
        stage = [command for command in self.program.commands if start in flow.upstream(command)]
        targets = [write.target for command in stage for write in flow.writes(command)]
        return next((word for word in targets if LOG in word.alternatives), targets[0] if targets else None)

    def _options(self, start: Command) -> Iterator[_Fault]:
        for invocation in invocations(start):
            arguments = getopt(invocation.args, "gGHlps", _LONG)
            for option in arguments.values("data-root", "g", "graph"):
                if option.value.rstrip("/") != STORAGE and UNKNOWN not in option.value:
                    yield self._elsewhere(option.value, start.position, passed(start))
            for option in arguments.values("config-file"):
                if option.value != CONFIGURATION and UNKNOWN not in option.value:
                    message = f"The daemon reads `{option.value}` and no longer `{CONFIGURATION}`. Is that meant?"
                    evidence, fix = f"config {option.value}", f"Leave the option out, and write `{CONFIGURATION}`."
                    yield _Fault(evidence, start.position, message, "warning", trail=passed(start), fix=fix)
            hosts = [option.value for option in arguments.values("H", "host")]
            if hosts and not any(_is_own(host) or UNKNOWN in host for host in hosts):
                message = f"The daemon listens on `{', '.join(hosts)}` and no longer on `/var/run/{SOCKET}`."
                evidence, fix = f"listens on {', '.join(hosts)}", f"Add `-H unix:///var/run/{SOCKET}`."
                yield _Fault(evidence, start.position, message, trail=passed(start), fix=fix)

    def _elsewhere(self, folder: str, at: Position, trail: Sequence[Position]) -> _Fault:
        message = f"This keeps images in `{folder}` and not in `{STORAGE}`, the volume that outlives the container."
        fix = f"Leave it out: `{STORAGE}` is where the daemon keeps them by itself."
        why = "Every image and database of the user is gone after a stop."
        return _Fault(f"data in {folder}", at, message, related=("INV-5",), trail=tuple(trail), fix=fix, why=why)

    def _configured(self) -> Iterator[_Fault]:
        """A storage folder in the daemon's configuration file."""
        flow = flow_of(self.program)
        for command in flow.select(Concern(writes=True)):
            for write in flow.writes(command):
                if CONFIGURATION not in write.paths:
                    continue
                for source in write.sources:
                    yield from self._storage(source, write.texts)

    def _storage(self, source: Command, texts: Sequence[str]) -> Iterator[_Fault]:
        found = dict.fromkeys(match[1] for text in texts for match in _DATA_ROOT.finditer(text))
        for folder in found:
            if folder.rstrip("/") == STORAGE or UNKNOWN in folder:
                continue
            at = source.position
            for redirect in source.redirects:
                if redirect.here is not None:
                    match = _DATA_ROOT.search(redirect.here.text.show())
                    at = (redirect.here.text.at(match.start()) if match else None) or at
            yield self._elsewhere(folder, at, (at, *passed(source)))

    def _wiped(self) -> Iterator[_Fault]:
        for command in flow_of(self.program).select(_REMOVING):
            texts = [text.rstrip("/") for word in command.args for text in word.alternatives]
            wiped = next((text for text in texts if _WIPED.fullmatch(text)), None)
            if command.name == "rm" and wiped is not None:
                message = f"This throws away `{wiped}` at every start: images and databases of the user are gone."
                found = _Fault(f"rm {wiped}", command.position, message, related=("INV-5",), trail=passed(command))
                yield replace(found, fix="Take this line away.", edit=deleted(self.surface, command), why=_EMPTIED)

    def _undone(self) -> Iterator[_Fault]:
        """What takes the daemon or its socket away again after the last start."""
        last = self.daemon.starts[-1]
        for command in flow_of(self.program).select(_UNDOING):
            after = self.daemon.place(command) > self.daemon.place(last)
            later = any(scope.kind == "trap" for scope in command.scope)
            if not after or later or command.guards or not (undoes := _undoes(command)):
                continue
            message = f"`{shown(command)}` {undoes}, after which no `docker` and no `ddev` command works."
            found = _Fault("taken away", command.told, message, trail=passed(command))
            yield replace(found, fix="Take this line away.", edit=deleted(self.surface, command))

    # Waiting for it

    def _waited(self) -> Iterator[_Fault]:
        start = self.daemon.starts[0]
        waits = self.daemon.waits
        if not waits:
            message = "Nothing waits for the Docker socket after this: what follows runs before the daemon answers."
            trail, fix = passed(start), f"After it, write `{_BOUNDED}`."
            yield _Fault("no wait", start.position, message, lost=WAIT, related=("BOOT",), trail=trail, fix=fix)
            return
        endless = next((wait for wait in waits if not self.daemon.is_bounded(wait)), None)
        if endless is not None:
            loops = [loop for loop in self.daemon.loops(endless) if not self.daemon.ends(loop)]
            at = loops[0].position if loops else endless.position
            message = (
                "This waits for Docker without an end: if the daemon does not come up, the boot hangs here for ever."
            )
            edit = self._with_bound(loops[0]) if loops else None
            trail, fix = passed(endless), f"Give it a number of tries: `{_BOUNDED}`."
            yield _Fault("endless wait", at, message, lost=WAIT, edit=edit, related=("BOOT",), trail=trail, fix=fix)
            return
        hasty = [wait for wait in waits if not any(self._takes_time(loop) for loop in self.daemon.loops(wait))]
        if len(hasty) == len(waits) and self.daemon.loops(hasty[0]):
            at = self.daemon.loops(hasty[0])[-1].position
            message = "This looks for Docker without a pause, so all its tries are over before the daemon is up."
            trail, fix = passed(hasty[0]), "Write `sleep 1` into the loop."
            yield _Fault("wait without pause", at, message, lost=WAIT, related=("BOOT",), trail=trail, fix=fix)

    def _takes_time(self, loop: Loop) -> bool:
        return bool(self.daemon.pauses(loop)) or self.daemon.is_timed(loop)

    # Who may use it

    def _usable(self) -> Iterator[_Fault]:
        start = self.daemon.starts[0]
        giving = flow_of(self.program).select(_GIVING_ACCESS)
        given = [command for command in giving if _about_access(command) and can_run(command)]
        if any(_takes_group(each) for each in self.daemon.starts):
            return
        grouped = any(container.value("group_add") is not None for container in self.workspace.containers)
        if not given:
            if grouped:
                message = (
                    "Nothing lets `coder` use Docker's socket after this, unless the group of `group_add` owns it."
                    " Is that meant?"
                )
            else:
                message = (
                    "Nothing lets `coder` use Docker's socket after this: every `docker` and `ddev` command fails."
                )
            level: Level = "warning" if grouped else "failure"
            yield _Fault("no access", start.position, message, level, ACCESS, trail=passed(start), fix=_OPEN)
            return
        later = [command for command in given if self.daemon.place(command) > self.daemon.place(start)]
        if not later:
            message = "This is done before the daemon makes its socket, so `coder` cannot use Docker."
            yield _Fault("access before the start", given[0].position, message, trail=passed(given[0]), fix=_LATER)
            return
        waits = self.daemon.waits
        if waits and all(not each.loops and self.daemon.place(each) < self.daemon.place(waits[0]) for each in later):
            message = "This runs before the wait for the socket: it is not there yet, so `coder` cannot use Docker."
            yield _Fault("access before the wait", later[0].position, message, trail=passed(later[0]), fix=_LATER)
            return
        shut = (command for command in later if _denies(command))
        denied = next((each for each in shut if not any(self._outlasts(other, each) for other in later)), None)
        if denied is not None:
            message = f"`{shown(denied)}` leaves `coder` without access to Docker's socket."
            found = _Fault("no access", denied.position, message, lost=ACCESS, trail=passed(denied), fix=_OPEN)
            if any(map(_opens, later)):
                found = replace(found, fix="Take this line away.", edit=deleted(self.surface, denied))
            yield found

    def _outlasts(self, opening: Command, denying: Command) -> bool:
        """Whether one command lets `coder` use the socket although the other one takes that away."""
        if not _opens(opening):
            return False
        if self.daemon.place(opening) > self.daemon.place(denying) or not set(denying.guards) <= set(opening.guards):
            return True
        if denying.name == "chmod":  # its owner may use it still
            return opening.name not in ("chmod", "chgrp") and "coder" in known(opening.args[0])
        return opening.name not in ("chown", "chgrp")

    # Suggestions

    def _edited(self, command: Command, text: str) -> Edit | None:
        """The edit that writes `text` in place of a command that is spelled out on one line."""
        at = command.position
        source = self.surface.line(at)
        start = at.column - 1
        if "\n" in command.raw or source[start : start + len(command.raw)] != command.raw:
            return None
        return Edit(at.path, at.line, at.line, source[:start] + text + source[start + len(command.raw) :])

    def _repaired(self, start: Command, faults: Sequence[_Fault]) -> Edit | None:
        """The start as it should be, where all that is wrong with it is missing words on a line of its own."""
        wrong = {fault.evidence for fault in faults}
        before, after = start.surroundings
        if (
            not wrong
            or start.told != start.position
            or not wrong <= _MISSING
            or before.strip()
            or start.name != "dockerd"
            or start.wrappers not in _BARE
        ):
            return None
        if after.strip() != ("" if "in the foreground" in wrong else "&"):
            return None
        text = f"sudo {start.raw}" if "no sudo" in wrong else start.raw
        text = f"{text} > {LOG} 2>&1" if "no log" in wrong else text
        if "no log" in wrong and start.redirects:
            return None
        text = f"pgrep -x dockerd > /dev/null || {text}" if "no guard" in wrong else text
        return self._edited(start, f"{text} &" if "in the foreground" in wrong else text)

    def _with_bound(self, loop: Loop) -> Edit | None:
        """A number of tries in the head of a loop on one line."""
        text = self.surface.line(loop.position)
        match = _ENDLESS.fullmatch(text)
        if match is None:
            return None
        indent, kind, test, rest = match.groups()
        asked = test.strip()
        if asked.startswith("!") != (kind == "while") or "||" in asked or "&&" in asked:
            return None
        text = f"{indent}for attempt in $(seq 1 30); do {asked.removeprefix('!').strip()} && break"
        rest = rest.strip()
        return Edit(loop.position.path, loop.position.line, loop.position.line, f"{text}; {rest}" if rest else text)


_BOUNDED = f"for i in $(seq 1 30); do [ -S /var/run/{SOCKET} ] && break; sleep 1; done"
_OPEN = f"After the wait, write `sudo chgrp docker /var/run/{SOCKET} && sudo chmod 660 /var/run/{SOCKET}`."
_LATER = "Move it down, behind the wait for the socket."
_SUDO_USER = re.compile(r"\bsudo\b[^;|&\n]*?\s(?:-u\s*|--user[ =])(\S+)")
_DATA_ROOT = re.compile(r'"(?:data-root|graph)"\s*:\s*"([^"]*)"')
_WIPED = re.compile(r"/var/lib/docker(?:/(?:\*|\.\*|image|overlay2|volumes|containers))?(?:/\*)?")
_MISSING = frozenset({"no guard", "no sudo", "no log", "in the foreground"})
_BARE = ((), ("sudo",))
_DEFAULT_HOSTS = ("fd://", "unix://")
_ENDLESS = re.compile(r"(\s*)(until|while)\s+([^;]*docker[^;]*);\s*do\b(.*)")
_LONG = frozenset(
    {"data-root", "graph", "config-file", "host", "group", "registry-mirror", "storage-driver", "log-level"}
)
_ROOT = re.compile(r"\bid -u\b|\bEUID\b|\bUID\b|\bwhoami\b")


def _plain(start: Command) -> bool:
    """Whether the command is the daemon itself, not a program that launches it."""
    return start.name == "dockerd"


def _is_root(start: Command) -> bool:
    return any(guard.test is not None and _ROOT.search(guard.test.raw) for guard in start.guards)


def _in_background(start: Command) -> bool:
    if is_beside(start):
        return True
    words = [text for word in start.words for text in word.alternatives]
    if start.name in ("daemonize", "daemon", "coproc"):
        return True
    if start.name in ("start-stop-daemon", "screen", "tmux"):
        return any(word in ("--background", "-b", "-d", "-dm", "-dmS", "-Sdm") for word in words)
    if "sudo" in start.wrappers and any(
        re.fullmatch(r"-[AEHKknPSv]*b|--background", word) for word in _in_front(start)
    ):
        return True
    return "setsid" in start.wrappers and any(word in ("-f", "--fork") for word in words)


def _in_front(start: Command) -> list[str]:
    """The words of the wrappers."""
    return [text for word in start.words[: len(start.words) - len(start.argv)] for text in word.alternatives]


def _connect(ends: dict[str, Word | None], redirect: Redirect) -> None:
    """What one redirection does to standard output and standard error."""
    operator, target = redirect.operator, redirect.target
    if operator in ("&>", "&>>"):
        ends["1"] = ends["2"] = target
    elif operator in (">", ">>", ">|"):
        ends[redirect.descriptor or "1"] = target
    elif operator == ">&":
        if target.value in ("1", "2"):
            ends[redirect.descriptor or "1"] = ends[target.value]
        elif target.value != "-":
            ends["1"] = ends["2"] = target


def _takes_group(start: Command) -> bool:
    """``dockerd --group docker``: the daemon gives the socket to that group itself."""
    found = (getopt(each.args, "gGHlps", _LONG).values("group", "G") for each in invocations(start))
    return any(option.value not in ("root", "0", "") for options in found for option in options)


def _undoes(command: Command) -> str:
    """What a command does to the daemon or its socket for good; empty if nothing."""
    words = [known(word) for word in command.args]
    if command.name == "rm":
        return "removes Docker's socket" if any(word.endswith(f"/run/{SOCKET}") for word in words) else ""
    asks = any(re.fullmatch(r"-(?:0|HUP|SIGHUP|1|USR1|SIGUSR1)", word) for word in words)
    return "ends the daemon that was started" if "dockerd" in words and not asks else ""


def _about_access(command: Command) -> bool:
    return any(each.name in _GIVES_ACCESS for each in invocations(command)) and mentions(command, SOCKET)


def _denies(command: Command) -> bool:
    return _access(command) is False


def _opens(command: Command) -> bool:
    return _access(command) is True


def _access(command: Command) -> bool | None:
    """Whether a command lets `coder` read and write the socket (its owner, its group or all); None if that is open."""
    texts = [known(word) for word in getopt(command.args).operands] or [known(word) for word in command.args]
    first = texts[0] if texts else ""
    if command.name == "chmod":
        mode = next((known(word) for word in command.args if _MODE.fullmatch(known(word))), "")
        if mode.isdigit():
            digits = mode.zfill(3)[-3:]
            return any(int(digit, 8) & 6 == 6 for digit in digits[1:])
        return None if not mode else _adds(mode)
    if command.name in ("chown", "chgrp"):
        owner, _, group = first.partition(":") if command.name == "chown" else ("", "", first)
        if owner == "coder" or (group and group not in ("root", "0")):
            return True
        return False if group in ("root", "0") else None
    return True


_MODE = re.compile(r"[0-7]{3,4}|[ugoa]*[-+=][rwxXst]*(?:,[ugoa]*[-+=][rwxXst]*)*")


def _adds(mode: str) -> bool | None:
    for who, operator, what in re.findall(r"([ugoa]*)([-+=])([rwxXst]*)", mode):
        if operator != "-" and {"r", "w"} <= set(what) and (not who or set(who) & set("goa")):
            return True
        if operator == "-" and "w" in what and set(who) & set("ga"):
            return False
    return None
