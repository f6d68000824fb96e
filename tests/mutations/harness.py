"""The mutation harness: an edit of a few lines in, the whole answer of the review out.

A `Mutation` edits the repository of `tests/fixtures/repository`, a healthy one of four templates that get their boot
script in as many ways. What it expects is written in the terms of a reader of the contract: which rule speaks, at which
line (told by text on it, never by a number), how loudly, and which requirements are affected. Everything that is not
expected must not be said. `validate` refuses tables that could pass by mistake.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from rules.engine import Revisions, review
from rules.model import Conclusion, Report
from rules.sources.diff import Diff, parse_diff
from rules.sources.tree import MemoryTree
from tests.gitrepo import Repo
from tests.rules.harness import repository

WEB = "user-defined-web/template.tf"
CORE = "drupal-core/template.tf"
CORE_BOOT = "scripts/templates/drupal-core/startup.sh"
CONTRIB = "drupal-contrib/template.tf"
MODULE = "shared/modules/docker_daemon/main.tf"
DOCKERFILE = "image/Dockerfile"

Level = Literal["failure", "warning", "notice"]
Status = Literal["introduced", "preexisting", "fixed", "undecided"]


class BadMutation(Exception):
    """A mutation that could pass by mistake."""


@dataclass(frozen=True)
class Edit:
    """`old` stands exactly once in the file and becomes `new`; a file without `old` is a new one.

    `new` None takes the file away, `to` gives it another path.
    """

    path: str
    old: str = ""
    new: str | None = ""
    to: str | None = None


@dataclass(frozen=True)
class Expected:
    """A finding. `at` is text of its line, found once in the file, or once in what the edits write there.

    If it has several lines the last one is meant.
    """

    rule: str
    at: str
    level: Level = "failure"
    status: Status = "introduced"
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change.

    finds: all that the review may say
    affects: all the requirements whose facts differ, in the order of their ids, separated by blanks
    given: edits that the base has too
    conclusion: of the check run, where it does not follow from `finds`
    breaks: the head has code that nobody can read, and the review says so
    """

    name: str
    edits: tuple[Edit, ...]
    finds: tuple[Expected, ...] = ()
    affects: str = ""
    drift: tuple[tuple[str, str], ...] = ()
    given: tuple[Edit, ...] = ()
    conclusion: Conclusion | None = None
    must_find: bool = False
    breaks: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def is_harmful(self) -> bool:
        return any(each.status in ("introduced", "undecided") for each in self.finds)

    @property
    def expected_conclusion(self) -> Conclusion:
        if self.conclusion is not None:
            return self.conclusion
        said = {each.level for each in self.finds if each.status == "introduced"}
        if "failure" in said:
            return "failure"
        return "neutral" if self.is_harmful else "success"


def harmless(name: str, *edits: Edit, affects: str = "", given: tuple[Edit, ...] = ()) -> Mutation:
    return Mutation(name=name, edits=edits, affects=affects, given=given)


def harmful(
    name: str, *edits: Edit, finds: Expected | tuple[Expected, ...], affects: str = "", given: tuple[Edit, ...] = ()
) -> Mutation:
    all_finds = finds if isinstance(finds, tuple) else (finds,)
    return Mutation(name=name, edits=edits, finds=all_finds, affects=affects, given=given, must_find=True)


def untouched(name: str, *edits: Edit) -> Mutation:
    """A change of nothing that the contract governs."""
    return Mutation(name=name, edits=edits, conclusion="skipped")


def before(path: str, anchor: str, text: str) -> Edit:
    """`text` put in front of `anchor`."""
    return Edit(path, anchor, text + anchor)


def after(path: str, anchor: str, text: str) -> Edit:
    return Edit(path, anchor, anchor + text)


# Trees


