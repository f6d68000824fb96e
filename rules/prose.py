"""Files of which no template and no image is made: prose, pictures, and what only GitHub and git read.

A change of nothing else touches nothing that the contract governs, and its paths alone say so: neither tree has to be
read. A file that a rule asks for is none of them, nor is anything in the folders that belong to the contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rules.drift.d1_global_config import PLACE as DOCUMENTED
from rules.model import Remark
from rules.policy import SOURCE
from rules.workspace.image import NAME as IMAGE

_GOVERNED = re.compile(rf"(?:{IMAGE}|openspec|kitty-specs)/.*|{re.escape(SOURCE)}|{re.escape(DOCUMENTED)}")
_PROSE = re.compile(
    r"(?:.*/)?[^/]+\.(?:md|rst|adoc|png|jpe?g|gif|svg|webp|ico)"
    r"|docs/.*\.(?:html?|css|js|txt)"
    r"|(?:.*/)?(?:LICENSE|CODEOWNERS|\.gitignore|\.gitattributes|\.editorconfig|\.mailmap)"
    r"|\.github/.*"
)


def is_prose(paths: Iterable[str]) -> bool:
    """Whether all of `paths`, which a change touches, are such files; False where there is none."""
    found = list(paths)
    return bool(found) and all(_PROSE.fullmatch(path) and not _GOVERNED.fullmatch(path) for path in found)


def used_prose(files: Iterable[str]) -> Iterator[Remark]:
    """What is to be said where a template is made of such a file all the same: its later changes would go unseen."""
    told = (
        "A template is made of this file, which looks like prose: a pull request that changes nothing else is skipped. "
        "Give it a name that says what it is, such as .sh or .tftpl."
    )
    return (Remark(path, 1, told) for path in sorted(files) if is_prose([path]))
