"""Stopping keeps the data, deleting removes it, and both are orderly.

## What it does

Follows how the container is stopped (`stop_signal`, `stop_timeout`, `destroy_grace_seconds`), what runs on stop
(`ddev poweroff`, and nothing that removes databases), and the destroy-time provisioner that removes the workspace's
folder on the host: also what would have it run while the workspace is still there, such as a trigger that gets another
value.

## Why it matters

`ddev poweroff` needs time to write databases out; a container that is killed earlier leaves them broken. A workspace
that is deleted without the provisioner leaves its home on the host for ever.

## Bad

```hcl
stop_timeout = 10
```

## Good

```hcl
stop_signal           = "SIGINT"
stop_timeout          = 180
destroy_grace_seconds = 60
```

## Fix

Keep `stop_signal = "SIGINT"`, `stop_timeout = 180`, `destroy_grace_seconds = 60`, the stop script with
`ddev poweroff`, and `null_resource.workspace_cleanup` with its destroy provisioner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rules.checks.attributes import missing, not_known, wrong
from rules.checks.commands import Concern, Invocation, essence, flow_of, getopt, invocations, known, located, shown
from rules.checks.daemon import is_beside
from rules.checks.support import attribute_facts, block_fact, can, command_fact, line, source_line, undecided
from rules.model import Edit, Fact, Level, Span, Undecided, Violation
from rules.sources.shell import Command, Guard, Program
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.references import references, written_names
from rules.sources.terraform.syntax import Attribute, ObjectExpr
from rules.sources.terraform.values import MapData, Unknown, as_bool, as_number, show, show_value
from rules.sources.text import Position, Text
from rules.workspace.storage import HOME, Cleanup, cleanups, is_home_folder, mounts, provisioned, runs_at_destroy
from rules.workspace.template import Resource, Script, Workspace

ID = "INV-8"
REQUIREMENT = "Host-Aware Cleanup"
SCRIPTS = ("stop", "host")
CLAUSES = {r"/stop_signal ": "receive SIGINT", r"destroyed on stop": "stop preserves host directory remain"}

CLEANUP = "removal of the host folder"
HELPER = "coder-delete-workspace-dir"
SIGNALS = ("SIGINT", "INT", "2")
AT_LEAST = {"stop_timeout": 180, "destroy_grace_seconds": 60}
"""Seconds: what `ddev poweroff` needs to stop a project's containers."""

_ENOUGH = 60
"""Seconds that nobody asks about where `timeout` gives them to `ddev poweroff`."""
_REMOVING = Concern(frozenset({"docker", "ddev", "rm"}))
_DATA = frozenset({"/var/lib/docker", "/var/lib/docker/volumes"})

_UNGUARDED = "poweroff without guard"
_CHANGES = ("timestamp()", "uuid()", "plantimestamp()")

_SHRUGGED_OFF = re.compile(r"[^|&;]*\s*(?:\|\|(?!.*\bexit\s+[1-9])(?!\s*false)|;\s*(?:true|:|exit\s+0)\b)")
"""What follows a command whose failure is to have no effect: ``|| true``, ``; exit 0``."""


_CUT_OFF = "`ddev poweroff` needs time to write databases out; a container that is killed earlier leaves them broken."

_KEEPS = "A stop is to keep what the workspace has: the databases are in volumes of the Docker inside."


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        names = ("stop_signal", "stop_timeout", "destroy_grace_seconds", "count")
        yield from attribute_facts(ID, workspace, container, names)
    for resource in workspace.resources("null_resource", "terraform_data"):
        for block in resource.instance.blocks("provisioner"):
            what = f"{resource.address} provisioner"
            yield block_fact(ID, workspace, what, block, ("when", "command", "inline", "on_failure"))
        for trigger in ("triggers", "triggers_replace", "input", "count"):
            yield from attribute_facts(ID, workspace, resource, (trigger,))
        for block in resource.instance.blocks("lifecycle"):
            if block.attribute("replace_triggered_by") is not None:
                yield block_fact(ID, workspace, f"{resource.address} lifecycle", block, ("replace_triggered_by",))
    removal = next(_removals(workspace), None)
    if removal is not None:
        block = removal.provisioner
        where = Span(block.at.path, block.at.line, block.block.end_line)
        yield Fact(ID, workspace.template, CLEANUP, removal.resource.address, where)
    for resource in workspace.resources("coder_script"):
        yield from attribute_facts(ID, workspace, resource, ("run_on_stop",))
    for script in workspace.shutdown:
        yield Fact(ID, workspace.template, "stop script", script.address.rpartition(".")[0], line(script.at))
        for command in script.program.commands:
            if command.name not in ("echo", "printf", "true", ":", "="):
                yield command_fact(ID, workspace.template, "step of the stop script", command)


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        yield from _signal(workspace, container)
        for name, seconds in AT_LEAST.items():
            yield from _seconds(workspace, container, name, seconds)
        yield from _stops(workspace, container)
    if workspace.containers:
        yield from _cleanup(workspace)
        yield from _stop_script(workspace)
        yield from _losses(workspace)


