"""Pull requests that break the contract and change it: what a delta excuses, and everything that excuses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from rules.contract import WrittenContract
from rules.engine import Revisions, review
from rules.model import Conclusion, Report
from rules.sources.tree import MAX_BLOB_BYTES, MemoryTree
from tests.rules.harness import FIXTURES, diff_of, load_tree

TEMPLATE = "user-defined-web/template.tf"
OWN = "openspec/changes/add-runtime-contract"
CONTRACT = f"{OWN}/specs/workspace-runtime/spec.md"
MOVED = "openspec/changes/add-rules-of-workspaces/specs/workspace-runtime/spec.md"
MAIN = "openspec/specs/workspace-runtime/spec.md"
CHANGE = "openspec/changes/loosen-stop"
DELTA = f"{CHANGE}/specs/workspace-runtime/spec.md"
SECOND = "openspec/changes/second/specs/workspace-runtime/spec.md"
OWN_ARCHIVED = "openspec/changes/archive/2026-02-03-add-runtime-contract/specs/workspace-runtime/spec.md"
ARCHIVED = "openspec/changes/archive/2026-02-03-loosen-stop/specs/workspace-runtime/spec.md"

CLEANUP = """\
### Requirement: Host-Aware Cleanup
Stopping SHALL keep what the user has, and deleting SHALL remove it.

#### Scenario: Stop leaves time
- **WHEN** a workspace stops
- **THEN** the container SHALL get `SIGINT` and `stop_timeout = 180`

#### Scenario: Delete removes the folder
- **WHEN** a workspace is deleted
- **THEN** `null_resource.workspace_cleanup` SHALL remove its folder
"""
FORBIDDEN = """\
### Requirement: Forbidden Runtime Behaviors
None of these SHALL appear:

- F-1: The socket of the host, mounted.
- F-2: A privileged container.
- F-6: Ports that are published.

#### Scenario: Review
- **WHEN** a template is reviewed
- **THEN** it SHALL be refused if it has one of these
"""
SYSBOX = """\
### Requirement: Sysbox Container Runtime
Workspaces SHALL run under Sysbox.

