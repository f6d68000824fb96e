"""Write the rules' pages, `docs/rules/<ID>.md` and an index, from the docstrings of the rules.

With `--check` nothing is written, and the exit status is 1 if a page is missing, stale or left over.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rules.pages import catalogue, page
from rules.registry import entries

FOLDER = Path(__file__).parent.parent / "docs" / "rules"
INDEX = "README.md"

_HEAD = """\
# Rules

Each page is the docstring of the module in `rules/checks` or, for known drift (D-1 …), in `rules/drift`, as
`wrc explain ID` shows it too. They are written by `python tools/rule_pages.py`; do not edit them here.

| Rule | Requirement | In one sentence |
| --- | --- | --- |
"""


def pages() -> dict[str, str]:
    """Every file of the folder, by name."""
    rows = (f"| [{rule}]({rule}.md) | {requirement} | {title} |" for rule, requirement, title in catalogue())
    return {INDEX: _HEAD + "\n".join(rows) + "\n"} | {f"{rule.id}.md": page(rule) for rule in entries()}


def stale(folder: Path) -> list[str]:
    """Names of the files in `folder` that are not what the rules say."""
    wanted = pages()
    there = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}
    return [name for name in sorted({*wanted, *there}) if wanted.get(name) != there.get(name)]


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale(folder):
        text = pages().get(name)
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Write docs/rules from the rules' docstrings.")
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages are (default: docs/rules)")
    options = parser.parse_args()
    if not options.check:
        write(options.folder)
        return 0
    names = stale(options.folder)
    for name in names:
        sys.stderr.write(f"{options.folder / name} is stale: run 'python tools/rule_pages.py'.\n")
    return int(bool(names))


if __name__ == "__main__":
    sys.exit(main())
