"""The home is filled without overwriting what is there.

## What it does

Follows what the boot script copies, appends and writes into the home, under which conditions, and what the image
stages for it in `/home/coder-files`. It reports an append that nothing keeps from being repeated at every start, a boot
script that no longer copies what the image stages, one that ends where the staged files are missing, and one that says
nothing of it. Overwriting is F-5.

## Why it matters

The boot script runs at every start. Whatever it copies without looking first destroys what the user changed since;
whatever it appends without looking grows with each start.

## Bad

```bash
echo 'export LANG=C.UTF-8' >> ~/.bashrc
```

## Good

```bash
if [ ! -f ~/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ]; then
  cp /home/coder-files/WELCOME.txt ~/WELCOME.txt
fi
grep -qxF 'export LANG=C.UTF-8' ~/.bashrc || echo 'export LANG=C.UTF-8' >> ~/.bashrc
```

## Fix

Copy only if the target is missing (`[ ! -f … ]` or `cp -n`), append only if the line is not there (`grep -q … ||`),
and go on with a warning where the image has no staged files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import (
    Concern,
    Flow,
    Surface,
    Write,
    essence,
    flow_of,
    frames_of,
    getopt,
    invocations,
    known,
    located,
    of_workspace,
    passed,
    shown,
)
from rules.checks.f04_git_ssh_command import writes_transport
from rules.checks.guards import Around, guards_of
from rules.checks.home import home_of
from rules.checks.inline_code import INTERPRETERS, file_changes
from rules.checks.sed import in_place
from rules.checks.support import calls, command_fact, in_home, line, mentions, writes
from rules.model import Edit, Fact, Level, Span, Violation
from rules.once import once
from rules.policy import Policy
from rules.sources.dockerfile import Instruction
from rules.sources.shell import HOME, UNKNOWN, Command, Guard, Program, Word
from rules.sources.text import Position
from rules.sources.tree import read_text
from rules.workspace.image import NAME, Image, copies
from rules.workspace.template import Workspace

ID = "INV-6"
REQUIREMENT = "Copy-If-Missing Home Hydration"
SCRIPTS = ("boot", "stop", "start")
CLAUSES = {
    r"^appends ": "append steps guarded duplicate entries",
    r"^missing staged files ": "staging absent continue aborting",
    r"nothing is (?:copied|staged)": "copy skeleton",
}

STAGED = "/home/coder-files"
_HYDRATION = f"copying from {STAGED}"
_STAGING = f"staging of {STAGED}"
_WARNING = f"warning where {STAGED} is missing"
_SAYS = frozenset({"echo", "printf", "logger", "cat"})
_COPIERS = frozenset({"cp", "rsync", "install", "mv", "ln", "rm", "tee", "sed"})
_LEAVING = frozenset({"cp", "rsync", "install", "ln"})
_BRINGS = _COPIERS | {"cat"}
_TOUCHING = Concern(_BRINGS, writes=True)
_APPENDING = Concern(frozenset({"sed", "git"}), INTERPRETERS, writes=True)


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        flow = flow_of(script.program)
        guards = guards_of(flow)
        for command in flow.select(_TOUCHING):
            if _hydrates(command):
                yield command_fact(ID, workspace.template, _HYDRATION, command)
                continue
            target = next((path for path in _touched(command) if in_home(path)), None)
            if target is not None:
                # Conditions that have nothing to do with the file protect nothing in it.
                protecting = guards.about(command, (target,))
                yield command_fact(
                    ID, workspace.template, f"writing {target.replace(UNKNOWN, '…')}", command, protecting
                )
        for command in _warnings(script.program):
            yield Fact(ID, workspace.template, _WARNING, "there", command.span, calls(command))


def _hydrates(command: Command) -> bool:
    """Whether a command brings something staged into the home."""
    return command.name in _BRINGS and mentions(command, STAGED)


def _touched(command: Command) -> Iterator[str]:
    yield from writes(command)
    if command.name in _COPIERS:
        words = [word for word in command.args if not known(word).startswith("-")]
        folder = any(known(word).startswith(("-t", "--target")) for word in command.args)
        # What is copied or linked to stays as it is.
        written = words[-1:] if command.name in _LEAVING and not folder else words
        yield from (text for word in written for text in word.alternatives)


def check(workspace: Workspace) -> Iterator[Violation]:
    surface = of_workspace(workspace)
    seen: set[tuple[Position, ...]] = set()
    for program in surface.programs:
        for append in _appends(program, workspace.policy):
            key = append.at, *frames_of(append.command)
            if key not in seen and not _is_in_session(workspace, append.around):
                seen.add(key)
                yield _appended(surface, append)
    for script in workspace.boot:
        yield from _given_up(surface, script.program)
        yield from _nothing_said(surface, script.program)
    yield from _not_hydrated(workspace)


# Appends

_PLAIN = re.compile(r"[A-Za-z_][\w ]*")
MIN_WORD = 4
"""Letters of a word in a sed pattern that says which line is meant."""


class _Append(Struct, frozen=True):
    """`paths` of the user grow at every start, at the line `at`.

    asks: a reasonable maintainer may want it. around: what it looks for in the session, and not in the file.
    """

    paths: tuple[str, ...]
    command: Command
    at: Position
    write: Write | None = None
    asks: bool = False
    around: Around | None = None


def _appends(program: Program, policy: Policy) -> Iterator[_Append]:
    """What a program appends to the user's files without looking first."""
    flow = flow_of(program)
    home, guards = home_of(flow), guards_of(flow)
    started: dict[str, list[tuple[Guard, ...]]] = {}
    swept: dict[str, list[list[str]]] = {}
    # What F-4 forbids altogether needs no second word.
    writing = flow.select(Concern(writes=True))
    told = {w.at for command in writing if writes_transport(flow, command) for w in flow.writes(command)}
    for command in flow.select(_APPENDING):
        for path, words in _sweeps_of(command):
            swept.setdefault(path, []).append(words)
        for write in flow.writes(command):
            if write.mode == "replace":
                for path in write.paths:
                    started.setdefault(path, []).append(command.guards)
        for append in _own_appends(flow, command):
            paths = tuple(
                path
                for path in append.paths
                if home.is_users(path)
                and not home.in_project(path)
                and not policy.owns(path)
                and not _continues(path, command, started)
                and not _replaces(append, swept.get(path, []))
            )
            if not paths or append.at in told or writes_transport(flow, command):
                continue
            if not (guards.protect(command, paths, grep=False) or guards.looked_for(command, paths)):
                yield replace(append, paths=paths, around=guards.looked_around(command))


