"""The one question the product answers: what does this change do to the contract?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from rules.causes import one_per_cause, one_per_line, one_per_place
from rules.compare import Judged, Places, Side, affected, fingerprint, judge, renamed
from rules.contract import Configured, ContractText, load_contract
from rules.coverage import words_of
from rules.deltas import read_deltas
from rules.examination import Examined, examine
from rules.governance import governance, linked_changes, validation
from rules.ledger import Kept, ledger
from rules.model import (
    Acknowledgement,
    Conclusion,
    Contract,
    Edit,
    Finding,
    Problem,
    Remark,
    Report,
    Undecided,
    Violation,
)
from rules.policy import DEFAULT, Policy
from rules.prose import used_prose
from rules.registry import all_rules, entry
from rules.restorations import restorations
from rules.sources.diff import Diff
from rules.sources.tree import Tree
from rules.suggestions import helpful, on_lines
from rules.waivers import Waiving, noted, read_waivers
from rules.workspace.image import NAME as IMAGE


class Revisions(Struct, frozen=True):
    """Commit ids: the merge base, the head ("WORKTREE" for a working tree), and the tip of the base branch."""

    base: str
    head: str
    contract: str


def review(
    *,
    base: Tree,
    head: Tree,
    contract: Tree,
    diff: Diff,
    revisions: Revisions,
    repository_url: str | None,
    today: date | None = None,
    configured: Configured = lambda: None,
    linked: frozenset[str] = frozenset(),
    policy: Policy = DEFAULT,
    problems: tuple[Problem, ...] = (),
    remarks: tuple[Remark, ...] = (),
    description: str | None = None,
) -> Report:
    """Compare two trees under the contract that a third one holds.

    `repository_url` is the repository's web address, for permalinks; None where there is none. `today` decides which
    waivers have expired; without it none has. `configured` reads the contract that counts where the repository holds
    none. `linked` are the ids of OpenSpec changes that the pull request says it carries out. `policy` is what the
    repository decides; `problems` and `remarks` are what the caller has to say besides. `description` is the pull
    request's own text, with the name of its branch; None where there is no pull request.
    """
    before = examine(base, policy)
    after = examine(head, policy)
    old = renamed(before.side, after.side, diff)
    text = load_contract(contract, revisions.contract, repository_url, configured)
    found = _judged(base, head, contract, before, after, old, diff, today)
    judged = one_per_cause(_for_all_templates(found), diff)
    deltas = read_deltas(base, head, text, diff, linked | linked_changes(head, description or ""))
    judged = one_per_place(_asked(deltas.acknowledged(each), text) for each in judged)
    judged = one_per_line(judged)
    drift = ledger(before.drift, after.drift)
    judged += _notices(drift, judged, Places(old, after.side, diff))
    offered = helpful(judged, _edits(judged, diff, base, head), head, before, after)
    findings = tuple(_with_suggestion(_finding(each, text), each, offered, head, diff) for each in judged)
    undecided = _new_undecided(old.undecided, after.side.undecided)
    problems = (*_problems(before.problems, after.problems), *problems)
    touched = _touched(diff, before, after, policy) or any(problem.introduced for problem in problems)
    return Report(
        base=revisions.base,
        head=revisions.head,
        conclusion=_conclusion(findings, undecided, problems) if touched else "skipped",
        contract=text.contract,
        affected=affected(old, after.side, _requirements(text)),
        findings=findings,
        drift=tuple(kept.drift for kept in drift),
        undecided=undecided,
        problems=problems,
        remarks=(
            *remarks,
            *(policy.remarks if touched else ()),
            *(used_prose(after.files) if touched else ()),
            *text.remarks(),
            *deltas.remarks(findings),
            *governance(head, diff, text, description),
        ),
        validation=tuple(validation(base, head, diff)),
        governed=tuple(after.templates),
    )


def untouched(base: str, head: str) -> Report:
    """The report on a change of which the paths alone say that it touches nothing governed. No contract was read."""
    return Report(base, head, "skipped", Contract("bundled", "", "", None))


def _judged(
    base: Tree, head: Tree, tip: Tree, before: Examined, after: Examined, old: Side, diff: Diff, today: date | None
) -> list[Judged]:
    """Every violation with its status and its waiver. `old` is the side of `before`, in the names of the head."""
    there, here = read_waivers(base, before.files, today), read_waivers(head, after.files, today)
    old, new = noted(old, there), noted(after.side, here)
    if not (there.found or here.found):
        judged = judge(old, new, diff)
    else:
        judged = Waiving(there, here, tip, diff).acknowledge(judge(old, new, diff), old, new)
    return [each for each in judged if each.status != "fixed" or not _may_be_there(each.violation, before, after)]


def _may_be_there(gone: Violation, before: Examined, after: Examined) -> bool:
    """Whether what is no longer found may stand in a part of the scripts that only the head keeps from us."""
    old, new = (each.templates.get(gone.template) for each in (before, after))
    known = {problem.message for problem in old.unseen} if old is not None else set()
    hidden = (problem for problem in (new.unseen if new is not None else ()) if problem.message not in known)
    scripts = next((each.scripts for each in all_rules() if each.id == gone.rule), frozenset())
    return any(problem.scripts & scripts for problem in hidden)


def _notices(drift: tuple[Kept, ...], judged: list[Judged], places: Places) -> Iterator[Judged]:
    """What is back of the known drift, unless a rule speaks of it already: at that line, or of the same requirement."""
    introduced = [each for each in judged if each.status == "introduced"]
    lines = {(each.path, each.line) for each in introduced}
    requirements = {(e.path, entry(v.rule).requirement) for e in introduced for v in (e.violation, *e.along)}
    for kept in drift:
        if kept.drift.change == "reintroduced":
            notice = places.place(kept.notice, "introduced", fingerprint(kept.notice))
            about = notice.path, entry(kept.drift.id).requirement
            if (notice.path, notice.line) not in lines and about not in requirements:
                yield notice


def standing_findings(
    tree: Tree, examined: Examined, contract: ContractText, today: date | None
) -> tuple[Finding, ...]:
    """Every violation of one tree, compared with nothing, and what is wrong with its waivers."""
    waivers = read_waivers(tree, examined.files, today)
    side = noted(examined.side, waivers)
    nothing = Diff(())
    waiving = Waiving(waivers, waivers, tree, nothing)
    judged = [waiving.acknowledged(each) for each in judge(side, side, nothing)]
    merged = one_per_place(_asked(each, contract) for each in one_per_cause(_for_all_templates(judged), nothing))
    return tuple(_finding(each, contract) for each in merged)


def _requirements(contract: ContractText) -> dict[str, str]:
    return {
        each.id: contract.name(each.requirement)
        for each in all_rules()
        if each.id.startswith("INV-") or each.id == "BOOT"
    }


def _for_all_templates(judged: list[Judged]) -> list[Judged]:
    """One finding a cause: the same line found for several templates is said once, for all of them."""
    merged: dict[tuple[str, str, str, int, str, str, Acknowledgement | None], Judged] = {}
    for each in judged:
        violation = each.violation
        place = (each.path, each.line)
        key = (violation.rule, each.status, *place, violation.address, violation.evidence, each.acknowledged_by)
        first = merged.get(key)
        if first is None:
            merged[key] = each
            continue
        names = {*first.violation.template.split(", "), violation.template}
        merged[key] = replace(first, violation=replace(first.violation, template=", ".join(sorted(names))))
    return list(merged.values())


def _asked(judged: Judged, contract: ContractText) -> Judged:
    """What the contract no longer has is only asked about."""
    violation = judged.violation
    if violation.level != "failure" or contract.asks(violation.rule, entry(violation.rule).requirement):
        return judged
    return replace(judged, violation=replace(violation, level="warning"))


def _edits(judged: Iterable[Judged], diff: Diff, base: Tree, head: Tree) -> dict[str, list[Edit]]:
    """What could make each finding go: what its rule says, and what puts back what the change took away."""
    found: dict[str, list[Edit]] = {}
    for each in judged:
        if each.status == "introduced":
            own, restored = each.violation.edit, restorations(each, diff, base, head)
            # What is put in somewhere is better put back where it stood.
            inserts = own is not None and own.end < own.start
            edits = (*restored, own) if inserts else (own, *restored)
            found[each.fingerprint] = [edit for edit in edits if edit is not None]
    return found


def _with_suggestion(finding: Finding, judged: Judged, offered: Mapping[str, Edit], head: Tree, diff: Diff) -> Finding:
    edit = offered.get(judged.fingerprint)
    if edit is None:
        return finding
    suggestion, anchor = on_lines(edit, judged, head, diff)
    return replace(finding, suggestion=suggestion, anchor=anchor)


def _finding(judged: Judged, contract: ContractText) -> Finding:
    violation, found = judged.violation, entry(judged.violation.rule)
    return Finding(
        rule=violation.rule,
        requirement=contract.name(found.requirement),
        related=_related(judged),
        status=judged.status,
        level=violation.level,
        path=judged.path,
        line=judged.line,
        end_line=max(judged.line, violation.span.end if judged.path == violation.span.path else judged.line),
        template=violation.template,
        title=found.title,
        message=_message(judged),
        why=violation.why or found.why,
        fix="\n".join(dict.fromkeys(each.fix or entry(each.rule).fix for each in (violation, *judged.along))),
        suggestion=None,
        trail=judged.trail,
        citation=contract.cite(violation.rule, found.requirement, words_of(violation)),
        acknowledged_by=judged.acknowledged_by,
        fingerprint=judged.fingerprint,
        anchor=judged.anchor,
        along=tuple(dict.fromkeys(each.rule for each in judged.along if each.rule != violation.rule)),
        listed=judged.listed,
    )


def _message(judged: Judged) -> str:
    lead = judged.violation
    others = (each.message if each.rule == lead.rule else f"{each.rule}: {each.message}" for each in judged.along)
    return " ".join(dict.fromkeys((lead.message, *others)))


def _related(judged: Judged) -> tuple[str, ...]:
    """The other ids that are true there: those of what stands on the line too come first."""
    told = (judged.violation, *judged.along)
    ids = (*(each.rule for each in judged.along), *(id_ for each in told for id_ in each.related))
    return tuple(dict.fromkeys(id_ for id_ in ids if id_ != judged.violation.rule))


def _new_undecided(before: tuple[Undecided, ...], after: tuple[Undecided, ...]) -> tuple[Undecided, ...]:
    """What the head leaves open and the base did not."""
    old = {(u.rule, u.template, u.address, u.reason) for u in before}
    return tuple(dict.fromkeys(u for u in after if (u.rule, u.template, u.address, u.reason) not in old))


def _problems(before: tuple[Problem, ...], after: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Problems of the head, and whether it brought them; then those of the base only."""
    old = {(p.path, p.message) for p in before}
    new = {(p.path, p.message) for p in after}
    found = [replace(p, side="head", introduced=(p.path, p.message) not in old) for p in after]
    found += [replace(p, side="base") for p in before if (p.path, p.message) not in new]
    return tuple(found)


