"""``--format sarif``: SARIF 2.1.0, for code scanning and editors (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import json
from urllib.parse import quote

from rules.model import Finding, Report

_LEVELS = {"failure": "error", "warning": "warning", "notice": "note"}
_STATES = {"introduced": "new", "preexisting": "unchanged", "fixed": "absent"}

Json = dict[str, object]


def render(report: Report) -> str:
    """Every finding as a result, and what could not be read or decided as notifications of the run."""
    by_rule = {finding.rule: finding for finding in reversed(report.findings)}
    notes = [(u.span.path, u.span.start, f"{u.rule} could not be decided: {u.reason}") for u in report.undecided]
    notes += [(problem.path, problem.line, problem.message) for problem in report.problems]
    run: Json = {
        "tool": {"driver": {"name": "wrc", "rules": [_rule(by_rule[name]) for name in sorted(by_rule)]}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": text}, "locations": [_location(path, line, line)]}
                    for path, line, text in notes
                ],
            }
        ],
        "results": [_result(finding) for finding in report.findings],
    }
    log: Json = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(finding: Finding) -> Json:
    rule: Json = {"id": finding.rule, "name": finding.requirement, "shortDescription": {"text": finding.title}}
    rule |= {"fullDescription": {"text": finding.why}, "help": {"text": finding.fix}}
    return rule | ({"helpUri": finding.citation.url} if finding.citation and finding.citation.url else {})


def _result(finding: Finding) -> Json:
    result: Json = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.level],
        "baselineState": _STATES[finding.status],
        "message": {"text": f"{finding.message} {finding.fix}"},
        "locations": [_location(finding.path, finding.line, finding.end_line)],
        "relatedLocations": [
            _location(step.path, step.line, step.line) | {"id": number, "message": {"text": step.text}}
            for number, step in enumerate(finding.trail)
        ],
        "partialFingerprints": {"wrc/v1": finding.fingerprint},
    }
    by = finding.acknowledged_by
    if by:
        result["suppressions"] = [{"kind": "external", "justification": f"{by.kind} in {by.path}:{by.line}"}]
    return result


def _location(path: str, line: int, end: int) -> Json:
    """Lines of a file as a SARIF location. A path that is not UTF-8 keeps its bytes in the URI."""
    uri = quote(path.encode("utf-8", "surrogateescape"))
    region = {"startLine": line, "endLine": end}
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}}
