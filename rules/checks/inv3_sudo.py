"""The user coder has passwordless sudo.

## What it does

Follows the sudoers file that the image writes (its entry, its mode 0440, the environment it keeps), which programs the
boot script runs with `sudo`, what it does without and only root may do (the owner of the home, Docker's socket and
configuration), and what a script of the start or an `upload` puts in the file's place or beside it.

## Why it matters

The boot script has no one who could type a password. It needs root to start the Docker daemon, to take over the home
folder and to write the daemon's configuration: without passwordless sudo the workspace starts without Docker. The wall
to the host is Sysbox, not the user's rights inside.

## Bad

```dockerfile
RUN echo "coder ALL=(ALL) ALL" > /etc/sudoers.d/coder
```

## Good

```dockerfile
RUN echo "coder ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder
```

## Fix

Keep the entry `coder ALL=(ALL) NOPASSWD:ALL` in `/etc/sudoers.d/coder` with mode 0440 and
`Defaults env_keep += "DEBIAN_FRONTEND"`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.boot_steps import written_by
from rules.checks.commands import (
    Concern,
    Flow,
    Write,
    deleted,
    flow_of,
    getopt,
    located,
    of_image,
    of_workspace,
    printed,
)
from rules.checks.daemon import CONFIGURATION, SOCKET, can_run
from rules.checks.modes import changes, reaches
from rules.checks.support import image_fact, line, way
from rules.model import Edit, Fact, Level, Step, Undecided, Violation
from rules.sources.dockerfile import Instruction
from rules.sources.shell import HOME, UNKNOWN, Command, Program, Word
from rules.sources.shell.wrappers import AS_ANOTHER
from rules.sources.terraform.values import as_text
from rules.sources.text import Piece, Position, Text
from rules.workspace.image import NAME, BuildStep, Image, written_in_place
from rules.workspace.template import Workspace
from rules.workspace.uploads import Upload, uploads

ID = "INV-3"
REQUIREMENT = "NOPASSWD Sudo Posture"
CLAUSES = {r" mode \S": "sudoers contain mode"}
SCRIPTS = ("boot",)

SUDOERS = "/etc/sudoers.d/coder"
_FOLDER = "/etc/sudoers.d"
ENTRY = "coder ALL=(ALL) NOPASSWD:ALL"
FACT = "sudoers file"
PACKAGE = "package sudo"

_ENTRY = re.compile(r"(?P<user>%?coder)\s+(?P<host>\S+?)\s*=\s*(?P<rest>.*)")
_FULL = re.compile(
    r"(\(\s*ALL(\s*:\s*ALL)?\s*\)\s*)?((SETENV|LOG_INPUT|LOG_OUTPUT|NOEXEC)\s*:\s*)*NOPASSWD\s*:\s*((SETENV)\s*:\s*)*ALL"
)
_GROUP = re.compile(rf"%(?!coder\b)(\w+)\s+ALL\s*=\s*(?:{_FULL.pattern})")
_KEEPS = re.compile(r"Defaults(:\w+)?\s+(?:[^#]*,\s*)?(env_keep\s*\+?=.*\bDEBIAN_FRONTEND\b|!env_reset\b)")
_PASSWORDS = ("-S", "--stdin", "-A", "--askpass")
_WITHOUT_SUDO = re.compile(r"(docker\.io/(library/)?)?(ubuntu|debian)([:@].*)?")
_INSTALLERS = ("apt-get", "apt", "aptitude")
_RELAYS = ("tee", "install", "cp")
_SILENT = (">", "true", ":")
_REMOVERS = ("rm", "mv", "truncate", "unlink", "shred")
_GIVERS = frozenset({"chown", "chgrp", "chmod"})
_CONCERN = Concern(_GIVERS | {*_REMOVERS, "sudo", "sed", "tee", "install", "cp"}, writes=True, wrapped=True)
_ROOT = re.compile(r"\b(?:sudo|su|doas|runuser|pkexec)\b")
_ASKS_ROOT = re.compile(r"\bid -u\b|\bE?UID\b|\bwhoami\b|\bUSER\b")


_WRITE_ENTRY = f"Write `{ENTRY}`."
_KEEP = f"Add `echo 'Defaults env_keep += \"DEBIAN_FRONTEND\"' >> {SUDOERS}`."
_LEAVE_OUT = f"Leave it out: the image writes `{SUDOERS}` as it has to be."
_UPLOAD = f"Leave this `upload` out: the image writes `{SUDOERS}` as it has to be."
_ASKS = "Whoever installs a package with `sudo` is then asked questions, and a script stops at them for ever."
_OPEN = "Sudo ignores a file that others may write; with 0440 nobody but root may change it, and not by mistake either."


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        with_sudo = [c for c in flow_of(script.program).select(Concern(wrapped=True)) if "sudo" in c.wrappers]
        if with_sudo:
            names = sorted({command.name for command in with_sudo if command.name})
            yield Fact(ID, workspace.template, "programs run with sudo", ", ".join(names), with_sudo[0].span)


def image_facts(image: Image) -> Iterator[Fact]:
    for command in image.commands:
        if _touches_sudoers(command):
            yield image_fact(ID, FACT, command)
        for word in _installed(command):
            if _is_sudo(word):
                yield Fact(ID, NAME, PACKAGE, word.raw, line(word.position))
    for each in _copied(image):
        yield Fact(ID, NAME, f"{FACT} {each.source}", each.text, line(Position(each.source, 1, 1)))


def _touches_sudoers(command: Command) -> bool:
    words = [text for word in command.words for text in word.alternatives]
    words += [text for redirect in command.redirects for text in redirect.target.alternatives]
    return any("/etc/sudoers" in text for text in words)


# The image


class Written(Struct, frozen=True):
    """One line that ends up in a sudoers file, and where it is written. `text` is None where it is not known.

    `start` is what began the file anew for it; `copy` is the instruction that brings the file from the repository.
    """

    file: str
    text: str | None
    position: Position
    start: Position | None = None
    copy: Instruction | None = None


def image_check(image: Image) -> Iterator[Violation | Undecided]:
    if image.dockerfile is None or image.problems:
        return
    lines = [*_lines(image), *_staged_lines(image)]
    unknown = next((each for each in lines if each.text is None), None)
    if unknown is not None:
        reason = f"what is written to {unknown.file} is not known"
        yield Undecided(ID, NAME, "image/sudoers", line(unknown.position), reason)
        return
    texts = [(each, " ".join((each.text or "").split())) for each in lines]
    yield from _entry(image, texts)
    if texts and not any(_KEEPS.match(text) for _, text in texts):
        at = texts[-1][0].position if texts else _end(image)
        message = "Nothing tells sudo to keep `DEBIAN_FRONTEND`."
        yield _violation("image/sudoers", "no env_keep", at, message, fix=_KEEP, why=_ASKS)
    yield from _mode(image, [each for each, _ in texts])
    yield from _package(image)


def _package(image: Image) -> Iterator[Violation]:
    """The images of Ubuntu and Debian come without sudo; of others nothing is known."""
    first = next(image.instructions("FROM"), None)
    if first is None or not _WITHOUT_SUDO.fullmatch(first.words[0]):
        return
    words = [word for command in image.commands for word in _installed(command)]
    if not words or any(_is_sudo(word) or word.values is None for word in words):
        return
    message = (
        "The image no longer installs `sudo`, which the boot script calls for Docker. Does another package bring it?"
    )
    at, fix = line(image.start(first)), "Add `sudo` to the packages of an `apt-get install`."
    yield Violation(ID, NAME, "image/sudo", "not installed", at, "warning", message, lost=PACKAGE, fix=fix)


def _installed(command: Command) -> tuple[Word, ...]:
    """The words of a command that installs packages, its options among them."""
    if command.name in _INSTALLERS and any(word.value == "install" for word in command.args):
        return command.args
    return ()


def _is_sudo(word: Word) -> bool:
    return any(text.partition("=")[0] == "sudo" for text in word.alternatives)


def _entry(image: Image, texts: list[tuple[Written, str]]) -> Iterator[Violation]:
    entries = [(each, match) for each, text in texts if (match := _ENTRY.match(text))]
    if any(re.match(r"Defaults:coder\s+!authenticate", text) for _, text in texts):
        return
    group = next(((each, match[1]) for each, text in texts if (match := _GROUP.fullmatch(text))), None)
    if not entries and group is not None:
        message = (
            f"This gives passwordless sudo to the group `{group[1]}`, where the contract names `coder`. Is that meant?"
        )
        fix = f"Write the entry for `coder` itself: `{ENTRY}`."
        yield _violation("image/sudoers", f"entry for {group[1]}", group[0].position, message, "warning", fix=fix)
        return
    if not entries:
        at = texts[-1][0].position if texts else _end(image)
        message = "Nothing gives `coder` passwordless sudo, so the boot script cannot start Docker."
        fix = f"Write `echo '{ENTRY}' > {SUDOERS} && chmod 0440 {SUDOERS}`."
        yield _violation("image/sudoers", "no entry for coder", at, message, fix=fix)
        return
    full = [each for each, match in entries if match["host"] == "ALL" and _FULL.fullmatch(match["rest"])]
    for each, match in entries:
        asks = "NOPASSWD" not in match["rest"] and match["rest"].endswith("ALL")
        if asks:
            message = "This makes sudo ask `coder` for a password, and the boot script has nobody to type one."
            yield _violation("image/sudoers", "password required", each.position, message, fix=_WRITE_ENTRY)
        elif not full:
            message = (
                "This allows `coder` less than everything by sudo, and the boot script needs root for several programs."
            )
            yield _violation("image/sudoers", "entry narrowed", each.position, message, fix=_WRITE_ENTRY)
    if full and not any(each.file == SUDOERS for each in full):
        message = f"This puts coder's entry into `{full[0].file}`, where the contract has `{SUDOERS}`. Is that meant?"
        fix = f"Write it to `{SUDOERS}`."
        yield _violation("image/sudoers", "other file", full[0].position, message, "warning", fix=fix)


def _lines(image: Image) -> Iterator[Written]:
    """What the build leaves in sudoers files: one that is written anew starts over, one from elsewhere is followed."""
    files: dict[str, list[Written]] = {}
    for flow, command in _build(image):
        for write in flow.writes(command):
            start = write.at if write.mode == "replace" else None
            for path in write.paths:
                kept = files.setdefault(path, [])
                if start is not None and not any(each.start == start for each in kept):
                    kept.clear()
                kept += [Written(path, text, command.position, start) for text in _said(write)]
        placed = dict(_placed(image, command))
        for path, source in placed.items():
            files[path] = [
                replace(own, file=path) for own in files.get(source, [Written(path, None, command.position)])
            ]
        changed = command.name in _REMOVERS or command.name == "sed"
        words = {path for word in command.args for path in located(word, command)} if changed else set()
        for path in [path for path in files if path in words and path not in placed and _is_sudoers(path)]:
            if command.name in _REMOVERS:
                del files[path]
            else:
                files[path].append(Written(path, None, command.position))
    for instruction in image.instructions("COPY", "ADD"):
        target, at = instruction.words[-1] if instruction.words else "", image.start(instruction)
        if _is_sudoers(target):
            for path, written in written_in_place(instruction):
                files[path] = [_in_place(path, piece) for piece in written.parts if isinstance(piece, Piece)]
            if any(flag.startswith("--from") for flag in instruction.flags):
                files[target] = [Written(target, None, at)]
    return (each for path, lines in files.items() if _is_sudoers(path) for each in lines)


def _build(image: Image) -> Iterator[tuple[Flow, Command]]:
    for program in image.runs:
        flow = flow_of(program)
        yield from ((flow, command) for command in program.commands)


def _is_sudoers(path: str) -> bool:
    return path.startswith("/etc/sudoers")


def _placed(image: Image, command: Command) -> Iterator[tuple[str, str]]:
    """The sudoers file that a copy makes, and of which file; those that the image stages are read from there."""
    if command.name not in ("install", "cp", "mv"):
        return
    operands = getopt(command.args, "mogtS", ("mode", "owner", "group")).operands
    paths = [path for word in operands for path in located(word, command)[:1]]
    if len(paths) == 2 and _is_sudoers(paths[1]):
        source, target = paths
        if source != "/dev/stdin" and image.staged(source) is None:
            into = target.endswith(("/", ".d"))
            yield (posixpath.join(target, posixpath.basename(source)) if into else target), source


def _in_place(path: str, piece: Piece) -> Written:
    """One line of ``COPY <<EOF``, in which the build may put variables."""
    return Written(path, None if "$" in piece.text else piece.text.strip(), piece.start)


def _said(write: Write) -> Iterator[str | None]:
    """The lines that a file gets; None for what does not follow from the arguments of what writes it."""
    for source in write.sources:
        texts = printed(source)
        passes_on = source.name in _RELAYS and source is write.command and len(write.sources) > 1
        if not texts and not passes_on and source.name not in _SILENT:
            yield None
        for text in texts:
            yield from [None] if UNKNOWN in text else text.rstrip("\n").split("\n")


class Copied(Struct, frozen=True):
    """A file of the repository that the image gets as the sudoers file `target`, and the `COPY` that does it."""

    source: str
    target: str
    text: str
    copy: Instruction | None


def _copied(image: Image) -> Iterator[Copied]:
    staged = dict(image.staged_files)
    for step in image.steps:
        for source, target in _sudoers_of(image, step):
            yield Copied(source, target, staged[source].show(), step.instruction)
    for command in image.commands:
        words = [text for word in command.args for text in word.alternatives]
        place = next((word for word in words if word.startswith(_FOLDER)), None)
        if command.name in ("install", "cp", "mv") and place is not None:
            for word in words:
                own = image.staged(posixpath.normpath(word)) if word.startswith("/") and word != place else None
                if own is not None and own in staged:
                    yield Copied(own, place, staged[own].show(), None)


def _sudoers_of(image: Image, step: BuildStep) -> Iterator[tuple[str, str]]:
    """The sudoers files that a step stages, also by a folder above them: (repository path, path)."""
    for path, _ in image.staged_files if step.copies else ():
        for lands in step.lands(path):
            target = posixpath.join(lands, posixpath.basename(path)) if lands == _FOLDER else lands
            if _is_sudoers(target):
                yield path, target


def _staged_lines(image: Image) -> Iterator[Written]:
    for each in _copied(image):
        for number, own in enumerate(each.text.split("\n"), 1):
            if own.strip() and not own.lstrip().startswith("#"):
                yield Written(each.target, own, Position(each.source, number, 1), copy=each.copy)


# The mode


def _mode(image: Image, lines: list[Written]) -> Iterator[Violation]:
    """Sudo ignores a file that others may write; the contract wants 0440."""
    own = [each for each in lines if each.file != "/etc/sudoers"]
    if not own:
        return
    modes = list(_modes(image, {each.file for each in own}))
    if not modes:
        message = "Nothing sets the mode 0440 on the sudoers file, so it is left as readable by everybody."
        copy = own[-1].copy
        at = image.start(copy) if copy is not None else own[-1].position
        fix = f"Add `chmod 0440 {own[-1].file}`." if copy is None else f"Write `{copy.keyword} --chmod=0440`."
        found = _violation("image/sudoers mode", "no mode", at, message, fix=fix, why=_OPEN)
        yield replace(found, edit=_with_mode(image, copy) if copy is not None else None)
    elif modes[-1][0] != "440":
        mode, at = modes[-1]
        message = f"This gives the sudoers file the mode {mode} instead of 0440."
        fix = f"Give it the mode `0440`, as in `chmod 0440 {own[-1].file}`."
        yield _violation("image/sudoers mode", f"mode {mode}", at, message, fix=fix, why=_OPEN)


def _with_mode(image: Image, copy: Instruction) -> Edit:
    """The edit that has the copy set the mode."""
    text = of_image(image).line(image.start(copy))
    return Edit(copy.path, copy.start, copy.start, text.replace(copy.keyword, f"{copy.keyword} --chmod=0440", 1))


def _modes(image: Image, files: set[str]) -> Iterator[tuple[str, Position]]:
    """The modes that sudoers files are given, in order, as three octal digits where that is what they are.

    A file that is made elsewhere brings its mode with it.
    """
    made = {source for command in image.commands for _, source in _placed(image, command)}
    for step in image.steps:
        instruction = step.instruction
        flag = next((flag for flag in instruction.flags if flag.startswith("--chmod=")), None)
        if flag is not None and (instruction.words[-1].startswith(_FOLDER) or any(_sudoers_of(image, step))):
            yield _octal(flag.partition("=")[2]), image.start(instruction)
        if step.program is not None:
            yield from _modes_by(step.program, files | made)


def _modes_by(program: Program, files: set[str]) -> Iterator[tuple[str, Position]]:
    flow = flow_of(program)
    for command in program.commands:
        words = [word.alternatives[0] for word in command.args]
        if command.name == "umask" and words:
            masked = f"{0o666 & ~int(words[0], 8):o}" if re.fullmatch(r"[0-7]+", words[0]) else words[0]
            if any(files.intersection(write.paths) for each in program.commands for write in flow.writes(each)):
                yield masked, command.position
        elif command.name == "install" and _installs_sudoers(command):
            yield _octal(_install_mode(words)), command.position
        for change in changes(flow, command):
            if any(reaches(change, path) for path in files):
                yield _octal(change.mode), command.position


def _installs_sudoers(command: Command) -> bool:
    makes_folder = getopt(command.args, "mogtS", ("mode", "owner", "group")).has("d", "directory")
    paths = (path for word in command.args for path in located(word, command))
    return not makes_folder and any(path.startswith(_FOLDER) for path in paths)


def _install_mode(words: list[str]) -> str:
    for index, word in enumerate(words):
        if word in ("-m", "--mode") and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(("-m", "--mode=")) and len(word) > 2:
            return word.partition("=")[2] if "=" in word and word.startswith("--") else word[2:]
    return "755"


def _octal(mode: str) -> str:
    """Three digits for an octal mode or for ``u=r,g=r,o=``; anything else as it is."""
    if re.fullmatch(r"0*[0-7]{3,4}", mode):
        return mode[-3:]
    bits = dict.fromkeys("ugo", "")
    for part in mode.split(","):
        match = re.fullmatch(r"([ugoa]*)=([rwx]*)", part)
        if match is None:
            return mode
        for who in (match[1] or "a").replace("a", "ugo"):
            bits[who] = match[2]
    return "".join(str(sum({"r": 4, "w": 2, "x": 1}[bit] for bit in set(bits[who]))) for who in "ugo")


# The boot script


def check(workspace: Workspace) -> Iterator[Violation]:
    yield from _uploads(workspace)
    seen: set[tuple[str, Position]] = set()
    for script in (*workspace.boot, *workspace.beside):
        flow = flow_of(script.program)
        for command in flow.select(_CONCERN):
            found = _in_boot(flow, command) or _asked_from_now_on(flow, command) or _without_sudo(command)
            if found is None or (found[0], command.position) in seen:
                continue
            seen.add((found[0], command.position))
            evidence, message, fix = found
            edit = deleted(of_workspace(workspace), command) if fix == _LEAVE_OUT else None
            steps = (workspace.step(command.position), *(workspace.step(f.position) for f in reversed(command.frames)))
            violation = _violation(
                f"{script.address}/sudo",
                evidence,
                command.told,
                message,
                template=workspace.template,
                trail=steps,
                fix=fix,
                why=_OPEN if evidence.startswith("mode ") else "",
            )
            yield replace(violation, edit=edit)


def _uploads(workspace: Workspace) -> Iterator[Violation]:
    """What takes the place of coder's sudoers file, or is read after it, in the container."""
    for upload in uploads(workspace):
        path = posixpath.normpath(upload.path)
        for text in upload.texts if _is_sudoers(path) else ():
            found = _unlike(upload, path, text) if text.known is not None else None
            if found is not None:
                evidence, message, at = found
                address = f"{upload.container.address}/sudoers"
                trail = way(workspace, upload.target, upload.block.at)
                why = _ASKS if evidence == "no env_keep" else _OPEN if evidence.startswith("mode ") else ""
                yield _violation(
                    address, evidence, at, message, template=workspace.template, trail=trail, fix=_UPLOAD, why=why
                )


