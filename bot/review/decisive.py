"""What of the base branch a verdict depends on: the written contract, and the configuration."""

from __future__ import annotations

import hashlib
import re

from rules.sources.tree import Tree

_DECISIVE = re.compile(r"openspec/(?:specs|changes)/.*|openspec/project\.md|\.github/wrc\.yml")


def is_decisive(path: str) -> bool:
    return _DECISIVE.fullmatch(path) is not None


def contract_version(tree: Tree) -> str:
    """The same for two trees in which nothing that is decisive differs. No file is read for it."""
    decisive = sorted(f"{path}\0{entry.id}" for path, entry in tree.entries.items() if is_decisive(path))
    return hashlib.sha256("\n".join(decisive).encode("utf-8", "surrogateescape")).hexdigest()[:12]
