"""The host name is not who the workspace is.

## What it does

Follows the host name (`hostname`, `$HOSTNAME`, `uname -n`, `/etc/hostname`, `hostnamectl`) through pipes, variables,
functions and `read` into what names the workspace, its owner or its project: `CODER_WORKSPACE_*` and variables like
them, git's `user.name` and `user.email`, and DDEV's project name. Several reads for one name are one finding. A host
name that is shown, logged or used as a network address is nobody's business.

## Why it matters

The host name is `<workspace>-<owner>`, and either part may have dashes of its own. Whoever takes it apart gets a wrong
name for some of the users, and with it another workspace's project, cache or commits.

## Bad

```bash
CODER_WORKSPACE_NAME=$(hostname | cut -d- -f1)
```

## Good

```bash
echo "Workspace $CODER_WORKSPACE_NAME of $CODER_WORKSPACE_OWNER_NAME"
```

## Fix

Read `CODER_WORKSPACE_ID`, `CODER_WORKSPACE_NAME`, `CODER_WORKSPACE_OWNER_NAME` and `CODER_WORKSPACE_OWNER_EMAIL`, which
the agent's `env` sets.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import (
    Concern,
    Flow,
    Invocation,
    Surface,
    deleted,
    getopt,
    invocations,
    known,
    of_image,
    of_workspace,
    printed,
    taken_files,
)
from rules.checks.support import entry_at, has_data, key_of, line
from rules.model import Edit, Span, Step, Violation
from rules.once import once, once_in
from rules.sources.shell import Command, Origin, Word
from rules.sources.shell.script import Script as ShellScript
from rules.sources.terraform.values import Alternative, show
from rules.sources.text import Position
from rules.workspace.environment import variables
from rules.workspace.image import Image
from rules.workspace.template import Workspace

ID = "F-8"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("boot", "stop", "start")

MAX_STEPS = 8
"""Values that are followed back from one to the next."""

_WHOLE = "CODER_WORKSPACE|WORKSPACE|PROJECT|SITENAME|OWNER|USERNAME|DDEV_PROJECT|DDEV_SITENAME|COMPOSE_PROJECT_NAME"
_OF = "CODER|WORKSPACE|CODER_WORKSPACE|WS|PROJECT|DDEV|DDEV_PROJECT|DDEV_SITE|SITE|OWNER|USER|CODER_USER|CODER_OWNER"
_IDENTITY = re.compile(
    rf"_*(?:{_WHOLE}|(?:{_OF})_?(?:ID|UUID|NAME|SLUG|OWNER|EMAIL|USER|USERNAME|OWNER_NAME|OWNER_EMAIL|OWNER_ID)"
    r"|GIT_(?:AUTHOR|COMMITTER|USER)_(?:NAME|EMAIL))",
    re.IGNORECASE,
)
_SETS = re.compile(r"^\s*-?\s*(?:export\s+)?(\w+)=(.*)$", re.MULTILINE)
_DEFAULT = re.compile(r"\$\{(\w+):?=")
"""``${NAME:=…}``, which sets the variable."""

_YAML_NAME = re.compile(r"^name:", re.MULTILINE)
_LITERAL_READ = re.compile(r"\$\(\s*(?:hostname|uname -n|cat /etc/hostname)|\$\{?HOSTNAME\b|`hostname")
_TAKEN = "Remove it: the agent's `env` sets {} already."
_READ = "Write {} instead: the agent's `env` sets {}."
_VARIABLES = (
    (re.compile("EMAIL", re.IGNORECASE), "CODER_WORKSPACE_OWNER_EMAIL"),
    (re.compile("OWNER|USER|AUTHOR|COMMITTER", re.IGNORECASE), "CODER_WORKSPACE_OWNER_NAME"),
    (re.compile("_U?U?ID$", re.IGNORECASE), "CODER_WORKSPACE_ID"),
    (re.compile(""), "CODER_WORKSPACE_NAME"),
)
"""What says who the workspace is, by the name of what was to say it."""
_FILES = ("/etc/hostname", "/proc/sys/kernel/hostname")
_IN_PROGRAMS = re.compile(r"gethostname|os\.uname|platform\.node|Sys::Hostname|kernel\.hostname|os\.hostname")
_ADDRESS_OPTIONS = frozenset({"I", "i", "d", "ip-address", "all-ip-addresses", "domain", "V", "version", "h", "help"})
_DECLARES = frozenset({"export", "declare", "typeset", "local", "readonly"})
_FILLS = frozenset({"read", "mapfile", "readarray"})
_SHOWS = frozenset({"cat", "head", "tail", "sed", "awk", "cut", "grep", "tr", "tac"})
CONCERN = Concern(_DECLARES | _FILLS | {"git", "ddev", "printf", "eval"}, writes=True, assigns=True, wrapped=True)
"""What can take something from the host name."""
_WRITING = Concern(writes=True)


class _Sink(Struct, frozen=True):
    """`identity` is taken from the host name, which is read at `source`; `command` gives it that value."""

    identity: str
    source: Position
    command: Command
    words: tuple[Word, ...]


def check(workspace: Workspace) -> Iterator[Violation]:
    yield from _scripts(of_workspace(workspace))
    yield from _environment(workspace)


def image_check(image: Image) -> Iterator[Violation]:
    yield from _scripts(of_image(image))


def _scripts(surface: Surface) -> Iterator[Violation]:
    found: dict[tuple[str, Position], _Sink] = {}
    given: set[Position] = set()
    for flow, command in surface.select(CONCERN):
        for sink in _sinks_of(flow, command):
            origins = [origin for word in sink.words for origin in word.origins if origin.kind == "assignment"]
            inherited = {origin.position for origin in origins}
            own = {assignment.position for assignment in command.assignments}
            own |= {origin.position for origin in origins if origin.name == sink.identity}  # ``${NAME:=…}``
            if not (inherited & given) - own:
                found.setdefault((sink.identity, sink.source), sink)
            given |= own
    sinks = _one_per_command(found.values())
    feeds = defaultdict(set)
    for sink in sinks:
        feeds[sink.source].add(sink.identity)
    for sink in sinks:
        yield _violation(surface, sink, shared=len(feeds[sink.source]) > 1)


def _one_per_command(sinks: Iterable[_Sink]) -> list[_Sink]:
    """``read WORKSPACE OWNER <<< "$HOSTNAME"`` is one cause, whatever number of names it fills."""
    merged: dict[tuple[Position, Position, str], _Sink] = {}
    for sink in sinks:
        key = sink.source, sink.command.position, "" if sink.command.name in _FILLS else sink.identity
        first = merged.get(key)
        both = first and replace(first, identity=f"{first.identity}, {sink.identity}", words=first.words + sink.words)
        merged[key] = both or sink
    return list(merged.values())


def _violation(surface: Surface, sink: _Sink, *, shared: bool) -> Violation:
    """At the line that reads the host name; if that feeds several names, where this one gets it."""
    assigned = [origin.position for word in sink.words for origin in word.origins if origin.kind == "assignment"]
    where = sink.command.position if shared else sink.source
    return Violation(
        rule=ID,
        template=surface.template,
        address="identity from the host name",
        evidence=sink.identity,
        span=line(where),
        level="failure",
        message=f"This takes {_told(sink)} from the host name.",
        trail=surface.steps((sink.source, *assigned, sink.command.position)),
        related=("INV-9",),
        edit=_from_environment(surface, sink),
        fix=_instead(sink),
    )


def _told(sink: _Sink) -> str:
    """What is taken, names as code."""
    return sink.identity if " name" in sink.identity else ", ".join(f"`{name}`" for name in sink.identity.split(", "))


def _instead(sink: _Sink) -> str:
    names = list(dict.fromkeys(map(_variable, sink.identity.split(", "))))
    form = (_TAKEN, "`{}`") if names == sink.identity.split(", ") else (_READ, "`${}`")
    return form[0].format(" and ".join(form[1].format(name) for name in names), "them" if len(names) > 1 else "it")


_SET = frozenset(name for _, name in _VARIABLES)


def _variable(identity: str) -> str:
    """The variable of the agent's `env` that says what `identity` is to say."""
    return identity if identity in _SET else next(name for about, name in _VARIABLES if about.search(identity))


