"""``--format json``: the objects that `check-v1`, `audit-v1` and `validate-v1.schema.json` in `bot/schema` describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import to_builtins

from bot.render.escape import dumped
from rules.model import Affected, Finding, Report

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.validation import Validation


SCHEMA = 1
INPUT = "INPUT"
"""Stands for a rule in `undecided` where a file could not be read: no rule could decide anything about it."""


def render(report: Report) -> str:
    return dumped(check_object(report))


def render_audit(audit: Audit) -> str:
    return dumped(audit_object(audit))


def render_validation(validation: Validation) -> str:
    return dumped(validation_object(validation))


def validation_object(validation: Validation) -> dict[str, object]:
    """The validation as plain JSON data."""
    return {
        "schema": SCHEMA,
        "rev": validation.rev,
        "strict": validation.strict,
        "valid": validation.valid,
        "families": list(validation.families),
        "issues": to_builtins(validation.issues),
        "openspec": validation.openspec.command_form() if validation.openspec else None,
    }


def audit_object(audit: Audit) -> dict[str, object]:
    """The audit as plain JSON data."""
    return {
        "schema": SCHEMA,
        "rev": audit.rev,
        "templates": to_builtins(audit.templates),
        "findings": [_finding(finding) for finding in audit.findings],
        "drift": to_builtins(audit.drift),
        "contract": audit.contract and to_builtins(audit.contract),
        "notes": to_builtins(audit.notes),
    }


def check_object(report: Report) -> dict[str, object]:
    """The report as plain JSON data."""
    undecided = [(u.rule, u.span.path, u.span.start, u.reason) for u in report.undecided]
    unread = [(INPUT, problem.path, problem.line, problem.message) for problem in report.problems]
    return {
        "schema": SCHEMA,
        "base": report.base,
        "head": report.head,
        "conclusion": report.conclusion,
        "contract": to_builtins(report.contract),
        "affected": [_affected(affected) for affected in report.affected],
        "findings": [_finding(finding) for finding in report.findings],
        "drift": to_builtins(report.drift),
        "undecided": [dict(zip(("rule", "path", "line", "reason"), row, strict=True)) for row in undecided + unread],
    }


def _affected(affected: Affected) -> dict[str, object]:
    return {
        "id": affected.id,
        "requirement": affected.requirement,
        "spans": [{**to_builtins(place.span), "side": place.side} for place in affected.spans],
        "changes": to_builtins(affected.changes),
    }


def _finding(finding: Finding) -> dict[str, object]:
    edit = finding.suggestion
    values = to_builtins(finding)
    for ours in ("anchor", "along", "listed"):
        del values[ours]
    if finding.citation is not None:
        del values["citation"]["part"]
    by = finding.acknowledged_by
    shown: dict[str, object] = values | {
        "suggestion": edit and {"start": edit.start, "end": edit.end, "text": edit.text},
        "acknowledged_by": by and {"kind": by.kind, "path": by.path, "line": by.line},
    }
    return shown
