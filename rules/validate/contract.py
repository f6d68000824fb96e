"""The contract's own shape, and what the `openspec` command lets pass although it loses or breaks something.

The contract has its nine requirements, the boot sequence and F-1 to F-10, once each and with scenarios; what it refers
to exists; archiving drops no section of it without a word; no two open changes touch the same requirement; and a delta
that modifies, removes or renames finds the requirement that it names, in any capability: a typo must never switch one
off.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from rules.contract import CAPABILITY, DRIFT_SECTION, FORBIDDEN, Clause, ContractText, load_contract
from rules.registry import all_rules
from rules.sources.openspec.blocks import normalise
from rules.sources.openspec.delta import Delta, operation_of, read_delta
from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import discover, read_source
from rules.sources.openspec.metadata import METADATA, MetadataError, read_marker, schema_of
from rules.sources.openspec.schema import SchemaError
from rules.sources.openspec.spec import read_spec
from rules.sources.tree import Tree, Unreadable
from rules.validate.model import Issue, IssueLevel

_QUOTED = re.compile(r"`([^`\s]+)`")
_REFERENCE = re.compile(r"\b[Tt]he ((?:[A-Z][\w-]*\s){1,6})requirement\b|\bAffects Requirement: ([^.]+)\.")
_ABSENT = re.compile(r"\b(?:absent|missing|not there|does not exist)\b")
_GOVERNED = re.compile(r"[Tt]emplates governed by this contract \(([^)]*)\)")

Entries = Mapping[str, tuple[tuple[str, str, Delta], ...]]
"""The deltas of active changes by capability: change, path and text."""


def validate_contract(tree: Tree) -> Iterator[Issue]:
    """Everything to say about the contract of `tree` and the deltas of its active changes."""
    yield from _metadata(tree)
    deltas = _deltas(tree)
    text = load_contract(tree, "", None)
    if text.contract.source == "repository":
        yield from _shape(text)
        yield from _references(text)
        yield from stale(tree, text)
    for capability, entries in deltas.items():
        names = _names(tree, capability, entries)
        for change, path, delta in entries:
            yield from _dropped(change, path, delta)
            yield from _unmatched(change, path, delta, names)
        yield from _conflicts(entries)


def _metadata(tree: Tree) -> Iterator[Issue]:
    """Metadata that is not valid, and of which OpenSpec therefore heeds nothing, without a word."""
    folders = Folders(tree)
    for change in discover(tree).changes:
        path = f"{change.path}/{METADATA}"
        try:
            if folders.is_file(path):
                schema_of(folders, change.path)
        except (MetadataError, SchemaError) as error:
            # Where a marker is lost by it, the command says so itself.
            if read_marker(folders, change.path, "skip_specs").invalid is None:
                message = f"This metadata {_sentence(str(error))}, so OpenSpec heeds nothing of it."
                way_out = "Correct it; the least is 'schema: spec-driven'."
                yield Issue("contract", "K7", "WARNING", path, 1, message, change.id, way_out=way_out)


def _sentence(fault: str) -> str:
    """What completes "this metadata": some faults are sentences of their own."""
    return fault if fault.startswith(("is ", "has ", "holds ", "expands ")) else f"is not valid ({fault})"


def stale(tree: Tree, text: ContractText) -> Iterator[Issue]:
    """Where the contract names files and templates that the tree no longer has."""
    folders = {path.partition("/")[0] for path in tree.entries if path.endswith(".tf")}
    for requirement in text.requirements.values():
        for clause in requirement.clauses:
            listed = _GOVERNED.search(clause.text)
            for name in _QUOTED.findall(listed[1]) if listed else ():
                if name not in folders:
                    message = f"The contract governs the template '{name}', which is not there."
                    yield _issue("K2", "WARNING", requirement.path, _first_line(clause), message, requirement.name)
    for item in text.drift.values():
        clause = item.clauses[0]
        paths = [path for name in _QUOTED.findall(clause.text) for path in _expanded(name) if _is_path(path)]
        # What is said to be absent is meant to be so: it is what the item is about.
        for path in paths[1:] if _ABSENT.search(clause.text) else paths:
            folder = f"{path.rstrip('/')}/"
            if path not in tree.entries and not any(entry.startswith(folder) for entry in tree.entries):
                message = f"{item.name} speaks of '{path}', which is not there."
                yield _issue("K2", "WARNING", item.path, item.start, message)


def _issue(
    code: str, level: IssueLevel, path: str, line: int, message: str, requirement: str | None = None, way_out: str = ""
) -> Issue:
    return Issue("contract", code, level, path, line, message, CAPABILITY, requirement, way_out)


def _shape(text: ContractText) -> Iterator[Issue]:
    where = text.contract.path
    for rule in all_rules():
        written = text.written(rule.requirement)
        if rule.id.startswith("W-") or (rule.id.startswith("F-") and written is None):
            continue
        if written is None:
            yield _issue("K1", "ERROR", where, 1, f"The contract has no requirement “{rule.requirement}” ({rule.id}).")
        elif rule.id.startswith("F-"):
            items = [clause for clause in written.clauses if clause.kind == "item" and clause.name == rule.id]
            if not items:
                message = f"The contract has no item {rule.id}."
                yield _issue("K1", "ERROR", written.path, written.start, message, written.name)
            for again in items[1:]:
                message = f"{rule.id} is there twice; the first is in line {items[0].start}."
                yield _issue("K1", "ERROR", written.path, again.start, message, written.name)
        elif not any(clause.kind == "scenario" for clause in written.clauses):
            message = f"“{written.name}” ({rule.id}) has no scenario."
            yield _issue("K1", "ERROR", written.path, written.start, message, written.name)
    if text.written(FORBIDDEN) is None:
        yield _issue("K1", "ERROR", where, 1, f"The contract has no requirement “{FORBIDDEN}” (F-1 to F-10).")


def _references(text: ContractText) -> Iterator[Issue]:
    names = list(text.requirements)
    for written in (*text.requirements.values(), *text.drift.values()):
        for clause in written.clauses:
            for found in _REFERENCE.finditer(clause.text):
                name = (found[1] or found[2]).strip()
                if name not in names:
                    message, line = f"“{name}” is no requirement of the contract.", _first_line(clause)
                    yield _issue("K3", "WARNING", written.path, line, message, written.name, _meant(name, names))


def _first_line(clause: Clause) -> int:
    """The line where a clause's own words begin; a statement's clause has the heading too."""
    return clause.start + (clause.kind == "statement" and clause.end > clause.start)


def _meant(name: str, names: Iterable[str]) -> str:
    known = list(names)
    close = get_close_matches(name.lower(), [each.lower() for each in known], 1, 0.5)
    meant = next((each for each in known if close and each.lower() == close[0]), None)
    return f"Write “{meant}”, if that is meant." if meant else "Write the name of the requirement that is meant."


def _dropped(change: str, path: str, delta: Delta) -> Iterator[Issue]:
    """Sections that archiving leaves behind: only requirements travel, and the purpose of a new capability."""
    for section in delta.sections:
        if operation_of(section.title) is None and section.title.lower() != "purpose":
            inside = [item.id for item in delta.items if section.start <= item.start <= section.end]
            what = f" ({', '.join(inside)})" if inside else ""
            message = f"Archiving this change drops the section “{section.title}”{what} without a word."
            drift = section.title.lower() == DRIFT_SECTION
            way_out = (
                "Copy it by hand into the archived spec." if drift else "Move it into a requirement, or the design."
            )
            yield Issue("contract", "K4", "WARNING", path, section.start, message, change, way_out=way_out)


def _deltas(tree: Tree) -> Entries:
    found: dict[str, list[tuple[str, str, Delta]]] = defaultdict(list)
    for change in discover(tree).changes:
        for spec in change.deltas:
            try:
                found[spec.capability].append((change.id, spec.path, read_delta(read_source(tree, spec.path))))
            except Unreadable:
                continue
    return {capability: tuple(entries) for capability, entries in found.items()}


def _names(tree: Tree, capability: str, entries: Iterable[tuple[str, str, Delta]]) -> dict[str, str]:
    """Every requirement of a capability by its key: of the main spec, and those that active changes add.

    Of the contract also those of the text in force, which may stand elsewhere.
    """
    known = load_contract(tree, "", None).requirements if capability == CAPABILITY else ()
    names = {normalise(name): name for name in known}
    for spec in discover(tree).specs:
        if spec.capability == capability:
            try:
                names |= {block.key: block.name for block in read_spec(read_source(tree, spec.path)).requirements}
            except Unreadable:
                continue
    for _, _, delta in entries:
        names |= {block.key: block.name for block in delta.added}
    return names


def _touched(delta: Delta) -> Iterator[tuple[str, str, str, int]]:
    """Key, name, operation and line of every requirement that a delta changes, under the name it has before."""
    sources = {each.target_key: each for each in delta.renamed}
    for block in delta.modified:
        if block.key not in sources:
            yield block.key, block.name, "MODIFIED", block.start
    for removal in delta.removed:
        yield removal.key, removal.name, "REMOVED", removal.start
    for rename in delta.renamed:
        yield rename.source_key, normalise(rename.source), "RENAMED", rename.source_line


def _unmatched(change: str, path: str, delta: Delta, names: Mapping[str, str]) -> Iterator[Issue]:
    for key, name, operation, line in _touched(delta):
        if key not in names:
            message = f"{operation} “{name}” matches no requirement: it would change nothing."
            way_out = _meant(name, names.values())
            yield Issue("contract", "K6", "ERROR", path, line, message, change, name, way_out)


def _conflicts(entries: Iterable[tuple[str, str, Delta]]) -> Iterator[Issue]:
    """Requirements that a second open change touches too: whichever is archived last wins, or fails."""
    earlier: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for change, path, delta in entries:
        touched = [*_touched(delta), *((block.key, block.name, "ADDED", block.start) for block in delta.added)]
        for key, name, operation, line in touched:
            # To modify what another open change adds is how a contract that is not archived yet is changed.
            others = [each for each in earlier[key] if each[0] != change and not {each[1], operation} > {"ADDED"}]
            if others:
                message = f"{operation} “{name}”, which the open change '{others[0][0]}' has under {others[0][1]}."
                way_out = "Archive one of the two first, then write the other anew."
                yield Issue("contract", "K5", "WARNING", path, line, message, change, name, way_out)
            earlier[key].append((change, operation))


def _expanded(name: str) -> list[str]:
    braces = re.fullmatch(r"([^{}]*)\{([^{}]*)\}([^{}]*)", name)
    return [f"{braces[1]}{each}{braces[3]}" for each in braces[2].split(",")] if braces else [name]


def _is_path(name: str) -> bool:
    """Whether this is a path of the repository; paths of the container start at its root or at the home."""
    return re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+/?|[A-Z][\w-]+\.md", name) is not None
