"""Whether a pull request changes, in the open, the part of the contract that it breaks.

Five ways to change a requirement, by OpenSpec's process: a delta *carried* by the pull request modifies, removes or
renames it; the change that adds it, merged but not archived, is *edited in place*; a delta that the base has already is
*pending*, and the pull request says that it carries it out; a change is *archived here*, and the spec follows it. The
fifth, a spec edited without any change, is told and excuses nothing.

A delta excuses a finding only if its change is valid, if it names the requirement exactly, and if what it writes no
longer asks for what was found: by the item, or by the bullet of a scenario or the sentence that speaks of it. It never
makes a success: a maintainer decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from rules.compare import Judged
from rules.contract import (
    MAIN_SPEC,
    CapabilityChange,
    Clause,
    ContractText,
    Written,
    changes_of,
    load_contract,
    written,
)
from rules.coverage import lifts, same_words
from rules.model import Acknowledgement, Finding, Remark, Violation
from rules.registry import Rule, entry
from rules.sources.diff import Diff
from rules.sources.openspec.blocks import fold
from rules.sources.openspec.layout import CHANGES, SPECS
from rules.sources.tree import Tree, Unreadable, read_text

_BOX = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s*\[[xX]\]\s")
_QUOTED = re.compile(r"`([^`]+)`")


def words_of(violation: Violation) -> tuple[str, ...]:
    """The words by which a violation finds the clause that it breaks: those that its rule has for it, else its own."""
    found = entry(violation.rule)
    theirs = found.clause_words(violation.address, violation.evidence) if isinstance(found, Rule) else None
    if theirs is not None:
        return (theirs,)
    quoted = _QUOTED.findall(violation.message)
    return (violation.address, violation.evidence, violation.lost or "", *quoted)


@dataclass(frozen=True)
class Amendment:
    """What one change does to one requirement of the contract: the clauses that it changes, and where it says so.

    `texts` are what it writes in its place, each of which has to let a finding stand: () where it only renames.
    `complete` stands for a removal. `fault` says why it excuses nothing; empty where it may.
    """

    change: str
    requirement: Written
    path: str
    line: int
    clauses: frozenset[tuple[str, str]]
    texts: tuple[Written, ...] = ()
    complete: bool = False
    renames: bool = False
    fault: str = ""

    def covers(self, violation: Violation, *, comparable: bool) -> bool:
        """Whether it changes what `violation` breaks, so that this is no longer asked."""
        if self.fault:
            return False
        if self.complete:
            return True
        item = self.requirement.item(violation.rule)
        if item is not None:
            return bool(self.texts) and all(_lets_go(item, text, comparable=comparable) for text in self.texts)
        words = words_of(violation)
        return all(lifts(violation, words, self.requirement, text, comparable=comparable) for text in self.texts)


@dataclass(frozen=True)
class Deltas:
    """Everything that a pull request does to the contract's text."""

    contract: ContractText
    amendments: tuple[Amendment, ...]
    others: tuple[Remark, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether the text in force has the words that a delta was written against; our own summary has others."""
        return self.contract.contract.source != "bundled"

    def acknowledged(self, judged: Judged) -> Judged:
        """The finding, with the delta that changes what it breaks, if there is one."""
        violation = judged.violation
        if judged.status != "introduced" or judged.acknowledged_by is not None:
            return judged
        requirement = self.contract.written(entry(violation.rule).requirement)
        if requirement is None or violation.rule.startswith(("W-", "D-")):
            return judged
        for amendment in self.amendments:
            if amendment.requirement.key == requirement.key and amendment.covers(violation, comparable=self.comparable):
                return replace(judged, acknowledged_by=Acknowledgement("delta", amendment.path, amendment.line))
        return judged

    def remarks(self, findings: Iterable[Finding]) -> Iterator[Remark]:
        """What the pull request changes in the contract, and why it excuses nothing where it does not."""
        open_ = [each for each in findings if each.status == "introduced" and each.acknowledged_by is None]
        used = {(each.acknowledged_by.path, each.acknowledged_by.line) for each in findings if each.acknowledged_by}
        yield from self.others
        for each in self.amendments:
            name = each.requirement.name
            broken = sorted({finding.rule for finding in open_ if finding.requirement == name})
            if each.fault:
                yield Remark(each.path, each.line, f"The delta for “{name}” excuses nothing: {each.fault}.")
            elif broken and (each.path, each.line) not in used:
                text = f"The delta changes “{name}”, but not the part that is broken here ({', '.join(broken)}): "
                yield Remark(each.path, each.line, f"{text}it excuses nothing.")
            else:
                yield Remark(each.path, each.line, f"This pull request changes “{name}” by the change '{each.change}'.")


def read_deltas(base: Tree, head: Tree, contract: ContractText, diff: Diff, linked: frozenset[str]) -> Deltas:
    """What the step from `base` to `head` does to `contract`, the text in force."""
    if not any(path.startswith("openspec/") for path in _paths(diff)) and not linked:
        return Deltas(contract, ())
    reading = _Reading(base, head, contract, diff, linked)
    return Deltas(contract, tuple(reading.amendments()), tuple(reading.others()))


@dataclass(frozen=True)
class _Reading:
    base: Tree
    head: Tree
    contract: ContractText
    diff: Diff
    linked: frozenset[str]

    @cached_property
    def touched(self) -> frozenset[str]:
        return frozenset(_paths(self.diff))

    @cached_property
    def old(self) -> dict[str, CapabilityChange]:
        return {change.path: change for change in changes_of(self.base)}

    @cached_property
    def new(self) -> tuple[CapabilityChange, ...]:
        return tuple(changes_of(self.head))

    @cached_property
    def gone(self) -> frozenset[str]:
        """Deltas of the base that the head does not have."""
        return frozenset(self.old) - {change.path for change in self.new}

    @cached_property
    def invalid(self) -> frozenset[str]:
        """Changes of the head in which `openspec validate` finds an error."""
        # Few changes bring a delta: the others need not wait for this to load.
        from rules.validate.openspec.report import validate_openspec  # noqa: PLC0415

        items = validate_openspec(self.head).items
        return frozenset(item.id for item in items if item.type == "change" and not item.valid)

    def amendments(self) -> Iterator[Amendment]:
        for change in self.new:
            if not change.archived:
                yield from self.carried(change)
        yield from self.edited_in_place()
        yield from self.archived_here()

    def carried(self, change: CapabilityChange) -> Iterator[Amendment]:
        """What an active change of the head does; what the base has already counts if the pull request is for it."""
        earlier = self.old.get(change.path)
        known = {_content(each) for each in _entries(earlier, self.contract)} if earlier else set()
        for each in _entries(change, self.contract):
            pending = _content(each) in known
            if pending and not self.is_linked(change):
                continue
            yield replace(each, fault=self.fault(each))

    def fault(self, amendment: Amendment) -> str:
        if amendment.change in self.invalid:
            return f"'openspec validate {amendment.change}' finds an error in it"
        if amendment.fault or amendment.complete or amendment.renames or amendment.clauses:
            return amendment.fault
        return "it says what the contract says already"

    def is_linked(self, change: CapabilityChange) -> bool:
        """Whether the pull request says that it carries `change` out: by its id, or by a task that it ticks."""
        if change.id in self.linked:
            return True
        file = self.diff.file(f"{change.folder}/tasks.md", "head")
        if file is None or file.new_path is None:
            return False
        try:
            lines = read_text(self.head, file.new_path).split("\n")
        except Unreadable:
            return False
        added = (number for hunk in file.hunks for number in hunk.added)
        return any(_BOX.match(lines[number - 1]) for number in added if number <= len(lines))

    def edited_in_place(self) -> Iterator[Amendment]:
        """Requirements that an active change of the base adds, and whose text the head has in another form."""
        for path, change in self.old.items():
            if change.archived or path not in self.touched:
                continue
            now = next((each for each in self.new if each.path == path), None) or self.moved(change)
            if now is None and any(each.archived and _original(each.id) == change.id for each in self.new):
                continue
            after = {block.key: block for block in now.delta.added} if now else {}
            gone = [block for block in change.delta.added if block.key not in after]
            come = [block for key, block in after.items() if key not in {b.key for b in change.delta.added}]
            for block in change.delta.added:
                requirement = self.contract.requirements.get(block.name)
                if requirement is None or requirement.path != path:
                    continue
                earlier = written(block, change.delta.items, change.delta.text, path, None)
                later = after.get(block.key) or (come[0] if len(gone) == len(come) == 1 else None)
                if later is None or now is None:
                    line = min(now.delta.operations.values(), default=0) + 1 if now else 1
                    gone_from = now.path if now else f"{change.folder}/proposal.md"
                    found = Amendment(change.id, requirement, gone_from, line, frozenset(), complete=True)
                else:
                    rewritten = written(later, now.delta.items, now.delta.text, now.path, None)
                    clauses, renames = _changed(earlier, rewritten), later.key != block.key
                    if not clauses and not renames:
                        continue
                    texts = (rewritten,) if clauses else ()
                    found = Amendment(now.id, requirement, now.path, later.start, clauses, texts, renames=renames)
                only_name = found.renames and not found.clauses
                yield replace(found, fault="only its name is edited" if only_name else self._valid(found.change))

    def moved(self, change: CapabilityChange) -> CapabilityChange | None:
        """The active change that adds, at the head, what `change` added at the base under another id."""
        keys = {block.key for block in change.delta.added}
        return next(
            (
                each
                for each in self.new
                if not each.archived and each.path not in self.old and keys & {b.key for b in each.delta.added}
            ),
            None,
        )

    def _valid(self, change: str) -> str:
        return f"'openspec validate {change}' finds an error in it" if change in self.invalid else ""

    def archived_here(self) -> Iterator[Amendment]:
        """Requirements of the main spec that the head changes while it archives a change that names them."""
        if MAIN_SPEC not in self.touched:
            return
        before, after = load_contract(self.base, "", None), load_contract(self.head, "", None)
        fresh = [change for change in self.new if change.archived and change.path not in self.old]
        for name, requirement in self.contract.requirements.items():
            earlier = before.requirements.get(name)
            if earlier is None or earlier.path != MAIN_SPEC:
                continue
            for change in fresh:
                for each in _entries(change, self.contract):
                    if each.requirement.key != requirement.key:
                        continue
                    target = next((r.target for r in change.delta.renamed if r.source_key == requirement.key), name)
                    later = after.requirements.get(target)
                    if later is None or later.path != MAIN_SPEC:
                        yield replace(each, complete=True)
                    else:
                        clauses = _changed(earlier, later)
                        fault = "" if clauses or each.renames else "the spec says what it said already"
                        texts = (*each.texts, later) if clauses else each.texts
                        yield replace(each, clauses=clauses, texts=texts, fault=fault)

    def others(self) -> Iterator[Remark]:
        """Deltas that name nothing of the contract, and a spec that is edited without a change."""
        names = list(self.contract.requirements)
        for change in self.new:
            if change.archived or change.path not in self.touched:
                continue
            sources = {each.target_key: each.source for each in change.delta.renamed}
            entries = [(b.key, b.name, b.start) for b in change.delta.modified if b.key not in sources]
            entries += [(r.key, r.name, r.start) for r in change.delta.removed]
            entries += [(r.source_key, r.source, r.source_line) for r in change.delta.renamed]
            keys = {each.key for each in self.contract.requirements.values()}
            for key, name, line in entries:
                if key not in keys:
                    meant = get_close_matches(fold(name), [fold(each) for each in names], 1, 0.6)
                    close = next((each for each in names if meant and fold(each) == meant[0]), None)
                    hint = f" Did you mean “{close}”?" if close else ""
                    text = f"“{name}” is no requirement of the contract: this delta excuses nothing.{hint}"
                    yield Remark(change.path, line, text)
            for block in change.delta.added:
                known = self.contract.requirements.get(block.name)
                if known is not None and known.path != change.path and known.path not in self.gone:
                    text = f"“{block.name}” exists already: ADDED is a conflict, and excuses nothing. Write MODIFIED."
                    yield Remark(change.path, block.start, text)
        for path in sorted(self.touched):
            if path.startswith(f"{SPECS}/") and path.endswith("/spec.md") and not self._is_proposed(path):
                text = "The spec is edited without an OpenSpec change for it: this excuses nothing. Propose it in "
                yield Remark(path, 1, f"{text}{CHANGES}.")

    def _is_proposed(self, spec: str) -> bool:
        """Whether the pull request touches a change's delta for that main spec."""
        within = spec.removeprefix("openspec")
        return any(path.startswith(f"{CHANGES}/") and path.endswith(within) for path in self.touched)


def _entries(change: CapabilityChange, contract: ContractText) -> Iterator[Amendment]:
    """What a delta does to requirements that the contract has; a requirement renamed and modified is one entry."""
    delta, path = change.delta, change.path
    by_key = {each.key: each for each in contract.requirements.values()}
    sources = {each.target_key: each for each in delta.renamed}
    done = set()
    for block in delta.modified:
        rename = sources.get(block.key)
        requirement = by_key.get(rename.source_key if rename else block.key)
        if requirement is not None:
            done.add(requirement.key)
            later = written(block, delta.items, delta.text, path, None)
            clauses, renames = _changed(requirement, later), rename is not None
            yield Amendment(change.id, requirement, path, block.start, clauses, (later,), renames=renames)
    for removal in delta.removed:
        if removal.key in by_key:
            yield Amendment(change.id, by_key[removal.key], path, removal.start, frozenset(), complete=True)
    for each in delta.renamed:
        if each.source_key in by_key and each.source_key not in done:
            yield Amendment(change.id, by_key[each.source_key], path, each.source_line, frozenset(), renames=True)


def _lets_go(item: Clause, text: Written, *, comparable: bool) -> bool:
    """Whether `text` has other words for an item, or none; one that only got another id is still asked.

    An item of our own summary has other words than theirs: only that it is gone can be told.
    """
    now = text.item(item.name)
    if now is not None:
        return comparable and not same_words(now.text, item.text)
    return not any(same_words(_words_after_id(each), _words_after_id(item)) for each in text.clauses)


def _words_after_id(item: Clause) -> str:
    return item.text.partition(item.name)[2] if item.kind == "item" else item.text


def _content(amendment: Amendment) -> tuple[object, ...]:
    """What makes two amendments the same, wherever they stand."""
    texts = tuple((clause.kind, clause.name, clause.text) for each in amendment.texts for clause in each.clauses)
    return amendment.requirement.key, amendment.complete, amendment.renames, texts


def _changed(before: Written, after: Written) -> frozenset[tuple[str, str]]:
    """The clauses of `before` that `after` lacks or words in another way; those that are new are not among them."""
    return frozenset(
        (clause.kind, clause.name) for clause in before.clauses if _text(clause) not in _texts(after, clause)
    )


def _texts(requirement: Written, clause: Clause) -> set[str]:
    return {_text(each) for each in requirement.clauses if (each.kind, each.name) == (clause.kind, clause.name)}


def _text(clause: Clause) -> str:
    return " ".join(clause.text.split())


def _original(archived: str) -> str:
    """The id of a change that was archived under `archived`."""
    return re.sub(r"^\d{4}-\d{2}-\d{2}-", "", archived)


def _paths(diff: Diff) -> Iterator[str]:
    return (path for file in diff.files for path in (file.old_path, file.new_path) if path is not None)
