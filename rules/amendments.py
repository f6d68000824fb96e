"""What a pull request does to the text of the contract, requirement by requirement, and by which of OpenSpec's ways.

`carried`, `rewritten` (edited in place) and `archived` are those by a change. Whatever else is different in the text in
force no change says: that is told, and excuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from rules.contract import MAIN_SPEC, CapabilityChange, ContractText, Written, changes_of, load_contract, written
from rules.coverage import lifts, words_in
from rules.model import Remark, Violation
from rules.sources.diff import Diff
from rules.sources.openspec.blocks import Requirement, fold, normalise
from rules.sources.openspec.delta import Delta, Rename
from rules.sources.openspec.layout import CHANGES, SPECS
from rules.sources.openspec.text import Text
from rules.sources.tree import Tree, Unreadable, read_text

MAX_RENAMES = 100
"""Steps from one name to the next in one delta."""

MAX_UNMATCHED = 20
"""Names that match nothing, told of one delta."""

_BOX = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s*\[[xX]\]\s")
_REASON = re.compile(r"\breason\b", re.IGNORECASE)
_COMMENT_MARK = re.compile(r"<!--|-->")

NO_CHANGE = "it says what the contract says already"
HIDDEN = "it stands in an HTML comment, where nobody reads it"
NAME_ONLY = "only its name is edited"
CONFLICT = "it exists already, and ADDED is a conflict; write MODIFIED"


class Amendment(Struct, frozen=True):
    """What one change does to one requirement of the contract, and where it says so.

    `texts` are what it writes in its place, each of which has to let a finding stand: () where it only renames.
    `complete` stands for a removal. `fault` says why it excuses nothing; empty where it may. What is `void` cannot even
    be archived.
    """

    change: str
    requirement: Written
    path: str
    line: int
    texts: tuple[Written, ...] = ()
    complete: bool = False
    fault: str = ""
    void: bool = False

    def covers(self, violation: Violation, *, comparable: bool) -> bool:
        """Whether it changes what `violation` breaks, so that this is no longer asked."""
        if self.fault:
            return False
        if self.complete:
            return True
        if not self.texts:
            # What a list forbids stays the same under another name.
            return self.requirement.item(violation.rule) is None
        return all(lifts(violation, self.requirement, text, comparable=comparable) for text in self.texts)


class Reading(Struct, frozen=True, dict=True):
    """The step from `base` to `head`; `contract` is the text in force, `linked` the changes that it says it is for."""

    base: Tree
    head: Tree
    contract: ContractText
    diff: Diff
    linked: frozenset[str]

    @cached_property
    def amendments(self) -> tuple[Amendment, ...]:
        carried = [each for change in self.new if not change.archived for each in self.carried(change)]
        return (*carried, *self.rewritten, *self.archived)

    def remarks(self) -> Iterator[Remark]:
        """What no amendment says."""
        for change in self.new:
            if not change.archived and change.path in self.touched:
                if change.fault:
                    yield Remark(change.path, 1, f"This delta {change.fault} and is not read: it excuses nothing.")
                yield from self.unmatched(change)
                yield from _unreasoned(change)
        yield from self.unproposed()
        yield from self.unsaid()

    @cached_property
    def touched(self) -> frozenset[str]:
        paths = (path for file in self.diff.files for path in (file.old_path, file.new_path))
        return frozenset(path for path in paths if path is not None)

    @cached_property
    def old(self) -> dict[str, CapabilityChange]:
        return {change.path: change for change in changes_of(self.base)}

    @cached_property
    def new(self) -> tuple[CapabilityChange, ...]:
        return tuple(changes_of(self.head))

    @cached_property
    def before(self) -> Mapping[str, Written]:
        return _held(self.base)

    @cached_property
    def after(self) -> Mapping[str, Written]:
        return _held(self.head)

    @cached_property
    def invalid(self) -> frozenset[str]:
        """Changes of the head in which `openspec validate` finds an error."""
        # Few changes bring a delta: the others need not wait for this to load.
        from rules.validate.openspec.report import validate_openspec  # noqa: PLC0415

        items = validate_openspec(self.head).items
        return frozenset(item.id for item in items if item.type == "change" and not item.valid)

    def carried(self, change: CapabilityChange) -> Iterator[Amendment]:
        """What an active change of the head does; what the base has already counts if the pull request is for it."""
        earlier = self.old.get(change.path)
        known = {_content(each) for each in _entries(earlier, self.contract)} if earlier else set()
        for each in (*_entries(change, self.contract), *self.added_again(change)):
            if _content(each) not in known or self.is_linked(change):
                yield self.judged(each)

    def judged(self, amendment: Amendment) -> Amendment:
        """The amendment, void if its change is invalid."""
        if amendment.change not in self.invalid:
            return amendment
        return replace(amendment, fault=f"'openspec validate {amendment.change}' finds an error in it", void=True)

    def added_again(self, change: CapabilityChange) -> Iterator[Amendment]:
        """Requirements that exist and that a change adds once more."""
        gone = frozenset(self.old) - {each.path for each in self.new}
        for block in change.delta.added if change.path in self.touched else ():
            known = self.contract.requirements.get(block.name)
            if known is not None and known.path != change.path and known.path not in gone:
                text = _written(block, change)
                yield Amendment(change.id, known, change.path, block.start, (text,), fault=CONFLICT)

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

    @cached_property
    def rewritten(self) -> tuple[Amendment, ...]:
        """Requirements that a change adds, merged but not archived, and whose text the head has in another form."""
        return tuple(self._rewritten())

    def _rewritten(self) -> Iterator[Amendment]:
        for name, earlier in self.before.items():
            requirement = self.contract.requirements.get(name)
            if requirement is None or requirement.path != earlier.path or earlier.path == MAIN_SPEC:
                continue
            later = self.now(name)
            if later is None:
                change = earlier.path.split("/")[2]
                yield self.judged(Amendment(change, requirement, earlier.path, self._place(earlier), complete=True))
                continue
            path = later.path if later.path != MAIN_SPEC else self._archive_of(later)
            renamed = normalise(later.name) != normalise(name)
            if path is None or not (renamed or _differs(earlier, later)):
                continue
            fault = "" if _differs(earlier, later) else NAME_ONLY
            found = Amendment(_change_of(path), requirement, path, later.start, (later,), fault=fault)
            yield self.judged(found)

    def _place(self, gone: Written) -> int:
        """The line to look at for a requirement that its file no longer has: where it was, or the file's sections."""
        now = next((each for each in self.new if each.path == gone.path), None)
        return min(now.delta.operations.values(), default=0) + 1 if now else gone.start

    def _archive_of(self, later: Written) -> str | None:
        """The delta of the change archived here that says of a requirement what the main spec says now."""
        for change in self.freshly_archived:
            text = self.added[change.path].get(later.name)
            if text is not None and not _differs(text, later) and not _differs(later, text):
                return change.path
        return None

    def now(self, name: str) -> Written | None:
        """The requirement as the head has it; the only new one stands for the only one that is gone."""
        return self.after.get(name) or self.successor

    @cached_property
    def successor(self) -> Written | None:
        gone = [each for each in self.before if each not in self.after]
        come = [each for each in self.after if each not in self.before]
        return self.after[come[0]] if len(gone) == len(come) == 1 else None

    @cached_property
    def added(self) -> Mapping[str, Mapping[str, Written]]:
        """What the changes archived here add, by path and name."""
        return {
            change.path: {block.name: _written(block, change) for block in change.delta.added}
            for change in self.freshly_archived
        }

    @cached_property
    def freshly_archived(self) -> tuple[CapabilityChange, ...]:
        """Changes that the base has open and the head has in its archive."""
        open_ = {change.id for change in self.old.values() if not change.archived}
        fresh = (change for change in self.new if change.archived and change.path not in self.old)
        return tuple(change for change in fresh if _original(change.id) in open_)

    @cached_property
    def archived(self) -> tuple[Amendment, ...]:
        """Requirements of the main spec that the head changes while it archives a change that names them."""
        return tuple(self._archived())

    def _archived(self) -> Iterator[Amendment]:
        for change in self.freshly_archived:
            targets = {each.source_key: each.target for each in change.delta.renamed}
            for each in _entries(change, self.contract):
                earlier = self.before.get(each.requirement.name)
                if earlier is None or earlier.path != MAIN_SPEC:
                    continue
                later = self.after.get(targets.get(each.requirement.key, earlier.name))
                if later is None:
                    yield replace(each, complete=True)
                elif not _differs(earlier, later) and later.name == earlier.name:
                    yield replace(each, fault="the spec says what it said already")
                elif any(_differs(later, text) or _differs(text, later) for text in each.texts):
                    yield replace(each, fault="the spec says something else than the change that is archived")
                else:
                    yield replace(each, texts=(later,) if _differs(earlier, later) else each.texts)

    def unmatched(self, change: CapabilityChange) -> Iterator[Remark]:
        """Deltas that name nothing of the contract."""
        names = {normalise(name): name for name in self.contract.requirements}
        delta = change.delta
        targets = {each.target_key for each in delta.renamed}
        entries = [(b.key, b.name, b.start) for b in delta.modified if b.key not in targets]
        entries += [(r.key, r.name, r.start) for r in delta.removed]
        entries += [(r.source_key, r.source, r.source_line) for r in delta.renamed if r.source_key not in targets]
        unknown = [each for each in entries if each[0] not in names]
        for _, name, line in unknown[:MAX_UNMATCHED]:
            meant = get_close_matches(fold(name)[:200], [fold(each) for each in names], 1, 0.6)
            close = next((each for each in names.values() if meant and fold(each) == meant[0]), None)
            hint = f" Did you mean “{close}”?" if close else ""
            text = f"“{name}” is no requirement of the contract: this delta excuses nothing.{hint}"
            yield Remark(change.path, line, text)

    def unproposed(self) -> Iterator[Remark]:
        """Main specs that are edited without a change for them."""
        for path in sorted(self.touched):
            if path.startswith(f"{SPECS}/") and path.endswith("/spec.md") and not self._is_proposed(path):
                text = "The spec is edited without an OpenSpec change for it: this excuses nothing. Propose it in "
                yield Remark(path, 1, f"{text}{CHANGES}.")

    def _is_proposed(self, spec: str) -> bool:
        """Whether the pull request touches a change's delta for that main spec."""
        within = spec.removeprefix("openspec")
        return any(path.startswith(f"{CHANGES}/") and path.endswith(within) for path in self.touched)

    def unsaid(self) -> Iterator[Remark]:
        """Requirements in force whose text is another one, or gone, as no change says."""
        said = {each.requirement.key for each in (*self.rewritten, *self.archived) if not each.fault}
        said |= {each.requirement.key for each in self.rewritten}
        names: dict[str, list[str]] = {}
        for name, earlier in self.before.items():
            later = self.now(name)
            if normalise(name) not in said and (later is None or _differs(earlier, later)):
                path = later.path if later is not None else earlier.path
                if path != MAIN_SPEC or self._is_proposed(path):
                    names.setdefault(path, []).append(f"“{name}”")
        for path, which in names.items():
            more = f" and {len(which) - 3} more" if len(which) > 3 else ""
            text = f"The contract comes to say something else of {', '.join(which[:3])}{more}, and no change that was "
            text += f"open on the base branch says so: this excuses nothing. Propose it in {CHANGES} first."
            yield Remark(path, 1, text)


