"""Scripts that were read before: what they see of the files around them decides if that still holds."""

from __future__ import annotations

from rules.sources.shell import Program, parse_program
from rules.sources.shell.memory import Memory, Surroundings
from rules.sources.text import Position, Text


def read(script: str, files: dict[str, str], line: int = 1) -> Program:
    def source(path: str) -> Text | None:
        return Text.literal(files[path], Position(path, 1, 1)) if path in files else None

    text = Text.literal(script, Position("web/template.tf", line, 1))
    return parse_program(text, directory="web", resolve_source=source, expand_glob=lambda _: sorted(files))


def names(program: Program) -> list[str]:
    return [command.name for command in program.commands]


def test_the_same_script_is_read_once() -> None:
    script = ". /opt/lib.sh\necho once\n"
    first = read(script, {"/opt/lib.sh": "mkdir a\n"})
    assert read(script, {"/opt/lib.sh": "mkdir a\n"}) is first


def test_what_it_sources_is_part_of_it() -> None:
    script = ". /opt/lib.sh\necho sourced\n"
    assert names(read(script, {"/opt/lib.sh": "mkdir a\n"})) == [".", "mkdir", "echo"]
    assert names(read(script, {"/opt/lib.sh": "rmdir a\n"})) == [".", "rmdir", "echo"]
    assert names(read(script, {})) == [".", "echo"]


def test_so_is_what_a_pattern_means() -> None:
    script = "for each in /opt/*.sh; do . $each; done\n"
    assert "mkdir" in names(read(script, {"/opt/a.sh": "mkdir a\n"}))
    assert "rmdir" in names(read(script, {"/opt/b.sh": "rmdir a\n"}))


def test_so_is_its_place() -> None:
    (first,), (second,) = (read("echo here\n", {}, line).commands for line in (1, 7))
    assert (first.position.line, second.position.line) == (1, 7)


def test_the_oldest_leave_when_there_are_too_many_commands() -> None:
    memory, around = Memory(max_commands=5), Surroundings(lambda _: None, lambda _: ())
    old, new = read("echo 1\necho 2\n", {}), read("echo 3\necho 4\necho 5\n", {})
    memory.put("old", old, around)
    assert memory.get("old", around) is old
    memory.put("new", new, around)
    assert (memory.get("old", around), memory.get("new", around)) == (None, new)
