"""Does the contract describe what is there? Every requirement held against every template, at one revision.

    broken           a violation that is certain: of the requirement's own rule, of a rule that stands for it, or of one
                     that names it as equally true
    undecided        only questions (warnings), or something that bears on it and cannot be known or read, as a part of
                     a script that it rests on, or nothing that checks it, or nothing found that it could rest on
    holds            none of these; the evidence is what enforces it. A forbidden behaviour that is not there has none
    not-applicable   the template is not governed

What the rules see in the image counts for every template, because they all run in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.contract import Configured, ContractText, load_contract
from rules.engine import standing_findings
from rules.examination import Examined, Part, examine
from rules.ledger import standing
from rules.model import Contract, Drift, Finding, Problem, Remark, Step, Violation
from rules.policy import DEFAULT, Policy
from rules.registry import Rule, all_rules, rule
from rules.sources.tree import Tree
from rules.validate.contract import stale
from rules.workspace.template import template_folders

Outcome = Literal["holds", "broken", "undecided", "not-applicable"]

MAX_TEXT = 300
"""Characters of one line of evidence."""

STORAGE = "Two-Volume Persistence Model"

OF_NEW_CODE = frozenset({("F-8", "INV-9")})
"""Rules, each with a requirement that it stands for and that forbids the same in new code only."""

NOT_NEW = "The contract forbids that in new code; whether this is new, one revision does not say."
NOT_CHECKED = "no rule checks this requirement by itself; these are the lines that enforce it"
NOTHING_FOUND = "nothing was found in this template or its image that enforces this requirement"


class Verdict(Struct, frozen=True):
    """How one requirement stands in one template. `evidence` are lines of the repository, by path and line."""

    id: str
    requirement: str
    verdict: Outcome
    evidence: tuple[Step, ...] = ()


class AuditedTemplate(Struct, frozen=True):
    name: str
    governed: bool
    requirements: tuple[Verdict, ...]


class Audit(Struct, frozen=True):
    """The answer for one revision. All findings have the status ``preexisting``: nobody is blamed.

    `notes` say where the contract itself does not fit what is there, or cannot be checked in full.
    """

    rev: str
    templates: tuple[AuditedTemplate, ...]
    findings: tuple[Finding, ...]
    drift: tuple[Drift, ...] = ()
    problems: tuple[Problem, ...] = ()
    contract: Contract | None = None
    notes: tuple[Remark, ...] = ()


def audit(
    tree: Tree,
    rev: str,
    repository_url: str | None,
    today: date | None = None,
    policy: Policy = DEFAULT,
    configured: Configured = lambda: None,
    remarks: tuple[Remark, ...] = (),
) -> Audit:
    """Hold the whole contract against one tree, which is revision `rev` of the repository at `repository_url`.

    A waiver changes no verdict. `today` decides which of them have expired; without it none has. `configured` reads the
    contract that counts where the tree holds none. `remarks` are what the caller has to say besides.
    """
    examined = examine(tree, policy)
    contract = load_contract(tree, rev, repository_url, configured)
    governed = tuple(_governed(tree, name, part, examined, contract) for name, part in examined.templates.items())
    others = [name for name in template_folders(tree) if not policy.governs(name)]
    templates = (*governed, *(_not_governed(name, contract) for name in others))
    return Audit(
        rev,
        tuple(sorted(templates, key=lambda template: template.name)),
        standing_findings(tree, examined, contract, today),
        standing(examined.drift),
        examined.problems,
        contract.contract,
        (*remarks, *policy.remarks, *contract.remarks(), *_misfits(tree, contract, examined)),
    )


def _misfits(tree: Tree, contract: ContractText, examined: Examined) -> Iterator[Remark]:
    """Where the contract no longer fits the tree: it is as likely to be out of date as the code is to be wrong."""
    if contract.contract.source == "bundled":
        return
    yield from (Remark(issue.path, issue.line, issue.message) for issue in stale(tree, contract))
    volumes = contract.written(STORAGE)
    further = [each for part in examined.parts for each in part.violations if each.rule == "F-7"]
    if volumes is not None and further:
        places = sorted({f"{each.span.path}:{each.span.start}" for each in further})
        told = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
        text = f"“{volumes.name}” knows no further storage, and there is some ({told}): one of the two has to change."
        yield Remark(volumes.path, volumes.start, text)


def requirements() -> tuple[Rule, ...]:
    """What the contract asks, in its order: INV-1 … INV-9, BOOT, F-1 … F-10. Rules of our own are no requirements."""
    return tuple(each for each in all_rules() if not each.id.startswith("W-"))


def _not_governed(name: str, contract: ContractText) -> AuditedTemplate:
    verdicts = (Verdict(each.id, contract.name(each.requirement), "not-applicable") for each in requirements())
    return AuditedTemplate(name, governed=False, requirements=tuple(verdicts))


def _governed(tree: Tree, name: str, part: Part, examined: Examined, contract: ContractText) -> AuditedTemplate:
    start = next(path for path in sorted(tree.entries) if path.startswith(f"{name}/") and path.endswith(".tf"))
    verdicts = (_verdict(each, part, examined.image, Step(start, 1, "")) for each in requirements())
    # The text in force says what a requirement is called.
    named = tuple(replace(each, requirement=contract.name(each.requirement)) for each in verdicts)
    return AuditedTemplate(name, governed=True, requirements=named)


def _verdict(requirement: Rule, part: Part, image: Part, start: Step) -> Verdict:
    """`start` is the place in the template where to say what has no other place."""
    violations = [each for each in _told_once((*part.violations, *image.violations)) if _bears_on(each, requirement)]
    dated = [each for each in violations if (each.rule, requirement.id) in OF_NEW_CODE]
    violations = [each for each in violations if each not in dated]
    certain = [each for each in violations if each.level == "failure"]
    open_ = [*_violated(each for each in violations if each.level == "warning"), *_open(requirement, part, image)]
    open_ += [replace(step, text=f"{step.text} {NOT_NEW}") for step in _violated(dated)]
    facts = [fact for fact in (*part.facts, *image.facts) if fact.id == requirement.id]
    enforced = [Step(fact.span.path, fact.span.start, f"{fact.what}: {fact.value}") for fact in facts]

    def told(verdict: Outcome, evidence: Iterable[Step]) -> Verdict:
        return Verdict(requirement.id, requirement.requirement, verdict, tuple(_in_order(evidence)))

    if certain:
        return told("broken", _violated(certain))
    if open_:
        return told("undecided", open_)
    if requirement.check is None and requirement.image_check is None:
        return told("undecided", [Step(start.path, start.line, NOT_CHECKED), *enforced])
    if not enforced and not requirement.id.startswith("F-"):
        return told("undecided", [Step(start.path, start.line, NOTHING_FOUND)])
    return told("holds", enforced)


def _bears_on(violation: Violation, requirement: Rule) -> bool:
    if requirement.id in (violation.rule, *violation.related):
        return True
    # A rule of our own belongs to the requirement that it names; the forbidden behaviours share one name.
    return violation.rule.startswith("W-") and rule(violation.rule).requirement == requirement.requirement


def _told_once(violations: Sequence[Violation]) -> Iterator[Violation]:
    """Without what a forbidden behaviour at the same place says already."""
    forbidden = [each for each in violations if each.rule.startswith("F-")]
    told = {(each.address, each.template, related) for each in forbidden for related in each.related}
    return (each for each in violations if (each.address, each.template, each.rule) not in told)


def _violated(violations: Iterable[Violation]) -> Iterator[Step]:
    return (Step(each.span.path, each.span.start, each.message) for each in violations)


def _open(requirement: Rule, part: Part, image: Part) -> Iterator[Step]:
    """What cannot be known or read, and could change the verdict."""
    own = [each for each in (*part.undecided, *image.undecided) if each.rule == requirement.id]
    yield from (Step(each.span.path, each.span.start, each.reason) for each in own)
    asked = {(each.span.path, each.span.start) for each in own}
    for unseen in part.unseen:
        if unseen.scripts & requirement.scripts and (unseen.path, unseen.line) not in asked:
            yield Step(unseen.path, unseen.line, unseen.message)
    rests_on_image = requirement.image_check is not None or requirement.image_facts is not None
    bearing = (each for each in part.problems if not each.scripts or each.scripts & requirement.scripts)
    for problem in (*bearing, *(image.problems if rests_on_image else ())):
        said = (
            f"it {problem.message}"
            if problem.message.startswith(("is ", "has ", "does ", "nests "))
            else problem.message
        )
        yield Step(problem.path, problem.line, f"could not be read: {said}")


def _in_order(evidence: Iterable[Step]) -> list[Step]:
    cut = (Step(each.path, each.line, _shortened(" ".join(each.text.split()))) for each in evidence)
    return sorted(dict.fromkeys(cut), key=lambda each: (each.path, each.line))


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