# The container


def _signal(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    message = "Without `stop_signal` the container gets the image's own signal, not SIGINT, when it stops."
    value = container.value("stop_signal")
    if value is None or all(alternative.data is None for alternative in value):
        yield missing(ID, workspace, container, "stop_signal", message, right='"SIGINT"', why=_CUT_OFF)
        return
    for alternative in value:
        data = alternative.data
        known = data.known if isinstance(data, Text) else None
        if isinstance(data, Unknown) or (isinstance(data, Text) and known is None):
            yield not_known(ID, workspace, container, "stop_signal", alternative)
        elif show(data).strip('"') not in SIGNALS:
            shown = show(data).strip('"')
            does = f"This {can(value, 'stop')} the container with `{shown}`"
            said = f"{does} instead of SIGINT, on which the agent shuts down in order."
            evidence = f"stop_signal={shown}"
            found = wrong(ID, workspace, container, "stop_signal", alternative, evidence, said, right='"SIGINT"')
            yield replace(found, why=_CUT_OFF)


def _seconds(workspace: Workspace, container: Resource, name: str, least: int) -> Iterator[Violation | Undecided]:
    value = container.value(name)
    if value is None or all(alternative.data is None for alternative in value):
        message = f"Without `{name}` the container is killed before `ddev poweroff` can finish."
        yield missing(ID, workspace, container, name, message, right=str(least), why=_CUT_OFF)
        return
    gives = can(value, "give")
    for alternative in value:
        seconds = as_number(alternative.data)
        if seconds is not None and seconds < least:
            message = f"This {gives} a stopping workspace {seconds:g} seconds, less than the {least} it needs."
            evidence = f"{name}={seconds:g}"
            found = wrong(ID, workspace, container, name, alternative, evidence, message, right=str(least))
            yield replace(found, why=_CUT_OFF)
        elif isinstance(alternative.data, Unknown):
            yield not_known(ID, workspace, container, name, alternative)


def _stops(workspace: Workspace, container: Resource) -> Iterator[Violation]:
    """A container whose number does not follow the workspace's state is never taken down."""
    if not any(name.endswith((".start_count", ".transition")) for name in _number_of(container)):
        message = "The container does not follow `start_count`, so stopping the workspace does not take it down."
        right, why = "data.coder_workspace.me.start_count", "A workspace that is stopped goes on running on the host."
        yield missing(ID, workspace, container, "count", message, right=right, why=why)


def _number_of(resource: Resource) -> frozenset[str]:
    """What decides how many there are of a resource."""
    module = resource.instance.scope.module
    attributes = (resource.instance.attribute(name) for name in ("count", "for_each"))
    found = (references(a.expr, module) for a in attributes if a is not None and module is not None)
    return frozenset().union(*found)


# The folder on the host


def _removals(workspace: Workspace) -> Iterator[Cleanup]:
    return (each for each in cleanups(workspace) if each.command.name == HELPER)


def _cleanup(workspace: Workspace) -> Iterator[Violation | Undecided]:
    removals = list(_removals(workspace))
    at_destroy = [each for each in removals if each.at_destroy]
    chosen = next(iter(at_destroy or removals), None)
    if chosen is None:
        unseen = _unseen(workspace, (s for _, block, s in provisioned(workspace) if runs_at_destroy(block)))
        if unseen is not None:
            yield undecided(workspace, ID, CLEANUP, unseen[0], f"{unseen[1]}; it may remove the home from the host")
        elif workspace.is_read:
            yield _no_cleanup(workspace)
        return
    lost = f"{chosen.resource.address} provisioner"
    for evidence, at, level, message, fix in (
        *_faults(workspace, chosen),
        *_runs_too_often(workspace, chosen.resource),
    ):
        passed = _passed(chosen.resource) if evidence.startswith("removes ") else ()
        found = _fault(workspace, evidence, at, message, level, lost, tuple(passed))
        why = _LOST if evidence.startswith(_TOO_MUCH) else _LEFT
        yield replace(found, fix=fix, why=why, edit=_without(workspace, at))


_LEFT = "Nothing else removes it: the home of a deleted workspace then stays on the host for ever."
_FOR_IT_ONLY = "The host lets Coder run that helper without a password; another program may not get at the folder."
_LOST = "What a user has in the home is then gone while the workspace is still there."
_TOO_MUCH = ("not at destroy", "removes ", "destroyed on stop", "replaced with ")


def _without(workspace: Workspace, at: Position) -> Edit | None:
    """The edit that takes away the attribute of a line that makes it run at a wrong time or forgives a failure."""
    text = source_line(workspace, at)
    if re.fullmatch(r"\s*(?:count|for_each|on_failure)\s*=[^{(\[]*", text):
        return Edit(at.path, at.line, at.line, "")
    return Edit(at.path, at.line, at.line, text.replace(" || true", "")) if text.count(" || true") == 1 else None


def _unseen(workspace: Workspace, scripts: Iterable[Script]) -> tuple[Position, str] | None:
    """Where something may be done that cannot be seen, and why: in `scripts`, or in a module from elsewhere."""
    hidden = next((u for script in scripts for u in script.program.unresolved if u.kind != "system"), None)
    if hidden is not None:
        return hidden.position, hidden.reason
    outside = next(workspace.outside, None)
    return (outside.at, f"`module.{outside.labels[0]}` is not in this repository") if outside is not None else None


def _no_cleanup(workspace: Workspace) -> Violation:
    """Nothing calls the helper: said on what is there instead, else on the container."""
    home, why = next((m.path for c in workspace.containers for m in mounts(c) if m.is_at(HOME)), None), _LEFT
    given = [each for each in cleanups(workspace) if each.at_destroy and home in each.paths]
    if given:
        at, what = given[0].command.position, f"This gives the home to `{given[0].command.name}` and not to"
        fix, why = f"Write `sudo /usr/local/bin/{HELPER}` in its place.", _FOR_IT_ONLY
    else:
        at = workspace.containers[0].instance.at if workspace.containers else Position(workspace.template, 1, 1)
        what = "Nothing removes the home from the host when the workspace is deleted: nothing runs"
        fix = (
            "Add `null_resource.workspace_cleanup` with a `local-exec` provisioner, `when = destroy`, that gives it "
            "the home's folder from `self.triggers`."
        )
    message = f"{what} `sudo /usr/local/bin/{HELPER}`."
    instead = next((each.resource for each in cleanups(workspace) if each.at_destroy), None)
    lost = CLEANUP if instead is None else f"{instead.address} provisioner"
    return replace(_fault(workspace, f"no {HELPER}", at, message, "failure", lost), fix=fix, why=why)


def _faults(workspace: Workspace, removal: Cleanup) -> Iterator[tuple[str, Position, Level, str, str]]:
    """What is wrong with the command that removes the home: evidence, place, level, message and what to write."""
    command, provisioner = removal.command, removal.provisioner
    if not removal.at_destroy:
        when = provisioner.attribute("when")
        at = when.at if when is not None else provisioner.at
        yield (
            "not at destroy",
            at,
            "failure",
            "This removes the home when the workspace is made, not when it is deleted.",
            "Write `when = destroy` in the provisioner.",
        )
    if "sudo" not in command.wrappers:
        yield (
            "no sudo",
            command.position,
            "failure",
            "This calls the helper without `sudo`, so it may not remove the folder.",
            f"Write `sudo /usr/local/bin/{HELPER}`.",
        )
    elif (refused := next(_refused(provisioner), None)) is not None:
        name, at = refused
        yield (
            f"destroy needs {name}",
            at,
            "failure",
            f"Terraform refuses `{name}` here: what runs when a resource is destroyed may only refer to `self`.",
            "Put the value into `triggers`, and write `self.triggers.…` here.",
        )
    own = next((m.path for c in workspace.containers for m in mounts(c) if m.is_at(HOME)), None)
    if own is not None and not any(path == own or is_home_folder(path) for path in removal.paths):
        shown = ", ".join(path.shape for path in removal.paths) or "nothing"
        if not any(name.startswith("self.") for path in removal.paths for name in path.data):
            yield (
                f"removes {shown}",
                command.position,
                "failure",
                f"This removes `{shown}`, which is not the home's folder.",
                "Give it the home's `host_path`, by way of `triggers` and `self.triggers`.",
            )
    if removal.provisioner.value("on_failure") is not None:
        attribute = provisioner.attribute("on_failure")
        if attribute is not None and getattr(attribute.expr, "name", "") == "continue":
            said = "This lets the workspace count as deleted although its folder could not be removed. Is that meant?"
            yield "failure is ignored", attribute.at, "warning", said, "Take `on_failure` away."
    if _SHRUGGED_OFF.match(command.surroundings[1]):
        said = "This counts the workspace as deleted although its folder could not be removed. Is that meant?"
        fix = "Take away what makes it succeed in any case (`|| true`)."
        yield "failure is ignored", command.position, "warning", said, fix


def _refused(provisioner: BlockInstance) -> Iterator[tuple[str, Position]]:
    """What a destroy provisioner refers to and may not, each with its attribute."""
    for attribute in provisioner.block.body.attributes.values():
        for name in written_names(attribute.expr):
            root, dot, _ = name.partition(".")
            if dot and (root in ("local", "var", "data", "module") or "_" in root):
                yield name, attribute.at


def _runs_too_often(workspace: Workspace, resource: Resource) -> Iterator[tuple[str, Position, Level, str, str]]:
    """A resource that is replaced, or goes when the workspace stops, takes the home with it."""
    if any(name.endswith((".start_count", ".transition")) for name in _number_of(resource)):
        at = resource.at("count") if resource.instance.attribute("count") is not None else resource.at("for_each")
        message = "This removes the home every time the workspace is stopped."
        yield "destroyed on stop", at, "failure", message, "Take this line away: the resource must outlive a stop."
    own = _home_of(workspace)
    for attribute, parts in _replacing(resource):
        fix = f"Keep only the home's folder in `{attribute.name}`, which never changes."
        if attribute.name == "replace_triggered_by":
            message, fix = "This removes the home whenever something else changes.", f"Leave `{attribute.name}` out."
            yield f"replaced with {attribute.name}", attribute.at, "failure", message, fix
            continue
        changing = next(((name, at) for name, at in parts if _can_change(name)), None)
        settable = next(((name, at) for name, at in parts if name.startswith("var.") and name not in own), None)
        if changing is not None:
            name, at = changing
            message = f"This removes the home whenever `{name}` changes, because the resource is then replaced."
            yield f"replaced with {name}", at, "failure", message, fix
        elif settable is not None:
            name, at = settable
            level: Level = "failure" if _VERSION.search(name) else "warning"
            message = f"This removes every user's home when `{name}` gets another value: the resource is replaced."
            yield f"replaced with {name}", at, level, message + (" Is that meant?" if level == "warning" else ""), fix


_VERSION = re.compile(r"version|image|tag|digest|release")
"""Variables that get another value again and again, by their names."""


def _replacing(resource: Resource) -> Iterator[tuple[Attribute, list[tuple[str, Position]]]]:
    """What has the resource made anew when it changes, with all that it refers to and where."""
    module = resource.instance.scope.module
    for block in (resource.instance, *resource.instance.blocks("lifecycle")):
        for attribute in map(block.attribute, ("triggers", "triggers_replace", "replace_triggered_by")):
            if attribute is not None and module is not None:
                expr = attribute.expr
                parts = [value for _, value in expr.items] if isinstance(expr, ObjectExpr) else [expr]
                named = [(name, part.at) for part in parts for name in sorted(references(part, module))]
                yield attribute, named


def _home_of(workspace: Workspace) -> frozenset[str]:
    """What the home's folder is made of: whatever changes that moves the home as well."""
    found: set[str] = set()
    for mount in (m for c in workspace.containers for m in mounts(c) if m.is_at(HOME)):
        attribute, module = mount.block.attribute(mount.source_attribute), mount.block.scope.module
        found |= references(attribute.expr, module) if attribute is not None and module is not None else set()
    return frozenset(found)


def _can_change(name: str) -> bool:
    volatile = (".start_count", ".transition", ".access_url", ".template_version")
    return name in _CHANGES or name.startswith(("docker_container.", "docker_image.")) or name.endswith(volatile)


def _passed(resource: Resource) -> Iterator[Position]:
    """Where the values are written that a resource keeps for its provisioners."""
    for name in ("triggers", "triggers_replace", "input"):
        for alternative in resource.value(name) or ():
            items = alternative.data.items if isinstance(alternative.data, MapData) else ()
            yield from (inner.at for _, value in items for inner in value)


def _fault(
    workspace: Workspace,
    evidence: str,
    at: Position,
    message: str,
    level: Level,
    lost: str,
    passed: tuple[Position, ...] = (),
) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=CLEANUP,
        evidence=evidence,
        span=line(at),
        level=level,
        message=message,
        trail=tuple(dict.fromkeys(workspace.step(each) for each in (*passed, at))),
        lost=lost,
    )


