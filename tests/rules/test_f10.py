"""F-10: what makes the boot script stop at the first failure, and the many things that only look like it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest

from rules.checks import f10_errexit
from rules.model import Edit, Step, Undecided, Violation
from rules.sources.shell import Program, parse_program
from rules.sources.text import Position, Text

MAIN = "scripts/boot.sh"
LIB = "scripts/shared/lib.sh"


@dataclass(frozen=True)
class Boot:
    program: Program
    address: str = "coder_agent.main.startup_script"


@dataclass(frozen=True)
class Template:
    boot: tuple[Boot, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    template: str = "web"

    def step(self, at: Position) -> Step:
        return Step(at.path, at.line, self.files[at.path].splitlines()[at.line - 1].strip())


def results(script: str, **files: str) -> list[Violation | Undecided]:
    """Run the rule on a boot script; `files` are helpers of scripts/shared by name."""
    texts = {MAIN: script} | {f"scripts/shared/{name}.sh": text for name, text in files.items()}

    def source(path: str) -> Text | None:
        return Text.literal(texts[path], Position(path, 1, 1)) if path in texts else None

    main = Text.literal(script, Position(MAIN, 1, 1))
    program = parse_program(
        main,
        directory=str(PurePosixPath(MAIN).parent),
        resolve_source=source,
        expand_glob=lambda pattern: fnmatch.filter(texts, pattern),
    )
    return list(f10_errexit.check(Template((Boot(program),), texts)))


def found(script: str, **files: str) -> list[tuple[str, int, str]]:
    """Path, line and evidence of each violation."""
    violations = [result for result in results(script, **files) if isinstance(result, Violation)]
    return [(violation.span.path, violation.span.start, violation.evidence) for violation in violations]


SOURCED = '. "${HERE}/shared/lib.sh"\n'
HERE = 'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\n'

BAD: dict[str, tuple[str, int, str]] = {
    "plain": ("echo start\nset -e\n", 2, "set -e"),
    "handed to a function": ('try() {\n  "$@"\n}\ntry set -e\n', 4, "set -e"),
    "with nounset": ("set -eu\n", 1, "set -e"),
    "after another letter": ("set -xe\n", 1, "set -e"),
    "the strict mode line": ("#!/bin/bash\n\nset -euo pipefail\n", 3, "set -e"),
    "long name": ("set -o errexit\n", 1, "set -e"),
    "long name after another": ("set -o pipefail -o errexit\n", 1, "set -e"),
    "letters that take two names": ("set -uoo pipefail errexit\n", 1, "set -e"),
    "builtin": ("builtin set -e\n", 1, "set -e"),
    "command": ("command set -e\n", 1, "set -e"),
    "shopt": ("shopt -so errexit\n", 1, "set -e"),
    "shopt in two words": ("shopt -s -o errexit\n", 1, "set -e"),
    "through a variable": ("OPTS=-eu\necho\nset $OPTS\n", 3, "set -e"),
    "through a variable with two options": ('OPTS="-u -e"\nset $OPTS\n', 2, "set -e"),
    "through a default": ("set ${STRICT:--e}\n", 1, "set -e"),
    "in one branch of a variable": ("if debug; then O=-e; else O=-u; fi\nset $O\n", 2, "set -e"),
    "the name in a variable": ('CMD="set -e"\n$CMD\n', 2, "set -e"),
    "evaluated": ('echo\neval "set -e"\n', 2, "set -e"),
    "evaluated from a variable": ("CODE='set -e'\neval \"$CODE\"\n", 1, "set -e"),
    "read from standard input": (". /dev/stdin <<'EOF'\nset -e\nEOF\n", 2, "set -e"),
    "taken back later": ("set -e\nmake_home\nset +e\n", 1, "set -e"),
    "in a group": ("{\n  set -e\n}\n", 2, "set -e"),
    "in a branch": ('if [ -n "$STRICT" ]; then\n  set -e\nfi\n', 2, "set -e"),
    "in a loop": ("for item in a b; do\n  set -e\ndone\n", 2, "set -e"),
    "after and": ("[ -f /etc/strict ] && set -e\n", 1, "set -e"),
    "with output thrown away": ("set -e 2>/dev/null\n", 1, "set -e"),
    "before a pipe of another command": ("set -e && ls > list | cat\n", 1, "set -e"),
    "in a function that is called": ("strict() {\n  set -e\n}\nstrict\n", 2, "set -e"),
    "in a function of a function": ("a() { set -e; }\nb() { a; }\nb\n", 1, "set -e"),
    "in a local scope, where it still ends the boot": ("f() {\n  local -\n  set -e\n  false\n}\nf\n", 3, "set -e"),
    "after a heredoc with an indented look-alike end": ("cat <<EOF\n  EOF\nEOF\nset -e\n", 4, "set -e"),
    "after a heredoc that is piped": ("cat <<'EOF' 2>&1 | tail\ntext\nEOF\nset -e\n", 4, "set -e"),
    "after a word the grammar misreads": ('X="${B:+ ($B)}"\nset -e\n', 2, "set -e"),
    "in the body's substitution of the main shell's eval": ('eval "$(echo "set -e")"\n', 1, "set -e"),
    "Windows line ends": ("echo\r\nset -e\r\necho\r\n", 2, "set -e"),
    "shebang": ("#!/bin/bash -e\n", 1, "shebang -e"),
    "shebang with letters": ("#!/bin/sh -eu\n", 1, "shebang -e"),
    "shebang through env": ("#!/usr/bin/env -S bash -e\n", 1, "shebang -e"),
    "shebang with a name": ("#!/bin/bash -o errexit\n", 1, "shebang -e"),
    "runs itself again": ('[ -n "$AGAIN" ] || AGAIN=1 exec bash -e "$0"\n', 1, "bash -e"),
    "runs itself again by its other name": ('exec bash -eu "${BASH_SOURCE[0]}" "$@"\n', 1, "bash -e"),
    "trap that exits": ("trap 'exit 1' ERR\n", 1, "trap ERR exits"),
    "trap with more signals": ("trap 'echo bye; exit 1' INT ERR\n", 1, "trap ERR exits"),
    "trap with a function": ('die() { echo "$*"; exit 1; }\ntrap die ERR\n', 2, "trap ERR exits"),
    "trap with a call": ("die() { exit 1; }\ntrap 'die \"line $LINENO\"' ERR\n", 2, "trap ERR exits"),
    "trap with a function defined later": ("trap die ERR\ndie() { exit 1; }\n", 1, "trap ERR exits"),
    "trap that kills the shell": ("trap 'kill $$' ERR\n", 1, "trap ERR exits"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_bad(case: tuple[str, int, str]) -> None:
    script, line, evidence = case
    assert found(script) == [(MAIN, line, evidence)]


GOOD: dict[str, str] = {
    "taken off": "set +e\n",
    "other options": "set -u\nset -o pipefail\nset -E\nset -x\n",
    "positional parameters": "set -- -e\n",
    "positional parameters after options": "set -u -- -e\n",
    "a name that is turned off": "set +o errexit\n",
    "shopt that asks": "shopt -qo errexit\n",
    "shopt that turns off": "shopt -uo errexit\n",
    "in a subshell": "( set -e; make_home )\n",
    "in a substitution": "x=$(set -e; hostname)\n",
    "in backticks": "x=`set -e; hostname`\n",
    "first of a pipeline": "set -e | cat\n",
    "group at the end of a pipeline": "cat list | { set -e; read -r x; }\n",
    "in the background": "{ set -e; sync_home; } &\n",
    "a list in the background": "set -e && sync_home &\n",
    "in a function called in a subshell": "f() { set -e; }\n( f )\n",
    "in a function with a subshell for a body": "f() ( set -e; work )\nf\n",
    "in a function that is never called": "f() { set -e; }\necho ready\n",
    "in a shell of its own": "bash -c 'set -e; work'\n",
    "in another user's shell": "sudo -u coder bash -c 'set -e; work'\n",
    "a shell with the option": "bash -e /home/coder/bin/setup\nsh -e -c work\n",
    "in a file that the script writes": "cat > ~/bin/tool <<'EOF'\n#!/bin/bash -e\nset -e\nEOF\n",
    "in a file with tabs before its end": "cat > ~/tool <<-EOF\n\tset -e\n\tEOF\necho\n",
    "echoed into a file": "echo 'set -e' >> ~/.bashrc\nprintf 'set -e\\n' | tee ~/tool\n",
    "in a comment": "# set -e\necho # set -e\n",
    "in a text": 'echo "never use set -e here"\n',
    "an option of another command": "grep -e set file\nsed -e s/a/b/ file\n",
    "through sudo, which has no shell": "sudo set -e\n",
    "after the script ended": "echo done\nexit 0\nset -e\n",
    "trap at the end": "trap 'exit 1' EXIT\n",
    "trap that only tells": "trap 'echo failed' ERR\n",
    "trap that is reset": "trap - ERR\ntrap '' ERR\n",
    "trap whose function only tells": "tell() { echo failed; }\ntrap tell ERR\n",
    "trap that ends a subshell of its own": "trap '( exit 1 )' ERR\n",
    "trap in a subshell": "( trap 'exit 1' ERR; work )\n",
    "a plain shebang": "#!/usr/bin/env bash\n",
    "a second shebang line": "#!/bin/bash\n#!/bin/bash -e\n",
    "a shebang with other options": "#!/bin/bash -u\n",
}


@pytest.mark.parametrize("script", GOOD.values(), ids=GOOD.keys())
def test_good(script: str) -> None:
    assert results(script) == []


def test_cases_are_distinct() -> None:
    scripts = [script for script, _, _ in BAD.values()] + list(GOOD.values())
    assert len(scripts) == len(set(scripts))


def test_sourced_file_gets_the_finding_and_the_trail_leads_to_the_boot_script() -> None:
    (violation,) = results(HERE + SOURCED, lib="# helpers\nset -euo pipefail\n")
    assert isinstance(violation, Violation)
    assert (violation.span.path, violation.span.start) == (LIB, 2)
    assert violation.trail == (Step(MAIN, 2, SOURCED.strip()),)


def test_strict_mode_and_trap_of_a_sourced_file_are_two_findings() -> None:
    lib = 'set -euo pipefail\ndie() { exit "${1:-1}"; }\ntrap \'die "$LINENO"\' ERR\n'
    assert found(HERE + SOURCED, lib=lib) == [(LIB, 1, "set -e"), (LIB, 3, "trap ERR exits")]


def test_every_file_of_a_loop_is_read_behind_its_guard() -> None:
    loop = (
        'for name in one two three; do\n  if [ -f "${HERE}/shared/${name}.sh" ]; then\n'
        '    . "${HERE}/shared/${name}.sh"\n  fi\ndone\n'
    )
    strict = [("scripts/shared/three.sh", 1, "set -e"), ("scripts/shared/one.sh", 2, "set -e")]
    assert sorted(found(HERE + loop, one="\nset -e\n", three="set -e\n")) == sorted(strict)


def test_files_sourced_by_a_pattern_are_read() -> None:
    loop = 'for file in "${HERE}"/shared/*.sh; do\n  . "$file"\ndone\n'
    expected = [("scripts/shared/a.sh", 1, "set -e"), ("scripts/shared/b.sh", 1, "set -e")]
    assert sorted(found(HERE + loop, a="set -e\n", b="set -eu\n")) == expected


def test_helpers_named_in_a_function_an_array_or_a_list_are_read() -> None:
    lib = "set -e\n"
    by_function = 'load() { . "${HERE}/shared/$1.sh"; }\nload lib\n'
    by_array = 'HELPERS=(lib)\nfor name in "${HELPERS[@]}"; do . "${HERE}/shared/$name.sh"; done\n'
    by_list = 'LIST="other lib"\nfor name in $LIST; do F="${HERE}/shared/$name.sh"; [ -f "$F" ] && . "$F"; done\n'
    for loading in (by_function, by_array, by_list):
        assert found(HERE + loading, lib=lib) == [(LIB, 1, "set -e")]


def test_one_cause_is_one_finding_however_often_it_is_reached() -> None:
    assert found(HERE + SOURCED * 3, lib="set -e\n") == [(LIB, 1, "set -e")]
    assert found("f() { set -e; }\nf\nf\n") == [(MAIN, 1, "set -e")]


def test_function_of_a_library_counts_where_the_boot_script_calls_it() -> None:
    lib = "be_strict() {\n  set -e\n}\n"
    assert found(HERE + SOURCED, lib=lib) == []
    (violation,) = results(HERE + SOURCED + "be_strict\n", lib=lib)
    assert isinstance(violation, Violation)
    assert (violation.span.path, violation.span.start) == (LIB, 2)
    assert [(step.path, step.line) for step in violation.trail] == [(MAIN, 3)]


def test_moving_the_line_into_a_sourced_file_is_the_same_violation() -> None:
    (inline,) = results("set -e\n")
    (moved,) = results(HERE + SOURCED, lib="\n\nset -euo pipefail\n")
    assert isinstance(inline, Violation)
    assert isinstance(moved, Violation)
    assert (inline.address, inline.evidence) == (moved.address, moved.evidence)


def test_trail_shows_where_the_option_was_written() -> None:
    (violation,) = results("OPTS=-eu\nset $OPTS\n")
    assert isinstance(violation, Violation)
    assert violation.trail == (Step(MAIN, 1, "OPTS=-eu"),)


@pytest.mark.parametrize(
    ("script", "edit"),
    [
        ("  set -e\n", Edit(MAIN, 1, 1, "  set +e")),
        ("\tset -euo pipefail  # strict\n", Edit(MAIN, 1, 1, "\tset +e")),
        ("#!/bin/bash -eu\n", Edit(MAIN, 1, 1, "#!/bin/bash")),
        ("#!/usr/bin/env -S bash -e\n", Edit(MAIN, 1, 1, "#!/usr/bin/env bash")),
        ("set -e; work\n", None),
        ("[ -f x ] && set -e\n", None),
        ("eval 'set -e'\n", None),
        ("trap 'exit 1' ERR\n", Edit(MAIN, 1, 1, "")),
        ("trap 'exit 1' INT ERR\n", None),
    ],
)
def test_edit_only_where_the_line_is_the_option_alone(script: str, edit: Edit | None) -> None:
    (violation,) = results(script)
    assert isinstance(violation, Violation)
    assert violation.edit == edit


def test_edit_makes_the_finding_go() -> None:
    for script in ("set -e\n", "#!/bin/bash -e\necho\n", "#!/usr/bin/env -S bash -euo pipefail\necho\n"):
        (violation,) = results(script)
        assert isinstance(violation, Violation)
        assert violation.edit is not None
        lines = script.splitlines(keepends=True)
        lines[violation.edit.start - 1] = violation.edit.text + "\n"
        assert results("".join(lines)) == []


@pytest.mark.parametrize(
    "script", ['set "$MODE"\n', '. "$(dirname "$0")/gone.sh"\n', '. "$1"\n', 'eval "$CODE"\n', 'trap "$HANDLER" ERR\n']
)
def test_what_is_not_known_is_undecided(script: str) -> None:
    (result,) = results(script)
    assert isinstance(result, Undecided)
    assert (result.span.path, result.span.start) == (MAIN, 1)


def test_files_outside_the_repository_are_no_question() -> None:
    assert results('. /etc/profile\n[ -f ~/.bashrc ] && . ~/.bashrc\n. "$HOME/.nvm/nvm.sh"\n') == []
    assert results('eval "$(brew shellenv)"\neval $(ssh-agent -s)\nsource <(ddev completion bash)\n') == []


def test_page_has_what_a_reader_needs() -> None:
    page = f10_errexit.__doc__ or ""
    for heading in ("What it does", "Why it matters", "Bad", "Good", "Fix"):
        assert f"\n## {heading}\n" in page
