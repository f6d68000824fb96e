"""Waivers: what they are for, who may waive, and what is said of those that waive nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.audit import audit
from rules.engine import Revisions, review
from rules.model import Conclusion, Finding, Report
from rules.sources.tree import MemoryTree
from rules.waivers import Waiver, parse_waivers
from tests.rules.harness import DOCKERFILE, TEMPLATE, Case, applied, diff_of, host, plant

TODAY = date(2026, 6, 1)
PATH = "a/template.tf"
WAIVER = "# wrc:allow F-2 until=2027-01-31 the new kernel needs it"
SOCKET = 'volumes {\n  container_path = "/x"\n  host_path      = "/run/docker.sock"\n}'


def waivers(text: str) -> list[Waiver]:
    return list(parse_waivers(textwrap.dedent(text).lstrip("\n"), PATH))


def only(text: str) -> Waiver:
    [found] = waivers(text)
    return found


# Reading


@pytest.mark.parametrize(
    ("comment", "rules", "until", "reason"),
    [
        ("# wrc:allow F-3 until=2027-01-31 it is ours", ("F-3",), date(2027, 1, 31), "it is ours"),
        ("# wrc:allow F-3 it is ours", ("F-3",), None, "it is ours"),
        ("# wrc:allow F-3,INV-6 it is ours", ("F-3", "INV-6"), None, "it is ours"),
        ("# wrc:allow F-3, INV-6 it is ours", ("F-3", "INV-6"), None, "it is ours"),
        ("#wrc:allow f-3 it is ours", ("F-3",), None, "it is ours"),
        ("// wrc:allow BOOT it is ours", ("BOOT",), None, "it is ours"),
        ("## wrc:allow W-1 it is ours until=2027-01-31", ("W-1",), date(2027, 1, 31), "it is ours"),
        ("    # wrc:allow F-10 it is ours\r", ("F-10",), None, "it is ours"),
    ],
)
def test_a_waiver_is_read(comment: str, rules: tuple[str, ...], until: date | None, reason: str) -> None:
    found = only(comment)
    assert (found.rules, found.until, found.reason, found.faults) == (rules, until, reason, ())


@pytest.mark.parametrize(
    ("comment", "fault"),
    [
        ("# wrc:allow", "names no rule and gives no reason"),
        ("# wrc:allow until=2027-01-31 it is ours", "names no rule"),
        ("# wrc:allow F-2", "gives no reason"),
        ("# wrc:allow F-2 until=2027-01-31", "gives no reason"),
        ("# wrc:allow F-2 --", "gives no reason"),
        ("# wrc:allow F-99 it is ours", "names no rule that can be waived with 'F-99'"),
        ("# wrc:allow F-2,F-99 it is ours", "names no rule that can be waived with 'F-99'"),
        ("# wrc:allow all it is ours", "names no rule that can be waived with 'all'"),
        ("# wrc:allow W-3 it is ours", "names no rule that can be waived with 'W-3'"),
        ("# wrc:allow D-5 it is ours", "names no rule that can be waived with 'D-5'"),
        ("# wrc:allow F-2 until=tomorrow it is ours", "has no date like 2027-01-31 in 'until=tomorrow'"),
        ("# wrc:allow F-2 until=2027-02-30 it is ours", "has no date like 2027-01-31 in 'until=2027-02-30'"),
        ("# wrc:allow F-2 until=20270131 it is ours", "has no date like 2027-01-31 in 'until=20270131'"),
    ],
)
def test_a_waiver_with_a_fault(comment: str, fault: str) -> None:
    assert " and ".join(only(comment).faults) == fault


@pytest.mark.parametrize(
    "text",
    [
        'echo "# wrc:allow F-2 it is ours"',
        "echo 'see # wrc:allow F-2 it is ours'",
        "# wrc:allowed F-2 it is ours",
        "# see wrc:allow F-2 it is ours",
        "url#wrc:allow F-2 it is ours",
        "wrc:allow F-2 it is ours",
    ],
)
def test_what_is_no_waiver(text: str) -> None:
    assert waivers(text) == []


@pytest.mark.parametrize("before", ['echo "x"', 'echo "don\'t"', r"echo don\'t", "echo 'say \"x\"'", 'name = "a" #'])
def test_a_waiver_after_code(before: str) -> None:
    assert only(f"{before} # wrc:allow F-2 it is ours").lines == range(1, 2)


BLOCKS = {
    "the next line": ("# wrc:allow F-2 x\na = 1\nb = 2", range(2, 3)),
    "past blank lines and comments": ("# wrc:allow F-2 x\n\n# more\n# wrc:allow F-1 y\na = 1\nb = 2", range(5, 6)),
    "a block": ("# wrc:allow F-2 x\nmounts {\n  a = 1\n\n  b = 2\n}\nc = 3", range(2, 7)),
    "a block from its first line": ("mounts { # wrc:allow F-2 x\n  a = 1\n}\nc = 3", range(1, 4)),
    "a list": ("# wrc:allow F-2 x\na = [\n  1,\n]\nb = 2", range(2, 5)),
    "the end of a block": ("m {\n  # wrc:allow F-2 x\n}\nb = 2", range(3, 4)),
    "an if with all its branches": (
        "# wrc:allow F-2 x\nif a; then\n  b\nelif c; then\n  d\nelse\n  e\nfi\nf",
        range(2, 9),
    ),
    "a loop": ("# wrc:allow F-2 x\nwhile a\ndo\n  b\ndone < f\nc", range(2, 6)),
    "a function with tabs": ("\t# wrc:allow F-2 x\n\tf() {\n\t\tg\n\t}\n\tf", range(2, 5)),
    "continued lines": ("# wrc:allow F-2 x\nRUN a \\\nb \\\n  c\nRUN d", range(2, 5)),
    "a heredoc of Terraform": ("# wrc:allow F-2 x\ns = <<-EOT\n  a\n\n  b\nEOT\nc = 3", range(2, 6)),
    "no further than the block it is in": ("m {\n  # wrc:allow F-2 x\n  a = 1\n}\nb = 2", range(3, 4)),
    "nothing at the end": ("a = 1\n# wrc:allow F-2 x\n", range(0)),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_a_waiver_is_for(name: str) -> None:
    text, lines = BLOCKS[name]
    assert waivers(text)[0].lines == lines


@given(st.text(alphabet=st.sampled_from("#\"'\\ \t\n{}abF-2,wrc:allowuntil=2027-01-31/"), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for waiver in parse_waivers(text + "\n# wrc:allow F-2 x\n" + text, PATH):
        assert 1 <= waiver.line <= text.count("\n") * 2 + 3
        assert waiver.line not in waiver.lines or not waiver.alone


# Comparing


def template(container: str = "", boot: str = "") -> MemoryTree:
    return plant(Case("x", container=container or "privileged = false", boot=boot), "minimal").head


def reviewed(base: MemoryTree, head: MemoryTree, tip: MemoryTree | None = None, today: date | None = TODAY) -> Report:
    return review(
        base=base,
        head=head,
        contract=tip or base,
        diff=diff_of(base, head),
        revisions=Revisions("b" * 40, "h" * 40, "b" * 40),
        repository_url=None,
        today=today,
    )


def line_of(tree: MemoryTree, text: str, path: str = TEMPLATE) -> int:
    [line] = [number for number, line in enumerate(tree.files[path].split("\n"), 1) if text in line]
    return line


def notices(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == "W-3"]


@dataclass(frozen=True)
class Compared:
    """A pull request, what it says of F-2 (status and acknowledgement) and its conclusion."""

    base: str
    head: str
    status: str
    acknowledged: str
    conclusion: Conclusion
    tip: str | None = None
    notices: Mapping[str, int] = field(default_factory=dict)


RIGHT, WRONG = "privileged = false", "privileged = true"
WAIVED = f"{WAIVER}\n{WRONG}"
EXPIRED = WAIVED.replace("2027-01-31", "2026-05-31")
LAST_DAY = WAIVED.replace("2027-01-31", "2026-06-01")

COMPARED = {
    "no waiver": Compared(RIGHT, WRONG, "introduced", "no", "failure"),
    "added with the violation": Compared(RIGHT, WAIVED, "introduced", "pending", "action_required"),
    "at the end of the line": Compared(RIGHT, f"{WRONG} {WAIVER}", "introduced", "pending", "action_required"),
    "without an end": Compared(
        RIGHT, WAIVED.replace("until=2027-01-31 ", ""), "introduced", "pending", "action_required"
    ),
    "of another rule": Compared(
        RIGHT, WAIVED.replace("F-2", "F-6"), "introduced", "no", "failure",
        notices={"Nothing here breaks F-6": 1},
    ),
    "of two rules": Compared(
        RIGHT, WAIVED.replace("F-2", "F-6,F-2"), "introduced", "pending", "action_required",
        notices={"Nothing here breaks F-6, so": 1},
    ),
    "on the base already": Compared(f"{WAIVER}\n{RIGHT}", WAIVED, "introduced", "accepted", "success"),
    "on the base, gone at its tip": Compared(
        f"{WAIVER}\n{RIGHT}", WAIVED, "introduced", "pending", "action_required", tip=RIGHT
    ),
    "only at the tip": Compared(RIGHT, WAIVED, "introduced", "pending", "action_required", tip=WAIVED),
    "on the base, with another reason": Compared(
        f"{WAIVER} today\n{RIGHT}", WAIVED, "introduced", "pending", "action_required"
    ),
    "moved over something else": Compared(
        f'{WAIVER}\n{RIGHT}\nname = "x"', f'{RIGHT}\nname = "x"\n{WAIVED}', "introduced", "pending", "action_required"
    ),
    "both there before": Compared(WAIVED, f"{WAIVED}\nmemory = 1", "preexisting", "accepted", "success"),
    "added to what was there": Compared(WRONG, WAIVED, "preexisting", "pending", "action_required"),
    "prolonged": Compared(
        WAIVED, WAIVED.replace("2027", "2028"), "preexisting", "pending", "action_required"
    ),
    "taken away": Compared(WAIVED, WRONG, "introduced", "no", "failure"),
    "taken away with the violation": Compared(WAIVED, RIGHT, "fixed", "no", "success"),
    "violation gone, waiver left": Compared(
        WAIVED, f"{WAIVER}\n{RIGHT}", "fixed", "no", "success", notices={"Nothing here breaks F-2": 1}
    ),
    "code moved away from it": Compared(
        f'{WAIVED}\nname = "x"', f'{WAIVER}\nname = "x"\n{WRONG}', "introduced", "no", "failure",
        notices={"Nothing here breaks F-2": 1},
    ),
    "expired, violation new": Compared(
        RIGHT, EXPIRED, "introduced", "no", "failure", notices={"This waiver ended on 2026-05-31": 1}
    ),
    "expired on the base": Compared(EXPIRED, f"{EXPIRED}\nmemory = 1", "preexisting", "no", "success"),
    "expired, taken away": Compared(EXPIRED, WRONG, "preexisting", "no", "success"),
    "on its last day": Compared(RIGHT, LAST_DAY, "introduced", "pending", "action_required"),
    "without a reason": Compared(
        RIGHT, f"# wrc:allow F-2\n{WRONG}", "introduced", "no", "failure", notices={"gives no reason, so": 1}
    ),
    "of an unknown rule": Compared(
        RIGHT, WAIVED.replace("F-2", "F-99"), "introduced", "no", "failure", notices={"'F-99', so": 1}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_who_may_waive(name: str) -> None:
    case = COMPARED[name]
    base, head = template(case.base), template(case.head)
    report = reviewed(base, head, template(case.tip) if case.tip else None)
    [found] = [finding for finding in report.findings if finding.rule == "F-2"]
    by = found.acknowledged_by
    state = "no" if by is None else "accepted" if by.accepted else "pending"
    assert (found.status, state, report.conclusion) == (case.status, case.acknowledged, case.conclusion)
    if by is not None:
        assert (by.kind, by.path, by.line) == ("waiver", TEMPLATE, line_of(head, "wrc:allow"))
    told = [finding.message for finding in notices(report)]
    assert {words: sum(words in message for message in told) for words in case.notices} == case.notices
    assert len(told) == sum(case.notices.values()), told


def test_a_removed_waiver_is_told_where_the_violation_stands() -> None:
    base, head = template(WAIVED), template(WRONG)
    [found] = [finding for finding in reviewed(base, head).findings if finding.rule == "F-2"]
    assert (found.path, found.line) == (TEMPLATE, line_of(head, WRONG))
    assert found.anchor is not None
    assert (found.trail[0].line, found.trail[0].text[:24]) == (line_of(base, "wrc:allow"), "removed: wrc:allow F-2 u")


def test_without_a_day_nothing_expires() -> None:
    report = reviewed(template(RIGHT), template(EXPIRED), today=None)
    assert (report.conclusion, notices(report)) == ("action_required", [])


def test_of_two_equal_violations_only_the_waived_one_is_let_stand() -> None:
    [waived, open_] = sorted(
        (
            f
            for f in reviewed(template(), template(f"# wrc:allow F-1 x\n{SOCKET}\n{SOCKET}")).findings
            if f.rule == "F-1"
        ),
        key=lambda finding: finding.line,
    )
    assert waived.acknowledged_by is not None
    assert open_.acknowledged_by is None


def test_a_waiver_above_the_block_covers_a_value_from_elsewhere() -> None:
    block = SOCKET.replace('"/run/docker.sock"', "local.sock")
    case = Case("x", container=f"# wrc:allow F-1 x\n{block}", top='locals {\n  sock = "/run/docker.sock"\n}')
    report = reviewed(template(), plant(case, "minimal").head)
    [found] = [finding for finding in report.findings if finding.rule == "F-1"]
    assert found.acknowledged_by is not None


@pytest.mark.parametrize(
    ("case", "path"),
    [
        (Case("boot", boot="# wrc:allow F-10 x\nset -e"), TEMPLATE),
        (Case("end", boot="set -e # wrc:allow F-10 x"), TEMPLATE),
        (Case("block", boot="# wrc:allow F-10 x\nif true; then\n  echo\n  set -e\nfi"), TEMPLATE),
        (
            Case(
                "sourced",
                boot=". /home/coder-files/x.sh",
                files={"../image/scripts/x.sh": "# wrc:allow F-10 x\nset -e"},
            ),
            "image/scripts/x.sh",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_waivers_in_scripts(case: Case, path: str) -> None:
    report = reviewed(host("full"), plant(case, "full").head)
    [found] = [finding for finding in report.findings if finding.rule == "F-10"]
    assert found.acknowledged_by is not None
    assert found.acknowledged_by.path == path
    assert (report.conclusion, notices(report)) == ("action_required", [])


def test_a_waiver_in_the_dockerfile() -> None:
    run = "# wrc:allow F-3 x\nRUN true \\\n  && chown 1000:1000 /home/coder-files"
    report = reviewed(host("full"), plant(Case("image", image=run, on=("full",)), "full").head)
    [found] = [finding for finding in report.findings if finding.rule == "F-3"]
    assert found.acknowledged_by is not None
    assert found.acknowledged_by.path == DOCKERFILE
    assert report.conclusion == "action_required"


def test_an_unused_waiver_can_be_taken_away_by_its_suggestion() -> None:
    head = template(f"{WAIVER}\n{RIGHT}")
    [notice] = notices(reviewed(template(), head))
    assert notice.level == "notice"
    assert notice.suggestion is not None
    assert notices(reviewed(template(), applied(head, notice.suggestion))) == []


def test_waivers_of_others_are_left_alone() -> None:
    base = template(f"{WAIVER}\n{RIGHT}\n# wrc:allow F-6\nmemory = 1")
    head = MemoryTree.of({**base.files, TEMPLATE: base.files[TEMPLATE] + "\nlocals {}\n"})
    report = reviewed(base, head)
    assert (report.findings, report.conclusion) == ((), "success")


def test_a_failure_that_is_not_waived_fails() -> None:
    report = reviewed(template(), template(f"{WAIVED}\n{SOCKET}"))
    assert report.conclusion == "failure"


# Audit


def test_an_audit_tells_of_every_waiver_that_waives_nothing() -> None:
    tree = template(f"{EXPIRED}\n# wrc:allow F-6\nmemory = 1\n# wrc:allow F-1 x\ncpu_shares = 1")
    found = audit(tree, "r" * 40, None, TODAY)
    told = [finding.message for finding in found.findings if finding.rule == "W-3"]
    assert told == [
        "This waiver ended on 2026-05-31.",
        "This waiver gives no reason, so it waives nothing.",
        "Nothing here breaks F-1, so this waiver is not needed.",
    ]


def test_an_audit_calls_broken_what_is_waived() -> None:
    found = audit(template(WAIVED), "r" * 40, None, TODAY)
    [f2] = [finding for finding in found.findings if finding.rule == "F-2"]
    assert f2.acknowledged_by is not None
    [template_] = found.templates
    assert {verdict.id: verdict.verdict for verdict in template_.requirements}["F-2"] == "broken"
