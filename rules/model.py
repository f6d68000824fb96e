"""Plain, frozen data that every layer shares. Nothing in here computes."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["base", "head"]
Level = Literal["failure", "warning", "notice"]
Status = Literal["introduced", "preexisting", "fixed"]
Conclusion = Literal["success", "failure", "action_required", "neutral", "skipped"]
ScriptKind = Literal["boot", "stop", "start", "host"]
"""The agent's startup script; what runs on stop; other scripts of the workspace; commands on the Coder host."""
ContractSource = Literal["repository", "configured", "bundled"]


class Span(Struct, frozen=True, order=True):
    """Lines `start` to `end` of a repository file, 1-based and inclusive."""

    path: str
    start: int
    end: int


REMOVED = "removed: "
"""How the text of a step begins that stands on a line of the base which the change removes."""


class Step(Struct, frozen=True):
    """One stop on the way from where a value is written to where it takes effect."""

    path: str
    line: int
    text: str


class Edit(Struct, frozen=True):
    """Whole lines `start` to `end` (1-based, inclusive) of `path` at the head, replaced by `text` (no final newline).

    An empty `text` deletes the lines; where `end` is before `start`, `text` comes in front of line `start`.
    """

    path: str
    start: int
    end: int
    text: str


class Violation(Struct, frozen=True):
    """What one rule found in one tree, before anything is compared.

    `address` says logically where (``docker_container.workspace/volumes``), `evidence` what, fully resolved
    (``host_path=/var/run/docker.sock``). Together with the rule and the template they identify it across revisions, so
    neither may hold a line number or the text of a whole block. `span` is the line a person would change; `trail`
    leads from there to the effect. `lost` names the `Fact` whose absence is the violation: if the base has it, the
    finding stands where it was. `why` is what goes wrong and `fix` what to write in this very case; empty where the
    rule's page says it.
    """

    rule: str
    template: str
    address: str
    evidence: str
    span: Span
    level: Level
    message: str
    trail: tuple[Step, ...] = ()
    related: tuple[str, ...] = ()
    edit: Edit | None = None
    lost: str | None = None
    fix: str = ""
    why: str = ""


class Undecided(Struct, frozen=True):
    """Something that a rule would need to know and cannot. Never a violation, never dropped."""

    rule: str
    template: str
    address: str
    span: Span
    reason: str


class Fact(Struct, frozen=True):
    """One thing that enforces requirement `id` in one tree: `what` has `value` (both as a person would say them).

    `through` are the calls that lead to it: where one of them goes, it goes. `sense` is what `value` comes to, whatever
    its spelling; empty where that is `value` itself.
    """

    id: str
    template: str
    what: str
    value: str
    span: Span
    through: tuple[Span, ...] = ()
    sense: str = ""


class Change(Struct, frozen=True):
    """What a pull request changes about a requirement. `None` on a side: not there."""

    what: str
    before: str | None
    after: str | None


class SideSpan(Struct, frozen=True):
    span: Span
    side: Side


class Affected(Struct, frozen=True):
    """A requirement whose enforcement a pull request touches."""

    id: str
    requirement: str
    spans: tuple[SideSpan, ...]
    changes: tuple[Change, ...]


class Citation(Struct, frozen=True):
    """Lines of the contract. `url` is a permalink, or None where the text has no public place.

    `part` names the clause of the requirement that is meant, in words; None for the whole.
    """

    path: str
    start: int
    end: int
    url: str | None
    part: str | None = None


class Remark(Struct, frozen=True):
    """Something about the written contract that a reader should know. It never decides a verdict."""

    path: str
    line: int
    text: str


class Acknowledgement(Struct, frozen=True):
    """What says that a violation is meant. `accepted`: a maintainer has decided so already, and nobody has to.

    A delta and a waiver stand in the repository; a comment on the pull request has no path, and `note` says whose it
    is, when it was written and why.
    """

    kind: Literal["delta", "waiver", "comment"]
    path: str
    line: int
    accepted: bool = False
    note: str = ""


class Anchor(Struct, frozen=True):
    """Where a review comment may stand: lines inside one hunk. `start` equals `end` for a single line."""

    path: str
    side: Literal["LEFT", "RIGHT"]
    start: int
    end: int


class Finding(Struct, frozen=True):
    """A violation after comparison, with all that a reader needs. `anchor` is None where no diff line fits.

    `along` are the ids of other rules whose findings on its line it tells too. listed: `fix` says, one a line, all that
    `message` only names.
    """

    rule: str
    requirement: str
    related: tuple[str, ...]
    status: Status
    level: Level
    path: str
    line: int
    end_line: int
    template: str
    title: str
    message: str
    why: str
    fix: str
    suggestion: Edit | None
    trail: tuple[Step, ...]
    citation: Citation | None
    acknowledged_by: Acknowledgement | None
    fingerprint: str
    anchor: Anchor | None
    along: tuple[str, ...] = ()
    listed: bool = False


class Sighting(Struct, frozen=True):
    """What one tree, or one template of it, says of an item of known drift.

    unknown: it cannot be told, so that nothing is said of a change. `message` says what is there; `source` what items
    that look at several templates compare.
    """

    id: str
    state: Literal["present", "absent", "unknown"]
    span: Span
    message: str = ""
    source: str = ""


class Drift(Struct, frozen=True):
    """Where an item of known drift stands at the head, and what the pull request did about it.

    `path` and `line` are of the head, for what was fixed of the base.
    """

    id: str
    state: Literal["present", "absent"]
    change: Literal["fixed", "reintroduced", "none"]
    path: str
    line: int


class Contract(Struct, frozen=True):
    """Which text of the contract the citations point at."""

    source: ContractSource
    path: str
    rev: str
    url: str | None


class Problem(Struct, frozen=True):
    """Input that could not be read as what it is: broken syntax, a file over a bound, a link out of the tree.

    `introduced` is True when only the head has it. `scripts` are the kinds of script that it is in, none for Terraform.
    """

    path: str
    line: int
    message: str
    side: Side = "head"
    introduced: bool = False
    scripts: frozenset[ScriptKind] = frozenset()


class Report(Struct, frozen=True):
    """The answer to one comparison. Findings are sorted by path and line; nothing in it depends on time."""

    base: str
    head: str
    conclusion: Conclusion
    contract: Contract
    affected: tuple[Affected, ...] = ()
    findings: tuple[Finding, ...] = ()
    drift: tuple[Drift, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    validation: tuple[Remark, ...] = ()
    governed: tuple[str, ...] = ()
