"""A workspace knows who it is from its environment, not from its host name.

## What it does

Follows the four `CODER_WORKSPACE_*` entries of the agent's `env`, the git identity that the boot script takes from
them, and whatever the boot script reads from the host name. It reports an entry that is missing or comes from
elsewhere, a `coder_env`, a container's `env` or a script of the start that gives one of these variables another value,
and a git identity that is not theirs, `GIT_AUTHOR_NAME` and its kind included. What is taken from the host name is F-8.

## Why it matters

The host name is `<workspace>-<owner>`, cut and changed as Docker likes it, while the container's name is another one.
Whoever takes it apart gets the wrong workspace as soon as a name has a dash in it.

## Bad

```bash
git config --global user.name "Coder"
```

## Good

```hcl
env = {
  CODER_WORKSPACE_ID          = data.coder_workspace.me.id
  CODER_WORKSPACE_NAME        = data.coder_workspace.me.name
  CODER_WORKSPACE_OWNER_NAME  = data.coder_workspace_owner.me.name
  CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email
}
```

## Fix

Read `CODER_WORKSPACE_ID`, `CODER_WORKSPACE_NAME`, `CODER_WORKSPACE_OWNER_NAME` and `CODER_WORKSPACE_OWNER_EMAIL`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from rules.checks.boot_steps import is_for_user
from rules.checks.commands import (
    Concern,
    Flow,
    Invocation,
    Surface,
    deleted,
    flow_of,
    getopt,
    invocations,
    known,
    of_workspace,
    passed,
    shown,
)
from rules.checks.f08_hostname_identity import CONCERN as HOST_NAME
from rules.checks.f08_hostname_identity import SOURCES, from_container, from_host_name, identities
from rules.checks.support import (
    attribute_facts,
    command_fact,
    entry_at,
    environment,
    has_data,
    in_home,
    key_of,
    line,
    mentions,
    undecided,
    way,
    with_entry,
)
from rules.model import Edit, Fact, Level, Undecided, Violation
from rules.sources.shell import UNKNOWN, Command, Guard, Word
from rules.sources.terraform.values import Alternative, MapData, Unknown, Value, show, show_value
from rules.sources.text import Position, Text
from rules.workspace.environment import Given, given
from rules.workspace.template import Resource, Script, Workspace

ID = "INV-9"
REQUIREMENT = "Env-Sourced Workspace Identity"
SCRIPTS = ("boot",)
CLAUSES = {r"/env|^identity in the boot script CODER_": "environment variables exported shell"}

VARIABLES = tuple(f"CODER_WORKSPACE_{name}" for name in ("ID", "NAME", "OWNER_NAME", "OWNER_EMAIL"))


_SOURCES = {
    "CODER_WORKSPACE_ID": re.compile(r"\bcoder_workspace\.\w+\.id\b"),
    "CODER_WORKSPACE_NAME": re.compile(r"\bcoder_workspace\.\w+\.name\b"),
    "CODER_WORKSPACE_OWNER_NAME": re.compile(
        r"\bcoder_workspace_owner\.\w+\.(?:name|full_name)\b|\bcoder_workspace\.\w+\.owner(?:_name)?\b"
    ),
    "CODER_WORKSPACE_OWNER_EMAIL": re.compile(
        r"\bcoder_workspace_owner\.\w+\.email\b|\bcoder_workspace\.\w+\.owner_email\b"
    ),
}
"""What Coder knows each of them from; the second ones are of older Coder versions."""

_ROLES = ("AUTHOR", "COMMITTER")
_GIT = {"user.name": "CODER_WORKSPACE_OWNER_NAME", "user.email": "CODER_WORKSPACE_OWNER_EMAIL"}
_AUTHORS = {f"GIT_{who}_{what}": f"CODER_WORKSPACE_OWNER_{what}" for who in _ROLES for what in ("NAME", "EMAIL")}
_SOURCES |= {name: _SOURCES[variable] for name, variable in _AUTHORS.items()}
_GIT_OPTIONS = ("file", "blob", "type", "default", "comment")
_ASSIGNS = frozenset({"=", "export", "declare", "readonly", "typeset"})
_FILLS = frozenset({"read", "mapfile", "readarray", "printf", "unset"})
"""What gives a variable a value, or takes it away, by its name."""
_CONCERN = Concern(_FILLS | {"git"}, assigns=True)


_WHO = "Scripts and git ask it whose workspace this is: they get nothing, or somebody else's name."
_COMMITS = "The user's commits then carry another name or address, or git refuses to make them."

_OF_GIT = re.compile(r"git's|every commit|GIT_(?:AUTHOR|COMMITTER)")


def facts(workspace: Workspace) -> Iterator[Fact]:
    yield from environment(ID, workspace, _SOURCES)
    for each in given(workspace):
        if each.name in _SOURCES:
            by = f"{each.name} by {each.resource.kind}"
            yield Fact(ID, workspace.template, by, show_value(each.value), line(each.at))
    for container in workspace.containers:
        yield from attribute_facts(ID, workspace, container, ("hostname",))
    for script in workspace.boot:
        flow = flow_of(script.program)
        for command in flow.select(HOST_NAME):
            for identity in identities(flow, command):
                yield command_fact(ID, workspace.template, f"{identity} from the host name", command)
            what = _role(command)
            if what is not None:
                yield command_fact(ID, workspace.template, what, command)


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for agent in workspace.agents:
        yield from _environment(workspace, agent)
    for each in given(workspace):
        yield from _entry(workspace, each.address, each.name, each.value, each.at)
    surface = of_workspace(workspace)
    for script in workspace.boot:
        yield from _script(surface, script, alone=True)
    for script in workspace.beside:
        yield from _script(surface, script, alone=False)


# The agent's environment


def _environment(workspace: Workspace, agent: Resource) -> Iterator[Violation | Undecided]:
    value = agent.value("env")
    maps = [each.data for each in value or () if isinstance(each.data, MapData)]
    unknown = any(isinstance(each.data, Unknown) for each in value or ())
    missing = [name for name in VARIABLES if not maps or any(each.get(name) is None for each in maps)]
    if unknown or (missing and any(each.open for each in maps)):
        reason = f"the agent's env is not known in full, so whether it has {', '.join(missing or VARIABLES)} is open"
        yield undecided(workspace, ID, f"{agent.address}/env", agent.at("env"), reason)
        return
    resources: dict[Position, list[Given]] = {}
    for variable in given(workspace):
        if variable.name in missing and variable.resource.kind == "coder_env":
            resources.setdefault(variable.at, []).append(variable)
            missing.remove(variable.name)
    for several in resources.values():
        yield _by_resource(workspace, several)
    for name in missing:
        yield _missing(workspace, agent, name)
    for name in _SOURCES:
        for each in maps:
            yield from _entry(workspace, f"{agent.address}/env/{name}", name, each.get(name), agent.at("env"))


def _by_resource(workspace: Workspace, several: Sequence[Given]) -> Violation:
    """A `coder_env` reaches the same shells, and is not what the contract names."""
    names, first = ", ".join(f"`{each.name}`" for each in several), several[0]
    entries = "`, `".join(f"{each.name} = {SOURCES[each.name]}" for each in several)
    return Violation(
        rule=ID,
        template=workspace.template,
        address=first.address,
        evidence=f"{names} by coder_env",
        span=line(first.at),
        level="warning",
        message=f"This gives {names} by a `coder_env`, where the contract has the agent's `env`. Is that meant?",
        trail=(workspace.step(first.at),),
        why="Whoever looks for it in `coder_agent.env`, a check or a person, does not find it there.",
        fix=f"Write `{entries}` in the agent's `env`.",
    )


def _missing(workspace: Workspace, agent: Resource, name: str) -> Violation:
    known_source = has_data(workspace, SOURCES[name])
    return Violation(
        rule=ID,
        template=workspace.template,
        address=f"{agent.address}/env",
        evidence=f"{name} missing",
        span=line(agent.at("env")),
        level="failure",
        message=f"The agent's `env` does not say `{name}`.",
        trail=(workspace.step(agent.at("env")),),
        edit=with_entry(workspace, agent.instance, "env", name, SOURCES[name]) if known_source else None,
        lost=f"{name} in the agent's env",
        why=_WHO,
        fix=f"Write `{name} = {SOURCES[name]}`.",
    )


def _entry(workspace: Workspace, address: str, name: str, value: Value | None, effect: Position) -> Iterator[Violation]:
    """A variable that says who the workspace is; others may have any value. What is taken from a host name is F-8's."""
    for alternative in value if value is not None and name in _SOURCES else ():
        written = alternative.data.show() if isinstance(alternative.data, Text) else show(alternative.data)
        if _SOURCES[name].search(written) or from_container([alternative]) or (not written and name in _AUTHORS):
            continue
        level = "warning" if _is_fallback(workspace, name, value, alternative) else _certainty(alternative, written)
        right, key = SOURCES[_AUTHORS.get(name, name)], key_of(workspace, alternative.at, name)
        question = " Is that meant?" if level == "warning" else ""
        yield Violation(
            rule=ID,
            template=workspace.template,
            address=address,
            evidence=f"{name} = {written}",
            span=line(alternative.at),
            level=level,
            message=f"This gives `{name}` the value `{written}` in place of the one that Coder has for it.{question}",
            trail=way(workspace, alternative, effect),
            edit=entry_at(workspace, alternative.at, key, right) if has_data(workspace, right) else None,
            why=_COMMITS if name in _AUTHORS else _WHO,
            fix=f"Write `{key} = {right}`.",
        )