def _asking(path: str, lines: Sequence[str]) -> int | None:
    """The number of the line by which sudo asks coder for a password: of entries that fit, the last one read counts."""
    if path != "/etc/sudoers" and posixpath.basename(path) < posixpath.basename(SUDOERS):
        return None
    entries = ((number, match["rest"]) for number, each in enumerate(lines) if (match := _ENTRY.match(each)))
    return next((number for number, rest in entries if "NOPASSWD" not in rest and rest.endswith("ALL")), None)


def _asked_from_now_on(flow: Flow, command: Command) -> tuple[str, str, str] | None:
    """An entry that is written beside coder's own, for which sudo asks for a password."""
    for write in flow.writes(command):
        for path in filter(_is_sudoers, write.paths):
            if any(_asking(path, text.split("\n")) is not None for text in write.texts):
                message = f"This entry in `{path}` makes sudo ask `coder` for a password."
                return "password required", message, _LEAVE_OUT
    return None


def _unlike(upload: Upload, path: str, text: Text) -> tuple[str, str, Position] | None:
    """What a file has against passwordless sudo: evidence, message, and where; only coder's own has to have it all."""
    written = text.known or ""
    lines = [" ".join(each.split()) for each in written.split("\n")]
    entries = [match["rest"] for each in lines if (match := _ENTRY.match(each))]
    asking = _asking(path, lines)
    if asking is not None:
        at = text.at(sum(len(each) + 1 for each in written.split("\n")[:asking])) or upload.block.at
        return "password required", "This makes sudo ask `coder` for a password, which nobody types at boot.", at
    if path != SUDOERS:
        return None
    where = upload.target.at
    if not any(_FULL.fullmatch(rest) for rest in entries):
        return "no entry for coder", f"This `{path}` does not give `coder` passwordless sudo for everything.", where
    if not any(_KEEPS.match(each) for each in lines):
        return "no env_keep", f"This `{path}` does not tell sudo to keep `DEBIAN_FRONTEND`.", where
    modes = [known.known for a in upload.block.value("permissions") or () if (known := as_text(a.data, a.at))]
    mode = _octal(modes[0] or "") if modes else "744" if upload.block.attribute("executable") else "644"
    if mode in ("440", ""):
        return None
    return f"mode {mode}", f"This gives `{path}` the mode {mode} instead of 0440.", where


