"""One DDEV project, bound to port 80 of the workspace, reached through Coder.

## What it does

Follows the `coder_app` that offers the site (`url`, `subdomain`, `healthcheck`), the container's published ports, and
the boot script's global DDEV configuration, which leaves out `ddev-router`: by `ddev config global`, or by a
`global_config.yaml` that it writes or copies. It reports a site that is offered elsewhere, without a subdomain or
without a healthcheck, a router that is not left out, and a boot script that starts several projects. Other apps are
free. Published ports are F-6.

## Why it matters

Coder's tunnel ends at port 80 of the workspace. If the router is there too, or the app points elsewhere, the user's
site does not open, and nothing in DDEV says why.

## Bad

```hcl
resource "coder_app" "ddev-web" {
  agent_id  = coder_agent.main.id
  slug      = "web"
  url       = "http://localhost:8080"
  subdomain = true
}
```

## Good

```hcl
resource "coder_app" "ddev-web" {
  agent_id  = coder_agent.main.id
  slug      = "web"
  url       = "http://localhost:80"
  subdomain = true
  healthcheck {
    url = "http://localhost:80"
  }
}
```

## Fix

Keep a `coder_app` on `http://localhost:80` with `subdomain = true` and a healthcheck on the same URL, and DDEV
configured with `--omit-containers=ddev-router`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.attributes import not_known
from rules.checks.commands import (
    Concern,
    Invocation,
    Option,
    essence,
    flow_of,
    getopt,
    invocations,
    known,
    located,
    of_workspace,
    passed,
    replaced,
    shown,
)
from rules.checks.daemon import can_run
from rules.checks.guards import Guards, guards_of
from rules.checks.inv6_hydration import STAGED
from rules.checks.staging import BRINGING, brings
from rules.checks.support import (
    attribute_facts,
    block_fact,
    calls,
    command_fact,
    corrected,
    in_home,
    line,
    mentions,
    removed,
    set_to,
    undecided,
    way,
    written_to,
)
from rules.model import Edit, Fact, Level, Span, Step, Undecided, Violation
from rules.sources.shell import HOME, UNKNOWN, Command, Guard, Program
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.values import Alternative, Unknown, as_bool, as_text, show
from rules.sources.text import Position
from rules.sources.tree import Unreadable, read_text
from rules.workspace.image import Image
from rules.workspace.template import Resource, Workspace

ID = "INV-7"
REQUIREMENT = "Direct-Bind Single-Project Web Routing"
SCRIPTS = ("boot",)
CLAUSES = {
    r"^app for the site |^coder_app\.": "coder_app advertise url subdomain healthcheck",
    r"^boot/projects ": "most one project",
}

URL = "http://localhost:80"
ROUTER = "ddev-router"
GLOBAL_CONFIG = "image/scripts/.ddev/global_config.yaml"
_HOME_CONFIG = f"{HOME}/.ddev/global_config.yaml"
_SITE = "app for the site"
_PORT = "port of the site"
_PORT_OPTION = "host-webserver-port"
_NOT_OFFERED = f"nothing on {URL}"
MAX_APART = 8
"""Lines between two that one suggestion changes."""

_CONFIGURATION = "global DDEV configuration"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104
_TOOL = re.compile(
    r"code|cursor|windsurf|jetbrains|idea|phpstorm|terminal|shell|mail|adminer|phpmyadmin|xhgui|solr|log|doc|status|jupyter",
    re.IGNORECASE,
)
_DDEV = Concern(frozenset({"ddev"}))
_CONFIGURING = Concern(BRINGING.programs | {"ddev", "yq", "sed"}, writes=True)
_IS_SITE = re.compile(r"web|site|ddev|drupal|project", re.IGNORECASE)


def facts(workspace: Workspace) -> Iterator[Fact]:
    for app in workspace.resources("coder_app"):
        for fact in attribute_facts(ID, workspace, app, ("url", "subdomain")):
            yield Fact(fact.id, fact.template, f"{app.name} {fact.what}", fact.value, fact.span)
        for block in app.instance.blocks("healthcheck"):
            yield block_fact(ID, workspace, f"{app.name} healthcheck", block, ("url", "interval", "threshold"))
    # One is enough: where a second one goes, the site is offered all the same.
    for app in [each for each in workspace.resources("coder_app") if "right" in _meanings(each)][:1]:
        body = app.instance.block
        yield Fact(ID, workspace.template, _SITE, "there", Span(body.at.path, body.at.line, body.end_line))
    for container in workspace.containers:
        for block in container.instance.blocks("ports"):
            yield block_fact(ID, workspace, "`ports` block", block, ("internal", "external", "ip", "protocol"))
        publishing = attribute_facts(ID, workspace, container, ("network_mode", "publish_all_ports"))
        yield from (fact for fact in publishing if fact.value not in ('"bridge"', "false"))
    for script in workspace.boot:
        for command, option in _ports(script.program):
            yield Fact(ID, workspace.template, _PORT, option.value.replace(UNKNOWN, "…"), command.span, calls(command))
        for command in flow_of(script.program).select(_CONFIGURING):
            is_config = command.name == "ddev" and mentions(command, "config") and mentions(command, "global")
            if is_config or written_to(command, _HOME_CONFIG):
                yield command_fact(ID, workspace.template, _CONFIGURATION, command)


def image_facts(image: Image) -> Iterator[Fact]:
    text = _staged(image)
    if text is not None:
        said = [own for own in map(str.strip, text.splitlines()) if own and not own.startswith("#")]
        at, _ = _said_at(text)
        yield Fact(ID, "image", "global_config.yaml in the image", "; ".join(said), Span(GLOBAL_CONFIG, at, at))


def _said_at(text: str) -> tuple[int, str]:
    """The line of a configuration that says which containers are left out; the first one if none does."""
    lines = [own.strip() for own in text.split("\n")]
    at = next((n for n, own in enumerate(lines) if own.startswith("omit_containers")), 0)
    return at + 1, lines[at]


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    if workspace.agents or workspace.containers:
        yield from _app(workspace)
    yield from _router(workspace)
    yield from _port(workspace)
    yield from _projects(workspace)


# The app


def _app(workspace: Workspace) -> Iterator[Violation | Undecided]:
    """One app has to offer the site; the others may be what they like."""
    apps = [app for app in workspace.resources("coder_app") if app.value("url") is not None]
    sites = [app for app in apps if "right" in _meanings(app)] or [app for app in apps if "same" in _meanings(app)]
    if not sites and not workspace.is_read:
        return
    sites = sites or _likely(apps)
    if not sites:
        yield _no_app(workspace)
        return
    found = [[*_url(workspace, app), *_flags(workspace, app), *_healthcheck(workspace, app)] for app in sites]
    yield from min(found, key=len)


def _likely(apps: list[Resource]) -> list[Resource]:
    """Which app was meant to offer the site, where none has its address."""
    local = [app for app in apps if not _TOOL.search(_called(app)) and "elsewhere" not in _meanings(app)]
    return [app for app in local if _IS_SITE.search(_called(app))][:1] or local[:1]


def _called(app: Resource) -> str:
    labels = (text for name in ("slug", "display_name") for text in _texts(app, name))
    return " ".join((app.name, *labels))


def _texts(app: Resource, name: str) -> Iterator[str]:
    for alternative in app.value(name) or ():
        text = as_text(alternative.data, alternative.at)
        if text is not None and text.known is not None:
            yield text.known


def _meanings(app: Resource) -> set[str]:
    return {_meaning(alternative) for alternative in app.value("url") or ()}


def _meaning(alternative: Alternative) -> str:
    """right: as the contract has it. same: means the same. path: a page of the site. other: another port. elsewhere."""
    text = as_text(alternative.data, alternative.at)
    if text is None or text.known is None:
        return "unknown"
    if text.known == URL:
        return "right"
    try:
        parts = urlsplit(text.known)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "other"
    if parts.hostname not in _LOOPBACK:
        return "elsewhere"
    if parts.scheme != "http" or port != 80:
        return "other"
    return "same" if parts.path in ("", "/") and not parts.query else "path"


_NO_BUTTON = "Where it is not there, the user has no button that opens the site."
_PATHS = "The site's own links and redirects, which begin with `/`, then lead to Coder's pages and not to the site."
_WHY_CHECKED = "Coder asks this address whether the site is up: without it the app looks ready while nothing answers."
_CHECK = f'Add a `healthcheck` block with `url = "{URL}"`, `interval = 5` and `threshold = 6`.'


def _with_healthcheck(app: Resource) -> Edit | None:
    """The block as the last one of the app."""
    body = app.instance.block
    if body.end_line == body.at.line:
        return None
    block = f'  healthcheck {{\n    url       = "{URL}"\n    interval  = 5\n    threshold = 6\n  }}'
    return Edit(body.at.path, body.end_line, body.end_line - 1, block)


def _no_app(workspace: Workspace) -> Violation | Undecided:
    outside = next(workspace.outside, None)
    if outside is not None:
        reason = f"`module.{outside.labels[0]}` is not in this repository; it may offer the site"
        return undecided(workspace, ID, _SITE, outside.at, reason)
    place = next(iter((*workspace.resources("coder_app"), *workspace.agents, *workspace.containers)))
    at = place.instance.at
    return Violation(
        rule=ID,
        template=workspace.template,
        address=_SITE,
        evidence=_NOT_OFFERED,
        span=line(at),
        level="failure",
        message=f"No `coder_app` offers the site at `{URL}`.",
        trail=(workspace.step(at),),
        lost=_SITE,
        fix=f'Add a `coder_app` with `url = "{URL}"`, `subdomain = true` and a `healthcheck` of the same URL.',
        why="The user then has no button that opens the site.",
    )


def _url(workspace: Workspace, app: Resource) -> Iterator[Violation | Undecided]:
    for alternative in app.value("url") or ():
        meaning = _meaning(alternative)
        if meaning == "unknown":
            yield not_known(ID, workspace, app, "url", alternative)
        elif meaning != "right":
            said = show(alternative.data).strip('"')
            asks = meaning in ("same", "path")
            message = f"The site is offered at `{said}`, not at `{URL}`."
            if asks:
                message = f"The site is offered at `{said}`. Is `{URL}` meant, as the contract has it?"
            found = _at_value(
                workspace, app, app.instance, "url", alternative, message, "warning" if asks else "failure"
            )
            if not asks:
                # Whatever is wrong with the address, it is one thing: nothing offers the site.
                found = replace(found, address=_SITE, evidence=_NOT_OFFERED, edit=_both(workspace, app) or found.edit)
            yield found


def _both(workspace: Workspace, app: Resource) -> Edit | None:
    """The right address for the app and for the healthcheck that asks the same one."""
    for block in app.instance.blocks("healthcheck"):
        first = set_to(workspace, app.instance, "url", f'"{URL}"')
        last = set_to(workspace, block, "url", f'"{URL}"')
        if first is None or last is None or not _same_address(app, block) or first.path != last.path:
            continue
        lines = workspace.evaluator.source.lines.get(first.path, [])
        if first.start < last.start <= first.start + MAX_APART:
            between = [text.rstrip("\r") for text in lines[first.start : last.start - 1]]
            return Edit(first.path, first.start, last.end, "\n".join((first.text, *between, last.text)))
    return None


def _same_address(app: Resource, block: BlockInstance) -> bool:
    own = set(_texts(app, "url"))
    values = (as_text(each.data, each.at) for each in block.value("url") or ())
    return len(own) == 1 and {text.known for text in values if text is not None} == own


def _at_value(
    workspace: Workspace,
    app: Resource,
    block: BlockInstance,
    name: str,
    alternative: Alternative,
    message: str,
    level: Level,
) -> Violation:
    inner = "" if block is app.instance else "healthcheck/"
    attribute = block.attribute(name)
    right = "true" if name == "subdomain" else f'"{URL}"'
    return Violation(
        rule=ID,
        template=workspace.template,
        address=f"{app.address}/{inner}{name}",
        evidence=f"{name}={show(alternative.data)}".replace('"', ""),
        span=line(alternative.at),
        level=level,
        message=message,
        trail=way(workspace, alternative, attribute.at if attribute is not None else block.at),
        lost=f"{app.name} {inner.rstrip('/') or name}",
        edit=corrected(workspace, block, name, alternative, right),
        fix=f"Write `{name} = {right}`" + (" in the `healthcheck`." if inner else "."),
        why=_PATHS if name == "subdomain" else _WHY_CHECKED if inner else "",
    )


def _flags(workspace: Workspace, app: Resource) -> Iterator[Violation | Undecided]:
    """`subdomain` is true, `external` is not, and the app is there in every workspace."""
    at = app.instance.at
    value = app.value("subdomain")
    if value is None or all(alternative.data is None for alternative in value):
        message = "The app has no `subdomain = true`, so Coder serves the site under a path."
        found = _lacks(workspace, app, "subdomain", app.at("subdomain"), message, edit=_with_subdomain(workspace, app))
        yield replace(found, fix="Write `subdomain = true`.", why=_PATHS)
    for alternative in value or ():
        if isinstance(alternative.data, Unknown):
            yield not_known(ID, workspace, app, "subdomain", alternative)
        elif as_bool(alternative.data) is False:
            message = "The app has `subdomain = false`, so Coder serves the site under a path."
            yield _at_value(workspace, app, app.instance, "subdomain", alternative, message, "failure")
    for alternative in app.value("external") or ():
        if as_bool(alternative.data) is True:
            message = "`external = true` makes a plain link of the app, past Coder's tunnel."
            found = _lacks(workspace, app, "external", alternative.at, message)
            edit = removed(workspace, app.instance, "external", alternative)
            why = f"The browser then opens `{URL}` on the user's own computer, where no site runs."
            yield replace(found, edit=edit, fix="Leave `external` out.", why=why)
    if app.instance.presence in ("conditional", "settable"):
        message = "The app that offers the site is not there in every workspace. Is that meant?"
        found = _lacks(workspace, app, "presence", at, message, "warning")
        yield replace(found, fix="Write it without `count` or `for_each`: each workspace has a site.", why=_NO_BUTTON)


def _with_subdomain(workspace: Workspace, app: Resource) -> Edit | None:
    attribute = app.instance.attribute("url")
    if attribute is None or attribute.end_line != attribute.at.line or app.instance.attribute("subdomain") is not None:
        return None
    lines = workspace.evaluator.source.lines.get(attribute.at.path, [])
    text = lines[attribute.at.line - 1].rstrip("\r")
    match = re.match(r"(\s*)url(\s*)=", text)
    if match is None:
        return None
    padding = " " * max(len("url") + len(match[2]) - len("subdomain"), 1)
    return Edit(attribute.at.path, attribute.at.line, attribute.at.line, f"{text}\n{match[1]}subdomain{padding}= true")


def _lacks(
    workspace: Workspace,
    app: Resource,
    what: str,
    at: Position,
    message: str,
    level: Level = "failure",
    edit: Edit | None = None,
) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=f"{app.address}/{what}",
        evidence=what,
        span=line(at),
        level=level,
        message=message,
        trail=(workspace.step(at),),
        lost=f"{app.name} {what}",
        edit=edit,
    )


def _healthcheck(workspace: Workspace, app: Resource) -> Iterator[Violation | Undecided]:
    blocks = app.instance.blocks("healthcheck")
    if not blocks:
        message = "The app that offers the site has no `healthcheck`."
        found = _lacks(workspace, app, "healthcheck", app.instance.at, message, edit=_with_healthcheck(app))
        yield replace(found, fix=_CHECK, why=_WHY_CHECKED)
    for block in blocks:
        if block.presence in ("conditional", "settable"):
            message = "The healthcheck is not there in every workspace. Is that meant?"
            found = _lacks(workspace, app, "healthcheck", block.at, message, "warning")
            yield replace(found, fix="Write it without the condition.", why=_WHY_CHECKED)
        for alternative in block.value("url") or ():
            meaning = _meaning(alternative)
            if meaning in ("right", "unknown") or (meaning == "other" and _same_address(app, block)):
                continue
            said = show(alternative.data).strip('"')
            asks = meaning in ("same", "path")
            message = f"The healthcheck asks `{said}`, which is not where the site is."
            if asks:
                message = f"The healthcheck asks `{said}`. Is `{URL}` meant, as the contract has it?"
            yield _at_value(workspace, app, block, "url", alternative, message, "warning" if asks else "failure")


# The router


_ROUTER_ADDRESS, _ROUTER_EVIDENCE = "boot/router", "not left out"
"""One thing, whether nothing leaves it out or something takes it in again."""


class _Setting(Struct, frozen=True):
    """A command that says which containers DDEV leaves out; `omitted` is None if that is not known.

    source: the line of the image's file that says it, where the command copies that
    """

    omitted: bool | None
    command: Command
    source: tuple[Step, ...] = ()


_LISTED = re.compile(r"omit_containers['\"]?\]?[ \t]*:?=?[ \t]*(\[[^\]]*\]|(?:\n\s*-\s*\S+)+|\S+)")


def _router(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for script in workspace.boot:
        settings = list(_settings(workspace, script.program))
        guards = guards_of(flow_of(script.program))
        while len(settings) > 1 and guards.protect(
            # What is done because the file lacks it is done where the file is.
            settings[-1].command,
            (_HOME_CONFIG,),
            grep=not settings[-1].omitted,
        ):
            settings.pop()  # The settings before it have made the file already.
        hidden = next((each for each in script.program.unresolved if each.kind != "system"), None)
        last = settings[-1] if settings else None
        if last is not None and last.omitted is False:
            others = [each.command for each in settings[:-1] if each.omitted]
            asks = any(not set(last.command.guards) <= set(other.guards) for other in others)
            yield _with_router(workspace, last, asks=asks)
        elif last is not None and last.omitted is None and last.command.name == "ddev":
            reason = f"which containers `{shown(last.command)}` leaves out is not known"
            yield undecided(workspace, ID, _ROUTER_ADDRESS, last.command.position, reason)
        elif last is not None:
            yield from _left_out_sometimes(workspace, settings, guards)
        elif hidden is not None:
            reason = f"{hidden.reason}; it may tell DDEV to leave out its router"
            yield undecided(workspace, ID, _ROUTER_ADDRESS, hidden.position, reason)
        elif not script.program.problems:
            yield Violation(
                rule=ID,
                template=workspace.template,
                address=_ROUTER_ADDRESS,
                evidence=_ROUTER_EVIDENCE,
                span=line(script.at),
                level="failure",
                message="The boot script does not tell DDEV to leave out its router, which then takes port 80 itself.",
                trail=(workspace.step(script.at),),
                lost=_CONFIGURATION,
                fix=_OMIT,
            )


def _with_router(workspace: Workspace, setting: _Setting, *, asks: bool) -> Violation:
    """`asks`: it only runs on a condition, and otherwise the router is left out."""
    command = setting.command
    return Violation(
        rule=ID,
        template=workspace.template,
        address=_ROUTER_ADDRESS,
        evidence=_ROUTER_EVIDENCE,
        span=line(command.told),
        level="warning" if asks else "failure",
        message=f"After `{shown(command)}` DDEV runs its router, which takes port 80 itself."
        + (" Is that condition meant?" if asks else ""),
        trail=(*setting.source, *of_workspace(workspace).steps(passed(command))),
        lost=_CONFIGURATION,
        edit=_omitting(workspace, setting),
        fix=_OMIT if command.name == "ddev" else _listed(setting.source),
    )


_OMIT = f"Write `ddev config global --omit-containers={ROUTER}`."


def _listed(source: Sequence[Step]) -> str:
    file = f"`{source[0].path}`" if source else "that file"
    return f"Write `omit_containers: [{ROUTER}]` into {file}."


def _omitting(workspace: Workspace, setting: _Setting) -> Edit | None:
    """``--omit-containers=ddev-router`` in place of another value."""
    for invocation in invocations(setting.command):
        for option in getopt(invocation.args, "", ("omit-containers",)).values("omit-containers"):
            if option.word.raw.startswith("--omit-containers="):
                surface, at = of_workspace(workspace), option.word.position
                text, raw = surface.line(at), option.word.raw
                if text.count(raw) == 1:
                    return Edit(at.path, at.line, at.line, text.replace(raw, f"--omit-containers={ROUTER}"))
    return None


def _left_out_sometimes(workspace: Workspace, settings: Sequence[_Setting], guards: Guards) -> Iterator[Violation]:
    """What takes the router in at every start, where that it is left out hangs on a condition."""
    taken_in = [n for n, each in enumerate(settings) if each.omitted is False]
    if not taken_in or guards.protect(settings[taken_in[-1]].command, (_HOME_CONFIG,)):
        return
    command = settings[taken_in[-1]].command
    later = [each.command for each in settings[taken_in[-1] + 1 :]]
    more = [[guard for guard in each.guards if guard not in command.guards and _decides(guard)] for each in later]
    if all(more) and not any(_exclusive(command.guards, each.guards) for each in later):
        once = all(any(_is_first_time(guard, each) for guard in own) for own, each in zip(more, later, strict=True))
        found = _with_router(workspace, settings[taken_in[-1]], asks=not once)
        at = f"(line {later[-1].position.line})"
        when = f"only at the first start {at}." if once else f"only on a condition {at}. Is that meant?"
        message = f"After `{shown(command)}` DDEV runs its router, which takes port 80 itself: it is left out {when}"
        steps = of_workspace(workspace).steps(each.position for each in later)
        yield replace(found, message=message, trail=(*found.trail, *steps))


def _decides(guard: Guard) -> bool:
    """Whether a condition is put on purpose: not that a command worked, or how DDEV is configured by now."""
    if guard.test is None:
        return True
    about_it = any(word in guard.test.raw for word in (ROUTER, "global_config", "omit"))
    return guard.test.name in ("test", "case", "grep") and not about_it


def _is_first_time(guard: Guard, command: Command) -> bool:
    """Whether a condition holds only until something is in the home, which stays."""
    words = guard.test.argv[1:] if guard.test is not None and guard.test.name == "test" and not guard.holds else ()
    return (
        len(words) == 2
        and words[0].value in ("-e", "-f", "-d", "-s")
        and all(in_home(path) for path in located(words[1], command))
    )


def _settings(workspace: Workspace, program: Program) -> Iterator[_Setting]:
    """In the order of the script: the last one counts."""
    flow = flow_of(program)
    staged = workspace.image.ask(_staged)
    for command in filter(can_run, flow.select(_CONFIGURING)):
        for invocation in invocations(command):
            if (omitted := _configured(invocation)) is not None:
                yield _Setting(ROUTER in omitted if UNKNOWN not in omitted else None, command)
        for write in flow.writes(command):
            if _HOME_CONFIG in write.paths:
                yield _Setting(_leaves_out("\n".join(write.texts)), command)
        edits = command.name in ("yq", "sed", "ddev") and mentions(command, "omit_containers")
        if edits and (command.name == "ddev" or mentions(command, "global_config.yaml")):
            yield _Setting(mentions(command, ROUTER) or None, command)
        if staged is not None and brings(flow, command, f"{STAGED}/.ddev/global_config.yaml", _HOME_CONFIG):
            at, said = _said_at(staged)
            yield _Setting(_leaves_out(staged), command, (Step(GLOBAL_CONFIG, at, said),))


def _configured(invocation: Invocation) -> str | None:
    """The value of ``ddev config global --omit-containers``."""
    if invocation.name != "ddev":
        return None
    arguments = getopt(invocation.args, "", ("omit-containers",))
    if [known(word) for word in arguments.operands[:2]] != ["config", "global"]:
        return None
    return next((option.value for option in arguments.values("omit-containers")), None)


def _leaves_out(text: str) -> bool | None:
    found = _LISTED.search(text)
    if found is not None:
        return ROUTER in found[1]
    return None if UNKNOWN in text or not text else False


def _staged(image: Image) -> str | None:
    try:
        return read_text(image.tree, GLOBAL_CONFIG)
    except Unreadable:
        return None


# One project


def _ports(program: Program) -> Iterator[tuple[Command, Option]]:
    """On which port of the workspace DDEV is told to offer the site."""
    for command in flow_of(program).select(_DDEV):
        configuring = (each for each in invocations(command) if [known(word) for word in each.args[:1]] == ["config"])
        options = (o for each in configuring for o in getopt(each.args, "", (_PORT_OPTION,)).values(_PORT_OPTION))
        # What else the command is told can be this or that, the port be the same.
        yield from ((command, option) for option in {option.value: option for option in options}.values())


def _port(workspace: Workspace) -> Iterator[Violation]:
    if not any("right" in _meanings(app) for app in workspace.resources("coder_app")):
        return  # Of an app that opens another port it is said there.
    surface = of_workspace(workspace)
    for script in workspace.boot:
        for command, option in _ports(script.program):
            if option.value == "80" or UNKNOWN in option.value:
                continue
            own = option.word.raw.startswith("-")
            yield Violation(
                rule=ID,
                template=workspace.template,
                address=f"boot/{_PORT}",
                evidence=f"port {option.value}",
                span=line(command.told),
                level="failure",
                message=f"DDEV then offers the site on port {option.value}, and the dashboard opens `{URL}`.",
                trail=surface.steps(passed(command)),
                lost=_PORT,
                edit=replaced(surface, option.word, f"--{_PORT_OPTION}=80" if own else "80"),
                fix=f"Write `--{_PORT_OPTION}=80`.",
                why="Nothing answers where the user's button leads.",
            )


def _projects(workspace: Workspace) -> Iterator[Violation]:
    surface = of_workspace(workspace)
    for script in workspace.boot:
        running: list[tuple[Command, str]] = []
        for command in flow_of(script.program).select(_DDEV):
            for invocation in invocations(command):
                arguments = getopt(invocation.args)
                words = [known(word) for word in arguments.operands]
                if invocation.name != "ddev" or not words:
                    continue
                if words[0] in ("stop", "poweroff", "pause", "delete"):
                    running.clear()
                if words[0] not in ("start", "restart"):
                    continue
                projects = words[1:] or [" ".join(command.cwd)]
                beside = [each for each in running if not _exclusive(each[0].guards, command.guards)]
                several = arguments.has("a", "all") or len({*projects, *(own for _, own in beside)}) > 1
                over = any("*" in each or "…" in each or UNKNOWN in each for each in projects) and command.loops
                if several or over:
                    asks = not several or (len(projects) == 1 and any(map(_is_open, command.guards)))
                    steps = surface.steps((*passed(command), *(at for each, _ in beside for at in passed(each))))
                    yield _several(workspace, invocation, steps, "warning" if asks else "failure")
                running += [(command, project) for project in projects]


def _exclusive(first: Iterable[Guard], second: Iterable[Guard]) -> bool:
    """Whether two commands are in different branches of one condition."""
    tests = {(guard.test.position, guard.holds) for guard in first if guard.test is not None}
    return any((guard.test.position, not guard.holds) in tests for guard in second if guard.test is not None)


def _is_open(guard: Guard) -> bool:
    """Whether a condition compares something that is not known, such as how many projects run by then."""
    words = guard.test.argv[1:] if guard.test is not None and guard.test.name == "test" else ()
    return len(words) > len(("-d", "path")) and any(word.values is None for word in words)


def _several(workspace: Workspace, invocation: Invocation, trail: tuple[Step, ...], level: Level) -> Violation:
    asks, command = " Is there only ever one?" if level == "warning" else "", invocation.command
    return Violation(
        rule=ID,
        template=workspace.template,
        address="boot/projects",
        evidence=essence(invocation),
        span=line(command.told),
        level=level,
        message=f"`{shown(command)}` lets more than one project run, and only one of them can have port 80.{asks}",
        trail=trail,
        fix="Start the one project of this workspace, by its folder: `cd <folder> && ddev start`.",
        why="DDEV puts a project's web server on port 80 of the workspace itself: the second one does not start.",
    )
