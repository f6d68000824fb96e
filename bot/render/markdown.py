"""``--format markdown``, and the words of the GitHub App: comments, review and check run.

GitHub breaks lines in comments where the text does, so a comment is written one sentence a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from bot.render.changes import told_once
from bot.render.drift import told
from bot.render.escape import block, cell, code, contrast, inline, link, shorten
from bot.render.matrix import SYMBOLS, WORDS, besides, details, name, rows
from rules.model import REMOVED, Affected, Change, Drift, Finding, Problem, Remark, Report, Step, Undecided
from rules.pages import page
from rules.registry import Entry, all_rules
from rules.workspace.image import NAME as IMAGE

if TYPE_CHECKING:
    from rules.audit import Audit, Verdict
    from rules.validate.model import Issue
    from rules.validate.validation import Validation

MAX_COMMENT_LINES = 10
"""A reader of a review takes in no more at a glance; a suggestion that does not fit is told in words only."""

AS_ABOVE = "Why, and what to write instead: as in the comment above."

MAX_CHARS = 60_000
"""GitHub takes 65,535 characters in a review body and in a check run's summary; the rest is for what callers add."""

MAX_TITLE = 255

MAX_CHANGES = 4
"""Things told in the table that change about one requirement."""

MAX_NEW = 2
"""Things told of a requirement about which all is new, as in a new template; of more than these only the first."""

MAX_QUIET = 3
"""Requirements in the table for which the change makes no difference; more are folded below it."""

MAX_BEFORE = 50
"""Findings named that were there before."""

MAX_EVIDENCE = 5
"""Lines of evidence told for one requirement of an audit."""

MAX_ISSUES = 50
"""Issues of a validation that are told."""

MAX_REMARKS = 20
"""Remarks about the contract that are told."""

MAX_STEPS = 5
"""Steps of a trail that are named."""

MAX_SENTENCE = 600
MAX_VALUE = 80
MAX_SUGGESTION = 4_000
"""Characters shown of one sentence, of one value and of one suggestion."""

_BLOCK = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|#|>|\||<|```)")
"""How a line begins that does not go on with the paragraph above."""

_FAMILIES = ("INV", "BOOT", "F", "W")

_ACKNOWLEDGED = {"delta": "explicitly modified", "waiver": "waived", "comment": "accepted"}

_CONCLUSIONS = {
    "success": "Nothing in this pull request breaks the contract",
    "failure": "This pull request breaks the contract",
    "action_required": "This pull request changes the contract: a maintainer decides",
    "neutral": "Nothing certain against the contract, but something to look at",
    "skipped": "This pull request touches nothing that the contract governs",
}


def render(report: Report) -> str:
    return f"## {title(report)}\n\n{summary(report)}"


def comment(finding: Finding, *, again: bool = False) -> str:
    """The review comment for one finding: what the line does, what goes wrong, what to write, and where it is written.

    At most `MAX_COMMENT_LINES` lines; what no requirement is about cites none. `again` says that it follows another one
    of the same rule on the same lines, which gives the reason and the way out.
    """
    said = [_sentence(finding.message) + _trail(finding) + _where(finding)]
    said.append(AS_ABOVE if again else _sentence(finding.why))
    citation = [*_acknowledgement(finding), *([_cited(finding)] if finding.requirement else [])]
    fixes = [] if again else _fixes(finding.fix)
    listed, joined = [*said, *fixes], [*said, " ".join(fixes)]
    suggestion = _suggestion(finding)
    # What a suggestion says itself needs no words, where there is no room for both.
    forms = [(words, suggestion) for words in (listed, joined, said, [" ".join(said)])] if suggestion else []
    forms += [(listed, []), (joined, [])]
    shown = (([*filter(None, words)], box) for words, box in forms)
    words, box = next(((w, b) for w, b in shown if len(w) + len(b) + len(citation) <= MAX_COMMENT_LINES), (joined, []))
    return "\n".join([*words, *box, *citation])


