"""What the user has in the home is not overwritten.

## What it does

Looks at every command of the boot script and the agent's other scripts that replaces or removes files in the home:
`cp`, `mv`, `install`, `rsync`, `ln -sf`, `>`, `tee`, `rm`, `sed -i` that rewrites, archives that are unpacked. It is
silent where the command runs only if nothing is there yet (`[ ! -e … ]`, `cp -n`, `grep -q … ||`, a first-start
marker), for caches, logs and temporary files, inside projects that the script itself sets up, and for the few files
that templates own.

## Why it matters

The boot script runs at every start. What it copies without looking is what the user has changed since the last one.

## Bad

```bash
if [ -f /home/coder-files/settings.json ]; then
  cp /home/coder-files/settings.json ~/.vscode/settings.json
fi
```

## Good

```bash
if [ ! -f ~/.vscode/settings.json ]; then
  cp /home/coder-files/settings.json ~/.vscode/settings.json
fi
```

## Fix

Copy only what is not there: `cp -n`, `rsync --ignore-existing`, or `[ ! -e … ]` around it. To look at the source is not
enough; what counts is the user's file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules.checks.commands import Surface, flow_of, getopt, of_workspace, passed, replaced, shown
from rules.checks.f04_git_ssh_command import writes_transport
from rules.checks.guards import guards_of
from rules.checks.home import HOST_COMMANDS, Change, home_of
from rules.checks.support import line
from rules.model import Edit, Violation
from rules.policy import Policy
from rules.sources.shell import UNKNOWN, Program
from rules.sources.text import Position
from rules.workspace.template import Workspace

ID = "F-5"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot", "stop", "start")

_DOES = {
    ">": "writes over",
    "tee": "writes over",
    "rm": "removes",
    "find -delete": "removes files in",
    "mv away": "moves away",
    "truncate": "cuts off",
    "sed": "rewrites lines of",
    "perl -i": "rewrites lines of",
}

_SPARING = {"cp": "cp -n", "rsync": "rsync --ignore-existing"}

_ALWAYS = "at every start, whatever the user has there"


def check(workspace: Workspace) -> Iterator[Violation]:
    surface = of_workspace(workspace)
    found: dict[tuple[Position, ...], Change] = {}
    for program in surface.programs:
        for change in _overwrites(program, workspace.policy):
            key = change.at, *(frame.position for frame in change.command.frames)
            first = found.setdefault(key, change)
            paths = tuple(dict.fromkeys((*first.paths, *change.paths)))
            found[key] = first._replace(paths=paths, doubtful=first.doubtful and change.doubtful)
    by_place: dict[Position, list[Change]] = defaultdict(list)
    for change in found.values():
        by_place[change.at].append(change)
    for changes in by_place.values():
        for change in changes:
            yield _violation(surface, change, several=len(changes) > 1)


def _overwrites(program: Program, policy: Policy) -> Iterator[Change]:
    """The changes of a program that nothing keeps from the user's files. What F-4 forbids needs no second word."""
    flow = flow_of(program)
    home, guards = home_of(flow), guards_of(flow)
    for change in home.changes:
        paths = tuple(path for path in change.paths if home.is_users(path) and not policy.owns(path))
        if not paths or guards.protect(change.command, paths, tree=change.tree, link=change.verb == "ln"):
            continue
        removes = change.verb in ("rm", "find -delete", "mv away")
        if (removes or not guards.looked_for_in(change.command, paths)) and not writes_transport(flow, change.command):
            link = guards.links_only(change.command, paths)
            yield change._replace(paths=paths, doubtful=change.doubtful or link or home.transforms(change), link=link)


def _violation(surface: Surface, change: Change, *, several: bool) -> Violation:
    """Where the command stands; if a function is called for several files, where it is called for this one."""
    calls = [frame.position for frame in change.command.frames if frame.kind == "call"]
    where = calls[-1] if several and calls else change.at
    target = ", ".join(path.replace(UNKNOWN, "…") for path in change.paths)
    asks = change.doubtful or all(path.startswith(HOST_COMMANDS) for path in change.paths)
    does = _DOES.get(change.verb, "replaces")
    said = shown(change.command) if change.at == change.command.position else f"> {target}"
    return Violation(
        rule=ID,
        template=surface.template,
        address="the user's files",
        evidence=f"{change.verb} {target}",
        span=line(where),
        level="warning" if asks else "failure",
        message=f"`{said}` {does} `{target}` {_when(change)}." + (" Is that meant?" if asks else ""),
        trail=surface.steps((change.at, *passed(change.command))),
        related=("INV-6",),
        edit=_spared(surface, change),
        fix=_kept(change.verb, target),
    )


def _kept(verb: str, target: str) -> str:
    """What to write so that the user's file stays; a removal has no such form."""
    if verb in _SPARING:
        return f"Write `{_SPARING[verb]}`: what the user has stays."
    removes = verb in ("rm", "find -delete", "mv away")
    return "" if removes or ", " in target else f"Do it only where there is none: `[ -e {target} ] || …`."


def _when(change: Change) -> str:
    return "where it is a link, which the user may have made" if change.link else _ALWAYS


def _spared(surface: Surface, change: Change) -> Edit | None:
    """``cp -n`` for ``cp``, ``rsync --ignore-existing`` for ``rsync``."""
    if change.word is None or change.verb not in ("cp", "rsync"):
        return None
    if change.verb == "rsync":
        return replaced(surface, change.word, "rsync --ignore-existing")
    for option in getopt(change.command.args, "tS").options:
        text = option.word.alternatives[0]
        if option.name == "f" and text.startswith("-f"):
            return replaced(surface, option.word, text.replace("f", "n", 1))
        if text == "--force":
            return replaced(surface, option.word, "--no-clobber")
        if option.name in ("f", "u", "update", "b", "backup"):
            return None
    return replaced(surface, change.word, "cp -n")
