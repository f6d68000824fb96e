"""What commands do to the shell that runs them: directories, variables, functions, sourced files, handlers."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from tree_sitter import Node

from rules.sources.shell import conditions
from rules.sources.shell.conditions import Leaves, Outcome
from rules.sources.shell.expand import REPOSITORY
from rules.sources.shell.output import code_of, formatted, texts_printed
from rules.sources.shell.program import Command, Frame, Guard, Origin, Scope, Unresolved, Word, call_of
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.state import Context, Function, State, Trap
from rules.sources.shell.values import Value, bounded, concat, literal, merged, unknown
from rules.sources.shell.wrappers import AS_ANOTHER, IN_PROCESS, SHELLS, command_text
from rules.sources.shell.written import Files, joined, whole
from rules.sources.text import Piece, Position, Text

if TYPE_CHECKING:
    from rules.sources.shell.walk import Walk

MAX_CALL_DEPTH = 16
"""Function calls in each other."""

MAX_SOURCE_DEPTH = 8
"""Files that source each other."""

MAX_SOURCED = 200
"""Files sourced in one program, each time counted."""

_AS_USER = frozenset({"su", "runuser", "newgrp", "sg"})
"""Programs that run a user's shell, which reads its script from the input."""

_LATER = frozenset({"at", "batch", "crontab"})
"""Programs that run later what they read from the input."""

_WHEN = r"^[ \t]*(?:@\w+|(?:[\d*/,-]+[ \t]+){4}[\w*/,-]+)[ \t]+"
_JOB = re.compile(rf"{_WHEN}(?=(.+))", re.MULTILINE)
"""When a line of a crontab runs, and what."""

_SYSTEM_JOB = re.compile(rf"{_WHEN}(?!root\b.*(?:~|\$\{{?HOME))\S+[ \t]+(?=(.+))", re.MULTILINE)
"""The same with the user as whom it runs, but for what is in root's own home."""

_CRON = ("/etc/cron.d/", "/etc/crontab")

_INPUT = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_WRITES = frozenset({">", ">>", ">|"})

MAX_LINES = 8
"""Lines that ``read`` is taken to choose from; of more, none is known."""

_READS = frozenset("rad")
"""Options of ``read`` that leave a line what it is, or take all there is (``-d ''``)."""

_SYSTEM = ("/etc/", "/usr/", "/opt/", "/lib/", "/run/", "/proc/", "/dev/", "/var/", "/snap/")

_SHELL_SCRIPT = re.compile(r"#!\s*/\S*?(?:/env\s+(?:-\S+\s+)*)?(?:(?<=/)|(?<=\s))(?:ba|da|a|k|z)?sh\b")

_PROGRAMS = ("/usr/local/sbin", "/usr/local/bin", "/usr/bin")
"""Where the image may have a script of its own among the programs."""

_PATTERN = re.compile(r"[*?\[]")

_DECODERS = frozenset(
    {
        "base64",
        "base32",
        "openssl",
        "xxd",
        "uudecode",
        "gunzip",
        "gzip",
        "zcat",
        "bunzip2",
        "bzcat",
        "xz",
        "xzcat",
        "zstd",
    }
)
"""Programs that make text of what nobody can read."""

_SETS_UP = frozenset(
    {
        *("ssh-agent", "gpg-agent", "keychain", "dircolors", "lesspipe", "brew", "direnv", "mise", "asdf", "fnm"),
        *("nodenv", "pyenv", "rbenv", "starship", "zoxide", "atuin", "fzf", "thefuck", "register-python-argcomplete"),
        *("ddev", "docker", "gh", "npm", "kubectl", "helm", "coder", "composer", "symfony", "drush", "uv", "conda"),
    }
)
"""Programs that print what sets up a shell for them: variables and functions, or completion."""

Effect = Callable[[Command, Sequence[Node], Context, State], "Leaves | None"]