def _held(tree: Tree) -> Mapping[str, Written]:
    """The requirements that a tree itself holds."""
    text = load_contract(tree, "", None)
    return text.requirements if text.contract.source == "repository" else {}


def _entries(change: CapabilityChange, contract: ContractText) -> Iterator[Amendment]:
    """What a delta does to requirements that the contract has; a requirement renamed and modified is one entry."""
    by_key = {each.key: each for each in contract.requirements.values()}
    again = {block.key: block for block in change.delta.added}
    hidden = _hidden_lines(change.delta.text)
    for each in _operations(change, by_key):
        found = each
        if each.requirement.key in again and not each.fault:
            # What the same delta adds again under the old name is what counts.
            text = _written(again[each.requirement.key], change)
            fault = "" if _differs(each.requirement, text) else NO_CHANGE
            found = replace(each, texts=(text,), complete=False, fault=fault)
        yield replace(found, fault=HIDDEN) if each.line in hidden else found


def _operations(change: CapabilityChange, by_key: Mapping[str, Written]) -> Iterator[Amendment]:
    delta, path = change.delta, change.path
    sources = {each.target_key: each for each in delta.renamed}
    done = set()
    for block in delta.modified:
        requirement = by_key.get(_origin(block.key, sources))
        if requirement is not None:
            done.add(requirement.key)
            later = _written(block, change)
            renamed = requirement.key != block.key and not _is_same_name(requirement.name, block.name)
            fault = "" if renamed or _differs(requirement, later) else NO_CHANGE
            texts = (later,) if _differs(requirement, later) else ()
            yield Amendment(change.id, requirement, path, block.start, texts, fault=fault)
    for removal in delta.removed:
        if removal.key in by_key:
            yield Amendment(change.id, by_key[removal.key], path, removal.start, complete=True)
    for each in delta.renamed:
        if each.source_key in by_key and each.source_key not in done:
            fault = _unrenamed(each, by_key, delta)
            yield Amendment(change.id, by_key[each.source_key], path, each.source_line, fault=fault)