def _is_fallback(workspace: Workspace, name: str, value: Value | None, alternative: Alternative) -> bool:
    """Whether it stands only where Coder's own is empty: ``coalesce(data.coder_workspace_owner.me.email, "…")``."""
    own = (show(each.data) for each in value or ())
    line_of = workspace.step(alternative.at).text
    return _FALLS_BACK.search(line_of) is not None and any(_SOURCES[name].search(text) for text in own)


def _certainty(alternative: Alternative, written: str) -> Level:
    """A fixed text and another of Coder's values are wrong for sure; what else it may be is a question."""
    fixed = alternative.data is None or (isinstance(alternative.data, Text) and alternative.data.known is not None)
    sure = (fixed and alternative.variable is None) or "data.coder_workspace" in written
    return "failure" if sure else "warning"


_FALLS_BACK = re.compile(r"""\b(?:coalesce|try)\(|[!=]= ""\s*\?""")


# The boot script


def _script(surface: Surface, script: Script, *, alone: bool) -> Iterator[Violation]:
    """`alone`: no other script has to set what it does not."""
    flow = flow_of(script.program)
    set_by: dict[str, Command] = {}
    for command in flow.select(_CONCERN):
        if command.name in _ASSIGNS:
            for assignment in command.assignments:
                if assignment.name in _AUTHORS and command.name != "=" and command.in_main_shell:
                    yield from _author(surface, flow, command, assignment.name, assignment.value)
                if assignment.name in VARIABLES and not _is_own(flow, command, assignment.name, assignment.value):
                    yield _other_value(surface, command, assignment.name, assignment.value)
        elif command.name in _FILLS:
            yield from _filled(surface, flow, command)
        for invocation in invocations(command) if command.name == "git" else ():
            yield from _git(surface, flow, invocation, set_by)
    for command in flow.select(Concern(writes=True)):
        yield from _kept(surface, flow, command)
    if alone and len(set_by) == 1 and not script.program.problems:
        yield _half(surface, script, *set_by.items())