def _in_boot(flow: Flow, command: Command) -> tuple[str, str, str] | None:
    """What a command of the boot script does against passwordless sudo: evidence, message and what to do."""
    if "sudo" in command.wrappers or command.name == "sudo":
        names = [word.alternatives[0] for word in command.words]
        start = next((i for i, name in enumerate(names) if posixpath.basename(name) == "sudo"), 0)
        own = names[start + 1 : len(names) - len(command.argv)] if command.name != "sudo" else names[start + 1 :]
        if any(word in _PASSWORDS or re.fullmatch(r"-[a-zA-Z]*[SA][a-zA-Z]*", word) for word in own):
            message = "This makes sudo read a password, which nobody is there to type at boot."
            return "sudo reads a password", message, "Write `sudo` without this option: `coder` is asked for none."
    changes = command.name in (*_REMOVERS, "chmod", "sed")
    words = [text for word in command.args for text in word.alternatives] if changes else []
    if command.name in _REMOVERS and any(word.startswith("/etc/sudoers.d") for word in words):
        return "sudoers file removed", "This takes the sudoers file away, and with it passwordless sudo.", _LEAVE_OUT
    if command.name == "chmod" and any(_is_sudoers(word) for word in words):
        mode = _octal(next((word for word in words if not word.startswith("-")), ""))
        if mode != "440" and UNKNOWN not in mode:
            message = f"This gives the sudoers file the mode {mode} instead of 0440 at every boot."
            return f"mode {mode}", message, _LEAVE_OUT
    if command.name == "sed" and SUDOERS in words and any("NOPASSWD" in word for word in words):
        message = "This changes what the image says of passwordless sudo, at every boot."
        return "sudoers file edited", message, _LEAVE_OUT
    if any(write.mode == "replace" and SUDOERS in write.paths for write in flow.writes(command)):
        message = "This writes coder's sudoers file anew at boot, over what the image put there."
        return "sudoers file rewritten", message, _LEAVE_OUT
    return None