def _touched(diff: Diff, before: Examined, after: Examined, policy: Policy) -> bool:
    """Whether the diff touches a governed surface: a file that a template is made of, its folder's code, the image."""
    files = before.files | after.files
    code = (".tf", ".tf.json", ".tfvars", ".tfvars.json", ".sh", ".tpl", ".tftpl")
    folders = {f"{name}/" for name in (*before.templates, *after.templates)}
    for file in diff.files:
        for path in {file.old_path, file.new_path} - {None}:
            assert path is not None
            if policy.ignores(path):
                continue
            in_folder = path.endswith(code) and any(path.startswith(folder) for folder in folders)
            if path in files or in_folder or path.startswith(f"{IMAGE}/"):
                return True
    return False


def accept(report: Report, notes: Mapping[str, str]) -> Report:
    """The report in which a maintainer lets findings stand that the change introduces.

    `notes` say by whom, when and why, by the finding's fingerprint. Nothing else is let stand by them.
    """

    def accepted(finding: Finding) -> Finding:
        by = finding.acknowledged_by
        if finding.status != "introduced" or finding.fingerprint not in notes or (by is not None and by.accepted):
            return finding
        note = notes[finding.fingerprint]
        return replace(finding, acknowledged_by=Acknowledgement("comment", "", 0, accepted=True, note=note))

    findings = tuple(map(accepted, report.findings))
    if report.conclusion == "skipped":
        return replace(report, findings=findings)
    return replace(report, findings=findings, conclusion=_conclusion(findings, report.undecided, report.problems))


def _conclusion(
    findings: tuple[Finding, ...], undecided: tuple[Undecided, ...], problems: tuple[Problem, ...]
) -> Conclusion:
    introduced = [each for each in findings if each.status == "introduced" and each.acknowledged_by is None]
    if any(finding.level == "failure" for finding in introduced):
        return "failure"
    if any(finding.acknowledged_by and not finding.acknowledged_by.accepted for finding in findings):
        return "action_required"
    open_questions = undecided or any(problem.introduced for problem in problems)
    if open_questions or any(finding.level == "warning" for finding in introduced):
        return "neutral"
    return "success"
