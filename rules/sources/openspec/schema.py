"""A workflow schema: which files a change has, and which of them lists its tasks.

The built-in schema is ``spec-driven``; a repository may bring its own in ``openspec/schemas/<name>/schema.yaml``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import ROOT, utf16
from rules.sources.openspec.yaml12 import InvalidYaml, expected, load
from rules.sources.tree import Unreadable

BUILT_IN = "spec-driven"
SCHEMAS = f"{ROOT}/schemas"
MAX_ARTIFACTS = 1000

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_GLOB = re.compile(r"[*?[]|[!+@]\([^(]*\)|\{[^{}]*(?:,|\.\.)[^{}]*\}")
_MAX_PATTERNS = 64


class SchemaError(Exception):
    """A schema that is not there or not valid; the message is one line."""


class Artifact(Struct, frozen=True):
    """A file, or a glob of files, that a change produces."""

    id: str
    generates: str


class Schema(Struct, frozen=True):
    """A schema. `tracks` is the file whose checkboxes count as progress, if the schema says so."""

    name: str
    artifacts: tuple[Artifact, ...]
    tracks: str | None
    built_in: bool

    def tasks(self) -> str | None:
        """What the tracked task list is generated as; None if there is no such artifact."""
        if self.tracks is not None:
            return next((a.generates for a in self.artifacts if a.generates == self.tracks), None)
        return next((a.generates for a in self.artifacts if a.id == "tasks"), None)


SPEC_DRIVEN = Schema(
    BUILT_IN,
    (
        Artifact("proposal", "proposal.md"),
        Artifact("specs", "specs/**/*.md"),
        Artifact("design", "design.md"),
        Artifact("tasks", "tasks.md"),
    ),
    "tasks.md",
    built_in=True,
)


def schema_names(folders: Folders) -> list[str]:
    """The schemas that a change may name."""
    return sorted({BUILT_IN, *(name for name in folders.names(SCHEMAS) if _is_schema(folders, name))}, key=utf16)


def load_schema(folders: Folders, name: str) -> Schema:
    """The schema called `name`; the repository's own come before the built-in one.

    Raises:
        SchemaError: there is none, or its file is not valid.
    """
    name = re.sub(r"\.ya?ml\Z", "", name)
    if _is_schema(folders, name):
        return _project_schema(folders, name)
    if name == BUILT_IN:
        return SPEC_DRIVEN
    raise SchemaError(f"Schema '{name}' not found. Available schemas: {', '.join(schema_names(folders))}")


def outputs(folders: Folders, change: str, pattern: str) -> list[str]:
    """The files of a change that an artifact is generated as, sorted."""
    if not _GLOB.search(pattern):
        path = f"{change}/{pattern}"
        real = folders.real(path)
        return [real] if real is not None and folders.is_file(path) else []
    matchers = [_matcher(part) for part in _expand(pattern)]
    files = (path for path in _files(folders, change) if any(m.fullmatch(path[len(change) + 1 :]) for m in matchers))
    return sorted({folders.real(path) or path for path in files}, key=utf16)


def _is_schema(folders: Folders, name: str) -> bool:
    return not re.search(r"[\\/]|\A\.{0,2}\Z|\A[A-Za-z]:", name) and folders.is_file(f"{SCHEMAS}/{name}/schema.yaml")


def _project_schema(folders: Folders, name: str) -> Schema:
    path = f"{SCHEMAS}/{name}/schema.yaml"
    shown = folders.shown(path)
    try:
        value = load(folders.read(path))
    except (InvalidYaml, Unreadable) as error:
        raise SchemaError(f"Failed to parse schema at '{shown}': {error}") from error
    try:
        file = _SchemaFile.model_validate(value)
    except ValidationError as error:
        problems = ", ".join(_problem(problem) for problem in error.errors())
        raise SchemaError(f"Invalid schema at '{shown}': Invalid schema: {problems}") from error
    problem = _reference_problem(file)
    if problem is not None:
        raise SchemaError(f"Invalid schema at '{shown}': {problem}")
    artifacts = tuple(Artifact(artifact.id, artifact.generates) for artifact in file.artifacts)
    return Schema(name, artifacts, file.apply.tracks if file.apply else None, built_in=False)


def _inside(path: str) -> str:
    if path.startswith(("/", "\\")) or ".." in re.split(r"[\\/]+", path) or re.match("[A-Za-z]:", path) or "\0" in path:
        raise ValueError("must be a relative path inside its allowed directory")
    return path


_Text = Annotated[str, Field(min_length=1)]
_Path = Annotated[_Text, AfterValidator(_inside)]


class _ArtifactFile(BaseModel):
    model_config = ConfigDict(strict=True)

    id: _Text
    generates: _Path
    description: str
    template: _Path
    instruction: str = ""
    requires: list[str] = []


class _ApplyFile(BaseModel):
    model_config = ConfigDict(strict=True)

    requires: list[str] = Field(min_length=1)
    tracks: _Path | None = None
    instruction: str = ""


class _SchemaFile(BaseModel):
    """A ``schema.yaml``. Numbers are floats, as `yaml12` reads them."""

    model_config = ConfigDict(strict=True)

    name: _Text
    version: float = Field(gt=0, multiple_of=1)
    description: str = ""
    artifacts: list[_ArtifactFile] = Field(min_length=1, max_length=MAX_ARTIFACTS)
    apply: _ApplyFile | None = None


_MISSING = {
    "name": "Schema name is required",
    "artifacts": "At least one artifact required",
    "id": "Artifact ID is required",
    "generates": "generates field is required",
    "template": "template field is required",
    "requires": "At least one required artifact",
    "tracks": "apply.tracks is required",
}
_TYPES = {"float": "number", "string": "string", "list": "array", "model": "object", "dict": "object"}


def _problem(error: ErrorDetails) -> str:
    """One problem of a schema's fields in OpenSpec's words."""
    path = ".".join(str(part) for part in error["loc"])
    field = str(error["loc"][-1]) if error["loc"] else ""
    kind = error["type"]
    if kind == "missing":
        wanted = {"version": "number", "artifacts": "array", "requires": "array"}.get(field, "string")
        return f"{path}: Invalid input: expected {wanted}, received undefined"
    if kind.endswith("_type") and kind.removesuffix("_type") in _TYPES:
        return f"{path}: {expected(_TYPES[kind.removesuffix('_type')], error['input'])}"
    if kind in ("too_short", "string_too_short"):
        return f"{path}: {_MISSING.get(field, 'is required')}"
    if kind == "too_long":
        return f"{path}: A schema may declare at most {MAX_ARTIFACTS} artifacts"
    if kind == "multiple_of":
        return f"{path}: Invalid input: expected int, received number"
    if kind == "greater_than":
        return f"{path}: Version must be a positive integer"
    label = "apply.tracks" if field == "tracks" else f"{field} field"
    return f"{path}: {label} must be a relative path inside its allowed directory"


def _reference_problem(file: _SchemaFile) -> str | None:
    requires: dict[str, list[str]] = {}
    for artifact in file.artifacts:
        if artifact.id in requires:
            return f"Duplicate artifact ID: {artifact.id}"
        requires[artifact.id] = artifact.requires
    for artifact in file.artifacts:
        unknown = next((name for name in artifact.requires if name not in requires), None)
        if unknown is not None:
            return f"Invalid dependency reference in artifact '{artifact.id}': '{unknown}' does not exist"
    unknown = next((name for name in file.apply.requires if name not in requires), None) if file.apply else None
    if unknown is not None:
        return f"Invalid apply.requires reference: '{unknown}' does not exist (artifacts: {', '.join(requires)})"
    return "Cyclic dependency detected" if _is_cyclic(requires) else None


def _is_cyclic(requires: dict[str, list[str]]) -> bool:
    waiting = {name: set(needed) for name, needed in requires.items()}
    while ready := {name for name, needed in waiting.items() if not needed}:
        waiting = {name: needed - ready for name, needed in waiting.items() if name not in ready}
    return bool(waiting)


def _files(folders: Folders, folder: str) -> Iterator[str]:
    for name, kind in folders.names(folder).items():
        path = f"{folder}/{name}"
        if name.startswith("."):
            continue
        if kind == "folder":
            yield from _files(folders, path)
        elif folders.is_file(path):
            yield path


def _expand(pattern: str) -> list[str]:
    """The patterns that ``{a,b}`` stands for, at most `_MAX_PATTERNS`."""
    done: list[str] = []
    todo = [pattern]
    while todo and len(done) < _MAX_PATTERNS:
        entry = todo.pop()
        found = _BRACES.search(entry)
        if found is None:
            done.append(entry)
        else:
            todo += [entry[: found.start()] + choice + entry[found.end() :] for choice in found[1].split(",")]
    return done


def _matcher(pattern: str) -> re.Pattern[str]:
    parts = pattern.split("/")
    expression = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            expression += ".*" if last else "(?:[^/]+/)*"
        else:
            name = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
            expression += name.replace(".*", "[^/]*") + ("" if last else "/")
    return re.compile(expression)
