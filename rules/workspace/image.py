"""The workspace image: `image/Dockerfile` and what it stages for the boot script."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from rules.model import Problem
from rules.sources.dockerfile import Dockerfile, Instruction, parse_dockerfile
from rules.sources.shell import Command, Program, parse_program
from rules.sources.text import Position, Text
from rules.sources.tree import Tree, Unreadable, read_text

DOCKERFILE = "image/Dockerfile"
NAME = "image"
"""What findings and facts about the image carry as their template."""

MAX_STAGED = 500
"""Files that the image stages and that are read; more are left out."""

_SHEBANG = re.compile(r"#!\s*/\S*?(?:/env\s+(?:-\S+\s+)*)?(?:(?<=/)|(?<=\s))(?:ba|da|a|k|z)?sh\b")


@dataclass(frozen=True)
class Image:
    tree: Tree
    dockerfile: Dockerfile | None
    problems: tuple[Problem, ...]

    @cached_property
    def copies(self) -> tuple[tuple[str, str], ...]:
        """What ``COPY`` and ``ADD`` stage: (repository path of file or folder, absolute path in the image)."""
        found = []
        for instruction in self.instructions("COPY", "ADD"):
            if len(instruction.words) < 2 or any(flag.startswith("--from") for flag in instruction.flags):
                continue
            *sources, target = instruction.words
            for source in sources:
                if source.startswith("<<"):
                    continue
                staged = posixpath.normpath(posixpath.join(posixpath.dirname(DOCKERFILE), source.lstrip("/")))
                lands = posixpath.join(target, posixpath.basename(source)) if self._is_file(staged, target) else target
                found.append((staged, posixpath.normpath(lands)))
        return tuple(found)

    def _is_file(self, staged: str, target: str) -> bool:
        entry = self.tree.entries.get(staged)
        return entry is not None and entry.kind == "file" and target.endswith("/")

    def staged(self, path: str) -> str | None:
        """The repository path of the file that the image has at absolute `path`; None if it stages none there."""
        for source, target in reversed(self.copies):
            if path == target or path.startswith(target.rstrip("/") + "/"):
                candidate = posixpath.normpath(source + path[len(target.rstrip("/")) :])
                if candidate in self.tree.entries:
                    return candidate
        return None

    def paths_of(self, source: str) -> Iterator[str]:
        """The absolute paths in the image at which a file of the repository is staged."""
        for staged, target in self.copies:
            if source == staged or source.startswith(f"{staged}/"):
                yield posixpath.normpath(target + source[len(staged) :])

    def instructions(self, *keywords: str) -> Iterator[Instruction]:
        for instruction in self.dockerfile.instructions if self.dockerfile is not None else ():
            if instruction.keyword in keywords:
                yield instruction

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
        sources = {source for source, _ in self.copies}
        for path, entry in self.tree.entries.items():
            staged = any(path == source or path.startswith(f"{source}/") for source in sources)
            if staged and entry.kind == "file" and len(found) < MAX_STAGED:
                with suppress(Unreadable):
                    found.append((path, Text.literal(read_text(self.tree, path), Position(path, 1, 1))))
        return tuple(found)

    @cached_property
    def runs(self) -> tuple[Program, ...]:
        """The shell of every ``RUN``, in order, with what ``ARG`` and ``ENV`` before it set."""
        environment: dict[str, list[Text]] = {}
        programs = []
        for instruction in self.instructions("ARG", "ENV", "RUN"):
            if instruction.script is not None:
                program = parse_program(
                    instruction.script, directory=NAME, resolve_source=lambda _: None, environment=environment
                )
                programs.append(program)
            for name, value in _set_by(instruction):
                environment[name] = [Text.literal(value, Position(instruction.path, instruction.start, 1))]
        return tuple(programs)

    @property
    def commands(self) -> Iterator[Command]:
        return (command for program in self.runs for command in program.commands)


def _set_by(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """The variables that an ``ARG`` or ``ENV`` sets to a fixed text."""
    words = [" ".join(instruction.words).replace(" = ", "=")] if instruction.keyword == "ARG" else instruction.words
    for word in words if instruction.script is None else ():
        name, equals, value = word.partition("=") if "=" in word else word.partition(" ")
        if equals and "$" not in value:
            yield name, value.strip("'\"")


def load_image(tree: Tree) -> Image:
    if DOCKERFILE not in tree.entries:
        return Image(tree, None, ())
    try:
        dockerfile = parse_dockerfile(read_text(tree, DOCKERFILE), DOCKERFILE)
    except Unreadable as error:
        return Image(tree, None, (Problem(DOCKERFILE, 1, str(error)),))
    problems = tuple(Problem(DOCKERFILE, line, "is not a valid Dockerfile here") for line in dockerfile.broken)
    return Image(tree, dockerfile, problems)
