"""The command's verdict on one active change: its deltas, its markers and its task list."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cache

from rules.sources.openspec.blocks import Requirement, fold
from rules.sources.openspec.delta import Delta, Operation, has_delta_section, read_delta
from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import SPEC, SPECS, SpecFile, escaping, spec_files, utf16
from rules.sources.openspec.metadata import METADATA, MetadataError, read_marker, schema_of
from rules.sources.openspec.schema import SchemaError, outputs
from rules.sources.openspec.spec import MainSpec, read_spec
from rules.sources.openspec.text import Text
from rules.sources.tree import Unreadable
from rules.validate.openspec.archive import refusal
from rules.validate.openspec.collation import collation_key
from rules.validate.openspec.findings import Finding, Place, Refused
from rules.validate.openspec.nesting import first_file, has_any_file, wrapped_changes
from rules.validate.openspec.requirements import delta_findings
from rules.validate.openspec.scenarios import compare
from rules.validate.openspec.tasks import TaskFile, checkbox_findings, numbering_findings

_OPERATIONS: tuple[Operation, ...] = ("ADDED", "MODIFIED", "REMOVED", "RENAMED")
_NAMELESS = re.compile(r"requirement:?\Z", re.IGNORECASE | re.ASCII)

_NO_DELTAS = (
    "Change must have at least one delta. No deltas found. Ensure your change has a specs/ directory with capability "
    "folders (e.g. specs/http-server/spec.md) containing .md files that use delta headers (## "
    'ADDED/MODIFIED/REMOVED/RENAMED Requirements) and that each requirement includes at least one "#### Scenario:" '
    'block. If this change intentionally modifies no specs (pure refactor, tooling, docs), set "skip_specs: true" in '
    'the change\'s .openspec.yaml instead. Tip: run "openspec change show <change-id> --json --deltas-only" to inspect '
    "parsed deltas."
)
_SKIP_CONFLICT = (
    "skip_specs is set in .openspec.yaml but spec files exist under specs/. Remove skip_specs or delete the delta spec "
    "files"
)
_SKIP_ACCEPTED = (
    "skip_specs is set in .openspec.yaml: change declares no spec-level behavior changes, zero deltas accepted"
)
_SKIP_INVALID = (
    "skip_specs is set but .openspec.yaml is not valid change metadata, so the marker is not honored. Fix the metadata"
)


class MainSpecs:
    """The main specs of a tree, each read once."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.read = cache(self._read)

    def path(self, capability: str) -> str:
        return f"{SPECS}/{capability}/{SPEC}"

    def _read(self, capability: str) -> MainSpec | None:
        """The main spec of a capability; None if there is none that can be read."""
        try:
            return read_spec(self.folders.read(self.path(capability)))
        except Unreadable:
            return None


def change_findings(folders: Folders, change: str, main: MainSpecs) -> Iterator[Finding]:
    """Everything that the command says about the change in the folder `change`, in its order.

    Raises:
        Refused: the command gives up on the change.
    """
    nested = wrapped_changes(folders, change)
    if nested is not None:
        yield Finding("C0", "ERROR", "file", nested.message, nested.file, 1)
        return
    specs = f"{change}/specs"
    deltas = _Deltas(folders, change, main)
    yield from deltas.findings()
    unread = list(_unread(folders, specs))
    yield from unread
    yield from deltas.empty_findings()
    marker = read_marker(folders, change, "skip_specs")
    metadata = Place(METADATA, f"{change}/{METADATA}")
    if marker.invalid is not None:
        yield metadata.finding("C16", "ERROR", f"{_SKIP_INVALID} ({marker.invalid})", 1)
    whole = Place("file", _main_file(folders, change))
    has_files = marker.declared and has_any_file(folders, specs)
    if has_files:
        yield Place("file", metadata.file).finding("C17", "ERROR", _SKIP_CONFLICT, 1)
    if not deltas.count and not deltas.has_root_spec and not unread:
        if not marker.declared:
            yield whole.finding("C18", "ERROR", _NO_DELTAS, 1)
        elif not has_files:
            yield Place("file", metadata.file).finding("C18", "INFO", _SKIP_ACCEPTED, 1)
    yield from _task_findings(folders, change)


