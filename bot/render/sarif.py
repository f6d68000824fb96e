"""``--format sarif``: SARIF 2.1.0, for code scanning and editors (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.render.drift import told
from bot.render.escape import dumped, unlinked
from rules.model import Acknowledgement, Drift, Edit, Finding, Problem, Remark, Report
from rules.pages import page
from rules.registry import Entry, entries

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.model import Family, Issue
    from rules.validate.validation import Validation

_LEVELS = {"failure": "error", "warning": "warning", "notice": "note"}
_ISSUE_LEVELS = {"ERROR": "error", "WARNING": "warning", "INFO": "note"}
_FAMILIES: dict[Family, str] = {
    "openspec": "What `openspec validate` says of a change or a spec",
    "contract": "What OpenSpec lets pass although the contract loses something by it",
    "missions": "A mission of Spec Kitty that is not whole, or that its change does not know of",
    "fmt": "Where `terraform fmt` would change the white space of a file",
}
_STATES = {"introduced": "new", "preexisting": "unchanged", "fixed": "absent"}

Json = dict[str, object]
Note = tuple[str, int, str]
"""A path, a line, and what could not be decided or read there."""


def render(report: Report) -> str:
    """Every finding as a result, and what could not be read or decided as notifications of the run."""
    notes = [(u.span.path, u.span.start, f"{u.rule} could not be decided: {u.reason}") for u in report.undecided]
    results = [_result(finding) | {"baselineState": _STATES[finding.status]} for finding in report.findings]
    return _log(
        report.findings,
        results,
        [*notes, *_problems(report.problems)],
        [
            *_drift([d for d in report.drift if d.change == "fixed"]),
            *_remarks((*report.remarks, *report.validation)),
        ],
    )


def render_audit(audit: Audit) -> str:
    """Every finding as a result; without a baseline, because nothing is compared."""
    notes = [
        (step.path, step.line, f"{verdict.id} could not be decided: {step.text}")
        for template in audit.templates
        for verdict in template.requirements
        if verdict.verdict == "undecided"
        for step in verdict.evidence
    ]
    results = [_result(finding) for finding in audit.findings]
    return _log(
        audit.findings,
        results,
        list(dict.fromkeys([*notes, *_problems(audit.problems)])),
        [*_drift([d for d in audit.drift if d.state == "present"]), *_remarks(audit.notes)],
    )


def render_validation(validation: Validation) -> str:
    """Every issue as a result; a rule is a family's check."""
    codes = sorted({(issue.family, issue.code) for issue in validation.issues})
    tool = _tool("wrc validate", [_code(family, code) for family, code in codes])
    run: Json = {"tool": tool, "results": [_issue(issue) for issue in validation.issues]}
    log: Json = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dumped(log)


def _code(family: Family, code: str) -> Json:
    """A check as a rule. GitHub's code scanning refuses one without a description or help."""
    what = _FAMILIES[family]
    help_text = f"{what}. `wrc validate --only {family}` says it again."
    described = {"shortDescription": {"text": what}, "fullDescription": {"text": what}}
    return {"id": f"{family}/{code}", **described, "help": {"text": help_text, "markdown": help_text}}


def _issue(issue: Issue) -> Json:
    return {
        "ruleId": f"{issue.family}/{issue.code}",
        "level": _ISSUE_LEVELS[issue.level],
        "message": {"text": unlinked(f"{issue.message} {issue.way_out}")},
        "locations": [_location(issue.path, issue.line, issue.line)],
    }


def _drift(drift: Iterable[Drift]) -> list[Note]:
    """Known drift in words; what is back is a result already."""
    return [(each.path, each.line, f"{each.id} {told(each)}") for each in drift]


def _remarks(remarks: Iterable[Remark]) -> list[Note]:
    return [(remark.path, remark.line, remark.text) for remark in remarks]


def _log(findings: Sequence[Finding], results: Sequence[Json], notes: Sequence[Note], drift: Sequence[Note]) -> str:
    run: Json = {
        "tool": _tool("wrc", _rules(findings)),
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": level, "message": {"text": unlinked(text)}, "locations": [_location(path, line, line)]}
                    for level, told_of in (("warning", notes), ("note", drift))
                    for path, line, text in told_of
                ],
            }
        ],
        "results": list(results),
    }
    log: Json = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dumped(log)


def _tool(name: str, rules: Sequence[Json]) -> Json:
    return {"driver": {"name": name, "semanticVersion": version("wrc-bot"), "rules": list(rules)}}


def _problems(problems: Iterable[Problem]) -> list[Note]:
    return [(problem.path, problem.line, problem.message) for problem in problems]


def _rules(findings: Sequence[Finding]) -> list[Json]:
    """The rules that have findings; each with its page as help."""
    by_rule = {finding.rule: finding for finding in reversed(findings)}
    known = {rule.id: rule for rule in entries()}
    return [_rule(by_rule[name], known.get(name)) for name in sorted(by_rule)]


def _rule(finding: Finding, known: Entry | None) -> Json:
    why, help_text = (known.why, page(known)) if known is not None else (finding.why, finding.fix)
    rule: Json = {"id": finding.rule, "name": finding.requirement, "shortDescription": {"text": finding.title}}
    rule |= {"fullDescription": {"text": why}, "help": {"text": help_text, "markdown": help_text}}
    return rule | ({"helpUri": finding.citation.url} if finding.citation and finding.citation.url else {})


def _result(finding: Finding) -> Json:
    result: Json = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.level],
        "message": {"text": unlinked(" ".join((finding.message, finding.why, *finding.fix.split("\n"))))},
        "locations": [_location(finding.path, finding.line, finding.end_line)],
        "relatedLocations": [
            _location(step.path, step.line, step.line) | {"id": number, "message": {"text": unlinked(step.text)}}
            for number, step in enumerate(finding.trail)
        ],
        "partialFingerprints": {"wrc/v1": finding.fingerprint},
    }
    if finding.suggestion:
        result["fixes"] = [_fix(finding.suggestion, finding.fix)]
    if finding.acknowledged_by:
        result["suppressions"] = [_suppression(finding.acknowledged_by)]
    return result


def _fix(edit: Edit, words: str) -> Json:
    """Whole lines, up to the beginning of the next one: an edit without text leaves no empty line."""
    region = {"startLine": edit.start, "startColumn": 1, "endLine": edit.end + 1, "endColumn": 1}
    replacement: Json = {"deletedRegion": region}
    if edit.text:
        replacement["insertedContent"] = {"text": f"{edit.text}\n"}
    change = {"artifactLocation": _artifact(edit.path), "replacements": [replacement]}
    return {"description": {"text": words}, "artifactChanges": [change]}


def _suppression(by: Acknowledgement) -> Json:
    kind = "inSource" if by.kind == "waiver" else "external"
    status = "accepted" if by.accepted else "underReview"
    return {"kind": kind, "status": status, "justification": f"{by.kind} in {by.path}:{by.line}"}


def _location(path: str, line: int, end: int) -> Json:
    """Lines of a file as a SARIF location."""
    region = {"startLine": line, "endLine": end}
    return {"physicalLocation": {"artifactLocation": _artifact(path), "region": region}}


def _artifact(path: str) -> Json:
    """A file of the repository. A path that is not UTF-8 keeps its bytes in the URI."""
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": "%SRCROOT%"}