def _fixes(fix: str) -> list[str]:
    """What to write: one line, or a list where several things are missing."""
    fixes = fix.split("\n")
    return [f"{n}. {_sentence(fix)}" for n, fix in enumerate(fixes, 1)] if len(fixes) > 1 else [_sentence(fixes[0])]


def title(report: Report) -> str:
    """One line for the head of the check run."""
    broken = {finding.rule for finding in report.findings if _verdict(finding) == "broken"}
    accepted = {finding.rule for finding in report.findings if _is_waived(finding)}
    words = _CONCLUSIONS[report.conclusion]
    open_ones = {
        f.acknowledged_by.kind for f in report.findings if f.acknowledged_by and not f.acknowledged_by.accepted
    }
    if report.conclusion == "action_required" and open_ones == {"waiver"}:
        words = "This pull request breaks the contract and waives it: a maintainer decides"
    if report.conclusion == "success" and accepted:
        words, broken = "What this pull request breaks was accepted by a maintainer", accepted
    return shorten(words + (f": {', '.join(sorted(broken, key=_order))}" if broken else ""), MAX_TITLE)


def review_body(
    report: Report,
    framed: Callable[[Finding, str], str] = lambda _, text: text,
    surplus: Sequence[Finding] = (),
) -> str:
    """The text above the inline comments. A finding that has no line in the diff to stand on is told here in full.

    `framed` may put something around the text about a finding. `surplus` are those for which there are comments enough:
    they are folded away.
    """
    introduced = [finding for finding in report.findings if finding.status == "introduced"]
    unanchored = [finding for finding in introduced if finding.anchor is None]
    parts = [f"**{title(report)}.**"]
    parts += [framed(finding, placed_comment(finding)) for finding in unanchored]
    if surplus:
        parts.append(f"<details><summary>{len(surplus)} more on other lines</summary>")
        parts += [framed(finding, placed_comment(replace(finding, anchor=None))) for finding in surplus]
        parts.append("</details>")
    return _fit(parts, "\n\n")


def placed_comment(finding: Finding) -> str:
    """The comment with the place that it speaks of, for where it does not stand there."""
    return f"{_place(finding.path, finding.line)}\n{comment(finding)}"


def summary(report: Report) -> str:
    """The whole picture, for the check run: requirement, what changed, verdict, and what else there is to know."""
    rows = list(_rows(report))
    quiet = [row for row in rows if not row.news]
    others = quiet if MAX_QUIET < len(quiet) < len(rows) else []
    telling = [row.text for row in rows if row not in others]
    sections = [
        _table(telling) if telling else "No requirement of the contract is touched.",
        _section("What to do", _to_do(finding for finding in report.findings if _is_open(finding))),
        _section("Accepted by a maintainer", [_let_stand(each) for each in report.findings if _is_waived(each)]),
        _section("Repaired by this pull request, thank you", _named(report, "fixed")),
        _section("Known drift", [_drift(drift) for drift in report.drift if drift.change != "none"]),
        _section("Could not be decided", [_undecided(undecided) for undecided in report.undecided]),
        _section("Not analysed in full", [_problem(problem) for problem in report.problems]),
        _folded(
            f"Also touched, and no worse: {', '.join(row.rule for row in others)}", _table([r.text for r in others])
        ),
        _there_before(report),
        _section("About the contract", [_remark(remark) for remark in report.remarks[:MAX_REMARKS]]),
        _section("Validation of what this touches", [_remark(each) for each in report.validation[:MAX_REMARKS]]),
        _footer(report),
    ]
    return _fit([section for section in sections if section], "\n\n") + "\n"


def render_audit(audit: Audit) -> str:
    """The audit as a table, then what does not hold with its evidence."""
    return f"## The contract at {code(audit.rev[:12])}\n\n{_audit(audit)}\n"


def folded_audit(audit: Audit) -> str:
    """The audit for a comment: one line that counts, the rest folded."""
    verdicts = [verdict.verdict for template in audit.templates for verdict in template.requirements]
    counted = {outcome: verdicts.count(outcome) for outcome in SYMBOLS}
    line = ", ".join(f"{count} × {WORDS[outcome]}" for outcome, count in counted.items() if count)
    head = f"<details><summary>The contract at {audit.rev[:12]}: {line or 'no template'}</summary>"
    return "\n\n".join((head, _audit(audit), "</details>\n"))


