"""What words can be: constants through variables, expansions, functions and substitutions."""

from __future__ import annotations

import pytest

from rules.sources.shell import UNKNOWN
from rules.sources.text import Hole, Piece, Position, Text
from tests.rules.shell.support import PATH, command, commands, program

WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "literal": ("show abc", ("abc",)),
    "escape": (r"show a\ b", ("a b",)),
    "single quotes": ("show 'a $b'", ("a $b",)),
    "double quotes": (r'show "a \"b\" \$c"', ('a "b" $c',)),
    "ANSI quotes": (r"show $'a\tb\x41'", ("a\tbA",)),
    "joined quotes": ("A=1; show x\"$A\"'$A'", ("x1$A",)),
    "variable": ("A=1; show $A", ("1",)),
    "variable in text": ('A=1; show "<$A> <${A}>"', ("<1> <1>",)),
    "two blanks between expansions": ('A=1; B=2; show "$A  $B"', ("1  2",)),
    "append": ("A=1; A+=2; show $A", ("12",)),
    "unset": ("A=1; unset A; show ${A:-2}", ("2",)),
    "default": ("show ${A:-x}", ("x",)),
    "default that is not needed": ("A=1; show ${A:-x}", ("1",)),
    "default for empty": ("A=; show ${A:-x}", ("x",)),
    "assigned default": (': "${A:=x}"; show $A', ("x",)),
    "alternative": ("A=1; show ${A:+yes}", ("yes",)),
    "alternative with parentheses": ('A=1; show "${A:+ ($A)}"', (" (1)",)),
    "prefix": ("A=/a/b.c; show ${A#/a/}", ("b.c",)),
    "longest prefix": ("A=/a/b.c; show ${A##*/}", ("b.c",)),
    "suffix": ("A=/a/b.c; show ${A%/*}", ("/a",)),
    "longest suffix": ("A=/a/b.c; show ${A%%/*}x", ("x",)),
    "character class": ("A=v12; show ${A#v[0-9]}", ("2",)),
    "replace": ("A=a-b-c; show ${A/-/+}", ("a+b-c",)),
    "replace all": ("A=a-b-c; show ${A//-/+}", ("a+b+c",)),
    "upper case": ("A=ab; show ${A^^}", ("AB",)),
    "indirect": ("A=B; B=x; show ${!A}", ("x",)),
    "first array element": ("A=(x y); show ${A[0]}", ("x",)),
    "last array element": ("A=(x y); show ${A[-1]}", ("y",)),
    "some array element": ("A=(x y); show ${A[i]}", ("x", "y")),
    "no array element": ("A=(x y); show ${A[2]:-z}", ("z",)),
    "element that is set": ("A=(x y); A[1]=z; show ${A[1]}", ("z",)),
    "element by name": ('declare -A A=([a]=x ["b c"]=y); show ${A["b c"]}', ("y",)),
    "element by a variable": ("declare -A A=([a]=x [b]=y); K=a; show ${A[$K]}", ("x",)),
    "elements in a text": ('A=(x y); show "<${A[*]}>"', ("<x y>",)),
    "elements of one branch": ("A=(x); if t; then A+=(y); fi; show ${A[1]:-none}", ("y", "none")),
    "each key": ('declare -A A=([a]=x [b]=y); for k in "${!A[@]}"; do show $k; done', ("a", "b")),
    "another name": ("A=x; declare -n B=A; show $B", ("x",)),
    "set by another name": ("declare -n B=A; B=x; show $A", ("x",)),
    "another name in a function": ('f() { local -n B="$1"; B=x; }; f A; show $A', ("x",)),
    "another name no more": ('f() { local -n B="$1"; }; B=x; f A; show $B', ("x",)),
    "read into an array": ("read -ra A <<< 'x y'; show ${A[1]}", ("y",)),
    "lines of an array": ("mapfile -t A <<< $'x\\ny z'; show \"${A[1]}\"", ("y z",)),
    "home": ("show ~/a", ("/home/coder/a",)),
    "home of the user": ("show ~coder/a", ("/home/coder/a",)),
    "home variable": ('show "$HOME/a"', ("/home/coder/a",)),
    "home variable in braces": ('show "${HOME}/a"', ("/home/coder/a",)),
    "no home in quotes": ('show "~/a"', ("~/a",)),
    "number": ("show $((42))", ("42",)),
    "either branch": ("if t; then A=1; else A=2; fi; show $A", ("1", "2")),
    "perhaps set": ("A=1; if t; then A=2; fi; show $A", ("2", "1")),
    "a branch that leaves": ("A=1; if t; then A=2; exit; fi; show $A", ("1",)),
    "each of a loop": ('for a in x y; do show "$a"; done', ("x", "y")),
    "each of a loop in a path": ("for a in x y; do show /d/$a.sh; done", ("/d/x.sh", "/d/y.sh")),
    "braces in a loop": ("for a in f{1,2}; do show $a; done", ("f1", "f2")),
    "cases": ("case $1 in a) A=1;; b) A=2;; *) A=3;; esac; show $A", ("3", "1", "2")),
    "cases that may not match": ("case $1 in a) A=1;; b) A=2;; esac; show $A", ("", "1", "2")),
    "argument": ('f() { show "$1"; }; f x', ("x",)),
    "missing argument": ('f() { show "${2:-y}"; }; f x', ("y",)),
    "shifted argument": ('f() { shift; show "$1"; }; f x y', ("y",)),
    "all arguments in one": ('f() { show "<$*>"; }; f x y', ("<x y>",)),
    "local": ("A=1; f() { local A=2; }; f; show $A", ("1",)),
    "set by a function": ("A=1; f() { A=2; }; f; show $A", ("2",)),
    "not set by a subshell": ("A=1; ( A=2 ); show $A", ("1",)),
    "not set by a pipeline": ("A=1; echo x | A=2; show $A", ("1",)),
    "only for one command": ("A=1; A=2 other; show $A", ("1",)),
    "exported": ("export A=1; show $A", ("1",)),
    "declared": ("declare -r A=1; show $A", ("1",)),
    "folder of the script": ('show "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"', ("/<repository>/web",)),
    "folder of the script by name": ('show "$(dirname "$0")"', ("/<repository>/web",)),
    "name of the script": ('show "$(basename "$0" .sh)"', ("boot",)),
    "echo": ("show $(echo a b | cat; true)", (UNKNOWN,)),
    "output of echo": ('A=b; show "$(echo "a $A")"', ("a b",)),
    "output of printf": ("show \"$(printf '%s' a)\"", ("a",)),
    "heredoc in a substitution": ('show "$(cat <<E\na\nE\n)"', ("a",)),
    "where a program is": ("show $(command -v sudo)", ("sudo", "")),
    "read": ("A=1; read -r A; show $A", (UNKNOWN,)),
    "unknown variable": ('show "/x/$NOBODY/y"', (f"/x/{UNKNOWN}/y",)),
    "unknown output": ('show "id-$(hostname)"', (f"id-{UNKNOWN}",)),
}