class Builtins:
    """Applies a command's effect and says whether anything after it runs."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._active: list[tuple[str, int]] = []
        self._sourced = 0
        self._files = Files(self._repository)
        self._placed: dict[str, str | None] = {}
        self._effects: dict[str, Effect] = {
            "cd": self._cd,
            "pushd": self._pushd,
            "popd": self._popd,
            "source": self._source,
            ".": self._source,
            "eval": self._eval,
            "trap": self._trap,
            "exit": self._exit,
            "return": self._return,
            "break": self._loop,
            "continue": self._loop,
            "read": self._read,
            "mapfile": self._mapfile,
            "readarray": self._mapfile,
            "getopts": self._forget,
            "printf": self._printf,
            "unset": self._unset,
            "shift": self._shift,
            "set": self._set,
            "alias": self._alias,
            "unalias": self._unalias,
            "shopt": self._shopt,
        }

    def apply(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> Outcome:
        """What the command does to the shell; of the outcome, whether it leaves and whether it is sure to succeed."""
        given = dict(self._given(command))
        if not given:
            return self._applied(command, nodes, context, state)
        before = {name: state.variables.get(name) for name in given}
        state.variables.update(given)
        outcome = self._applied(command, nodes, context, state)
        _restore(state, before)
        return outcome

    def _given(self, command: Command) -> Iterator[tuple[str, Value]]:
        """The variables that are set for the command alone: ``A=b f``, ``env A=b bash -c …``."""
        for each in command.assignments:
            yield each.name, self.assigned(each.name, each.value, each.position)
        for word in command.words[: len(command.words) - len(command.argv)] if command.wrappers else ():
            name, equals, text = word.alternatives[0].partition("=")
            if equals and name.isidentifier():
                yield name, self.assigned(name, replace(word, alternatives=(text,)), word.position)

    def _applied(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> Outcome:
        functions = self._functions(command, state)
        if functions:
            return self._call(functions, command, context, state)
        leaves = self._effect(command, nodes, context, state)
        self._files.note(command, lambda: self._feeding(context))
        if command.name == "tee" or command.redirects:
            self._scheduled(command, context, state)
        return Outcome(leaves=leaves)

    def _functions(self, command: Command, state: State) -> tuple[Function, ...]:
        functions = state.functions.get(command.name, ())
        if not functions:
            return ()
        own = not {"builtin", "command"} & set(command.wrappers) and IN_PROCESS.issuperset(command.wrappers)
        return functions if own and command.name == _spelling(command) else ()

    def _effect(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> Leaves | None:
        in_process = IN_PROCESS.issuperset(command.wrappers)
        if in_process and (effect := self._effects.get(command.name)) is not None:
            return effect(command, nodes, context, state)
        text = command_text(command.argv)
        if text is not None:
            self._script(text, command, nodes, context, state)
        elif (given := _input_arguments(command)) is not None:
            self._fed(command, given, context, state)
        elif command.argv:
            self._executed(command, context, state)
        return "exit" if "exec" in command.wrappers else None

    # Variables

    def assigned(self, name: str, word: Word, position: Position) -> Value:
        """The value of a variable that was set there."""
        return Value(word.alternatives, merged((Origin("assignment", name, position),), word.origins))

    def declare(self, command: Command, state: State) -> None:
        """``export "A=$x"``, an assignment that the grammar takes for a string, and ``export -f name``."""
        texts = [word.value or "" for word in command.args]
        letters = "".join(text for text in texts if text[:1] == "-")
        if "f" in letters and (command.name == "export" or "x" in letters):
            state.exported |= {text for text in texts if text[:1] != "-"}
        done = {assignment.name for assignment in command.assignments}
        for word in command.args:
            for text in word.alternatives:
                name, equals, value = text.partition("=")
                if equals and name.isidentifier() and name not in done:
                    state.variables[name] = self.assigned(name, replace(word, alternatives=(value,)), word.position)

    def _forget(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        inputs = (redirect.here.word if redirect.here else redirect.target for redirect in command.redirects)
        origins = merged((Origin("command", command.name, command.position),), *(word.origins for word in inputs))
        for word in command.args:
            if word.value and word.value.isidentifier():
                state.variables[word.value] = unknown(*origins)
                state.arrays.pop(word.value, None)

    def _read(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> None:
        """``read -r a b <<< "$text"``, also where a loop around it is fed: each name gets its field of any line."""
        self._forget(command, nodes, context, state)
        options = "".join(word.value[1:] for word in command.args if word.value and word.value[0] == "-")
        names = [word.value for word in command.args if word.value and word.value.isidentifier()]
        whole_text = "d" in options and any(word.value == "" for word in command.args)
        if not names or not _READS.issuperset(options) or whole_text != ("d" in options):
            return
        texts = self._input(command, context, state)
        texts = [text.strip() for text in texts] if whole_text else [line for t in texts for line in t.split("\n")]
        lines = [line for line in texts if line.strip()]
        if not lines or len(lines) > MAX_LINES or any(UNKNOWN in line for line in lines):
            return
        separator = next((a.value.value for a in command.assignments if a.name == "IFS"), None) or None
        fields = [line.split(separator, -1 if "a" in options else len(names) - 1) for line in lines]
        width, origins = max(len(names), *map(len, fields)), state.variables[names[0]].origins
        columns = [bounded((each[at] if at < len(each) else "" for each in fields), origins) for at in range(width)]
        if "a" in options:
            state.arrays[names[0]] = {str(at): column for at, column in enumerate(columns)}
        state.variables.update(zip(names, columns, strict=False))

    def _input(self, command: Command, context: Context, state: State) -> Sequence[str]:
        """What a command is fed, by a heredoc, a file or a pipe: any of these texts, as far as it is known."""
        feeds = [each for each in (*context.outer, *command.redirects) if each.operator[:1] == "<"]
        if not feeds:
            feeding = self._feeding(context)
            printed = texts_printed(feeding)
            return [text.show() for text in whole(printed)] if len(printed) == len(feeding) else ()
        last = feeds[-1]
        if last.here is not None:
            return last.here.word.alternatives
        path = last.target.value
        given = self._contents(path, state) if path else self._walk.processes.get(last.target.position, ())
        return [text.show() for text in given]

    def _mapfile(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> None:
        """``mapfile -t names <<LIST``: each line is an element."""
        self._forget(command, nodes, context, state)
        name = command.args[-1].value if command.args else None
        texts = self._input(command, context, state)
        text = texts[0] if len(texts) == 1 and UNKNOWN not in texts[0] else None
        if text is not None and name is not None and name.isidentifier() and command.args[0].value in ("-t", name):
            lines = enumerate(text.removesuffix("\n").split("\n"))
            origins = state.variables[name].origins
            state.arrays[name] = {str(index): Value((line,), origins) for index, line in lines}

    def _printf(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        if len(command.args) > 1 and command.args[0].value == "-v" and command.args[1].value:
            origins = merged(
                (Origin("command", "printf", command.position),), *(word.origins for word in command.args[2:])
            )
            printed = formatted(command.args[2:])
            state.variables[command.args[1].value] = replace(printed or unknown(), origins=origins)

    def _unset(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        tables: tuple[dict[str, object], ...] = (state.variables, state.arrays)  # type: ignore[assignment]
        if any(word.value == "-f" for word in command.args):
            tables = (state.functions,)  # type: ignore[assignment]
        for word in command.args:
            for table in tables:
                table.pop(word.value or "", None)

    def _shift(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        count = command.args[0].value if command.args else "1"
        if state.positional is not None:
            state.positional = state.positional[int(count) :] if count and count.isdigit() else None

    def _set(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        for index, word in enumerate(command.args):
            if word.value == "--":
                state.positional = tuple(_value(other) for other in command.args[index + 1 :])
                return

    def _pushd(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> None:
        state.left = (*state.left, state.cwd)
        self._cd(command, nodes, context, state)

    def _popd(self, _command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        *before, state.cwd = state.left or (unknown(),)
        state.left = tuple(before)

    def _alias(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        for word in command.args:
            name, equals, text = (word.value or "").partition("=")
            if equals:
                origins = merged((Origin("assignment", name, word.position),), word.origins)
                state.aliases = {**state.aliases, name: Value((text,), origins)}

    def _unalias(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        names = {word.value for word in command.args}
        kept = {} if "-a" in names else {name: value for name, value in state.aliases.items() if name not in names}
        state.aliases = kept

    def _shopt(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        words = {word.value for word in command.args}
        if "expand_aliases" in words and words & {"-s", "-u"}:
            state.expands_aliases = "-s" in words

    def _cd(self, command: Command, _nodes: Sequence[Node], _context: Context, state: State) -> None:
        operands = [word for word in command.args if word.value is None or not word.value.startswith("-")]
        if any(word.value == "-" for word in command.args):
            state.cwd = unknown()
        elif not operands:
            state.cwd = literal(self._walk.home)
        else:
            texts = (joined(base, text) for base in state.cwd.alternatives for text in operands[0].alternatives)
            state.cwd = bounded(texts, operands[0].origins)

    # Leaving

    def _exit(self, *_: object) -> Leaves:
        return "exit"

    def _return(self, *_: object) -> Leaves:
        return "return"

    def _loop(self, _command: Command, _nodes: Sequence[Node], context: Context, _state: State) -> Leaves | None:
        return "loop" if context.loops else None

    # Other code

    def _call(self, functions: tuple[Function, ...], command: Command, context: Context, state: State) -> Outcome:
        """The body of the function, in the caller's shell. A function that is already running is not entered again."""
        frame = Frame("call", command.name, command.position, command.raw)
        leaves: list[Leaves | None] = []
        ends: list[State] = []
        sure = True
        before = len(self._walk.commands)
        for function in functions:
            if function.key in self._active:
                sure = False
                continue
            if len(self._active) >= MAX_CALL_DEPTH:
                self._walk.bound(
                    f"more than {MAX_CALL_DEPTH} function calls in each other; the innermost were not analysed",
                    context,
                    0,
                )
                sure = False
                continue
            branch = state if len(functions) == 1 else state.copy()
            began = len(self._walk.commands)
            outcome = self._body(function, frame, command, context, branch)
            own = self._returns(began, context, frame)
            leaves.append("exit" if outcome.leaves == "exit" and not own else None)
            sure = sure and outcome.sure
            ends.append(branch)
            if len(functions) == 1:
                returns = [(_status(each), each.guards[len(context.guards) :]) for each in own]
                self._walk.calls[call_of(command.position, command.argv)] = conditions.called(outcome, returns)
        for end in ends:
            if end is not state:
                state.join(end)
        sure = sure and not any(map(_gives_up, self._walk.commands[before:]))
        return Outcome(leaves="exit" if leaves and all(leaves) else None, sure=sure)

    def _returns(self, began: int, context: Context, frame: Frame) -> list[Command]:
        """Where a function or a file that was called in `context` goes back by itself, and not at its end."""
        ended = (each for each in self._walk.commands[began:] if each.name == "return")
        return [each for each in ended if (*context.frames, frame) == each.frames and each.scope == context.scope]

    def _body(self, function: Function, frame: Frame, command: Command, context: Context, state: State) -> Outcome:
        inner = context.reached(frame, function.parsed, command.redirects)
        if function.redirects:
            own = self._walk.simple.redirects(function.redirects, inner, state)
            inner = replace(inner, outer=inner.outer + own)
        caller, references = state.positional, state.references
        state.positional = tuple(_value(word) for word in command.args)
        state.hidden.append({})
        self._active.append(function.key)
        try:
            return self._walk.statement(function.body, inner, state)
        finally:
            self._active.pop()
            state.positional, state.references = caller, references
            _restore(state, state.hidden.pop() if state.hidden else {})

    def _source(self, command: Command, _nodes: Sequence[Node], context: Context, state: State) -> Leaves | None:
        if not command.args:
            return None
        target = command.args[0]
        leaves: list[Leaves | None] = []
        here = next((redirect.here for redirect in command.redirects if redirect.here), None)
        if target.value in ("/dev/stdin", "/dev/fd/0") and here is not None:
            frame = Frame("eval", "source", command.position, command.raw)
            return self._nested(code_of(here), context, state, frame)
        printed = self._walk.processes.get(target.position) if UNKNOWN in target.alternatives[0] else None
        if printed:
            frame = Frame("eval", "source", command.position, command.raw)
            leaves = [self._nested(text, context, state, frame) for text in printed]
            return "exit" if all(leaves) else None
        paths = [path for alternative in target.alternatives for path in self._expanded(alternative)]
        for path in paths:
            branch = state if len(paths) == 1 else state.copy()
            leaves.append(self._file(path, command, context, branch))
            if branch is not state:
                state.join(branch)
        return "exit" if leaves and all(leaves) else None

    def _expanded(self, path: str) -> list[str]:
        """The files that a pattern means, or the path itself."""
        if UNKNOWN in path or not _PATTERN.search(path) or not path.startswith("/"):
            return [path]
        pattern = posixpath.normpath(path)
        prefix = REPOSITORY + "/" if pattern.startswith(REPOSITORY + "/") else ""
        found = self._walk.expand_glob(pattern.removeprefix(prefix))
        return [prefix + name for name in sorted(found)] or [path]

    def _file(self, path: str, command: Command, context: Context, state: State) -> Leaves | None:
        target = command.args[0]
        if UNKNOWN in path:
            kind = "system" if _is_setup((target,)) else "unknown"
            self._unseen(kind, f"the name of the file in '{target.raw}' is not known", command, context)
            return None
        for candidate in self._candidates(path, state):
            text = self._repository(candidate)
            if text is not None:
                return self._sourced_text(text, candidate, command, context, state)
        kind = "system" if _is_system(joined(self._walk.home, path), self._walk.home) else "missing"
        if kind == "missing" and (made := self._made(path, state)):
            left = [self._sourced_text(text, path, command, context, state) for text in made]
            return "exit" if all(left) else None
        where = "is not part of the repository" if kind == "system" else "was not found in the repository"
        self._unseen(kind, f"{path.removeprefix(REPOSITORY + '/')} {where}", command, context)
        return None

    def _candidates(self, path: str, state: State) -> Iterator[str]:
        """Where bash would look, and for a relative path the script's own folder."""
        if path.startswith("/"):
            yield posixpath.normpath(path)
            return
        for base in state.cwd.alternatives:
            if UNKNOWN not in base:
                yield joined(base, path)
        yield joined(posixpath.dirname(self._walk.path), path)

    def _sourced_text(self, text: Text, path: str, command: Command, context: Context, state: State) -> Leaves | None:
        running = [frame.name for frame in context.frames if frame.kind == "source"]
        if path in running:
            return None
        self._sourced += 1
        if len(running) >= MAX_SOURCE_DEPTH or self._sourced > MAX_SOURCED:
            message = (
                f"more than {MAX_SOURCE_DEPTH} files source each other, or {MAX_SOURCED} in all; the rest is not read"
            )
            self._walk.bound(message, context, 0)
            return None
        self._walk.sources[path.removeprefix(REPOSITORY + "/")] = None
        caller = state.positional
        if len(command.args) > 1:
            state.positional = tuple(_value(word) for word in command.args[1:])
        frame = Frame("source", path, command.position, command.raw)
        inner = context.reached(frame, context.parsed, command.redirects)
        began = len(self._walk.commands)
        outcome = self._walk.run(text, path, inner, state)
        state.positional = caller
        return "exit" if outcome.leaves == "exit" and not self._returns(began, context, frame) else None

    def _eval(self, command: Command, nodes: Sequence[Node], context: Context, state: State) -> Leaves | None:
        words = [word for word in command.args if word.value != "--"]
        if not words:
            return None
        frame = Frame("eval", "eval", command.position, command.raw)
        if len(words) == 1:
            texts = self._texts(words[0], nodes, context)
        else:
            whole = concat([part for word in words for part in (literal(" "), _value(word))][1:])
            texts = self._texts(replace(words[0], alternatives=whole.alternatives), (), context)
        leaves = None
        for text in texts:
            if text is None:
                kind = "system" if _is_setup(words) else "unknown"
                self._unseen(kind, f"what '{command.raw}' runs is not known", command, context)
            else:
                leaves = self._nested(text, context, state, frame)
        return leaves if len(texts) == 1 else None

    def _nested(self, text: Text, context: Context, state: State, frame: Frame) -> Leaves | None:
        if sum(other.kind == frame.kind for other in context.frames) >= MAX_SOURCE_DEPTH:
            self._walk.bound(f"more than {MAX_SOURCE_DEPTH} texts evaluate each other", context, 0)
            return None
        inner = context.reached(frame, context.parsed, ())
        return self._walk.run(text, context.parsed.script.path, inner, state).leaves

    def _script(self, word: Word, command: Command, nodes: Sequence[Node], context: Context, state: State) -> None:
        """``bash -c text``: a process of its own."""
        frame = Frame("script", command.name, command.position, command.raw)
        scope = Scope("script", command.position, name=command.name)
        inner = replace(context.within(scope), loops=(), outer=context.outer + command.redirects)
        after = [] if word not in command.argv else command.argv[command.argv.index(word) + 1 :]
        for text in self._texts(word, nodes, context):
            if text is not None:
                branch = state.copy()
                given = tuple(map(_value, after[1:])) if after and command.name in SHELLS else None
                branch.functions, branch.positional = _inherited(command, state), given
                self._nested(text, inner, branch, frame)
            else:
                self._unseen("unknown", f"what '{command.raw}' runs is not known", command, inner)

    def _fed(self, command: Command, args: Sequence[Word], context: Context, state: State) -> None:
        """``bash <<EOF`` and ``echo … | bash``: a process of its own, that reads its script from there."""
        frame = Frame("script", command.name, command.position, command.raw)
        inner = replace(context.within(Scope("script", command.position, name=command.name)), loops=())
        here = [redirect.here for redirect in command.redirects if redirect.here is not None]
        branch = state.copy()
        branch.functions, branch.positional = _inherited(command, state), tuple(map(_value, args)) or None
        files = [each.target.value for each in command.redirects if each.operator == "<" and each.target.value]
        texts = [code_of(each) for each in here] or [text for path in files for text in self._contents(path, state)]
        texts = texts or self._piped(context)
        if command.name == "crontab":
            texts = [job for crontab in texts for job in _jobs(crontab)]
        for text in texts:
            self._nested(text, inner, branch, frame)
        if not texts and self._is_decoded(command):
            self._unpacked(command, inner)

    def _scheduled(self, command: Command, context: Context, state: State) -> None:
        """What is written into ``/etc/cron.d`` runs later, in a process of its own."""
        words = [each.target for each in command.redirects if each.operator in _WRITES]
        words += command.args if command.name == "tee" else ()
        if not any(word.alternatives[0].startswith(_CRON) for word in words):
            return
        frame = Frame("script", "cron", command.position, command.raw)
        inner = replace(context.within(Scope("script", command.position, name="cron")), loops=(), outer=())
        texts = [*texts_printed([command]), *(self._piped(context) if command.name == "tee" else ())]
        for job in [job for crontab in texts for job in _jobs(crontab, _SYSTEM_JOB)]:
            branch = state.copy()
            branch.functions, branch.positional = {}, None
            self._nested(job, inner, branch, frame)

    def _piped(self, context: Context) -> list[Text]:
        """What the stage before in the pipeline prints, as far as it is known."""
        return whole(texts_printed(self._feeding(context)))

    def _feeding(self, context: Context) -> list[Command]:
        """The commands of the stage before in the pipeline."""
        stage = next((scope for scope in reversed(context.scope) if scope.kind == "pipeline" and scope.index), None)
        if stage is None:
            return []
        before = replace(stage, index=stage.index - 1)
        commands = itertools.takewhile(lambda each: before in each.scope, reversed(self._walk.commands[:-1]))
        return [*commands][::-1]

    def _unpacked(self, command: Command, context: Context) -> None:
        self._unseen("unknown", f"what '{command.raw}' runs is unpacked first, so it cannot be read", command, context)

    def _is_decoded(self, command: Command) -> bool:
        """Whether a decoder is what a command runs, or feeds what it is piped: ``base64 -d <<< … | bash``."""
        before = {(scope.position, index) for scope in command.scope for index in range(scope.index)}
        return command.name in _DECODERS or any(
            each.name in _DECODERS and any((scope.position, scope.index) in before for scope in each.scope)
            for each in (self._walk.commands if before else ())
        )

    def _writes_decoded(self, path: str) -> bool:
        return any(
            path in word.alternatives and self._is_decoded(each)
            for each in self._walk.commands
            for word in (*(redirect.target for redirect in each.redirects), *(each.args if each.name == "tee" else ()))
        )

    def _executed(self, command: Command, context: Context, state: State) -> None:
        """``bash setup.sh``, ``./setup.sh`` and ``setup.sh``: a process of its own, followed if the file is known."""
        words = command.argv
        if command.name in SHELLS:
            words = tuple(itertools.dropwhile(lambda word: (word.value or "")[:1] in ("-", "+"), words[1:]))
        elif command.name in _LATER:
            words = tuple(itertools.dropwhile(lambda word: word.value != "-f", words))[1:]
        elif "/" not in "".join(words[0].alternatives):
            placed = self._files.programs.get(words[0].value or "") or self._program(command.name)
            if placed is None:
                return
            words = (replace(words[0], alternatives=(placed,)), *words[1:])
        for printed in self._walk.processes.get(words[0].position, ()) if words and command.name in SHELLS else ():
            self._run_file(printed, words[0].raw, words[1:], command, context, state.copy())
        paths = [path for path in words[0].alternatives if UNKNOWN not in path] if words else []
        by_shell = command.name in SHELLS or command.name in _LATER
        for path in paths if by_shell or any("/" in path for path in paths) else ():
            for candidate in self._candidates(path, state):
                text = self._repository(candidate)
                if text is not None and (by_shell or _SHELL_SCRIPT.match(text.show()) is not None):
                    self._run_file(text, candidate, words[1:], command, context, state.copy())
                    break
            else:
                for text in self._made(path, state):
                    self._run_file(text, path, words[1:], command, context, state.copy())
                if self._writes_decoded(path):
                    self._unpacked(command, context.within(Scope("script", command.position, name=command.name)))

    def _program(self, name: str) -> str | None:
        """Where the image has a file of the repository among the programs."""
        if name and name not in self._placed:
            paths = (f"{folder}/{name}" for folder in _PROGRAMS)
            self._placed[name] = next((path for path in paths if self._repository(path) is not None), None)
        return self._placed.get(name)

    def _contents(self, path: str, state: State) -> list[Text]:
        """What is in a file of the repository, or in one that the script has written itself."""
        for candidate in self._candidates(path, state):
            text = self._repository(candidate)
            if text is not None:
                return [text]
        return self._made(path, state)

    def _made(self, path: str, state: State) -> list[Text]:
        """What the script has written into a file itself, as far as it is known."""
        return self._files.made(joined(base, path) for base in state.cwd.alternatives)

    def _repository(self, path: str) -> Text | None:
        return self._walk.resolve(path.removeprefix(REPOSITORY + "/"))

    def _run_file(
        self, text: Text, path: str, args: Sequence[Word], command: Command, context: Context, state: State
    ) -> None:
        frames = [frame for frame in context.frames if frame.kind in ("source", "script")]
        self._sourced += 1
        if path in (frame.name for frame in frames) or len(frames) >= MAX_SOURCE_DEPTH or self._sourced > MAX_SOURCED:
            return
        self._walk.sources[path.removeprefix(REPOSITORY + "/")] = None
        state.functions, state.positional = _inherited(command, state), tuple(_value(word) for word in args)
        frame = Frame("script", path, command.position, command.raw)
        inner = context.within(Scope("script", command.position, name=command.name))
        outer = context.outer + command.redirects
        self._walk.run(text, path, replace(inner, loops=(), frames=(*context.frames, frame), outer=outer), state)

    def _texts(self, word: Word, nodes: Sequence[Node], context: Context) -> list[Text | None]:
        """The alternatives of a word as code, standing where a person wrote it; None for what is not known."""
        script = context.parsed.script
        for node in nodes:
            start, end = node.start_byte + 1, node.end_byte - 1
            written_here = node.type in ("raw_string", "string") and script.at(start - 1) == word.position
            if written_here and script.plain[start:end] == word.alternatives[0]:
                return [script.slice(start, end)]
        printing = {origin.position for origin in word.origins if origin.kind == "command"}
        for text in (
            texts_printed([each for each in self._walk.commands if each.position in printing]) if printing else ()
        ):
            if text.show().strip() == (word.value or "").strip():
                return [text]
        written = {origin.position for origin in word.origins if origin.kind == "assignment"}
        place = written.pop() if len(written) == 1 else word.position
        return [None if UNKNOWN in text else Text((Piece(text, place),)) for text in word.alternatives]

    # Handlers

    def _trap(self, command: Command, nodes: Sequence[Node], context: Context, _state: State) -> None:
        words = list(command.args)
        if words and words[0].value == "--":
            words = words[1:]
        if len(words) < 2 or words[0].value in ("-", "", "-p", "-l"):
            return
        signals = " ".join(text.upper().removeprefix("SIG") for word in words[1:] for text in word.alternatives)
        texts = tuple(text for text in self._texts(words[0], nodes, context) if text is not None)
        self._walk.traps.append(Trap(command, words[0], texts, signals, context))

    def handlers(self, state: State) -> None:
        """Walk what the traps run, with everything known that the script defines."""
        for trap in self._walk.traps:
            if not trap.texts:
                self._unseen("unknown", f"what '{trap.command.raw}' runs is not known", trap.command, trap.context)
            frame = Frame("trap", trap.signals, trap.command.position, trap.command.raw)
            scope = Scope("trap", trap.command.position, name=trap.signals)
            inner = replace(trap.context.within(scope), loops=(), frames=(*trap.context.frames, frame))
            for text in trap.texts:
                self._walk.run(text, trap.context.parsed.script.path, inner, state.copy())

    def _unseen(self, kind: str, reason: str, command: Command, context: Context) -> None:
        target = command.args[0] if command.args else command.argv[0]
        guarded = any(_mentions(guard, target) for guard in context.guards)
        entry = Unresolved(kind, command.raw, reason, command.position, guarded, context.scope)  # type: ignore[arg-type]
        self._walk.unresolved[entry] = None


