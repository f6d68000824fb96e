"""Users and groups are called by their names.

## What it does

Looks at every command that takes a user or a group (`chown`, `chgrp`, `install -o`, `usermod`, `groupmod`, `useradd`,
`setpriv`, `su-exec`, `sudo -u '#…'` and their kind) or looks for one (`find -uid`) in the boot script, the agent's
other scripts, the image's build and the commands it stages, also behind `xargs`, `find -exec`, `sudo` and variables; at
`--chown` and `USER` in the Dockerfile; at `user` and `group_add` of the workspace container; and at the `uid=` and
`gid=` of mounts.

## Why it matters

Numbers of users and groups differ from host to host and from image to image: the same name is the same user, the same
number may be somebody else.

## Bad

```bash
sudo chown -R 1000:1000 /home/coder/projects
```

## Good

```bash
sudo chown -R coder:coder /home/coder/projects
```

## Fix

Use the names `coder` and `docker` in scripts, and `var.docker_gid` for the group of the host in Terraform.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import (
    Arguments,
    Concern,
    Flow,
    Invocation,
    Surface,
    deleted,
    essence,
    getopt,
    invocations,
    known,
    of_image,
    of_workspace,
    passed,
    replaced,
    shown,
    site,
)
from rules.checks.inline_code import INTERPRETERS, code_of
from rules.checks.support import corrected, is_set_outside, line, set_to, way
from rules.model import Edit, Level, Span, Step, Violation
from rules.sources.dockerfile import Instruction
from rules.sources.shell import Command, Word
from rules.sources.terraform.values import Alternative, ListData, MapData, Value, as_text
from rules.workspace.image import NAME as IMAGE
from rules.workspace.image import Image
from rules.workspace.template import Resource, Workspace

ID = "F-3"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot", "stop", "start")

_NAMES = {"0": "root", "1000": "coder"}
"""Whom a number means in this image."""

_NUMBER = re.compile(r"[+#]?\d+")
_ACCOUNT = re.compile(r"^[\w.-]*:[^:\n]*:\d+:", re.MULTILINE)
"""A line of /etc/passwd or /etc/group."""

_OWN_USERS = frozenset({"coder", "ubuntu"})
"""The user that the image sets up, under the name that it has in Ubuntu and under its own (INV-2)."""


class _Use(Struct, frozen=True):
    """A numeric id in one argument: as written there, and what the argument would be by name.

    needless: nobody misses the command.
    """

    word: Word
    text: str
    named: str | None
    fix: str = ""
    needless: bool = False


def check(workspace: Workspace) -> Iterator[Violation]:
    yield from _scripts(of_workspace(workspace))
    yield from _on_host(workspace)
    for container in workspace.containers:
        yield from _container(workspace, container)
    for volume in workspace.resources("docker_volume"):
        yield from _mount_options(workspace, volume, "driver_opts")


def image_check(image: Image) -> Iterator[Violation]:
    surface = of_image(image)
    yield from _scripts(surface)
    for instruction in image.instructions("COPY", "ADD", "USER"):
        yield from _instruction(surface, instruction)
    for instruction in image.instructions("RUN"):
        yield from _build_mount(surface, instruction)


# Scripts


def _on_host(workspace: Workspace) -> Iterator[Violation]:
    """Provisioners: the host has users and groups of its own, so what a number means there is a question."""
    programs = tuple(script.program for script in workspace.provisioners)
    for found in _scripts(replace(of_workspace(workspace), programs=programs)):
        fix = "Write the name that the host has for it, or take the number from a variable of the template."
        message = found.message.removesuffix(" Is that meant?") + " Is that meant?"
        yield replace(found, level="warning", address="numeric id on the host", edit=None, fix=fix, message=message)


def _scripts(surface: Surface) -> Iterator[Violation]:
    for flow, command in surface.select(_CONCERN):
        for use in _wrapped(command):
            evidence = f"{' '.join(command.wrappers)} as {use.text}"
            yield _in_script(surface, command, [use], evidence, "failure")
        found = ((each, list(_uses(each))) for each in invocations(command) if not _sets_up_user(surface, each))
        for invocation, uses in islice((each for each in found if each[1]), 1):
            evidence = f"{uses[0].text} in {essence(invocation)}"
            level = _level(surface, invocation)
            free = _FREE if level == "warning" else ""
            told = [replace(use, fix=use.fix or free) for use in uses]
            yield _in_script(surface, command, told, evidence, level)
        if any(path in ("/etc/passwd", "/etc/group") for write in flow.writes(command) for path in write.paths):
            yield from _account(surface, flow, command)


def _account(surface: Surface, flow: Flow, command: Command) -> Iterator[Violation]:
    """A user or group written straight into the system's tables; the image's build may, it sets up the user."""
    for write in flow.writes(command):
        if surface.template != IMAGE and any(_ACCOUNT.search(text) for text in write.texts):
            path = next(iter(write.paths))
            use = _Use(write.target, path, None, "Leave it out: the image has the user `coder` already.")
            found = _in_script(surface, command, [use], f"account written to {path}", "failure")
            yield replace(found, message=f"`{shown(command)}` writes an account with its number into `{path}`.")


def _in_script(surface: Surface, command: Command, uses: Sequence[_Use], evidence: str, level: Level) -> Violation:
    at = site(command, re.compile(re.escape(uses[0].text)))
    question = " Is that meant?" if level == "warning" else ""
    numbers = dict.fromkeys(use.text for use in uses)
    told = ", ".join(f"`{number}`" for number in numbers)
    return Violation(
        rule=ID,
        template=surface.template,
        address="numeric id in a script",
        evidence=evidence,
        span=line(at),
        level=level,
        message=f"`{shown(command)}` names a user or group by its number, {told}.{question}",
        trail=surface.steps(passed(command, uses[0].word.origins)),
        related=("INV-2",),
        edit=deleted(surface, command) if uses[0].needless else _named(surface, uses),
        fix=" ".join(dict.fromkeys(use.fix or _by_name(use.text) for use in uses)),
        why="" if any(number.strip("+#:.0") for number in numbers) else _OF_ROOT,
    )


def _named(surface: Surface, uses: Sequence[_Use]) -> Edit | None:
    """The edit that writes names, where all numbers stand on one line."""
    edit, lines = None, {(use.word.position.path, use.word.position.line) for use in uses}
    for use in sorted(uses, key=lambda use: -use.word.position.column):
        new = replaced(surface, use.word, use.named, edit) if use.named is not None and len(lines) == 1 else None
        if new is None:
            return None
        edit = new
    return edit


_FREE = "Leave the number out: the system takes a free one."
_SET_UP = "Leave it out: the image sets up its users and groups."
_OF_ROOT = (
    "Root is `0` on every system, so nothing breaks today; the contract asks for names, which nobody has to look up."
)


def _by_name(text: str, before: str = "") -> str:
    """What to write in place of ``user:group`` in numbers."""
    named = [_NAMES.get(part.lstrip("+#"), part) for part in re.split("[:.,]", text)]
    if any(_NUMBER.fullmatch(name) for name in named):
        return f"Write the name instead: `{before}coder` for the user, `docker` for Docker's group."
    return f"Write `{before}{':'.join(named)}`."


def _level(surface: Surface, invocation: Invocation) -> Level:
    """A container that the workspace runs has users of its own, as the image has beside the one it sets up.

    Who only looks for a number gives it to nobody.
    """
    if invocation.name in ("docker", "podman", "find"):
        return "warning"
    if surface.template == IMAGE and invocation.name in _ADDS_USER and "docker" not in _operand_names(invocation):
        return "warning"
    return "failure"


def _sets_up_user(surface: Surface, invocation: Invocation) -> bool:
    """The image's build gives its one user its number: INV-2 asks for that."""
    names = _operand_names(invocation)
    return surface.template == IMAGE and invocation.name in _ADDS_USER and bool(names & _OWN_USERS)