def edited(tree: MemoryTree, edits: Iterable[Edit]) -> MemoryTree:
    """The tree after the edits.

    Raises:
        BadMutation: an edit does not apply exactly once.
    """
    files = dict(tree.files)
    for edit in edits:
        if not edit.old and edit.new and edit.to is None:
            if edit.path in files:
                raise BadMutation(f"{edit.path} is there already")
            files[edit.path] = edit.new
            continue
        if edit.path not in files:
            raise BadMutation(f"there is no {edit.path}")
        text = files.pop(edit.path)
        if edit.new is None:
            continue
        if edit.old and text.count(edit.old) != 1:
            raise BadMutation(f"{edit.path} has {text.count(edit.old)} times {edit.old!r}")
        files[edit.to or edit.path] = text.replace(edit.old, edit.new) if edit.old else text
    return MemoryTree.of(files, tree.links)


@cache
def base_of(given: tuple[Edit, ...]) -> MemoryTree:
    return edited(repository(), given)


def diffs_of(mutations: Sequence[Mutation]) -> list[Diff]:
    """The difference that each mutation makes, as git itself tells it; all of them in one go."""
    with tempfile.TemporaryDirectory(prefix="wrc-mutations-") as folder:
        repo, marks = Repo(Path(folder), "--bare"), Path(folder) / "marks"
        stream = "".join(part for number, each in enumerate(mutations) for part in _commits(number, each))
        repo.git("fast-import", "--quiet", f"--export-marks={marks}", stdin=f"{stream}done\n".encode())
        ids = dict(line.split() for line in marks.read_text().splitlines())
        heads = "".join(f"{ids[f':{2 * number + 2}']}\n" for number in range(len(mutations)))
        told = repo.raw("diff-tree", "--stdin", "-p", "-r", "-M", stdin=heads.encode()).decode()
    return [parse_diff(part.removeprefix("\n")) for part in re.split(r"^[0-9a-f]{40}$", told, flags=re.MULTILINE)[1:]]


def _commits(number: int, mutation: Mutation) -> Iterator[str]:
    """Base and head for ``git fast-import``, with the marks 2n+1 and 2n+2."""
    base = base_of(mutation.given)
    head = edited(base, mutation.edits)
    changed = {path: text for path, text in head.files.items() if base.files.get(path) != text}
    yield _commit(2 * number + 1, "deleteall\n", base.files, base.links)
    gone = "".join(f"D {path}\n" for path in base.files.keys() - head.files.keys())
    yield _commit(2 * number + 2, f"from :{2 * number + 1}\n{gone}", changed, {})


def _commit(mark: int, head: str, files: Mapping[str, str], links: Mapping[str, str]) -> str:
    start = f"commit refs/heads/m{mark}\nmark :{mark}\ncommitter A <a@example.com> 0 +0000\ndata 0\n{head}"
    entries = [("100644", path, text) for path, text in files.items()]
    entries += [("120000", path, target) for path, target in links.items()]
    return start + "".join(
        f"M {mode} inline {path}\ndata {len(text.encode())}\n{text}\n" for mode, path, text in entries
    )


# The answer


class Said(NamedTuple):
    """One thing that a review says, without its words."""

    rule: str
    status: str
    level: str
    path: str
    line: int


@dataclass(frozen=True)
class Outcome:
    """What was said of a mutation, and what should have been."""

    mutation: Mutation
    report: Report
    expected: Counter[Said]
    said: Counter[Said]

    @property
    def missed(self) -> Counter[Said]:
        return self.expected - self.said

    @property
    def unasked(self) -> Counter[Said]:
        return self.said - self.expected

    @property
    def affected(self) -> str:
        return " ".join(each.id for each in self.report.affected)

    @property
    def disagreements(self) -> list[str]:
        told = [f"missed {each}" for each in self.missed] + [f"unasked {each}" for each in self.unasked]
        if self.affected != self.mutation.affects:
            changes = [(a.id, c.what, c.before, c.after) for a in self.report.affected for c in a.changes]
            told.append(f"affected {self.affected!r}, not {self.mutation.affects!r}: {changes}")
        if self.report.conclusion != self.mutation.expected_conclusion:
            told.append(f"conclusion {self.report.conclusion}, not {self.mutation.expected_conclusion}")
        drift = tuple((d.id, d.change) for d in self.report.drift if d.change != "none")
        if drift != self.mutation.drift:
            told.append(f"drift {drift}, not {self.mutation.drift}")
        introduced = [f for f in self.report.findings if f.status == "introduced"]
        lines = Counter((f.path, f.line, name) for f in introduced for name in f.template.split(", "))
        told += [f"{count} findings on one line: {line}" for line, count in lines.items() if count > 1]
        if bool(self.report.problems) != self.mutation.breaks:
            told += [f"problem {p.path}:{p.line} {p.message}" for p in self.report.problems] or ["no problem"]
        return told