#### Scenario: Runtime
- **WHEN** a workspace starts
- **THEN** `runtime` SHALL be `sysbox-runc`
"""
REQUIREMENTS = f"{SYSBOX}\n{CLEANUP}\n{FORBIDDEN}"
ADDED = f"## ADDED Requirements\n\n{REQUIREMENTS}"
PURPOSE = "What every workspace of this repository can rely upon, in one place."
SPEC = f"# Runtime\n\n## Purpose\n{PURPOSE}\n\n## Requirements\n\n{REQUIREMENTS}"

SHORT = CLEANUP.replace("stop_timeout = 180", "stop_timeout = 20")
"""The requirement with the clause changed that the pull request breaks."""
OTHER = CLEANUP.replace("SHALL remove its folder", "SHALL remove its folder at once")
"""The same with another clause changed."""
STATED = CLEANUP.replace("Stopping SHALL keep", "Stopping SHALL mostly keep")
ALLOWED = FORBIDDEN.replace("- F-2: A privileged container.\n", "- F-2: A privileged container that is not needed.\n")


def _modified(block: str) -> str:
    return f"## MODIFIED Requirements\n\n{block}"


def _removed(name: str) -> str:
    return f"## REMOVED Requirements\n\n### Requirement: {name}\n**Reason**: gone\n"


def _renamed(source: str, target: str) -> str:
    return f"## RENAMED Requirements\n\n- FROM: `### Requirement: {source}`\n- TO: `### Requirement: {target}`\n"


STOP = ("stop_timeout          = 180", "stop_timeout          = 20")
PRIVILEGED = ("privileged    = false", "privileged    = true")


@dataclass(frozen=True)
class Case:
    """What base and head have besides the template; `edit` is what the head does to the template."""

    head: Mapping[str, str | None]
    base: Mapping[str, str] = field(default_factory=lambda: {CONTRACT: ADDED})
    edit: tuple[str, str] = STOP
    linked: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    """The file that excuses the finding; None if nothing does."""
    remark: str = ""


ARCHIVED_BASE = {MAIN: SPEC}
LINKED = frozenset({"loosen-stop"})
PENDING = {CONTRACT: ADDED, DELTA: _modified(SHORT)}
TICKED = "## 1. Do\n\n- [x] 1.1 Stop sooner\n"
OPEN = "## 1. Do\n\n- [ ] 1.1 Stop sooner\n"

EXCUSED: dict[str, Case] = {
    "a limit that is only wished for": Case(
        {DELTA: _modified(CLEANUP.replace("container SHALL get", "container SHOULD get"))}, by=DELTA
    ),
    "a limit turned round": Case(
        {DELTA: _modified(CLEANUP.replace("stop_timeout = 180", "stop_timeout <= 180"))}, by=DELTA
    ),
    "renamed twice, and modified under its last name": Case(
        {
            DELTA: _renamed("Host-Aware Cleanup", "Tidy End")
            + "- FROM: `### Requirement: Tidy End`\n- TO: `### Requirement: Quick Cleanup`\n\n"
            + _modified(SHORT.replace("Host-Aware Cleanup", "Quick Cleanup"))
        },
        by=DELTA,
    ),
    "two changes that agree": Case({DELTA: _modified(SHORT), SECOND: _modified(SHORT)}, by=DELTA),
    "the contract archived, and its change edited on the way": Case(
        {CONTRACT: None, OWN_ARCHIVED: ADDED.replace(CLEANUP, SHORT), MAIN: SPEC.replace(CLEANUP, SHORT)},
        by=OWN_ARCHIVED,
    ),
    "a removal with its reason": Case({DELTA: _removed("Host-Aware Cleanup")}, by=DELTA),
    "a delta that changes the scenario": Case({DELTA: _modified(SHORT)}, by=DELTA),
    "against a spec that was archived": Case({DELTA: _modified(SHORT)}, ARCHIVED_BASE, by=DELTA),
    "the item that is broken": Case({DELTA: _modified(ALLOWED)}, edit=PRIVILEGED, by=DELTA),
    "the item taken out": Case(
        {DELTA: _modified(FORBIDDEN.replace("- F-2: A privileged container.\n", ""))}, edit=PRIVILEGED, by=DELTA
    ),
    "the requirement removed": Case({DELTA: _removed("Host-Aware Cleanup")}, by=DELTA),
    "the list of forbidden things removed": Case(
        {DELTA: _removed("Forbidden Runtime Behaviors")}, edit=PRIVILEGED, by=DELTA
    ),
    "the requirement renamed": Case({DELTA: _renamed("Host-Aware Cleanup", "Quick Cleanup")}, by=DELTA),
    "renamed and modified under its new name": Case(
        {
            DELTA: _renamed("Host-Aware Cleanup", "Quick Cleanup")
            + "\n"
            + _modified(SHORT.replace("Host-Aware Cleanup", "Quick Cleanup"))
        },
        by=DELTA,
    ),
    "the scenario under another name, with another value": Case(
        {DELTA: _modified(SHORT.replace("Scenario: Stop leaves time", "Scenario: Stop is quick"))}, by=DELTA
    ),
    "a lower limit that is kept": Case({DELTA: _modified(CLEANUP.replace("= 180", ">= 15"))}, by=DELTA),
    "a limit without a value": Case({DELTA: _modified(CLEANUP.replace("`stop_timeout = 180`", "time"))}, by=DELTA),
    "the contract's own change under another id, and edited": Case(
        {CONTRACT: None, MOVED: ADDED.replace(CLEANUP, SHORT)}, by=MOVED
    ),
    "the contract's own change, edited in place": Case({CONTRACT: ADDED.replace(CLEANUP, SHORT)}, by=CONTRACT),
    "an item edited in place": Case({CONTRACT: ADDED.replace(FORBIDDEN, ALLOWED)}, edit=PRIVILEGED, by=CONTRACT),
    "the requirement taken out of the contract's own change": Case({CONTRACT: ADDED.replace(CLEANUP, "")}, by=CONTRACT),
    "pending, and named in the description": Case({}, PENDING, linked=LINKED, by=DELTA),
    "pending, and a task is ticked": Case(
        {f"{CHANGE}/tasks.md": TICKED}, {**PENDING, f"{CHANGE}/tasks.md": OPEN}, by=DELTA
    ),
    "pending for another clause, and changed here": Case(
        {DELTA: _modified(SHORT)}, {CONTRACT: ADDED, DELTA: _modified(OTHER)}, by=DELTA
    ),
    "archived here": Case(
        {DELTA: None, ARCHIVED: _modified(SHORT), MAIN: SPEC.replace(CLEANUP, SHORT)},
        {MAIN: SPEC, DELTA: _modified(SHORT)},
        by=ARCHIVED,
    ),
    "archived here, by a removal": Case(
        {DELTA: None, ARCHIVED: _removed("Host-Aware Cleanup"), MAIN: SPEC.replace(CLEANUP, "")},
        {MAIN: SPEC, DELTA: _removed("Host-Aware Cleanup")},
        by=ARCHIVED,
    ),
    "our own summary is in force": Case({DELTA: _modified(SHORT)}, {}, by=DELTA),
    "white space besides": Case({DELTA: _modified(SHORT.replace("\n", "\r\n"))}, by=DELTA),
}

NOTHING: dict[str, Case] = {
    "a limit that is lowered, and not kept": Case(
        {DELTA: _modified(CLEANUP.replace("= 180", "= 120"))}, remark="not the part that is broken here (INV-8)"
    ),
    "a limit that is raised": Case({DELTA: _modified(CLEANUP.replace("= 180", "= 300"))}, remark="not the part"),
    "a limit in other layout": Case({DELTA: _modified(CLEANUP.replace("= 180", "= 180s"))}, remark="not the part"),
    "a comma": Case({DELTA: _modified(CLEANUP.replace("`SIGINT` and", "`SIGINT`, and"))}, remark="says already"),
    "another case of the letters": Case(
        {DELTA: _modified(CLEANUP.replace("the container SHALL", "The Container SHALL"))}, remark="says already"
    ),
    "emphasis": Case(
        {DELTA: _modified(CLEANUP.replace("WHEN** a workspace stops", "WHEN** a *workspace* stops"))},
        remark="says already",
    ),
    "characters without a width": Case(
        {DELTA: _modified(CLEANUP.replace("a workspace stops", "a work\u200bspace\u00a0stops"))}, remark="says already"
    ),
    "a value with a character without a width": Case({DELTA: _modified(CLEANUP.replace("= 180", "= 180\u200b"))}),
    "a comment in the text": Case(
        {DELTA: _modified(CLEANUP.replace("workspace stops", "workspace <!-- soon: it may --> stops"))},
        remark="says already",
    ),
    "another line of the same scenario": Case(
        {DELTA: _modified(CLEANUP.replace("WHEN** a workspace stops", "WHEN** a workspace is stopped"))},
        remark="not the part",
    ),
    "the scenario under another name": Case(
        {DELTA: _modified(CLEANUP.replace("Scenario: Stop leaves time", "Scenario: Stop is quick"))},
        remark="not the part",
    ),
    "renamed, and another clause modified": Case(
        {
            DELTA: _renamed("Host-Aware Cleanup", "Quick Cleanup")
            + "\n"
            + _modified(OTHER.replace("Host-Aware Cleanup", "Quick Cleanup"))
        }
    ),
    "lowered in place, and not kept": Case({CONTRACT: ADDED.replace("= 180", "= 120")}, remark="not the part"),
    "only the name edited in place": Case(
        {CONTRACT: ADDED.replace("Host-Aware Cleanup", "Host-Aware Cleanups")}, remark="only its name is edited"
    ),
    "the item under another id": Case({CONTRACT: ADDED.replace("- F-2:", "- F-20:")}, edit=PRIVILEGED),
    "the contract's own change under another id": Case({CONTRACT: None, MOVED: ADDED}),
    "archived, and the spec loosened besides": Case(
        {DELTA: None, ARCHIVED: _modified(OTHER), MAIN: SPEC.replace(CLEANUP, OTHER.replace("= 180", "= 20"))},
        {MAIN: SPEC, DELTA: _modified(OTHER)},
    ),
    "our own summary, and the value as it is": Case({DELTA: _modified(OTHER)}, {}, remark="not the part"),
    "the spec edited, and an unrelated change": Case(
        {MAIN: SPEC.replace(CLEANUP, SHORT), "openspec/changes/other/proposal.md": "# Why\n"},
        ARCHIVED_BASE,
        remark="edited without an OpenSpec change",
    ),
    "a section with another title": Case({DELTA: f"## MODIFIED Requirement\n\n{SHORT}"}),
    "a section with two spaces in its title": Case({DELTA: f"## MODIFIED  Requirements\n\n{SHORT}"}),
    "a section without a space": Case({DELTA: f"##MODIFIED Requirements\n\n{SHORT}"}),
    "a section one level down": Case({DELTA: f"### MODIFIED Requirements\n\n{SHORT}"}),
    "a name with another hyphen": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware", "Host\u2011Aware"))}, remark="Did you mean"
    ),
    "a name with a letter that looks the same": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware", "H\u043est-Aware"))}, remark="Did you mean"
    ),
    "a name with bold type": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware Cleanup", "**Host-Aware Cleanup**"))}, remark="Did you mean"
    ),
    "a delta in a comment": Case({DELTA: f"<!--\n{_modified(SHORT)}-->\n"}, remark="stands in an HTML comment"),
    "a removal in a comment": Case(
        {DELTA: f"{_modified(SYSBOX.replace('runc', 'kata'))}\n<!--\n{_removed('Host-Aware Cleanup')}-->\n"},
        remark="stands in an HTML comment",
    ),
    "renamed to its own name": Case(
        {DELTA: _renamed("Host-Aware Cleanup", "Host-Aware Cleanup")}, remark="says what the contract says already"
    ),
    "renamed to another case": Case(
        {DELTA: _renamed("Host-Aware Cleanup", "Host-aware  cleanup")}, remark="says what the contract says already"
    ),
    "renamed to a name that is taken": Case(
        {DELTA: _renamed("Host-Aware Cleanup", "Sysbox Container Runtime")}, remark="exists already"
    ),
    "renamed twice, and another clause modified": Case(
        {
            DELTA: _renamed("Host-Aware Cleanup", "Tidy End")
            + "- FROM: `### Requirement: Tidy End`\n- TO: `### Requirement: Quick Cleanup`\n\n"
            + _modified(OTHER.replace("Host-Aware Cleanup", "Quick Cleanup"))
        },
        remark="not the part",
    ),
    "renamed, and added again as it was": Case(
        {DELTA: f"{_renamed('Host-Aware Cleanup', 'Old Cleanup')}\n## ADDED Requirements\n\n{CLEANUP}"},
        remark="says what the contract says already",
    ),
    "two changes that contradict": Case(
        {DELTA: _modified(SHORT), SECOND: _modified(OTHER)}, remark="'loosen-stop' and 'second' write"
    ),
    "one change, and another one that leaves all as it is": Case({DELTA: _modified(SHORT), SECOND: _modified(CLEANUP)}),
    "removed by one change, and added again by another": Case(
        {DELTA: _removed("Host-Aware Cleanup"), SECOND: f"## ADDED Requirements\n\n{CLEANUP}"},
        remark="ADDED is a conflict",
    ),
    "archived without having been open": Case(
        {ARCHIVED: _modified(SHORT), MAIN: SPEC.replace(CLEANUP, SHORT)},
        ARCHIVED_BASE,
        remark="comes to say something else of “Host-Aware Cleanup”",
    ),
    "written into the archive only": Case({ARCHIVED: _modified(SHORT)}, ARCHIVED_BASE),
    "archived, and the spec says something else": Case(
        {DELTA: None, ARCHIVED: _modified(SHORT), MAIN: SPEC.replace(CLEANUP, SHORT.replace("= 20", "= 10"))},
        {MAIN: SPEC, DELTA: _modified(SHORT)},
        remark="says something else than the change that is archived",
    ),
    "an open change for one clause, and the spec loosened besides": Case(
        {DELTA: _modified(OTHER), MAIN: SPEC.replace(CLEANUP, SHORT)},
        ARCHIVED_BASE,
        remark="comes to say something else of “Host-Aware Cleanup”",
    ),
    "the contract archived, and loosened on the way": Case(
        {CONTRACT: None, OWN_ARCHIVED: ADDED, MAIN: SPEC.replace(CLEANUP, SHORT)},
        remark="comes to say something else of “Host-Aware Cleanup”",
    ),
    "the contract moved to another change, as it is": Case(
        {CONTRACT: ADDED.replace(CLEANUP, ""), SECOND: f"## ADDED Requirements\n\n{CLEANUP}"},
    ),
    "the spec deleted": Case({MAIN: None}, ARCHIVED_BASE, remark="edited without an OpenSpec change"),
    "the spec replaced by a link": Case(
        {MAIN: None, "laxer.md": SPEC.replace(CLEANUP, SHORT)},
        ARCHIVED_BASE,
        links={MAIN: "../../../laxer.md"},
        remark="edited without an OpenSpec change",
    ),
    "a change that is a link": Case(
        {"elsewhere/specs/workspace-runtime/spec.md": _modified(SHORT)}, links={CHANGE: "../../elsewhere"}
    ),
    "a delta that is a link out of its change": Case(
        {"laxer.md": _modified(SHORT)}, links={DELTA: "../../../../../laxer.md"}
    ),
    "a nested change": Case({"openspec/changes/more/loosen-stop/specs/workspace-runtime/spec.md": _modified(SHORT)}),
    "a hidden change": Case({"openspec/changes/.loosen/specs/workspace-runtime/spec.md": _modified(SHORT)}),
    "a nested capability": Case({f"{CHANGE}/specs/area/workspace-runtime/spec.md": _modified(SHORT)}),
    "a capability in another case": Case({f"{CHANGE}/specs/Workspace-Runtime/spec.md": _modified(SHORT)}),
    "a delta that skips specs": Case(
        {DELTA: _modified(SHORT), f"{CHANGE}/.openspec.yaml": "schema: spec-driven\nskip_specs: true\n"},
        remark="finds an error",
    ),
    "a delta that is too large": Case(
        {DELTA: _modified(SHORT) + "x" * (MAX_BLOB_BYTES + 1)},
        remark="This delta is larger than 16 MiB and is",
    ),
    "no delta": Case({}),
    "a delta that repeats the text": Case({DELTA: _modified(CLEANUP)}, remark="says what the contract says already"),
    "a delta that repeats it with other white space": Case(
        {DELTA: _modified(CLEANUP.replace("Stopping SHALL", "Stopping  SHALL"))}, remark="says already"
    ),
    "a delta for another requirement": Case(
        {DELTA: _modified(SYSBOX.replace("sysbox-runc", "runc"))}, remark="changes “Sysbox Container Runtime”"
    ),
    "another clause": Case({DELTA: _modified(OTHER)}, remark="but not the part that is broken here (INV-8)"),
    "the statement only, while the scenario stays": Case({DELTA: _modified(STATED)}, remark="not the part"),
    "a scenario more, while the broken one stays": Case(
        {
            DELTA: _modified(
                f"{CLEANUP}\n#### Scenario: Quick\n- **WHEN** x\n- **THEN** `stop_timeout` SHALL be short\n"
            )
        },
        remark="says what the contract says already",
    ),
    "a typo in the name": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware", "Host-Avare"))}, remark="Did you mean “Host-Aware Cleanup”?"
    ),
    "another case": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware Cleanup", "Host-aware cleanup"))}, remark="Did you mean"
    ),
    "a typo in a removal": Case({DELTA: _removed("Host Aware Cleanup")}, remark="Did you mean"),
    "a typo in a rename": Case({DELTA: _renamed("Host-Aware Cleanups", "Quick")}, remark="Did you mean"),
    "a name that nothing resembles": Case(
        {DELTA: _modified(SHORT.replace("Host-Aware Cleanup", "Zebra"))}, remark="is no requirement of the contract"
    ),
    "an invalid delta: no scenario": Case(
        {DELTA: _modified("### Requirement: Host-Aware Cleanup\nStopping SHALL be quick.\n")},
        remark="'openspec validate loosen-stop' finds an error",
    ),
    "an invalid delta: modified and removed": Case(
        {DELTA: f"{_modified(SHORT)}\n{_removed('Host-Aware Cleanup')}"}, remark="finds an error"
    ),
    "a rename without its second half": Case(
        {DELTA: "## RENAMED Requirements\n\n- FROM: `### Requirement: Host-Aware Cleanup`\n"}
    ),
    "ADDED with a name that exists": Case(
        {DELTA: SHORT.join(("## ADDED Requirements\n\n", ""))}, remark="ADDED is a conflict"
    ),
    "a list without the item that is broken changed": Case(
        {DELTA: _modified(FORBIDDEN.replace("Ports that are published", "Ports"))},
        edit=PRIVILEGED,
        remark="not the part that is broken here (F-2)",
    ),
    "the list renamed, with the item as it was": Case(
        {DELTA: _renamed("Forbidden Runtime Behaviors", "Refused")}, edit=PRIVILEGED
    ),
    "the requirement beside the broken item": Case(
        {DELTA: _modified(SYSBOX.replace("sysbox-runc", "runc"))}, edit=PRIVILEGED
    ),
    "pending, and not named": Case({}, PENDING),
    "pending, and another one named": Case({}, PENDING, linked=frozenset({"other"})),
    "pending, and only its proposal touched": Case({f"{CHANGE}/proposal.md": "# Why\n"}, PENDING),
    "pending, and a task written but not ticked": Case({f"{CHANGE}/tasks.md": OPEN}, PENDING),
    "another part of the contract's own change edited": Case(
        {CONTRACT: ADDED.replace(CLEANUP, OTHER)}, remark="not the part"
    ),
    "the contract's own change, with white space only": Case({CONTRACT: ADDED.replace("\n\n####", "\n\n\n####")}),
    "the contract's own change edited and broken": Case(
        {CONTRACT: ADDED.replace(CLEANUP, SHORT.partition("#### Scenario")[0])}, remark="finds an error"
    ),
    "the spec edited without a change": Case(
        {MAIN: SPEC.replace(CLEANUP, SHORT)}, ARCHIVED_BASE, remark="edited without an OpenSpec change"
    ),
    "archived, and the spec left as it was": Case(
        {DELTA: None, ARCHIVED: _modified(SHORT)}, {MAIN: SPEC, DELTA: _modified(SHORT)}
    ),
    "archived, and another clause of the spec changed": Case(
        {DELTA: None, ARCHIVED: _modified(OTHER), MAIN: SPEC.replace(CLEANUP, OTHER)},
        {MAIN: SPEC, DELTA: _modified(OTHER)},
        remark="not the part",
    ),
    "the contract itself archived as it is": Case(
        {
            CONTRACT: None,
            OWN_ARCHIVED: ADDED,
            MAIN: SPEC,
        }
    ),
    "another capability": Case({f"{CHANGE}/specs/other/spec.md": _modified(SHORT)}),
    "a delta outside of the four sections": Case({DELTA: f"## Changes\n\n{SHORT}"}),
    "a delta in a fence": Case({DELTA: f"```\n{_modified(SHORT)}```\n"}),
    "our own summary, and the item still there": Case({DELTA: _modified(ALLOWED)}, {}, edit=PRIVILEGED),
}


def _report(case: Case, configured: WrittenContract | None = None) -> Report:
    minimal = load_tree(FIXTURES / "minimal")
    text = minimal.files[TEMPLATE]
    assert case.edit[0] in text
    base = MemoryTree.of({**minimal.files, **case.base}, minimal.links)
    changed = {**base.files, TEMPLATE: text.replace(*case.edit), **case.head}
    files = {path: each for path, each in changed.items() if each is not None}
    head = MemoryTree.of(files, {**minimal.links, **case.links})
    return review(
        base=base,
        head=head,
        contract=base,
        diff=diff_of(base, head),
        revisions=Revisions("b" * 40, "h" * 40, "b" * 40),
        repository_url="https://github.com/o/r",
        configured=lambda: configured,
        linked=case.linked,
    )


def _conclusion(report: Report) -> Conclusion:
    (finding,) = [each for each in report.findings if each.status == "introduced"]
    assert finding.level == "failure"
    return report.conclusion


@pytest.mark.parametrize("name", EXCUSED)
def test_explicitly_modified(name: str) -> None:
    case = EXCUSED[name]
    report = _report(case)
    assert _conclusion(report) == "action_required"
    (finding,) = [each for each in report.findings if each.status == "introduced"]
    by = finding.acknowledged_by
    assert by is not None
    assert (by.kind, by.path, by.accepted) == ("delta", case.by, False)
    assert any("changes" in each.text for each in report.remarks)


@pytest.mark.parametrize("name", NOTHING)
def test_excuses_nothing(name: str) -> None:
    case = NOTHING[name]
    report = _report(case)
    assert _conclusion(report) == "failure"
    assert all(each.acknowledged_by is None for each in report.findings)
    assert case.remark in " ".join(each.text for each in report.remarks)


def test_a_removal_without_a_reason_is_told() -> None:
    bare = _removed("Host-Aware Cleanup").replace("**Reason**: gone\n", "It is gone.\n")
    told = [each.text for each in _report(Case({DELTA: bare})).remarks]
    assert "“Host-Aware Cleanup” is removed without a reason: please give one." in told
    assert not any("reason" in each.text for each in _report(Case({DELTA: _removed("Host-Aware Cleanup")})).remarks)


@pytest.mark.parametrize(
    "case",
    [
        Case({MAIN: SPEC.replace(CLEANUP, SHORT)}, {MAIN: SPEC}),
        Case({MAIN: None}, {MAIN: SPEC}),
        Case({CONTRACT: None, OWN_ARCHIVED: ADDED, MAIN: SPEC.replace(CLEANUP, SHORT)}),
        Case({CONTRACT: None, OWN_ARCHIVED: ADDED, MAIN: SPEC.replace(CLEANUP, "")}),
        Case({CONTRACT: None}),
        Case({CONTRACT: ADDED.replace(CLEANUP, SHORT)}),
        Case({CONTRACT: ADDED.replace(CLEANUP, "")}),
        Case({CONTRACT: f"```\n{ADDED}"}),
        Case({CONTRACT: ADDED + "x" * (MAX_BLOB_BYTES + 1)}),
        Case({CONTRACT: ADDED.replace("Host-Aware Cleanup", "Something")}),
        Case({"openspec/changes/aaa/specs/workspace-runtime/spec.md": f"## ADDED Requirements\n\n{SHORT}"}),
        Case({DELTA: _modified(SHORT)}),
        Case({DELTA: _removed("Host-Aware Cleanup")}),
        Case({DELTA: _renamed("Host-Aware Cleanup", "Something")}),
        Case(
            {DELTA: None, ARCHIVED: _modified(SHORT), MAIN: SPEC.replace(CLEANUP, SHORT)},
            {MAIN: SPEC, DELTA: _modified(SHORT)},
        ),
        Case({DELTA: _modified(OTHER), MAIN: SPEC.replace(CLEANUP, SHORT)}, {MAIN: SPEC}),
    ],
)
def test_the_contract_never_changes_unseen(case: Case) -> None:
    """Also where no code is touched: then nothing fails, and it is said all the same."""
    report = _report(replace(case, edit=(STOP[0], STOP[0])))
    assert report.conclusion in ("skipped", "success")
    assert any(
        "Host-Aware Cleanup" in each.text or "without an OpenSpec change" in each.text for each in report.remarks
    )


def test_a_configured_contract() -> None:
    configured = WrittenContract(ADDED, "spec.md", "c" * 40, f"https://github.com/x/y/blob/{'c' * 40}/spec.md")
    report = _report(Case({}, {}), configured)
    assert report.contract.source == "configured"
    (finding,) = [each for each in report.findings if each.status == "introduced"]
    assert finding.citation is not None
    line = ADDED.split("\n").index("#### Scenario: Stop leaves time") + 1
    assert finding.citation.url == f"https://github.com/x/y/blob/{'c' * 40}/spec.md?plain=1#L{line}-L{line + 2}"
    assert _report(Case({DELTA: _modified(SHORT)}, {}), configured).conclusion == "action_required"
    assert _report(Case({DELTA: _modified(CLEANUP)}, {}), configured).conclusion == "failure"
