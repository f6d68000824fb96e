"""The formats that machines and terminals read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from msgspec.structs import replace
from pydantic import ValidationError
from sarif_pydantic import Sarif
from sarif_pydantic.sarif import SarifBaseModel

import bot
from bot.render import github, markdown, sarif, text
from bot.render import json as as_json
from rules.audit import Audit, AuditedTemplate, Verdict
from rules.model import Acknowledgement, Edit, Finding, Problem, Report, Step
from rules.pages import page
from rules.registry import rule
from rules.validate.model import Issue
from rules.validate.validation import FAMILIES, Validation
from tests.render.samples import (
    AUDIT,
    EMPTY,
    FULL,
    HOSTILE_TEXT,
    NETWORK,
    PRIVILEGED,
    SOCKET,
    TEMPLATE,
    hostile,
    hostile_audit,
)

SCHEMA = json.loads((Path(bot.__file__).parent / "schema" / "check-v1.schema.json").read_text(encoding="utf-8"))
AUDIT_SCHEMA = json.loads((Path(bot.__file__).parent / "schema" / "audit-v1.schema.json").read_text(encoding="utf-8"))
REPORTS = [pytest.param(FULL, id="full"), pytest.param(EMPTY, id="empty"), pytest.param(hostile(), id="hostile")]


def objects(node: object) -> list[dict[str, object]]:
    """Every schema of an object in a schema."""
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    inner = [found for item in node.values() for found in objects(item)]
    return [node, *inner] if node.get("type") == "object" else inner


def test_schema_is_strict_and_described() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = objects(SCHEMA)
    assert len(found) > 8
    for schema in found:
        properties = schema["properties"]
        assert isinstance(properties, dict)
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(properties)
        undescribed = [name for name, value in properties.items() if not {"description", "$ref", "enum"} & set(value)]
        assert not undescribed


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_what_the_schema_says(report: Report) -> None:
    rendered = as_json.render(report)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(rendered))
    assert rendered == as_json.render(report)
    assert rendered.isascii()


@pytest.mark.parametrize(
    "spoil",
    [{"extra": 1}, {"conclusion": "fine"}, {"schema": 2}, {"head": "main"}, {"findings": [{"rule": "F-1"}]}],
)
def test_schema_refuses_what_is_not_in_it(spoil: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(as_json.render(FULL)) | spoil)


def test_json_of_a_finding() -> None:
    found = json.loads(as_json.render(FULL))
    assert list(found) == [
        "schema", "base", "head", "conclusion", "contract", "affected", "findings", "drift", "undecided",
    ]  # fmt: skip
    [runtime] = [finding for finding in found["findings"] if finding["rule"] == "INV-1"]
    assert runtime["suggestion"] == {"start": 80, "end": 80, "text": '  runtime = "sysbox-runc"'}
    assert runtime["citation"]["start"] == 3
    assert set(runtime) == set(SOCKET.__struct_fields__) - {"anchor", "along", "listed"}
    assert found["affected"][0]["spans"][0]["side"] == "base"


def test_file_that_could_not_be_read_is_undecided_in_json() -> None:
    found = json.loads(as_json.render(replace(EMPTY, problems=(Problem("a.tf", 7, "Broken."),))))
    assert found["undecided"] == [{"rule": "INPUT", "path": "a.tf", "line": 7, "reason": "Broken."}]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("width", [80, 200])
def test_text_without_colours_has_no_control_characters(report: Report, width: int) -> None:
    rendered = text.render(report, width=width)
    assert not re.search(r"[^\n -~\u00a0-\u200d\u2010-\u2027\u2030-\ud7ff\ue000-\U0010ffff]", rendered)


def test_colours_are_ours_alone() -> None:
    rendered = text.render(hostile(), colour=True)
    assert "\x1b[1;31mfailure\x1b[0m" in rendered
    assert "[2J" in rendered
    assert set(re.findall(r"\x1b(?!\[[0-9;]*m).{3}", rendered)) == set()


def test_text_reads_from_the_summary_to_the_details() -> None:
    lines = text.render(FULL).splitlines()
    assert lines[0] == "failure 4 introduced, 1 repaired, 1 there before (bbbbbbbbbbbb..1234567890ab)"
    start = lines.index("user-defined-web/template.tf:80 failure INV-1 Sysbox Container Runtime")
    assert lines[start + 1 : start + 5] == [
        '  Runs the workspace under `runtime = "runc"`.',
        "  Docker inside the workspace does not start.",
        "  Write the Sysbox runtime.",
        '    +   runtime = "sysbox-runc"',
    ]
    for line in (
        '    user-defined-web/variables.tf:14  default = "/var/run/docker.sock"',
        "  Acknowledged by the delta in openspec/changes/privileged/specs/contract/spec.md:5, a maintainer decides",
        "    stop_timeout: 180 → 60",
        "    cleanup provisioner: docker volume rm → not there",
        "  user-defined-web/template.tf:130 F-1: `for_each` is unknown.",
        "  drupal-core/template.tf:7 A block is not closed.",
        "  scripts/startup.sh:2 F-10 Mounts the host's `/var/run/docker.sock` into the workspace.",
        "1 there before this change; `wrc audit` tells it.",
    ):
        assert line in lines
    # What was there before is one line, no more: its message is only told for the introduced one.
    assert sum("meant to publish every port" in line for line in lines) == 1


def test_prose_is_wrapped_at_the_width() -> None:
    report = replace(FULL, findings=(replace(SOCKET, why="word " * 60),))
    assert all(len(line) <= 80 for line in text.render(report).splitlines() if "word" in line)


def test_workflow_commands() -> None:
    lines = github.render(FULL).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "::warning", "::error", "::warning", "::error", "::notice", "::notice", "::warning",
    ]  # fmt: skip
    assert lines[3].startswith(
        "::error file=user-defined-web/template.tf,line=120,endLine=120,title=F-1 Host Docker socket in the workspace::"
        "Mounts the host's `/var/run/docker.sock` into the workspace.%0AWhoever"
    )
    assert "D-3 known drift::is fixed by this change, thank you." in lines[4]
    assert "drupal-core/template.tf,line=7" in lines[6]
    assert github.render(EMPTY) == ""


@pytest.mark.parametrize(("count", "commands"), [(10, 10), (11, 10), (30, 10)])
def test_workflow_commands_are_as_many_as_github_shows(count: int, commands: int) -> None:
    """What is left stands in the log in words, and one annotation says so."""
    many = tuple(replace(SOCKET, line=line, path="::add-mask::x") for line in range(1, count + 1))
    lines = github.render(replace(EMPTY, findings=many)).splitlines()
    told = [line for line in lines if line.startswith("::")]
    assert len(told) == commands
    assert len(lines) == max(count, commands + (count > commands) * (count - commands + 1))
    assert (told[-1].partition("::T")[0] == f"::error title=And {count - 9} more") is (count > 10)


@pytest.mark.parametrize("form", [text.render, markdown.render, as_json.render, sarif.render])
def test_a_log_of_github_actions_takes_nothing_for_a_command(form: Callable[[Report], str]) -> None:
    trap = "##[stop-commands]x"
    finding = replace(SOCKET, path=f"::{trap}", message=f"`{trap}` {trap} [a](https://e.example)")
    report = replace(EMPTY, conclusion="failure", findings=(finding,), problems=(Problem(f"::{trap}", 1, trap),))
    rendered = form(report)
    assert "##[" not in rendered
    assert not re.search(r"^\s*::", rendered, re.MULTILINE)


def test_sarif_has_no_links_of_a_pull_request() -> None:
    log = json.loads(sarif.render(replace(EMPTY, findings=(replace(SOCKET, message="[a](https://e.example)"),))))
    assert "](" not in log["runs"][0]["results"][0]["message"]["text"]


def test_workflow_commands_cannot_be_forged() -> None:
    path = "a,line=1::error file=b%0A\n::error::gotcha"
    rendered = github.render(replace(FULL, findings=(replace(SOCKET, path=path, message="x\n::set-output name=y::z"),)))
    assert all(
        line.startswith(("::error file=a%2Cline=1%3A%3Aerror file=b%250A ", "::notice", "::warning"))
        for line in rendered.splitlines()
    )
    assert len(rendered.splitlines()) == 4


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_has_the_shape_of_2_1_0(report: Report) -> None:
    log = json.loads(sarif.render(report))
    assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-2.1.0.json")
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert len(run["results"]) == len(report.findings)
    for result, finding in zip(run["results"], report.findings, strict=True):
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning", "note")
        assert result["baselineState"] in ("new", "unchanged", "absent")
        assert result["partialFingerprints"] == {"wrc/v1": finding.fingerprint}
        [place] = [location["physicalLocation"] for location in result["locations"]]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w./%~-]+", uri, re.ASCII)
        assert unquote(uri, errors="surrogateescape") == finding.path
        assert place["region"] == {"startLine": finding.line, "endLine": finding.end_line}
        assert [related["id"] for related in result["relatedLocations"]] == list(range(len(finding.trail)))
    told = run["invocations"][0]["toolExecutionNotifications"]
    fixed = [drift for drift in report.drift if drift.change == "fixed"]
    assert len(told) == len(report.undecided) + len(report.problems) + len(fixed)


@pytest.mark.parametrize(
    ("edit", "shown"),
    [
        (Edit(TEMPLATE, 80, 80, "  a = 1"), ["    +   a = 1"]),
        (Edit(TEMPLATE, 80, 80, ""), ["    - line 80"]),
        (Edit(TEMPLATE, 80, 82, ""), ["    - lines 80 to 82"]),
        (Edit(TEMPLATE, 80, 81, "  a = 1\n  b = 2"), ["    - lines 80 to 81", "    +   a = 1", "    +   b = 2"]),
    ],
)
def test_text_shows_what_to_write(edit: Edit, shown: list[str]) -> None:
    lines = text.render(replace(EMPTY, findings=(replace(PRIVILEGED, suggestion=edit),))).splitlines()
    assert [line for line in lines if line.startswith(("    + ", "    - "))] == shown


def test_sarif_fixes_do_what_the_suggestions_do() -> None:
    """An editor applies them by line and column (SARIF 2.1.0, 3.55 to 3.57)."""
    edits = [finding.suggestion for finding in FULL.findings if finding.suggestion]
    results = json.loads(sarif.render(FULL))["runs"][0]["results"]
    fixes = [fix for result in results for fix in result.get("fixes", ())]
    assert edits
    for edit, fix in zip(edits, fixes, strict=True):
        [change] = fix["artifactChanges"]
        [replacement] = change["replacements"]
        region = replacement["deletedRegion"]
        lines = [f"line {number}\n" for number in range(1, edit.end + 3)]
        assert (region["startColumn"], region["endColumn"], change["artifactLocation"]["uri"]) == (1, 1, edit.path)
        inserted = replacement.get("insertedContent", {"text": ""})["text"]
        lines[region["startLine"] - 1 : region["endLine"] - 1] = [inserted]
        kept = [f"line {n}\n" for n in range(1, edit.end + 3) if not edit.start <= n <= edit.end]
        assert "".join(lines).replace(inserted, "") == "".join(kept)
        assert inserted == (f"{edit.text}\n" if edit.text else "")


NOT_IN_THE_LIBRARY = {
    "Invocation.toolExecutionNotifications",
    "Result.baselineState",
    "Result.fixes",
    "Result.suppressions",
}
"""Fields of SARIF 2.1.0 that the library does not know yet."""


def unknown_fields(node: object) -> set[str]:
    """Fields that the library keeps apart because it does not know them."""
    if isinstance(node, list):
        return {name for item in node for name in unknown_fields(item)}
    if not isinstance(node, SarifBaseModel):
        return set()
    extra = {f"{type(node).__name__}.{name}" for name in node.model_extra or {}}
    return extra | {name for value in dict(node).values() for name in unknown_fields(value)}


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_is_what_a_sarif_library_reads(report: Report) -> None:
    rendered = json.loads(sarif.render(report))
    log = Sarif.model_validate(rendered)
    assert unknown_fields(log) <= NOT_IN_THE_LIBRARY
    assert log.model_dump(mode="json", by_alias=True, exclude_unset=True) == rendered


@pytest.mark.parametrize("spoil", [{"version": 2}, {"runs": [{"tool": {}, "results": [{"level": "loud"}]}]}])
def test_the_sarif_library_refuses_what_is_wrong(spoil: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sarif.model_validate(json.loads(sarif.render(FULL)) | spoil)


def test_sarif_explains_every_rule_with_its_page() -> None:
    driver = json.loads(sarif.render(FULL))["runs"][0]["tool"]["driver"]
    helps = {found["id"]: found["help"]["markdown"] for found in driver["rules"]}
    assert set(helps) == {finding.rule for finding in FULL.findings}
    assert helps["F-1"] == page(rule("F-1"))


ISSUE = Issue("fmt", "fmt", "ERROR", "web/template.tf", 3, "terraform fmt writes this line as 'a = 1'.", "web")
LOGS = {
    "check": sarif.render(FULL),
    "audit": sarif.render_audit(AUDIT),
    "validate": sarif.render_validation(Validation("WORKTREE", strict=False, families=FAMILIES, issues=(ISSUE,))),
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_code_scanning_takes_every_log(log: str) -> None:
    """What GitHub asks of a rule and a result besides the schema (the checks GH1001 to GH2012 of `sarif validate`)."""
    [run] = json.loads(log)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert rules
    assert run["results"]
    for rule_ in rules:
        assert all(rule_[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["locations"]


@pytest.mark.parametrize("found", [AUDIT, hostile_audit()], ids=["plain", "hostile"])
def test_an_audit_in_every_format(found: Audit) -> None:
    jsonschema.Draft202012Validator(AUDIT_SCHEMA).validate(json.loads(as_json.render_audit(found)))
    log = json.loads(sarif.render_audit(found))
    assert unknown_fields(Sarif.model_validate(log)) <= NOT_IN_THE_LIBRARY
    assert not any("baselineState" in result for result in log["runs"][0]["results"])
    told = text.render_audit(found, width=80)
    assert "\x1b" not in told
    assert "\u202e" not in told
    lines = github.render_audit(found).splitlines()
    assert len(lines) == len(found.findings) + len(found.problems) + len(found.notes)
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_an_audit_as_text() -> None:
    assert text.render_audit(AUDIT, width=90).splitlines()[:4] == [
        "                                               drupal-core  freeform  user-defined-web",
        "INV-1  Sysbox Container Runtime                ?            –         ✓",
        "F-1    No host Docker socket in the workspace  ✓            –         ✗",
        "✓ holds  ✗ broken  ? could not be decided  – not governed",
    ]


def test_a_question_that_no_verdict_shows_is_told_besides() -> None:
    asked = replace(AUDIT, findings=(*AUDIT.findings, replace(NETWORK, status="preexisting")))
    place = f"{NETWORK.path}:{NETWORK.line}"
    for told in (text.render_audit(asked), markdown.render_audit(asked)):
        assert place in told.partition("Besides")[2]
    shown = Verdict("F-6", "Forbidden Runtime Behaviors", "undecided", (Step(NETWORK.path, NETWORK.line, "?"),))
    template = AuditedTemplate("drupal-core", governed=True, requirements=(shown,))
    assert "Besides" not in text.render_audit(replace(asked, templates=(template,)))


WAIVED = replace(
    PRIVILEGED, acknowledged_by=Acknowledgement("waiver", "user-defined-web/template.tf", 69, accepted=True)
)


@pytest.mark.parametrize(
    ("finding", "suppression"), [(PRIVILEGED, ("external", "underReview")), (WAIVED, ("inSource", "accepted"))]
)
def test_sarif_suppresses_what_is_acknowledged(finding: Finding, suppression: tuple[str, str]) -> None:
    [result] = json.loads(sarif.render(replace(FULL, findings=(finding,))))["runs"][0]["results"]
    assert (result["suppressions"][0]["kind"], result["suppressions"][0]["status"]) == suppression


def test_json_says_who_acknowledged_and_no_more() -> None:
    [found] = json.loads(as_json.render(replace(FULL, findings=(WAIVED,))))["findings"]
    assert found["acknowledged_by"] == {"kind": "waiver", "path": "user-defined-web/template.tf", "line": 69}


def test_workflow_commands_are_calm_about_what_is_acknowledged() -> None:
    rendered = [github.render(replace(EMPTY, findings=(finding,))).split(" ")[0] for finding in (PRIVILEGED, WAIVED)]
    assert rendered == ["::warning", "::notice"]


def test_a_decision_that_is_due_is_told_in_full_also_for_what_was_there() -> None:
    pending = replace(PRIVILEGED, status="preexisting", level="failure")
    lines = text.render(replace(EMPTY, findings=(pending,))).splitlines()
    assert any("a maintainer decides" in line for line in lines)
    assert "There before this change" not in lines


def test_hostile_sample_is_hostile() -> None:
    assert {"\x1b", "\u202e", "\n", "`", "|", "\udce9"} <= set(HOSTILE_TEXT)