def outcomes(mutations: Sequence[Mutation]) -> Iterator[Outcome]:
    for mutation, diff in zip(mutations, diffs_of(mutations), strict=True):
        yield outcome(mutation, diff)


def outcome(mutation: Mutation, diff: Diff) -> Outcome:
    base = base_of(mutation.given)
    head = edited(base, mutation.edits)
    revisions = Revisions(base="b" * 40, head="h" * 40, contract="b" * 40)
    report = review(
        base=base,
        head=head,
        contract=base,
        diff=diff,
        revisions=revisions,
        repository_url=None,
    )
    said = Counter(Said(f.rule, f.status, f.level, f.path, f.line) for f in report.findings)
    said += Counter(Said(u.rule, "undecided", "", u.span.path, u.span.start) for u in report.undecided)
    return Outcome(mutation, report, Counter(_expected(mutation, base, head)), said)


def _expected(mutation: Mutation, base: MemoryTree, head: MemoryTree) -> Iterator[Said]:
    for each in mutation.finds:
        tree = base if each.status == "fixed" else head
        path = each.path or mutation.edits[0].to or mutation.edits[0].path
        written = [edit.new for edit in mutation.edits if path in (edit.path, edit.to) and edit.new]
        line = _line(tree.files[path], each.at, written)
        level = "" if each.status == "undecided" else each.level
        yield Said(each.rule, each.status, level, path, line)


def _line(text: str, at: str, written: Iterable[str]) -> int:
    """The line of the file on which `at` ends: the only one, or the only one of what was written there."""
    ends = (match.end() for match in re.finditer(re.escape(at), text))
    numbers = list(dict.fromkeys(text.count("\n", 0, end) + 1 for end in ends))
    if len(numbers) > 1:
        own = {number for each in written for number in _range(text, each)}
        numbers = [number for number in numbers if number in own]
    if len(numbers) != 1:
        raise BadMutation(f"{len(numbers)} lines have {at!r}")
    return numbers[0]


def _range(text: str, part: str) -> range:
    start = text.find(part)
    first = text.count("\n", 0, start) + 1
    return range(first, first + part.count("\n") + 1) if start >= 0 else range(0)


def validate(mutations: Sequence[Mutation]) -> None:
    """Refuse a table that could pass by mistake.

    Raises:
        BadMutation: with the name of the mutation.
    """
    names: set[str] = set()
    contents: dict[object, str] = {}
    for mutation in mutations:
        if mutation.name in names:
            raise BadMutation(f"two mutations are called {mutation.name!r}")
        names.add(mutation.name)
        content = (mutation.edits, mutation.given)
        if content in contents:
            raise BadMutation(f"{mutation.name!r} is the same mutation as {contents[content]!r}")
        contents[content] = mutation.name
        if mutation.must_find and not mutation.is_harmful:
            raise BadMutation(f"{mutation.name!r} is harmful and expects no finding")
        if any(not each.at.strip() for each in mutation.finds):
            raise BadMutation(f"{mutation.name!r} expects a finding on no line")
        try:
            base = base_of(mutation.given)
            head = edited(base, mutation.edits)
            list(_expected(mutation, base, head))
        except BadMutation as error:
            raise BadMutation(f"{mutation.name!r}: {error}") from error
        if head.files == base.files:
            raise BadMutation(f"{mutation.name!r} changes nothing")