# The stop script


def _stop_script(workspace: Workspace) -> Iterator[Violation | Undecided]:
    found: list[tuple[Script, Command]] = []
    for resource in workspace.resources("coder_script"):
        for script in workspace.shutdown:
            if script.address == f"{resource.address}.script" and not _never_on_stop(resource):
                found += [(script, command) for command in _poweroffs(script.program)]
    if not found:
        yield from _no_poweroff(workspace)
        return
    for script, command in found[:1]:
        if not any(_says_docker_runs(guard) for guard in command.guards):
            message = (
                "This runs `ddev poweroff` without looking for Docker's socket: where the daemon is gone, it hangs."
            )
            fix = "Before it, write `[ -S /var/run/docker.sock ] || exit 0`."
            yield _stop_fault(workspace, _UNGUARDED, command.position, message, fix)
        if is_beside(command) and not _waited(script.program, command):
            message = "This leaves `ddev poweroff` in the background, so that the container stops before it is done."
            fix = "Take the `&` away, or `wait` for it."
            yield _stop_fault(workspace, "poweroff in the background", command.position, message, fix)
        seconds = _hurried(command)
        if seconds is not None:
            message = f"This ends `ddev poweroff` after {seconds} seconds, done or not. Is that enough?"
            fix = "Give it most of the 180 seconds that a stop may take: `timeout 150 ddev poweroff`."
            yield _stop_fault(workspace, "poweroff cut short", command.position, message, fix, level="warning")