def render_validation(validation: Validation) -> str:
    verdict = "valid" if validation.valid else "not valid"
    return f"## The written contract's files are {verdict}\n\n{issue_list(validation.issues) or 'Nothing to say.'}\n"


def issue_list(issues: Sequence[Issue]) -> str:
    """What a validation found, one line each."""
    told = [_issue(issue) for issue in issues[:MAX_ISSUES]]
    more = len(issues) - len(told)
    return _fit([*told, *([f"- and {more} more"] if more else [])], "\n")


def _issue(issue: Issue) -> str:
    words = (_sentence(issue.message), _sentence(issue.way_out))
    return f"- {issue.level.lower()} {_place(issue.path, issue.line)} {' '.join(filter(None, words))}"


def explained(entry: Entry) -> str:
    """A rule for a comment: what it is and why, its page folded."""
    _, _, text = page(entry).partition("\n\n")
    head = f"**{entry.id}: {entry.title}.** {entry.why}"
    return f"{head}\n\n<details><summary>The whole page</summary>\n\n{flowing(text)}\n\n</details>"


def flowing(text: str) -> str:
    """Markdown with every paragraph on one line: GitHub breaks lines in comments where the text does."""
    lines: list[str] = []
    fenced = joins = False
    for line in text.strip().split("\n"):
        fence = line.lstrip().startswith("```")
        if joins and not fenced and line.strip() and not _BLOCK.match(line):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
            joins = bool(line.strip()) and not line.lstrip().startswith(("#", "|", "<", "```"))
        fenced ^= fence
    return "\n".join(lines)


def _audit(audit: Audit) -> str:
    columns = ["Requirement", *(code(template.name) for template in audit.templates)]
    found = [
        [f"**{row.id}** {inline(row.name)}", *(SYMBOLS[outcome] for outcome in row.outcomes)] for row in rows(audit)
    ]
    table = [columns, ["---"] * len(columns), *found]
    legend = ", ".join(f"{SYMBOLS[outcome]} {WORDS[outcome]}" for outcome in SYMBOLS)
    sections = [
        "\n".join(f"| {' | '.join(map(cell, line))} |" for line in table) if found else "There is no template.",
        legend,
        *(_detail(verdict, templates) for verdict, templates in details(audit)),
        _section("Besides", [f"**{f.rule}** {_place(f.path, f.line)} {_sentence(f.message)}" for f in besides(audit)]),
        _section("Known drift", [_drift(drift) for drift in audit.drift if drift.state == "present"]),
        _section("Not analysed in full", [_problem(problem) for problem in audit.problems]),
        _section("About the contract", [_remark(note) for note in audit.notes[:MAX_REMARKS]]),
    ]
    return _fit([section for section in sections if section], "\n\n")


def _detail(verdict: Verdict, templates: Sequence[str]) -> str:
    heading = f"{verdict.id} {inline(name(verdict))}: {WORDS[verdict.verdict]} in {', '.join(map(code, templates))}"
    lines = [f"{_place(step.path, step.line)} {_sentence(step.text)}" for step in verdict.evidence[:MAX_EVIDENCE]]
    more = len(verdict.evidence) - len(lines)
    return _section(heading, [*lines, *([f"and {more} more"] if more else [])])


class _Row(NamedTuple):
    """A line of the table. `news`: the pull request makes a difference to the verdict, or leaves it open."""

    rule: str
    text: str
    news: bool


