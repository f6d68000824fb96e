"""The table-of-cases harness: small snippets in, the exact findings out.

A `Case` is a piece of code. It is planted in a template of this size or that, the template without it is the base, and
the review must introduce what the code itself says in markers at the end of its lines, and nothing else:

    ``# !F-1``          a finding of rule F-1 is introduced on this line; ``# !F-2 warning`` if it is no failure
    ``# =F-6``          a finding that the base has too (with `before`)
    ``# ?F-1``          this line is where F-1 says that it could not decide
    ``# >F-1``          the trail of F-1's finding leads over this line

Markers are taken out before anything is read. `validate` refuses tables that could pass by mistake.
"""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import structs

from rules.engine import Revisions, review
from rules.model import Conclusion, Edit, Finding, Report
from rules.sources.diff import Diff, parse_diff
from rules.sources.tree import MemoryTree
from tests.gitrepo import Repo

FIXTURES = Path(__file__).parent.parent / "fixtures"
TEMPLATE = "user-defined-web/template.tf"
"""Where the snippets go, in every host."""

DOCKERFILE = "image/Dockerfile"

SHIFT = 30
"""Lines by which bad code is moved to see that nobody is blamed for it."""

_MARKER = re.compile(r"[ \t]*# (?=[!=?>][A-Z])([^\n]*)$", re.MULTILINE)
_MARK = re.compile(r"([!=?>])([A-Z]+(?:-\d+)?)(?: (warning|notice))?")
_CONTAINER = 'resource "docker_container" "workspace" {'
_AGENT = 'resource "coder_agent" "main" {'

HostName = Literal["minimal", "full"]


@dataclass(frozen=True, kw_only=True)
class Code:
    """What is planted in a template, with markers.

    container: attributes and blocks of the workspace container; an attribute takes the place of the template's own
    agent: attributes and blocks of the agent
    top: top-level Terraform at the end of the template
    boot: lines of the boot script, before its `exit 0`
    files: further files, by path from the template's folder
    links: symbolic links, by path from the template's folder
    lacks: attributes that the template's own container loses, each with the marker of the line that is left there
    moves_container: the template's own container is gone; `top` or `files` have another one
    replaces: text that stands exactly once in the template, each with what takes its place
    image: lines at the end of the image's Dockerfile, which only the full host has
    """

    container: str = ""
    agent: str = ""
    top: str = ""
    boot: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    moves_container: bool = False
    replaces: Mapping[str, str] = field(default_factory=dict)
    image: str = ""

    @property
    def text(self) -> str:
        written = (self.container, self.agent, self.top, self.boot, self.image)
        return "\n".join((*written, *self.files.values(), *self.lacks.values(), *self.replaces.values()))


@dataclass(frozen=True)
class Case(Code):
    """Code with a unique name. `before` is what stands in its place at the base.

    fixed: the `boot`, else the `image`, else the `container` snippet after every suggestion is committed; None if that
        is not looked at
    """

    name: str
    before: Code = field(default=Code(), kw_only=True)
    on: tuple[HostName, ...] = field(default=("minimal", "full"), kw_only=True)
    newline: str = field(default="\n", kw_only=True)
    final_newline: bool = field(default=True, kw_only=True)
    fixed: str | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, order=True)
class Mark:
    kind: str
    rule: str
    level: str
    path: str
    line: int


@dataclass(frozen=True)
class Plant:
    """A case in a host: the trees of base and head, and what the markers say of the head."""

    base: MemoryTree
    head: MemoryTree
    marks: tuple[Mark, ...]

    def marked(self, kind: str) -> Counter[Mark]:
        return Counter(mark for mark in self.marks if mark.kind == kind)


# Trees


