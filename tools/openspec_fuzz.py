"""Compare `rules.validate.openspec` with the `openspec` command itself on generated repositories.

    python tools/openspec_fuzz.py FOLDER [--seconds N] [--seed N]
    python tools/openspec_fuzz.py FOLDER --record tests/data/openspec

FOLDER holds ``node_modules/@fission-ai/openspec`` (``npm i --prefix FOLDER @fission-ai/openspec@1.13.2``). Every
repository is small and odd: headings in all spellings, fences, line ends, byte order marks, white space of every kind,
duplicates, renames, lost scenarios, metadata, task numbers, wrapped changes, links, bytes that are no UTF-8. A difference
in any item, verdict, level, path, line or message is printed with its seed, and the repository is kept. With --record
the command's answers are written into the cases of the tests instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rules.sources.tree import Entry, Unreadable
from rules.validate.openspec.report import validate_openspec

SPACES = [" "] * 30 + [
    "",
    "  ",
    "\t",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u2028",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u200b",
    "\u180e",
]
NAMES = [
    "Alpha", "Alpha", "Alpha", "Beta", "Beta", "Gamma", "Delta", "alpha", "ALPHA", "Alpha Beta", "Alpha  Beta", "alpha beta",
    "C#", "Alpha #", "Alpha ##", "Alpha ## ##", "Alpha\t#", "Alpha\u00a0#", "##", "# #", "", " ", "The system SHALL go",
    "It MUST", "MUSTER", "Ünï çödé", "\U0001f600 smile", "A\u2028B", "A\u00a0B", 'say "hi"', "`tick`", "x`", "`", "\u0130x", "straße",
    "Requirement: Alpha", "**bold**", "__proto__", "constructor", "toString",
]  # fmt: skip
BODIES = [
    "The system SHALL do it.", "The system SHALL do it.", "The system MUST do it.", "It should do it.", "shall", "SHALL",
    "**Priority**: high", "**Constraint**: it MUST hold", "**Note:** SHALL", "", "", "   ", "- bullet SHALL", "> quote",
    "SHALLOW MUSTY", "x_SHALL", "xéSHALL", "# Heading", "## ", "##", "### Notes", "#### ", "##### Deep", "###### Deeper", "####### seven",
    "---", "***", "<!-- comment", "-->", "<!-- ### Requirement: Hidden -->", "```", "~~~", "````", "   ```js", "\t```", "``` ```", "~~~ x", "```\u00a0", "text " * 60,
    "Wert " * 120, "\U0001f600" * 130, "\U0001f600" * 251, "    indented", "1. item", "|a|b|", "\u2028", "\ufeff", "\x0c",
    "TBD", "TODO later", "todo - later", "Todo el mundo", "TBD.", "tbd", "TODOs", "TBD_x", "TBD\u0661", "todo\u2014x", "TODO\u0301", "todo x", "tbd : x", "tbd\t(",
    "TBD - created by archiving change x. Update Purpose after archive.",
    "Prose. TBD - created by archiving change ", "y. Update Purpose after archive.", "A purpose that is long enough to be no problem at all, really.",
]  # fmt: skip
STEPS = [
    "- **WHEN** x",
    "- **THEN** y",
    "- **WHEN** x",
    "- **THEN** y",
    "",
    "",
    "text",
    "```",
    "##### note",
    "   ",
    "\u00a0",
    "#",
    "# ",
]
SCENARIOS = [
    "Basic",
    "Basic",
    "Other",
    "Third",
    "Edge case",
    "Basic ##",
    "basic",
    "",
    "Scenario: Basic",
    "A  b",
    "Basic\u00a0##",
    "Fourth",
    "Fifth",
    "Sixth",
]
DELTA_TITLES = [
    "ADDED Requirements", "ADDED Requirements", "MODIFIED Requirements", "MODIFIED Requirements", "REMOVED Requirements", "RENAMED Requirements",
    "RENAMED Requirements", "Added Requirements", "added requirements", "ADDED  Requirements", "ADD Requirements", "ADDED Requirements ##", "MODIFIED\tRequirements",
    "ADDED Requirement", "Requirements", "Purpose", "Notes", "Known Drift", "removed Requirements", "ADDED Requirements:", "\u0130ADDED",
]  # fmt: skip
SPEC_TITLES = [
    "Purpose",
    "Requirements",
    "requirements",
    "REQUIREMENTS",
    "Notes",
    "ADDED Requirements",
    "modified requirements",
    "Purpose ",
    "Requirements ##",
    "purpose",
    "Requirements:",
]
METADATA = [
    "schema: spec-driven\n", "schema: spec-driven\nskip_specs: true\n", "skip_specs: true\n", "schema: spec-driven\nskip_specs: false\n",
    "schema: nope\nskip_specs: true\n", "schema: spec-driven\nskip_specs: yes\n", 'schema: spec-driven\nskip_specs: "true"\n', "", "# comment\n", "skip_specs\n",
    "schema: spec-driven\ncreated: 2026-01-02\nskip_specs: true\n", "schema: spec-driven\ncreated: 2026-1-2\nskip_specs: true\n", "schema: [\nskip_specs: true\n",
    "a: b: c\n  'skip_specs' : true\n", "# skip_specs: true\nx: [\n", "schema: 1\nskip_specs: true\n", "schema: null\nskip_specs: null\n", "schema: ''\nskip_specs: true\n",
    "schema: spec-driven\nskip_specs: true\nskip_specs: true\n", "---\nschema: spec-driven\nskip_specs: true\n---\nx: 1\n", "- skip_specs\n", "~\n", "just text\n",
    "schema: spec-driven\ngoal: ''\nskip_specs: true\n", "schema: spec-driven\naffected_areas: [a, '']\nskip_specs: true\n", "schema: spec-driven\ninitiative: {store: A, id: b}\nskip_specs: true\n",
    "schema: spec-driven\ninitiative: {store: a, id: b, z: 1, y: 2}\nskip_specs: true\n", "schema: spec-driven\nretire_capabilities: true\n", "schema: spec-driven\nretire_capabilities: 1\nskip_specs: true\n",
    "schema: spec-driven.yaml\nskip_specs: true\n", "{schema: spec-driven, skip_specs: true}\n", "schema:\tspec-driven\nskip_specs: true\n", "\ufeffschema: spec-driven\r\nskip_specs: true\r\n",
    "schema: spec-driven\nunknown: 1\nskip_specs: True\n", "schema: .inf\nskip_specs: true\n", "schema: -.inf\nskip_specs: true\n", "schema: .nan\nskip_specs: true\n", "schema: {a: 1}\nskip_specs: true\n",
    "schema: &a spec-driven\ngoal: *a\nskip_specs: true\n", "schema: *b\nskip_specs: true\n", "schema: \"x\\ny\\x1b\"\nskip_specs: true\n", "schema: ./x\nskip_specs: true\n", "schema: own\n", "schema: own\nskip_specs: true\n",
]  # fmt: skip
TASKS = [
    "## 1. First", "## 2. Second", "## 01. First", "## Notes", "##", "## 3.", "##\t4. x", "   ## 5. x", "    ## 6. x", "### 1. x", "## 1.First", "## 1 First",
    "- [ ] 1.1 do", "- [x] 1.1 do", "- [ ] 1.2 do", "- [ ] 2.1 do", "* [ ] 2.2 x", "+ [X] 1.3", "1. [ ] 2.3 x", "1) [] 1.1", "- [~] 1.4", "- [ x ] 1.5 y", "- [1](link)", "- [ ](link) 1.1", "- [ ][a] 1.2",
    "- [A](x)", "- [xx] 1.1", "  - [ ] 1.1.1 sub", "\t- [ ] 01.1 z", "- [ ] 1.1a text", "- [ ] 1.1. dot", "- [ ] 1.", "- [ ] **1.1** x", "-[ ] 1.6", "- [ ]1.7 x", "- item", "* item", "1. item", "1234567890. item",
    "    - code", "   - three", "```", "~~~", "```js", "<!-- x", "--> y", "<!-- x -->", "---", "tags:", "- [\u00a0] 1.8", "- [ ] 1.9\u00a0z", "- [ ] 1.1\u2028z", "text", "", "\u3000- [ ] 2.9", "- \u2028x", "* * *", "- [ ]\t1.10",
]  # fmt: skip
ENDS = ["\n"] * 12 + ["\r\n", "\r\n", "\r"]


class Odd:
    """A source of odd texts."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)
        self.calm = self.maybe(0.6)

    def one(self, choices: list[str]) -> str:
        return self.pick.choice(choices)

    def some(self, choices: list[str], most: int) -> list[str]:
        return [self.one(choices) for _ in range(self.pick.randint(0, most))]

    def maybe(self, chance: float) -> bool:
        return self.pick.random() < chance

    def space(self) -> str:
        return " " if self.calm and self.maybe(0.98) else self.one(SPACES)

    def hashes(self, count: int) -> str:
        return "#" * (count if self.maybe(0.998 if self.calm else 0.97) else self.pick.randint(1, 7))

    def name(self) -> str:
        if self.calm and self.maybe(0.95):
            return self.one(NAMES[:9])
        return self.one(NAMES[:12] if self.maybe(0.7) else NAMES)

    def requirement_heading(self) -> str:
        if self.maybe(0.98 if self.calm else 0.8):
            return f"### Requirement: {self.name()}"
        word = self.one(
            [
                "Requirement:",
                "requirement:",
                "REQUIREMENT:",
                "Requirement",
                "Requirement :",
                "\u017fRequirement:",
                "Requirements:",
            ]
        )
        tail = self.one(["", "", " ", " #", " ##", "\u2028", "\u00a0"])
        return f"{self.one(['', '', '', ' '])}{self.hashes(3)}{self.space()}{word}{self.space()}{self.name()}{tail}"

    def scenario(self) -> list[str]:
        heading = f"{self.hashes(4)}{self.space()}{self.one(['Scenario: ', 'Scenario: ', 'scenario:', '', 'Scenario:'])}{self.one(SCENARIOS)}"
        steps = ["- **WHEN** x", "- **THEN** y"] if self.maybe(0.95 if self.calm else 0.7) else self.some(STEPS, 4)
        return [heading, *steps, *self.some([""], 1)]

    def block(self) -> list[str]:
        lines = [self.requirement_heading()]
        lines += ["The system SHALL do it."] if self.maybe(0.93 if self.calm else 0.6) else self.some(BODIES, 4)
        for _ in range(self.pick.choice([1, 1, 1, 2, 2, 3, 5] if self.calm else [0, 1, 1, 2])):
            lines += ["", *self.scenario()]
        return [*lines, *self.some(["", "", "---", "   "], 2)]

    def rename(self) -> list[str]:
        lines = []
        for side in self.pick.choice(
            [["FROM", "TO"]] * 6
            + [["FROM"], ["TO"], ["FROM", "FROM", "TO"], ["FROM", "TO", "TO"], ["TO", "FROM"], ["from", "TO"]]
            if not self.calm or self.maybe(0.1)
            else [["FROM", "TO"]]
        ):
            tick = self.one(["`", "`", ""])
            lines.append(
                f"{self.one(['- ', '- ', '* ', '+ ', '', '  - ', '-', '1. '])}{side}:{self.space()}{tick}###{self.space()}Requirement:{self.space()}{self.name()}{tick}{self.one(['', '', ' ', '.'])}"
            )
        return [*lines, *self.some(["", "text"], 1)]

    def removal(self) -> list[str]:
        if self.maybe(0.5):
            return [self.requirement_heading(), *self.some(BODIES, 2)]
        tick = self.one(["`", ""])
        return [
            f"{self.one(['- ', '* ', '+ ', '  - ', '-', ''])}{tick}###{self.space()}{self.one(['Requirement:', 'Requirement:', 'requirement:'])}{self.space()}{self.name()}{tick}"
        ]

    def delta(self) -> str:
        lines: list[str] = (
            self.some(["# Title", "", "Prose", "## Purpose", "A purpose.", "```"], 2) if self.maybe(0.2) else []
        )
        for _ in range(self.pick.choice([0, 1, 1, 2, 2, 3, 4])):
            title = self.one(DELTA_TITLES[:7] if self.maybe(0.98 if self.calm else 0.7) else DELTA_TITLES)
            lines += [f"{self.hashes(2)}{self.space()}{title}{self.one(['', '', '', ' ', '  '])}", *self.some([""], 1)]
            for _ in range(self.pick.choice([0, 1, 1, 2, 3])):
                kind = title[:3].upper() if self.maybe(0.95) else self.one(["REM", "REN", "ADD"])
                lines += self.rename() if kind == "REN" else self.removal() if kind == "REM" else self.block()
        return self.soup(lines)

    def spec(self) -> str:
        lines = self.some(["# Cap Specification", "", "Prose"], 2)
        if self.maybe(0.93):
            lines += [
                f"{self.hashes(2)}{self.space()}{self.one(['Purpose'] if self.calm else ['Purpose'] * 8 + SPEC_TITLES)}"
            ]
            lines += (
                ["A purpose that is long enough to be no problem at all, really."]
                if self.maybe(0.6)
                else self.some(BODIES, 3)
            )
        for _ in range(self.pick.choice([0, 1, 1, 1, 1, 1, 2])):
            lines += [
                "",
                f"{self.hashes(2)}{self.space()}{self.one(['Requirements'] if self.calm else ['Requirements'] * 12 + SPEC_TITLES)}",
                *self.some(["", "Preamble"], 1),
            ]
            for _ in range(self.pick.choice([0, 1, 2, 2, 3, 4])):
                lines += self.block()
        if self.maybe(0.2):
            lines += ["## Notes", *self.some(BODIES, 2), *self.block()]
        return self.soup(lines)

    def soup(self, lines: list[str]) -> str:
        for _ in range(self.pick.choice([0, 0, 0, 1] if self.calm else [0, 0, 1, 2, 4])):
            action, at = self.pick.randint(0, 3), self.pick.randint(0, len(lines))
            if action == 0:
                lines.insert(at, self.one(BODIES))
            elif action == 1 and lines:
                lines.pop(at % len(lines))
            elif action == 2 and lines:
                line = lines[at % len(lines)]
                cut = self.pick.randint(0, len(line))
                lines[at % len(lines)] = line[:cut] + self.space() + line[cut:]
            elif lines:
                lines.insert(at, self.pick.choice(lines))
        return self.text(lines)

    def text(self, lines: list[str]) -> str:
        end = self.one(ENDS)
        text = "".join(line + (end if self.maybe(0.98) else self.one(ENDS)) for line in lines)
        text = text if self.maybe(0.8) else text.rstrip()
        return self.one([""] * 20 + ["\ufeff", "\ufeff\ufeff"]) + text

    def tasks(self) -> str:
        pool = TASKS if self.maybe(0.5) else [line for line in TASKS if "[" not in line]
        return self.text(self.some(pool, 9))


