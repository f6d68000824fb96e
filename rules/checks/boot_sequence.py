"""The boot script does its ten steps in order, and never gives up.

## What it does

Recognises the ten steps of the boot script by what they do, in whatever function, file or module they are, and reports
a step that is gone and two that are swapped. Follows how the script ends: an exit in the middle, a status that is not
0, `exec` of another program, a missing `set +e`, options that make a failure worse (`set -u`, `pipefail`). Looks into
the `~/.bash_profile` that it assembles. `set -e` and what is like it are F-10.

## Why it matters

The steps build on each other: the mirror must be configured before the Docker daemon reads it, the home must belong to
the user before anything is copied into it. And a boot that stops at the first failure leaves a workspace that nobody
can log in to and repair.

## Bad

```bash
sudo dockerd > /tmp/dockerd.log 2>&1 &
echo '{ "registry-mirrors": ["http://mirror:5000"] }' | sudo tee /etc/docker/daemon.json
cd /home/coder/projects || exit 1
```

## Good

```bash
set +e
sudo chown coder:coder /home/coder
```

## Fix

Keep the order: home ownership, skeleton, GitSSH, staged files, git identity, registry mirror, dockerd, image pre-pull,
directories, shell profile. Begin with `set +e` and end with `exit 0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.boot_steps import PROFILE, STAGED, STEPS, Steps, at_call, cut_short, leaves, races, steps_of, unseen
from rules.checks.commands import Surface, flow_of, invocations, known, located, of_workspace, passed, shown
from rules.checks.daemon import asks_for_daemon, is_beside, starts_daemon
from rules.checks.f09_systemd_dockerd import runs_init
from rules.checks.f10_errexit import is_errexit, kills_itself, starts_strict
from rules.checks.inv6_hydration import says_missing
from rules.checks.support import calls, line, settled_words, written_to
from rules.checks.support import undecided as open_question
from rules.model import Edit, Fact, Level, Span, Undecided, Violation
from rules.sources.shell import HOME, UNKNOWN, Command, Scope, parse_program
from rules.sources.terraform.values import as_text
from rules.sources.text import Position, Text
from rules.workspace.image import Image, copies
from rules.workspace.template import Script, Workspace

ID = "BOOT"
REQUIREMENT = "Required Agent Boot Sequence"
SCRIPTS = ("boot",)
CLAUSES = {
    r"registry mirror after dockerd": "mirror precedes dockerd launched",
    r"staged files (?:after|beside) shell profile": "hydration precedes profile assembled",
    r"exit|exec|ends in the middle|kills itself|requires|set [+-]|pipefail": "step fails log failure continue",
    r" (?:after|beside) |^\S+ no ": "execute boot steps order",
}

END = "end of the script"
FAILURES = "what a failure does"
ORDER = "order of the boot steps"

LATE = {
    "home ownership": "on a fresh workspace the home still belongs to root there, and nothing can be written into it",
    "skeleton": "it finds files of an unfinished home, and the user's `.bashrc` may never come",
    "GitSSH": "git has no key for the session there, so what needs a private repository fails",
    "staged files": "what the image brings for the home is not there yet",
    "git identity": "git does not know there who the user is",
    "registry mirror": "the daemon has read its configuration by then, so every image comes over the internet",
    "dockerd": "no daemon answers there, so not one image is fetched",
    "image pre-pull": "the contract has the images first",
    "directories": "the login shell is set up for folders that are not there yet",
}
"""What goes wrong when a step comes only after a later one."""

GONE = {
    "home ownership": "on a fresh workspace the home belongs to root, and the user cannot write a file",
    "skeleton": "a fresh home has no `.bashrc`",
    "GitSSH": "git cannot reach private repositories with the workspace's key",
    "staged files": "what the image brings for the home never gets there",
    "git identity": "the user's first commit fails, or carries a wrong name",
    "registry mirror": "every image comes over the internet and not through the mirror",
    "image pre-pull": "the first `ddev start` has to wait for all its images",
    "directories": "nothing makes {}",
    "shell profile": "a login shell has neither completion nor the user's `.bashrc` nor the welcome text",
}
"""What a workspace lacks without a step. `dockerd` is INV-4's, staged files are INV-6's where the image has some."""

ADD = {
    "home ownership": "Begin with `sudo chown coder:coder /home/coder`.",
    "skeleton": "Once the home is owned: `[ -f ~/.bashrc ] || cp -rn /etc/skel/. ~/`.",
    "GitSSH": 'After the skeleton: `export GIT_SSH_COMMAND="$(command -v coder) gitssh --"`.',
    "staged files": "After GitSSH: `cp -rn /home/coder-files/. ~/`.",
    "git identity": 'After the staged files: `git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"`, and '
    "`user.email` with `CODER_WORKSPACE_OWNER_EMAIL`.",
    "registry mirror": "Before `dockerd` starts: write `/etc/docker/daemon.json` with its `registry-mirrors`.",
    "image pre-pull": "After the wait for Docker's socket: `ddev utility download-images`.",
    "directories": "After the images: `mkdir -p {}`.",
    "shell profile": "At the end: write `~/.bash_profile`, if there is none, so that it sources `/etc/bash.bashrc` and "
    "`~/.bashrc` and shows `~/WELCOME.txt`.",
}
"""What to write for a step that is gone, and where."""


# What enforces it


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        steps = steps_of(script.program)
        found = sorted(steps.commands, key=lambda step: steps.place[id(steps.first(step))])
        if found:
            yield Fact(ID, workspace.template, ORDER, " → ".join(found), steps.first(found[0]).span)
        for step in found:
            first = steps.first(step)
            yield Fact(ID, workspace.template, _fact(step), _manner(steps, step), first.span, calls(first))
        for where, *through in workspace.image.ask(_mirrors):
            yield Fact(ID, workspace.template, _fact("registry mirror"), "by the image", where, tuple(through))
        for command in script.program.main:
            if _says_what_failures_do(command):
                yield Fact(ID, workspace.template, FAILURES, settled_words(command), command.span)
            elif leaves(command):
                yield Fact(ID, workspace.template, END, settled_words(command), command.span)
        for part in _PROFILE_PARTS if "shell profile" in steps.commands else ():
            content = _profile(workspace, steps)
            if content is not None and _has(content, part):
                where = line(_written_at(steps, part))
                yield Fact(ID, workspace.template, f"login shell: {part}", "there", where)


def _manner(steps: Steps, step: str) -> str:
    """How a step runs. The daemon itself is always in the background: the boot goes on after the wait for it."""
    commands = steps.daemon.waits if step == "dockerd" else [c for c in steps.commands[step] if not starts_daemon(c)]
    return "runs in the background" if commands and all(map(is_beside, commands)) else "runs"


def _says_what_failures_do(command: Command) -> bool:
    words = [known(word) for word in command.args]
    if command.name == "shopt":
        return not _OPTIONS.isdisjoint(words)
    options = ((sign, letter, name) for sign in "-+" for name, letter in _LETTERS.items())
    return command.name == "trap" or (command.name == "set" and any(_turns(words, *each) for each in options))


def _distance(pair: tuple[str, str]) -> int:
    return STEPS.index(pair[1]) - STEPS.index(pair[0])


def _fact(step: str) -> str:
    return f"boot step: {step}"


# The check


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    surface = of_workspace(workspace)
    for script in workspace.boot:
        seen: set[tuple[str, Position]] = set()
        for each in _Boot(workspace, surface, script).found():
            if isinstance(each, Undecided):
                yield each
            elif (each.evidence, each.at) not in seen:
                seen.add((each.evidence, each.at))
                yield _violation(workspace, surface, script, each)
    yield from _no_script(workspace)


def _no_script(workspace: Workspace) -> Iterator[Violation]:
    """Agents that run nothing at all when a workspace starts, where no other script does so for them."""
    starts = any(s.instance.attribute("run_on_start") is not None for s in workspace.resources("coder_script"))
    if starts or any(agent.instance.attribute("startup_script") is not None for agent in workspace.agents):
        return
    for agent in workspace.agents:
        yield Violation(
            rule=ID,
            template=workspace.template,
            address=agent.address,
            evidence="no startup_script",
            span=line(agent.instance.at),
            level="failure",
            message="The agent has no `startup_script`, so nothing of a workspace is set up when it starts.",
            trail=(workspace.step(agent.instance.at),),
            lost=_fact(STEPS[0]),
            related=("INV-4", "INV-6"),
            fix="Give the agent a `startup_script` with the ten steps of the boot sequence.",
        )
    if not workspace.agents and workspace.is_read and next(workspace.outside, None) is None:
        yield from _no_agent(workspace)


def _no_agent(workspace: Workspace) -> Iterator[Violation]:
    for container in filter(workspace.runs_agent, workspace.containers):
        yield Violation(
            rule=ID,
            template=workspace.template,
            address="coder_agent",
            evidence="no agent",
            span=line(container.instance.at),
            level="failure",
            message="The container runs a `coder_agent` that the template does not have, so nothing sets it up.",
            trail=(workspace.step(container.instance.at),),
            lost=_fact(STEPS[0]),
            related=("INV-2", "INV-3", "INV-4", "INV-6", "INV-7", "INV-9"),
            fix="Keep the `coder_agent`, with its `env` and its `startup_script`.",
        )


class _Fault(Struct, frozen=True):
    evidence: str
    at: Position
    message: str
    level: Level = "failure"
    lost: str | None = None
    related: tuple[str, ...] = ()
    trail: tuple[Position, ...] = ()
    edit: Edit | None = None
    fix: str = ""
    part: str = ""


def _violation(workspace: Workspace, surface: Surface, script: Script, fault: _Fault) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=script.address + fault.part,
        evidence=fault.evidence,
        span=line(fault.at),
        level=fault.level,
        message=fault.message + (" Is that meant?" if fault.level == "warning" else ""),
        trail=surface.steps((*fault.trail, fault.at)),
        related=fault.related,
        edit=fault.edit,
        lost=fault.lost,
        fix=fault.fix,
        why=next((why for about, why in _WHY.items() if re.search(about, fault.evidence)), ""),
    )


_WHY = {
    rf"^no (?:{'|'.join(STEPS)})$": "A workspace begins with nothing but the image: what no step does is not there.",
    r" (?:after|beside) ": "The steps build on each other: each of them needs what those before it have made.",
    r"^does not ": "A login shell reads `~/.bash_profile` and no other file of the user's, unless that one says so.",
    r"exit|exec|set |pipefail|requires|ends": "A boot that stops leaves a workspace that nobody can log in to.",
}
"""What goes wrong, by the evidence."""


DAEMON_CONFIGURATION = "/etc/docker/daemon.json"


def _mirrors(image: Image) -> tuple[tuple[Span, ...], ...]:
    """Where the image has the mirror configured already, before any boot script runs, and what brings that there."""
    return tuple(_mirrored(image))


def _mirrored(image: Image) -> Iterator[tuple[Span, ...]]:
    for command in image.commands:
        if written_to(command, DAEMON_CONFIGURATION) and "registry-mirror" in _said(command):
            yield (command.span,)
    texts = dict(image.staged_files)
    for step in image.steps:
        for source, target in step.copies:
            lines = texts[source].show().split("\n") if target == DAEMON_CONFIGURATION and source in texts else []
            number = next((n for n, text in enumerate(lines, 1) if "registry-mirrors" in text), None)
            if number is not None:
                written = step.instruction
                yield Span(source, number, number), Span(written.path, written.start, written.end)


def _said(command: Command) -> str:
    """The words and heredocs of a command, and of what feeds it on its lines."""
    before, after = command.surroundings
    here = (redirect.here.text.show() for redirect in command.redirects if redirect.here is not None)
    return "".join((before, command.raw, after, *here))


class _Boot:
    def __init__(self, workspace: Workspace, surface: Surface, script: Script) -> None:
        self.workspace, self.surface, self.script = workspace, surface, script
        self.program = script.program
        self.steps = steps_of(script.program)

    def found(self) -> Iterator[_Fault | Undecided]:
        ended = cut_short(self.program) if self.steps.missing else None
        if ended is not None:
            yield self._cut(ended)
        else:
            yield from self._gone()
        yield from self._swapped()
        yield from self._raced()
        if not any(_always_succeeds(command) for command in self.program.commands):
            yield from self._exits(ended)
            if ended is None:
                yield from self._end()
            yield from self._last_word()
        yield from self._killed()
        yield from self._options()
        yield from self._login_shell()

    # The steps

    def _gone(self) -> Iterator[_Fault | Undecided]:
        missing = [step for step in self.steps.missing if step in GONE]
        if self.program.problems or not missing:
            return
        hidden = unseen(self.program)
        if hidden is not None:
            reason = f"{hidden.reason}; it may do what the boot script lacks: {', '.join(missing)}"
            yield open_question(self.workspace, ID, f"{self.script.address}/steps", hidden.position, reason)
            return
        image = self.workspace.image
        elsewhere = {
            "staged files": any(target.rstrip("/").startswith(STAGED) for _, target in image.ask(copies)),
            "registry mirror": "registry mirror" in missing and bool(image.ask(_mirrors)),
        }
        start = self._start_folder()
        for step in missing:
            if elsewhere.get(step) or (step == "directories" and start is not None and self._makes(start)):
                continue
            gone, add = GONE[step], ADD[step]
            if step == "directories":
                gone = gone.format(f"`{start}`, where the agent starts" if start else "a folder for the user's work")
                add = add.format(start or "/home/coder/projects")
            message = f"No step for the {_named(step)}: {gone}."
            related = _SAYS_TOO.get(step, ())
            yield _Fault(f"no {step}", self.script.at, message, lost=_fact(step), related=related, fix=add)

    def _start_folder(self) -> str | None:
        """The folder in the home that the agent starts in."""
        for agent in self.workspace.agents:
            for alternative in agent.value("dir") or ():
                text = as_text(alternative.data, alternative.at)
                if text is not None and text.show().startswith(f"{HOME}/"):
                    return text.show().rstrip("/")
        return None

    def _makes(self, folder: str) -> bool:
        """Whether the script makes a folder."""
        made = (command for command in self.program.commands if command.name == "mkdir")
        return any(folder == path.rstrip("/") for each in made for word in each.args for path in located(word, each))

    def _swapped(self) -> Iterator[_Fault]:
        """The fewest steps that, put where they belong, set the order right; each with its nearest neighbour."""
        pairs = list(self._inverted())
        while pairs:
            counts = {step: sum(step in pair for pair in pairs) for pair in pairs for step in pair}
            moved = max(STEPS, key=lambda step: counts.get(step, 0))
            own = [pair for pair in pairs if moved in pair]
            early, late = min(own, key=lambda pair: (pair not in _TELLING, _distance(pair)))
            yield self._swap(early, late)
            pairs = [pair for pair in pairs if moved not in pair]

    def _inverted(self) -> Iterator[tuple[str, str]]:
        """Pairs of steps of which the one that belongs first comes second."""
        steps, found = self.steps, self.steps.commands
        for index, early in enumerate(STEPS):
            for late in STEPS[index + 1 :]:
                if early in found and late in found and self._comes_after(early, late):
                    yield early, late
        waits = steps.daemon.waits
        if "image pre-pull" in found and waits:
            first = waits[0]
            if steps.before(steps.first("dockerd"), steps.last("image pre-pull")) and steps.before(
                steps.last("image pre-pull"), first
            ):
                yield "dockerd", "image pre-pull"

    def _comes_after(self, early: str, late: str) -> bool:
        steps = self.steps
        if late == "image pre-pull" and all(self._waits_by_itself(command) for command in steps.commands[late]):
            return False
        if (early, late) == ("registry mirror", "dockerd"):
            return steps.before(self._start(), steps.last("registry mirror"))
        if (early, late) == ("staged files", "shell profile"):
            return steps.before(steps.first("shell profile"), steps.first("staged files"))
        return steps.before(steps.last(late), steps.first(early))

    def _start(self) -> Command:
        """The start of dockerd that counts: the first one, unless the daemon is stopped and started anew."""
        starts = self.steps.commands["dockerd"]
        stops = [command for command in self.program.commands if _stops_daemon(command)]
        for index, start in enumerate(starts[:-1]):
            later = starts[index + 1]
            if not any(self.steps.before(start, stop) and self.steps.before(stop, starts[-1]) for stop in stops):
                return start if later.guards else starts[-1]
        return starts[-1]

    def _waits_by_itself(self, command: Command) -> bool:
        """Whether a command in the background comes after a wait for the daemon there."""
        jobs = [scope for scope in command.scope if scope.kind == "background"]
        before = self.program.commands[: self.steps.place[id(command)]]
        return any(asks_for_daemon(each) and job in each.scope for job in jobs for each in before)

    def _raced(self) -> Iterator[_Fault]:
        """A step that is left in the background although the next one needs it done."""
        found, waits = self.steps.commands, self.steps.daemon.waits
        needed = (
            ("home ownership", found.get("home ownership", []), "skeleton"),
            ("registry mirror", found.get("registry mirror", []), "dockerd"),
            ("dockerd", list(waits), "image pre-pull"),
            ("staged files", found.get("staged files", []), "shell profile"),
        )
        for early, commands, late in needed:
            after = found.get(late, [])
            if commands and after and races(commands, after[-1], self.program):
                place, trail = commands[0].position, passed(after[-1])
                where = _where(after[-1].position, place)
                message = (
                    f"This runs beside the boot, and the {_named(late)}{where} does not wait for it: {LATE[early]}."
                )
                fix = f"Run it without `&`, or `wait` for it before the {_named(late)}."
                yield _Fault(
                    f"{early} beside {late}", place, message, related=_RELATED.get(early, ()), trail=trail, fix=fix
                )

    def _swap(self, early: str, late: str) -> _Fault:
        steps = self.steps
        second, first = steps.first(early), steps.first(late)
        if early == "registry mirror":
            second = steps.last(early)
        elif (early, late) == ("dockerd", "image pre-pull") and steps.before(second, steps.last(late)):
            second, first = steps.last(late), steps.daemon.waits[0]
        own, other = _where(second.position, second.position), _where(first.position, second.position)
        message = f"The {_named(early)}{own} {_verb(early)} only after the {_named(late)}{other}: {LATE[early]}."
        level: Level = "failure"
        if early == "registry mirror" and any(map(_reloads, self.program.commands[steps.place[id(second)] :])):
            later = f"only after the {_named(late)}{other}, which is then told to read it again"
            message = f"The {_named(early)}{own} comes {later}."
            level = "warning"
        trail = (*passed(second), *passed(first))
        evidence = f"{early} after {late}"
        fix = f"Move the {_named(early)} up, before the {_named(late)}."
        if (early, late) == ("dockerd", "image pre-pull"):
            fix = "Move the image pre-pull down, after the wait for Docker's socket."
        return _Fault(evidence, second.position, message, level, related=_RELATED.get(early, ()), trail=trail, fix=fix)

    # The end

    def _cut(self, command: Command) -> _Fault:
        missing = self.steps.missing
        lost = f"; it never gets to: {', '.join(missing)}" if missing else ""
        return _Fault(
            "ends in the middle",
            at_call(command, self.program),
            f"`{shown(command)}` ends every boot here, although more of the script follows{lost}.",
            trail=passed(command),
            fix="Take it away here; the script's last line is the place for `exit 0`.",
        )

    def _exits(self, ended: Command | None) -> Iterator[_Fault]:
        for command in self.program.main:
            if not leaves(command) or command is ended or any(says_missing(guard) for guard in command.guards):
                continue
            if "exec" in command.wrappers and command.name != "exit":
                yield from self._replaced(command)
                continue
            status = _status(command, self.program.main)
            if status is not None:
                message = (
                    f"`{shown(command)}` can end the boot with a status other than 0: Coder shows a broken workspace."
                )
                left = self._left_after(command)
                if left:
                    message = f"`{shown(command)}` ends the boot here with a failure, before: {', '.join(left)}."
                fix = "Say what failed (`|| echo …`) and go on."
                fails = _Fault(
                    "exit with a failure", at_call(command, self.program), message, trail=passed(command), fix=fix
                )
                yield fails
                # Who only makes it an `exit 0` ends the boot no earlier than before.
                yield from [replace(fails, evidence="early exit")] if left else ()
            elif left := self._left_after(command):
                message = f"`{shown(command)}` can end the boot early, before: {', '.join(left)}."
                fix = "Skip what cannot be done (`if …; then …; fi`), and let the steps after it run."
                yield _Fault("early exit", at_call(command, self.program), message, trail=passed(command), fix=fix)

    def _last_word(self) -> Iterator[_Fault]:
        """``trap 'exit 1' EXIT``, whose status is the last one."""
        for command in self.program.commands:
            status = _status_of(command) if command.name == "exit" and command.args else None
            if status is not None and len(command.scope) == 1 and _exit_trap(command.scope):
                message = f"This runs `{shown(command)}` when the script ends, and that becomes the status of the boot."
                fix = "Leave the `exit` out of the handler."
                yield _Fault("exit with a failure", command.scope[0].position, message, trail=passed(command), fix=fix)

    def _killed(self) -> Iterator[_Fault]:
        for command in self.program.main:
            if kills_itself(command):
                message = f"`{shown(command)}` ends the boot by a signal."
                fix = "Say what failed (`echo …`) and go on."
                yield _Fault("kills itself", at_call(command, self.program), message, trail=passed(command), fix=fix)

    def _left_after(self, command: Command) -> list[str]:
        """The steps that do not run if the script ends here."""
        steps = self.steps
        return [step for step in STEPS if step in steps.commands and steps.before(command, steps.first(step))]

    def _replaced(self, command: Command) -> Iterator[_Fault]:
        if is_errexit(command, self.program) or runs_init(command):
            return
        left = self._left_after(command)
        more = f", so these steps never run: {', '.join(left)}" if left else ""
        message = f"`{shown(command)}` takes the place of the boot script{more}; its status becomes that of the boot."
        fix = "Run it without `exec`, in the background (`&`) if it stays, and let the script end with `exit 0`."
        yield _Fault(f"exec {command.name}", command.position, message, trail=passed(command), fix=fix)

    def _end(self) -> Iterator[_Fault]:
        """A script whose last command decides the status."""
        main = self.program.main
        if not main or self.program.problems:
            return
        last = main[-1]
        not_seen = any(
            each.kind in ("hole", "unknown") and each.position == last.position for each in self.program.unresolved
        )
        if leaves(last) or not _can_fail(last) or not_seen:
            return
        message = (
            f"The script ends with `{shown(last)}`, whose status becomes that of the boot; it must end with `exit 0`."
        )
        fix = "Write `exit 0` as the last line."
        yield _Fault("no exit 0 at the end", last.position, message, lost=END, trail=passed(last), fix=fix)

    # Options

    def _options(self) -> Iterator[_Fault]:
        for command in self.program.main:
            if command.name not in ("set", "shopt"):
                continue
            words = [known(word) for word in command.args]
            if command.name == "set":
                if is_errexit(command, self.program):
                    continue
                yield from self._strictness(command, words)
            elif "-s" in words and {"-o", "nounset"} <= set(words):
                said = _UNSET.format(shown(command))
                yield _Fault("set -u", command.position, said, "warning", trail=passed(command), fix=_DEFAULTS)
        line_ = self.program.shebang
        if line_ is not None and any(re.fullmatch(r"-[a-df-z]*u[a-df-z]*", word) for word in line_.argv):
            yield _Fault("set -u", line_.position, _UNSET.format(line_.text), "warning", fix=_DEFAULTS)
        yield from self._not_turned_off()
        for command in filter(lambda each: each.in_main_shell, flow_of(self.program).written_with(_REQUIRED)):
            match = _REQUIRED.search(command.raw)
            if match is not None and not any(w.raw.startswith("'") and match[0] in w.raw for w in command.words):
                message = f"`{match[0]}…` ends the boot where `{match[1]}` is not set."
                fix = f"Give it a default (`${{{match[1]}:-…}}`), or test it and say that it is missing."
                yield _Fault(
                    f"requires {match[1]}", command.position, message, "warning", trail=passed(command), fix=fix
                )

    def _not_turned_off(self) -> Iterator[_Fault]:
        """No ``set +e``, or none after what makes the script end at failures; that this is there is F-10."""
        main = self.program.main
        if self.program.problems or unseen(self.program):
            return
        last = next((command for command in reversed(main) if self._switches(command)), None)
        if last is not None and not is_errexit(last, self.program):
            return
        shebang = self.program.shebang if starts_strict(self.program) else None
        strict = shown(last) if last is not None else shebang.text if shebang is not None else ""
        start = main[0].position if main else self.script.at
        if not strict:
            message = "The boot script does not say `set +e`, which keeps one failure from ending it."
            yield _Fault("no set +e", start, message, "warning", FAILURES, fix=_GO_ON, part="/errexit")
            return
        message = f"Nothing takes back `{strict}`, so the boot ends at the first command that fails."
        at = start if last is None else last.frames[0].position if last.frames else last.position
        trail = passed(last) if last is not None else ()
        fix = "Write `set +e` after it, before the first step of the boot."
        yield _Fault("no set +e", at, message, "failure", FAILURES, ("F-10",), trail, fix=fix, part="/errexit")

    def _switches(self, command: Command) -> bool:
        """Whether it decides, or may decide, what a failure does from here on."""
        again = command.name in ("set", "shopt") or "exec" in command.wrappers
        return again and (_turns_off(command) or is_errexit(command, self.program) is not False)

    def _strictness(self, command: Command, words: Sequence[str]) -> Iterator[_Fault]:
        said = shown(command)
        if _turns(words, "-", "u", "nounset"):
            message = _UNSET.format(said)
            yield _Fault("set -u", command.position, message, "warning", trail=passed(command), fix=_DEFAULTS)
        elif _turns(words, "-", "", "pipefail"):
            message = (
                f"`{said}` turns a failure inside a pipeline into one of the whole, which boot steps may not expect."
            )
            fix = "Leave `pipefail` out, or set it in a subshell around the pipeline that needs it."
            yield _Fault("pipefail", command.position, message, "warning", trail=passed(command), fix=fix)
        elif _turns(words, "-", "n", "noexec"):
            message = f"`{said}` makes bash read what follows and run nothing of it."
            yield _Fault("noexec", command.position, message, trail=passed(command), fix="Take it away.")

    # The login shell

    def _login_shell(self) -> Iterator[_Fault]:
        if "shell profile" not in self.steps.commands:
            return
        content = _profile(self.workspace, self.steps)
        if content is None:
            return
        first = self.steps.first("shell profile")
        for part, lacks in _PROFILE_PARTS.items():
            if not _has(content, part):
                does, _, file = part.partition(" ")
                message = f"The `~/.bash_profile` that this assembles does not {does} `{file}`: {lacks}."
                yield _Fault(
                    f"does not {part}",
                    first.position,
                    message,
                    lost=f"login shell: {part}",
                    trail=passed(first),
                    fix=f"Write `{_PROFILE_LINES[part]}` into it.",
                )


_TELLING = (("registry mirror", "dockerd"), ("dockerd", "image pre-pull"), ("staged files", "shell profile"))
"""Pairs that say best what breaks where a step is out of several places."""
_RELATED = {"dockerd": ("INV-4",), "registry mirror": ("INV-4",)}
"""What else is broken where a step comes too late."""
_SAYS_TOO = {"skeleton": ("INV-6",), "git identity": ("INV-9",)}
"""What else asks for a step."""
_GO_ON = "Write `set +e` below the first line."
_DEFAULTS = "Leave `-u` out, and give what may be unset a default: `${NAME:-}`."
_UNSET = "`{}` ends the boot at the first variable that is not set."
_LETTERS = {"errexit": "e", "nounset": "u", "errtrace": "E", "noexec": "n", "pipefail": ""}
"""The options that have to do with failures, and their letters."""
_OPTIONS = frozenset({*_LETTERS, "inherit_errexit"})
_REQUIRED = re.compile(r"\$\{(\w+):?\?")
_PROFILE_PARTS = {
    "source /etc/bash.bashrc": "login shells lose the completion and settings of the system",
    "source ~/.bashrc": "login shells lose the user's own settings",
    "show ~/WELCOME.txt": "nobody sees the welcome text",
}
_PROFILE_LINES = {
    "source /etc/bash.bashrc": "[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc",
    "source ~/.bashrc": "[ -f ~/.bashrc ] && . ~/.bashrc",
    "show ~/WELCOME.txt": "[ -f ~/WELCOME.txt ] && cat ~/WELCOME.txt",
}


def _reloads(command: Command) -> bool:
    """``pkill -HUP dockerd``: the daemon reads its configuration again."""
    texts = [text.upper() for word in command.args for text in word.alternatives]
    return command.name in ("kill", "pkill", "killall") and any(t in ("-HUP", "-SIGHUP", "HUP", "-1") for t in texts)


def _stops_daemon(command: Command) -> bool:
    """``sudo pkill -x dockerd``, ``kill $PID``: not the signal that only has it read its configuration again."""
    return command.name in ("kill", "pkill", "killall", "systemctl", "service") and not _reloads(command)


def _where(at: Position, beside: Position) -> str:
    """Where a step stands, for a sentence about something that stands `beside` it."""
    return f" (line {at.line})" if at.path == beside.path else f" (`{at.path}:{at.line}`)"


def _named(step: str) -> str:
    return {"dockerd": "start of dockerd", "GitSSH": "GitSSH setup", "directories": "standard directories"}.get(
        step, step
    )


def _verb(step: str) -> str:
    return "come" if step in ("staged files", "directories") else "comes"


def _always_succeeds(command: Command) -> bool:
    """``trap 'exit 0' EXIT``: whatever happens, the status is 0."""
    if command.name != "exit":
        return False
    in_trap = [scope for scope in command.scope if scope.kind == "trap"]
    return _exit_trap(in_trap) and [w.value for w in command.args] == ["0"]


def _exit_trap(scopes: Sequence[Scope]) -> bool:
    return any(scope.name.upper() in ("EXIT", "0") for scope in scopes)


_SUCCEEDS = frozenset(
    {"echo", "printf", "true", ":", "=", "export", "sleep", "set", "local", "declare", "unset", "return"}
)


def _can_fail(command: Command) -> bool:
    if command.name == "return":
        return _status_of(command) is not None if command.args else False
    before, _ = command.surroundings
    return command.name not in _SUCCEEDS or before.rstrip().endswith("&&")


def _status(command: Command, main: Sequence[Command]) -> str | None:
    """How a status other than 0 would be written; None if it is 0 for sure."""
    if command.args:
        return _status_of(command)
    index = next(i for i, each in enumerate(main) if each is command)
    return "with the last status" if index and _can_fail(main[index - 1]) else None


def _status_of(command: Command) -> str | None:
    texts = [text for text in command.args[0].alternatives if text.strip("0") or not text]
    return texts[0].replace(UNKNOWN, "…") if texts else None


def _turns_off(command: Command) -> bool:
    """``set +e``, ``shopt -uo errexit``."""
    words = [known(word) for word in command.args]
    if command.name == "shopt":
        letters = "".join(word for word in words if word.startswith("-"))
        return "u" in letters and "o" in letters and "errexit" in words
    return command.name == "set" and _turns(words, "+", "e", "errexit")


def _turns(words: Sequence[str], sign: str, letter: str, name: str) -> bool:
    """Whether ``set`` gets an option: ``-u``, ``-xu``, ``-o nounset``."""
    for index, word in enumerate(words):
        if word in ("--", "-"):
            return False
        if word[:1] == sign:
            if letter and letter in word[1:] and not word.startswith("--"):
                return True
            if "o" in word[1:] and name in words[index + 1 : index + 1 + word.count("o")]:
                return True
    return False


# What a login shell does


def _profile(workspace: Workspace, steps: Steps) -> str | None:
    """What the boot script writes to ``~/.bash_profile``, all of it; None if a part is not known."""
    flow, parts = flow_of(steps.program), list[str]()
    for command in steps.commands["shell profile"]:
        texts = [text for write in flow.writes(command) if PROFILE in write.paths for text in write.texts]
        if not texts:
            texts = list(_copied(workspace, command))
        if not texts:
            return None
        parts += texts
    return "\n".join(parts)


def _written_at(steps: Steps, part: str) -> Position:
    """The line of a heredoc that has a part of the profile, else the command that writes it."""
    name = part.rpartition("/")[2]
    for command in steps.commands["shell profile"]:
        for here in (redirect.here for redirect in command.redirects if redirect.here is not None):
            lines = here.text.show().split("\n")
            found = [n for n, text in enumerate(lines) if name in text and ("/etc/" in part or "/etc/" not in text)]
            at = here.text.at(len("\n".join(lines[: found[-1]])) + 1 if found[-1] else 0) if found else None
            if at is not None:
                return at
    return steps.first("shell profile").position


def _copied(workspace: Workspace, command: Command) -> Iterator[str]:
    """The text of a staged file that becomes the profile, or part of it."""
    for invocation in invocations(command):
        for word in invocation.args:
            for path in located(word, command):
                text = workspace.source(path) if path.startswith("/") and UNKNOWN not in path else None
                if text is not None:
                    yield text.show()


def _has(content: str, part: str) -> bool:
    text = Text.literal(content.replace(UNKNOWN, "unknown"), Position("", 1, 1))
    program = parse_program(text, directory="", resolve_source=lambda _path: None)
    if part.startswith("show"):
        named = (c for c in program.commands if c.name not in ("[", "[[", "test", "=", "rm"))
        return any(_touches(command, "/WELCOME.txt") for command in named)
    path = "/etc/bash.bashrc" if "/etc/" in part else "/home/coder/.bashrc"
    return any(c.name in (".", "source") and _touches(c, path) for c in program.commands)


def _touches(command: Command, path: str) -> bool:
    words = (*command.args, *(r.target for r in command.redirects if r.operator == "<"))
    return any(place.endswith(path) for word in words for place in located(word, command))
