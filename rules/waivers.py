"""Waivers: comments that let a finding stand, in the open and for a reason.

    # wrc:allow F-5 until=2027-01-31 the seed file is ours, and written anew at every start
    # wrc:allow F-5,F-7 until=2027-01-31 …

On a line of its own a waiver is for the next line that is no comment, at the end of a line for that line; in both cases
with the block that begins there, which goes on as long as lines are indented deeper, up to the line that closes it. It
waives the findings of the rules it names that stand on these lines, or whose trail leads over them. The reason is
required. After the day of `until` it waives nothing; without `until` it has no end.

Who may waive: whoever may write to the base branch. A waiver counts if the head has it on a line that the pull request
does not add, and the tip of the base branch has the same one (rules, date and reason) in that file. A waiver that a
pull request adds, moves or changes makes the finding 'waived, a maintainer decides'. If it takes one away and the
violation stays, the violation is introduced again.

What is wrong with a waiver (see W-3) is told where a pull request brings it about, and in an audit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from rules.compare import Judged, Places, Side
from rules.model import Acknowledgement, Edit, Span, Step, Violation
from rules.registry import all_rules
from rules.sources.diff import Diff
from rules.sources.tree import Tree, Unreadable, read_text

ID = "W-3"

_WORD = "wrc:allow"
_WAIVER = re.compile(rf"(?:^|(?<=\s))(?:#+|//+)\s*{_WORD}(?=\s|$)(?P<rest>.*)$")
_STRING = re.compile(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_COMMENT = ("#", "//")
_CLOSING = re.compile(r"[}\])]|(?:fi|done|esac)\b")
_GOING_ON = re.compile(r"(?:else|elif|then|do)\b|}.*[{(\[]$")


class Waiver(Struct, frozen=True):
    """One comment. `lines` are those it is for; `faults` say why it waives nothing, each as the end of a sentence."""

    path: str
    line: int
    rules: tuple[str, ...]
    until: date | None
    reason: str
    lines: range
    alone: bool
    faults: tuple[str, ...]

    def covers(self, violation: Violation) -> bool:
        places = [(violation.span.path, violation.span.start), *((step.path, step.line) for step in violation.trail)]
        return violation.rule in self.rules and any(path == self.path and line in self.lines for path, line in places)

    def says_the_same_as(self, other: Waiver) -> bool:
        return (self.rules, self.until, self.reason) == (other.rules, other.until, other.reason)

    @property
    def text(self) -> str:
        until = [f"until={self.until}"] if self.until is not None else []
        return " ".join([",".join(self.rules), *until, self.reason])


class Waivers(Struct, frozen=True):
    """The waivers of one tree on one day; without a day, none has expired."""

    found: tuple[Waiver, ...]
    today: date | None

    def expired(self, waiver: Waiver) -> bool:
        return waiver.until is not None and self.today is not None and waiver.until < self.today

    def covering(self, violation: Violation) -> Waiver | None:
        """The waiver in force that lets `violation` stand."""
        in_force = (waiver for waiver in self.found if not waiver.faults and not self.expired(waiver))
        return next((waiver for waiver in in_force if waiver.covers(violation)), None)

    def notices(self, violations: Iterable[Violation]) -> Iterator[Violation]:
        """What is wrong with each waiver in a tree that has these violations."""
        found = tuple(violations)
        for waiver in self.found:
            used = {each.rule for each in found if waiver.covers(each)}
            unused = [rule for rule in waiver.rules if rule not in used]
            if waiver.faults:
                yield _notice(waiver, f"This waiver {' and '.join(waiver.faults)}, so it waives nothing.", _FORM)
            elif self.expired(waiver):
                fix = "Repair what it is for, or give it a new date."
                yield _notice(waiver, f"This waiver ended on {waiver.until}.", fix)
            elif unused:
                message = f"Nothing here breaks {' or '.join(unused)}, so this waiver is not needed."
                fix = "Take it away." if not used else f"Take {' and '.join(unused)} out of it."
                yield _notice(waiver, message, fix, removable=waiver.alone and not used)


_FORM = "Write it as `# wrc:allow F-5 until=2027-01-31 reason`, with a rule and a reason; the date may be left out."


def _notice(waiver: Waiver, message: str, fix: str, *, removable: bool = False) -> Violation:
    return Violation(
        rule=ID,
        template=waiver.path.split("/")[0],
        address=f"waiver in {waiver.path}",
        evidence=f"{waiver.text}: {message}",
        span=Span(waiver.path, waiver.line, waiver.line),
        level="notice",
        message=message,
        edit=Edit(waiver.path, waiver.line, waiver.line, "") if removable else None,
        fix=fix,
    )


def read_waivers(tree: Tree, paths: Iterable[str], today: date | None) -> Waivers:
    """The waivers in these files of a tree; files that cannot be read are told elsewhere."""
    return Waivers(tuple(waiver for path in sorted(paths) for waiver in _in_file(tree, path)), today)


def _in_file(tree: Tree, path: str) -> list[Waiver]:
    try:
        text = read_text(tree, path)
    except Unreadable:
        return []
    return list(parse_waivers(text, path)) if _WORD in text else []


def parse_waivers(text: str, path: str) -> Iterator[Waiver]:
    """The waivers among the comments of Terraform, a shell script (also in a heredoc) or a Dockerfile."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    for index, line in enumerate(lines):
        comment = _WAIVER.search(line) if _WORD in line else None
        if comment is None or _in_string(line[: comment.start()]):
            continue
        alone = not line[: comment.start()].strip()
        start = _next_code(lines, index) if alone else index
        covered = range(start + 1, _block_end(lines, start) + 2) if start < len(lines) else range(0)
        yield _parsed(path, index + 1, comment["rest"], covered, alone=alone)