def _hurried(command: Command) -> int | None:
    """The seconds that ``timeout`` gives a command, where they are few."""
    before = [word.value or "" for word in command.words[: len(command.words) - len(command.argv)]]
    given = next((re.fullmatch(r"(\d+)s?", text) for text in before[::-1] if text[:1].isdigit()), None)
    seconds = int(given[1]) if given is not None and "timeout" in command.wrappers else _ENOUGH
    return seconds if 0 < seconds < _ENOUGH else None


def _losses(workspace: Workspace) -> Iterator[Violation]:
    """What runs on stop and takes the databases away: ``docker volume prune -a``, ``ddev delete -O``."""
    for script in workspace.shutdown:
        for command in flow_of(script.program).select(_REMOVING):
            taking = [(each, taken) for each in invocations(command) if (taken := _takes_data(each)) is not None]
            if not taking:
                continue
            sure = any(taken for _, taken in taking) and not any(map(_is_choice, command.guards))
            level: Level = "failure" if sure else "warning"
            asks = " Is that meant?" if level == "warning" else ""
            message = f"`{shown(command)}` takes the databases of DDEV's projects away at every stop.{asks}"
            fix = "Leave it out: `ddev poweroff` stops the projects and keeps their data."
            evidence = f"data removed by {essence(taking[0][0])}"
            found = _stop_fault(workspace, evidence, command.position, message, fix, None, level)
            yield replace(found, why=_KEEPS, related=("INV-5",))