def _without_sudo(command: Command) -> tuple[str, str, str] | None:
    """What only root may do of the boot's steps and is done as `coder`: evidence, message and what to do."""
    shells = (frame.text for frame in command.frames if frame.kind in ("script", "eval"))
    asked = (guard.test.raw for guard in command.guards if guard.test is not None)
    if any(map(_ROOT.search, shells)) or any(map(_ASKS_ROOT.search, asked)) or not can_run(command):
        return None
    redirects = (each for each in (*command.redirects, *command.outer) if each.operator in (">", ">>", ">|"))
    if any(CONFIGURATION in located(each.target, command) for each in redirects):
        message = f"The shell itself opens `{CONFIGURATION}` here, as `coder`, who may not write it."
        return "redirection without sudo", message, f"Write `| sudo tee {CONFIGURATION} > /dev/null`."
    if AS_ANOTHER.isdisjoint(command.wrappers):
        path = next(_of_root(command), None)
        if path is not None:
            message = f"This runs without `sudo`, as `coder`, who may not do that to `{path}`."
            return f"{command.name} without sudo", message, f"Write `sudo {command.name}`."
    return None


def _of_root(command: Command) -> Iterator[str]:
    """The files of which a command changes what only root may change, as far as the boot needs it."""
    if command.name not in _GIVERS:
        yield from (path for path in written_by(command) if path == CONFIGURATION)
        return
    for word in getopt(command.args).operands[1:]:
        for path in located(word, command):
            if path.endswith(f"/run/{SOCKET}") or (path.rstrip("/") == HOME and command.name == "chown"):
                yield path.rstrip("/")


def _end(image: Image) -> Position:
    instructions = image.dockerfile.instructions if image.dockerfile is not None else ()
    return image.start(next(iter(instructions), None))


def _violation(
    address: str,
    evidence: str,
    at: Position,
    message: str,
    level: Level = "failure",
    *,
    template: str = NAME,
    trail: tuple[Step, ...] = (),
    fix: str = "",
    why: str = "",
) -> Violation:
    return Violation(ID, template, address, evidence, line(at), level, message, trail, lost=FACT, fix=fix, why=why)
