"""The written contract: which text is in force, and the lines of it that a finding cites.

In force at a revision is the capability's main spec, overlaid with the requirements that the active changes of that
revision add. A repository that has neither is held against the text that its configuration names, else against our
own summary. The text drives the words: rules know a requirement by the name it had when they were written, and find it
again where it was renamed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from rules.model import Citation, Contract, Remark
from rules.policy import SOURCE as CONFIGURATION
from rules.registry import all_rules
from rules.sources.openspec.blocks import Item, Requirement, normalise
from rules.sources.openspec.delta import Delta, has_delta_section, read_delta
from rules.sources.openspec.layout import SPECS, discover, read_source
from rules.sources.openspec.spec import MainSpec, read_spec
from rules.sources.openspec.text import Text
from rules.sources.tree import Tree, Unreadable

CAPABILITY = "workspace-runtime"
MAIN_SPEC = f"{SPECS}/{CAPABILITY}/spec.md"
FORBIDDEN = "Forbidden Runtime Behaviors"
DRIFT_SECTION = "known drift"
BUNDLED_URL = "https://github.com/ddev/coder-ddev/pull/149"
"""Where the contract is written as long as a repository does not hold it."""

MAX_TOLD = 20
"""Items and requirements without a rule that are told one by one."""

_WORD = re.compile(r"[A-Za-z_/.][\w./:-]{2,}")
_PIECE = re.compile(r"[a-z0-9]{3,}")
_COMMON = frozenset({"the", "and", "coder", "workspace", "container", "docker", "template", "true", "false", "shall"})

_Part = TypeVar("_Part")


def best_by_words(words: Iterable[str], parts: Sequence[_Part], texts: Iterable[str]) -> tuple[_Part, ...]:
    """The parts whose texts speak most of `words`; words that few of them have tell more. () if none has any."""
    wanted = _pieces(words)
    found = [wanted & _pieces([text]) for text in texts]
    spread = Counter(word for words_of in found for word in words_of)
    scores = [sum(1 / spread[word] for word in sorted(words_of)) for words_of in found]
    best = max(scores, default=0)
    return tuple(part for part, score in zip(parts, scores, strict=True) if best and score > best - 1e-9)


class WrittenContract(Struct, frozen=True):
    """A contract that a configuration names: its text, already read. `url` is the page of the file at `rev`.

    `fault` completes "The contract that the configuration names …" where it could not be read.
    """

    text: str
    path: str
    rev: str
    url: str | None
    fault: str = ""


Configured = Callable[[], WrittenContract | None]
"""Reads the contract that a configuration names, where it names one."""


class Clause(Struct, frozen=True):
    """One part of a requirement: its statement, a scenario or an item. `text` is without its layout.

    `points` are the bullets of a scenario, or the sentences of a statement.
    """

    kind: Literal["statement", "scenario", "item"]
    name: str
    text: str
    start: int
    end: int
    points: tuple[str, ...] = ()


class Written(Struct, frozen=True):
    """A requirement as it is written, with its clauses. `url` is the page of its file, None where there is none."""

    name: str
    path: str
    start: int
    end: int
    url: str | None
    clauses: tuple[Clause, ...]

    @property
    def key(self) -> str:
        return normalise(self.name)

    def item(self, name: str) -> Clause | None:
        return next((clause for clause in self.clauses if clause.kind == "item" and clause.name == name), None)

    def fitting(self, words: Iterable[str]) -> tuple[Clause, ...]:
        """The clauses that speak most of `words`; words that few clauses have tell more. () if none has any.

        A scenario says it more exactly than the statement above it.
        """
        parts = [clause for clause in self.clauses if clause.kind != "item"]
        best = best_by_words(words, parts, [f"{clause.name} {clause.text}" for clause in parts])
        return tuple(clause for clause in best if clause.kind == "scenario") or best


class ContractText(Struct, frozen=True, dict=True):
    """The contract in force. `requirements` are in the order of the text, by their names.

    `renamed` holds what archived changes renamed; `drift` the items of Known Drift, by their ids. `unread` says
    what of the contract could not be read.
    """

    contract: Contract
    requirements: Mapping[str, Written]
    renamed: Mapping[str, str] = field(default_factory=dict)
    drift: Mapping[str, Written] = field(default_factory=dict)
    unread: tuple[Remark, ...] = ()

    @cached_property
    def names(self) -> dict[str, str]:
        """Requirement names as the rules know them, to those of the text."""
        known = list(dict.fromkeys(rule.requirement for rule in all_rules() if not rule.id.startswith("W-")))
        return dict(_matched(known, self.requirements, self.renamed))

    def written(self, requirement: str) -> Written | None:
        """The requirement that the rules know as `requirement`."""
        name = self.names.get(requirement)
        return self.requirements[name] if name is not None else self.requirements.get(requirement)

    def name(self, requirement: str) -> str:
        """What the text calls it today."""
        return self.names.get(requirement, requirement)

    def asks(self, rule: str, requirement: str) -> bool:
        """Whether the text still has what `rule` checks. Our own summary has everything, and W- rules are ours."""
        if self.contract.source == "bundled" or rule.startswith(("W-", "D-")):
            return True
        written = self.written(requirement)
        return written is not None and (not rule.startswith("F-") or written.item(rule) is not None)

    def cite(self, rule: str, requirement: str, words: Iterable[str] = ()) -> Citation | None:
        """The lines that a finding of `rule` about `words` rests on: the item, else the part, that fits.

        Where several fit, the whole requirement. None if the text has no such thing.
        """
        written = self.drift.get(rule) or self.written(requirement)
        if written is None:
            return None
        clause = written.item(rule)
        if clause is None:
            fitting = written.fitting(words)
            clause = fitting[0] if len(fitting) == 1 else None
        start, end = (clause.start, clause.end) if clause else (written.start, written.end)
        return Citation(written.path, start, end, self._url(written, start, end), _part(clause))

    def _url(self, written: Written, start: int, end: int) -> str | None:
        if self.contract.source == "bundled":
            return self.contract.url
        anchor = f"?plain=1#L{start}-L{end}" if end > start else f"?plain=1#L{start}"
        return f"{written.url}{anchor}" if written.url else None

    def remarks(self) -> Iterator[Remark]:
        """What the text has that no rule checks yet, and what rules check that it has no more."""
        yield from self.unread
        if self.contract.source == "bundled":
            return
        unchecked = list(islice(self._unchecked(), MAX_TOLD + 1))
        yield from unchecked[:MAX_TOLD]
        if len(unchecked) > MAX_TOLD:
            yield Remark(self.contract.path, 1, "The contract has more that is not checked yet.")
        gone = [rule.id for rule in all_rules() if not self.asks(rule.id, rule.requirement)]
        if gone:
            text = f"The contract no longer has {', '.join(gone)}: what breaks it is only asked about."
            yield Remark(self.contract.path, 1, text)

    def _unchecked(self) -> Iterator[Remark]:
        ours = {rule.id for rule in all_rules()}
        known = set(self.names.values())
        for name, written in self.requirements.items():
            for clause in written.clauses:
                if clause.kind == "item" and re.fullmatch(r"F-\d+", clause.name) and clause.name not in ours:
                    text = f"The contract has {clause.name}, which is not checked yet: please look at it yourselves."
                    yield Remark(written.path, clause.start, text)
            if name not in known:
                text = f"The contract has the requirement “{name}”, which is not checked yet."
                yield Remark(written.path, written.start, text)


def load_contract(
    tree: Tree, rev: str, repository_url: str | None, configured: Configured = lambda: None
) -> ContractText:
    """The contract in force in `tree`, at revision `rev`; else the `configured` one; else our own summary."""
    found = _in_tree(tree, rev, repository_url)
    if found.requirements:
        return found
    named = configured()
    if named is None:
        return replace(_bundled(), unread=found.unread)
    requirements, drift = _read(named.text, named.path, named.url)
    if not requirements:
        told = f"The contract that the configuration names {named.fault or f'holds no requirement in {named.path}'}. "
        remark = Remark(CONFIGURATION, 1, f"{told}Until then our own summary counts.")
        return replace(_bundled(), unread=(*found.unread, remark))
    contract = Contract("configured", named.path, named.rev, named.url)
    return ContractText(contract, requirements, drift=drift, unread=found.unread)


def _read(text: str, path: str, url: str | None) -> tuple[dict[str, Written], dict[str, Written]]:
    """The requirements of a main spec, or those that a delta adds, and its items of known drift."""
    source: Delta | MainSpec = read_delta(text) if has_delta_section(Text.of(text)) else read_spec(text)
    blocks: tuple[Requirement, ...] = source.added if isinstance(source, Delta) else source.requirements
    requirements: dict[str, Written] = {}
    for block in blocks:
        requirements.setdefault(block.name, written(block, source.items, source.text, path, url))
    drift: dict[str, Written] = {}
    for item in source.items:
        if (item.section or "").lower() == DRIFT_SECTION:
            clause = Clause("item", item.id, _plain([item.text]), item.start, item.end)
            drift.setdefault(item.id, Written(item.id, path, item.start, item.end, url, (clause,)))
    return requirements, drift


def written(block: Requirement, items: Sequence[Item], text: Text, path: str, url: str | None) -> Written:
    """A block with its clauses."""
    first, last = (bisect_left(items, line, key=lambda item: item.start) for line in (block.start, block.end + 1))
    inside = items[first:last]
    starts = [*(each.start for each in block.scenarios), *(each.start for each in inside)]
    first = min(starts, default=block.end + 1)
    statement = text.lines[block.start : first - 1]
    said = max((number for number, line in enumerate(statement, 1) if line.strip()), default=0)
    clauses = [
        Clause("statement", "", _plain(statement), block.start, block.start + said, _sentences(statement)),
        *(Clause("item", item.id, _plain([item.text]), item.start, item.end) for item in inside),
        *(
            Clause("scenario", each.name, _plain(lines), each.start, each.end, _bullets(lines[1:]))
            for each in block.scenarios
            for lines in [text.lines[each.start - 1 : each.end]]
        ),
    ]
    return Written(block.name, path, block.start, block.end, url, tuple(clauses))


class CapabilityChange(Struct, frozen=True):
    """What one change does to the capability: its id, its folder, and its delta with text and path.

    `fault` says why the delta could not be read; it is empty then.
    """

    id: str
    folder: str
    path: str
    text: str
    delta: Delta
    archived: bool
    fault: str = ""


def changes_of(tree: Tree) -> Iterator[CapabilityChange]:
    """The changes with a delta for the capability, active ones first, each list in OpenSpec's order."""
    layout = discover(tree)
    for archived, changes in ((False, layout.changes), (True, layout.archived)):
        for change in changes:
            for spec in change.deltas:
                if spec.capability != CAPABILITY:
                    continue
                text, fault = _source(tree, spec.path)
                yield CapabilityChange(change.id, change.path, spec.path, text, read_delta(text), archived, fault)


