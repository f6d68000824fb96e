"""The one question the product answers: what does this change do to the contract?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache

from rules.causes import one_per_cause
from rules.compare import Judged, Places, Side, affected, fingerprint, judge
from rules.contract import Configured, ContractText, load_contract
from rules.deltas import read_deltas, words_of
from rules.governance import governance, linked_changes, validation
from rules.ledger import Kept, ledger
from rules.model import (
    Acknowledgement,
    Conclusion,
    Contract,
    Edit,
    Fact,
    Finding,
    Problem,
    Remark,
    Report,
    Sighting,
    Undecided,
    Violation,
)
from rules.policy import DEFAULT, Policy
from rules.registry import all_drift, all_rules, entry
from rules.sources.diff import Diff, FileDiff
from rules.sources.tree import Entry, Tree, Unreadable, read_text
from rules.waivers import Waiving, noted, read_waivers
from rules.workspace.image import DOCKERFILE, Image, load_image
from rules.workspace.image import NAME as IMAGE
from rules.workspace.template import MAX_TEMPLATES, Workspace, load_workspace, template_folders

MAX_REMEMBERED = 8
"""Trees whose findings are kept for the next review."""

MAX_TRIED_EDITS = 20
"""Suggestions that are tried out in one report; further findings come without one."""


@dataclass(frozen=True)
class Revisions:
    """Commit ids: the merge base, the head ("WORKTREE" for a working tree), and the tip of the base branch."""

    base: str
    head: str
    contract: str


@dataclass(frozen=True)
class Part:
    """What the rules saw in one template, or in the image.

    `files` are those it was made of, `asked` also those that were looked for in vain.
    """

    violations: tuple[Violation, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    drift: tuple[Sighting, ...] = ()
    files: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    @property
    def surfaces(self) -> frozenset[str]:
        """The top-level names of the repository that it depends on."""
        return frozenset(path.split("/")[0] for path in self.asked)


@dataclass(frozen=True)
class Examined:
    """One tree, evaluated: the image and each template by its folder."""

    image: Part
    templates: Mapping[str, Part]
    other_problems: tuple[Problem, ...] = ()
    policy: Policy = DEFAULT

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.image, *self.templates.values())

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        found = (*self.other_problems, *(problem for part in self.parts for problem in part.problems))
        return tuple(dict.fromkeys(found))

    @property
    def drift(self) -> tuple[Sighting, ...]:
        return tuple(sighting for part in self.parts for sighting in part.drift)

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset().union(*(part.files for part in self.parts))

    @cached_property
    def side(self) -> Side:
        return Side(
            tuple(violation for part in self.parts for violation in part.violations),
            tuple(undecided for part in self.parts for undecided in part.undecided),
            tuple(fact for part in self.parts for fact in part.facts),
            frozenset(problem.path for problem in self.problems),
        )


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
    before = examine(base, policy=policy)
    after = examine(head, before, diff, policy)
    text = load_contract(contract, revisions.contract, repository_url, configured)
    judged = one_per_cause(_one_per_line(_judged(base, head, contract, before, after, diff, today)), diff)
    deltas = read_deltas(base, head, text, diff, linked | linked_changes(head, description or ""))
    judged = [deltas.acknowledged(each) for each in judged]
    drift = ledger(before.drift, after.drift)
    judged += _notices(drift, judged, Places(before.side, after.side, diff))
    offered = _suggestions(judged, head, before, after)
    findings = tuple(_finding(each, text, offered.get(each.fingerprint)) for each in judged)
    undecided = _new_undecided(before.side.undecided, after.side.undecided)
    problems = (*_problems(before.problems, after.problems), *problems)
    touched = _touched(diff, before, after, policy) or any(problem.introduced for problem in problems)
    return Report(
        base=revisions.base,
        head=revisions.head,
        conclusion=_conclusion(findings, undecided, problems) if touched else "skipped",
        contract=text.contract,
        affected=affected(before.side, after.side, diff, _requirements(text)),
        findings=findings,
        drift=tuple(kept.drift for kept in drift),
        undecided=undecided,
        problems=problems,
        remarks=(
            *remarks,
            *(policy.remarks if touched else ()),
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
    base: Tree, head: Tree, tip: Tree, before: Examined, after: Examined, diff: Diff, today: date | None
) -> list[Judged]:
    """Every violation with its status, and with the waiver that lets it stand."""
    there, here = read_waivers(base, before.files, today), read_waivers(head, after.files, today)
    if not (there.found or here.found):
        return judge(before.side, after.side, diff)
    old, new = noted(before.side, there), noted(after.side, here)
    return Waiving(there, here, tip, diff).acknowledge(judge(old, new, diff), old, new)


def _notices(drift: tuple[Kept, ...], judged: list[Judged], places: Places) -> Iterator[Judged]:
    """What is back of the known drift, unless a rule speaks of it already: at that line, or of the same requirement."""
    introduced = [each for each in judged if each.status == "introduced"]
    lines = {(each.path, each.line) for each in introduced}
    requirements = {(each.path, entry(each.violation.rule).requirement) for each in introduced}
    for kept in drift:
        if kept.drift.change == "reintroduced":
            notice = places.place(kept.notice, "introduced", fingerprint(kept.notice))
            about = notice.path, entry(kept.drift.id).requirement
            if (notice.path, notice.line) not in lines and about not in requirements:
                yield notice


def examine(tree: Tree, known: Examined | None = None, diff: Diff | None = None, policy: Policy = DEFAULT) -> Examined:
    """Every rule on every governed template of one tree, and on the image.

    A template of `known`, another tree, is taken over where `diff` changes nothing near the files it was made of. The
    last trees are remembered: the base is the same for many pull requests.
    """
    return _examine(_Content(frozenset(tree.entries.items()), policy, tree, known, diff))


@dataclass(frozen=True)
class _Content:
    """A tree as the key of what was found in it under a policy: equal entries are equal content."""

    entries: frozenset[tuple[str, Entry]]
    policy: Policy
    tree: Tree = field(compare=False)
    known: Examined | None = field(compare=False)
    diff: Diff | None = field(compare=False)


@lru_cache(maxsize=MAX_REMEMBERED)
def _examine(content: _Content) -> Examined:
    tree, known, diff, policy = content.tree, content.known, content.diff, content.policy
    image = load_image(tree)
    folders = [name for name in template_folders(tree) if policy.governs(name)]
    excess = folders[MAX_TEMPLATES:]
    problems = [Problem(name, 1, f"is beyond the {MAX_TEMPLATES} templates analysed at once") for name in excess[:1]]
    changed = _changed_surfaces(diff) if diff is not None else frozenset()
    kept = known is not None and not known.image.surfaces & changed
    looked_at = known.image if known is not None and kept else _examine_image(image, policy)
    parts: dict[str, Part] = {}
    for folder in folders[:MAX_TEMPLATES]:
        same = known.templates.get(folder) if known is not None else None
        untouched = same is not None and not (same.surfaces | {folder.split("/")[0], IMAGE}) & changed
        parts[folder] = same if same is not None and untouched else _examine_template(tree, folder, image, policy)
    return Examined(looked_at, parts, tuple(problems), policy)


def standing_findings(
    tree: Tree, examined: Examined, contract: ContractText, today: date | None
) -> tuple[Finding, ...]:
    """Every violation of one tree, compared with nothing, and what is wrong with its waivers."""
    waivers = read_waivers(tree, examined.files, today)
    side = noted(examined.side, waivers)
    nothing = Diff(())
    waiving = Waiving(waivers, waivers, tree, nothing)
    judged = [waiving.acknowledged(each) for each in judge(side, side, nothing)]
    merged = one_per_cause(_one_per_line(judged), nothing)
    return tuple(_finding(each, contract, None) for each in merged)


def _changed_surfaces(diff: Diff) -> frozenset[str]:
    paths = (path for file in diff.files for path in (file.old_path, file.new_path) if path is not None)
    return frozenset(path.split("/")[0] for path in paths)


def _examine_template(tree: Tree, folder: str, image: Image, policy: Policy) -> Part:
    workspace = load_workspace(tree, folder, image, policy)
    violations, undecided = _reported(_checked(workspace), policy)
    return Part(
        violations,
        undecided,
        tuple(fact for fact in _template_facts(workspace) if not policy.ignores(fact.span.path)),
        tuple(problem for problem in workspace.problems if not policy.ignores(problem.path)),
        _sightings(
            (each.in_template(workspace) for each in all_drift() if each.in_template is not None), workspace.problems
        ),
        workspace.files,
        workspace.asked,
    )


def _reported(
    found: Iterable[Violation | Undecided], policy: Policy
) -> tuple[tuple[Violation, ...], tuple[Undecided, ...]]:
    """What the repository wants to be told of, at the level that it gives it."""
    seen = tuple(found)
    violations = (policy.judged(each) for each in seen if isinstance(each, Violation))
    undecided = (each for each in seen if isinstance(each, Undecided) and not policy.ignores(each.span.path))
    off = {rule for rule, severity in policy.severities if severity == "off"}
    return (
        tuple(each for each in violations if each is not None),
        tuple(each for each in undecided if each.rule not in off),
    )


def _examine_image(image: Image, policy: Policy) -> Part:
    checks = (rule.image_check for rule in all_rules() if rule.image_check is not None)
    violations, undecided = _reported((each for check in checks for each in check(image)), policy)
    return Part(
        violations,
        undecided,
        tuple(_image_facts(image)),
        image.problems,
        _sightings((each.in_image(image) for each in all_drift() if each.in_image is not None), image.problems),
        frozenset(path for path, _ in image.staged_files) | ({DOCKERFILE} if image.dockerfile else set()),
        frozenset({DOCKERFILE, *(source for source, _ in image.copies)}),
    )


def _sightings(found: Iterable[Iterable[Sighting]], problems: tuple[Problem, ...]) -> tuple[Sighting, ...]:
    """What is known of drift; in what could not be read in full, that something is not there is not known."""
    sightings = [each for item in found for each in item]
    unsure = [replace(each, state="unknown") if each.state == "absent" and problems else each for each in sightings]
    return tuple(unsure)


def _checked(workspace: Workspace) -> list[Violation | Undecided]:
    """What stands in several texts that a boot script can be is found once."""
    found: dict[object, list[Violation | Undecided]] = {}
    for variant in workspace.variants:
        own: dict[object, list[Violation | Undecided]] = defaultdict(list)
        for rule in all_rules():
            for each in rule.check(variant) if rule.check is not None else ():
                own[_place(each)].append(each)
        for place, several in own.items():
            if len(several) > len(found.get(place, ())):
                found[place] = several
    return [each for several in found.values() for each in several]


def _place(found: Violation | Undecided) -> object:
    """What is found and where: its words may tell of the text that it was found in."""
    what = found.evidence if isinstance(found, Violation) else found.reason
    return type(found), found.rule, found.template, found.address, what, found.span


def _template_facts(workspace: Workspace) -> Iterator[Fact]:
    """What stands in several texts that a boot script can be is one fact."""
    found: Counter[Fact] = Counter()
    for variant in workspace.variants:
        found |= Counter(fact for rule in all_rules() if rule.facts is not None for fact in rule.facts(variant))
    return found.elements()


def _image_facts(image: Image) -> Iterator[Fact]:
    for each in all_rules():
        if each.image_facts is not None:
            yield from each.image_facts(image)


def _requirements(contract: ContractText) -> dict[str, str]:
    return {
        each.id: contract.name(each.requirement)
        for each in all_rules()
        if each.id.startswith("INV-") or each.id == "BOOT"
    }


def _one_per_line(judged: list[Judged]) -> list[Judged]:
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


def _suggestions(judged: list[Judged], head: Tree, before: Examined, after: Examined) -> dict[str, Edit]:
    """The edits that are worth offering, by the fingerprint of their finding."""
    editable = [each for each in judged if each.status == "introduced" and each.violation.edit is not None]
    return {
        each.fingerprint: each.violation.edit
        for each in editable[:MAX_TRIED_EDITS]
        if each.violation.edit is not None and _helps(each.violation, each.violation.edit, head, before, after)
    }


def _finding(judged: Judged, contract: ContractText, suggestion: Edit | None) -> Finding:
    violation, found = judged.violation, entry(judged.violation.rule)
    # What the contract no longer has is only asked about.
    asked = contract.asks(violation.rule, found.requirement)
    return Finding(
        rule=violation.rule,
        requirement=contract.name(found.requirement),
        related=violation.related,
        status=judged.status,
        level=violation.level if asked or violation.level != "failure" else "warning",
        path=judged.path,
        line=judged.line,
        end_line=max(judged.line, violation.span.end if judged.path == violation.span.path else judged.line),
        template=violation.template,
        title=found.title,
        message=violation.message,
        why=found.why,
        fix=violation.fix or found.fix,
        suggestion=suggestion,
        trail=judged.trail,
        citation=contract.cite(violation.rule, found.requirement, words_of(violation)),
        acknowledged_by=judged.acknowledged_by,
        fingerprint=judged.fingerprint,
        anchor=judged.anchor,
    )


@dataclass(frozen=True)
class EditedTree:
    """A tree with one file's text replaced, to try a suggestion before it is offered."""

    tree: Tree
    path: str
    text: str

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return {**self.tree.entries, self.path: Entry("file", f"edited:{self.text}")}

    def read(self, path: str) -> bytes:
        return self.text.encode() if path == self.path else self.tree.read(path)


def _helps(violation: Violation, edit: Edit, head: Tree, before: Examined, after: Examined) -> bool:
    """Whether applying `edit` makes the violation go, brings none that the base lacks and leaves all readable."""
    try:
        text = _edited(read_text(head, edit.path), edit)
    except Unreadable:
        return False
    tried = examine(EditedTree(head, edit.path, text), after, Diff((FileDiff(edit.path, edit.path, ()),)), after.policy)

    def keys(examined: Examined) -> set[tuple[str, str, str, str]]:
        return {(v.rule, v.template, v.address, v.evidence) for v in examined.side.violations}

    own = {
        (violation.rule, template, violation.address, violation.evidence) for template in violation.template.split(", ")
    }
    return keys(tried) <= (keys(after) | keys(before)) - own and set(tried.problems) <= set(after.problems)


def _edited(text: str, edit: Edit) -> str:
    lines = text.split("\n")
    ending = "\r" if lines[edit.start - 1].endswith("\r") else ""
    lines[edit.start - 1 : edit.end] = [f"{line}{ending}" for line in edit.text.split("\n")] if edit.text else []
    return "\n".join(lines)


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