def _input_arguments(command: Command) -> Sequence[Word] | None:
    """The arguments of a script that is read from the input; None where a command reads none from there."""
    if command.name in _AS_USER:
        return ()
    if command.name in _LATER:
        return None if any((word.value or "").startswith(("-f", "-l")) for word in command.args) else ()
    if command.name not in SHELLS:
        return None
    words, options = list(command.args), ""
    while words and (words[0].value or "")[:1] in ("-", "+"):
        option = words.pop(0).value or ""
        if option == "--":
            break
        options += "" if option.startswith("--") else option
        if option[-1:] in ("o", "O") and not option.startswith("--"):
            words = words[1:]
    if words and words[0].value in _INPUT:
        return words[1:]
    return words if "s" in options or not words else None


def _jobs(crontab: Text, job: re.Pattern[str] = _JOB) -> list[Text]:
    """What the lines of a crontab run."""
    return [crontab.slice(*match.span(1)) for match in job.finditer(crontab.show())] if crontab.known else []


def _inherited(command: Command, state: State) -> dict[str, tuple[Function, ...]]:
    """The functions that a shell of its own knows: those of ``export -f``, but for another user's."""
    if not state.exported or command.name in _AS_USER or not AS_ANOTHER.isdisjoint(command.wrappers):
        return {}
    return {name: found for name, found in state.functions.items() if name in state.exported}


