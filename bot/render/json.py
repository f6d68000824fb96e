"""``--format json``: the objects that `check-v1`, `audit-v1` and `validate-v1.schema.json` in `bot/schema` describe."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from rules.model import Affected, Finding, Report

if TYPE_CHECKING:
    from rules.audit import Audit, AuditedTemplate
    from rules.validate.validation import Validation


SCHEMA = 1
INPUT = "INPUT"
"""Stands for a rule in `undecided` where a file could not be read: no rule could decide anything about it."""


def render(report: Report) -> str:
    return json.dumps(check_object(report), indent=2) + "\n"


def render_audit(audit: Audit) -> str:
    return json.dumps(audit_object(audit), indent=2) + "\n"


def render_validation(validation: Validation) -> str:
    return json.dumps(validation_object(validation), indent=2) + "\n"


def validation_object(validation: Validation) -> dict[str, object]:
    """The validation as plain JSON data."""
    return {
        "schema": SCHEMA,
        "rev": validation.rev,
        "strict": validation.strict,
        "valid": validation.valid,
        "families": list(validation.families),
        "issues": [asdict(issue) for issue in validation.issues],
        "openspec": validation.openspec.command_form() if validation.openspec else None,
    }


def audit_object(audit: Audit) -> dict[str, object]:
    """The audit as plain JSON data."""
    return {
        "schema": SCHEMA,
        "rev": audit.rev,
        "templates": [_template(template) for template in audit.templates],
        "findings": [_finding(finding) for finding in audit.findings],
        "drift": [asdict(drift) for drift in audit.drift],
        "contract": audit.contract and asdict(audit.contract),
        "notes": [asdict(note) for note in audit.notes],
    }


def _template(template: AuditedTemplate) -> dict[str, object]:
    verdicts = [asdict(verdict) for verdict in template.requirements]
    return {"name": template.name, "governed": template.governed, "requirements": verdicts}


def check_object(report: Report) -> dict[str, object]:
    """The report as plain JSON data."""
    undecided = [(u.rule, u.span.path, u.span.start, u.reason) for u in report.undecided]
    unread = [(INPUT, problem.path, problem.line, problem.message) for problem in report.problems]
    return {
        "schema": SCHEMA,
        "base": report.base,
        "head": report.head,
        "conclusion": report.conclusion,
        "contract": asdict(report.contract),
        "affected": [_affected(affected) for affected in report.affected],
        "findings": [_finding(finding) for finding in report.findings],
        "drift": [asdict(drift) for drift in report.drift],
        "undecided": [dict(zip(("rule", "path", "line", "reason"), row, strict=True)) for row in undecided + unread],
    }


def _affected(affected: Affected) -> dict[str, object]:
    return {
        "id": affected.id,
        "requirement": affected.requirement,
        "spans": [{**asdict(place.span), "side": place.side} for place in affected.spans],
        "changes": [asdict(change) for change in affected.changes],
    }


def _finding(finding: Finding) -> dict[str, object]:
    edit = finding.suggestion
    values = asdict(finding)
    del values["anchor"]
    if finding.citation is not None:
        del values["citation"]["part"]
    by = finding.acknowledged_by
    return values | {
        "suggestion": edit and {"start": edit.start, "end": edit.end, "text": edit.text},
        "acknowledged_by": by and {"kind": by.kind, "path": by.path, "line": by.line},
    }
