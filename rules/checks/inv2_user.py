"""The workspace runs as the user coder.

## What it does

Follows what makes the workspace's user: the image renames Ubuntu's user (UID 1000) to `coder`, the container runs as
`coder` with the host's docker group from `var.docker_gid`, and the agent sets `HOME` to `/home/coder`.

## Why it matters

The home is a folder of the host, owned by UID 1000. A workspace that runs as somebody else, or with another home,
finds its files unreadable or writes them where they are lost at the next stop.

## Bad

```hcl
user = "root"
```

## Good

```hcl
user      = "coder"
group_add = [tostring(var.docker_gid)]
```

## Fix

Keep `user = "coder"`, `group_add` from `var.docker_gid`, `HOME = "/home/coder"` in the agent's `env`, and the rename
of the user in the image.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from rules.checks.attributes import missing, not_known, wrong
from rules.checks.support import (
    attribute_facts,
    can,
    entry_at,
    environment,
    image_fact,
    is_set_outside,
    key_of,
    line,
    way,
    with_entry,
)
from rules.model import Fact, Level, Span, Step, Undecided, Violation
from rules.sources.dockerfile import Instruction
from rules.sources.shell import UNKNOWN, Command
from rules.sources.terraform.references import references
from rules.sources.terraform.values import Alternative, ListData, MapData, Unknown, Value, as_text, show_value
from rules.sources.text import Position
from rules.workspace.environment import given
from rules.workspace.image import NAME, Image
from rules.workspace.template import Resource, Workspace

ID = "INV-2"
REQUIREMENT = "Workspace User Identity"
CLAUSES = {r"/(?:user|HOME|USER) ": "container process run user HOME", r"^image/coder": "image rename UID"}

USER = "coder"
UID = "1000"
HOME = "/home/coder"
GROUP = "var.docker_gid"

_USER_TOOLS = frozenset({"usermod", "groupmod", "useradd", "userdel", "groupadd", "adduser", "addgroup"})
_NUMERIC = re.compile(r"\d+(:\d+)?$")
"""A number is F-3's business, whatever user it is."""
_STOCK = re.compile(r"(docker\.io/)?(library/)?ubuntu([:@].*)?$")
"""Images that come with the user `ubuntu`, UID 1000."""

_ACCESS = "That group is what lets `coder` use the Docker socket without `sudo`."
_GROUPS = "[tostring(var.docker_gid)]"
_SET_HOME = f'Write `HOME = "{HOME}"` in the agent\'s `env`.'
_RENAME = f"usermod --login {USER} --home {HOME} --move-home ubuntu"
_FINAL_USER = f"End the Dockerfile with `USER {USER}`."


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        yield from attribute_facts(ID, workspace, container, ("user", "group_add"))
    yield from environment(ID, workspace, ("HOME",))
    for each in given(workspace):
        if each.name == "HOME":
            yield Fact(ID, workspace.template, f"HOME by {each.resource.kind}", show_value(each.value), line(each.at))


def image_facts(image: Image) -> Iterator[Fact]:
    for command in image.commands:
        if command.name in _USER_TOOLS:
            yield image_fact(ID, f"{command.name} in the image", command)
    final = _last_user(image)
    if final is not None:
        yield Fact(ID, NAME, "USER", " ".join(final.words), _span(final))
    for instruction in image.instructions("ENV"):
        for word in instruction.words:
            if word.startswith(("HOME=", "USER=")):
                yield Fact(ID, NAME, f"ENV {word.split('=')[0]}", word, _span(instruction))


def _span(instruction: Instruction) -> Span:
    return Span(instruction.path, instruction.start, instruction.start)


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        yield from _user(workspace, container)
        yield from _group(workspace, container)
    for agent in workspace.agents:
        yield from _home(workspace, agent)
    for each in given(workspace):
        for alternative in each.value if each.name == "HOME" else ():
            yield from _home_value(workspace, f"{each.resource.kind}/HOME", alternative, each.at)


def image_check(image: Image) -> Iterator[Violation | Undecided]:
    if image.dockerfile is not None and not image.problems:
        yield from _rename(image)
        yield from _final_user(image)


# The container and the agent