def _written(block: Requirement, change: CapabilityChange) -> Written:
    return written(block, change.delta.items, change.delta.text, change.path, None)


def _unrenamed(rename: Rename, by_key: Mapping[str, Written], delta: Delta) -> str:
    """Why a rename renames nothing; empty where it does."""
    if _is_same_name(rename.source, rename.target):
        return NO_CHANGE
    freed = {each.key for each in delta.removed} | {each.source_key for each in delta.renamed}
    return f"“{rename.target}” exists already" if rename.target_key in by_key and rename.target_key not in freed else ""


def _origin(key: str, sources: Mapping[str, Rename]) -> str:
    """The name that a requirement had before all renames of a delta."""
    for _ in range(MAX_RENAMES):
        if key not in sources:
            break
        key = sources[key].source_key
    return key


def _is_same_name(name: str, other: str) -> bool:
    return words_in(name) == words_in(other)


def _hidden_lines(text: Text) -> frozenset[int]:
    """Lines that begin inside an HTML comment; OpenSpec reads them, and nobody else does."""
    hidden, inside = set(), False
    for number, line in enumerate(text.lines, 1):
        if inside:
            hidden.add(number)
        for mark in _COMMENT_MARK.findall(line) if not text.fenced[number - 1] else ():
            inside = mark == "<!--"
    return frozenset(hidden)