def _operand_names(invocation: Invocation) -> set[str]:
    return {known(word) for word in invocation.args}


# Commands that take a user or a group


def _uses(invocation: Invocation) -> Iterator[_Use]:
    reader = _COMMANDS.get(invocation.name, _in_code)
    yield from reader(invocation)


def _ids(word: Word, text: str) -> Iterator[_Use]:
    """`text` is ``user``, ``user:group`` or a list of groups."""
    parts = re.split("([:.,])", text)
    if any(_NUMBER.fullmatch(part) for part in parts):
        names = [":" if part == "." else _NAMES.get(part.lstrip("+#"), part) for part in parts]
        whole = word.alternatives[0]
        sure = whole.count(text) == 1 and not any(_NUMBER.fullmatch(name) for name in names)
        yield _Use(word, text, whole.replace(text, "".join(names)) if sure else None)


def _owner(invocation: Invocation) -> Iterator[_Use]:
    """``chown`` and ``chgrp``: the first operand."""
    arguments = getopt(invocation.args, long=("from", "reference"))
    if arguments.operands and not arguments.has("reference"):
        word = arguments.operands[0]
        yield from _ids(word, word.alternatives[0])


def _options(
    short: str, long: tuple[str, ...], takes: str, gives: Sequence[str] = ()
) -> Callable[[Invocation], Iterator[_Use]]:
    """A command whose options `short` and `long` are ids; the letters of `takes` have an argument of another kind.

    `gives` are those that give somebody a number, for which there is no name.
    """

    def read(invocation: Invocation) -> Iterator[_Use]:
        arguments = getopt(invocation.args, short + takes, long)
        changes = invocation.name in ("usermod", "groupmod")
        for name in (*short, *long):
            for use in _option_ids(arguments, (name,)):
                fix = _SET_UP if changes else _FREE
                yield replace(use, named=None, fix=fix, needless=changes) if name in gives else use

    return read


