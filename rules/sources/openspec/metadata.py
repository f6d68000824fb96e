"""What a change says about itself in ``.openspec.yaml``, and the schema of artifacts that it follows.

Two markers in that file change a verdict: `skip_specs` (the change has no deltas on purpose) and `retire_capabilities`.
They count only if the whole file is valid. Schemas are the built-in ``spec-driven`` and those of
``openspec/schemas/<name>/schema.yaml``; what a user has installed on a machine is not part of a repository.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import ROOT
from rules.sources.openspec.schema import BUILT_IN, Schema, SchemaError, load_schema, schema_names
from rules.sources.openspec.text import WHITESPACE
from rules.sources.openspec.yaml12 import InvalidYaml, Value, expected, load
from rules.sources.tree import Unreadable

METADATA = ".openspec.yaml"
CONFIGS = (f"{ROOT}/config.yaml", f"{ROOT}/config.yml")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_CONTROLS = re.compile("[\x00-\x1f\x7f]")
_LINE_ENDS = "\n\r\u2028\u2029"


class Marker(Struct, frozen=True):
    """Whether a marker is set, or why it cannot be honoured although it is written there."""

    declared: bool = False
    invalid: str | None = None


class MetadataError(Exception):
    """A change's metadata that OpenSpec would refuse to load; the message is one line."""


def read_marker(folders: Folders, change: str, key: str) -> Marker:
    """The marker `key` of the change in the folder `change`."""
    path = f"{change}/{METADATA}"
    if folders.kind(folders.real(path) or path) == "folder":
        return Marker(invalid="the metadata file cannot be read (EISDIR: illegal operation on a directory, read)")
    if not folders.is_file(path):
        return Marker()
    try:
        text = folders.read(path)
    except Unreadable as error:
        return Marker(invalid=f"the metadata file cannot be read ({error})")
    try:
        value = load(text)
    except InvalidYaml:
        return Marker(invalid="the file is not valid YAML") if _mentions(text, key) else Marker()
    problem = _problem(value)
    if problem is not None:
        is_set = isinstance(value, dict) and key in value and value[key] is not False
        return Marker(invalid=_printable(problem)) if is_set else Marker()
    assert isinstance(value, dict)
    if value.get(key) is not True:
        return Marker()
    name = str(value["schema"])
    if name not in schema_names(folders):
        return Marker(invalid=_printable(f"schema: unknown schema '{name}'"))
    try:
        load_schema(folders, name)
    except SchemaError as error:
        return Marker(invalid=_printable(str(error)))
    return Marker(declared=True)


def schema_name(folders: Folders, change: str) -> str:
    """The name of the schema that a change follows: its own, else the project's, else the built-in one.

    Raises:
        MetadataError: the change's metadata is there but not valid.
    """
    path = f"{change}/{METADATA}"
    if folders.kind(path) == "folder":
        raise MetadataError("is a folder")
    if folders.is_file(path):
        try:
            value = load(folders.read(path))
        except (InvalidYaml, Unreadable) as error:
            raise MetadataError(str(error)) from error
        problem = _problem(value)
        if problem is not None or not isinstance(value, dict):
            raise MetadataError(problem or "is no mapping")
        name = str(value["schema"])
        if name not in schema_names(folders):
            raise MetadataError(f"unknown schema '{name}'")
        return name
    return _project_schema(folders) or BUILT_IN


def schema_of(folders: Folders, change: str) -> Schema:
    """The schema that a change follows.

    Raises:
        MetadataError, SchemaError: it cannot be told or read.
    """
    return load_schema(folders, schema_name(folders, change))


def _project_schema(folders: Folders) -> str | None:
    path = next((path for path in CONFIGS if folders.kind(path) is not None), None)
    if path is None:
        return None
    try:
        value = load(folders.read(path))
    except (InvalidYaml, Unreadable):
        return None
    name = value.get("schema") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name else None


def _mentions(text: str, key: str) -> bool:
    """Whether a line starts with `key` and a colon; a comment about it does not count."""
    for found in re.finditer(rf"(['\"]?){key}\1[{WHITESPACE}]*+:", text):
        before = text[: found.start()]
        indent = before[len(before.rstrip(WHITESPACE)) :]
        if len(indent) == len(before) or any(end in indent for end in _LINE_ENDS):
            return True
    return False


def _printable(reason: str) -> str:
    return _CONTROLS.sub("?", reason)


def _problem(value: Value) -> str | None:
    """The first thing wrong with a change's metadata, in the words of OpenSpec's own schema; None if it is valid."""
    if not isinstance(value, dict):
        return expected("object", value)
    checks = (
        _string_problem(value, "schema", "schema is required", required=True),
        _string_problem(value, "created", "created must be YYYY-MM-DD format", pattern=_DATE),
        _string_problem(value, "goal", "Too small: expected string to have >=1 characters"),
        _areas_problem(value),
        _initiative_problem(value),
        _boolean_problem(value, "skip_specs"),
        _boolean_problem(value, "retire_capabilities"),
    )
    return next((problem for problem in checks if problem is not None), None)


def _string_problem(
    value: Mapping[str, Value],
    key: str,
    too_short: str,
    *,
    required: bool = False,
    pattern: re.Pattern[str] | None = None,
) -> str | None:
    if key not in value:
        return f"{key}: Invalid input: expected string, received undefined" if required else None
    text = value[key]
    if not isinstance(text, str):
        return f"{key}: {expected('string', text)}"
    fits = pattern.match(text) if pattern else text
    return None if fits else f"{key}: {too_short}"


def _areas_problem(value: Mapping[str, Value]) -> str | None:
    if "affected_areas" not in value:
        return None
    areas = value["affected_areas"]
    if not isinstance(areas, list):
        return f"affected_areas: {expected('array', areas)}"
    for index, area in enumerate(areas):
        if not isinstance(area, str):
            return f"affected_areas.{index}: {expected('string', area)}"
        if not area:
            return f"affected_areas.{index}: Too small: expected string to have >=1 characters"
    return None


def _initiative_problem(value: Mapping[str, Value]) -> str | None:
    if "initiative" not in value:
        return None
    link = value["initiative"]
    if not isinstance(link, dict):
        return f"initiative: {expected('object', link)}"
    for key, label in (("store", "Store id"), ("id", "Initiative id")):
        if key not in link:
            return f"initiative.{key}: Invalid input: expected string, received undefined"
        name = link[key]
        if not isinstance(name, str):
            return f"initiative.{key}: {expected('string', name)}"
        if not _KEBAB.match(name):
            rule = "must be kebab-case with lowercase letters, numbers, and single hyphen separators"
            return f"initiative.{key}: {label} {rule}"
    unknown = [key for key in link if key not in ("store", "id")]
    if unknown:
        keys = ", ".join(f'"{key}"' for key in unknown)
        return f"initiative: Unrecognized key{'s' if len(unknown) > 1 else ''}: {keys}"
    return None


def _boolean_problem(value: Mapping[str, Value], key: str) -> str | None:
    return f"{key}: {expected('boolean', value[key])}" if key in value and not isinstance(value[key], bool) else None