def _source(tree: Tree, path: str) -> tuple[str, str]:
    """The text of a file, and why it could not be read."""
    try:
        return read_source(tree, path), ""
    except Unreadable as error:
        return "", str(error)


def _in_tree(tree: Tree, rev: str, repository_url: str | None) -> ContractText:
    """What the tree itself holds; without requirements it holds none."""

    def page(path: str) -> str | None:
        return f"{repository_url}/blob/{rev}/{path}" if repository_url else None

    text, fault = _source(tree, MAIN_SPEC) if MAIN_SPEC in tree.entries else ("", "")
    requirements, drift = _read(text, MAIN_SPEC, page(MAIN_SPEC))
    renamed: dict[str, str] = {}
    unread = [_not_read(MAIN_SPEC, fault)] if fault else []
    for change in changes_of(tree):
        if change.fault and not change.archived:
            unread.append(_not_read(change.path, change.fault))
        if change.archived:
            renamed |= {each.source_key: each.target_key for each in change.delta.renamed}
        elif change.delta.added:
            added, drifting = _read(change.text, change.path, page(change.path))
            requirements = requirements | {name: each for name, each in added.items() if name not in requirements}
            drift = drifting | drift
    path = next((each.path for each in requirements.values()), MAIN_SPEC)
    return ContractText(Contract("repository", path, rev, page(path)), requirements, renamed, drift, tuple(unread))