def _option_ids(arguments: Arguments, names: tuple[str, ...]) -> Iterator[_Use]:
    for option in arguments.values(*names):
        yield from _ids(option.word, option.value)


_MOUNT_ID = re.compile(r"\b[ug]id=(\d+)\b")
"""An option of a mount: ``uid=1000``."""


def _mount(invocation: Invocation) -> Iterator[_Use]:
    """``mount -o uid=1000``."""
    arguments = getopt(invocation.args, "otLUN", ("options", "types", "source", "target"))
    for option in arguments.values("o", "options"):
        match = _MOUNT_ID.search(option.value)
        if match is not None:
            yield _Use(option.word, match[1], None, "Ask for the number: `$(id -u coder)`, `$(id -g coder)`.")


def _acl(invocation: Invocation) -> Iterator[_Use]:
    """``setfacl -m u:1000:rw``: the entry names a user or group between its colons."""
    for option in getopt(invocation.args, "mxMX", ("modify", "remove")).values("m", "x", "modify", "remove"):
        for entry in option.value.split(","):
            fields = entry.removeprefix("d:").split(":")
            if len(fields) > 1 and fields[0] in ("u", "g", "user", "group") and fields[1].isdigit():
                whole, name = option.word.alternatives[0], _NAMES.get(fields[1])
                sure = name is not None and whole.count(fields[1]) == 1
                yield _Use(option.word, fields[1], whole.replace(fields[1], name) if name and sure else None)


_RUNNER = {"1000": '"$(id -u)"', "1000:1000": '"$(id -u):$(id -g)"'}


def _docker(invocation: Invocation) -> Iterator[_Use]:
    """``docker run --user``. Root is no number that anybody had to choose."""
    words = [known(word) for word in invocation.args]
    if {"run", "create", "exec"} & set(words[:3]):
        for index, text in enumerate(words):
            option, equals, value = text.partition("=")
            if option in ("-u", "--user", "--group-add"):
                at = index if equals else index + 1
                given = value if equals else "".join(words[at : at + 1])
                if at < len(words) and given not in ("0", "0:0"):
                    # Names of this image mean nothing in another one.
                    own = _RUNNER.get(given) if option != "--group-add" and not equals else None
                    fix = f"Write `{own or _RUNNER['1000:1000']}`: whoever runs the script."
                    yield from (replace(use, named=own, fix=fix) for use in _ids(invocation.args[at], given))


def _found(invocation: Invocation) -> Iterator[_Use]:
    """``find / -uid 1000``: root's number is the same everywhere."""
    for option, word in pairwise(invocation.args):
        number = word.value or ""
        if option.value in _FIND_NAMES and number.lstrip("+-").isdigit() and number != "0":
            kind, name = _FIND_NAMES[option.value]
            whom = "coder" if number == "1000" else f"<its {name}>"
            named = whom if option.value == kind and number == "1000" else None
            yield _Use(word, number, named, f"Write `{kind} {whom}`.")


_FIND_NAMES = {
    "-uid": ("-user", "user"),
    "-user": ("-user", "user"),
    "-gid": ("-group", "group"),
    "-group": ("-group", "group"),
}


def _first(invocation: Invocation) -> Iterator[_Use]:
    """``sg 988 -c …``: the group is the first operand."""
    for word in getopt(invocation.args).operands[:1]:
        yield from _ids(word, word.alternatives[0])


_CHOWN = re.compile(r"\bl?chown\b[ \t]*\(?([^()\n;]*)")


