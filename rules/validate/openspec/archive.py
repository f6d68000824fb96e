"""What archiving a delta would refuse, found by applying it to the main spec without writing anything.

Operations apply in the order RENAMED, REMOVED, MODIFIED, ADDED. What is already applied is no conflict.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.sources.openspec.blocks import Requirement, fold, requirement_name
from rules.sources.openspec.delta import Delta
from rules.sources.openspec.spec import MainSpec
from rules.sources.openspec.text import trim
from rules.validate.openspec.scenarios import compare
from rules.validate.openspec.structure import structure_issues


class Refusal(Struct, frozen=True):
    """Why archiving refuses a delta, and the line to blame. `way_out` is empty if the message has it."""

    message: str
    line: int
    requirement: str | None = None
    way_out: str = ""


class _Blocks:
    """Requirements by key, in order, with look-up by fold; what a JavaScript Map of them would be."""

    def __init__(self, blocks: Iterable[Requirement]) -> None:
        self._blocks: dict[str, tuple[str, str]] = {}
        self._folds: dict[str, dict[str, None]] = {}
        self._sources: dict[str, Requirement] = {}
        for block in blocks:
            self.put(block.key, block.name, block.raw, block)

    def __contains__(self, key: str) -> bool:
        return key in self._blocks

    def put(self, key: str, name: str, raw: str, source: Requirement) -> None:
        """`source` is the block that the scenarios come from; `name` and `raw` may differ from it after a rename."""
        self._blocks[key] = (name, raw)
        self._sources[key] = source
        self._folds.setdefault(fold(key), {}).setdefault(key)

    def drop(self, key: str) -> None:
        del self._blocks[key], self._sources[key], self._folds[fold(key)][key]

    def raw(self, key: str) -> str:
        return self._blocks[key][1]

    def source(self, key: str) -> Requirement:
        return self._sources[key]

    def near_miss(self, key: str, *, apart_from: str | None = None) -> str | None:
        """The name of the first requirement that differs from `key` only in case or spacing, or not at all."""
        keys = (near for near in self._folds.get(fold(key), {}) if near != apart_from)
        return next((self._blocks[near][0] for near in keys), None)


def refusal(capability: str, delta: Delta, main: MainSpec | None) -> Refusal | None:
    """The first thing that archiving `delta` would refuse; None if it applies. `main` is None without a main spec."""
    if main is None:
        changing = [(block.start, block.name) for block in delta.modified]
        changing += [(pair.source_line, pair.source) for pair in delta.renamed]
        if changing:
            line, name = min(changing)
            message = (
                f"{capability}: target spec does not exist; only ADDED requirements are allowed for new specs. "
                "MODIFIED and RENAMED operations require an existing spec."
            )
            way_out = "Archive the change that creates the capability first, or write the requirements under ADDED."
            return Refusal(message, line, name, way_out)
        blocks = _Blocks(())
    else:
        issues = list(structure_issues(main.text))
        if issues:
            details = "\n".join(f"line {issue.line}: {issue.message}" for issue in issues)
            message = f"{capability}: target spec is structurally invalid and cannot be updated until fixed:\n{details}"
            return Refusal(message, 1)
        blocks = _Blocks(main.requirements)
    return (
        _rename(capability, delta, blocks)
        or _remove(capability, delta, blocks, is_new=main is None)
        or _modify(capability, delta, blocks)
        or _add(capability, delta, blocks)
    )


def _rename(capability: str, delta: Delta, blocks: _Blocks) -> Refusal | None:
    for pair in delta.renamed:
        source, target = pair.source_key, pair.target_key
        failed = f'{capability} RENAMED failed for header "### Requirement: '
        if source not in blocks:
            if target not in blocks:
                message = f'{failed}{pair.source}" - source not found'
                return Refusal(message, pair.source_line, pair.source, _name_it(capability))
            near = blocks.near_miss(source, apart_from=target)
            if near is not None:
                message = f'{failed}{pair.source}" - source not found, but {_fix(near)}'
                return Refusal(message, pair.source_line, pair.source)
            continue
        if target in blocks:
            message = f'{failed}{pair.target}" - target already exists'
            return Refusal(message, pair.target_line, pair.target, "Choose a name that the main spec does not have.")
        near = blocks.near_miss(target, apart_from=source)
        if near is not None:
            message = (
                f'{failed}{pair.target}" - "### Requirement: {near}" already exists and differs only in case or '
                "spacing; choose a distinct name"
            )
            return Refusal(message, pair.target_line, pair.target)
        block, (_, newline, rest) = blocks.source(source), blocks.raw(source).partition("\n")
        blocks.drop(source)
        blocks.put(target, target, f"### Requirement: {target}{newline}{rest}", block)
    return None


def _remove(capability: str, delta: Delta, blocks: _Blocks, *, is_new: bool) -> Refusal | None:
    for entry in delta.removed:
        if entry.key in blocks:
            blocks.drop(entry.key)
            continue
        near = None if is_new else blocks.near_miss(entry.key)
        if near is not None:
            failed = f'{capability} REMOVED failed for header "### Requirement: {entry.name}"'
            message = f"{failed} - not found, but {_fix(near)}"
            return Refusal(message, entry.start, entry.name)
    return None


def _modify(capability: str, delta: Delta, blocks: _Blocks) -> Refusal | None:
    for block in delta.modified:
        failed = f'{capability} MODIFIED failed for header "### Requirement: {block.name}" - '
        if block.key not in blocks:
            return Refusal(f"{failed}not found", block.start, block.name, _name_it(capability))
        if requirement_name(block.raw.partition("\n")[0]) != block.key:
            way_out = "Write the heading without hashes after the name."
            return Refusal(f"{failed}header mismatch in content", block.start, block.name, way_out)
        balance = compare(blocks.source(block.key), block)
        if balance.missing:
            message = (
                f"{failed}current spec contains scenario(s) not present in the modified block: {balance.missing_list}. "
                f"{balance.describe()} Refresh the change spec before archiving to avoid dropping scenarios."
            )
            return Refusal(message, block.start, block.name)
        blocks.put(block.key, block.name, block.raw, block)
    return None


def _add(capability: str, delta: Delta, blocks: _Blocks) -> Refusal | None:
    for block in delta.added:
        failed = f'{capability} ADDED failed for header "### Requirement: {block.name}" - '
        if block.key in blocks:
            if trim(blocks.raw(block.key)) == trim(block.raw):
                continue
            way_out = "Write it under MODIFIED to change it, or give the new requirement another name."
            return Refusal(f"{failed}already exists", block.start, block.name, way_out)
        near = blocks.near_miss(block.key)
        if near is not None:
            message = (
                f'{failed}"### Requirement: {near}" already exists and differs only in case or spacing; use MODIFIED '
                "with that exact header to change it, or choose a distinct name"
            )
            return Refusal(message, block.start, block.name)
        blocks.put(block.key, block.name, block.raw, block)
    return None


def _fix(near: str) -> str:
    return f'"### Requirement: {near}" exists; fix the header to match it exactly'


def _name_it(capability: str) -> str:
    return (
        f"Write the name exactly as openspec/specs/{capability}/spec.md has it, or archive the change that adds the "
        "requirement first."
    )
