"""What a bash script does, in order: the data that rules read.

A `Program` is flat. Every simple command that can run is one `Command`, once for each way it is reached (a function
that is called twice gives its commands twice), with the conditions that dominate it (`guards`), the shell it runs in
(`scope`) and the calls and files that lead to it (`frames`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

from rules.model import Span
from rules.sources.shell.script import UNKNOWN, Script
from rules.sources.text import Position, Text


class Origin(Struct, frozen=True):
    """Something that flowed into a value.

    assignment: `name` was set at `position`. variable: `name` has no value that is known. command: the output of
    `name`. hole: a Terraform expression that is not known.
    """

    kind: Literal["assignment", "variable", "command", "hole"]
    name: str
    position: Position


class Word(Struct, frozen=True):
    """One argument, characters `start` to `end` of `script`.

    `alternatives` are the strings it can be; in them `UNKNOWN` stands for any text (``"/home/coder/\\0"``: something in
    the home). `splits`: it has an unquoted expansion, whose value bash splits at blanks.
    """

    alternatives: tuple[str, ...]
    script: Script
    start: int
    end: int
    origins: tuple[Origin, ...] = ()
    splits: bool = False

    @property
    def raw(self) -> str:
        """The source as written."""
        return self.script.show(self.start, self.end)

    @property
    def position(self) -> Position:
        return self.script.at(self.start)

    @property
    def values(self) -> tuple[str, ...] | None:
        """Every string it can be, or None if that is not known in full."""
        return None if any(UNKNOWN in text for text in self.alternatives) else self.alternatives

    @property
    def value(self) -> str | None:
        """The one string it is, or None if there are several or it is not known."""
        return self.alternatives[0] if len(self.alternatives) == 1 and UNKNOWN not in self.alternatives[0] else None


class Test(Struct, frozen=True):
    """A command that decides something, characters `start` to `end` of `script`.

    ``[``, ``[[`` and ``test`` become ``test`` without brackets and negation; ``case`` has the subject and then the
    patterns of its branch; ``((`` has the expression as it is written.
    """

    argv: tuple[Word, ...]
    script: Script
    start: int
    end: int

    @property
    def raw(self) -> str:
        return self.script.show(self.start, self.end)

    @property
    def position(self) -> Position:
        return self.script.at(self.start)

    @property
    def name(self) -> str:
        return self.argv[0].alternatives[0] if self.argv else ""


class Guard(Struct, frozen=True):
    """`test` succeeded (`holds`) or failed; or, if `any_of` is given, at least one of these conjunctions is true."""

    test: Test | None
    holds: bool
    any_of: tuple[tuple[Guard, ...], ...] = ()


class Scope(Struct, frozen=True):
    """A shell that is not the script's own: what it does to options, variables and traps ends with it.

    `index` is the place in a pipeline. "script" is the text of ``bash -c``; "trap" a handler, `name` its signal: it
    runs later, in the shell of the ``trap`` command at `position`.
    """

    kind: Literal["subshell", "pipeline", "substitution", "process", "background", "script", "trap"]
    position: Position
    index: int = 0
    name: str = ""


class Frame(Struct, frozen=True):
    """One step on the way to a command: a function called, a file sourced, a text evaluated. `text` is that line."""

    kind: Literal["call", "source", "eval", "script", "trap"]
    name: str
    position: Position
    text: str


class Loop(Struct, frozen=True):
    """A loop around a command. `head` is its source up to the body; `values` are the words of a ``for``."""

    kind: Literal["for", "while", "until"]
    position: Position
    head: str = ""
    values: tuple[Word, ...] = ()


class HereText(Struct, frozen=True):
    """What a heredoc or a here-string feeds in. `text` is the source; `word` the value after expansion."""

    quoted: bool
    strips_tabs: bool
    delimiter: str
    text: Text
    word: Word


class Redirect(Struct, frozen=True):
    """`operator` as written (``>``, ``>>``, ``2>&1`` has ``>&``; ``<<`` and ``<<<`` carry `here`)."""

    operator: str
    descriptor: str
    target: Word
    position: Position
    here: HereText | None = None


class Assignment(Struct, frozen=True):
    name: str
    value: Word
    position: Position
    append: bool = False


_HANDED = frozenset({"$@", "$*"})


class Command(Struct, frozen=True, dict=True):
    """One simple command, characters `start` to `end` of `script`.

    `words` is the whole command as bash sees it, `wrappers` the names of the programs in front (sudo, env, command …),
    `argv` what they run and `name` its base name (``""`` if unknown). A plain assignment is a command with the name
    ``=``, a redirection without a command one with the name ``>``, ``(( … ))`` one with the name ``((``. `outer` are
    redirections of the groups, loops and calls around it. `cwd` is the working directory, as alternatives.
    """

    name: str
    argv: tuple[Word, ...]
    words: tuple[Word, ...]
    wrappers: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    outer: tuple[Redirect, ...]
    guards: tuple[Guard, ...]
    scope: tuple[Scope, ...]
    loops: tuple[Loop, ...]
    frames: tuple[Frame, ...]
    cwd: tuple[str, ...]
    script: Script
    start: int
    end: int

    @property
    def in_main_shell(self) -> bool:
        """Whether it runs in the script's own process, so that what it sets lasts."""
        return not self.scope

    @property
    def args(self) -> tuple[Word, ...]:
        return self.argv[1:]

    @cached_property
    def raw(self) -> str:
        """The source as written, without the body of a heredoc."""
        return self.script.show(self.start, self.end)

    @property
    def position(self) -> Position:
        return self.script.at(self.start)

    @property
    def span(self) -> Span:
        return self.script.span(self.start, self.end)

    @cached_property
    def told(self) -> Position:
        """Where a person wrote it: the call that hands it, or all its arguments, to a function that runs ``"$@"``."""
        first, *rest = [word.raw.strip('"') for word in self.argv] or [""]
        calls = [frame for frame in reversed(self.frames) if frame.kind == "call"]
        if first.startswith("$"):
            calls = [call for call in calls if self.name and self.name in re.split(r"[\s'\"/<>&|;()]+", call.text)]
        elif rest and _HANDED.issuperset(rest):
            calls = [call for call in calls if not any(each in call.text for each in _HANDED)]
        else:
            calls = []
        return calls[0].position if calls else self.position

    @property
    def surroundings(self) -> tuple[str, str]:
        """What stands on its lines before it and after it."""
        plain = self.script.plain
        before = plain[plain.rfind("\n", 0, self.start) + 1 : self.start]
        newline = plain.find("\n", self.end)
        return before, plain[self.end : newline if newline >= 0 else len(plain)]


class Unresolved(Struct, frozen=True):
    """Code that runs and is not seen.

    system: a file outside the repository by nature (``/etc/profile``, ``~/.bashrc``), or what an installed program
    prints to set up a shell for it. missing: a file that is not in
    the repository. unknown: the name or the text is not known. hole: an unknown Terraform expression stands where
    commands do.
    """

    kind: Literal["system", "missing", "unknown", "hole"]
    text: str
    reason: str
    position: Position
    guarded: bool
    scope: tuple[Scope, ...] = ()

    @property
    def is_of_script(self) -> bool:
        """Whether it is a part of the script itself, and not what another program prints or may be there to run."""
        if any(scope.kind == "script" for scope in self.scope):
            return False
        names_file = self.text.startswith((". ", "source ")) and "<(" not in self.text
        return (
            self.kind == "hole"
            or (self.kind == "missing" and not self.guarded)
            or (self.kind == "unknown" and names_file and not self.guarded)
        )


class ScriptProblem(Struct, frozen=True):
    """A part of the script that was not analysed: broken syntax, a bound that was reached, a heredoc without end."""

    kind: Literal["syntax", "heredoc", "bound"]
    position: Position
    message: str


class Shebang(Struct, frozen=True):
    """The interpreter line of the main script, split into words."""

    argv: tuple[str, ...]
    position: Position
    text: str


Call = tuple[Position, tuple[tuple[str, ...], ...]]
"""A call of a function: where it is, and the values of its words."""


def call_of(position: Position, words: Sequence[Word]) -> Call:
    return position, tuple(word.alternatives for word in words)


class Program(Struct, frozen=True, dict=True):
    """A script as it runs.

    `path` is what ``$0`` is taken to be; `sources` are the files it read, in order. At `cuts` a word has more possible
    values than `values.MAX_VALUES`, and a part of it is taken to be unknown. `calls` are those of functions, each with
    what is true if it succeeds, and what if it fails.
    """

    path: str
    commands: tuple[Command, ...]
    problems: tuple[ScriptProblem, ...]
    unresolved: tuple[Unresolved, ...]
    shebang: Shebang | None
    sources: tuple[str, ...]
    cuts: tuple[Position, ...]
    calls: Mapping[Call, tuple[tuple[Guard, ...], tuple[Guard, ...]]]

    @cached_property
    def main(self) -> tuple[Command, ...]:
        """The commands that run in the script's own shell."""
        return tuple(command for command in self.commands if command.in_main_shell)