def _table(rows: Sequence[str]) -> str:
    head = ["| Requirement | What changed (before → after) | Verdict |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows]) if rows else ""


def _folded(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>" if text else ""


def _rows(report: Report) -> Iterable[_Row]:
    affected = {entry.id: entry for entry in report.affected}
    names = {entry.id: inline(entry.requirement) for entry in report.affected}
    # What the pull request has nothing to do with gets no row.
    names |= {f.rule: _citation(f) for f in report.findings if f.status != "preexisting" or f.rule in affected}
    for rule in sorted(names, key=_order):
        findings = [finding for finding in report.findings if finding.rule == rule]
        undecided = [entry for entry in report.undecided if entry.rule == rule]
        columns = [
            f"**{rule}** {names[rule]}",
            _changes(affected.get(rule)),
            _verdicts(findings, undecided) or _verdict_of_related(rule, report),
        ]
        news = bool(undecided) or any(f.status != "preexisting" or f.acknowledged_by for f in findings)
        news |= any(f.status == "introduced" and rule in f.related for f in report.findings)
        yield _Row(rule, f"| {' | '.join(cell(column) for column in columns)} |", news)


def _changes(affected: Affected | None) -> str:
    if affected is None:
        return "—"
    changes, more = told_once(affected.changes, MAX_CHANGES)
    things = list(dict.fromkeys(change.what for change in affected.changes))
    if len(things) > MAX_NEW and all(change.before is None for change in affected.changes):
        return "all new"
    told = [_change(change.first) + change.rest for change in changes]
    return "<br>".join([*told, f"and {more} more"] if more else told) or "—"


def _change(change: Change) -> str:
    what, (before, after) = _sentence(change.what), contrast(change.before or "", change.after or "", MAX_VALUE)
    if change.before is None:
        return f"{what}: not there → {code(after)}"
    return f"{what}: {code(before)} → {'not there' if change.after is None else code(after)}"


def _sentence(text: str) -> str:
    return inline(shorten(text, MAX_SENTENCE))


def _verdict(finding: Finding) -> str:
    if finding.status == "fixed":
        return "repaired"
    if finding.acknowledged_by:
        return _ACKNOWLEDGED[finding.acknowledged_by.kind]
    if finding.status == "preexisting":
        return "broken before"
    return {"failure": "broken", "warning": "in question", "notice": "noted"}[finding.level]


def _verdicts(findings: Sequence[Finding], undecided: Sequence[Undecided]) -> str:
    counts: dict[str, int] = {}
    telling = [f for f in findings if f.status != "preexisting" or f.acknowledged_by] or findings
    for finding in telling:
        counts[_verdict(finding)] = counts.get(_verdict(finding), 0) + 1
    if undecided:
        counts["could not be decided"] = len(undecided)
    return ", ".join(f"{verdict} ({n})" if n > 1 else verdict for verdict, n in counts.items())


def _verdict_of_related(rule: str, report: Report) -> str:
    """The verdict on a requirement that has no finding of its own."""
    others = [f for f in report.findings if f.status == "introduced" and rule in f.related]
    if others:
        return f"see {', '.join(dict.fromkeys(finding.rule for finding in others))}"
    checked = any(known.id == rule and known.check is not None for known in all_rules())
    return "still holds" if checked else "touched: please look, this is not checked by itself"


def _to_do(findings: Iterable[Finding]) -> list[str]:
    """What has the same way out is told together, the way out once."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.rule, finding.fix), []).append(finding)
    return [_told(rule, fix, group) for (rule, fix), group in alike.items()]


def _told(rule: str, fix: str, findings: Sequence[Finding]) -> str:
    fixes = _fixes(fix)
    one, several = (fixes, []) if len(fixes) == 1 else ([], fixes)
    if len(findings) == 1:
        said = _said(findings[0])
        if findings[0].listed:  # the list says it all
            said = _place(findings[0].path, findings[0].line)
        lines = [" ".join([f"**{rule}**", said, *one, *_acknowledgement(findings[0])])]
    else:
        items = (" ".join([_said(finding), *_acknowledgement(finding)]) for finding in findings)
        lines = [" ".join([f"**{rule}**", *one]), *(f"- {item}" for item in items)]
    return "\n  ".join([*lines, *several])


def _let_stand(finding: Finding) -> str:
    return " ".join([f"**{finding.rule}**", _said(finding), *_acknowledgement(finding)])


def _said(finding: Finding) -> str:
    return f"{_place(finding.path, finding.line)} {_sentence(finding.message)}"


def _is_open(finding: Finding) -> bool:
    """Whether somebody has something to do or to decide."""
    by = finding.acknowledged_by
    return (finding.status == "introduced" and by is None) or (by is not None and not by.accepted)


def _is_waived(finding: Finding) -> bool:
    by = finding.acknowledged_by
    return finding.status == "introduced" and by is not None and by.accepted


def _named(report: Report, status: str) -> list[str]:
    return [
        f"**{finding.rule}** {_said(finding)}"
        for finding in report.findings
        if finding.status == status and not _is_open(finding)
    ]


def _there_before(report: Report) -> str:
    """What nobody is blamed for, folded; a pull request that touches nothing of the contract does not care."""
    found = [f for f in report.findings if f.status == "preexisting" and not _is_open(f)]
    if not found or report.conclusion == "skipped":
        return ""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        alike.setdefault((finding.rule, finding.message), []).append(finding)
    told = [
        f"**{rule}** {', '.join(_place(each.path, each.line) for each in several)} {_sentence(message)}"
        for (rule, message), several in alike.items()
    ]
    count = f"{len(found)} findings were" if len(found) > 1 else "1 finding was"
    more = [f"and {len(told) - MAX_BEFORE} more: run `wrc audit`"] if len(told) > MAX_BEFORE else []
    items = "\n".join(f"- {item}" for item in [*told[:MAX_BEFORE], *more])
    return _folded(f"{count} there before this pull request", items)


def _drift(drift: Drift) -> str:
    return f"**{drift.id}** {_sentence(told(drift))} {_place(drift.path, drift.line)}"


def _remark(remark: Remark) -> str:
    return f"{_sentence(remark.text)} {_place(remark.path, remark.line)}"


def _undecided(undecided: Undecided) -> str:
    return f"**{undecided.rule}** {_place(undecided.span.path, undecided.span.start)} {_sentence(undecided.reason)}"


def _problem(problem: Problem) -> str:
    side = " (at the base)" if problem.side == "base" else ""
    return f"{_place(problem.path, problem.line)}{side} {_sentence(problem.message)}"


def _acknowledgement(finding: Finding) -> list[str]:
    by = finding.acknowledged_by
    if by is None:
        return []
    if by.kind == "comment":
        along = f", with {', '.join(finding.along)}," if finding.along else ""
        return [f"Accepted{along} by {inline(by.note)}."]
    how = "Explicitly modified by the delta in" if by.kind == "delta" else "Waived in"
    return [f"{how} {_place(by.path, by.line)}{', on the base branch' if by.accepted else ': a maintainer decides'}."]


def _trail(finding: Finding) -> str:
    """What was removed, where the value of the finding's line comes from and where it takes effect, on other lines."""
    gone = [step for step in finding.trail if step.text.startswith(REMOVED)]
    trail = [step for step in finding.trail if step not in gone]
    own = next((n for n, step in enumerate(trail) if _is_own(step, finding)), len(trail))
    # Where it stood says more than where it is missing.
    before = [] if gone else [step for step in trail[:own] if not _says_nothing(step, finding)]
    after = [step for step in trail[own + 1 :] if not (_says_nothing(step, finding) or _is_own(step, finding))]
    told = [("It comes from", before[:MAX_STEPS]), ("It takes effect in", after[:MAX_STEPS])]
    shown = [f" {how} {', '.join(_step(step, finding) for step in steps)}." for how, steps in told if steps]
    was = [f" It was right before this change, in {_lines(gone, finding)}."] if gone else []
    return "".join([*was, *shown])


def _is_own(step: Step, finding: Finding) -> bool:
    return (step.path, step.line) == (finding.path, finding.line)


def _where(finding: Finding) -> str:
    """The templates that a line outside of their folders is about."""
    named = [each for each in finding.template.split(", ") if each not in ("", IMAGE)]
    names = [each for each in named if not finding.path.startswith(f"{each}/")]
    return f" That is so in {', '.join(map(code, names))}." if names else ""


_OPENS = re.compile(r'\w+(?:\s+"[^"]*")*\s*(?:=\s*)?[\[{(]+')
"""A step that says no more than that a block, a list or a map begins."""


def _says_nothing(step: Step, finding: Finding) -> bool:
    """Whether a step has no news: what only opens or hands on, and the lines that the message names itself."""
    named = re.search(rf"\bline {step.line}\b", finding.message) and step.path == finding.path
    return bool(named) or '"$@"' in step.text or _OPENS.fullmatch(step.text.strip()) is not None


def _lines(steps: Sequence[Step], finding: Finding) -> str:
    """Where steps stand: ``line 22``, ``lines 22, 23``, with the paths of other files."""
    own = dict.fromkeys(str(step.line) for step in steps if step.path == finding.path)
    others = dict.fromkeys(_place(step.path, step.line) for step in steps if step.path != finding.path)
    here = [f"line{'s' if len(own) > 1 else ''} {', '.join(own)}"] if own else []
    return ", ".join([*here, *others])


def _step(step: Step, finding: Finding) -> str:
    where = f"line {step.line}" if step.path == finding.path else code(f"{step.path}:{step.line}")
    text = " ".join(step.text.split())
    return f"{code(shorten(text, MAX_VALUE))} ({where})" if text and f"`{text}`" not in finding.message else where


def _suggestion(finding: Finding) -> list[str]:
    """GitHub replaces exactly the lines that the comment stands on, so the suggestion has to be for those."""
    edit, anchor = finding.suggestion, finding.anchor
    if edit is None or anchor is None or anchor.side != "RIGHT":
        return []
    if (edit.path, edit.start, edit.end) != (anchor.path, anchor.start, anchor.end) or len(edit.text) > MAX_SUGGESTION:
        return []
    return block(edit.text, "suggestion").split("\n")


def _cited(finding: Finding) -> str:
    related = f" (also {', '.join(finding.related)})" if finding.related else ""
    part = f", {_sentence(finding.citation.part)}" if finding.citation and finding.citation.part else ""
    # What the contract does not ask for itself is a rule of ours, beside the requirement that it bears on.
    ours = finding.citation is None or finding.rule.startswith("W-")
    return f"{'Rule' if ours else 'Contract'}: **{finding.rule}** {_citation(finding)}{part}{related}"


def _citation(finding: Finding) -> str:
    """The name of the requirement, with the place of its text."""
    citation = finding.citation
    if citation is None:
        return inline(finding.requirement)
    if citation.url is None:
        return f"{inline(finding.requirement)}, {_place(citation.path, citation.start)}"
    return link(finding.requirement, citation.url)


def _footer(report: Report) -> str:
    contract = report.contract
    if not contract.path:
        return "Only prose is changed, so neither the contract nor a template was read."
    at = f" at {code(contract.rev[:12])}" if contract.rev else ""
    where = link(contract.path, contract.url) if contract.url else code(contract.path)
    governed = f" Templates looked at: {', '.join(code(name) for name in report.governed)}." if report.governed else ""
    if contract.source == "configured":
        where = f"{where}, which the configuration names because the repository does not hold the contract"
    if contract.source == "bundled":
        proposed = link("as proposed", contract.url or "")
        where = f"our own summary, because the repository does not hold the contract ({proposed})"
    return f"Read against {where}{at}.{governed}"


def _place(path: str, line: int) -> str:
    return code(f"{path}:{line}")


def _section(heading: str, items: Sequence[str]) -> str:
    return "\n".join([f"### {heading}", "", *(f"- {item}" for item in items)]) if items else ""


def _order(rule: str) -> tuple[int, int]:
    family, _, number = rule.partition("-")
    return _FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES), int(number) if number.isdigit() else 0


def _fit(parts: Sequence[str], separator: str) -> str:
    """The parts joined, cut at the end of a line where they are too long for GitHub."""
    text = separator.join(parts)
    if len(text) <= MAX_CHARS:
        return text
    kept = text[: MAX_CHARS - 100].rpartition("\n")[0]
    return f"{kept}\n\nThere is more: run `wrc check` to see all of it."