class _Deltas:
    """The deltas of one change."""

    def __init__(self, folders: Folders, change: str, main: MainSpecs) -> None:
        self._folders = folders
        self._main = main
        self._specs = f"{change}/specs"
        self._empty: list[tuple[Place, Delta]] = []
        self.count = 0
        self.has_root_spec = folders.is_file(f"{self._specs}/{SPEC}")

    def findings(self) -> Iterator[Finding]:
        if self._folders.is_loop(self._specs):
            problem = f"ELOOP: too many symbolic links encountered, scandir '{self._folders.shown(self._specs)}'"
            raise Refused(problem, self._specs)
        outside = escaping(self._folders, self._specs)
        if outside is not None:
            raise Refused(f"Path is outside the allowed directory: {self._folders.shown(outside)}", outside)
        rejected: set[str] = set()
        if self.has_root_spec:
            rejected.add(SPEC)
            yield Place(SPEC, f"{self._specs}/{SPEC}").finding("C1", "ERROR", _ROOT_SPEC, 1)
        read: list[tuple[SpecFile, Place, Delta]] = []
        for spec in spec_files(self._folders, self._specs):
            place = Place(f"{spec.capability}/{SPEC}", spec.path)
            try:
                delta = read_delta(self._folders.read(spec.path))
            except Unreadable as error:
                rejected.add(place.path)
                yield place.finding("C1", "ERROR", f"The delta {error} and is not read.", 1)
                continue
            read.append((spec, place, delta))
            for finding in self._file_findings(spec, place, delta):
                if finding.level == "ERROR":
                    rejected.add(finding.path)
                yield finding
            if delta.is_empty:
                rejected.add(place.path)
                self._empty.append((place, delta))
        for spec, place, delta in read:
            if place.path not in rejected:
                yield from self._archive_findings(spec, place, delta)

    def empty_findings(self) -> Iterator[Finding]:
        """The files without a single entry: first those with delta sections, then those without."""
        for place, delta in self._empty:
            if delta.operations:
                found = [f"## {name} Requirements" for name in _OPERATIONS if name in delta.operations]
                listed = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
                message = (
                    f"Delta sections {listed} were found, but no requirement entries parsed. Ensure each section "
                    'includes at least one "### Requirement:" block (REMOVED may use bullet list syntax).'
                )
                yield place.finding("C14", "ERROR", message, min(delta.operations.values()))
        for place, delta in self._empty:
            if not delta.operations:
                message = (
                    'No delta sections found. Add headers such as "## ADDED Requirements" or move non-delta notes '
                    "outside specs/."
                )
                yield place.finding("C15", "ERROR", message, 1)

    def _file_findings(self, spec: SpecFile, place: Place, delta: Delta) -> Iterator[Finding]:
        yield from _unapplied_findings(place, delta)
        self.count += len(delta.added) + len(delta.modified) + len(delta.removed) + len(delta.renamed)
        yield from _block_findings(place, "ADDED", delta.added)
        yield from _block_findings(place, "MODIFIED", delta.modified)
        if delta.modified:
            yield from self._loss_findings(spec, place, delta)
        yield from _entry_findings(place, delta)
        yield from _conflict_findings(place, delta)

    def _loss_findings(self, spec: SpecFile, place: Place, delta: Delta) -> Iterator[Finding]:
        """C9: a MODIFIED block that leaves out a scenario of the main spec, old names of renames looked through."""
        path = self._main.path(spec.capability)
        problem = _unusable(self._folders, path)
        if problem is not None:
            yield place.finding("C9", "ERROR", problem, delta.modified[0].start)
            return
        main = self._main.read(spec.capability)
        if main is None:
            return
        blocks = {block.key: block for block in main.requirements}
        sources = {pair.target_key: pair.source_key for pair in delta.renamed}
        renamed_away = {pair.source_key for pair in delta.renamed}
        for block in delta.modified:
            current = None if block.key in renamed_away else _current(block.key, blocks, sources)
            if current is None:
                continue
            balance = compare(current, block)
            if balance.missing:
                message = (
                    f'MODIFIED "{block.name}" omits scenario(s) the current spec still has: {balance.missing_list}. '
                    f"{balance.describe()} Copy the omitted scenarios into the MODIFIED block (a MODIFIED requirement "
                    "replaces the whole block, so archive refuses to drop them)."
                )
                yield place.finding("C9", "ERROR", message, block.start, requirement=block.name)

    def _archive_findings(self, spec: SpecFile, place: Place, delta: Delta) -> Iterator[Finding]:
        path = self._main.path(spec.capability)
        if self._folders.kind(path) == "folder":
            return
        refused = refusal(spec.capability, delta, self._main.read(spec.capability))
        if refused is not None:
            message = f"Archive would refuse this delta: {refused.message}"
            yield place.finding(
                "C12", "INFO", message, refused.line, requirement=refused.requirement, way_out=refused.way_out
            )