def _own_appends(flow: Flow, command: Command) -> Iterator[_Append]:
    for write in flow.writes(command):
        if write.mode == "append":
            yield _Append(write.paths, command, write.at, write)
    for invocation in invocations(command):
        if invocation.name == "sed" and (edit := in_place(invocation.args)) is not None:
            if any(action.kind == "insert" for action in edit.actions):
                for word in edit.files:
                    yield _Append(located(word, command), command, command.position)
        elif invocation.name == "git":
            words = [known(word) for word in invocation.args]
            if "config" in words and getopt(invocation.args).has("add") and "--global" in words:
                yield _Append((f"{HOME}/.gitconfig",), command, command.position, asks=True)
        for change in file_changes(invocation):
            if change.mode == "append":
                yield _Append((change.path,), command, command.position)


@once
def _sweeps_of(command: Command) -> tuple[tuple[str, list[str]], ...]:
    return tuple(_sweeps(command))


def _sweeps(command: Command) -> Iterator[tuple[str, list[str]]]:
    """Files of which ``sed -i '/…/d'`` takes lines away, each with the words that those lines have."""
    for invocation in invocations(command):
        variants = max((len(word.alternatives) for word in invocation.args), default=0)
        for index in range(variants if invocation.name == "sed" else 0):
            edit = in_place([_one_of(word, index) for word in invocation.args])
            for action in edit.actions if edit is not None else ():
                words = [word for word in _PLAIN.findall(action.address) if len(word) >= MIN_WORD]
                if action.kind == "delete" and words and edit is not None:
                    yield from ((path, words) for file in edit.files for path in located(file, command))


def _one_of(word: Word, index: int) -> Word:
    return replace(word, alternatives=(word.alternatives[min(index, len(word.alternatives) - 1)],))


def _replaces(append: _Append, sweeps: list[list[str]]) -> bool:
    """Whether what is appended was taken out just before: there is never more than one of it."""
    texts = append.write.texts if append.write is not None else ()
    return bool(texts) and all(any(all(word in text for word in words) for words in sweeps) for text in texts)


def _continues(path: str, command: Command, started: dict[str, list[tuple[Guard, ...]]]) -> bool:
    """Whether the script has begun this file anew on the same way to here."""
    return any(all(guard in command.guards for guard in guards) for guards in started.get(path, ()))


def _is_in_session(workspace: Workspace, around: Around | None) -> bool:
    """Whether every session has what is looked for, by the script itself or from the image: nothing is ever added."""
    if around is None or around.known or not around.text:
        return around is not None and around.known
    return any(around.text in given for given in workspace.image.ask(_environment))


def _environment(image: Image) -> tuple[str, ...]:
    return tuple(" ".join(instruction.words) for instruction in image.instructions("ENV"))