def _from_environment(surface: Surface, sink: _Sink) -> Edit | None:
    """Without what the agent's `env` sets already, or with its variable in place of the host name."""
    if sink.identity in _SET:
        names = {name for text in printed(sink.command) for name, _ in _SETS.findall(text)}
        return deleted(surface, sink.command) if names <= _SET else None
    words = [*sink.command.args, *(assignment.value for assignment in sink.command.assignments)]
    word = next((word for word in words if word in sink.words), None)
    if word is None or len(sink.words) > 1:
        return None
    at, text = word.position, surface.line(word.position)
    start, raw = at.column - 1, word.raw
    handed = raw.strip('"') in ("$@", "$*") and len(sink.command.args) > 1
    if handed or "\n" in raw or text[start : start + len(raw)] != raw or "=" in raw.partition("$")[0]:
        return None
    new = f'"${_variable(sink.identity)}"'
    return Edit(at.path, at.line, at.line, text[:start] + new + text[start + len(raw) :])


# What gets it


def identities(flow: Flow, command: Command) -> Iterator[str]:
    """What a command takes from the host name that says who the workspace is."""
    return (sink.identity for sink in _sinks_of(flow, command))


@once_in
def _sinks_of(flow: Flow, command: Command) -> tuple[_Sink, ...]:
    return tuple(_sinks(flow, command))


