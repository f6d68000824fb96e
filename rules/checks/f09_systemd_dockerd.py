"""dockerd is started by the boot script, never by systemd.

## What it does

Looks for whatever would start Docker's daemon through an init system: `systemctl start docker` and its kind, `service
docker start`, `/etc/init.d/docker`, a unit linked by hand, and `/sbin/init` or systemd as what the container runs, in
the boot script and the agent's other scripts, in the container's `command` and `entrypoint`, in the image's build, its
`CMD` and `ENTRYPOINT`, and in the commands that it stages.

## Why it matters

In the workspace, process 1 is Coder's agent, not systemd: a service is never started that way, or it fights with the
daemon that the boot script has started for the same socket and the same storage.

## Bad

```bash
sudo systemctl start docker
```

## Good

```bash
if ! pgrep -x dockerd > /dev/null; then
  sudo dockerd > /tmp/dockerd.log 2>&1 &
fi
```

## Fix

Remove it. The boot script starts `dockerd` itself and waits for its socket.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rules.checks.commands import (
    Concern,
    Invocation,
    Surface,
    deleted,
    essence,
    fed_invocations,
    flow_of,
    getopt,
    invocations,
    known,
    located,
    of_image,
    of_workspace,
    passed,
    shown,
    site,
)
from rules.checks.support import line, way
from rules.model import Edit, Span, Step, Violation
from rules.sources.dockerfile import Instruction
from rules.sources.shell import Command, parse_program
from rules.sources.shell.wrappers import SHELLS
from rules.sources.terraform.values import Alternative, ListData, as_text
from rules.sources.text import Position, Text
from rules.workspace.image import NAME as IMAGE
from rules.workspace.image import Image
from rules.workspace.template import Resource, Workspace

ID = "F-9"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot", "stop", "start")

_UNIT = re.compile(r"(?:docker|dockerd|docker-ce|moby)(?:\.service|\.socket)?")
_NEEDLE = re.compile(r"docker|init\b|systemd")
_STARTS = frozenset(
    {
        *("start", "restart", "try-restart", "force-reload", "reload-or-restart", "try-reload-or-restart"),
        *("enable", "reenable", "preset", "isolate"),
    }
)
_INITS = frozenset({"/sbin/init", "/usr/sbin/init", "/bin/systemd", "/usr/bin/systemd"})
_SYSTEMD = re.compile(r"(?:/usr)?/lib/systemd/systemd")
_ENABLES = frozenset({"enable", "reenable", "preset"})


_REMOVE = "Remove it: the boot script starts `dockerd` itself, as `sudo dockerd > /tmp/dockerd.log 2>&1 &`."
_NO_INIT = "Remove it: no init system runs in the workspace, and the boot script starts `dockerd` itself."
_AGENT = "Let `{}` run Coder's agent, `coder_agent.main.init_script`, and nothing else."
_IN_PLACE = (
    "The container is there for Coder's agent, which runs the boot script. An init system in its place does not start "
    "the agent, or starts a second Docker daemon beside the one of the boot script."
)


def check(workspace: Workspace) -> Iterator[Violation]:
    yield from _scripts(of_workspace(workspace))
    for container in workspace.containers:
        for name in ("entrypoint", "command"):
            for alternative in container.value(name) or ():
                yield from _container(workspace, container, name, alternative)


def image_check(image: Image) -> Iterator[Violation]:
    surface = of_image(image)
    yield from _scripts(surface)
    # Of several, the last one counts.
    for instruction in {each.keyword: each for each in image.instructions("CMD", "ENTRYPOINT")}.values():
        does = _started_by(instruction)
        if does is not None:
            where = Span(instruction.path, instruction.start, instruction.start)
            yield Violation(
                rule=ID,
                template=IMAGE,
                address=f"init system as {instruction.keyword}",
                evidence=" ".join(instruction.words),
                span=where,
                level="failure",
                message=f"This `{instruction.keyword}` {does}.",
                fix=f"Remove this `{instruction.keyword}`: the template's `entrypoint` runs Coder's agent.",
                why=_IN_PLACE,
                edit=Edit(instruction.path, instruction.start, instruction.end, ""),
                trail=(Step(where.path, where.start, surface.lines(where.path)[where.start - 1].strip()[:160]),),
                related=("INV-4",),
            )


def _started_by(instruction: Instruction) -> str | None:
    """What a ``CMD`` or ``ENTRYPOINT`` does, also by ``sh -c``, if that is to start an init system or Docker's unit."""
    words = instruction.words
    if _is_init(words):
        return "makes an init system the first process of the container"
    by_shell = len(words) > 2 and posixpath.basename(words[0]) in SHELLS and words[1].startswith("-")
    text = Text.literal(words[2] if by_shell else " ".join(words), Position(instruction.path, instruction.start, 1))
    program = parse_program(text, directory=IMAGE, resolve_source=lambda _: None, cwd="/")
    for command in flow_of(program).select(CONCERN):
        if any(starts_docker(each) for each in invocations(command)):
            return "starts Docker's daemon through the init system"
        if runs_init(command):
            return "starts an init system in the workspace"
    return None


def _scripts(surface: Surface) -> Iterator[Violation]:
    for flow, command in surface.select(CONCERN):
        invocation = next((each for each in fed_invocations(flow, command) if starts_docker(each)), None)
        if invocation is not None and not (surface.template == IMAGE and is_known_drift(invocation)):
            yield _violation(surface, command, invocation, "starts Docker's daemon through the init system")
        elif runs_init(command):
            yield _violation(surface, command, None, "starts an init system in the workspace")