def _filled(surface: Surface, flow: Flow, command: Command) -> Iterator[Violation]:
    """``read -r CODER_WORKSPACE_NAME``, ``printf -v``, ``unset``."""
    names = command.args[1:2] if command.name == "printf" else command.args
    by_name = command.name != "printf" or known(command.args[0]) == "-v" if command.args else False
    taken = set(identities(flow, command))
    for word in names if by_name else ():
        name = known(word)
        if name not in VARIABLES or name in taken or _is_asked(command, name):
            continue
        if command.name == "unset":
            message, fix = f"After `{shown(command)}` nothing knows `{name}`.", "Leave it out."
            yield _wrong(surface, command, f"{name} is unset", message, fix, "warning")
        elif not any(_is_identity(origin.name) for each in command.args[2:] for origin in each.origins):
            yield _other_value(surface, command, name, word)


_LINE = re.compile(rf"^\s*(?:export\s+)?({'|'.join(_SOURCES)})=(['\"]?)([^$`\n{UNKNOWN}]+)\2\s*$", re.MULTILINE)
"""A line of a shell's settings that gives one of the variables a fixed value."""
_GIT_USER = re.compile(rf"\[user\](?:\s*\w+ *=.*\n)*?\s*(name|email) *= *([^\s$`{UNKNOWN}][^$`\n{UNKNOWN}]*)")
"""A user's name or address in git's settings."""