def _sinks(flow: Flow, command: Command) -> Iterator[_Sink]:
    for assignment in command.assignments:
        if _IDENTITY.fullmatch(assignment.name):
            yield from _sink(flow, command, assignment.name, (assignment.value,))
    for word in command.args:
        found = _DEFAULT.findall(word.raw) if _has_defaults(word.script) else ()
        for name in filter(_IDENTITY.fullmatch, found):
            yield from _sink(flow, command, name, (word,))
    if command.name == "eval" or command.wrappers:
        yield from _for_one(flow, command)
    if command.name in _DECLARES and command.args:
        yield from _declared(flow, command, command.args)
    elif command.name in _FILLS:
        yield from _filled(flow, command)
    else:
        for invocation in invocations(command):
            yield from _configured(flow, invocation)
    if command.name in ("echo", "printf", "cat", "tee", "sed") or command.redirects:
        yield from _written(flow, command)


@once
def _has_defaults(script: ShellScript) -> bool:
    """Whether ``${NAME:=…}`` is anywhere in it, which it is in few."""
    return _DEFAULT.search(script.show(0, len(script.plain))) is not None


def _sink(flow: Flow, command: Command, identity: str, words: tuple[Word, ...]) -> Iterator[_Sink]:
    for word in words:
        sources = list(dict.fromkeys(_reads(flow, word.origins, 0)))
        for source in sources:
            yield _Sink(identity, source, command, words)


def _for_one(flow: Flow, command: Command) -> Iterator[_Sink]:
    """``env NAME=$(hostname) program``, ``eval "NAME=$(hostname)"``."""
    before = command.words[: len(command.words) - len(command.argv)]
    yield from _declared(flow, command, command.args if command.name == "eval" else before)


def _declared(flow: Flow, command: Command, words: Sequence[Word]) -> Iterator[_Sink]:
    """``export "NAME=$(hostname)"``."""
    done = {assignment.name for assignment in command.assignments}
    for word in words:
        name = word.alternatives[0].partition("=")[0].removeprefix("export ")
        if "=" in word.alternatives[0] and name not in done and _IDENTITY.fullmatch(name):
            yield from _sink(flow, command, name, (word,))