def _violation(surface: Surface, command: Command, invocation: Invocation | None, does: str) -> Violation:
    return Violation(
        rule=ID,
        template=surface.template,
        address="dockerd by an init system",
        evidence=essence(invocation) if invocation is not None else command.name,
        span=line(site(command, _NEEDLE)),
        level="failure",
        message=f"`{shown(command)}` {does}.",
        trail=surface.steps(passed(command)),
        related=("INV-4",),
        edit=deleted(surface, command),
        fix=_REMOVE if invocation is not None else _NO_INIT,
    )


def starts_docker(invocation: Invocation) -> bool:
    reader = _COMMANDS.get(invocation.name)
    if reader is not None:
        return reader(invocation)
    path = invocation.command.argv[0].alternatives[0] if invocation.command.argv else ""
    words = [known(word) for word in invocation.args]
    if invocation.name in SHELLS:
        path = next((word for word in words if not word.startswith("-")), "")
    return path in ("/etc/init.d/docker", "/etc/rc.d/init.d/docker") and _any_of(words, _STARTS)


def _any_of(words: Sequence[str], verbs: frozenset[str]) -> bool:
    return any(word in verbs for word in words)


def is_unit(name: str) -> bool:
    return _UNIT.fullmatch(name) is not None


def enables_unit(invocation: Invocation) -> bool:
    """Whether Docker's unit is made one that systemd would start."""
    if invocation.name in ("systemctl", "deb-systemd-helper"):
        return starts_docker(invocation) and _any_of([known(word) for word in invocation.args], _ENABLES)
    return invocation.name in ("ln", "update-rc.d", "chkconfig") and starts_docker(invocation)


def is_known_drift(invocation: Invocation) -> bool:
    """``systemctl enable docker`` when the image is built starts nothing: that is D-4."""
    words = [known(word) for word in invocation.args]
    return invocation.name == "systemctl" and "enable" in words and not {"--now", "docker.socket"} & set(words)


def _systemctl(invocation: Invocation) -> bool:
    """``systemctl [options] verb unit…``; ``--now`` with any verb that is not about leaving."""
    arguments = getopt(
        invocation.args, "tpHMno", ("type", "property", "host", "machine", "root", "lines", "output", "job-mode")
    )
    words = [known(word) for word in arguments.operands]
    return bool(words) and words[0] in _STARTS and any(_UNIT.fullmatch(word) for word in words[1:])


def _service(invocation: Invocation) -> bool:
    """``service docker start``, ``rc-service docker restart``, ``invoke-rc.d docker start``."""
    words = [known(word) for word in invocation.args if not known(word).startswith("-")]
    return len(words) > 1 and _UNIT.fullmatch(words[0]) is not None and words[1] in _STARTS


def _verb_first(invocation: Invocation) -> bool:
    """``deb-systemd-invoke start docker``, ``initctl start docker``."""
    words = [known(word) for word in invocation.args if not known(word).startswith("-")]
    return bool(words) and words[0] in _STARTS and any(_UNIT.fullmatch(word) for word in words[1:])


def _enabled(invocation: Invocation) -> bool:
    """``update-rc.d docker defaults``, ``chkconfig docker on``."""
    words = [known(word) for word in invocation.args if not known(word).startswith("-")]
    return len(words) > 1 and _UNIT.fullmatch(words[0]) is not None and words[1] in ("defaults", "enable", "on")


def _linked(invocation: Invocation) -> bool:
    """A unit that is enabled by hand: a link in a folder of wants."""
    paths = [path for word in getopt(invocation.args).operands for path in located(word, invocation.command)]
    return any(".wants" in path for path in paths) and any(_UNIT.fullmatch(posixpath.basename(path)) for path in paths)


def _as_unit(invocation: Invocation) -> bool:
    """``systemd-run dockerd``."""
    return any(posixpath.basename(known(word)) == "dockerd" for word in invocation.args)


_COMMANDS = {
    "systemctl": _systemctl,
    "service": _service,
    "rc-service": _service,
    "invoke-rc.d": _service,
    "deb-systemd-invoke": _verb_first,
    "deb-systemd-helper": _verb_first,
    "initctl": _verb_first,
    "update-rc.d": _enabled,
    "chkconfig": _enabled,
    "ln": _linked,
    "systemd-run": _as_unit,
}

CONCERN = Concern(frozenset({*_COMMANDS, "docker", "init", "systemd", "tini", "dumb-init", "unshare", "", *SHELLS}))


def runs_init(command: Command) -> bool:
    path = command.argv[0].alternatives[0] if command.argv else ""
    if _is_init([path]) and not any(known(word) in ("--version", "--help", "--test") for word in command.args):
        return True
    return command.name in ("tini", "dumb-init", "unshare") and _is_init(
        [text for w in command.args for text in w.alternatives]
    )


def _is_init(words: Sequence[str]) -> bool:
    return any(word in _INITS or _SYSTEMD.fullmatch(word) for word in words)


def _container(workspace: Workspace, container: Resource, name: str, alternative: Alternative) -> Iterator[Violation]:
    """A list of words that has an init system in it: as the program, or behind one that hands on."""
    if not isinstance(alternative.data, ListData):
        return
    for item in alternative.data.items:
        for each in item:
            text = as_text(each.data, each.at)
            if text is None or text.known is None or not _is_init([text.known]):
                continue
            yield Violation(
                rule=ID,
                template=workspace.template,
                address=f"{container.address}/{name}",
                evidence=f"{name} has {text.known}",
                span=line(each.at),
                level="failure",
                message="This makes an init system the first process of the workspace container.",
                fix=_AGENT.format(name),
                why=_IN_PLACE,
                trail=way(workspace, each, container.at(name)),
                related=("INV-4",),
            )