def _not_read(path: str, fault: str) -> Remark:
    return Remark(path, 1, f"This part of the contract {fault} and is not read: what it says is not in force here.")


@lru_cache(maxsize=1)
def _bundled() -> ContractText:
    """Our own summary, which names the pull request that the contract stands in."""
    text, path = Path(__file__).with_name("contract.md").read_text("utf-8"), "rules/contract.md"
    requirements, drift = _read(text, path, BUNDLED_URL)
    return ContractText(Contract("bundled", path, "", BUNDLED_URL), requirements, drift=drift)


def _matched(
    known: Sequence[str], text: Mapping[str, Written], renamed: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Each known name with the one that the text has for it.

    The same one; that which archived changes made of it; for the list of forbidden behaviours, that which has such
    items; else the only unknown one that stands in its place, between the same neighbours.
    """
    found: dict[str, str] = {}
    for name in known:
        today, steps = name, 0
        while today not in text and today in renamed and steps < len(renamed):
            today, steps = renamed[today], steps + 1
        if today in text:
            found[name] = today
    if FORBIDDEN not in found:
        lists = [name for name, each in text.items() if any(re.match(r"F-\d", c.name) for c in each.clauses)]
        if len(lists) == 1 and lists[0] not in found.values():
            found[FORBIDDEN] = lists[0]
    place = {name: index for index, name in enumerate(text)}
    back = {name: known.index(ours) for ours, name in found.items() if ours in known}
    for index, name in enumerate(known):
        if name in found:
            continue
        before = next((found[each] for each in reversed(known[:index]) if each in found), None)
        after = next((found[each] for each in known[index + 1 :] if each in found), None)
        low = place[before] if before is not None else -1
        high = place[after] if after is not None else len(text)
        between = [each for each in list(text)[low + 1 : high] if each not in back]
        gap = [each for each in known if each not in found and _in_gap(known, each, before, after, found)]
        if len(between) == 1 and len(gap) == 1:
            yield name, between[0]
    yield from found.items()


def _in_gap(known: Sequence[str], name: str, before: str | None, after: str | None, found: Mapping[str, str]) -> bool:
    index = known.index(name)
    left = next((found[each] for each in reversed(known[:index]) if each in found), None)
    right = next((found[each] for each in known[index + 1 :] if each in found), None)
    return (left, right) == (before, after)


def _part(clause: Clause | None) -> str | None:
    """How a citation names the clause; a statement has the requirement's own name."""
    if clause is None or clause.kind == "statement":
        return None
    if clause.kind == "scenario":
        return f"scenario “{clause.name}”"
    words = re.sub(rf"^[-*+]\s+\W*{re.escape(clause.name)}\W*\s", "", clause.text)
    return f"“{words}”"


def _sentences(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(re.split(r"(?<=[.;])\s+", text)) if (text := _plain(lines)) else ()


def _bullets(lines: Iterable[str]) -> tuple[str, ...]:
    """The items of a list, each with the lines that go on with it; text before the first is one of its own."""
    found: list[list[str]] = []
    for line in lines:
        if re.match(r"\s*[-*+]\s", line) or not found:
            found.append([])
        found[-1].append(line)
    return tuple(text for each in found if (text := _plain(each)))


def _plain(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())


def _pieces(words: Iterable[str]) -> frozenset[str]:
    found = (piece for word in words for match in _WORD.findall(word) for piece in _PIECE.findall(match.lower()))
    return frozenset(found) - _COMMON
