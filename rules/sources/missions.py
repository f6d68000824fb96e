"""Spec Kitty missions: the files of `kitty-specs/<slug>/`, read into plain data with the line of everything.

The shapes are those of spec-kitty-cli 3.2. A file that cannot be read, or does not have its shape, is a `Fault` and
its data are absent; keys that are not known are let through, except in `wps.yaml`, whose schema forbids them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

import yaml
from msgspec import Struct, field
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from rules.sources.tree import Tree, Unreadable, read_text

ROOT = "kitty-specs"

MAX_MISSIONS = 200
"""Missions that are read in one tree."""

MAX_EVENTS = 20_000
"""Lines of an event log that are read."""

MAX_YAML_CHARS = 200_000
"""Longer `wps.yaml` files are not read: real ones have 2,000."""

Lane = Literal[
    "planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done", "blocked", "canceled"
]
LANES: tuple[Lane, ...] = Lane.__args__  # type: ignore[attr-defined]

_LANE_ALIASES = {"doing": "in_progress"}
_DECLARATION = re.compile(r"^\s*(?:\||#{1,6}\s|[-*+]\s|\*\*)[\s|*`]*((?:FR|NFR|C)-\d+)\b")

ULID = r"^[0-9A-HJKMNP-TV-Z]{26}$"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Meta(_Shape):
    """`meta.json`. A mission of the old kind, numbered, has no `mission_id`."""

    slug: str
    mission_slug: str
    friendly_name: str
    mission_type: str
    target_branch: str
    created_at: AwareDatetime
    mission_id: Annotated[str, Field(pattern=ULID)] | None = None
    mission_number: int | str | None = None
    source_description: str | None = None
    openspec_change_id: str | None = None


class Event(_Shape):
    """One transition of a work package in `status.events.jsonl`."""

    event_id: str
    wp_id: str
    from_lane: str
    to_lane: str
    at: AwareDatetime
    actor: str
    force: bool
    execution_mode: Literal["worktree", "direct_repo"]
    reason: str | None = None
    evidence: object = None
    mission_slug: str | None = None
    feature_slug: str | None = None


class PackageState(_Shape):
    lane: str


class Status(_Shape):
    """`status.json`, which Spec Kitty derives from the events."""

    event_count: int
    last_event_id: str | None = None
    summary: dict[str, int]
    work_packages: dict[str, PackageState]


class WorkPackage(_Shape):
    """One entry of `wps.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^WP\d{2}$")]
    title: str
    dependencies: tuple[str, ...] = ()
    owned_files: tuple[str, ...] = ()
    requirement_refs: tuple[str, ...] = ()
    subtasks: tuple[str, ...] = ()
    prompt_file: str | None = None
    plan_concern_refs: tuple[Annotated[str, Field(pattern=r"^IC-\d{2}$")], ...] = ()
    cross_cutting: bool = False


class WorkPackages(_Shape):
    model_config = ConfigDict(frozen=True, extra="forbid")

    work_packages: tuple[WorkPackage, ...]


class Fault(Struct, frozen=True):
    """Something in a mission's file that does not have the shape it must have."""

    path: str
    line: int
    message: str


class Located(Struct, frozen=True):
    """A transition and its line in the log."""

    event: Event
    line: int


class Mission(Struct, frozen=True, dict=True):
    """One mission as it stands in one tree; what is absent or broken is None or empty."""

    folder: str
    meta: Meta | None = None
    meta_text: str = ""
    events: tuple[Located, ...] = ()
    log: tuple[str, ...] | None = None
    status: Status | None = None
    status_text: str = ""
    packages: tuple[WorkPackage, ...] = ()
    package_lines: Mapping[str, int] = field(default_factory=dict)
    has_packages: bool = False
    tasks: str | None = None
    requirements: frozenset[str] | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def slug(self) -> str:
        return self.folder.rpartition("/")[2]

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def meta_line(self, key: str) -> int:
        """The line of a key of `meta.json`, 1 where it is not there."""
        return key_line(self.meta_text, key)

    def package_line(self, package: str) -> int:
        return self.package_lines.get(package, 1)


def mission_folders(tree: Tree) -> list[str]:
    """The folders of missions: those below `kitty-specs` that hold one of a mission's files."""
    names = ("meta.json", "wps.yaml", "status.events.jsonl", "status.json")
    found = re.compile(rf"({ROOT}/[^/]+)/(?:{'|'.join(map(re.escape, names))})")
    below = (path for path in tree.entries if path.startswith(f"{ROOT}/"))
    return sorted({match[1] for path in below if (match := found.fullmatch(path))})[:MAX_MISSIONS]


def read_mission(tree: Tree, folder: str) -> Mission:
    """The mission in `folder`; never raises."""
    faults: list[Fault] = []

    def text(name: str) -> str | None:
        path = f"{folder}/{name}"
        if path not in tree.entries:
            return None
        try:
            return read_text(tree, path).removeprefix("\ufeff")
        except Unreadable as error:
            faults.append(Fault(path, 1, str(error)))
            return None

    meta, status, packages = text("meta.json"), text("status.json"), text("wps.yaml")
    log, spec = text("status.events.jsonl"), text("spec.md")
    if meta is None and f"{folder}/meta.json" not in tree.entries:
        faults.append(Fault(f"{folder}/meta.json", 1, "does not exist, and every mission needs one"))
    found = _packages(f"{folder}/wps.yaml", packages, faults) if packages is not None else None
    return Mission(
        folder,
        meta=_json(Meta, f"{folder}/meta.json", meta, faults) if meta is not None else None,
        meta_text=meta or "",
        events=tuple(_events(f"{folder}/status.events.jsonl", log, faults)) if log is not None else (),
        log=tuple(line for line in log.splitlines() if line.strip()) if log is not None else None,
        status=_json(Status, f"{folder}/status.json", status, faults) if status is not None else None,
        status_text=status or "",
        packages=found[0] if found else (),
        package_lines=found[1] if found else {},
        has_packages=found is not None,
        tasks=text("tasks.md"),
        requirements=declared(spec) if spec is not None else None,
        faults=tuple(faults),
    )


def declared(spec: str) -> frozenset[str]:
    """The requirement ids that a mission's `spec.md` declares: in table rows, headings, bullets or bold leads."""
    return frozenset(match[1] for line in spec.splitlines() if (match := _DECLARATION.match(line)))


def lane(name: str) -> str:
    return _LANE_ALIASES.get(name, name)


def key_line(text: str, key: str) -> int:
    """The line where `key` stands in a JSON text, 1 where it does not."""
    found = re.search(rf'^[^\n]*"{re.escape(key)}"\s*:', text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


Place = Sequence[str | int]
ShapeT = TypeVar("ShapeT", bound=_Shape)


def _json(shape: type[ShapeT], path: str, text: str, faults: list[Fault]) -> ShapeT | None:
    try:
        data: object = json.loads(text)
    except json.JSONDecodeError as error:
        faults.append(Fault(path, error.lineno, f"is not valid JSON: {error.msg}"))
        return None
    except RecursionError:
        faults.append(Fault(path, 1, "nests too deeply to be read"))
        return None
    return _shaped(shape, path, data, lambda place: key_line(text, str(place[-1])) if place else 1, faults)


def _shaped(
    shape: type[ShapeT], path: str, data: object, line: Callable[[Place], int], faults: list[Fault]
) -> ShapeT | None:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            place = [part for part in each["loc"] if isinstance(part, (str, int))]
            where = ".".join(map(str, place))
            faults.append(Fault(path, line(place), f"{where or 'the whole file'}: {each['msg']}"))
        return None


def _events(path: str, text: str, faults: list[Fault]) -> Iterator[Located]:
    """The transitions of a log; lines of other events (with an `event_type`, without a lane) are passed over."""
    lines = text.splitlines()
    if len(lines) > MAX_EVENTS:
        faults.append(Fault(path, MAX_EVENTS + 1, f"is read up to this line: it has over {MAX_EVENTS} events"))
    for number, line in enumerate(lines[:MAX_EVENTS], 1):
        if not line.strip():
            continue
        try:
            row: object = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            faults.append(Fault(path, number, "this line is not valid JSON, so the log cannot be replayed"))
            continue
        if isinstance(row, dict) and "event_type" in row and "to_lane" not in row:
            continue
        event = _shaped(Event, path, row, _always(number), faults)
        if event is not None:
            yield Located(event, number)


def _always(line: int) -> Callable[[Place], int]:
    return lambda _: line


def _packages(path: str, text: str, faults: list[Fault]) -> tuple[tuple[WorkPackage, ...], dict[str, int]] | None:
    if len(text) > MAX_YAML_CHARS:
        faults.append(Fault(path, 1, f"is longer than {MAX_YAML_CHARS} characters and was not read"))
        return None
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        data: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.append(Fault(path, line, f"is not valid YAML: {error.problem or error.context}"))
        return None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        faults.append(Fault(path, 1, f"is not valid YAML: {' '.join(str(error).split())[:200]}"))
        return None
    found = _shaped(WorkPackages, path, data, lambda place: _yaml_line(node, place), faults)
    if found is None:
        return None
    lines: dict[str, int] = {}
    for index, package in enumerate(found.work_packages):
        lines.setdefault(package.id, _yaml_line(node, ["work_packages", index]))
    return found.work_packages, lines


def _yaml_line(node: yaml.Node | None, place: Place) -> int:
    """The line of the value at `place`, as far as it is there."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            node = None
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def ulid_time(ulid: str) -> datetime | None:
    """The moment that a ULID carries in its first ten characters (https://github.com/ulid/spec); None beyond 9999."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    milliseconds = 0
    for character in ulid[:10]:
        milliseconds = milliseconds * 32 + alphabet.index(character)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
