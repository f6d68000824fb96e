"""One template folder as a running workspace: containers, agents, the boot script, cleanup."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Problem, ScriptKind, Span, Step
from rules.policy import DEFAULT, Policy
from rules.sources.shell import Program, parse_program
from rules.sources.shell.wrappers import SHELLS
from rules.sources.terraform.evaluate import Evaluator
from rules.sources.terraform.module import BlockInstance, Module
from rules.sources.terraform.syntax import Block
from rules.sources.terraform.values import Alternative, ListData, MapData, Unknown, Value, as_bool, as_text
from rules.sources.text import Hole, Position, Text
from rules.sources.tree import Tree, Unreadable, read_text, resolve
from rules.workspace.image import AskedImage, Image

MAX_TEMPLATES = 50
"""Template folders analysed in one repository; more are reported as a problem."""

MAX_GLOBBED = 100
"""Files that one pattern in a script is taken to mean."""

_TOOLS = ("registry.coder.com/", "https://registry.coder.com/")

_WILDCARD = re.compile(r"[*?\[]")


class Resource(Struct, frozen=True):
    """One resource of the template or of a local module it calls.

    `address` leaves the module out, so that moving a resource into a module changes nothing.
    """

    kind: str
    name: str
    instance: BlockInstance

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"

    def value(self, name: str) -> Value | None:
        return self.instance.value(name)

    def at(self, name: str) -> Position:
        """Where attribute `name` is set, or the resource itself if it is not."""
        attribute = self.instance.attribute(name)
        return attribute.at if attribute is not None else self.instance.at


class Script(Struct, frozen=True):
    """A script the workspace runs. `address` is logical: ``coder_agent.main.startup_script``."""

    address: str
    text: Text
    at: Position
    program: Program


class Workspace(Struct, frozen=True, dict=True):
    """A template with everything in it evaluated. `template` is its folder.

    variant: of several texts that a boot script can be, the one that is looked at; None for all of them
    """

    template: str
    evaluator: Evaluator
    image: AskedImage
    variant: int | None = None
    policy: Policy = DEFAULT

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        return tuple(self.evaluator.root.modules())

    @property
    def outside(self) -> Iterator[Block]:
        """Calls of modules that cannot be read, any of which may hold a part of the template.

        Those of Coder's own registry are tools for the user of a workspace.
        """
        for module in self.modules:
            for name, block in module.calls.items():
                if module.child(name) is None and not module.source_of(name).startswith(_TOOLS):
                    yield block

    @property
    def is_read(self) -> bool:
        """Whether all of its Terraform could be read; what seems to be missing may else be in the rest."""
        return not any(each.path.endswith((".tf", ".json")) for each in self.evaluator.source.problems)

    def resources(self, *kinds: str) -> list[Resource]:
        return [
            Resource(kind, instance.labels[1], instance)
            for module in self.modules
            for kind in kinds
            for instance in module.instances(kind)
        ]

    @property
    def texts(self) -> dict[str, str]:
        """The texts of all resources, without their first lines, by address."""
        lines = self.evaluator.source.lines
        blocks = ((f"{kind}.{name}", b) for m in self.modules for (kind, name), b in m.resources.items())
        return {own: "\n".join(lines[block.at.path][block.at.line : block.end_line]) for own, block in blocks}

    @cached_property
    def containers(self) -> tuple[Resource, ...]:
        """The workspace containers: those that run the agent; if none can be told apart, all of them."""
        found = self.resources("docker_container")
        running = [container for container in found if self.runs_agent(container)]
        return tuple(running or found)

    def runs_agent(self, container: Resource) -> bool:
        block = container.instance.block
        names = {attribute.name for attribute in block.body.attributes.values()}
        written = "".join(self._show(container.value(name)) for name in names & {"env", "command", "entrypoint"})
        return "coder_agent." in written

    @staticmethod
    def _show(value: Value | None) -> str:
        return repr(value) if value is not None else ""

    @cached_property
    def agents(self) -> tuple[Resource, ...]:
        return tuple(self.resources("coder_agent"))

    @cached_property
    def boot(self) -> tuple[Script, ...]:
        """Every possible text of every agent's startup script; without one, of the only script that starts with it."""
        found = [tuple(self._scripts(agent, "startup_script")) for agent in self.agents]
        if not any(found) and len(self._starting) == 1:
            found = [tuple(self._instead_of_boot(agent, self._starting[0])) for agent in self.agents[:1]]
        if self.variant is not None:
            found = [texts[min(self.variant, len(texts) - 1) :][:1] for texts in found]
        return tuple(script for texts in found for script in texts)

    def _instead_of_boot(self, agent: Resource, script: Resource) -> Iterator[Script]:
        """A `coder_script` in the place of the agent's own script: what it does is what that did."""
        value, environment = script.value("script"), _environment(agent.value("env"))
        starts = {as_bool(alternative.data) for alternative in script.value("run_on_start") or ()}
        if value is not None and starts == {True}:
            yield from self._parse(f"{agent.address}.startup_script", value, script.at("script"), environment)

    @cached_property
    def _starting(self) -> tuple[Resource, ...]:
        """The `coder_script`s that do not run on stop."""
        scripts = self.resources("coder_script")
        return tuple(script for script in scripts if script.instance.attribute("run_on_stop") is None)

    @cached_property
    def variants(self) -> tuple[Workspace, ...]:
        """The workspace with each text that its boot script can be."""
        texts = max(Counter(script.address for script in self.boot).values(), default=1)
        return (self,) if texts == 1 else tuple(replace(self, variant=number) for number in range(texts))

    @cached_property
    def shutdown(self) -> tuple[Script, ...]:
        """What runs on stop: `coder_script`s with ``run_on_stop``, and the agents' shutdown scripts."""
        stopping = [s for s in self.resources("coder_script") if s.instance.attribute("run_on_stop") is not None]
        found = [script for resource in stopping for script in self._scripts(resource, "script")]
        return (*found, *(script for agent in self.agents for script in self._scripts(agent, "shutdown_script")))

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """All that runs in the workspace: boot, shutdown, the other scripts, and what the container starts with."""
        return (*self.boot, *self.shutdown, *self.beside, *self._metadata_scripts(), *self._container_scripts())

    @cached_property
    def beside(self) -> tuple[Script, ...]:
        """What runs at the start beside the boot script, or at set times: the other `coder_script`s."""
        places = {script.at for script in self.boot}
        starting = (resource for resource in self._starting if resource.at("script") not in places)
        return tuple(script for resource in starting for script in self._scripts(resource, "script"))

    def _metadata_scripts(self) -> Iterator[Script]:
        """What the dashboard shows of a workspace: asked of it again and again, as its user."""
        for agent in self.agents:
            for block in agent.instance.blocks("metadata"):
                value, attribute = block.value("script"), block.attribute("script")
                if value is not None and attribute is not None:
                    yield from self._parse(f"{agent.address}.metadata", value, attribute.at)

    def _container_scripts(self) -> Iterator[Script]:
        """The text of ``command = ["sh", "-c", text]``, of an `entrypoint` like it, and of a health check."""
        for container in self.containers:
            for check in container.instance.blocks("healthcheck"):
                for words in argument_vectors(check.value("test")):
                    if len(words) > 1 and words[0].show() == "CMD-SHELL":
                        yield self._script(f"{container.address}.healthcheck", words[1], check.at, {})
            for name in ("entrypoint", "command"):
                for words in argument_vectors(container.value(name)):
                    if _is_shell_with_code(words):
                        yield self._script(f"{container.address}.{name}", words[2], container.at(name), {})

    @cached_property
    def provisioners(self) -> tuple[Script, ...]:
        """What runs on the Coder host: ``local-exec`` and ``remote-exec`` of a resource, and ``data "external"``."""
        found: list[Script] = []
        for module in self.modules:
            for (kind, name), block in module.resources.items():
                for instance in self.evaluator.unroll(block, module.scope):
                    for provisioner in instance.blocks("provisioner"):
                        for attribute in ("command", "inline"):
                            value = provisioner.value(attribute)
                            at = provisioner.attribute(attribute)
                            if value is not None and at is not None:
                                given = _environment(provisioner.value("environment"))
                                found.extend(self._parse(f"{kind}.{name}/provisioner", value, at.at, given))
        return (*found, *self._external_programs())

    def _external_programs(self) -> Iterator[Script]:
        for module in self.modules:
            for (kind, name), block in module.data.items():
                for instance in self.evaluator.unroll(block, module.scope) if kind == "external" else ():
                    if (attribute := instance.attribute("program")) is not None:
                        at = attribute.at
                        for words in argument_vectors(instance.value("program")):
                            yield self._script(f"data.external.{name}/program", _shell_code(words, at), at, {})

    def _scripts(self, resource: Resource, attribute: str) -> Iterator[Script]:
        value = resource.value(attribute)
        if value is not None:
            environment = _environment(resource.value("env")) if resource.kind == "coder_agent" else {}
            yield from self._parse(f"{resource.address}.{attribute}", value, resource.at(attribute), environment)

    def _parse(
        self, address: str, value: Value, at: Position, environment: Mapping[str, Sequence[Text]] | None = None
    ) -> Iterator[Script]:
        for alternative in value:
            for text in _texts(alternative):
                yield self._script(address, text, at, environment)

    def _script(
        self, address: str, text: Text, at: Position, environment: Mapping[str, Sequence[Text]] | None
    ) -> Script:
        program = parse_program(
            text,
            directory=_directory(text),
            resolve_source=self.source,
            environment=environment,
            expand_glob=self.glob,
        )
        return Script(address, text, at, program)

    def glob(self, pattern: str) -> list[str]:
        """The files that a shell pattern means: by repository path, or by path in the image for an absolute one."""
        self.evaluator.source.asked.add(pattern.lstrip("/"))
        if pattern.startswith("/"):
            return list(self.image.ask(Image.glob, pattern))[:MAX_GLOBBED]
        depth, folder = pattern.count("/"), posixpath.dirname(_WILDCARD.split(pattern, maxsplit=1)[0])
        paths = self.evaluator.source.tree.below(folder)
        return [path for path in paths if path.count("/") == depth and fnmatchcase(path, pattern)][:MAX_GLOBBED]

    def source(self, path: str) -> Text | None:
        """The text of a script that is sourced: by repository path, or by its path in the image."""
        tree = self.evaluator.source.tree
        self.evaluator.source.asked.add(path.lstrip("/"))
        wanted = self.image.ask(Image.staged, path) if path.startswith("/") else resolve(tree, path)
        if wanted is None or wanted not in tree.entries:
            return None
        try:
            return Text.literal(self.evaluator.source.text(wanted), Position(wanted, 1, 1))
        except Unreadable as error:
            self.evaluator.source.problem(wanted, 1, str(error))
            return None

    def step(self, at: Position) -> Step:
        return self.evaluator.source.step(at)

    @property
    def files(self) -> frozenset[str]:
        """The files that were read to evaluate this template so far."""
        return frozenset(self.evaluator.source.lines)

    @property
    def asked(self) -> frozenset[str]:
        """The files that were read, and those that were looked for."""
        return frozenset(self.evaluator.source.asked)

    @property
    def _kinds(self) -> tuple[tuple[ScriptKind, tuple[Script, ...]], ...]:
        return (
            ("boot", self.boot),
            ("stop", self.shutdown),
            ("start", self.scripts[len(self.boot) + len(self.shutdown) :]),
            ("host", self.provisioners),
        )

    @property
    def unseen(self) -> tuple[Problem, ...]:
        """The parts of scripts that cannot be known. What Coder itself starts the agent with is none."""
        found: dict[Problem, frozenset[ScriptKind]] = {}
        for kind, scripts in self._kinds:
            for script in scripts:
                for each in script.program.unresolved:
                    if each.is_of_script and ".init_script" not in each.text:
                        problem = Problem(each.position.path, each.position.line, each.reason)
                        found[problem] = found.get(problem, frozenset()) | {kind}
        return tuple(replace(problem, scripts=kinds) for problem, kinds in found.items())

    @property
    def problems(self) -> tuple[Problem, ...]:
        found: dict[Problem, frozenset[ScriptKind]] = {}
        for problem in self.evaluator.source.problems:
            sourced = not problem.path.endswith((".tf", ".tfvars", ".json"))
            found[problem] = frozenset(kind for kind, _ in self._kinds if kind != "host") if sourced else frozenset()
        for kind, scripts in self._kinds:
            for script in scripts:
                for each in script.program.problems:
                    where = each.position
                    problem = Problem(where.path, where.line, each.message)
                    found[problem] = found.get(problem, frozenset()) | {kind}
        return tuple(replace(problem, scripts=scripts) for problem, scripts in found.items())