CASES = Path(__file__).parents[1] / "tests/data/openspec"


@dataclass
class Repository:
    """The files and links of a generated repository."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> Hashable:
        return frozenset(self.files.items()), frozenset(self.links.items())

    def put(self, path: str, text: str, odd: Odd) -> None:
        parts = path.split("/")
        clash = any(
            "/".join(parts[:n]) in self.files or "/".join(parts[:n]) in self.links for n in range(1, len(parts))
        )
        if clash or path in self.links or any(known.startswith(f"{path}/") for known in (*self.files, *self.links)):
            return
        data = text.encode("utf-8", "surrogatepass")
        if odd.maybe(0.02) and data:
            at = odd.pick.randrange(len(data))
            data = (
                data[:at] + odd.pick.choice([b"\xff", b"\xe2\x80", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f"]) + data[at:]
            )
        self.files[path] = data

    def write(self, root: Path) -> None:
        for path, data in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        for path, target in self.links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)

    @property
    def entries(self) -> dict[str, Entry]:
        files = {path: Entry("file", path) for path in self.files}
        return files | {path: Entry("symlink", path) for path in self.links}

    def read(self, path: str) -> bytes:
        if path in self.links:
            return self.links[path].encode()
        if path not in self.files:
            raise Unreadable("does not exist")
        return self.files[path]


CAPABILITIES = ["cap", "cap", "cap", "auth", "area/cap", "spec.md", "Zed", "a b"]
CHANGES = ["one", "two", "Three", "add-x", "wrap", "a_b", "\u00e9t\u00e9", "x.y"]


def generate(seed: int) -> Repository:
    odd, repo = Odd(seed), Repository()
    repo.put("openspec/project.md", "x", odd)
    for _ in range(odd.pick.choice([0, 1, 1, 1, 2])):
        repo.put(f"openspec/specs/{odd.one(CAPABILITIES)}/spec.md", odd.spec(), odd)
    for change in odd.pick.sample(CHANGES, odd.pick.choice([1, 2, 3])):
        add_change(odd, repo, f"openspec/changes/{change}")
    if odd.maybe(0.08):
        inner = odd.one(["in", "in/deep", "in/deep/er", "in/deep/er/est", ".hid"])
        add_change(odd, repo, f"openspec/changes/{odd.one(['ns', 'archive', 'one'])}/{inner}")
    if odd.maybe(0.05):
        config = odd.one(
            [
                "schema: spec-driven\n",
                "schema: own\n",
                "schema: nope\n",
                "context: x\n",
                "[",
                "schema: spec-driven.yml\n",
            ]
        )
        repo.put(odd.one(["openspec/config.yaml", "openspec/config.yml"]), config, odd)
    if odd.maybe(0.05):
        repo.put(f"openspec/schemas/{odd.one(['own', 'own', 'spec-driven'])}/schema.yaml", schema(odd), odd)
    return repo


def mutate(seed: int) -> Repository:
    """A recorded case with a few of its lines and folders changed."""
    odd, repo = Odd(seed), Repository()
    case = json.loads(odd.pick.choice(sorted(CASES.glob("*.json"))).read_text("utf-8"))
    repo.links = case.get("links", {})
    for path, text in case["files"].items():
        if odd.maybe(0.05):
            continue
        lines = odd.soup(text.split("\n")).split("\n") if odd.maybe(0.7) else text.split("\n")
        if odd.maybe(0.3) and lines:
            at = odd.pick.randrange(len(lines))
            changes: list[Callable[[str], str]] = [
                str.lower,
                str.upper,
                str.title,
                str.strip,
                lambda line: f" {line}",
                lambda line: f"{line} ##",
            ]
            lines[at] = odd.pick.choice(changes)(lines[at])
        name = (
            path.replace("/cap/", odd.one(["/cap/", "/cap/", "/cap/", "/Cap/", "/a/cap/"])) if odd.maybe(0.1) else path
        )
        repo.put(name, odd.one(["\n"] * 8 + ["\r\n", "\r"]).join(lines), odd)
    return repo


def schema(odd: Odd) -> str:
    generates = odd.one(["tasks.md", "todo.md", "work/tasks.md", "**/tasks.md", "tasks/*.md", "{tasks,todo}.md"])
    tracks = odd.one([generates, generates, "none.md"])
    return (
        "name: own\nversion: 1\nartifacts:\n  - id: proposal\n    generates: proposal.md\n    description: d\n    template: p.md\n"
        f"  - id: {odd.one(['tasks', 'work'])}\n    generates: '{generates}'\n    description: d\n    template: t.md\n"
        + odd.one(
            [
                "",
                f"apply:\n  requires: [proposal]\n  tracks: '{tracks}'\n",
                "apply:\n  requires: [proposal]\n",
                "apply:\n  requires: []\n",
            ]
        )
    )


def add_change(odd: Odd, repo: Repository, folder: str) -> None:
    for _ in range(odd.pick.choice([0, 1, 1, 1, 1, 2])):
        repo.put(f"{folder}/specs/{odd.one(CAPABILITIES)}/spec.md", odd.delta(), odd)
    if odd.maybe(0.5):
        repo.put(f"{folder}/tasks.md", odd.tasks(), odd)
    if odd.maybe(0.3):
        repo.put(f"{folder}/proposal.md", "# P\n", odd)
    if odd.maybe(0.2):
        repo.put(f"{folder}/.openspec.yaml", odd.one(METADATA), odd)
    if odd.maybe(0.12):
        stray = odd.one(
            [
                "specs/spec.md",
                "specs/cap.md",
                "specs/cap/notes.md",
                "specs/cap/NOTES.MD",
                "specs/.x.md",
                "specs/.hid/spec.md",
                "specs/x.txt",
                "specs/cap/deep/more.md",
                "specs",
                "notes.txt",
                "work/tasks.md",
                "todo.md",
                "tasks/a.md",
            ]
        )
        repo.put(f"{folder}/{stray}", odd.one([odd.delta(), odd.tasks(), "x"]), odd)
    if odd.maybe(0.03):
        link, target = odd.pick.choice([
            ("specs/cap/spec.md", "../auth/spec.md"), ("specs/cap/spec.md", "../../proposal.md"), ("specs/l/spec.md", "nowhere"), ("specs/l", "cap"), ("tasks.md", "proposal.md"),
            ("tasks.md", "../../project.md"), ("specs/cap/n.md", "spec.md"), (".openspec.yaml", "nowhere"), ("specs/cap/n.md", "../../../../project.md"), ("specs", "../one/specs"),
        ])  # fmt: skip
        path = f"{folder}/{link}"
        if not any(
            known == path or known.startswith(f"{path}/") or path.startswith(f"{known}/") for known in repo.files
        ):
            repo.links[path] = target


class Command:
    """The `openspec` command, answering many repositories from one process."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "OPENSPEC_TELEMETRY": "0", "OPENSPEC_NO_UPDATE_CHECK": "1"}
        script = Path(__file__).with_name("openspec_oracle.mjs")
        self._process = subprocess.Popen(
            ["node", str(script), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def validate(self, root: Path, *, strict: bool) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"dir": str(root), "strict": strict}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer


def difference(command: Command, repo: Repository, root: Path, counts: Counter[str], *, strict: bool) -> str | None:
    """How our report and the command's differ; None if they do not."""
    answer = command.validate(root, strict=strict)
    report = answer.get("report")
    if not isinstance(report, dict) or "items" not in report:
        counts["no answer"] += 1
        return None
    ours = validate_openspec(repo, strict=strict, root=str(root))
    mine = json.loads(json.dumps(ours.command_form()))
    theirs = {key: report[key] for key in mine}
    for item in theirs["items"]:
        item.pop("durationMs")
    if len({item["id"] for item in mine["items"]}) < len(mine["items"]):
        # A change and a spec of one name come in the order in which the command happened to finish them.
        for report in (mine, theirs):
            report["items"].sort(key=lambda item: (item["id"], item["type"]))
    counts.update(finding.code for item in ours.items for finding in item.findings)
    if mine != theirs:
        return f"strict={strict}\nours   {json.dumps(mine, indent=1)}\ntheirs {json.dumps(theirs, indent=1)}"
    return None if ours.valid == (answer["exit"] == 0) else f"exit status {answer['exit']}"


def record(command: Command, cases: Path) -> None:
    """Write what the command says of every case into it."""
    for path in sorted(cases.glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        repo = Repository({name: text.encode() for name, text in case["files"].items()}, case.get("links", {}))
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            repo.write(root)
            for mode in ("default", "strict"):
                report = command.validate(root, strict=mode == "strict")["report"]
                assert isinstance(report, dict)
                text = json.dumps(
                    {"items": report["items"], "summary": report["summary"], "version": report["version"]}
                )
                case[mode] = json.loads(text.replace(f"{root}/", ""))
                for item in case[mode]["items"]:
                    item.pop("durationMs")
        path.write_text(json.dumps(case, indent=1, ensure_ascii=True) + "\n", "utf-8")


def compare_for(folder: Path, seconds: float, seed: int) -> list[str]:
    """Compare generated repositories, from `seed` on, until the time is up or five of them differ."""
    counts, different = Counter[str](), list[str]()
    first, until = seed, time.monotonic() + seconds
    with Command(folder.resolve()) as command:
        while time.monotonic() < until and len(different) < 5:
            repo = mutate(seed) if seed % 3 == 0 else generate(seed)
            root = Path(tempfile.mkdtemp(prefix=f"openspec-{seed}-"))
            repo.write(root)
            found = difference(command, repo, root, counts, strict=seed % 2 == 0)
            if found is None:
                shutil.rmtree(root)
            else:
                different.append(f"seed {seed} in {root}: {found}")
            seed += 1
    print(f"{seed - first} repositories, {len(different)} different; findings: {dict(sorted(counts.items()))}")
    return different


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if options.record:
        with Command(options.folder.resolve()) as command:
            record(command, options.record)
        return 0
    different = compare_for(options.folder, options.seconds, options.seed)
    print(*different, sep="\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