def _in_string(before: str) -> bool:
    left = _STRING.sub("", before)
    return '"' in left or "'" in left


def _parsed(path: str, line: int, rest: str, covered: range, *, alone: bool) -> Waiver:
    faults: list[str] = []
    words = re.sub(r"\s*,\s*", ",", rest).split()
    names = words.pop(0).split(",") if words and not words[0].startswith("until=") else []
    known = {rule.id for rule in all_rules()} - {ID}
    rules = tuple(dict.fromkeys(name.upper() for name in names if name.upper() in known))
    unknown = [name for name in names if name.upper() not in known]
    if unknown:
        faults.append(f"names no rule that can be waived with '{', '.join(unknown)}'")
    elif not names:
        faults.append("names no rule")
    dates = [word.removeprefix("until=") for word in words if word.startswith("until=")]
    until = _date(dates[0]) if len(dates) == 1 else None
    if dates and until is None:
        faults.append(f"has no date like 2027-01-31 in 'until={' until='.join(dates)}'")
    reason = " ".join(word for word in words if not word.startswith("until="))
    if not re.search(r"\w", reason):
        faults.append("gives no reason")
    return Waiver(path, line, rules, until, reason, covered, alone, tuple(faults))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _next_code(lines: list[str], index: int) -> int:
    """The index of the next line that is neither blank nor a comment; the number of lines if there is none."""
    later = range(index + 1, len(lines))
    return next((n for n in later if lines[n].strip() and not lines[n].lstrip().startswith(_COMMENT)), len(lines))


def _block_end(lines: list[str], start: int) -> int:
    """The index of the last line of the block that begins at index `start`, by the indentation of its lines."""
    indent, end = _indent(lines[start]), start
    for index in range(start + 1, len(lines)):
        line, depth = lines[index].strip(), _indent(lines[index])
        if lines[index - 1].endswith("\\"):
            end = index
        elif not line:
            continue
        elif depth > indent or (depth == indent and _GOING_ON.match(line)):
            end = index
        else:
            return index if depth == indent and _CLOSING.match(line) else end
    return end


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def noted(side: Side, waivers: Waivers) -> Side:
    """The side with what is wrong with its waivers."""
    return replace(side, violations=(*side.violations, *waivers.notices(side.violations)))


class Waiving(Struct, frozen=True):
    """The waivers on both sides of a comparison. `tip` is the base branch as it is now."""

    base: Waivers
    head: Waivers
    tip: Tree
    diff: Diff

    def accepted(self, waiver: Waiver) -> bool:
        """Whether a waiver of the head is on the base branch already, at a line that the diff does not add."""
        file = self.diff.file(waiver.path, "head")
        if file is not None and any(waiver.line in hunk.added for hunk in file.hunks):
            return False
        paths = {waiver.path, file.old_path if file is not None and file.old_path else waiver.path}
        there = (other for path in sorted(paths) for other in _in_file(self.tip, path))
        return any(waiver.says_the_same_as(other) for other in there)

    def acknowledged(self, judged: Judged) -> Judged:
        """The finding with the waiver that lets it stand, if there is one."""
        waiver = self.head.covering(judged.violation) if judged.status != "fixed" else None
        if waiver is None:
            return judged
        by = Acknowledgement("waiver", waiver.path, waiver.line, accepted=self.accepted(waiver))
        return replace(judged, acknowledged_by=by)

    def acknowledge(self, judged: Iterable[Judged], base: Side, head: Side) -> list[Judged]:
        """Findings with their waivers; those whose waiver is gone are introduced again.

        What was wrong with a waiver before is nobody's business now.
        """
        lost = _LostWaivers(base, self.base)
        places = Places(base, head, self.diff)
        result = []
        for each in map(self.acknowledged, judged):
            violation = each.violation
            if violation.rule == ID and each.status != "introduced":
                continue
            gone = lost.take(violation) if each.status == "preexisting" and each.acknowledged_by is None else None
            if gone is None:
                result.append(each)
                continue
            again = places.place(violation, "introduced", each.fingerprint)
            step = Step(gone.path, gone.line, f"removed: {_WORD} {gone.text}")
            result.append(replace(again, trail=(step, *again.trail)))
        return result


class _LostWaivers:
    """The base's violations by identity: how many stand without a waiver, and what waives the others."""

    def __init__(self, base: Side, waivers: Waivers) -> None:
        self._open: Counter[tuple[str, str, str, str]] = Counter()
        self._waived: dict[tuple[str, str, str, str], Waiver] = {}
        for violation in base.violations if waivers.found else ():
            waiver = waivers.covering(violation)
            key = (violation.rule, violation.template, violation.address, violation.evidence)
            if waiver is None:
                self._open[key] += 1
            else:
                self._waived[key] = waiver

    def take(self, violation: Violation) -> Waiver | None:
        """The waiver that a violation of the head has lost; each that stood open at the base is one without."""
        key = (violation.rule, violation.template, violation.address, violation.evidence)
        if self._open[key] > 0:
            self._open[key] -= 1
            return None
        return self._waived.get(key)