def _appended(surface: Surface, append: _Append) -> Violation:
    target = ", ".join(path.replace(UNKNOWN, "…") for path in append.paths)
    said = f"`{shown(append.command)}`" if append.at == append.command.position else "This"
    around = append.around is not None
    level: Level = "warning" if append.asks or around else "failure"
    without = "after a look at the shell's own variables, not into it" if around else "without looking into it"
    asks = " Is that meant?" if level == "warning" else ""
    return Violation(
        rule=ID,
        template=surface.template,
        address="appends to the user's files",
        evidence=f"{target} gets {_content(append)}",
        span=line(append.at),
        level=level,
        message=f"{said} adds to `{target}` {without}.{asks}",
        trail=surface.steps(passed(append.command, at=append.at)),
        edit=_guarded(surface, append),
        fix=_looked_for(append, target),
        why="The script runs at every start of the workspace, and each time the file gets the same lines once more.",
    )


def _looked_for(append: _Append, target: str) -> str:
    """What to write so that it is added once."""
    if append.asks:
        return "Add it only where `git config --global --get-all` of the same key does not say it yet."
    file = append.write.target.raw if append.write is not None else target if len(append.paths) == 1 else "<file>"
    if append.at != append.command.position:
        return f"Put it inside `if ! grep -qF '<one of its lines>' {file}; then … fi`, for what is not there yet."
    word = append.command.args[0].raw if append.write is not None and len(append.command.args) == 1 else "'<its line>'"
    word = word if append.command.name == "echo" and len(word) < MAX_SHOWN else "'<its line>'"
    return f"Write `grep -qxF {word} {file} ||` in front: only where it is not there yet."


MAX_SHOWN = 60
"""Characters of a text that is told in full."""


def _content(append: _Append) -> str:
    texts = append.write.texts if append.write is not None else ()
    if texts:
        return " ".join(texts[0].replace(UNKNOWN, "…").split())[:120]
    return next(map(essence, invocations(append.command)), shown(append.command))


def _guarded(surface: Surface, append: _Append) -> Edit | None:
    """``grep -qxF … ||`` before an ``echo`` of one line that stands alone."""
    command, at = append.command, append.command.position
    before, after = command.surroundings
    text = surface.line(at)
    alone = text.strip() == command.raw.strip() and not before.strip() and not after.strip()
    if append.write is None or command.name != "echo" or not alone or command.wrappers or len(command.args) != 1:
        return None
    word, target = command.args[0], append.write.target
    if word.value is None or word.value[:1] in ("-", "") or "\n" in word.value or append.at != at:
        return None
    indent = text[: len(text) - len(text.lstrip())]
    source, file = _verbatim(text, word.position, word.raw), _verbatim(text, target.position, target.raw)
    if source is None or file is None:
        return None
    return Edit(at.path, at.line, at.line, f"{indent}grep -qxF {source} {file} || {text.strip()}")


def _verbatim(text: str, at: Position, raw: str) -> str | None:
    """A word as the file has it: the heredoc of a template may have escapes of its own."""
    return raw if text[at.column - 1 :].startswith(raw) else None


# The staged files


def _given_up(surface: Surface, program: Program) -> Iterator[Violation]:
    """An exit where the staged files are missing, or could not be used."""
    for command in program.main:
        if command.name != "exit" or not any(says_missing(guard) for guard in command.guards):
            continue
        yield Violation(
            rule=ID,
            template=surface.template,
            address="missing staged files",
            evidence="exit",
            span=line(command.position),
            level="failure",
            message=f"`{shown(command)}` ends the boot where `{STAGED}` is missing.",
            trail=surface.steps(passed(command)),
            related=("BOOT",),
            edit=_instead_of(surface, command, f'echo "{STAGED} is missing; going on"'),
            fix=f'Say so and go on: `echo "{STAGED} is missing; going on"`.',
            why="The rest of the boot script, Docker included, does not need these files, and now does not run.",
        )


def _nothing_said(surface: Surface, program: Program) -> Iterator[Violation]:
    """Copies that are left out without a word where the image has no staged files."""
    copies = [command for command in program.commands if _hydrates(command)]
    looking = [next((guard for guard in each.guards if _looks_for_staged(guard)), None) for each in copies]
    first = looking[0] if looking else None
    if first is None or first.test is None or None in looking or program.problems or any(_warnings(program)):
        return
    yield Violation(
        rule=ID,
        template=surface.template,
        address="missing staged files",
        evidence="nothing is said",
        span=line(first.test.position),
        level="warning",
        message=f"Where `{STAGED}` is missing nothing is copied, and nothing says so. Is that meant?",
        trail=surface.steps((first.test.position, copies[0].position)),
        lost=_WARNING,
        fix=f'Add `else echo "warning: {STAGED} is missing"`.',
        why="A user who misses their settings and commands finds no line in the log that tells why.",
    )