_ROOT_SPEC = (
    "Delta spec found at specs/spec.md. Delta specs must live under a capability path (e.g. "
    "specs/<capability-path>/spec.md) — a file at the specs/ root is ignored when the change is applied or archived."
)


def _current(key: str, blocks: dict[str, Requirement], sources: dict[str, str]) -> Requirement | None:
    """The main spec's block that a MODIFIED block replaces once the renames of the same delta are applied."""
    visited: set[str] = set()
    name: str | None = key
    while name is not None and name not in visited:
        if name in blocks:
            return blocks[name]
        visited.add(name)
        name = sources.get(name)
    return None


def _unusable(folders: Folders, path: str) -> str | None:
    """Why the main spec at `path`, which is there, cannot be compared with."""
    if folders.kind(path) == "folder":
        return (
            f"Could not read {folders.shown(path)} to check the MODIFIED requirements against it (EISDIR). "
            "Archive reads the same file, so fix the file before archiving."
        )
    if folders.kind(path) == "link":
        real, folder = folders.real(path), folders.real(posixpath.dirname(path))
        if real is None or folder is None or not real.startswith(f"{folder}/"):
            raise Refused(f"Path is outside the allowed directory: {folders.shown(path)}", path)
    return None


def _unapplied_findings(place: Place, delta: Delta) -> Iterator[Finding]:
    """C2 to C4: what looks like an entry and is none."""
    for stray in delta.strays:
        if _NAMELESS.match(stray.heading):
            message = (
                f'Header "### {stray.heading}" in {stray.section} is missing a requirement name and is ignored by '
                'validation. Add a name, e.g. "### Requirement: <name>".'
            )
        else:
            message = (
                f'Header "### {stray.heading}" in {stray.section} is not a "### Requirement:" header and is ignored by '
                f'validation. Use "### Requirement: {stray.heading}" if it should be validated as a requirement.'
            )
        yield place.finding("C2", "INFO", message, stray.line, cited=True)
    for entry in delta.unpaired:
        other = "TO" if entry.side == "FROM" else "FROM"
        message = (
            f'RENAMED {entry.side}: "{entry.name}" has no matching {other}: line. Write each rename as a FROM: line '
            "followed immediately by its TO: line."
        )
        yield place.finding("C3", "ERROR", message, entry.line, requirement=entry.name, cited=True)
    for orphan in delta.orphans:
        where = f'under "## {orphan.section}"' if orphan.section else 'above the first "## " section'
        message = (
            f'Requirement "{orphan.name}" is {where}, which is not a delta section, so it is ignored. Move it under '
            '"## ADDED Requirements", "## MODIFIED Requirements", "## REMOVED Requirements", or "## RENAMED '
            'Requirements".'
        )
        yield place.finding("C4", "WARNING", message, orphan.line, requirement=orphan.name, cited=True)


def _block_findings(place: Place, operation: Operation, blocks: tuple[Requirement, ...]) -> Iterator[Finding]:
    """C5 to C8 for ADDED and MODIFIED."""
    seen: set[str] = set()
    for block in blocks:
        if block.key in seen:
            yield _duplicate(place, f"Duplicate requirement in {operation}", block.name, block.start)
        seen.add(block.key)
        yield from delta_findings(place, operation, block)


def _entry_findings(place: Place, delta: Delta) -> Iterator[Finding]:
    """C5 for REMOVED and RENAMED."""
    removed: set[str] = set()
    for entry in delta.removed:
        if entry.key in removed:
            yield _duplicate(place, "Duplicate requirement in REMOVED", entry.name, entry.start)
        removed.add(entry.key)
    sources: set[str] = set()
    targets: set[str] = set()
    for pair in delta.renamed:
        if pair.source_key in sources:
            yield _duplicate(place, "Duplicate FROM in RENAMED", pair.source, pair.source_line)
        sources.add(pair.source_key)
        if pair.target_key in targets:
            yield _duplicate(place, "Duplicate TO in RENAMED", pair.target, pair.target_line)
        targets.add(pair.target_key)


def _duplicate(place: Place, what: str, name: str, line: int) -> Finding:
    way_out = "Keep one of the entries and merge into it what the others say."
    return place.finding("C5", "ERROR", f'{what}: "{name}"', line, requirement=name, way_out=way_out)