def _unreasoned(change: CapabilityChange) -> Iterator[Remark]:
    """Requirements that are removed and nobody says why."""
    for removal in change.delta.removed:
        if not _REASON.search("\n".join(change.delta.text.lines[removal.start - 1 : removal.end])):
            yield Remark(change.path, removal.start, f"“{removal.name}” is removed without a reason: please give one.")


def _content(amendment: Amendment) -> tuple[object, ...]:
    """What makes two amendments the same, wherever they stand."""
    texts = tuple((clause.kind, clause.name, clause.text) for each in amendment.texts for clause in each.clauses)
    return amendment.requirement.key, amendment.complete, texts


def _differs(before: Written, after: Written) -> bool:
    """Whether `after` lacks a clause of `before`, or words one in another way; further clauses do not matter."""
    said = {(each.kind, words_in(each.name), words_in(each.text)) for each in after.clauses}
    return any((each.kind, words_in(each.name), words_in(each.text)) not in said for each in before.clauses)


def _change_of(path: str) -> str:
    """The id of the change that a delta's path belongs to."""
    parts = path.removeprefix(f"{CHANGES}/").split("/")
    return parts[1] if parts[0] == "archive" else parts[0]


def _original(archived: str) -> str:
    """The id of a change that was archived under `archived`."""
    return re.sub(r"^\d{4}-\d{2}-\d{2}-", "", archived)
