"""What the user has in the home is not overwritten.

## What it does

Looks at every command of the boot script and the agent's other scripts that replaces or removes files in the home:
`cp`, `mv`, `install`, `rsync`, `ln -sf`, `>`, `tee`, `rm`, `sed -i` that rewrites, archives that are unpacked; and at
every `upload` of the container. It is silent where the command runs only if nothing is there yet (`[ ! -e … ]`, `cp
-n`, `grep -q … ||`, a first-start marker), for caches, logs and temporary files, inside projects that the script itself
sets up, and for the few files that templates own.

## Why it matters

It runs at every start of the workspace, and each time what the user has put or changed there is gone.

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

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from rules.checks.commands import (
    Surface,
    deleted,
    flow_of,
    frames_of,
    getopt,
    guarded,
    known,
    of_workspace,
    passed,
    replaced,
    shown,
)
from rules.checks.f04_git_ssh_command import sends_transport, writes_transport
from rules.checks.guards import guards_of
from rules.checks.home import HOST_COMMANDS, Change, home_of, is_kept
from rules.checks.support import line, way
from rules.model import Edit, Violation
from rules.policy import Policy
from rules.sources.shell import HOME, UNKNOWN, Program
from rules.sources.text import Position
from rules.workspace.template import Workspace
from rules.workspace.uploads import Upload, uploads

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
    "git": "throws away what the user has changed in",
    "git clean": "removes files in",
    "awk": "rewrites lines of",
    "gawk": "rewrites lines of",
    "yq": "rewrites lines of",
    "patch": "rewrites lines of",
}

_SPARING = {
    "cp": "cp -n",
    "rsync": "rsync --ignore-existing",
    "tar": "tar --skip-old-files",
    "unzip": "unzip -n",
}
_REMOVES = ("rm", "find -delete", "mv away", "git", "git clean")
_FILES = (">", "tee", "cp", "truncate")
"""What writes a file and makes no folder, unless it copies one."""
_LINES = ("sed", "perl -i", "awk", "gawk", "yq", "patch")

_NOT_YOURS = "what a script makes for itself, and removes again, belongs in `/tmp` or `~/.cache`"
_AT_STOP = "It runs at every stop of the workspace, and what the user has put or changed there is gone then."


def check(workspace: Workspace) -> Iterator[Violation]:
    surface = of_workspace(workspace)
    found: dict[tuple[Position, ...], Change] = {}
    at_stop: set[Position] = set()
    for script in workspace.scripts:
        for change in _overwrites(script.program, workspace.policy):
            key = change.at, *frames_of(change.command)
            first = found.setdefault(key, change)
            paths = tuple(dict.fromkeys((*first.paths, *change.paths)))
            found[key] = replace(first, paths=paths, doubtful=first.doubtful and change.doubtful)
            if any(script is each for each in workspace.shutdown):
                at_stop.add(change.at)
    by_place: dict[Position, list[Change]] = defaultdict(list)
    for change in found.values():
        by_place[change.at].append(change)
    for changes in by_place.values():
        for change in changes:
            violation = _violation(surface, change, several=len(changes) > 1)
            yield replace(violation, why=_AT_STOP) if change.at in at_stop else violation
    for upload in uploads(workspace):
        path = posixpath.normpath(upload.path)
        if is_kept(path) and not workspace.policy.owns(path) and not sends_transport(upload):
            yield _uploaded(workspace, upload, path)


def _overwrites(program: Program, policy: Policy) -> Iterator[Change]:
    """The changes of a program that nothing keeps from the user's files. What F-4 forbids needs no second word."""
    flow = flow_of(program)
    home, guards = home_of(flow), guards_of(flow)
    for change in home.changes:
        git = change.verb.startswith("git")
        # What the script has put into a project is its own; the whole of a working tree is the user's by now.
        discards = git and change.tree
        users = (p for p in change.paths if home.is_users(p) and (discards or not home.in_project(p)))
        paths = tuple(p for p in users if not policy.owns(p))
        file = change.verb in _FILES and not change.tree
        if not paths or guards.protect(change.command, paths, tree=change.tree, link=change.verb == "ln", file=file):
            continue
        seen = change.verb not in _REMOVES and guards.looked_for_in(change.command, paths)
        if not seen and not writes_transport(flow, change.command):
            link, edits = guards.links_only(change.command, paths), change.edits or home.transforms(change)
            cloned = git and all(home.in_project(path, itself=True) for path in paths)
            doubtful = change.doubtful or link or edits or cloned
            yield replace(change, paths=paths, doubtful=doubtful, link=link, edits=edits)


def _violation(surface: Surface, change: Change, *, several: bool) -> Violation:
    """Where the command stands; if a function is called for several files, where it is called for this one."""
    calls = [frame.position for frame in change.command.frames if frame.kind == "call"]
    if change.at == change.command.position != change.command.told:
        where = change.command.told
    else:
        where = calls[-1] if several and calls else change.at
    target = ", ".join(path.replace(UNKNOWN, "…") for path in change.paths)
    asks = change.doubtful or all(path.startswith(HOST_COMMANDS) for path in change.paths)
    does = _DOES.get(change.verb, "replaces files in" if change.tree else "replaces")
    files = ", ".join(f"`{path}`" for path in target.split(", "))
    said = f"`{shown(change.command)}`" if change.at == change.command.position else "This"
    edit = _spared(surface, change)
    return Violation(
        rule=ID,
        template=surface.template,
        address="the user's files",
        evidence=f"{_effect(change.verb)} {target}",
        span=line(where),
        level="warning" if asks else "failure",
        message=f"{said} {'rewrites' if change.edits else does} {files}{_when(change)}."
        + (" Is that meant?" if asks else ""),
        trail=surface.steps(passed(change.command, at=change.at)),
        related=("INV-6",),
        edit=edit,
        fix=_kept(change),
    )


