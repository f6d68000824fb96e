"""Dockerfiles as BuildKit reads them: whatever it takes is read, and is not called broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sources.dockerfile import Instruction, parse_dockerfile


def only(text: str) -> Instruction:
    dockerfile = parse_dockerfile(text, "Dockerfile")
    assert dockerfile.broken == ()
    [instruction] = dockerfile.instructions
    return instruction


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("RUN make", "make"),
        ("run make\n", "make"),
        ("\tRUN\tmake", "make"),
        ("RUN make \\ \t\n  install\n", "make   install"),
        ("RUN make && \\\n# a comment\n\n  # another\n  make install", "make &&   make install"),
        ("# escape=`\nRUN make `\n install C:\\\n", "make  install C:\\"),
        ("# syntax=docker/dockerfile:1\n# escape=`\n\nRUN make `\n install", "make  install"),
        ("# make\n# escape=`\nRUN make `\n", "make `"),
        ("RUN [ -f /etc/os-release ] && make", "[ -f /etc/os-release ] && make"),
        ('RUN ["make", \\\n  "a b"]', "make 'a b'"),
        ("RUN --mount=type=cache,target=/x \\\n  --network=none make", "make"),
        ("RUN <<EOF\nmake\nmake install\nEOF", "make\nmake install\n"),
        ("RUN <<-'END'\n\tmake\n\tEND", "\tmake\n"),
        ("RUN <<EOF\n#!/usr/bin/env bash\nmake\nEOF", "#!/usr/bin/env bash\nmake\n"),
        ("RUN <<EOF\n#!/usr/bin/python3\nx = 1\nEOF", "/usr/bin/python3 <<EOF\n#!/usr/bin/python3\nx = 1\nEOF"),
        ("RUN bash -e <<EOF\nmake\nEOF", "bash -e <<EOF\nmake\nEOF"),
        ("RUN cat <<A > /a && cat <<B > /b\n1\nA\n2\nB", "cat <<A > /a && cat <<B > /b\n1\nA\n2\nB"),
        ("RUN echo '<<EOF' $((1 << 3)) <<< x", "echo '<<EOF' $((1 << 3)) <<< x"),
    ],
)
def test_what_a_run_gives_the_shell(text: str, script: str) -> None:
    read = only(text).script
    assert read is not None
    assert read.show() == script


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("USER coder", ["coder"]),
        ('USER "coder"', ["coder"]),
        ("USER coder:docker", ["coder:docker"]),
        ("ARG A=1 B", ["A=1", "B"]),
        ("ARG A='b c'", ["A=b c"]),
        ("ENV A=1 B='x y' \\\n  C=\"$D e\"", ["A=1", "B=x y", "C=$D e"]),
        ("ENV HOME /home/coder", ["HOME=/home/coder"]),
        ("ENV A b  c", ["A=b  c"]),
        ("COPY --link --chmod=755 a b /c/", ["a", "b", "/c/"]),
        ('COPY --from=x [ "a b", \\\n "/c" ]', ["a b", "/c"]),
        ("CMD [ 'a' ]", ["[", "'a'", "]"]),
        ("CMD a \\\n  b", ["a", "b"]),
        ("HEALTHCHECK --interval=3s CMD a || exit 1", ["CMD", "a", "||", "exit", "1"]),
        ('WORKDIR "/a b"', ["/a b"]),
        ("FROM --platform=linux/amd64 ubuntu:24.04 AS base", ["ubuntu:24.04", "AS", "base"]),
    ],
)
def test_the_words_of_an_instruction(text: str, words: list[str]) -> None:
    assert list(only(text).words) == words


def test_files_written_in_place() -> None:
    copy = only("COPY --chmod=644 <<A <<-'B' /etc/\nx\nA\n\ty\n\tB\n")
    assert [(name, text.show()) for name, text in copy.files] == [("A", "x\n"), ("B", "y\n")]
    assert [at.column for _, text in copy.files if (at := text.at(0)) is not None] == [1, 2]
    assert (copy.start, copy.end) == (1, 5)


def test_every_character_keeps_its_place() -> None:
    text = "FROM x\n\n  RUN \\\n    # é\n    a=é && \\\n    [ -f b ]\nUSER c"
    _, run, user = parse_dockerfile(text, "Dockerfile").instructions
    script = run.script
    assert script is not None
    lines = text.split("\n")
    places = [(character, script.at(index)) for index, character in enumerate(script.show())]
    assert all(at is not None and lines[at.line - 1][at.column - 1] == character for character, at in places)
    assert [(each.start, each.end) for each in (run, user)] == [(3, 6), (7, 7)]


PIECES = (
    "FROM x",
    "RUN",
    "run",
    "COPY",
    "ENV",
    "a b",
    " \\",
    "\\",
    "#",
    "# escape=`",
    "`",
    "--x=y",
    "<<E",
    "<<-'E'",
    "E",
)
TEXTS = st.lists(st.sampled_from((*PIECES, '"', "'", "[", '["a"]', "\t", " ", "\n", "\r\n", "é", "\x0c"))).map("".join)


@given(TEXTS)
def test_any_text_is_read_in_order_and_each_character_keeps_its_place(text: str) -> None:
    dockerfile = parse_dockerfile(text, "Dockerfile")
    lines = text.replace("\r\n", "\n").split("\n")
    ends = [0]
    for each in dockerfile.instructions:
        assert ends[-1] < each.start <= each.end <= len(lines)
        ends.append(each.end)
        texts = [each.script] if each.script is not None and '["' not in text else []
        for written in (*texts, *(content for _, content in each.files)):
            for index, character in enumerate(written.show()):
                at = written.at(index)
                assert at is not None
                assert each.start <= at.line <= each.end
                assert (lines[at.line - 1] + "\n")[at.column - 1] == character
    assert all(0 < line <= len(lines) for line in dockerfile.broken)


def test_what_cannot_be_read() -> None:
    dockerfile = parse_dockerfile("FROM x\n<<<<<<< HEAD\nUSER a\nRUN <<EOF\nmake\n", "Dockerfile")
    assert dockerfile.broken == (2, 4)
    assert [each.keyword for each in dockerfile.instructions] == ["FROM", "USER"]
    assert parse_dockerfile("CMD " + "[" * 100_000, "Dockerfile").broken == ()


def test_what_is_put_off_to_another_image_is_not_in_this_one() -> None:
    dockerfile = parse_dockerfile("FROM x\nONBUILD RUN <<EOF\nUSER a\nEOF\nUSER b\n", "Dockerfile")
    assert [each.keyword for each in dockerfile.instructions] == ["FROM", "USER"]
    assert dockerfile.broken == ()