def _conflict_findings(place: Place, delta: Delta) -> Iterator[Finding]:
    """C10 and C11: one requirement under two operations."""
    added = {block.key: block.start for block in reversed(delta.added)}
    modified = {block.key: block.start for block in delta.modified}
    removed = {entry.key: entry.start for entry in delta.removed}
    way_out = "Keep the entry that says what shall happen to the requirement, and delete the other."

    def both(first: Operation, second: Operation, key: str, line: int) -> Finding:
        message = f'Requirement present in both {first} and {second}: "{key}"'
        return place.finding("C10", "ERROR", message, line, requirement=key, way_out=way_out)

    for key in dict.fromkeys(block.key for block in delta.modified):
        if key in removed:
            yield both("MODIFIED", "REMOVED", key, modified[key])
        if key in added:
            yield both("MODIFIED", "ADDED", key, modified[key])
    for key in dict.fromkeys(block.key for block in delta.added):
        if key in removed:
            yield both("ADDED", "REMOVED", key, added[key])
    folded: dict[str, str] = {}
    for entry in delta.removed:
        folded.setdefault(fold(entry.key), entry.key)
    for pair in delta.renamed:
        if pair.source_key in modified:
            message = f'MODIFIED references old name from RENAMED. Use new header for "{pair.target}"'
            yield place.finding("C11", "ERROR", message, modified[pair.source_key], requirement=pair.source)
        if pair.target_key in added:
            message = f'RENAMED TO collides with ADDED for "{pair.target}"'
            yield place.finding("C11", "ERROR", message, pair.target_line, requirement=pair.target, way_out=way_out)
        near = folded.get(fold(pair.source_key))
        if near is not None:
            spelled = "" if near == pair.source_key else f' (REMOVED spells it "{near}")'
            message = f'Requirement present in both RENAMED and REMOVED: "{pair.source}"{spelled}'
            yield place.finding("C11", "ERROR", message, pair.source_line, requirement=pair.source, way_out=way_out)


def _unread(folders: Folders, specs: str) -> Iterator[Finding]:
    """C13: Markdown with delta sections that is no ``spec.md``."""
    found = [path for path in _markdown(folders, specs, "") if path.rpartition("/")[2] != SPEC]
    for path in sorted(found, key=utf16):
        file = f"{specs}/{path}"
        try:
            text = Text.of(folders.read(file))
        except Unreadable:
            continue
        if not has_delta_section(text):
            continue
        folder, _, name = path.rpartition("/")
        expected = f"{folder or name[: -len('.md')]}/{SPEC}"
        message = (
            f"Delta spec found at specs/{path}. Delta specs must be a spec.md inside a capability folder — this file "
            f"is ignored when the change is applied or archived. Move its requirements into specs/{expected}."
        )
        yield Place(path, file).finding("C13", "ERROR", message, 1)


def _markdown(folders: Folders, specs: str, below: str) -> Iterator[str]:
    for name, kind in folders.names(f"{specs}/{below}").items():
        path = f"{below}/{name}" if below else name
        if name.startswith("."):
            continue
        if kind == "folder":
            yield from _markdown(folders, specs, path)
        elif name.lower().endswith(".md"):
            yield path


def _main_file(folders: Folders, change: str) -> str:
    """The file of a change that a finding about the whole of it stands in."""
    names = folders.names(change)
    known = (name for name in ("proposal.md", "tasks.md", "design.md", METADATA) if names.get(name) == "file")
    name = next(known, None)
    return f"{change}/{name}" if name else first_file(folders, change)


def _task_findings(folders: Folders, change: str) -> Iterator[Finding]:
    """C19 and C20. A schema that cannot be read has no tracked task list, and its tasks are not numbered by ours."""
    try:
        schema = schema_of(folders, change)
    except (MetadataError, SchemaError):
        return
    pattern = schema.tasks()
    tracked = outputs(folders, change, pattern) if pattern else []
    files: list[TaskFile] = []
    unreadable = False
    for path in tracked or [f"{change}/tasks.md"]:
        try:
            files.append(TaskFile(_relative(folders, change, path), path, folders.read(path)))
        except Unreadable:
            unreadable = True
    files.sort(key=lambda file: collation_key(file.path))
    if tracked and not unreadable:
        yield from checkbox_findings(files)
    if schema.built_in:
        yield from numbering_findings(files)


def _relative(folders: Folders, change: str, path: str) -> str:
    real, folder = folders.real(path), folders.real(change)
    inside = real is not None and folder is not None and real.startswith(f"{folder}/")
    return real[len(folder) + 1 :] if inside and real and folder else posixpath.basename(path)