def _restore(state: State, variables: Mapping[str, Value | None]) -> None:
    """Give variables their former values; None stands for none."""
    for name, value in variables.items():
        if value is None:
            state.variables.pop(name, None)
        else:
            state.variables[name] = value


def _is_setup(words: Sequence[Word]) -> bool:
    """``eval "$(brew shellenv)"``, ``source <(ddev completion bash)``: code that belongs to an installed program."""
    origins = [origin for word in words for origin in word.origins if origin.kind != "assignment"]
    return bool(origins) and all(origin.kind == "command" and origin.name in _SETS_UP for origin in origins)


def _gives_up(command: Command) -> bool:
    return command.name == "return" and _status(command) != "0"


def _status(command: Command) -> str | None:
    """What ``return`` says, None if that is not known."""
    return command.args[0].value if len(command.args) == 1 else None


def _spelling(command: Command) -> str:
    return command.argv[0].alternatives[0] if command.argv else ""


def _value(word: Word) -> Value:
    return Value(word.alternatives, word.origins)


def _mentions(guard: Guard, word: Word) -> bool:
    if guard.test is None:
        return any(_mentions(inner, word) for conjunction in guard.any_of for inner in conjunction)
    return any(set(other.alternatives) & set(word.alternatives) for other in guard.test.argv)


def _is_system(path: str, home: str) -> bool:
    return path.startswith(_SYSTEM) or path == home or path.startswith(home + "/")