def load_tree(folder: Path) -> MemoryTree:
    """A folder on disk as a tree, symbolic links kept."""
    files, links = {}, {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            links[name] = os.readlink(path)
        elif path.is_file():
            files[name] = path.read_bytes().decode()
    return MemoryTree.of(files, links)


@cache
def repository() -> MemoryTree:
    """The full-sized repository of templates."""
    return load_tree(FIXTURES / "repository")


@cache
def host(name: HostName) -> MemoryTree:
    """A repository with one template: the smallest that is right, or one of real size with its image."""
    if name == "minimal":
        return load_tree(FIXTURES / "minimal")
    kept = ("user-defined-web/", "image/")
    return MemoryTree.of({path: text for path, text in repository().files.items() if path.startswith(kept)})


# Planting


def plant(case: Case, where: HostName) -> Plant:
    base, _ = read_marks(_planted(case.before, host(where)))
    head, marks = read_marks(_planted(case, host(where)))
    return Plant(_as_written(base, case), _as_written(head, case), marks)


def plant_moved(case: Case, where: HostName) -> MemoryTree:
    """The head of the case with the code elsewhere: thirty lines down, indented, at the other end of its block."""
    moved, _ = read_marks(_planted(case, host(where), moved=True))
    return _as_written(moved, case)


def _planted(code: Code, tree: MemoryTree, *, moved: bool = False) -> MemoryTree:
    text = tree.files[TEMPLATE]
    for old, new in code.replaces.items():
        assert text.count(old) == 1, f"the template has {text.count(old)} times {old!r}"
        text = text.replace(old, new)
    for name, marker in code.lacks.items():
        text = _without_attribute(text, name, marker)
    for name in re.findall(r"^(\w+)\s*=", textwrap.dedent(code.container), re.MULTILINE):
        text = _without_attribute(text, name, "")
    if code.container:
        text = _in_container(text, _block(code.container, 6 if moved else 2), at_start=moved)
    if code.agent:
        text = text.replace(f"{_AGENT}\n", f"{_AGENT}\n{_block(code.agent, 6 if moved else 2)}", 1)
    if code.moves_container:
        text = _without_container(text)
    if code.boot:
        before, exit_line, after = text.partition("    exit 0\n  EOT\n")
        assert exit_line, "the boot script must end with exit 0"
        text = before + _block(code.boot, 4) + exit_line + after
    if code.top:
        top = _block(code.top, 0)
        text = top + "\n" + text if moved else text + "\n" + top
    if moved:
        text = "# moved\n" * SHIFT + text
    folder = posixpath.dirname(TEMPLATE)
    files = {posixpath.normpath(posixpath.join(folder, path)): _block(more, 0) for path, more in code.files.items()}
    links = {posixpath.normpath(posixpath.join(folder, path)): target for path, target in code.links.items()}
    if code.image:
        more = "# moved\n" * (SHIFT if moved else 0) + _block(code.image, 0)
        files.setdefault(DOCKERFILE, tree.files[DOCKERFILE] + more)
    return MemoryTree.of({**tree.files, TEMPLATE: text, **files}, {**tree.links, **links})


def _block(snippet: str, indent: int) -> str:
    return textwrap.indent(textwrap.dedent(snippet).strip("\n"), " " * indent) + "\n"


def _container_lines(text: str) -> tuple[list[str], int, int]:
    """All lines, and the indexes of the container's first and last one."""
    lines = text.splitlines(keepends=True)
    first = lines.index(f"{_CONTAINER}\n")
    return lines, first, lines.index("}\n", first)


def _without_attribute(text: str, name: str, marker: str) -> str:
    lines, first, last = _container_lines(text)
    start = next((n for n in range(first, last) if re.match(rf"  {name}\s*=", lines[n])), None)
    if start is None:
        assert not marker, f"the container has no {name} to lose"
        return text
    end = start + 1
    while "".join(lines[start:end]).count("[") > "".join(lines[start:end]).count("]"):
        end += 1
    if marker:
        lines[end] = f"{lines[end].rstrip()} # {marker}\n"
    return "".join(lines[:start] + lines[end:])


def _in_container(text: str, block: str, *, at_start: bool) -> str:
    lines, first, last = _container_lines(text)
    index = first + 1 if at_start else last
    return "".join(lines[:index]) + block + "".join(lines[index:])


def _without_container(text: str) -> str:
    lines, first, last = _container_lines(text)
    return "".join(lines[:first] + lines[last + 1 :])


def read_marks(tree: MemoryTree) -> tuple[MemoryTree, tuple[Mark, ...]]:
    """The tree without markers, and what they said."""
    marks: list[Mark] = []
    files = {}
    for path, text in tree.files.items():
        for marker in _MARKER.finditer(text):
            line = text.count("\n", 0, marker.start()) + 1
            found = list(_MARK.finditer(marker.group(1)))
            assert marker.group(1) == " ".join(mark.group() for mark in found), f"unreadable marker in {marker.group()}"
            for mark in found:
                level = mark[3] or "failure" if mark[1] in "!=" else ""
                marks.append(Mark(mark[1], mark[2], level, path, line))
        files[path] = _MARKER.sub("", text)
    return MemoryTree.of(files, tree.links), tuple(marks)


def _as_written(tree: MemoryTree, case: Case) -> MemoryTree:
    files = {path: text.replace("\n", case.newline) for path, text in tree.files.items()}
    if not case.final_newline:
        files[TEMPLATE] = files[TEMPLATE].rstrip("\r\n")
    return MemoryTree.of(files, tree.links)


# Reviewing


@cache
def _scratch() -> tuple[tempfile.TemporaryDirectory[str], Repo]:
    folder = tempfile.TemporaryDirectory(prefix="wrc-cases-")
    return folder, Repo(Path(folder.name), "--bare")


def diff_of(base: MemoryTree, head: MemoryTree) -> Diff:
    """The difference of two trees as git itself tells it, renames found."""
    _, repo = _scratch()
    stream = b"".join(_commit(name, tree) for name, tree in (("base", base), ("head", head)))
    repo.git("fast-import", "--quiet", "--force", stdin=stream + b"done\n")
    return parse_diff(repo.raw("diff-tree", "-p", "-r", "-M", "-U3", "base", "head").decode("utf-8", "surrogateescape"))


def _commit(name: str, tree: MemoryTree) -> bytes:
    lines = [f"commit refs/heads/{name}\ncommitter A Tester <tester@example.com> 0 +0000\ndata 0\ndeleteall\n".encode()]
    for mode, entries in (("100644", tree.files), ("120000", tree.links)):
        for path, text in entries.items():
            data = text.encode()
            lines.append(f"M {mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    return b"".join(lines)


def compare(base: MemoryTree, head: MemoryTree) -> Report:
    revisions = Revisions(base="b" * 40, head="h" * 40, contract="b" * 40)
    return review(
        base=base, head=head, contract=base, diff=diff_of(base, head), revisions=revisions, repository_url=None
    )


def introduced(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.status == "introduced"]


def applied(tree: MemoryTree, edit: Edit) -> MemoryTree:
    """The tree after a suggestion is committed: whole lines replaced, the file's own line ends kept."""
    lines = tree.files[edit.path].splitlines(keepends=True)
    newline = "\r\n" if lines[edit.start - 1].endswith("\r\n") else "\n"
    new = [line + newline for line in edit.text.split("\n")] if edit.text else []
    text = "".join(lines[: edit.start - 1] + new + lines[edit.end :])
    return structs.replace(tree, files={**tree.files, edit.path: text})


# What must hold


def check_introduced(case: Case, where: HostName) -> None:
    """Exactly the marked findings are introduced, on their lines, and exactly the marked questions are open."""
    planted = plant(case, where)
    report = compare(planted.base, planted.head)
    found = introduced(report)
    kinds = {"introduced": "!", "preexisting": "="}
    findings = Counter(Mark(kinds.get(f.status, "-"), f.rule, f.level, f.path, f.line) for f in report.findings)
    assert findings == planted.marked("!") + planted.marked("="), _told(report)
    undecided = Counter(Mark("?", u.rule, "", u.span.path, u.span.start) for u in report.undecided)
    assert undecided == planted.marked("?"), _told(report)
    passed = {Mark(">", f.rule, "", step.path, step.line) for f in found for step in f.trail}
    assert set(planted.marked(">")) <= passed, _told(report)
    assert not [problem for problem in report.problems if problem.introduced], _told(report)
    assert all(f.anchor is not None for f in found), "a finding on a line of the diff can be commented there"
    lines = Counter((f.path, f.line, name) for f in found for name in f.template.split(", "))
    assert not [line for line, count in lines.items() if count > 1], _told(report)
    assert report.conclusion == _conclusion(planted.marks)


def _conclusion(marks: Iterable[Mark]) -> Conclusion:
    said = {(mark.kind, mark.level) for mark in marks if mark.kind in "!?" and mark.level != "notice"}
    if ("!", "failure") in said:
        return "failure"
    return "neutral" if said else "success"


def check_not_blamed(case: Case, where: HostName) -> None:
    """Code that was there before is nobody's fault, also if it is moved and indented."""
    planted = plant(case, where)
    expected = Counter((mark.rule, mark.level) for mark in planted.marks if mark.kind in "!=")
    moved = plant_moved(case, where)
    for head in (planted.head, moved) if where == "minimal" else (moved,):
        report = compare(planted.head, head)
        assert {f.status for f in report.findings} <= {"preexisting"}, _told(report)
        assert Counter((f.rule, f.level) for f in report.findings) == expected, _told(report)
        assert report.undecided == (), _told(report)
        assert report.affected == (), report.affected


def check_suggestions(case: Case, where: HostName) -> None:
    """A suggestion makes its finding go and brings no other; all of them together give `fixed`."""
    planted = plant(case, where)
    head = planted.head
    found = introduced(compare(planted.base, head))
    suggested = [finding for finding in found if finding.suggestion is not None]
    for finding in suggested:
        assert finding.suggestion is not None
        report = compare(planted.base, applied(head, finding.suggestion))
        left = {f.fingerprint for f in introduced(report) if f.level != "notice"}
        others = {f.fingerprint for f in found} - {finding.fingerprint}
        assert left <= others, _told(report)
        assert not [problem for problem in report.problems if problem.introduced], _told(report)
    if case.fixed is not None:
        for finding in sorted(suggested, key=lambda f: -f.suggestion.start if f.suggestion else 0):
            assert finding.suggestion is not None
            head = applied(head, finding.suggestion)
        wanted = plant(_right(case, case.fixed), where).head
        assert suggested
        assert head.files == wanted.files


def _right(case: Case, fixed: str) -> Case:
    if case.boot:
        return replace(case, boot=fixed)
    return replace(case, image=fixed) if case.image else replace(case, container=fixed)


def _told(report: Report) -> str:
    """What the review said, for the reader of a failed test."""
    lines = [f"{f.status} {f.level} {f.rule} {f.path}:{f.line} {f.message}" for f in report.findings]
    lines += [f"undecided {u.rule} {u.span.path}:{u.span.start} {u.reason}" for u in report.undecided]
    lines += [f"problem {p.path}:{p.line} {p.message} introduced={p.introduced}" for p in report.problems]
    return "\n".join(("the review said:", *lines)) if lines else "the review said nothing"


# The tables themselves


class BadTable(Exception):
    """A table of cases that could pass by mistake."""


def validate(rule: str, bad: Sequence[Case], good: Sequence[Case], undecided: Sequence[Case] = ()) -> None:
    """Refuse a table with a case twice, a bad case without a marker of its rule, or a good one with one.

    Raises:
        BadTable: with the name of the case.
    """
    names: Counter[str] = Counter()
    snippets: dict[object, str] = {}
    for case in (*bad, *good, *undecided):
        names[case.name] += 1
        if names[case.name] > 1:
            raise BadTable(f"{rule}: two cases are called {case.name!r}")
        content = _content(case)
        if content in snippets:
            raise BadTable(f"{rule}: {case.name!r} is the same case as {snippets[content]!r}")
        snippets[content] = case.name
        if not case.text.strip() and case.before == Code():
            raise BadTable(f"{rule}: {case.name!r} is empty")
    for case in bad:
        if f"!{rule}" not in _kinds(case):
            raise BadTable(f"{rule}: bad case {case.name!r} marks no line with '# !{rule}'")
    for case in good:
        if {kind for kind in _kinds(case) if kind[1:] == rule}:
            raise BadTable(f"{rule}: good case {case.name!r} has a marker")
    for case in undecided:
        if f"?{rule}" not in _kinds(case) or f"!{rule}" in _kinds(case):
            raise BadTable(f"{rule}: undecided case {case.name!r} must mark '# ?{rule}' and no finding")


def _content(case: Case) -> object:
    maps = (case.files, case.links, case.lacks, case.replaces)
    snippets = (case.container.strip(), case.agent.strip(), case.top.strip(), case.boot.strip(), case.image.strip())
    own = snippets, case.moves_container, tuple(tuple(sorted(part.items())) for part in maps)
    return own, case.before.text, case.newline, case.final_newline


def _kinds(case: Case) -> set[str]:
    marked = [match.group(1) for match in _MARKER.finditer(case.text)]
    return {mark[1] + mark[2] for text in (*marked, *case.lacks.values()) for mark in _MARK.finditer(text)}