def _in_code(invocation: Invocation) -> Iterator[_Use]:
    """``python3 -c 'os.chown("/srv", 1000, 1000)'``; -1 leaves the owner as it is."""
    code = code_of(invocation)
    for arguments in _CHOWN.findall(code) if "chown" in code else ():
        number = next((each for each in re.split(r"[\s,]+", arguments) if each.isdigit()), None)
        if number is not None and invocation.args:
            yield _Use(invocation.args[-1], number, None, "Do it in the shell, by name: `sudo chown coder:coder`.")


_ADDS_USER = frozenset({"useradd", "usermod", "adduser", "groupadd", "groupmod", "addgroup"})
_COMMANDS: dict[str, Callable[[Invocation], Iterator[_Use]]] = {
    "chown": _owner,
    "chgrp": _owner,
    "install": _options("og", ("owner", "group"), "mtS"),
    "usermod": _options("ugG", ("uid", "gid", "groups"), "cdefplsLvVwW", ("u", "uid")),
    "useradd": _options("ugG", ("uid", "gid", "groups"), "bcdefKkpRs", ("u", "uid")),
    "adduser": _options("uG", ("uid", "gid", "ingroup"), "hgsk", ("u", "uid", "gid")),
    "groupmod": _options("g", ("gid",), "npRU", ("g", "gid")),
    "groupadd": _options("g", ("gid",), "KpRU", ("g", "gid")),
    "addgroup": _options("g", ("gid",), "", ("g", "gid")),
    "find": _found,
    "mount": _mount,
    "sg": _first,
    "newgrp": _first,
    "chpst": _options("uU", (), "bPnlLeoptfcrmad"),
    "sshfs": _mount,
    "setfacl": _acl,
    "setpriv": _options("", ("reuid", "regid", "ruid", "euid", "rgid", "egid", "groups"), ""),
    "chroot": _options("", ("userspec", "groups"), ""),
    "systemd-run": _options("", ("uid", "gid"), "pMEHu"),
    "start-stop-daemon": _options("cg", ("chuid", "group"), "xpnskudN"),
    "rsync": _options("", ("chown", "usermap", "groupmap"), "e"),
    "tar": _options("", ("owner", "group"), "fCX"),
    "docker": _docker,
    "podman": _docker,
}

_CONCERN = Concern(frozenset(_COMMANDS), INTERPRETERS, writes=True, wrapped=True)


def _wrapped(command: Command) -> Iterator[_Use]:
    """Who a wrapper runs the command as: ``sudo -u '#1000'``, ``su-exec 1000:1000``, ``gosu 1000``."""
    for wrapper in command.wrappers:
        index = next((i for i, word in enumerate(command.words) if (word.value or "").endswith(wrapper)), None)
        if index is None:
            continue
        words = tuple(replace(w, alternatives=w.alternatives[:1]) for w in command.words[index + 1 :])
        if wrapper in ("su-exec", "gosu") and words:
            yield from _ids(words[0], words[0].alternatives[0])
        elif wrapper in ("sudo", "doas", "runuser"):
            arguments = getopt(words, "ugpCDRrtTUh", ("user", "group"), stop_at_operand=True)
            for option in arguments.values("u", "g", "user", "group"):
                number = option.value.lstrip("#")
                if number.isdigit():
                    whole, name = option.word.alternatives[0], _NAMES.get(number)
                    yield _Use(option.word, option.value, whole.replace(option.value, name) if name else None)


# The Dockerfile's own instructions

_ROOT = "Write `root` where the build needs it, and end the Dockerfile with `USER coder`."


def _instruction(surface: Surface, instruction: Instruction) -> Iterator[Violation]:
    given = [flag.removeprefix("--chown=") for flag in instruction.flags if flag.startswith("--chown=")]
    given += instruction.words[:1] if instruction.keyword == "USER" else []
    for text in given:
        ids = [part for part in text.split(":") if part.isdigit()]
        if not ids:
            continue
        where = Span(instruction.path, instruction.start, instruction.start)
        first = surface.lines(instruction.path)[instruction.start - 1]
        named = ":".join(_NAMES.get(part, part) for part in text.split(":"))
        sure = first.count(text) == 1 and not re.search(r"\d", named)
        edit = Edit(where.path, where.start, where.start, first.rstrip("\r").replace(text, named)) if sure else None
        yield Violation(
            rule=ID,
            template=IMAGE,
            address=f"numeric id in {instruction.keyword}",
            evidence=" ".join((text, *instruction.words[-1:])),
            span=where,
            level="failure",
            message=f"`{instruction.keyword}` names a user or group by its number, `{text}`.",
            trail=(Step(where.path, where.start, first.strip()[:160]),),
            related=("INV-2",),
            edit=edit,
            fix=_ROOT if named == "root" else _by_name(text, "USER " if instruction.keyword == "USER" else "--chown="),
        )


