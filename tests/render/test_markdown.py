"""What people read on GitHub. The snapshots are looked at by a person; `WRC_UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from bot.render.drift import told
from bot.render.escape import block, cell, code, contrast, inline, link
from bot.render.folded import fixed, fold, settled
from bot.render.markdown import (
    MAX_CHARS,
    MAX_TITLE,
    comment,
    explained,
    flowing,
    folded_audit,
    render,
    render_audit,
    review_body,
    summary,
    title,
)
from rules.model import Acknowledgement, Affected, Anchor, Change, Drift, Edit, Finding, Step
from rules.registry import rule
from tests.render.samples import (
    AUDIT,
    EMPTY,
    FULL,
    NETWORK,
    PORTS,
    PRIVILEGED,
    RUNTIME,
    SOCKET,
    TEMPLATE,
    hostile,
    hostile_audit,
)

BY_MARIA = Acknowledgement("comment", "", 0, accepted=True, note="@maria on 2026-11-25 14:41 UTC: a test host")
ACCEPTED = replace(EMPTY, conclusion="success", findings=(replace(RUNTIME, acknowledged_by=BY_MARIA),))
ALIKE = replace(EMPTY, conclusion="failure", findings=(RUNTIME, replace(RUNTIME, line=99, message="So does this.")))

SNAPSHOTS = Path(__file__).parent / "snapshots"
GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def tokens(markdown: str) -> Iterator[Token]:
    for token in GITHUB.parse(markdown):
        yield token
        yield from token.children or ()


def shown(markdown: str) -> str:
    """The text that a reader sees outside code."""
    return "\n".join(token.content for token in tokens(markdown) if token.type == "text")


def cells(markdown: str) -> list[int]:
    """Cells in each row of the tables."""
    rows: list[int] = []
    for token in tokens(markdown):
        if token.type == "tr_open":
            rows.append(0)
        if token.type in ("td_open", "th_open"):
            rows[-1] += 1
    return rows


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("comment-with-suggestion", comment(RUNTIME)),
        ("comment-with-trail", comment(SOCKET)),
        ("comment-removed", comment(replace(RUNTIME, trail=(Step(TEMPLATE, 77, "removed: the runtime"),)))),
        ("comment-question", comment(NETWORK)),
        ("comment-acknowledged", comment(PRIVILEGED)),
        ("review-body", review_body(FULL)),
        ("review-body-surplus", review_body(replace(FULL, findings=()), surplus=[RUNTIME, SOCKET])),
        ("summary", summary(FULL)),
        ("summary-nothing", summary(EMPTY)),
        ("cli", render(FULL)),
        ("audit", render_audit(AUDIT)),
        ("audit-folded", folded_audit(AUDIT)),
        ("explained", explained(rule("F-4"))),
        ("comment-again", comment(RUNTIME, again=True)),
        ("comment-folded", fold(comment(RUNTIME), fixed("1234567890ab", by_push=True))),
        ("summary-accepted", summary(ACCEPTED)),
        ("summary-alike", summary(ALIKE)),
    ],
)
def test_snapshot(name: str, text: str) -> None:
    file = SNAPSHOTS / f"{name}.md"
    if os.environ.get("WRC_UPDATE_SNAPSHOTS"):
        file.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text.rstrip("\n") + "\n"


def test_what_was_accepted_is_no_silence_in_the_title() -> None:
    assert title(ACCEPTED) == "What this pull request breaks was accepted by a maintainer: INV-1"


def test_the_same_way_out_is_told_once() -> None:
    assert summary(ALIKE).count(RUNTIME.fix) == 1
    assert comment(RUNTIME, again=True).count("\n") < comment(RUNTIME).count("\n")


def test_a_paragraph_flows_and_all_else_keeps_its_lines() -> None:
    text = "# A\nb\nc\n\n- d\n  e\n- f\n\n```hcl\ng\nh\n```\ni\n| j |\n| - |\n\nk\n1. l"
    assert flowing(text) == "# A\nb c\n\n- d e\n- f\n\n```hcl\ng\nh\n```\ni\n| j |\n| - |\n\nk\n1. l"


@given(st.text(alphabet="ab\n`#-|> ", max_size=60))
def test_flowing_loses_no_word(text: str) -> None:
    assert flowing(text).split() == text.split()


def test_a_line_that_templates_share_says_which_are_meant() -> None:
    said = "That is so in `drupal-core`, `drupal-contrib`."
    shared = replace(RUNTIME, path="image/Dockerfile", template="drupal-core, drupal-contrib")
    assert said in comment(shared)
    assert "That is so" not in comment(RUNTIME)
    assert "That is so" not in comment(replace(shared, template="image"))


def test_comment_says_what_why_how_and_where_in_this_order() -> None:
    text = comment(RUNTIME)
    parts = ['runtime = "runc"', "does not start", "Write the Sysbox", "```suggestion", "INV-1", "#L3-L9"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ({"fixed"}, "**Fixed in 1234567.**"),
        ({"waived"}, "**Accepted by a maintainer.**"),
        ({"fixed", "waived"}, "**Fixed, or accepted by a maintainer.**"),
    ],
)
def test_a_review_of_which_nothing_is_left_says_why(states: set[str], line: str) -> None:
    assert settled(states, "1234567890", by_push=True) == line


@pytest.mark.parametrize("finding", [*FULL.findings, *hostile().findings])
@pytest.mark.parametrize("lines", [0, 1, 4, 5, 50])
def test_comment_has_at_most_ten_lines(finding: Finding, lines: int) -> None:
    edit = Edit(finding.path, finding.line, finding.end_line, "\n".join(["x = 1"] * lines))
    anchor = Anchor(finding.path, "RIGHT", finding.line, finding.end_line)
    assert comment(replace(finding, suggestion=edit, anchor=anchor)).count("\n") < 10


@pytest.mark.parametrize(
    ("anchor", "offered"),
    [
        (Anchor(TEMPLATE, "RIGHT", 80, 80), True),
        (Anchor(TEMPLATE, "LEFT", 80, 80), False),
        (Anchor(TEMPLATE, "RIGHT", 80, 81), False),
        (Anchor(TEMPLATE, "RIGHT", 81, 81), False),
        (Anchor("other.tf", "RIGHT", 80, 80), False),
        (None, False),
    ],
)
def test_suggestion_is_offered_only_for_the_lines_it_replaces(anchor: Anchor | None, offered: bool) -> None:
    assert ("```suggestion" in comment(replace(RUNTIME, anchor=anchor))) is offered


@pytest.mark.parametrize(("count", "lines"), [(2, 5), (7, 10), (8, 4), (30, 4)])
def test_what_is_missing_is_a_list_as_long_as_a_reader_takes_it_in(count: int, lines: int) -> None:
    fixes = [f"No step {number}. Write `step {number}`." for number in range(1, count + 1)]
    finding = replace(RUNTIME, suggestion=None, fix="\n".join(fixes))
    for text in (comment(finding), summary(replace(EMPTY, conclusion="failure", findings=(finding,)))):
        assert all(f"{number}. No step {number}. Write `step {number}`." in text for number in range(1, count + 1))
    assert comment(finding).count("\n") + 1 == lines


def test_many_requirements_that_stay_as_they_were_are_folded() -> None:
    change = Change("stop_timeout", "180", "240")
    quiet = tuple(Affected(f"INV-{number}", "Cleanup", (), (change,)) for number in range(2, 7))
    text = summary(replace(FULL, affected=quiet, findings=(RUNTIME,), undecided=()))
    above, _, below = text.partition("<details>")
    assert "**INV-1**" in above
    assert "**INV-4**" not in above
    assert below.startswith("<summary>Also touched, and no worse: INV-2, INV-3, INV-4, INV-5, INV-6</summary>")
    assert below.count("stop_timeout: `180` → `240`") == 5
    few = summary(replace(FULL, affected=quiet[:2], findings=(RUNTIME,), undecided=()))
    assert "Also touched" not in few
    assert "**INV-3** Cleanup | stop_timeout: `180` → `240` | still holds |" in few


def test_of_what_is_all_new_only_the_first_is_told() -> None:
    changes = tuple(Change(f"step {number}", None, "runs") for number in range(5))
    row = summary(replace(EMPTY, affected=(Affected("BOOT", "Boot", (), changes),)))
    assert "| all new |" in row


def test_deleting_suggestion_is_an_empty_block() -> None:
    edit = Edit(TEMPLATE, 80, 80, "")
    assert "```suggestion\n```\n" in comment(replace(RUNTIME, suggestion=edit))


def test_finding_without_a_line_in_the_diff_is_in_the_review_body() -> None:
    body = review_body(FULL)
    assert "`user-defined-web/template.tf:120`" in body
    assert RUNTIME.fix not in body


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (
            Drift("D-3", "absent", "fixed", "a", 1),
            "is fixed by this change, thank you. That was planned as `chmod-",
        ),
        (Drift("D-6", "absent", "fixed", "a", 1), "is fixed by this change, thank you."),
        (Drift("D-5", "present", "reintroduced", "a", 1), "is back. The change that was to end it is `tighten-docker-"),
        (
            Drift("D-1", "present", "none", "a", 1),
            "is there: it is not true yet that the image brings the DDEV configuration that CLAUDE.md speaks of. Pla",
        ),
        (Drift("D-4", "absent", "none", "a", 1), "is not there."),
    ],
)
def test_drift_names_the_change_that_was_planned(drift: Drift, words: str) -> None:
    assert told(drift).startswith(words)
    told_of = [item for item in summary(replace(EMPTY, drift=(drift,))).splitlines() if drift.id in item]
    assert bool(told_of) is (drift.change != "none")


def test_a_hostile_audit_is_text_and_fits() -> None:
    for text in (render_audit(hostile_audit()), folded_audit(hostile_audit())):
        assert len(text) <= MAX_CHARS + 1000
        assert set(cells(text)) == {3}
        assert "@owner" not in shown(text)
        kinds = {token.type for token in tokens(text)}
        assert "link_open" not in kinds
        assert "image" not in kinds


def test_a_folded_audit_is_one_line_until_it_is_opened() -> None:
    text = folded_audit(AUDIT)
    assert text.startswith("<details><summary>")
    assert text.splitlines()[0].endswith("2 × holds, 1 × broken, 1 × could not be decided, 2 × not governed</summary>")
    assert text.rstrip().endswith("</details>")


def test_title_names_what_is_broken() -> None:
    assert title(FULL) == "This pull request breaks the contract: INV-1, F-1"
    assert title(EMPTY) == "This pull request touches nothing that the contract governs"
    many = tuple(replace(RUNTIME, rule=f"INV-{number}") for number in range(300))
    assert len(title(replace(FULL, findings=many))) == MAX_TITLE


def test_long_reports_fit_github_and_say_that_there_is_more() -> None:
    many = tuple(replace(SOCKET, line=line, message=f"{line} " + "x" * 5_000) for line in range(1, 400))
    for text in (summary(replace(FULL, findings=many)), review_body(replace(FULL, findings=many))):
        assert len(text) <= MAX_CHARS
        assert "run `wrc check` to see all" in text
        assert "`user-defined-web/template.tf:1`" in text


@pytest.mark.parametrize("text", [render(hostile()), review_body(hostile()), *map(comment, hostile().findings)])
def test_hostile_text_stays_text(text: str) -> None:
    kinds = {token.type for token in tokens(text)}
    assert not kinds & {"image", "em_open", "s_open", "code_block"}
    folded = re.compile(r"<details><summary>\d+ findings? [a-z ]+</summary>\n|</details>\n*")
    assert all(folded.fullmatch(token.content) for token in tokens(text) if token.type == "html_block")
    assert {token.content for token in tokens(text) if token.type == "html_inline"} <= {"<br>"}
    links = {token.attrs["href"] for token in tokens(text) if token.type == "link_open"}
    assert all(str(url).startswith("https://github.com/owner/templates/") for url in links)
    for trap in ("@owner", "#12", "GH-12", "https://e", "www.e"):
        assert trap not in shown(text)
    assert len(set(cells(text))) <= 1
    assert not any(ord(char) < 32 and char != "\n" for char in text)
    text.encode("utf-8")


def test_what_was_there_before_is_folded_and_no_row_of_its_own() -> None:
    before = [replace(PORTS, rule=f"F-{number}", line=number) for number in range(1, 70)]
    text = summary(replace(EMPTY, conclusion="success", findings=tuple(before)))
    assert "No requirement of the contract is touched." in text
    assert "<details><summary>69 findings were there before this pull request</summary>" in text
    assert "- and 19 more: run `wrc audit`" in text
    assert "F-1" not in summary(replace(EMPTY, conclusion="skipped", findings=tuple(before)))


def test_what_changes_alike_is_told_once() -> None:
    changes = tuple(Change("writing ~/.bashrc", None, f"echo {number}") for number in range(8))
    row = summary(replace(EMPTY, affected=(Affected("INV-6", "Home", (), changes),)))
    assert "writing \\~/.bashrc: not there → `echo 0` (and 7 more)" in row
    assert "echo 1" not in row


@given(st.text(alphabet=st.sampled_from("`\\@ab|<>[]()!*_~#-1. \n$&"), max_size=40))
def test_inline_never_becomes_markup(text: str) -> None:
    for place in (inline(text), f"- {inline(text)}", f"see {code('x')} {inline(text)}", f"{code(text)} {inline(text)}"):
        kinds = {token.type for token in tokens(place)}
        allowed = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline", "text_special"}
        assert kinds <= allowed | {
            f"{name}_{end}" for name in ("bullet_list", "list_item") for end in ("open", "close")
        }
        assert not any(f"@{letter}" in shown(place) for letter in "ab1_")


@given(st.text(alphabet=st.sampled_from("`|\\ab "), max_size=20))
def test_cells_stay_cells(text: str) -> None:
    row = f"| {cell(inline(text))} | {cell(code(text))} | end |"
    assert cells(f"| a | b | c |\n| --- | --- | --- |\n{row}") == [3, 3]
    assert [token.content for token in tokens(f"| a | b | c |\n| --- | --- | --- |\n{row}") if token.type == "inline"][
        -1
    ] == "end"


@given(st.text(alphabet=st.sampled_from("`ab "), min_size=1, max_size=20))
def test_code_shows_its_text(text: str) -> None:
    found = [token.content for token in tokens(code(text)) if token.type == "code_inline"]
    assert [" ".join(content.split()) for content in found] == [" ".join(text.split())] or not text.strip()


@given(st.text(alphabet=st.sampled_from("`~ab\n\r "), max_size=40))
def test_block_cannot_be_closed_from_inside(text: str) -> None:
    fences = [token for token in tokens(f"{block(text, 'suggestion')}\nend") if token.type == "fence"]
    assert len(fences) == 1
    assert fences[0].info == "suggestion"


@given(st.text(alphabet=st.sampled_from("()[]<> \"'\\ab"), max_size=20))
def test_link_goes_nowhere_else(text: str) -> None:
    urls = [
        token.attrs["href"] for token in tokens(link(text, f"https://e.example/{text}")) if token.type == "link_open"
    ]
    assert len(urls) == 1
    assert str(urls[0]).startswith("https://e.example/")


def test_long_values_are_cut_where_one_sees_the_difference() -> None:
    long = "x" * 300
    for before, after in (("180", "60"), (f"{long}180", f"{long}60"), (f"180{long}", f"60{long}"), (long, f"{long}60")):
        shown_before, shown_after = contrast(before, after, 80)
        assert shown_before != shown_after
        assert len(shown_before) <= 80 >= len(shown_after)
    assert contrast("180", "60", 80) == ("180", "60")


def test_a_trail_says_which_way_and_tells_nothing_twice() -> None:
    """Before its line is where a value comes from; what is quoted already is a place, what opens a block nothing."""
    steps = (
        Step(TEMPLATE, 118, "volumes {"),
        Step(TEMPLATE, 119, "`"),
        Step(TEMPLATE, 120, "host_path = var.socket"),
        Step(TEMPLATE, 130, "sudo dockerd"),
        Step(TEMPLATE, 140, 'dynamic "mounts" {'),
        Step(TEMPLATE, 150, "cp a b"),
    )
    finding = replace(SOCKET, trail=steps, message="`sudo dockerd` comes after line 150.")
    assert comment(finding).splitlines()[0] == (
        "`sudo dockerd` comes after line 150. It comes from `` ` `` (line 119). It takes effect in line 130."
    )
