"""How the repository wants its contract to be changed, told gently: one line each, and never a failure.

A pull request that changes governed code names its OpenSpec change and its mission; a proposal that touches the image,
a template or a startup script cites the requirements that it touches, by ids that exist; a proposal that says it
affects no code comes without code. Besides, what validation finds in the files that a pull request touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rules.contract import ContractText
from rules.model import Remark
from rules.registry import all_drift, all_rules
from rules.sources.diff import Diff
from rules.sources.openspec.layout import ARCHIVE, CHANGES, discover
from rules.sources.terraform.canonical import misformatted
from rules.sources.tree import Tree, Unreadable, read_text

if TYPE_CHECKING:
    from rules.validate.model import Issue

_GOVERNED = re.compile(r"(?:image|scripts)/.+|[^/]+/(?:.+/)?[^/]+\.(?:tf|sh|tftpl)|Makefile")
_SPOKEN = re.compile(r"\bimage/|template\.tf\b|\bscripts/|\bstartup_script\b|\bDockerfile\b")
_AFFECTED = re.compile(r"^\W*Affected code:?\W*(.*)$", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(r"\b(?:INV|F|D)-\d+\b")
_TICKED = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s*\[[xX]\]\s", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_DATED = re.compile(r"^\d{4}-\d{2}-\d{2}-")


def linked_changes(tree: Tree, texts: str) -> frozenset[str]:
    """The OpenSpec changes of `tree`, active or archived, whose ids stand in a description or a branch's name."""
    tokens = set(_TOKEN.findall(texts))
    return frozenset(each for each in _change_ids(tree) if each in tokens and _is_meant(each, texts))


def _is_meant(change: str, texts: str) -> bool:
    """An id of one word is one only in code or in a path: elsewhere it may be a word of the sentence."""
    return not change.isalnum() or re.search(rf"[`/]{change}\b", texts) is not None


def governance(head: Tree, diff: Diff, contract: ContractText, description: str | None) -> Iterator[Remark]:
    """What the habits of the repository ask of this pull request; without a `description`, not what it should name."""
    paths = sorted({path for file in diff.files if (path := file.new_path or file.old_path) is not None})
    code = [path for path in paths if _is_code(path)]
    changes = sorted({path.split("/")[2] for path in paths if _in_change(path)})
    if description is not None and code:
        yield from _named(head, paths, changes, description)
    for change in changes:
        yield from _proposal(head, change, paths, code, contract)


def validation(base: Tree, head: Tree, diff: Diff) -> Iterator[Remark]:
    """What validation finds in the changes, specs and missions that are touched, and did not find at the base."""
    touched = {path for file in diff.files for path in (file.old_path, file.new_path) if path is not None}
    folders = {_folder(path) for path in touched} - {None}
    if folders:
        before = {_key(issue) for issue in _issues(base, None)}
        for issue in _issues(head, base):
            if _folder(issue.path) in folders and _key(issue) not in before and issue.level != "INFO":
                words = " ".join(" ".join((issue.message, issue.way_out)).split())
                yield Remark(issue.path, issue.line, f"{issue.family} {issue.code}: {words}")
    for file in diff.files:
        if file.new_path is not None and file.new_path.endswith(".tf"):
            yield from _formatting(head, file.new_path, frozenset(line for hunk in file.hunks for line in hunk.added))


def _issues(tree: Tree, base: Tree | None) -> tuple[Issue, ...]:
    # Most pull requests touch none of these files: their grammars are loaded where they are needed.
    from rules.validate.validation import validate  # noqa: PLC0415

    return validate(tree, "", strict=True, families=("openspec", "contract", "missions"), base=base).issues


def _key(issue: Issue) -> tuple[str, str, str, str]:
    return issue.family, issue.code, issue.path, issue.message