def _build_mount(surface: Surface, instruction: Instruction) -> Iterator[Violation]:
    """``RUN --mount=type=cache,uid=1000``: Docker takes no name there, so whether the number is meant is a question."""
    for flag in instruction.flags:
        match = _MOUNT_ID.search(flag) if flag.startswith("--mount=") else None
        if match is not None:
            where = Span(instruction.path, instruction.start, instruction.start)
            first = surface.lines(instruction.path)[instruction.start - 1]
            yield Violation(
                rule=ID,
                template=IMAGE,
                address="numeric id in RUN --mount",
                evidence=flag,
                span=where,
                level="warning",
                message=f"`{flag}` names a user or group by its number, `{match[1]}`. Is that number meant?",
                fix="Leave it out where root may own it: Docker takes no name here.",
                trail=(Step(where.path, where.start, first.strip()[:160]),),
                related=("INV-2",),
            )


# The container

_RIGHT = {"user": '"coder"', "group_add": "[tostring(var.docker_gid)]"}
_NAMED = {"user": "`coder`", "group_add": "`var.docker_gid`"}


def _count(value: Value | None) -> int:
    """Elements of the longest list that a value can be."""
    return max((len(a.data.items) for a in value or () if isinstance(a.data, ListData)), default=0)


def _container(workspace: Workspace, container: Resource) -> Iterator[Violation]:
    for alternative in container.value("user") or ():
        yield from _attribute(workspace, container, "user", alternative)
    for alternative in container.value("group_add") or ():
        if isinstance(alternative.data, ListData) and not is_set_outside(alternative):
            for item in alternative.data.items:
                for each in item:
                    yield from _attribute(workspace, container, "group_add", each)
    yield from _mount_options(workspace, container, "tmpfs")


def _mount_options(workspace: Workspace, resource: Resource, name: str) -> Iterator[Violation]:
    """``tmpfs = { "/scratch" = "uid=1000" }``: the kernel takes no name there."""
    for alternative in resource.value(name) or ():
        for _, value in alternative.data.items if isinstance(alternative.data, MapData) else ():
            for each in value:
                text = as_text(each.data, each.at)
                match = _MOUNT_ID.search(text.show()) if text is not None and each.variable is None else None
                if match is not None:
                    yield Violation(
                        rule=ID,
                        template=workspace.template,
                        address=f"{resource.address}/{name}",
                        evidence=match.group(),
                        span=line(each.at),
                        level="warning",
                        message=f"This names a user or group by its number, `{match.group()}`. Is that number meant?",
                        trail=way(workspace, each, resource.at(name)),
                        related=("INV-2",),
                        fix="Let the boot script give the place to `coder` with `chown coder:coder`.",
                    )


def _attribute(workspace: Workspace, container: Resource, name: str, alternative: Alternative) -> Iterator[Violation]:
    """A number that nobody can set from outside. Scripts are what the contract speaks of: here it is a question."""
    text = as_text(alternative.data, alternative.at)
    ids = [part for part in (text.show() if text is not None else "").split(":") if part.isdigit()]
    if not ids or is_set_outside(alternative):
        return
    right, block = _RIGHT[name], container.instance
    alone = name == "user" or len(ids) == _count(container.value(name))
    if name == "user":
        edit = corrected(workspace, block, name, alternative, right)
    else:
        edit = set_to(workspace, block, name, right) if alone else None
    yield Violation(
        rule=ID,
        template=workspace.template,
        address=f"{container.address}/{name}",
        evidence=f"{name}={':'.join(ids)}",
        span=line(alternative.at),
        level="warning",
        message=(
            f"This writes down the number `{':'.join(ids)}`, where the contract has {_NAMED[name]}. "
            "Is that number meant?"
        ),
        trail=way(workspace, alternative, container.at(name)),
        related=("INV-2",),
        edit=edit,
        fix=f"Write `{name} = {right}`." if alone else f"Leave it out if {_NAMED[name]} is the group that is meant.",
    )