def _environment(value: Value | None) -> dict[str, list[Text]]:
    """The variables that an `env` map sets, each with its possible values."""
    found: dict[str, list[Text]] = {}
    for alternative in value or ():
        for name, each in alternative.data.items if isinstance(alternative.data, MapData) else ():
            texts = (as_text(possible.data, possible.at) for possible in each)
            found.setdefault(name, []).extend(text for text in texts if text is not None)
    return found


def _texts(alternative: Alternative) -> Iterator[Text]:
    data = alternative.data
    if isinstance(data, Text):
        yield data
    elif isinstance(data, Unknown):
        yield Text((Hole(data.expression, data.reason, alternative.at),))
    else:
        for item in getattr(data, "items", ()):
            if isinstance(item, Value):
                for inner in item:
                    yield from _texts(inner)


def argument_vectors(value: Value | None) -> Iterator[list[Text]]:
    """The lists of strings that a value can be, unknown elements as holes."""
    for alternative in value or ():
        items = alternative.data.items if isinstance(alternative.data, ListData) else ()
        count = max((len(item.alternatives) for item in items), default=0)
        for index in range(count):
            chosen = (item.alternatives[min(index, len(item.alternatives) - 1)] for item in items)
            texts = (as_text(each.data, each.at) for each in chosen)
            yield [text for text in texts if text is not None]


