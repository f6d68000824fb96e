"""Workspace containers run under Sysbox, unprivileged.

## What it does

Checks on the workspace container that `runtime` is `sysbox-runc`, that `privileged` is declared (and false: see F-2)
and that `security_opts` are `apparmor:unconfined` and `seccomp:unconfined`. A template whose agent no container runs is
reported here.

## Why it matters

Sysbox is the wall between a workspace and the host: it maps root in the workspace to an ordinary user outside. Under
any other runtime the nested Docker daemon either does not start or needs rights that reach the host.

Without the two security options, AppArmor and seccomp stop the nested daemon.

## Bad

```hcl
runtime = "runc"
```

## Good

```hcl
runtime       = "sysbox-runc"
privileged    = false
security_opts = ["apparmor:unconfined", "seccomp:unconfined"]
```

## Fix

Declare all three on the workspace container: `runtime = "sysbox-runc"`, `privileged = false` and
`security_opts = ["apparmor:unconfined", "seccomp:unconfined"]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from rules.checks.attributes import missing, not_known, wrong
from rules.checks.support import attribute_facts, can, line, source_line, undecided
from rules.model import Edit, Fact, Level, Undecided, Violation
from rules.sources.terraform.values import Alternative, ListData, Unknown
from rules.sources.text import Text
from rules.workspace.template import Resource, Workspace

ID = "INV-1"
REQUIREMENT = "Sysbox Container Runtime"
CLAUSES = {r"/runtime ": "declare runtime"}

RUNTIME = "sysbox-runc"
SECURITY_OPTS = ("apparmor:unconfined", "seccomp:unconfined")

_RIGHT = {
    "runtime": '"sysbox-runc"',
    "privileged": "false",
    "security_opts": '["apparmor:unconfined", "seccomp:unconfined"]',
}
"""What to write, as it is spelled in Terraform."""

_STATED = "Docker's default is `false` today, so nothing breaks at once; written down, nobody has to know that."
_STOPPED = "AppArmor and seccomp then keep the Docker daemon inside the workspace from starting containers."
_ROOT = "With it no program gets more rights than the one that starts it: `sudo` refuses to run."
_NO_SUDO = ("no-new-privileges", "no-new-privileges:true")
_OTHER = "The contract names two: another one can take away what `sudo` or the Docker daemon inside needs."


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        yield from attribute_facts(ID, workspace, container, ("runtime", "privileged", "security_opts"))


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        yield from _runtime(workspace, container)
        yield from _privileged(workspace, container)
        yield from _security_opts(workspace, container)
    if workspace.agents and not workspace.containers and workspace.is_read:
        yield from _no_container(workspace, workspace.agents[0])


_OF_CONTAINER = ("INV-2", "INV-5", "INV-8")
"""What else is asked of the container."""


def _no_container(workspace: Workspace, agent: Resource) -> Iterator[Violation | Undecided]:
    """An agent that nothing here runs. What is left says nothing of a container's other requirements either."""
    outside = next(workspace.outside, None)
    if outside is not None:
        reason = f"the template has no `docker_container`, and `module.{outside.labels[0]}` is not in this repository"
        for rule in (ID, *_OF_CONTAINER):
            yield undecided(workspace, rule, "docker_container", outside.at, reason)
        return
    yield Violation(
        rule=ID,
        template=workspace.template,
        address="docker_container",
        evidence="no container",
        span=line(agent.instance.at),
        level="failure",
        message="The template has no `docker_container` for its agent, so no workspace comes up under Sysbox.",
        trail=(workspace.step(agent.instance.at),),
        related=_OF_CONTAINER,
        lost="runtime",
        fix="Keep the `docker_container` that runs the agent's `init_script`.",
        why="There is then nothing that a user could work in, or it is somewhere that the contract knows nothing of.",
    )