def _takes_data(invocation: Invocation) -> bool | None:
    """Whether it removes databases for sure; None if it removes none."""
    arguments = getopt(invocation.args, "", ("filter",))
    words = [known(word) for word in arguments.operands]
    if invocation.name == "docker" and words[:2] in (["volume", "prune"], ["system", "prune"]):
        # Without `--all` it has been only the volumes without a name since Docker 23.
        return arguments.has("a", "all") if words[0] == "volume" else (False if arguments.has("volumes") else None)
    if invocation.name == "docker" and words[:2] in (["volume", "rm"], ["volume", "remove"]):
        listed = any(origin.kind == "command" for word in arguments.operands[2:] for origin in word.origins)
        return True if listed else None
    if invocation.name == "ddev" and (words[:1] == ["delete"] or arguments.has("R", "remove-data")):
        return None if words[1:2] == ["images"] else arguments.has("O", "omit-snapshot")
    paths = (path.rstrip("/*") for word in arguments.operands for path in located(word, invocation.command))
    return True if invocation.name == "rm" and not {*paths}.isdisjoint(_DATA) else None


def _is_choice(guard: Guard) -> bool:
    """Whether a condition may be there to let a person say that the data is to go."""
    if guard.test is None:
        return not _says_docker_runs(guard)
    return guard.test.name in ("test", "case", "grep") and not _says_docker_runs(guard)


