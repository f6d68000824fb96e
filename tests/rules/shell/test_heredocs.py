"""Where heredocs end and what is in them, with bash itself as the judge."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sources.shell import UNKNOWN, Program
from tests.rules.shell.support import PATH, command, commands, names, program

BASH = shutil.which("bash") or "bash"
PRELUDE = """\
cat() { while IFS= read -r line || [ -n "$line" ]; do printf '<%s>\\n' "$line"; done; }
pass() { while IFS= read -r line; do printf '%s\\n' "$line"; done; }
say() { printf 'say %s\\n' "$*"; }
"""
"""Builtins only, so that bash runs nothing else; the scripts below are made of these three names."""

HEADERS = (
    "cat <<EOF",
    "cat <<-EOF",
    "cat << EOF",
    "cat <<'EOF'",
    'cat <<"EOF"',
    "cat <<\\EOF",
    "cat <<-'EOF'",
    "cat <<E'O'F",
    "cat <<EOF; say after",
    "cat <<'EOF' && say after",
    "cat <<EOF 2>&1 | pass",
    "say before; cat <<EOF # comment <<X",
    "cat <<'E F'",
    "cat <<EOF; cat <<'END'",
)
LINES = st.sampled_from(
    (
        "EOF",
        " EOF",
        "\tEOF",
        "\t\tEOF",
        "EOF ",
        "EOFX",
        "E F",
        "END",
        "",
        "say 1",
        "say 2",
        "\tsay 3",
        "say 4 \\",
        "say \\\\",
    )
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@settings(max_examples=150)
@given(header=st.sampled_from(HEADERS), body=st.lists(LINES, max_size=7), final=st.sampled_from(("", "\n")))
def test_heredoc_ends_where_bash_ends_it(header: str, body: list[str], final: str) -> None:
    script = "\n".join((header, *body, "say last")) + final
    assert _shown(program(script)) == _run(script)


def _run(script: str) -> list[str]:
    done = subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", PRELUDE + script],
        env={"PATH": "/nonexistent", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout.splitlines()


def _shown(result: Program) -> list[str]:
    """What the script prints, by the analysis alone."""
    shown: list[str] = []
    for found in result.commands:
        here = [redirect.here for redirect in found.redirects if redirect.here is not None]
        if found.name == "cat" and here:
            text = here[-1].word.value or ""
            lines = text.removesuffix("\n").split("\n") if text else []
            shown += [f"<{line}>" for line in lines]
        elif found.name == "say":
            shown.append(" ".join(["say", *(word.value or "" for word in found.args)]))
    return shown


def test_indented_end_does_not_end_it() -> None:
    assert names("cat <<EOF\n  EOF\nrm -rf x\nEOF\nnext\n") == ["cat", "next"]


def test_dash_strips_tabs_only() -> None:
    assert names("cat <<-EOF\n\tbody\n\tEOF\nnext\n") == ["cat", "next"]
    assert names("cat <<-EOF\n  EOF\nbody\nEOF\nnext\n") == ["cat", "next"]


@pytest.mark.parametrize("tail", ["; next", " 2>&1 | next", " && next", " || next", " > file; next"])
def test_rest_of_the_line_is_code(tail: str) -> None:
    result = program(f"cat <<'EOF'{tail}\nrm -rf x\nEOF\nlast\n")
    assert [found.name for found in result.commands] == ["cat", "next", "last"]
    assert result.problems == ()


def test_body_is_kept_on_the_redirection_and_written_where_the_other_one_says() -> None:
    written = command("cat > ~/.profile <<'EOF'\nexport A=$B\nEOF\n", "cat")
    target, heredoc = written.redirects
    assert (target.operator, target.target.value) == (">", "/home/coder/.profile")
    assert heredoc.here is not None
    assert heredoc.here.quoted
    assert heredoc.here.text.known == "export A=$B\n"
    assert heredoc.here.word.value == "export A=$B\n"
    assert heredoc.here.word.position.line == 2


def test_unquoted_body_is_expanded() -> None:
    (_, written) = commands("A=1\ncat <<EOF\n\"$A\" '${A}' ${B:-x} $NOBODY \\$A\nEOF\n")
    here = written.redirects[0].here
    assert here is not None
    assert here.word.alternatives == (f"\"1\" '1' x {UNKNOWN} $A\n",)


def test_substitutions_in_an_unquoted_body_run_and_in_a_quoted_one_do_not() -> None:
    assert names('cat <<EOF\n  "$(one "a")" `two`\nEOF\n') == ["one", "two", "cat"]
    assert names('cat <<"EOF"\n  $(one) `two`\nEOF\n') == ["cat"]
    first = commands("cat <<EOF\n\n  $(one)\nEOF\n")[0]
    assert (first.position.line, first.position.column) == (3, 5)
    assert [scope.kind for scope in first.scope] == ["substitution"]


def test_heredoc_in_a_substitution() -> None:
    assert names("x=$(cat <<EOF\n)\nEOF\n)\nnext\n") == ["cat", "=", "next"]
    assert names('x="$(cat <<EOF\n"\nEOF\n)"\nnext\n') == ["cat", "=", "next"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_parenthesis_after_the_end_closes_a_substitution() -> None:
    script = 'x=$(cat <<EOF\nbody\nEOF)\nsay "$x"\n'
    assert _run(script) == ["say <body>"]
    assert names(script) == ["cat", "=", "say"]


def test_here_string() -> None:
    fed = command('A=1; read -r line <<< "x $A"', "read")
    assert fed.redirects[0].operator == "<<<"
    assert fed.redirects[0].here is not None
    assert fed.redirects[0].here.word.value == "x 1"


@pytest.mark.parametrize("text", ["echo '<<EOF'", 'echo "<<EOF"', "echo # <<EOF", "echo $((1 << 2))", "(( x << 2 ))"])
def test_look_alikes_start_no_heredoc(text: str) -> None:
    result = program(f"{text}\nnext\n")
    assert result.commands[-1].name == "next"
    assert result.problems == ()


def test_missing_end_is_told_at_its_start() -> None:
    result = program("echo\ncat <<EOF\nset -e\n  EOF\n")
    assert [found.name for found in result.commands] == ["echo", "cat"]
    (problem,) = result.problems
    assert problem.kind == "heredoc"
    assert (problem.position.path, problem.position.line) == (PATH, 2)
    assert "'EOF'" in problem.message