def _is_shell_with_code(words: Sequence[Text]) -> bool:
    return len(words) > 2 and posixpath.basename(words[0].show()) in SHELLS and words[1].show()[:1] == "-"


def _shell_code(words: Sequence[Text], at: Position) -> Text:
    """What a program does, in the words of the shell: the text of ``sh -c``, else its own words, quoted."""
    if _is_shell_with_code(words):
        return words[2]
    quote, blank = Text.literal("'", at), Text.literal(" ", at)
    quoted = Text(())
    for word in words:
        known = word.known or ""
        quoted += (Text.literal(shlex.quote(known), at) if "'" in known else quote + word + quote) + blank
    return quoted


def _directory(text: Text) -> str:
    """The folder of the script's own file: what ``$(dirname "$0")`` stands for where the script is a file."""
    first = text.at(0)
    path = first.path if first is not None else ""
    return "" if path.endswith((".tf", ".tfvars")) else posixpath.dirname(path)


def span(at: Position, end: int | None = None) -> Span:
    return Span(at.path, at.line, end if end is not None else at.line)


_LOCAL_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"$]*)"', re.MULTILINE)
"""How a module block calls a folder of the repository: https://developer.hashicorp.com/terraform/language/modules/sources"""


_RUNS = re.compile(r'^\s*resource\s+"?(?:coder_agent|docker_container)\b', re.MULTILINE)


