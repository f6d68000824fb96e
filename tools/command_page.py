"""Write `docs/commands.md` from the docstrings of the verbs. With `--check` only say whether it is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bot.service.commands import VERBS, Verb, manual

TARGET = Path(__file__).parent.parent / "docs" / "commands.md"

_HEAD = """\
# Commands

Write a command in a pull request's conversation, in a review or in a thread on a line, on a line of its own outside
code, quotes, lists and HTML comments. The App reacts with 👀 at once and with 🚀 when it is done; with 😕 and one line
that says why where it does not follow. To a review as a whole it cannot react, so there the answer is the check run or
a comment.

A command acts when it is written: an edited comment is not read again, and what bots write is not read at all. Up to
five commands are followed in one comment, and pull requests have to be open.

"""

_FOOT = "\nThis page is written by `python tools/command_page.py` from the modules in `bot/service/commands`.\n"


def page() -> str:
    return _HEAD + manual() + "\n" + "".join(_section(verb) for verb in VERBS.values()) + _FOOT


def _section(verb: Verb) -> str:
    text = f"\n\n{verb.text}" if verb.text else ""
    return f"\n## {verb.name}\n\n`{verb.usage}`: {verb.summary} Who may: {verb.who}.{text}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write docs/commands.md from the verbs' docstrings.")
    parser.add_argument("--check", action="store_true", help="only say whether it is stale")
    if not parser.parse_args().check:
        TARGET.write_text(page(), "utf-8")
    elif TARGET.read_text("utf-8") != page():
        sys.stderr.write(f"{TARGET} is stale: run 'python tools/command_page.py'.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