def _looks_for_staged(guard: Guard) -> bool:
    """``[ -d /home/coder-files ]``, ``[ -f /home/coder-files/WELCOME.txt ]``."""
    words = guard.test.argv[1:] if guard.test is not None and guard.test.name == "test" and guard.holds else ()
    return len(words) == 2 and f"{words[1].value or ''}/".startswith(f"{STAGED}/")


def _warnings(program: Program) -> Iterator[Command]:
    """What is said where the staged files are missing."""
    for command in program.commands:
        if command.name in _SAYS and any(says_missing(guard) for guard in command.guards):
            yield command


def _instead_of(surface: Surface, command: Command, new: str) -> Edit | None:
    """The edit that writes another command in place of one that is there once on its line."""
    at, text = command.position, surface.line(command.position)
    alone = text.count(command.raw) == 1 and "\n" not in command.raw
    return Edit(at.path, at.line, at.line, text.replace(command.raw, new)) if alone else None


def says_missing(guard: Guard) -> bool:
    if guard.test is None:
        return any(says_missing(each) for conjunction in guard.any_of for each in conjunction)
    return not guard.holds and any(
        text == STAGED or text.startswith(f"{STAGED}/") for word in guard.test.argv[1:] for text in word.alternatives
    )


def _not_hydrated(workspace: Workspace) -> Iterator[Violation]:
    """The image stages files for the home, and the boot script takes none of them."""
    stages = any(target == STAGED or target.startswith(f"{STAGED}/") for _, target in workspace.image.ask(copies))
    for script in workspace.boot if stages else ():
        program = script.program
        unseen = program.problems or any(each.kind != "system" for each in program.unresolved)
        if unseen or any(map(_hydrates, flow_of(program).select(_TOUCHING))):
            continue
        yield Violation(
            rule=ID,
            template=workspace.template,
            address=f"{script.address}/hydration",
            evidence="nothing is copied",
            span=line(script.at),
            level="failure",
            message=f"The boot script copies nothing of what the image stages in `{STAGED}`.",
            trail=(workspace.step(script.at),),
            related=("BOOT",),
            lost=_HYDRATION,
            fix=f"Copy what is missing, such as `[ -e ~/WELCOME.txt ] || cp {STAGED}/WELCOME.txt ~/`.",
            why="A new workspace then starts without the welcome text, settings and commands that the image brings.",
        )


def image_check(image: Image) -> Iterator[Violation]:
    """The scripts of the image go where the boot script looks for them, which is outside of the home."""
    has_scripts = image.tree.below("image/scripts")
    if image.dockerfile is None or image.problems or not has_scripts or any(_stages(image)):
        return
    staging = image.instructions("COPY", "ADD")
    instead = next((each for each in staging if any(word.rstrip("/").endswith("scripts") for word in each.words)), None)
    hidden = instead is not None and in_home(instead.words[-1].rstrip("/"))
    at = (instead or image.dockerfile.instructions[-1]).start if image.dockerfile.instructions else 1
    yield Violation(
        rule=ID,
        template=NAME,
        address="image/staging",
        evidence="nothing is staged",
        span=Span(image.path, at, at),
        level="failure",
        message=f"The image stages nothing in `{STAGED}`, from where the boot script fills the home.",
        lost=_STAGING,
        edit=_staged_there(image, instead) if instead is not None else None,
        fix=f"Write `COPY scripts {STAGED}`.",
        why=_HIDDEN if hidden else "A new workspace then has nothing of what the image brings for its home.",
    )


_HIDDEN = "At run time the user's own home is mounted over the image's: what the build puts there is never seen."


def _staged_there(image: Image, instruction: Instruction) -> Edit | None:
    """The edit that gives the copy its right target."""
    at, target = instruction.start, instruction.words[-1]
    text = read_text(image.tree, instruction.path).split("\n")[at - 1].rstrip("\r")
    right = f"{text.removesuffix(target)}{STAGED}"
    return Edit(instruction.path, at, at, right) if instruction.end == at and text.endswith(target) else None


def _stages(image: Image) -> Iterator[bool]:
    for instruction in image.instructions("COPY", "ADD"):
        # Where a variable of the build stands, nobody knows.
        yield any(word == STAGED or word.startswith((f"{STAGED}/", "$")) for word in instruction.words[1:])
    for command in image.commands:
        yield command.name in _COPIERS | {"git", "tar", "unzip"} and mentions(command, STAGED)


def image_facts(image: Image) -> Iterator[Fact]:
    for instruction in image.instructions("COPY", "ADD"):
        if any(STAGED in word for word in instruction.words):
            where = Span(instruction.path, instruction.start, instruction.end)
            words = " ".join((*instruction.flags, *instruction.words))
            yield Fact(ID, NAME, _STAGING, f"{instruction.keyword} {words}", where)