def template_folders(tree: Tree) -> Sequence[str]:
    """Folders that are Coder templates: their Terraform files, or a module that they call, declare what runs.

    A folder under ``modules``, and one that a template calls as a module or links a file of, is a part of templates and
    none itself.
    """
    found: set[str] = set()
    running: set[str] = set()
    calls: dict[str, set[str]] = {}
    for path in [path for path in tree.entries if path.endswith(".tf")]:
        parent = posixpath.dirname(path)
        if tree.entries[path].kind == "submodule":
            continue
        try:
            text = read_text(tree, path)
        except Unreadable:
            if posixpath.basename(path) == "template.tf":
                found.add(parent)
            continue
        if "coder_agent" in text or "docker_container" in text:
            found.add(parent)
        if _RUNS.search(text):
            running.add(parent)
        sources = [resolve(tree, posixpath.join(parent, source)) for source in _LOCAL_SOURCE.findall(text)]
        if tree.entries[path].kind == "symlink":
            sources.append(posixpath.dirname(resolve(tree, path) or path))
        calls.setdefault(parent, set()).update(folder for folder in sources if folder is not None)
    whole = {folder for folder in found | calls.keys() if "modules" not in folder.split("/")}
    called = {part for folder in whole for part in calls.get(folder, ())}
    return sorted(folder for folder in whole - called if folder in found or _reached(folder, calls) & running)


def _reached(folder: str, calls: Mapping[str, set[str]]) -> set[str]:
    """The folders that a template is made of."""
    reached, waiting = set[str](), [folder]
    while waiting:
        part = waiting.pop()
        if part not in reached:
            reached.add(part)
            waiting.extend(calls.get(part, ()))
    return reached


def load_workspace(tree: Tree, template: str, image: Image, policy: Policy = DEFAULT) -> Workspace:
    return Workspace(template, Evaluator(tree, template), AskedImage(image), policy=policy)