def _kept(surface: Surface, flow: Flow, command: Command) -> Iterator[Violation]:
    """``echo 'export GIT_AUTHOR_NAME=Bot' >> ~/.bashrc``, which every shell reads."""
    for write in flow.writes(command):
        if any(in_home(path) or path.startswith("/etc/") for path in write.paths):
            for name, _, value in dict.fromkeys(each for text in write.texts for each in _LINE.findall(text)):
                message = f"`{shown(command)}` gives `{name}` the value `{value}` in every shell."
                own = f"git takes it from `{_AUTHORS[name]}`" if name in _AUTHORS else "the agent's `env` sets it"
                fix = f"Leave it out: {own}."
                yield _wrong(surface, command, f"{name} = {value}", message, fix)
        if any(posixpath.basename(path) == ".gitconfig" for path in write.paths):
            for key, value in dict.fromkeys(each for text in write.texts for each in _GIT_USER.findall(text)):
                variable = _GIT[f"user.{key}"]
                message = f"`{shown(command)}` sets git's `user.{key}` from something else than `{variable}`."
                fix = f'Leave it out, and write `git config --global user.{key} "${variable}"`.'
                yield _wrong(surface, command, f"git user.{key} = {value}", message, fix)


def _author(surface: Surface, flow: Flow, command: Command, name: str, word: Word) -> Iterator[Violation]:
    """``export GIT_AUTHOR_NAME=…``, which counts for more than what ``git config`` says."""
    variable = _AUTHORS[name]
    if word.alternatives == ("",) or from_host_name(flow, word) or _reads(flow, word, variable):
        return
    if any(origin.name == variable or _SOURCES[variable].search(origin.name) for origin in word.origins):
        return
    if _is_asked(command, name) or _is_asked(command, variable):
        return
    sure = word.value is not None or any(_is_identity(origin.name) for origin in word.origins)
    message = f"`{shown(command)}` gives every commit another identity than `{variable}`."
    fix = f'Write `export {name}="${variable}"`, or leave it to `git config`.'
    yield _wrong(surface, command, f"{name} = {known(word)}", message, fix, "failure" if sure else "warning")


def _is_own(flow: Flow, command: Command, name: str, word: Word) -> bool:
    """Whether a value comes from the environment, stands in for a missing one, or is F-8's."""
    if word.alternatives == ("",) or from_host_name(flow, word):
        return True
    if any(_is_identity(origin.name) for origin in word.origins):
        return True
    return _is_asked(command, name)


def _is_asked(command: Command, name: str) -> bool:
    """Whether a condition asks for a variable, unless what it says is that the variable has a value."""
    found = [guard for guard in command.guards if guard.test is not None and name in guard.test.raw]
    return bool(found) and not any(_has_value(guard, name) for guard in found)


def _has_value(guard: Guard, name: str) -> bool:
    """``[ -n "$NAME" ]``."""
    words = guard.test.argv[1:] if guard.test is not None and guard.test.name == "test" else ()
    match [word.raw.strip('"') for word in words]:
        case [value] | ["-n", value]:
            return name in value and guard.holds
        case ["-z", value]:
            return name in value and not guard.holds
    return False


def _is_identity(name: str) -> bool:
    return name in VARIABLES or "coder_workspace" in name


def _other_value(surface: Surface, command: Command, name: str, word: Word) -> Violation:
    message, fix = f"`{shown(command)}` gives `{name}` another value.", f"Leave `{name}` as the agent's `env` sets it."
    return _wrong(surface, command, f"{name} = {known(word)}", message, fix)


