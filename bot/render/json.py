"""``--format json``: the object that `bot/schema/check-v1.schema.json` describes."""

from __future__ import annotations

import json
from dataclasses import asdict

from rules.model import Affected, Finding, Report

SCHEMA = 1
INPUT = "INPUT"
"""Stands for a rule in `undecided` where a file could not be read: no rule could decide anything about it."""


def render(report: Report) -> str:
    return json.dumps(check_object(report), indent=2) + "\n"


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
    return values | {"suggestion": edit and {"start": edit.start, "end": edit.end, "text": edit.text}}
