"""What runs, in which shell, under which conditions, and reached how."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sources.shell import HOME
from rules.sources.shell.builtins import MAX_SOURCE_DEPTH
from rules.sources.shell.walk import MAX_COMMANDS, MAX_GUARDS
from rules.sources.text import Hole, Piece, Position, Text
from tests.rules.shell.support import PATH, command, commands, conditions, names, program

GUARDS: dict[str, tuple[str, list[str]]] = {
    "and": ("[ ! -f a ] && act", ["not test -f a"]),
    "or": ("[ -f a ] || act", ["not test -f a"]),
    "test": ("test -f a && act", ["test -f a"]),
    "negated test": ("test ! -f a && act", ["not test -f a"]),
    "double brackets": ("[[ ! -e ~/a ]] && act", ["not test -e /home/coder/a"]),
    "if": ("if [ -f a ]; then act; fi", ["test -f a"]),
    "else": ("if [ -f a ]; then b; else act; fi", ["not test -f a"]),
    "elif": ("if a; then b; elif c; then act; fi", ["not a", "c"]),
    "negation": ("if ! grep -q x f; then act; fi", ["not grep -q x f"]),
    "search before append": ("grep -q x f || act", ["not grep -q x f"]),
    "search in a pipeline": ("echo x | grep -q x || act", ["not grep -q x"]),
    "both": ("if [ ! -f a ] && [ -f b ]; then act; fi", ["not test -f a", "test -f b"]),
    "both inside brackets": ("[[ ! -f a && -f b ]] && act", ["not test -f a", "test -f b"]),
    "both with -a": ("[ ! -f a -a -f b ] && act", ["not test -f a", "test -f b"]),
    "one of two": ("if [ -f a ] || [ -f b ]; then act; fi", ["{test -f a | not test -f a & test -f b}"]),
    "neither of two": ("if [ -f a ] || [ -f b ]; then b; else act; fi", ["not test -f a", "not test -f b"]),
    "nested": ("if a; then if b; then act; fi; fi", ["a", "b"]),
    "group": ("a && { b; act; }", ["a"]),
    "while": ("while a; do act; done", ["a"]),
    "until": ("until a; do act; done", ["not a"]),
    "case": ("case x in a|b) act;; esac", ["case x a b"]),
    "call": ("f() { act; }; [ -f a ] && f", ["test -f a"]),
    "early return": ("f() { if [ -f a ]; then return; fi; act; }; f", ["not test -f a"]),
    "early return after and": ("f() { [ -f a ] && return; act; }; f", ["not test -f a"]),
    "early exit after or": ("[ -f a ] || exit 0\nact", ["test -f a"]),
    "early exit in a group": ("[ -f a ] || { echo no; exit 0; }\nact", ["test -f a"]),
    "early exit by a function": ("die() { exit 1; }\n[ -f a ] || die\nact", ["test -f a"]),
    "skipped pass of a loop": ("for x in 1 2; do [ -f a ] && continue; act; done", ["not test -f a"]),
    "success that says nothing": ("echo a && act", []),
    "negated group": ("if ! { a && b; }; then act; fi", ["{not a | a & not b}"]),
    "group of the negated": ("! { ! a; } && act", ["a"]),
    "negated arithmetic": ("if ! (( n )); then act; fi", ["not (( \0"]),
    "status of what ran before": ("grep -q x f\nif [ $? -ne 0 ]; then act; fi", ["not grep -q x f"]),
    "status that was good": ("a\n[ $? -eq 0 ] && act", ["a"]),
    "status kept": ('a\nrc=$?\necho\n[[ "$rc" != 0 ]] && act', ["not a"]),
    "status kept and lost": ("a\nrc=$?\nrc=1\n[ $rc -ne 0 ] && act", ["test 1 -ne 0"]),
    "status of something between": ("a\necho\n[ $? -ne 0 ] && act", ["test \0 -ne 0"]),
    "argument handed on": ('unless() { [ -f "$1" ] || "${@:2}"; }\nunless a act', ["not test -f a"]),
    "after the if": ("if a; then b; fi; act", []),
    "after and": ("a && b; act", []),
    "exit of a subshell": ("[ -f a ] || ( exit 1 )\nact", []),
}


@pytest.mark.parametrize("case", GUARDS.values(), ids=GUARDS.keys())
def test_guards(case: tuple[str, list[str]]) -> None:
    script, expected = case
    assert conditions(command(script, "act").guards) == expected


SCOPES: dict[str, tuple[str, list[str]]] = {
    "main": ("act", []),
    "group": ("{ act; }", []),
    "function": ("f() { act; }; f", []),
    "parentheses": ("( act )", ["subshell"]),
    "substitution": ("x=$(act)", ["substitution"]),
    "backticks in a string": ('echo "`act`"', ["substitution"]),
    "pipeline": ("act | cat", ["pipeline"]),
    "loop behind a pipe": ("cat x | while read -r y; do act; done", ["pipeline"]),
    "background": ("act &", ["background"]),
    "process beside": ("coproc NAME { act; } > f\nb", ["background"]),
    "process beside without a name": ("coproc {\n  act\n}", ["background"]),
    "no process beside": ("echo a \\\n  coproc\nact", []),
    "process substitution": ("cat <(act)", ["process"]),
    "function with a subshell body": ("f() ( act ); f", ["subshell"]),
    "text of a shell": ("bash -c 'act'", ["script"]),
    "text of a shell with options": ("/bin/bash -lc 'act'", ["script"]),
    "text of a shell through wrappers": ("sudo -u coder env A=1 sh -c 'act'", ["script"]),
    "text for another user": ("su - coder -c 'act'", ["script"]),
    "handler": ("trap 'act' EXIT", ["trap"]),
    "right of a redirected list": ("a && act > f | b", ["pipeline"]),
    "left of a redirected list": ("act && a > f | b", []),
}


@pytest.mark.parametrize("case", SCOPES.values(), ids=SCOPES.keys())
def test_scopes(case: tuple[str, list[str]]) -> None:
    script, expected = case
    found = command(script, "act")
    assert [scope.kind for scope in found.scope] == expected
    assert found.in_main_shell == (not expected)


WRAPPED: dict[str, tuple[str, tuple[str, ...]]] = {
    "sudo": ("sudo act x", ("sudo",)),
    "sudo with options": ("sudo -n -u coder -E act x", ("sudo",)),
    "sudo with a long option": ("sudo --user coder act x", ("sudo",)),
    "env": ("env -u A B=1 act x", ("env",)),
    "timeout": ("timeout -k 5 10s act x", ("timeout",)),
    "nice": ("nice -n 10 act x", ("nice",)),
    "nohup": ("nohup act x", ("nohup",)),
    "several": ("sudo env A=1 nice act x", ("sudo", "env", "nice")),
    "builtin words": ("command builtin act x", ("command", "builtin")),
    "time": ("time -p act x", ("time",)),
    "a path": ("/usr/bin/sudo /bin/act x", ("sudo",)),
    "in a variable": ("S=sudo; $S act x", ("sudo",)),
    "in a variable that may be empty": ("if t; then S=sudo; else S=; fi; $S act x", ("sudo",)),
    "found by name": ("S=$(command -v sudo); $S act x", ("sudo",)),
}


@pytest.mark.parametrize("case", WRAPPED.values(), ids=WRAPPED.keys())
def test_wrappers_are_peeled(case: tuple[str, tuple[str, ...]]) -> None:
    script, wrappers = case
    found = command(script, "act")
    assert found.wrappers == wrappers
    assert [word.value for word in found.args] == ["x"]


def test_asking_for_a_command_does_not_run_it() -> None:
    assert names("command -v act") == ["command"]


def test_command_name_with_several_values_is_several_commands() -> None:
    assert names("for c in 'cp -f' mv; do $c a b; done") == ["cp", "mv"]


def test_redirections_of_a_group_reach_its_commands() -> None:
    inner = command("{ act; } >> ~/.bashrc", "act")
    assert [(redirect.operator, redirect.target.value) for redirect in inner.outer] == [(">>", f"{HOME}/.bashrc")]


def test_argument_after_a_redirection_is_an_argument() -> None:
    found = command("act 2>/dev/null -e", "act")
    assert [word.value for word in found.args] == ["-e"]
    assert [(r.descriptor, r.operator, r.target.value) for r in found.redirects] == [("2", ">", "/dev/null")]


def test_redirection_without_a_command() -> None:
    assert [r.target.value for r in command("> ~/.x", ">").redirects] == [f"{HOME}/.x"]
    assert command("A=1 > file", "=").assignments[0].value.value == "1"


def test_assignments_before_a_command_and_alone() -> None:
    alone, before = commands("A=1 B=2\nC=3 act\n")
    assert [(a.name, a.value.value) for a in alone.assignments] == [("A", "1"), ("B", "2")]
    assert [(a.name, a.value.value) for a in before.assignments] == [("C", "3")]


def test_loops_around_a_command() -> None:
    found = command("for i in 1 2; do while a; do act; done; done", "act")
    assert [loop.kind for loop in found.loops] == ["for", "while"]
    assert [word.value for word in found.loops[0].values] == ["1", "2"]


def test_functions_run_where_they_are_called_and_only_then() -> None:
    script = "used() { act; }\nunused() { other; }\nused\n"
    assert names(script) == ["used", "act"]
    (frame,) = command(script, "act").frames
    assert (frame.kind, frame.name, frame.position.line) == ("call", "used", 3)


def test_recursion_ends() -> None:
    assert names("a() { b; }\nb() { a; act; }\na\n") == ["a", "b", "a", "act"]


def test_nothing_runs_after_the_script_ended() -> None:
    assert names("one\nexit 0\ntwo\n") == ["one", "exit"]
    assert names("exec one\ntwo\n") == ["one"]
    assert names("exec > log\ntwo\n") == ["exec", "two"]
    assert names("( exit 1 )\ntwo\n") == ["exit", "two"]


def test_sourced_files_run_in_place_and_know_their_own_folder() -> None:
    found = program(
        '. "$(dirname "$0")/../lib/a.sh"\nlast\n',
        {"lib/a.sh": 'HERE="$(dirname "${BASH_SOURCE[0]}")"\nsource "$HERE/b.sh"\n', "lib/b.sh": "act\n"},
    )
    assert [c.name for c in found.commands if c.in_main_shell] == [".", "=", "source", "act", "last"]
    (act,) = (c for c in found.commands if c.name == "act")
    assert act.position == Position("lib/b.sh", 1, 1)
    assert [(frame.kind, frame.position.path) for frame in act.frames] == [("source", PATH), ("source", "lib/a.sh")]
    assert found.sources == ("lib/a.sh", "lib/b.sh")
    assert found.unresolved == ()


def test_sourced_from_the_image_by_absolute_path() -> None:
    assert "act" in [c.name for c in program(". /home/coder-files/x.sh", {"/home/coder-files/x.sh": "act"}).commands]


def test_relative_path_is_looked_for_where_the_script_stands() -> None:
    assert "act" in [c.name for c in program(". ./x.sh", {"web/x.sh": "act"}).commands]
    assert "act" in [c.name for c in program('cd "$(dirname "$0")"\n. ../x.sh', {"x.sh": "act"}).commands]


def test_return_ends_the_file_and_not_the_script() -> None:
    found = program('. "$(dirname "$0")/x.sh"\nlast\n', {"web/x.sh": "one\nreturn 0\ntwo\n"})
    assert [c.name for c in found.main] == [".", "one", "return", "last"]


@pytest.mark.parametrize(
    ("script", "kind", "guarded"),
    [
        (". /etc/os-release", "system", False),
        ("[ -f ~/.bashrc ] && . ~/.bashrc", "system", True),
        ('. "$(dirname "$0")/gone.sh"', "missing", False),
        ('F="$(dirname "$0")/gone.sh"; if [ -f "$F" ]; then . "$F"; fi', "missing", True),
        (". /home/coder-files/gone.sh", "missing", False),
        ('. "$NOBODY/x.sh"', "unknown", False),
        ('eval "$NOBODY"', "unknown", False),
    ],
)
def test_code_that_cannot_be_seen_is_listed(script: str, kind: str, guarded: bool) -> None:
    (unseen,) = program(script).unresolved
    assert (unseen.kind, unseen.guarded, unseen.position.line) == (kind, guarded, 1)


def test_hole_among_the_commands_is_listed() -> None:
    text = Text(
        (
            Piece("one\n", Position(PATH, 1, 1)),
            Hole("module.x.script", "is not local", Position(PATH, 2, 1)),
            Piece("\ntwo\n", Position(PATH, 2, 20)),
        )
    )
    result = program(text)
    assert [(unseen.kind, unseen.position.line) for unseen in result.unresolved] == [("hole", 2)]
    assert "module.x.script" in result.unresolved[0].reason
    assert [c.name for c in result.commands if c.name] == ["one", "two"]


def test_files_that_source_each_other_end() -> None:
    files = {"web/a.sh": '. "$(dirname "$0")/b.sh"\n', "web/b.sh": '. "$(dirname "$0")/a.sh"\nact\n'}
    result = program('. "$(dirname "$0")/a.sh"\n', files)
    assert [c.name for c in result.main].count("act") == 1
    assert result.problems == ()


def test_depth_of_sourcing_is_bounded_and_told() -> None:
    files = {f"/f/{n}.sh": f". /f/{n + 1}.sh\n" for n in range(MAX_SOURCE_DEPTH + 3)}
    result = program(". /f/0.sh\n", files)
    assert [problem.kind for problem in result.problems] == ["bound"]


def test_number_of_commands_is_bounded_and_told() -> None:
    body = "\n".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}" for n in range(15))
    deep = "f15() { " + "act; " * 20 + "}"
    result = program(f"{body}\n{deep}\nf0\n")
    assert len(result.commands) <= MAX_COMMANDS
    assert "bound" in [problem.kind for problem in result.problems]


@pytest.mark.parametrize("script", ["false" + " || act" * 2000, "[ -e x ] && exit 0\nact\n" * 2000])
def test_conditions_of_a_command_are_bounded_and_told(script: str) -> None:
    result = program(script + "\n")
    assert max(len(command.guards) for command in result.commands) <= MAX_GUARDS
    assert [problem.kind for problem in result.problems] == ["bound"]


@pytest.mark.parametrize("script", ["(" * 3000 + "a" + ")" * 3000, "$(" * 3000, "if a; then " * 3000, "{ " * 500 + "a"])
def test_nesting_is_bounded_and_told(script: str) -> None:
    assert program(script + "\n").problems


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("one\nif a; then\n  two\n", 4),
        ("one\necho $(\n", 2),
        ("one\n}\ntwo\n", 2),
        ('one\necho "two\n', 2),
        ("one\nif a; then\n  # nothing\nelse\n  two\nfi\n", 4),
        ("one\nfor a in 1 2; do\ndone\n", 3),
        ("one\nf() {\n}\n", 3),
    ],
)
def test_broken_syntax_is_told_with_its_line_and_the_rest_is_read(script: str, line: int) -> None:
    result = program(script)
    assert "one" in [c.name for c in result.commands]
    assert line in [problem.position.line for problem in result.problems if problem.kind == "syntax"]


@pytest.mark.parametrize("script", ["echo 'then\nfi'\n", "cat << X\nif a; then\nfi\nX\n", "if a; then :; fi\n"])
def test_no_block_is_empty_where_it_is_text_or_has_a_command(script: str) -> None:
    assert program(script).problems == ()


def test_shebang_of_the_main_script() -> None:
    line = program("#!/usr/bin/env -S bash -e\n").shebang
    assert line is not None
    assert line.argv == ("/usr/bin/env", "-S", "bash", "-e")
    assert line.position == Position(PATH, 1, 1)
    assert program("echo\n#!/bin/bash\n").shebang is None
    assert program("").shebang is None


def test_blank_lines_before_the_shebang_do_not_hide_it() -> None:
    line = program("\n  #!/bin/bash -e\n").shebang
    assert line is not None
    assert line.position == Position(PATH, 2, 3)


def test_pipeline_elements_know_their_place() -> None:
    found = commands("a | b | c")
    assert [c.scope[0].index for c in found] == [0, 1, 2]
    assert len({c.scope[0].position for c in found}) == 1


FRAGMENTS = st.sampled_from(
    (
        *("if a; then", "fi", "else", "for x in a b; do", "done", "while b; do", "case $x in", "a)", ";;", "esac"),
        *(
            "{",
            "}",
            "(",
            ")",
            "((",
            "))",
            "$(",
            "`",
            "${x:-",
            "${",
            "'",
            '"',
            "$'",
            "\\",
            "#",
            "<<EOF",
            "EOF",
            "<<-'E'",
        ),
        *("\n", "\r\n", " ", ";", "&&", "||", "|", "&", "!", ">", ">>", "2>&1", "<<<", "[", "[[", "]", "]]", "-f", "~"),
        *("f() {", "f", "x=1", "x+=(a", "$x", "set -e", "trap", "eval", "source", "bash -c", "exec", "exit", "é", "\0"),
    )
)


@settings(max_examples=150)
@given(parts=st.lists(FRAGMENTS, max_size=25))
def test_whatever_is_written_is_answered(parts: list[str]) -> None:
    script = " ".join(parts)
    for found in program(script).commands:
        assert found.position.path == PATH
        assert 1 <= found.position.line <= script.count("\n") + 1
