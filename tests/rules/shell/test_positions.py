"""Every command is found at the character where it was written."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sources.shell.script import Script
from rules.sources.text import Hole, Part, Piece, Position, Text
from tests.rules.shell.support import PATH, commands, program

LINES = st.sampled_from(
    (
        "say {n}",
        "  say {n}",
        "\tsay {n}",
        "echo ✓ é 📁; say {n}",
        'echo "a   $A  ${{B:-(x)}}" && say {n}',
        "cat <<EOF; say {n}\n text ✓ $(say {n}.1)\nEOF",
        "if true; then say {n}; fi",
        "x=$(say {n})",
        '  echo "  $(say {n})  "',
        "# say nothing",
        "",
        "say {n} \\\n  more",
    )
)


def _split(text: str, cuts: list[int]) -> Text:
    """The text in pieces, all of them where they stand in one file."""
    whole = Piece(text, Position(PATH, 1, 1))
    bounds = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return Text(tuple(whole.slice(low, high) for low, high in pairwise(bounds)))


@settings(max_examples=120)
@given(lines=st.lists(LINES, max_size=8), cuts=st.lists(st.integers(0, 500), max_size=6), crlf=st.booleans())
def test_commands_stand_where_their_text_stands(lines: list[str], cuts: list[int], crlf: bool) -> None:
    script = "\n".join(line.format(n=n) for n, line in enumerate(lines, 1)) + "\n"
    if crlf and "\\\n" not in script:
        script = script.replace("\n", "\r\n")
    result = program(_split(script, cuts))
    source = script.split("\n")
    said = [found for found in result.commands if found.name == "say"]
    assert len(said) == script.count("say ") - script.count("say nothing")
    for found in said:
        line = source[found.position.line - 1]
        assert line[found.position.column - 1 :].startswith(found.raw.split("\n")[0])
        argument = found.args[0]
        assert source[argument.position.line - 1][argument.position.column - 1 :].startswith(argument.raw)
    assert result.problems == ()


PIECES = st.builds(
    Piece,
    st.text(alphabet="ab \n✓", min_size=1, max_size=12),
    st.builds(Position, st.sampled_from(("a.tf", "b.sh")), st.integers(1, 50), st.integers(1, 20)),
    st.integers(0, 4),
)
HOLES = st.builds(Hole, st.just("var.x"), st.just("unknown"), st.builds(Position, st.just("a.tf"), st.integers(1, 9)))


@given(
    parts=st.lists(st.one_of(PIECES, st.builds(Hole, st.just("var.x"), st.just(""), st.just(Position("a.tf", 3, 4)))))
)
def test_script_places_agree_with_the_text(parts: list[Part]) -> None:
    text = Text(tuple(parts))
    script = Script(text, "x")
    assert len(script.plain) == len(text)
    for offset in range(len(text)):
        assert script.at(offset) == text.at(offset)
    for start in range(len(text) + 1):
        assert script.slice(start, len(text)) == text.slice(start, len(text))


def test_span_covers_a_continued_command() -> None:
    (found,) = commands("echo \\\n  a \\\n  b\n")
    assert (found.span.start, found.span.end) == (1, 3)


def test_pieces_of_several_files_keep_their_files() -> None:
    text = Text(
        (
            Piece("one\n", Position("web/template.tf", 10, 5), 4),
            Piece("two\n  three\n", Position("web/part.sh", 1, 1)),
            Piece("four\n", Position("web/template.tf", 12, 1), 4),
        )
    )
    places = [(found.name, found.position) for found in program(text).commands]
    assert places == [
        ("one", Position("web/template.tf", 10, 5)),
        ("two", Position("web/part.sh", 1, 1)),
        ("three", Position("web/part.sh", 2, 3)),
        ("four", Position("web/template.tf", 12, 1)),
    ]


def test_code_in_quotes_stands_where_it_is_written() -> None:
    (inner,) = (found for found in commands("sudo bash -c '\n  one\n'\n") if found.name == "one")
    assert (inner.position.line, inner.position.column) == (2, 3)