def _user(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    value = container.value("user")
    if value is None or all(alternative.data is None for alternative in value):
        message = "Without `user` the container runs as whatever user the image ends with, not surely as `coder`."
        yield missing(ID, workspace, container, "user", message, right=f'"{USER}"')
        return
    for alternative in value:
        text = as_text(alternative.data, alternative.at)
        known = text.known if text is not None else None
        if known is None:
            yield not_known(ID, workspace, container, "user", alternative)
        elif not _is_user(known, alternative):
            whom = f"`{known}`" if known else "an empty name"
            message = f"This {can(value, 'run')} the workspace as {whom} instead of `coder`."
            yield wrong(ID, workspace, container, "user", alternative, f"user={known}", message, right=f'"{USER}"')


def _is_user(known: str, alternative: Alternative) -> bool:
    """Whether it is `coder`, by name or by number. Another number that is written down is F-3's."""
    name = known.partition(":")[0]
    return name in (USER, "1000") or (_NUMERIC.match(known) is not None and not is_set_outside(alternative))


def _group(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    value, attribute = container.value("group_add"), container.instance.attribute("group_add")
    module = container.instance.scope.module
    if value is None or attribute is None or module is None or all(_is_empty(alternative) for alternative in value):
        message = "The workspace's user is not in the host's docker group: nothing adds `var.docker_gid`."
        yield missing(ID, workspace, container, "group_add", message, right=_GROUPS, why=_ACCESS)
        return
    if GROUP in references(attribute.expr, module) or _only_numbers(value):
        return
    unknown = next((a for a in value if isinstance(a.data, Unknown) or _has_unknown(a)), None)
    if unknown is not None and not _sure(references(attribute.expr, module)):
        yield not_known(ID, workspace, container, "group_add", unknown)
        return
    first = value.alternatives[0]
    if GROUP.removeprefix("var.") not in workspace.evaluator.root.variables:
        message = (
            "The template has no `var.docker_gid` any more: a deployment that sets the host's docker group by that "
            "name sets nothing. Is it renamed on purpose?"
        )
        found = wrong(ID, workspace, container, "group_add", first, "no var.docker_gid", message, level="warning")
        yield replace(found, why=_ACCESS, fix="Keep the name `docker_gid`, or have the deployment set the new one.")
        return
    message = "This adds another group than the one that `var.docker_gid` names, so the host's docker group is missing."
    evidence = "group_add lacks var.docker_gid"
    yield wrong(ID, workspace, container, "group_add", first, evidence, message, right=_GROUPS, why=_ACCESS)


def _is_empty(alternative: Alternative) -> bool:
    data = alternative.data
    return data is None or (isinstance(data, ListData) and not data.items and not data.open)


def _only_numbers(value: Value) -> bool:
    """Numbers written down: F-3 says so, on the same line."""
    lists = [a.data for a in value if isinstance(a.data, ListData) and not is_set_outside(a)]
    items = [each for data in lists for item in data.items for each in item]
    texts = [as_text(item.data, item.at) for item in items if not is_set_outside(item)]
    return bool(items) and len(texts) == len(items) and all(t is not None and (t.known or "").isdigit() for t in texts)


def _has_unknown(alternative: Alternative) -> bool:
    data = alternative.data
    items = data.items if isinstance(data, ListData) else ()
    return any(isinstance(inner.data, Unknown) for item in items for inner in item)


def _sure(made_of: frozenset[str]) -> bool:
    """Whether it is made of nothing but variables of the template, none of which is the right one."""
    return bool(made_of) and all(name.startswith("var.") or name.endswith("()") for name in made_of)


def _home(workspace: Workspace, agent: Resource) -> Iterator[Violation | Undecided]:
    what = "HOME in the agent's env"
    env = agent.value("env")
    elsewhere = any(each.name == "HOME" and each.resource.kind == "coder_env" for each in given(workspace))
    for alternative in env or ():
        data = alternative.data
        value = data.get("HOME") if isinstance(data, MapData) else None
        for each in value or ():
            yield from _home_value(workspace, f"{agent.address}/HOME", each, agent.at("env"))
        if value is not None or elsewhere:
            continue
        if isinstance(data, Unknown) or (isinstance(data, MapData) and data.open):
            yield Undecided(
                ID, workspace.template, f"{agent.address}/HOME", line(agent.at("env")), f"{what} is not known"
            )
        else:
            yield _no_home(workspace, agent)
    if env is None and not elsewhere:
        yield _no_home(workspace, agent)


def _home_value(
    workspace: Workspace, address: str, alternative: Alternative, effect: Position
) -> Iterator[Violation | Undecided]:
    text = as_text(alternative.data, alternative.at)
    known = text.known if text is not None else None
    if text is not None and known is None:
        yield Undecided(
            ID, workspace.template, address, line(alternative.at), f"HOME is `{text.show()}`, which is not known"
        )
    elif known is None or posixpath.normpath(known or ".") != HOME:
        shown = known or "nothing"
        message = f"This sets HOME to `{shown}`, so programs look for the user's files outside `{HOME}`."
        trail = way(workspace, alternative, effect)
        evidence = f"HOME={known}"
        key = key_of(workspace, alternative.at, "HOME")
        fix = _SET_HOME if key == "HOME" else f'Write `{key} = "{HOME}"`.'
        found = _violation(workspace.template, address, evidence, alternative.at, message, trail=trail, fix=fix)
        yield replace(found, edit=entry_at(workspace, alternative.at, key, f'"{HOME}"'))


def _no_home(workspace: Workspace, agent: Resource) -> Violation:
    at = agent.at("env")
    message = f"The agent's env has no HOME, so nothing makes sure that it is `{HOME}`."
    trail = (workspace.step(at),)
    lost = "HOME in the agent's env"
    address = f"{agent.address}/HOME"
    edit = with_entry(workspace, agent.instance, "env", "HOME", f'"{HOME}"')
    found = _violation(workspace.template, address, "HOME missing", at, message, trail=trail, lost=lost, fix=_SET_HOME)
    return replace(found, edit=edit)


# The image


def _rename(image: Image) -> Iterator[Violation | Undecided]:
    """What makes the user: a rename keeps the UID, a new user needs it said."""
    makers = [command for command in image.commands if _makes_user(command)]
    for command in makers:
        uid = _option(command, "-u", "--uid")
        if uid is not None and uid != UID:
            if UNKNOWN not in uid:
                message = f"This gives `coder` the UID {uid}; the files of every home on the host belong to {UID}."
                fix = f"Write `{UID}`, or rename Ubuntu's own user, which has it: `{_RENAME}`."
                yield _in_image("coder's UID", f"uid={uid}", command.position, message, fix=fix)
            continue
        if command.name in ("useradd", "adduser") and uid is None and not _removes_stock_user(image):
            message = f"This makes a new user without saying UID {UID}, which Ubuntu's own user has."
            fix = f"Rename Ubuntu's own user instead: `{_RENAME}`."
            yield _in_image("coder's UID", "uid not said", command.position, message, fix=fix)
    if not makers:
        base = list(image.instructions("FROM"))
        if base and not any(_STOCK.match(instruction.words[0]) for instruction in base if instruction.words):
            reason = (
                f"whether {base[-1].words[0] if base[-1].words else 'the base image'} has the user coder is not known"
            )
            yield Undecided(ID, NAME, "image/user", _span(base[-1]), reason)
            return
        at = image.start(base[-1] if base else None)
        message = (
            "Nothing in the image makes the user `coder` from Ubuntu's own, so the workspace has nobody to run as."
        )
        fix = f"Write `RUN {_RENAME}`."
        yield _in_image("coder", "no user coder", at, message, lost="usermod in the image", fix=fix)


def _makes_user(command: Command) -> bool:
    words = [text for word in command.args for text in word.alternatives]
    if command.name == "usermod":
        return _option(command, "-l", "--login") == USER or (
            USER in words and _option(command, "-u", "--uid") is not None
        )
    if command.name == "sed":
        return any("passwd" in text for text in words) and any(USER in text for text in words)
    return command.name in ("useradd", "adduser") and USER in words


def _removes_stock_user(image: Image) -> bool:
    return any(command.name in ("userdel", "deluser") for command in image.commands)


def _option(command: Command, *names: str) -> str | None:
    """The argument of an option: ``-u 1000``, ``-u1000``, ``--uid=1000``, or among other letters ``-mu 1000``."""
    words = [word.alternatives[0] for word in command.args]
    short = names[0][1]
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        if word in names:
            return following
        for name in names[1:]:
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
        if re.match(rf"-[a-zA-Z]*{short}$", word):
            return following
        if re.match(rf"-{short}\w+$", word):
            return word[2:]
    return None


def _final_user(image: Image) -> Iterator[Violation]:
    """The user of the last stage; the container's own `user` counts for more, hence a question."""
    instructions = image.dockerfile.instructions if image.dockerfile is not None else ()
    last = _last_user(image)
    name = " ".join(last.words).partition(":")[0].strip() if last is not None else ""
    if last is None:
        end = instructions[-1].end if instructions else 1
        message = (
            "The image does not end with `USER coder`, so it runs as root where nobody says otherwise. Is that meant?"
        )
        place = Position(image.path, end, 1)
        yield _in_image("USER", "no final USER", place, message, "warning", "USER", _FINAL_USER)
    elif name != USER and not _NUMERIC.match(name) and "$" not in name:
        message = f"The image ends as `{name}`, so it runs as that where nobody says otherwise. Is that meant?"
        yield _in_image("USER", f"final USER {name}", image.start(last), message, "warning", "USER", _FINAL_USER)


def _last_user(image: Image) -> Instruction | None:
    """The `USER` that the image ends with; those before it are for a few steps of the build."""
    return next(reversed([*image.instructions("USER")]), None)


def _in_image(
    address: str,
    evidence: str,
    at: Position,
    message: str,
    level: Level = "failure",
    lost: str | None = None,
    fix: str = "",
) -> Violation:
    return _violation(NAME, f"image/{address}", evidence, at, message, level, lost=lost, fix=fix)


def _violation(
    template: str,
    address: str,
    evidence: str,
    at: Position,
    message: str,
    level: Level = "failure",
    *,
    trail: tuple[Step, ...] = (),
    lost: str | None = None,
    fix: str = "",
) -> Violation:
    return Violation(ID, template, address, evidence, line(at), level, message, trail, lost=lost, fix=fix)
