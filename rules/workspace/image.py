"""The workspace image: `image/Dockerfile` and what it stages for the boot script."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import TypeVar, TypeVarTuple, cast

from msgspec import Struct, structs

from rules.model import Problem
from rules.sources.dockerfile import Dockerfile, Instruction, parse_dockerfile
from rules.sources.shell import Command, Program, parse_program
from rules.sources.text import Position, Text
from rules.sources.tree import Tree, Unreadable, read_text, resolve
from rules.sources.watched import Watched

DOCKERFILE = "image/Dockerfile"
NAME = "image"
"""What findings and facts about the image carry as their template."""

MAX_STAGED = 500
"""Files that the image stages and that are read; more are left out."""

MAX_INSTRUCTIONS = 2_000
"""Instructions of a Dockerfile that are followed: each looks at what those before it have staged."""

_WILD = re.compile(r"[*?\[]")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_SHEBANG = re.compile(r"#!\s*/\S*?(?:/env\s+(?:-\S+\s+)*)?(?:(?<=/)|(?<=\s))(?:ba|da|a|k|z)?sh\b")


Given = TypeVarTuple("Given")
Answer = TypeVar("Answer")
Question = tuple[Callable[..., object], tuple[object, ...]]
"""A function of the image, with what else it is given."""


class BuildStep(Struct, frozen=True):
    """One instruction in its place, as the build reads it.

    `program` is the shell of a `RUN`. `copies` is what a `COPY` or `ADD` stages: (repository path of file or folder,
    absolute path in the image).
    """

    instruction: Instruction
    program: Program | None = None
    copies: tuple[tuple[str, str], ...] = ()

    def lands(self, source: str) -> Iterator[str]:
        """The absolute paths in the image at which it stages a file of the repository."""
        for staged, target in self.copies:
            if source == staged or source.startswith(f"{staged}/"):
                yield posixpath.normpath(target.rstrip("/") + source[len(staged) :])


class _Stage(Struct):
    """One stage of a build: its steps, after those of the stage that it is built on, and what they leave.

    `files` are those that it writes in place.
    """

    steps: tuple[BuildStep, ...] = ()
    variables: Mapping[str, Text] = {}
    folder: str = "/"
    files: Mapping[str, Text] = {}

    @property
    def copies(self) -> list[tuple[str, str]]:
        return [copy for step in self.steps for copy in step.copies]


class Image(Struct, frozen=True, dict=True):
    """`path` is the Dockerfile's own path, behind whatever links lead to it."""

    tree: Watched
    dockerfile: Dockerfile | None
    problems: tuple[Problem, ...]
    path: str = DOCKERFILE

    def start(self, instruction: Instruction | None) -> Position:
        """Where an instruction stands; for none, the first line."""
        return Position(self.path, instruction.start if instruction is not None else 1, 1)

    @cached_property
    def copies(self) -> tuple[tuple[str, str], ...]:
        """What ``COPY`` and ``ADD`` stage: (repository path of file or folder, absolute path in the image)."""
        return tuple(copy for step in self.steps for copy in step.copies)

    def _copied(self, instruction: Instruction, other: _Stage | None) -> Iterator[tuple[str, str]]:
        """What one instruction stages out of the repository, or of another stage."""
        *sources, target = instruction.words or ("",)
        for source in sources:
            if source.startswith("<<"):
                continue
            place = posixpath.normpath(posixpath.join("/", source))
            for staged, rest in _part_of(other.copies, place) if other is not None else self._matched(place):
                name = posixpath.basename(source) if not rest and self._is_file(staged) and target.endswith("/") else ""
                yield staged, posixpath.normpath(posixpath.join(target, rest or name))

    def _matched(self, place: str) -> Iterator[tuple[str, str]]:
        """The files and folders that a source means in the folder of the build, each with the name that it keeps."""
        path = posixpath.normpath(NAME + place)
        if not _WILD.search(path):
            yield resolve(self.tree, path) or path, ""
            return
        depth = path.count("/") + 1
        within = self.tree.below(posixpath.dirname(_WILD.split(path, maxsplit=1)[0]))
        for each in dict.fromkeys("/".join(below.split("/")[:depth]) for below in within):
            if each.count("/") == path.count("/") and fnmatchcase(each, path):
                yield each, posixpath.basename(each) if self._is_file(each) else ""

    def _is_file(self, staged: str) -> bool:
        entry = self.tree.entries.get(staged)
        return entry is not None and entry.kind == "file"

    def staged(self, path: str) -> str | None:
        """The repository path of the file that the image has at absolute `path`; None if it stages none there."""
        return self._staged_by(self.copies, path)

    def _staged_by(self, copies: Sequence[tuple[str, str]], path: str) -> str | None:
        for source, target in reversed(copies):
            if path == target or path.startswith(target.rstrip("/") + "/"):
                candidate = posixpath.normpath(source + path[len(target.rstrip("/")) :])
                if candidate in self.tree.entries:
                    return candidate
        return None

    def paths_of(self, source: str) -> Iterator[str]:
        """The absolute paths in the image at which a file of the repository is staged."""
        return (path for step in self.steps for path in step.lands(source))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The absolute paths of staged files that a shell pattern means, sorted."""
        depth = pattern.count("/")
        paths = {target for path in self._staged for target in self.paths_of(path)}
        return tuple(sorted(path for path in paths if path.count("/") == depth and fnmatchcase(path, pattern)))

    @cached_property
    def _staged(self) -> tuple[str, ...]:
        """The repository paths of all that ``COPY`` and ``ADD`` stage."""
        sources = {source for source, _ in self.copies}
        found = ((source,) if source in self.tree.entries else self.tree.below(source) for source in sources)
        return tuple(sorted({path for paths in found for path in paths}))

    def instructions(self, *keywords: str) -> Iterator[Instruction]:
        """The instructions that the image is made of; those of other stages are not."""
        return (step.instruction for step in self.steps if step.instruction.keyword in keywords)

    @cached_property
    def scripts(self) -> tuple[Program, ...]:
        """The shell scripts that the image stages: DDEV host commands and libraries."""
        return tuple(
            parse_program(text, directory=posixpath.dirname(path), resolve_source=lambda _: None)
            for path, text in self.staged_files
            if path.endswith(".sh") or _SHEBANG.match(text.show())
        )

    @cached_property
    def staged_files(self) -> tuple[tuple[str, Text], ...]:
        """The files that the image gets by ``COPY`` and ``ADD``: (repository path, text)."""
        found: list[tuple[str, Text]] = []
        for path in self._staged:
            text = self._text(path) if len(found) < MAX_STAGED else None
            if text is not None:
                found.append((path, text))
        return tuple(found)

    def _text(self, path: str) -> Text | None:
        """A file of the repository, also behind a link; None for what is no file, or cannot be read."""
        try:
            return Text.literal(read_text(self.tree, path), Position(resolve(self.tree, path) or path, 1, 1))
        except Unreadable:
            return None

    @cached_property
    def steps(self) -> tuple[BuildStep, ...]:
        """What the image is made of: the steps of the last stage, and before them those of what it builds on."""
        outside = stage = _Stage()
        stages: dict[str, _Stage] = {}
        count = 0
        for written in self.dockerfile.instructions if self.dockerfile is not None else ():
            begins = written.keyword == "FROM"
            instruction = _as_built(written, (outside if begins else stage).variables, stage.folder)
            if begins:
                base, *more = [word.lower() for word in instruction.words] or [""]
                stage = structs.replace(stages.get(base, _Stage()))
                stages |= dict.fromkeys((str(count), *more[1:2]), stage)
                count += 1
            self._build(stage, instruction, stages, outside.variables)
        return stage.steps

    def _build(
        self, stage: _Stage, instruction: Instruction, stages: Mapping[str, _Stage], outside: Mapping[str, Text]
    ) -> None:
        """One more step of a stage. `outside` are the variables from before the first stage, which an ``ARG`` takes."""
        program: Program | None = None
        copies: tuple[tuple[str, str], ...] = ()
        if instruction.script is not None:
            program = parse_program(
                instruction.script,
                directory=NAME,
                resolve_source=partial(self._script, [*stage.copies, *_mounted(instruction)], stage.files),
                environment={name: [value] for name, value in stage.variables.items()},
                cwd=stage.folder,
            )
        elif instruction.keyword in ("COPY", "ADD"):
            origin = copied_from(instruction)
            other = stages.get(origin) if origin is not None else None
            stage.files = {**stage.files, **dict(written_in_place(instruction))}
            if other is not None and instruction.words == ("/", "/"):
                stage.steps += other.steps
            elif origin is None or other is not None:
                copies = tuple(self._copied(instruction, other))
        elif instruction.keyword in ("ARG", "ENV"):
            stage.variables = {**stage.variables, **dict(_set_by(instruction, outside))}
        elif instruction.keyword == "WORKDIR":
            stage.folder = instruction.words[0]
        stage.steps += (BuildStep(instruction, program, copies),)

    def _script(self, copies: Sequence[tuple[str, str]], files: Mapping[str, Text], path: str) -> Text | None:
        """What a build that staged these `copies` and wrote these `files` has at an absolute path."""
        staged = self._staged_by(copies, path)
        return self._text(staged) if staged is not None else files.get(path)

    @property
    def runs(self) -> tuple[Program, ...]:
        """The shell of every ``RUN``, in order."""
        return tuple(step.program for step in self.steps if step.program is not None)

    @property
    def commands(self) -> Iterator[Command]:
        return (command for program in self.runs for command in program.commands)

    @cached_property
    def answers(self) -> dict[Question, object]:
        """What was asked of it so far, see `AskedImage`."""
        return {}

    def answer(self, question: Question) -> object:
        if question not in self.answers:
            function, given = question
            self.answers[question] = function(self, *given)
        return self.answers[question]

    def gives(self, answers: Mapping[Question, object]) -> bool:
        return all(self.answer(question) == answer for question, answer in answers.items())


def copied_from(instruction: Instruction) -> str | None:
    """The stage or the other image out of which a ``COPY --from`` copies."""
    flag = next((flag for flag in instruction.flags if flag.startswith("--from=")), None)
    return flag.partition("=")[2].lower() if flag is not None else None


def _part_of(copies: Iterable[tuple[str, str]], place: str) -> Iterator[tuple[str, str]]:
    """What of `copies` lies at or below `place`: (repository path, the rest of the path from there)."""
    for staged, path in copies:
        if f"{path}/".startswith(f"{place.rstrip('/')}/"):
            yield staged, path[len(place) :].lstrip("/")
        elif place.startswith(f"{path.rstrip('/')}/"):
            yield posixpath.normpath(staged + place[len(path.rstrip("/")) :]), ""


def _mounted(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """What ``RUN --mount=type=bind,source=…,target=…`` shows of the repository: (repository path, absolute path)."""
    for flag in instruction.flags:
        options = dict(each.partition("=")[::2] for each in flag.removeprefix("--mount=").split(","))
        target = options.get("target") or options.get("dst") or options.get("destination")
        if flag.startswith("--mount=") and options.get("type", "bind") == "bind" and "from" not in options and target:
            source = options.get("source") or options.get("src") or ""
            yield posixpath.normpath(posixpath.join(NAME, source.lstrip("/"))), posixpath.normpath(target)


def written_in_place(instruction: Instruction) -> Iterator[tuple[str, Text]]:
    """The files that ``COPY <<name`` writes: (absolute path in the image, text)."""
    target = instruction.words[-1] if instruction.words else ""
    for name, text in instruction.files:
        yield posixpath.join(target, name) if target.endswith("/") else target, text


def _as_built(instruction: Instruction, environment: Mapping[str, Text], folder: str) -> Instruction:
    """An instruction with the variables that are known, and with the absolute path where it names a place."""
    words = [_filled_in(word, environment) for word in instruction.words]
    if instruction.keyword in ("COPY", "ADD", "WORKDIR") and words and not words[-1].startswith("$"):
        slash = "/" if words[-1].endswith(("/", "/.")) or words[-1] == "." else ""
        words[-1] = posixpath.normpath(posixpath.join(folder, words[-1])).rstrip("/") + slash or "/"
    flags = tuple(_filled_in(flag, environment) for flag in instruction.flags)
    return structs.replace(instruction, words=tuple(words), flags=flags)


def _filled_in(word: str, environment: Mapping[str, Text]) -> str:
    """A word with the variables that are known."""

    def value(match: re.Match[str]) -> str:
        text = environment.get(match[1] or match[2])
        return text.show() if text is not None else match[3] if match[3] is not None else match[0]

    return _VARIABLE.sub(value, word) if "$" in word else word


def _set_by(instruction: Instruction, outside: Mapping[str, Text]) -> Iterator[tuple[str, Text]]:
    """The variables that an ``ARG`` or ``ENV`` sets to a fixed text."""
    for word in instruction.words:
        name, equals, value = word.partition("=")
        if equals and "$" not in value:
            yield name, Text.literal(value, Position(instruction.path, instruction.start, 1))
        elif not equals and name in outside:
            yield name, outside[name]


def load_image(tree: Tree) -> Image:
    watched = Watched(tree)
    if DOCKERFILE not in watched.entries:
        return Image(watched, None, ())
    path = resolve(watched, DOCKERFILE) or DOCKERFILE
    try:
        dockerfile = parse_dockerfile(read_text(watched, path), path)
    except Unreadable as error:
        return Image(watched, None, (Problem(path, 1, str(error)),), path)
    problems = [Problem(path, line, "is not a valid Dockerfile here") for line in dockerfile.broken]
    followed, rest = dockerfile.instructions[:MAX_INSTRUCTIONS], dockerfile.instructions[MAX_INSTRUCTIONS:]
    if rest:
        message = f"has more than {MAX_INSTRUCTIONS:,} instructions, and is not followed from here on"
        problems.append(Problem(path, rest[0].start, message))
    return Image(watched, structs.replace(dockerfile, instructions=followed), tuple(problems), path)


def copies(image: Image) -> tuple[tuple[str, str], ...]:
    """`Image.copies`, as a question."""
    return image.copies


class AskedImage:
    """The image as one template sees it: by questions, of which a note is kept.

    To a template that was answered the same by another image, the two are the same.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self.answers: dict[Question, object] = {}

    def ask(self, question: Callable[[Image, *Given], Answer], *given: *Given) -> Answer:
        """`question(image, *given)`. What it answers is compared by value."""
        asked = question, given
        self.answers[asked] = self._image.answer(asked)
        return cast("Answer", self.answers[asked])
