"""What requirements say the same way about an attribute: that it is missing, has a wrong value, or is not known."""

from __future__ import annotations

from collections.abc import Iterable

from rules.checks.support import corrected, line, not_seen, set_to, undecided, way, with_attribute
from rules.model import Level, Undecided, Violation
from rules.sources.terraform.values import Alternative, Unknown
from rules.workspace.template import Resource, Workspace


def missing(
    rule: str,
    workspace: Workspace,
    resource: Resource,
    name: str,
    message: str,
    related: Iterable[str] = (),
    *,
    right: str | None = None,
    why: str = "",
) -> Violation:
    """An attribute that must be there and is not, or is null. `right` is what to write."""
    present = resource.instance.attribute(name) is not None
    write = set_to if present else with_attribute
    return Violation(
        rule=rule,
        template=workspace.template,
        address=f"{resource.address}/{name}",
        evidence=f"{name} missing",
        span=line(resource.at(name)),
        level="failure",
        message=message,
        trail=(workspace.step(resource.at(name)),),
        related=tuple(related),
        edit=write(workspace, resource.instance, name, right) if right is not None else None,
        lost=name,
        fix=_write(name, right),
        why=why,
    )


def wrong(
    rule: str,
    workspace: Workspace,
    resource: Resource,
    name: str,
    alternative: Alternative,
    evidence: str,
    message: str,
    *,
    right: str | None = None,
    level: Level = "failure",
    related: Iterable[str] = (),
    why: str = "",
) -> Violation:
    """A value that it must not have. `right` is what a suggestion puts there."""
    return Violation(
        rule=rule,
        template=workspace.template,
        address=f"{resource.address}/{name}",
        evidence=evidence,
        span=line(alternative.at),
        level=level,
        message=message,
        trail=way(workspace, alternative, resource.at(name)),
        related=tuple(related),
        edit=corrected(workspace, resource.instance, name, alternative, right) if right is not None else None,
        fix=_write(name, right) if _is_own(resource, name, alternative) else _write_there(name, right),
        why=why,
    )


def _is_own(resource: Resource, name: str, alternative: Alternative) -> bool:
    """Whether a value is written on the lines of the attribute itself."""
    at, own = alternative.at, resource.instance.attribute(name)
    return own is not None and at.path == own.at.path and own.at.line <= at.line <= own.end_line


def _write(name: str, right: str | None) -> str:
    return f"Write `{name} = {right}`." if right is not None else ""


def _write_there(name: str, right: str | None) -> str:
    return f"Write `{right}` here, or `{name} = {right}` where it takes effect." if right is not None else ""


def not_known(rule: str, workspace: Workspace, resource: Resource, name: str, alternative: Alternative) -> Undecided:
    data = alternative.data
    reason = not_seen(name, data) if isinstance(data, Unknown) else f"a part of `{name}` cannot be known"
    return undecided(workspace, rule, f"{resource.address}/{name}", resource.at(name), reason)
