"""The home is filled without overwriting what is there.

## What it does

Follows what the boot script copies, appends and writes into the home, under which conditions, and what the image
stages for it in `/home/coder-files`.

## Why it matters

The boot script runs at every start. Whatever it copies without looking first destroys what the user changed since;
whatever it appends without looking grows with each start.

## Good

```bash
if [ ! -f ~/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ]; then
  cp /home/coder-files/WELCOME.txt ~/WELCOME.txt
fi
grep -qxF 'export LANG=C.UTF-8' ~/.bashrc || echo 'export LANG=C.UTF-8' >> ~/.bashrc
```

## Fix

Copy only if the target is missing (`[ ! -f … ]` or `cp -n`), append only if the line is not there (`grep -q … ||`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import command_fact, in_home, writes
from rules.model import Fact, Span
from rules.sources.shell import Command
from rules.workspace.image import NAME, Image
from rules.workspace.template import Workspace

ID = "INV-6"
REQUIREMENT = "Copy-If-Missing Home Hydration"

_COPIERS = frozenset({"cp", "rsync", "install", "mv", "ln", "rm", "tee", "sed"})


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        for command in script.program.commands:
            target = next((path for path in _touched(command) if in_home(path)), None)
            if target is not None:
                yield command_fact(ID, workspace.template, f"writing {target}", command)


def _touched(command: Command) -> Iterator[str]:
    yield from writes(command)
    if command.name in _COPIERS:
        yield from (text for word in command.args for text in word.alternatives if not text.startswith("-"))


def image_facts(image: Image) -> Iterator[Fact]:
    for instruction in image.instructions("COPY", "ADD"):
        if any("/home/coder-files" in word for word in instruction.words):
            where = Span(instruction.path, instruction.start, instruction.end)
            words = " ".join((*instruction.flags, *instruction.words))
            yield Fact(ID, NAME, "staging of /home/coder-files", f"{instruction.keyword} {words}", where)
