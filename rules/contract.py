"""The written contract: which text counts, and the lines of it that a finding cites.

This reads what citations need. The grammar of OpenSpec in full, deltas and validation come with `wrc validate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rules.model import Citation, Contract
from rules.sources.tree import Tree, Unreadable, read_text

CAPABILITY = "workspace-runtime"
BUNDLED_URL = "https://github.com/ddev/coder-ddev/pull/149"
"""Where the contract is written as long as a repository does not hold it."""

_REQUIREMENT = re.compile(r"^###\s*Requirement:\s*(.+?)\s*$", re.IGNORECASE)
_SECTION = re.compile(r"^##\s")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"^\s*[-*+]\s+\**(F-\d+|D-\d+)\b")
_RULE = re.compile(r"^ {0,3}([-*_])(\s*\1){2,}\s*$")


@dataclass(frozen=True)
class ContractText:
    """The contract in force. `requirements` and `items` map verbatim names and ids (F-1 …) to their lines."""

    contract: Contract
    requirements: dict[str, tuple[int, int]]
    items: dict[str, tuple[int, int]]

    def cite(self, rule: str, requirement: str) -> Citation | None:
        """The lines that rule `rule` of `requirement` rests on; None if the text does not have them."""
        lines = self.items.get(rule) or self.requirements.get(requirement)
        if lines is None:
            return None
        start, end = lines
        if self.contract.source == "bundled":
            return Citation(self.contract.path, start, end, self.contract.url)
        anchor = f"?plain=1#L{start}-L{end}" if end > start else f"?plain=1#L{start}"
        url = f"{self.contract.url}{anchor}" if self.contract.url else None
        return Citation(self.contract.path, start, end, url)


def load_contract(tree: Tree, rev: str, repository_url: str | None) -> ContractText:
    """The contract at revision `rev`: the capability's main spec, else an active change that adds it, else our own."""
    for path in _candidates(tree):
        try:
            text = read_text(tree, path)
        except Unreadable:
            continue
        requirements, items = _sections(text)
        if requirements:
            url = f"{repository_url}/blob/{rev}/{path}" if repository_url else None
            return ContractText(Contract("repository", path, rev, url), requirements, items)
    return _bundled()


@lru_cache(maxsize=1)
def _bundled() -> ContractText:
    """Our own summary, which names the pull request that the contract stands in."""
    text = files("rules").joinpath("contract.md").read_text("utf-8")
    return ContractText(Contract("bundled", "rules/contract.md", "", BUNDLED_URL), *_sections(text))


def _candidates(tree: Tree) -> Iterator[str]:
    main = f"openspec/specs/{CAPABILITY}/spec.md"
    if main in tree.entries:
        yield main
    delta = re.compile(rf"openspec/changes/(?!archive/)[^/]+/specs/{CAPABILITY}/spec\.md")
    yield from sorted(path for path in tree.entries if delta.fullmatch(path))


@lru_cache(maxsize=16)
def _sections(text: str) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Line ranges of requirements and of F- and D-items; blank lines and rules at the end belong to none."""
    lines = text.replace("\r\n", "\n").split("\n")
    requirements: dict[str, tuple[int, int]] = {}
    items: dict[str, tuple[int, int]] = {}
    name: str | None = None
    start, fence = 0, ""

    def close(end: int) -> None:
        while end > start and (not lines[end - 1].strip() or _RULE.match(lines[end - 1])):
            end -= 1
        if name is not None:
            requirements.setdefault(name, (start, end))

    for number, line in enumerate(lines, 1):
        marker = _FENCE.match(line)
        if fence:
            closes = marker and marker[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
            continue
        if marker:
            fence = marker[1]
        elif header := _REQUIREMENT.match(line):
            close(number - 1)
            name, start = header[1], number
        elif _SECTION.match(line):
            close(number - 1)
            name = None
        elif item := _ITEM.match(line):
            items.setdefault(item[1], (number, number))
    close(len(lines))
    return requirements, items
