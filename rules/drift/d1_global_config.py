"""The image brings the DDEV configuration that CLAUDE.md speaks of.

## What it does

Looks whether `CLAUDE.md` speaks of `image/scripts/.ddev/global_config.yaml`, as a file of the image or as one that the
boot script copies from it, while the tree has no such file.

## Why it matters

Who follows the description, person or agent, edits or copies a file that is not there. DDEV then runs with its own
defaults, its router included, and nothing says so.

## Bad

```text
- `image/scripts/.ddev/global_config.yaml` - DDEV defaults
```

## Good

```text
- `ddev config global --omit-containers=ddev-router` in the boot script writes DDEV's defaults
```

## Fix

Add `image/scripts/.ddev/global_config.yaml` with `omit_containers: [ddev-router]`, or take it out of `CLAUDE.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.model import Sighting, Span
from rules.sources.tree import Unreadable, read_text, resolve
from rules.workspace.image import Image

ID = "D-1"
REQUIREMENT = "Direct-Bind Single-Project Web Routing"
FOLLOW_UP = "remediate-ddev-global-config"
PLACE = "CLAUDE.md"

GLOBAL_CONFIG = "image/scripts/.ddev/global_config.yaml"
_IN_THE_IMAGE = re.compile(r"(?:(?:image/|(?<![\w-]/))scripts|/home/coder-files)/\.ddev/global_config\.yaml")
_AS_COPIED = re.compile(r"(?:[├└│]|\bcop(?:y|ied|ies)\b|\bstag(?:e|ed|es)\b).*global_config\.yaml", re.IGNORECASE)
_SAYS_NOT = re.compile(
    r"\b(?:no longer|never|absent|missing|removed|deleted|gone|used to|(?:is|was|has|have) no|without .*_config"
    r"|(?:is|was|does|did|has)(?: not|n't)|not (?:exist|there|in|part|present|shipped|staged|copied|included|yet))\b",
    re.IGNORECASE,
)


def in_image(image: Image) -> Iterator[Sighting]:
    try:
        lines = read_text(image.tree, PLACE).splitlines() if PLACE in image.tree.entries else []
    except Unreadable:
        return
    mentions = [number for pattern in (_IN_THE_IMAGE, _AS_COPIED) for number in _matching(pattern, lines)]
    if not mentions or resolve(image.tree, GLOBAL_CONFIG) in image.tree.entries:
        yield Sighting(ID, "absent", Span(PLACE, 1, 1))
        return
    line = Span(PLACE, mentions[0], mentions[0])
    yield Sighting(ID, "present", line, f"This speaks of `{GLOBAL_CONFIG}`, and the tree has no such file.")


def _matching(pattern: re.Pattern[str], lines: list[str]) -> Iterator[int]:
    return (n for n, line in enumerate(lines, 1) if pattern.search(line) and not _SAYS_NOT.search(line))