def _filled(flow: Flow, command: Command) -> Iterator[_Sink]:
    """``read -r NAME < /etc/hostname``, ``hostname | read -r NAME``."""
    for word in command.args:
        if _IDENTITY.fullmatch(known(word)):
            for source in dict.fromkeys(_read_by(flow, command, 0)):
                yield _Sink(known(word), source, command, ())


def _configured(flow: Flow, invocation: Invocation) -> Iterator[_Sink]:
    """git's identity, DDEV's project name, ``printf -v NAME``."""
    words = [known(word) for word in invocation.args]
    if invocation.name == "git" and "config" in words:
        operands = getopt(invocation.args[words.index("config") + 1 :], "f", ("file",)).operands
        operands = operands[1:] if operands and known(operands[0]) == "set" else operands
        if len(operands) > 1 and known(operands[0]).lower() in ("user.name", "user.email"):
            yield from _sink(flow, invocation.command, f"git {known(operands[0])}", (operands[1],))
    elif invocation.name == "ddev":
        for option in getopt(invocation.args, "", ("project-name",)).values("project-name"):
            yield from _sink(flow, invocation.command, "DDEV's project name", (option.word,))
    elif invocation.name == "printf" and words[:1] == ["-v"] and len(words) > 2 and _IDENTITY.fullmatch(words[1]):
        yield from _sink(flow, invocation.command, words[1], invocation.args[2:])


def _written(flow: Flow, command: Command) -> Iterator[_Sink]:
    """A line of a settings file that gives a name: ``echo "CODER_WORKSPACE_NAME=$(hostname)" >> ~/.bashrc``."""
    for write in flow.writes(command):
        if all(path.startswith(("/dev/", "/tmp/")) for path in write.paths):  # noqa: S108
            continue
        for source in write.sources:
            words = (*source.args, *(r.here.word for r in source.redirects if r.here is not None))
            for text in printed(source):
                for name, value in _SETS.findall(text) if "=" in text else ():
                    if not _IDENTITY.fullmatch(name):
                        continue
                    if _LITERAL_READ.search(value):
                        yield _Sink(name, source.position, source, ())
                    else:
                        yield from _sink(flow, source, name, words)
                if any("/.ddev/" in path for path in write.paths) and _YAML_NAME.search(text):
                    yield from _sink(flow, source, "DDEV's project name", words)


# Where it comes from


def from_host_name(flow: Flow, word: Word) -> bool:
    """Whether the host name flows into a word."""
    return any(True for _ in _reads(flow, word.origins, 0))


def _reads(flow: Flow, origins: Iterable[Origin], depth: int) -> Iterator[Position]:
    """The places among the origins of a value at which the host name is read."""
    for origin in origins:
        own = (origin.kind == "variable" and origin.name == "HOSTNAME") or origin.name.endswith(".hostname")
        if own and origin.kind in ("variable", "hole"):
            yield origin.position
        elif origin.kind == "command":
            for command in flow.by_position.get(origin.position, ()):
                yield from _read_by(flow, command, depth)


def _read_by(flow: Flow, command: Command, depth: int) -> Iterator[Position]:
    """Where a command reads the host name, itself or through what it is fed."""
    if depth > MAX_STEPS:
        return
    if any(_is_read(invocation) for invocation in invocations(command)) or _opens(command):
        yield command.position
        return
    inputs = [r.here.word for r in command.redirects if r.here is not None]
    inputs += [r.target for r in command.redirects if r.operator == "<" and r.target.raw.startswith("<(")]
    yield from _reads(flow, (origin for word in inputs for origin in word.origins), depth + 1)
    for other in flow.upstream(command) if command.name in _FILLS or not command.args else ():
        yield from _read_by(flow, other, depth + 1)
    for path in taken_files(command, _SHOWS):
        yield from _in_file(flow, path, depth + 1)