def _runtime(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    value = container.value("runtime")
    runs = can(value, "run") if value is not None else ""
    for alternative in value or ():
        data = alternative.data
        if isinstance(data, Unknown) or (isinstance(data, Text) and data.known is None):
            yield _unknown(workspace, container, "runtime", alternative)
        elif data is None:
            yield _missing(
                workspace, container, "runtime", "No runtime is set, so Docker's default applies, not Sysbox."
            )
        elif not isinstance(data, Text) or data.known != RUNTIME:
            shown = data.show() if isinstance(data, Text) else str(data)
            message = f"This {runs} the workspace under `{shown}`, not under `{RUNTIME}`."
            if not shown:
                message = "This leaves the runtime empty, so Docker's default applies, not Sysbox."
            yield _wrong(workspace, container, "runtime", alternative, f"runtime={shown}", message)
    if value is None:
        yield _missing(
            workspace,
            container,
            "runtime",
            "The container declares no `runtime`: it runs under Docker's default, not Sysbox.",
        )


def _privileged(workspace: Workspace, container: Resource) -> Iterator[Violation]:
    value = container.value("privileged")
    if value is None or all(alternative.data is None for alternative in value):
        message = "The container does not say `privileged = false`."
        yield replace(_missing(workspace, container, "privileged", message), why=_STATED)


def _security_opts(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    value = container.value("security_opts")
    if value is None:
        message = "The container declares no `security_opts`."
        yield replace(_missing(workspace, container, "security_opts", message), why=_STOPPED)
        return
    for alternative in value:
        data = alternative.data
        if not isinstance(data, ListData):
            if isinstance(data, Unknown):
                yield _unknown(workspace, container, "security_opts", alternative)
            else:
                message = "The container has no security options."
                yield replace(_missing(workspace, container, "security_opts", message), why=_STOPPED)
            continue
        yield from _options(workspace, container, alternative, data)


def _options(
    workspace: Workspace, container: Resource, alternative: Alternative, data: ListData
) -> Iterator[Violation | Undecided]:
    options = [option for item in data.items for option in item]
    if data.open or any(not isinstance(o.data, Text) or o.data.known is None for o in options):
        yield _unknown(workspace, container, "security_opts", alternative)
        return
    certain = {_option(item.alternatives[0].data) for item in data.items if len(item.alternatives) == 1}
    declared = {_option(option.data): option for option in options}
    missing = [wanted for wanted in SECURITY_OPTS if wanted not in certain]
    others = {name: option for name, option in sorted(declared.items()) if name not in SECURITY_OPTS}
    for wanted in missing:
        instead = next((name for name in others if _kind(name) == _kind(wanted)), None)
        message = f"The security option `{wanted}` is {'not sure to be' if wanted in declared else 'not'} set"
        message += f", `{instead}` is." if instead is not None else "."
        where = others[instead] if instead is not None else alternative
        found = _wrong(workspace, container, "security_opts", where, f"security_opts lacks {wanted}", message)
        edit = _on_own_line(workspace, where, instead, f'"{wanted}"') if instead is not None else None
        yield replace(found, why=_STOPPED, edit=edit or found.edit)
    for name, option in others.items():
        if name in _NO_SUDO:
            message = f"`{name}` takes `sudo` away from `coder`, so the boot script cannot start Docker."
            found = _wrong(workspace, container, "security_opts", option, f"security_opts has {name}", message)
            edit = _on_own_line(workspace, option, name, "") or found.edit
            yield replace(found, why=_ROOT, edit=edit, related=("INV-3",))
        elif _kind(name) not in map(_kind, missing):
            message = f"The security option `{name}` is not one of the two that the contract lists. Is it meant?"
            found = _wrong(
                workspace, container, "security_opts", option, f"security_opts has {name}", message, "warning"
            )
            yield replace(found, why=_OTHER, edit=_on_own_line(workspace, option, name, "") or found.edit)


def _on_own_line(workspace: Workspace, option: Alternative, name: str, right: str) -> Edit | None:
    """The edit of a list with one option on each line: another option there, or none."""
    at = option.at
    match = re.fullmatch(r'(\s*)"([^"]*)"(,?)', source_line(workspace, at))
    if match is None or _option(Text.literal(match[2], at)) != name:
        return None
    return Edit(at.path, at.line, at.line, f"{match[1]}{right}{match[3]}" if right else "")


def _kind(option: str) -> str:
    return option.split(":", maxsplit=1)[0]


def _option(data: object) -> str:
    """Docker accepts ``apparmor=unconfined`` for ``apparmor:unconfined``."""
    return (data.known or "").replace("=", ":", 1) if isinstance(data, Text) else ""


def _wrong(
    workspace: Workspace,
    container: Resource,
    name: str,
    alternative: Alternative,
    evidence: str,
    message: str,
    level: Level = "failure",
) -> Violation:
    found = wrong(ID, workspace, container, name, alternative, evidence, message, right=_RIGHT[name], level=level)
    return replace(found, lost=name) if "lacks" in evidence else found


def _missing(workspace: Workspace, container: Resource, name: str, message: str) -> Violation:
    return missing(ID, workspace, container, name, message, right=_RIGHT[name])


def _unknown(workspace: Workspace, container: Resource, name: str, alternative: Alternative) -> Undecided:
    return not_known(ID, workspace, container, name, alternative)