def _git(surface: Surface, flow: Flow, invocation: Invocation, set_by: dict[str, Command]) -> Iterator[Violation]:
    """``git config --global user.name value``."""
    words = [known(word) for word in invocation.args]
    if words[:1] != ["config"]:
        return
    arguments = getopt(invocation.args[1:], "f", _GIT_OPTIONS)
    operands = arguments.operands[1:] if words[1:2] == ["set"] else arguments.operands
    key = known(operands[0]).lower() if len(operands) > 1 else ""
    if key not in _GIT or arguments.has("get", "unset", "unset-all") or not is_for_user(arguments, invocation.command):
        return
    set_by.setdefault(key, invocation.command)
    word, variable = operands[1], _GIT[key]
    pattern = _SOURCES[variable]
    if any(origin.name == variable or pattern.search(origin.name) for origin in word.origins):
        return
    if _reads(flow, word, variable):
        # What the variable holds is said where the agent's env gives it.
        return
    if from_host_name(flow, word) or _is_asked(invocation.command, variable):
        return
    made = {origin.kind for origin in word.origins}
    sure = word.value is not None or made == {"command"} or any(_is_identity(o.name) for o in word.origins)
    level: Level = "failure" if sure else "warning"
    message = f"`{shown(invocation.command)}` sets git's `{key}` from something else than `{variable}`."
    fix = f'Write `git config --global {key} "${variable}"`.'
    yield _wrong(surface, invocation.command, f"git {key} = {known(word)}", message, fix, level)


def _reads(flow: Flow, word: Word, variable: str) -> bool:
    """Whether a word is written with this variable, or with one that was set with it."""
    places = [origin.position for origin in word.origins if origin.kind == "assignment"]
    values = [a.value.raw for at in places for c in flow.by_position.get(at, []) for a in c.assignments]
    return any(re.search(rf"(?:\$\{{?|\bprintenv +){variable}\b", raw) for raw in (word.raw, *values))


def _wrong(
    surface: Surface, command: Command, evidence: str, message: str, fix: str, level: Level = "failure"
) -> Violation:
    return Violation(
        rule=ID,
        template=surface.template,
        address="identity in the boot script",
        evidence=evidence,
        span=line(command.told),
        level=level,
        message=message + (" Is that meant?" if level == "warning" else ""),
        trail=surface.steps(passed(command)),
        edit=_written_instead(surface, command, fix),
        why=_COMMITS if _OF_GIT.search(message) else _WHO,
        fix=fix,
    )


def _written_instead(surface: Surface, command: Command, fix: str) -> Edit | None:
    """The edit that leaves a command out, or writes that of the advice in its place, where it is there once."""
    if fix.startswith("Leave "):
        return deleted(surface, command)
    at, text = command.position, surface.line(command.position)
    advice = re.match(r"Write `([^`]*)`", fix)
    has_text = any(redirect.here is not None for redirect in command.redirects)
    if advice is None or has_text or command.told != at or "\n" in command.raw or text.count(command.raw) != 1:
        return None
    return Edit(at.path, at.line, at.line, text.replace(command.raw, advice[1]))


def _half(surface: Surface, script: Script, only: tuple[str, Command]) -> Violation:
    """Git knows the name without the address or the other way round."""
    key, command = only
    other = next(each for each in _GIT if each != key)
    at: Position = command.position
    return Violation(
        rule=ID,
        template=surface.template,
        address=f"{script.address}/git",
        evidence=f"git {other} missing",
        span=line(at),
        level="failure",
        message=f"The boot script sets git's `{key}` and not its `{other}`.",
        trail=surface.steps((at,)),
        lost=f"git {other}",
        why=_COMMITS,
        fix=f'Write `git config --global {other} "${_GIT[other]}"` beside it.',
    )


def _role(command: Command) -> str | None:
    if command.name == "git" and mentions(command, "config"):
        words = [known(word) for word in command.args]
        only_asks = words[-1] in _GIT and not any("unset" in word for word in words)
        return None if only_asks else next((f"git {key}" for key in _GIT if mentions(command, key)), None)
    if any(a.name in VARIABLES for a in command.assignments):
        return "workspace identity"
    return None
