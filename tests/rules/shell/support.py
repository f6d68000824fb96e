"""Running scripts of the tests' own through the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rules.sources.shell import Command, Guard, Program, parse_program
from rules.sources.text import Position, Text

PATH = "web/boot.sh"


def program(
    script: str | Text,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, Sequence[Text]] | None = None,
) -> Program:
    """The program of a script that stands in `PATH`; `files` are what it can source."""
    texts = files or {}

    def source(path: str) -> Text | None:
        return Text.literal(texts[path], Position(path, 1, 1)) if path in texts else None

    text = Text.literal(script, Position(PATH, 1, 1)) if isinstance(script, str) else script
    return parse_program(text, directory="web", resolve_source=source, environment=environment)


def commands(script: str, **files: str) -> list[Command]:
    return list(program(script, {f"lib/{name}.sh": text for name, text in files.items()}).commands)


def command(script: str, name: str) -> Command:
    """The one command with this name."""
    (found,) = (found for found in commands(script) if found.name == name)
    return found


def names(script: str) -> list[str]:
    return [found.name for found in commands(script)]


def conditions(guards: Sequence[Guard]) -> list[str]:
    """Guards as text: ``not test -f a``, alternatives in braces."""
    return [_condition(guard) for guard in guards]


def _condition(guard: Guard) -> str:
    if guard.test is None:
        return "{" + " | ".join(" & ".join(conditions(each)) for each in guard.any_of) + "}"
    text = " ".join(word.alternatives[0] for word in guard.test.argv)
    return text if guard.holds else f"not {text}"