def _poweroffs(program: Program) -> list[Command]:
    words = ((command, [word.alternatives for word in command.args]) for command in program.commands)
    return [c for c, args in words if c.name == "ddev" and args and "poweroff" in args[0]]


def _says_docker_runs(guard: Guard) -> bool:
    if guard.test is None:
        return bool(guard.any_of) and all(any(_says_docker_runs(g) for g in each) for each in guard.any_of)
    raw = guard.test.raw
    asks = "docker.sock" in raw or guard.test.name in ("docker", "pgrep", "pidof")
    words = [text for word in guard.test.argv for text in word.alternatives]
    asks = asks or any("docker.sock" in text for text in words) or (guard.test.name != "test" and "docker" in words)
    return asks and guard.holds


def _waited(program: Program, command: Command) -> bool:
    after = program.commands[program.commands.index(command) + 1 :]
    return any(each.name == "wait" for each in after)


def _no_poweroff(workspace: Workspace) -> Iterator[Violation | Undecided]:
    scripts = [script for script in workspace.shutdown if script.address.startswith("coder_script.")]
    unseen = _unseen(workspace, scripts)
    if unseen is not None:
        yield undecided(workspace, ID, "stop script", unseen[0], f"{unseen[1]}; it may power DDEV off on stop")
        return
    if any(script.program.problems for script in scripts) or not workspace.is_read:
        return
    resources = workspace.resources("coder_script")
    message = "No `coder_script` runs `ddev poweroff` when the workspace stops, so its databases are cut off."
    stopping = {script.address for script in scripts}
    idle = [each for each in resources if f"{each.address}.script" not in stopping or _never_on_stop(each)]
    for each in idle:
        value = each.value("script")
        if value is not None and "ddev poweroff" in show_value(value):
            fix = "Write `run_on_stop = true`."
            yield from _none(_stop_fault(workspace, "no poweroff", each.at("run_on_stop"), message, fix, "run_on_stop"))
            return
    fix = "Add a `coder_script` with `run_on_stop = true` that runs `[ -S /var/run/docker.sock ] && ddev poweroff`."
    at = (*resources, *workspace.containers)[0].instance.at
    yield from _none(_stop_fault(workspace, "no poweroff", at, message, fix))


def _none(violation: Violation) -> Iterator[Violation]:
    """No poweroff at all is no guarded one either: who brings one without a guard makes nothing worse."""
    yield violation
    yield replace(violation, evidence=_UNGUARDED)


def _never_on_stop(script: Resource) -> bool:
    return {as_bool(alternative.data) for alternative in script.value("run_on_stop") or ()} != {True}


def _stop_fault(
    workspace: Workspace,
    evidence: str,
    at: Position,
    message: str,
    fix: str,
    lost: str | None = "step of the stop script",
    level: Level = "failure",
) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address="stop script",
        evidence=evidence,
        span=line(at),
        level=level,
        message=message,
        trail=(workspace.step(at),),
        lost=lost,
        fix=fix,
        why=_CUT_OFF,
    )