def _folder(path: str) -> str | None:
    """The change, spec or mission that a file belongs to."""
    parts = path.split("/")
    if parts[:2] == ["openspec", "changes"] and len(parts) > 3:
        return "/".join(parts[: 4 if parts[2] == "archive" else 3])
    if parts[:2] == ["openspec", "specs"] and len(parts) > 3:
        return "/".join(parts[:-1])
    return "/".join(parts[:2]) if parts[0] == "kitty-specs" and len(parts) > 2 else None


def _formatting(head: Tree, path: str, added: frozenset[int]) -> Iterator[Remark]:
    try:
        lines = misformatted(read_text(head, path), added)
    except Unreadable:
        return
    if lines:
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        written = lines[0].canonical.strip() or "an empty line"
        yield Remark(path, lines[0].line, f"terraform fmt writes `{written}` here{more}: run 'terraform fmt {path}'.")


def _named(head: Tree, paths: list[str], changes: list[str], description: str) -> Iterator[Remark]:
    tokens = set(_TOKEN.findall(description))
    named = linked_changes(head, description)
    for change in changes:
        if change not in named:
            text = f"This pull request carries the OpenSpec change '{change}'; please name it in the description."
            yield Remark(f"{CHANGES}/{change}", 1, text)
    from rules.sources.missions import mission_folders  # noqa: PLC0415

    slugs = [folder.rpartition("/")[2] for folder in mission_folders(head)]
    for slug in slugs:
        touched = any(path.startswith(f"kitty-specs/{slug}/") for path in paths)
        if touched and slug not in tokens:
            text = f"This pull request carries the mission '{slug}'; please name it in the description."
            yield Remark(f"kitty-specs/{slug}", 1, text)
        if (touched or slug in tokens) and not named and not changes:
            text = f"Governed code is changed for the mission '{slug}', but no OpenSpec change is named: is there one?"
            yield Remark(f"kitty-specs/{slug}", 1, text)


def _proposal(head: Tree, change: str, paths: list[str], code: list[str], contract: ContractText) -> Iterator[Remark]:
    path = f"{CHANGES}/{change}/proposal.md"
    try:
        text = read_text(head, path)
    except Unreadable:
        return
    affected = next((found[1] for found in _AFFECTED.finditer(text)), "")
    nothing = affected.strip("*_ .").lower().startswith("none")
    if path in paths and (code or (_SPOKEN.search(affected) and not nothing)):
        ids = set(_ID.findall(text))
        unknown = sorted(ids - _known_ids(contract))
        if unknown:
            yield Remark(path, 1, f"The proposal cites {', '.join(unknown)}, which the contract does not have.")
        if not ids and not any(name in text for name in contract.requirements):
            told = "The proposal touches the image, a template or a boot script: please cite the requirements by id."
            yield Remark(path, 1, told)
    if nothing and code and not _is_begun(head, change):
        told = f"The proposal '{change}' says that it affects no code and no task is done, but {code[0]} is changed."
        yield Remark(path, 1, told)


def _is_begun(head: Tree, change: str) -> bool:
    try:
        return _TICKED.search(read_text(head, f"{CHANGES}/{change}/tasks.md")) is not None
    except Unreadable:
        return False


def _known_ids(contract: ContractText) -> set[str]:
    items = {clause.name for written in contract.requirements.values() for clause in written.clauses}
    ours = {rule.id for rule in all_rules()} | {item.id for item in all_drift()}
    return items | contract.drift.keys() | ours


def _change_ids(tree: Tree) -> Iterator[str]:
    layout = discover(tree)
    yield from (change.id for change in layout.changes)
    yield from (_DATED.sub("", change.id) for change in layout.archived)


def _in_change(path: str) -> bool:
    return path.startswith(f"{CHANGES}/") and not path.startswith(f"{ARCHIVE}/") and path.count("/") > 2


def _is_code(path: str) -> bool:
    return _GOVERNED.fullmatch(path) is not None and not path.startswith(("openspec/", "kitty-specs/"))
