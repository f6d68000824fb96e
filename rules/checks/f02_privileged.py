"""The workspace container is not privileged.

## What it does

Evaluates `privileged` on the workspace container, through variables, locals, conditionals and module inputs, and
reports it when it is or can be true. `docker run --privileged` in a provisioner or in the program of a `data
"external"` is reported too.

## Why it matters

A privileged container sees the host's devices and kernel settings: whoever uses the workspace can break out of it and
take over the host. Sysbox gives the workspace a working Docker daemon without that.

## Bad

```hcl
privileged = true
```

## Good

```hcl
runtime    = "sysbox-runc"
privileged = false
```

## Fix

Set `privileged = false`. If something needs more rights, it needs them inside Sysbox, where `sudo` already works.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import (
    argument_lists,
    corrected,
    line,
    not_seen,
    set_to,
    truths,
    undecided,
    way,
    without_word,
    written,
)
from rules.model import Level, Undecided, Violation
from rules.sources.shell import Command, Word
from rules.sources.terraform.values import Alternative, Unknown, Value
from rules.workspace.template import Resource, Workspace

ID = "F-2"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("host",)

_INSIDE = "What needs more rights has them inside Sysbox, where `sudo` works already."


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        value = container.value("privileged")
        if value is not None:
            yield from _container(workspace, container, value)
    for script in workspace.provisioners:
        for command in script.program.commands:
            option = _privileged_option(command)
            if option is not None:
                yield Violation(
                    rule=ID,
                    template=workspace.template,
                    address=script.address,
                    evidence="docker run --privileged",
                    span=line(option.position),
                    level="failure",
                    message="This command starts a privileged container on the host.",
                    trail=tuple(dict.fromkeys((workspace.step(option.position), workspace.step(command.position)))),
                    related=("INV-1",),
                    edit=without_word(workspace, option),
                    fix="Run it without `--privileged`, with no more than the `--cap-add` or `--device` that it needs.",
                )


def _privileged_option(command: Command) -> Word | None:
    """The word by which ``docker run`` starts a privileged container."""
    for words in argument_lists(command) if command.name == "docker" else ():
        if {"run", "create"} & {text for text, _ in words}:
            found = (word for text, word in words if text in ("--privileged", "--privileged=true"))
            if (option := next(found, None)) is not None:
                return option
    return None


def _container(workspace: Workspace, container: Resource, value: Value) -> Iterator[Violation | Undecided]:
    sure = len(value.alternatives) == 1
    for alternative, truth in truths(value):
        if truth == "unknown" and isinstance(alternative.data, Unknown):
            reason = not_seen("privileged", alternative.data)
            address = f"{container.address}/privileged"
            yield undecided(workspace, ID, address, container.at("privileged"), reason)
        elif truth == "settable":
            message = (
                f"This lets whoever pushes the template make the container privileged, by setting "
                f"`{alternative.variable}`. Is that meant?"
            )
            yield _violation(workspace, container, alternative, "privileged can be set", message, "warning")
        else:
            message = (
                "This runs the workspace container privileged."
                if sure
                else "This can run the workspace container privileged: one of the values it can have is true."
            )
            yield _violation(workspace, container, alternative, "privileged=true", message, "failure")


def _violation(
    workspace: Workspace, container: Resource, alternative: Alternative, evidence: str, message: str, level: Level
) -> Violation:
    effect = container.at("privileged")
    block, name = container.instance, "privileged"
    asks = level == "warning"
    edit = set_to(workspace, block, name, "false") if asks else corrected(workspace, block, name, alternative, "false")
    return Violation(
        rule=ID,
        template=workspace.template,
        address=f"{container.address}/privileged",
        evidence=evidence,
        span=line(effect if asks else alternative.at),
        level=level,
        message=message,
        trail=way(workspace, alternative, effect),
        related=("INV-1",),
        edit=edit,
        fix=f"Write `{written(edit, 'privileged = false')}`. {_INSIDE}",
    )