class _Files(Struct, frozen=True):
    """`sources` are what prints the text of each file that the script writes anew, `read` is what `_in_file` found."""

    sources: dict[str, list[Command]]
    read: dict[str, tuple[Position, ...]]


@once
def _files_of(flow: Flow) -> _Files:
    found: dict[str, list[Command]] = defaultdict(list)
    for command in flow.select(_WRITING):
        for write in flow.writes(command):
            for path in write.paths if write.mode == "replace" else ():
                found[path] += write.sources
    return _Files(found, {})


def _in_file(flow: Flow, path: str, depth: int) -> tuple[Position, ...]:
    """Where the host name that stands in a file was read; once for each, as files may be made from one another."""
    files = _files_of(flow)
    if path not in files.read:
        files.read[path] = ()
        found: dict[Position, None] = {}
        for source in files.sources.get(path, ()):
            found.update(dict.fromkeys(_reads(flow, (o for word in source.args for o in word.origins), depth)))
            found.update(dict.fromkeys(_read_by(flow, source, depth)))
        files.read[path] = tuple(found)
    return files.read[path]


def _opens(command: Command) -> bool:
    words = (*command.args, *(redirect.target for redirect in command.redirects if redirect.operator == "<"))
    return any(path in text for word in words for text in word.alternatives for path in _FILES)


def _is_read(invocation: Invocation) -> bool:
    arguments = getopt(invocation.args)
    if invocation.name == "hostname":
        return not arguments.has(*_ADDRESS_OPTIONS) and not arguments.operands
    if invocation.name == "uname":
        return arguments.has("n", "a", "nodename", "all")
    if invocation.name == "hostnamectl":
        verbs = [known(word) for word in arguments.operands]
        return "set-hostname" not in verbs and len(verbs) < 2
    if invocation.name == "printenv":
        return [known(word) for word in arguments.operands] == ["HOSTNAME"]
    return any(_IN_PROGRAMS.search(known(word)) for word in invocation.args)


# The agent's environment


def _environment(workspace: Workspace) -> Iterator[Violation]:
    """``CODER_WORKSPACE_NAME = docker_container.workspace.hostname`` in the agent's `env`, or beside it."""
    for name, value, where in variables(workspace):
        at = from_container(value) if _IDENTITY.fullmatch(name) else None
        if at is not None:
            own = next((each.at for each in value if (each.at.path, each.at.line) == (at.path, at.line)), where)
            right, key = SOURCES.get(_variable(name), SOURCES["CODER_WORKSPACE_NAME"]), key_of(workspace, own, name)
            yield Violation(
                rule=ID,
                template=workspace.template,
                address="identity from the host name",
                evidence=name,
                span=Span(at.path, at.line, at.line),
                level="failure",
                message=f"This takes `{name}` from the container's host name.",
                edit=entry_at(workspace, own, key, right) if has_data(workspace, right) else None,
                fix=f"Write `{key} = {right}`.",
                trail=tuple(dict.fromkeys((at, workspace.step(where)))),
                related=("INV-9",),
            )


SOURCES = {
    "CODER_WORKSPACE_ID": "data.coder_workspace.me.id",
    "CODER_WORKSPACE_NAME": "data.coder_workspace.me.name",
    "CODER_WORKSPACE_OWNER_NAME": "data.coder_workspace_owner.me.name",
    "CODER_WORKSPACE_OWNER_EMAIL": "data.coder_workspace_owner.me.email",
}
_CONTAINER_NAME = re.compile(r"\bdocker_container\.[\w.*\[\]-]+\.hostname\b")


def from_container(value: Iterable[Alternative]) -> Step | None:
    """The line on which a value is taken from the container's attribute."""
    for alternative in value:
        step = Step(alternative.at.path, alternative.at.line, show(alternative.data))
        for each in (*alternative.trail, step):
            if _CONTAINER_NAME.search(each.text):
                return each
    return None
