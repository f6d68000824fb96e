"""Shell scripts: a `Text` to what bash does with it, in order and with exact positions."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence

from rules.sources.shell.expand import REPOSITORY
from rules.sources.shell.memory import ExpandGlob, Memory, ResolveSource, Surroundings
from rules.sources.shell.program import (
    Assignment,
    Command,
    Frame,
    Guard,
    HereText,
    Loop,
    Origin,
    Program,
    Redirect,
    Scope,
    ScriptProblem,
    Shebang,
    Test,
    Unresolved,
    Word,
    call_of,
)
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.state import State
from rules.sources.shell.values import Value, literal, merged
from rules.sources.shell.walk import Walk
from rules.sources.text import Hole, Text

HOME = "/home/coder"

__all__ = [
    "HOME",
    "REPOSITORY",
    "UNKNOWN",
    "Assignment",
    "Command",
    "Frame",
    "Guard",
    "HereText",
    "Loop",
    "Origin",
    "Program",
    "Redirect",
    "Scope",
    "ScriptProblem",
    "Shebang",
    "Test",
    "Unresolved",
    "Word",
    "call_of",
    "parse_program",
]


def parse_program(
    text: Text,
    *,
    directory: str,
    resolve_source: ResolveSource,
    environment: Mapping[str, Sequence[Text]] | None = None,
    expand_glob: ExpandGlob | None = None,
    home: str = HOME,
    cwd: str | None = None,
) -> Program:
    """What the script does.

    Args:
        text: the script as bash gets it.
        directory: the repository folder of the script's file, ``""`` for the root.
        resolve_source: the text of a sourced file, by repository path (``scripts/lib.sh``) or by absolute path in the
            container (``/home/coder-files/lib.sh``); None if the repository has no such file.
        environment: variables that are set before the script starts, each with its possible values.
        expand_glob: the paths of the files that a pattern such as ``scripts/lib/*.sh`` means, in the form that
            `resolve_source` takes. Without it, files that are sourced by a pattern are not found.
        home: the home folder that ``~`` and ``$HOME`` mean.
        cwd: the folder that the script starts in, the home if not given.

    Never raises: what cannot be read is in `Program.problems` and `Program.unresolved`.
    """
    surroundings = Surroundings(resolve_source, expand_glob or (lambda _pattern: ()))
    variables = {name: tuple(values) for name, values in (environment or {}).items()}
    key = text, directory, home, cwd, frozenset(variables.items())
    program = _MEMORY.get(key, surroundings)
    if program is None:
        program = _read(text, directory, surroundings, variables, home, cwd or home)
        _MEMORY.put(key, program, surroundings)
    return program


_MEMORY = Memory()


def _read(
    text: Text,
    directory: str,
    surroundings: Surroundings,
    environment: Mapping[str, Sequence[Text]],
    home: str,
    cwd: str,
) -> Program:
    name = posixpath.basename(text.parts[0].start.path) if text.parts else "script"
    path = posixpath.normpath(posixpath.join(REPOSITORY, directory, name))
    walk = Walk(home=home, path=path, resolve=surroundings.resolve, expand_glob=surroundings.expand)
    user = literal(posixpath.basename(home))
    state = State({"HOME": literal(home), "USER": user, "LOGNAME": user}, literal(cwd))
    for variable, values in environment.items():
        state.variables[variable] = _environment_value(values)
    walk.run(text, path, None, state)
    walk.handlers(state)
    return Program(
        path,
        tuple(walk.commands),
        tuple(walk.problems),
        tuple(walk.unresolved),
        _shebang(text),
        tuple(walk.sources),
        tuple(walk.cuts),
        walk.calls,
    )


def _environment_value(values: Sequence[Text]) -> Value:
    texts = tuple("".join(UNKNOWN if isinstance(p, Hole) else p.text for p in value.parts) for value in values)
    holes = tuple(Origin("hole", p.expression, p.start) for value in values for p in value.parts if isinstance(p, Hole))
    return Value(texts or (UNKNOWN,), merged(holes))


def _shebang(text: Text) -> Shebang | None:
    """The first line, if it names an interpreter. The agent runs it with all its words, after skipping blank lines."""
    shown = text.show()
    start = len(shown) - len(shown.lstrip())
    line = shown[start:].split("\n", 1)[0].rstrip()
    position = text.at(start)
    if not line.startswith("#!") or position is None:
        return None
    try:
        words = shlex.split(line[2:])
    except ValueError:
        words = line[2:].split()
    return Shebang(tuple(words), position, line)