def _effect(verb: str) -> str:
    """What becomes of the file: by which program it is replaced makes no difference."""
    does = _DOES.get(verb, "replaces")
    return "replaces" if verb in (">", "tee", "truncate") else does


def _kept(change: Change) -> str:
    """What to write so that what the user has stays."""
    if _removes_the_rest(change):
        return "Leave `--delete` out: what the user has stays."
    if change.verb in _SPARING:
        return f"Write `{_SPARING[change.verb]}`: what the user has stays, what is missing comes."
    if change.verb == "mv away":
        return "Copy it there instead of moving it, or leave it out."
    if change.verb.startswith("git"):
        return "Leave it out, or do it only right after the script has made the clone."
    if change.verb in _REMOVES:
        return f"Leave it out: {_NOT_YOURS}."
    if change.verb in _LINES and not change.doubtful:
        return "Leave it out: all that is in the file may be the user's."
    if change.edits or change.verb in _LINES:
        file = _short(change.paths[0]) if len(change.paths) == 1 else "<file>"
        return f"Do it only where it is not done yet: `grep -q '<the new text>' {file} ||` in front of it."
    guard = _existence(change)
    if guard is not None and change.at != change.command.position:
        return f"Put it inside `if {guard.replace('[ -e', '[ ! -e', 1)}; then … fi`: only where nothing is there yet."
    return f"Write `{guard} ||` in front: only where nothing is there yet." if guard else _EACH


_EACH = "Look at each file first, as in `[ -e <file> ] || …`: only where nothing is there yet."


def _existence(change: Change) -> str | None:
    """The test that what the one file that is changed is there; None where there are several, or its name is open."""
    path = change.paths[0]
    if re.fullmatch(r'"?\$\w+"?', change.target):
        return f"[ -e {change.target} ]"
    if len(change.paths) > 1 or not re.fullmatch(r"/[\w./-]+", path):
        return None
    return f"[ -e {_short(path)} ]"


def _short(path: str) -> str:
    """A path as one writes it in a script."""
    return path.replace(f"{HOME}/", "~/", 1)


def _uploaded(workspace: Workspace, upload: Upload, path: str) -> Violation:
    """A file that is put through the mount into the home, before the boot script can look what is there."""
    asks = path.startswith(HOST_COMMANDS)
    return Violation(
        rule=ID,
        template=workspace.template,
        address="the user's files",
        evidence=f"upload {path}",
        span=line(upload.target.at),
        level="warning" if asks else "failure",
        message=f"This `upload` replaces `{path}` at every start, whatever the user has there."
        + (" Is that meant?" if asks else ""),
        trail=way(workspace, upload.target, upload.block.at),
        related=("INV-6",),
        fix="Upload it to a place outside of the home, and let the boot script copy it where there is none.",
        why="What the user has put or changed there is gone each time.",
    )


def _when(change: Change) -> str:
    """Which of the user's files it is that change, where the verb alone does not say it."""
    if change.link:
        return " where it is a link, which the user may have made"
    if change.verb == "git" or change.edits:
        return ""
    if _removes_the_rest(change):
        return ", and removes what the user has there besides"
    options = getopt(change.command.args, "tS") if change.doubtful and change.verb in ("cp", "mv", "rsync") else None
    if options is not None and options.has("u", "update"):
        return " where it is the older one"
    if options is not None and options.has("b", "backup"):
        return ", and keeps the old one beside it"
    return " whatever the user has there"


def _removes_the_rest(change: Change) -> bool:
    """``rsync --ignore-existing --delete``."""
    options = getopt(change.command.args)
    return change.verb == "rsync" and options.has("ignore-existing")


def _spared(surface: Surface, change: Change) -> Edit | None:
    """``cp -n`` for ``cp``, ``rsync --ignore-existing`` for ``rsync``, a guard in front of what has no such form."""
    if change.verb in _REMOVES:
        return deleted(surface, change.command)
    if change.edits or change.verb in _LINES:
        return None
    if change.verb not in _SPARING:
        guard = _existence(change)
        return guarded(surface, change.command, f"{guard} ||") if guard else None
    if change.word is None:
        return None
    options = getopt(change.command.args, "tS")
    old_style = change.verb == "tar" and not known(change.command.args[0]).startswith("-")
    if old_style or _removes_the_rest(change) or (change.verb == "cp" and options.has("b", "backup")):
        return None
    for option in options.options:
        text, contrary = option.word.alternatives[0], option.name in _CONTRARY.get(change.verb, ())
        if contrary and text == f"--{option.name}":
            return replaced(surface, option.word, "--no-clobber")
        if contrary:
            return None if text.startswith("--") else replaced(surface, option.word, text.replace(option.name, "n", 1))
    return replaced(surface, change.word, _SPARING[change.verb])


_CONTRARY = {"cp": ("f", "force", "i", "interactive", "u", "update"), "unzip": ("o",)}
"""Options in whose place the one that spares files is written."""