@pytest.mark.parametrize("case", WORDS.values(), ids=WORDS.keys())
def test_word(case: tuple[str, tuple[str, ...]]) -> None:
    script, alternatives = case
    assert command(script, "show").args[0].alternatives == alternatives


def test_unquoted_variable_is_split_and_a_quoted_one_is_not() -> None:
    split, whole = commands('A="x y"; show $A; show "$A"')[1:]
    assert [word.value for word in split.args] == ["x", "y"]
    assert [word.value for word in whole.args] == ["x y"]


def test_empty_variable_leaves_no_argument() -> None:
    assert command("A=; show $A x", "show").args[0].value == "x"


def test_array_and_arguments_keep_their_elements() -> None:
    array = command('A=(x "y z"); A+=(q); show "${A[@]}"', "show")
    assert [word.value for word in array.args] == ["x", "y z", "q"]
    given = command('f() { show "$@"; }; f x "y z"', "show")
    assert [word.value for word in given.args] == ["x", "y z"]


def test_values_of_a_word_are_known_only_in_full() -> None:
    word = command('show "$NOBODY/x"', "show").args[0]
    assert word.values is None
    assert word.value is None
    assert word.raw == '"$NOBODY/x"'


def test_what_flows_into_a_value_is_remembered_across_variables() -> None:
    script = 'A=$(hostname | cut -c1-8)\nB="x-$A"\nshow "$B"\n'
    origins = {(origin.kind, origin.name, origin.position.line) for origin in command(script, "show").args[0].origins}
    assert {("command", "hostname", 1), ("assignment", "A", 1), ("assignment", "B", 2)} <= origins


def test_unknown_variable_is_an_origin() -> None:
    (origin,) = command('show "$HOSTNAME"', "show").args[0].origins
    assert (origin.kind, origin.name, origin.position) == ("variable", "HOSTNAME", Position(PATH, 1, 7))


def test_hole_is_an_unknown_part_with_its_expression() -> None:
    text = Text(
        (
            Piece('show "a-', Position(PATH, 1, 1)),
            Hole("var.port", "has no default", Position(PATH, 1, 9)),
            Piece('-b"\n', Position(PATH, 1, 20)),
        )
    )
    (shown,) = program(text).commands
    assert shown.args[0].alternatives == (f"a-{UNKNOWN}-b",)
    assert shown.args[0].raw == '"a-${var.port}-b"'
    assert [(o.kind, o.name) for o in shown.args[0].origins] == [("hole", "var.port")]


def test_hole_after_a_variable_does_not_change_its_name() -> None:
    parts = (
        Piece("A=x; show $A", Position(PATH, 1, 1)),
        Hole("var.x", "unknown", Position(PATH, 1, 13)),
        Piece("\n", Position(PATH, 1, 21)),
    )
    assert program(Text(parts)).commands[1].args[0].alternatives == (f"x{UNKNOWN}",)


def test_environment_sets_variables_with_all_their_values() -> None:
    values = [
        Text.literal("-e", Position("web/template.tf", 3, 5)),
        Text.literal("-u", Position("web/template.tf", 4, 5)),
    ]
    (shown,) = program("show $MODE\n", environment={"MODE": values}).commands
    assert shown.args[0].alternatives == ("-e", "-u")


def test_too_many_values_become_unknown_and_are_told() -> None:
    tests = "".join(f"if t; then A={n}; fi\n" for n in range(40))
    result = program(tests + 'show "$A"\n')
    assert result.commands[-1].args[0].alternatives == (UNKNOWN,)
    assert [place.line for place in result.cuts] == [41]


def test_too_many_combinations_keep_what_is_certain() -> None:
    loops = "".join(f"for {name} in 1 2 3 4; do " for name in "abc")
    result = program(f'{loops}show "~/x/$a/$b/$c/end"; done; done; done\n')
    alternatives = result.commands[-1].args[0].alternatives
    assert all(text.startswith("~/x/") and text.endswith("/end") for text in alternatives)
    assert UNKNOWN in alternatives[0]
    assert result.cuts


def test_working_directory_is_followed() -> None:
    script = 'cd /srv && one\ncd app\n( cd /tmp; two )\nthree\ncd "$NOBODY"\nfour\n'
    cwd = {found.name: found.cwd for found in commands(script)}
    assert cwd["one"] == ("/srv",)
    assert cwd["two"] == ("/tmp",)
    assert "/srv/app" in cwd["three"]
    assert cwd["four"] == (UNKNOWN,)
