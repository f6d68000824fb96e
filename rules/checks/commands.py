"""What the rules about shell commands share: where scripts come from, what a command runs, and what it writes where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, KeysView, Sequence
from functools import cached_property, lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.support import argument_lists, written_out
from rules.model import Edit, Step
from rules.once import once
from rules.sources.shell import Command, Origin, Program, Word
from rules.sources.shell.script import UNKNOWN
from rules.sources.shell.wrappers import TMUX_RUNS, base_name, peel
from rules.sources.text import Position
from rules.sources.tree import Unreadable, read_text
from rules.workspace.image import NAME as IMAGE
from rules.workspace.image import Image
from rules.workspace.template import Workspace

MAX_INNER = 4
"""Commands that hand on to one another (``xargs sudo find -exec …``)."""


Frames = tuple[Position, ...]
"""Calls and files that lead to a place."""


# Where scripts come from


class Surface(Struct, frozen=True):
    """Scripts that one part of the contract governs, and the lines of the files they are in."""

    template: str
    programs: tuple[Program, ...]
    lines: Callable[[str], Sequence[str]]

    def select(self, concern: Concern) -> Iterator[tuple[Flow, Command]]:
        """The commands that a rule is concerned with, each once, however often it gets there with the same words."""
        seen: dict[tuple[Position, Frames], list[Command]] = {}
        for flow in map(flow_of, self.programs):
            for command in flow.select(concern):
                alike = seen.setdefault((command.position, frames_of(command)), [])
                if not any(_same_words(command, other) for other in alike):
                    alike.append(command)
                    yield flow, command

    def line(self, at: Position) -> str:
        lines = self.lines(at.path)
        return lines[at.line - 1].rstrip("\r") if 0 < at.line <= len(lines) else ""

    def step(self, at: Position) -> Step:
        return Step(at.path, at.line, self.line(at).strip()[:160])

    def steps(self, positions: Iterable[Position]) -> tuple[Step, ...]:
        return tuple(dict.fromkeys(self.step(at) for at in positions if at.path))


@once
def frames_of(command: Command) -> Frames:
    return tuple(frame.position for frame in command.frames)


def _same_words(one: Command, other: Command) -> bool:
    return [word.alternatives for word in one.words] == [word.alternatives for word in other.words]


@once
def of_workspace(workspace: Workspace) -> Surface:
    """All scripts that run in a workspace of this template."""
    source = workspace.evaluator.source
    programs = tuple(script.program for script in workspace.scripts)
    return Surface(workspace.template, programs, lambda path: source.lines.get(path, []))


@once
def of_image(image: Image) -> Surface:
    """What the image's build runs, and the scripts that it stages."""

    def lines(path: str) -> Sequence[str]:
        try:
            return read_text(image.tree, path).split("\n")
        except Unreadable:
            return ()

    return Surface(IMAGE, (*image.runs, *image.scripts), lines)


# What a command runs


class Invocation(Struct, frozen=True):
    """A program with arguments that have one value each; `command` is the statement that leads to it."""

    name: str
    args: tuple[Word, ...]
    command: Command


@once
def invocations(command: Command) -> tuple[Invocation, ...]:
    """What a command runs: itself, and what it hands to ``xargs`` or ``find -exec``."""
    own = tuple(_own_invocations(command))
    if not _hands_on(command.name):
        return own
    return tuple(each for invocation in own for each in _handed_on(invocation.name, invocation.args, command, 0))


def _own_invocations(command: Command) -> Iterator[Invocation]:
    if not any(word.splits or len(word.alternatives) > 1 for word in command.args):
        yield Invocation(command.name, command.args, command)
        return
    for arguments in argument_lists(command):
        args = tuple(replace(word, alternatives=(text,), splits=False) for text, word in arguments)
        yield Invocation(command.name, args, command)


def _programs(command: Command) -> Iterable[str]:
    """The names of what a command runs, by `invocations`, which are needed for few commands."""
    return (each.name for each in invocations(command)) if _hands_on(command.name) else (command.name,)


def _hands_on(name: str) -> bool:
    return name == "find" or name in _HANDS_ON


def _handed_on(name: str, args: tuple[Word, ...], command: Command, depth: int) -> Iterator[Invocation]:
    yield Invocation(name, args, command)
    for inner in _inner(name, args) if depth < MAX_INNER and _hands_on(name) else ():
        argv = peel(inner).argv
        if argv:
            yield from _handed_on(base_name(argv[0]), argv[1:], command, depth + 1)


_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_HANDS_ON = {
    "xargs": ("adEILnPs", frozenset({"arg-file", "delimiter", "max-args", "max-procs", "max-chars"})),
    "setpriv": ("", frozenset({"reuid", "regid", "groups", "ruid", "euid", "rgid", "egid", "inh-caps"})),
    "systemd-run": ("pMEHu", frozenset({"unit", "property", "uid", "gid", "slice", "setenv", "description"})),
    "parallel": ("jnNLPaI", frozenset({"jobs", "max-args", "arg-file", "joblog", "results", "delay", "timeout"})),
    "flock": ("wE", frozenset({"timeout", "conflict-exit-code"})),
    "nsenter": ("tSG", frozenset({"target", "setuid", "setgid"})),
    "chroot": ("", frozenset({"userspec", "groups"})),
    "chronic": ("", frozenset()),
    "watch": ("nq", frozenset({"interval", "equexit"})),
    "unshare": ("RwSG", frozenset({"root", "wd", "setuid", "setgid", "map-user", "map-group", "propagation"})),
    "strace": ("abeEIoOpPsSuUX", frozenset({"output", "user", "env", "trace", "attach", "string-limit"})),
    "screen": ("cehpsStT", frozenset()),
    "tmux": ("cfLST", frozenset()),
}
"""Programs that run their operands, with the options that take an argument."""


def _inner(name: str, args: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    if name == "find":
        texts = [word.alternatives[0] for word in args]
        found = (texts[0] if texts and texts[0][:1] not in "-(!" else ".") + "/" + UNKNOWN
        for index, text in enumerate(texts):
            if text in _FIND_RUNS:
                end = next((at for at in range(index + 1, len(texts)) if texts[at] in (";", "+")), len(texts))
                run = args[index + 1 : end]
                yield tuple(replace(w, alternatives=(w.alternatives[0].replace("{}", found),)) for w in run)
    else:
        short, long = _HANDS_ON[name]
        operands = getopt(args, short, long, stop_at_operand=True).operands
        if name == "parallel":
            yield from _in_parallel(operands)
            return
        if name == "tmux":
            yield getopt(operands[1:], "ceFnstxy", stop_at_operand=True).operands if _opens_window(operands) else ()
            return
        if name == "chroot" and [known(word) for word in operands[:1]] != ["/"]:
            return
        yield operands[1:] if name in ("flock", "chroot") else operands


def _opens_window(operands: Sequence[Word]) -> bool:
    return bool(operands) and known(operands[0]) in TMUX_RUNS


def _in_parallel(operands: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """``parallel cp {} ~ ::: a b``: what it runs for each argument, which comes last where no place is given."""
    cut = next((at for at, word in enumerate(operands) if known(word).startswith(":::")), len(operands))
    run, given = operands[:cut], [known(word) for word in operands[cut + 1 :]] or [UNKNOWN]
    if not any("{" in word.alternatives[0] for word in run):
        run = (*run, *(replace(word, alternatives=("{}",)) for word in operands[-1:]))
    for text in given:
        yield tuple(replace(word, alternatives=(word.alternatives[0].replace("{}", text),)) for word in run)


class Option(Struct, frozen=True):
    """An option by its letter or long name; `value` is ``""`` for one without argument."""

    name: str
    value: str
    word: Word

    @property
    def argument(self) -> Word:
        """Its value alone, of a word that may hold the option too (``--file=x``)."""
        return replace(self.word, alternatives=(self.value,))


class Arguments(Struct, frozen=True):
    options: tuple[Option, ...]
    operands: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        return any(option.name in names for option in self.options)

    def values(self, *names: str) -> Iterator[Option]:
        return (option for option in self.options if option.name in names)


def getopt(
    args: Sequence[Word], short: str = "", long: Iterable[str] = (), *, stop_at_operand: bool = False
) -> Arguments:
    """Arguments as getopt reads them; the letters of `short` and the names in `long` take an argument."""
    options: list[Option] = []
    operands: list[Word] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        text = word.alternatives[0]
        if text == "--":
            operands += rest
            break
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            if not equals and name in long and rest:
                word = rest.pop(0)
                value = word.alternatives[0]
            options.append(Option(name, value, word))
        elif text.startswith("-") and len(text) > 1:
            options += _letters(text[1:], word, rest, short)
        else:
            operands.append(word)
            if stop_at_operand:
                operands += rest
                break
    return Arguments(tuple(options), tuple(operands))


def _letters(letters: str, word: Word, rest: list[Word], short: str) -> Iterator[Option]:
    """``-rf``, ``-u1000`` and ``-u 1000``; takes the argument off `rest`."""
    for index, letter in enumerate(letters):
        if letter not in short:
            yield Option(letter, "", word)
            continue
        value = letters[index + 1 :]
        if not value and rest:
            word = rest.pop(0)
            value = word.alternatives[0]
        yield Option(letter, value, word)
        return


def known(word: Word) -> str:
    """The text of a word of an `Invocation`, unknown parts as an ellipsis: for a person, and to compare by."""
    return word.alternatives[0].replace(UNKNOWN, "…")


# What a command writes

Mode = Literal["append", "replace"]


class Write(Struct, frozen=True):
    """`paths` get `texts`; both as far as they are known, `texts` is empty if nothing is.

    `sources` print the texts, `target` names the file, `at` is the line that sends them there.
    """

    mode: Mode
    paths: tuple[str, ...]
    texts: tuple[str, ...]
    sources: tuple[Command, ...]
    target: Word
    command: Command
    at: Position


_PASSES_ON = frozenset({"tee", "cat", "sponge", "dd", "sort", "head", "tail", "sed", "awk", "grep", "tr"})
_PASSES_ON |= {"base64", "egrep", "fgrep", "cut", "uniq", "tac", "envsubst", "xargs"}
_COPIERS = frozenset({"cp", "install"})


class Concern(Struct, frozen=True):
    """Which commands a rule has to look at, of the hundreds of a script: those of which one of these is true.

    programs, like: it runs a program of this name, see `Invocation`; a name that is not known is empty
    writes: its output may go to a file
    assigns: it sets variables, also by ``${NAME:=…}``
    wrapped: something like `sudo` stands before it
    """

    programs: frozenset[str] = frozenset()
    like: re.Pattern[str] | None = None
    writes: bool = False
    assigns: bool = False
    wrapped: bool = False

    def among(self, programs: KeysView[str]) -> set[str]:
        """Those of the programs that the rule has to look at."""
        alike = filter(self.like.fullmatch, programs) if self.like is not None else ()
        return (programs & self.programs).union(alike)


class _Index(Struct, frozen=True):
    """The places of commands in their program, by what a `Concern` asks."""

    programs: dict[str, list[int]]
    writing: list[int]
    assigning: list[int]
    wrapped: list[int]


_WRITERS = frozenset({"tee", "sponge", "dd"})
_SETS_DEFAULT = re.compile(r"\$\{\w+:?=")
_REPLACES = frozenset({">", ">|", "&>"})
_APPENDS = frozenset({">>", "&>>"})
_OPENS = _REPLACES | _APPENDS


class Flow(Struct, frozen=True, dict=True):
    """The commands of one program with what connects them."""

    program: Program

    def select(self, concern: Concern) -> tuple[Command, ...]:
        """The commands that a rule is concerned with, in order."""
        index = self._index
        places = {place for name in concern.among(index.programs.keys()) for place in index.programs[name]}
        places.update(index.writing if concern.writes else ())
        places.update(index.assigning if concern.assigns else ())
        places.update(index.wrapped if concern.wrapped else ())
        return tuple(self.program.commands[place] for place in sorted(places))

    def written_with(self, pattern: re.Pattern[str]) -> Iterator[Command]:
        """The commands that have the pattern in their source, in order: few scripts have it anywhere."""
        scripts = {command.script for command in self.program.commands}
        having = {script for script in scripts if pattern.search(script.plain)}
        for command in self.program.commands if having else ():
            if command.script in having and pattern.search(command.raw):
                yield command

    @cached_property
    def _index(self) -> _Index:
        index = _Index({}, [], [], [])
        defaults = {id(command) for command in self.written_with(_SETS_DEFAULT)}
        for place, command in enumerate(self.program.commands):
            # A function that is called like a program is not that program: what it runs has its own place.
            if not self.is_call(command):
                for name in _programs(command):
                    index.programs.setdefault(name, []).append(place)
                if command.redirects or command.outer or command.name in _WRITERS or command.name in _COPIERS:
                    index.writing.append(place)
            if command.assignments or id(command) in defaults:
                index.assigning.append(place)
            if command.wrappers:
                index.wrapped.append(place)
        return index

    @cached_property
    def by_position(self) -> dict[Position, list[Command]]:
        """The commands by where they begin, and by where they set a variable."""
        found: dict[Position, list[Command]] = {}
        for command in self.program.commands:
            found.setdefault(command.position, []).append(command)
            for assignment in command.assignments:
                if assignment.position != command.position:
                    found.setdefault(assignment.position, []).append(command)
        return found

    @cached_property
    def _stages(self) -> dict[tuple[Position, int], tuple[int, dict[Frames, list[Command]]]]:
        """Commands by the stage of the pipeline that they are in, and by the first so many steps that lead there."""
        staged: dict[tuple[Position, int], list[Command]] = {}
        for command in self.program.commands:
            for scope in command.scope:
                if scope.kind == "pipeline":
                    staged.setdefault((scope.position, scope.index), []).append(command)
        return {stage: _by_way(commands) for stage, commands in staged.items()}

    def _stage(self, at: Position, index: int, command: Command) -> list[Command]:
        """The commands of a stage, in functions too, on the way on which `command` runs in that pipeline."""
        depth, by_way = self._stages.get((at, index), (0, {}))
        return by_way.get(frames_of(command)[:depth], [])

    @cached_property
    def _writes(self) -> dict[int, tuple[Write, ...]]:
        return {}

    def writes(self, command: Command) -> tuple[Write, ...]:
        """The files that a command's output goes to: by redirection, ``tee``, ``dd`` or ``sponge``."""
        found = self._writes.get(id(command))
        if found is None:
            found = self._writes[id(command)] = tuple(self._written(command))
        return found

    def _written(self, command: Command) -> Iterator[Write]:
        if self.is_call(command):
            return  # what runs in the function has these redirections too
        for redirect in (*command.redirects, *command.outer):
            mode: Mode | None = (
                "replace" if redirect.operator in _REPLACES else "append" if redirect.operator in _APPENDS else None
            )
            duplicate = self._descriptors.get(redirect.target.alternatives[0]) if redirect.operator == ">&" else None
            if duplicate is not None and redirect.descriptor in ("", "1"):
                yield self._write(*duplicate, command, command.position)
            # What is opened to be added to is as it was until something is printed there.
            opens = command.name == "exec" and redirect.descriptor != "2" and mode == "replace"
            opened = redirect.descriptor in ("", "1") or opens
            if mode is not None and opened and not _is_process(redirect.target, ">("):
                at = command.position if redirect in command.redirects else redirect.position
                yield self._write(mode, located(redirect.target, command), redirect.target, command, at)
        if command.name in _WRITERS:
            arguments = getopt(command.args)
            appends = arguments.has("a", "append") or any("append" in known(word) for word in command.args)
            for word in arguments.operands:
                paths = located(word, command)
                if command.name == "dd":
                    paths = tuple(path[3:] for path in word.alternatives if path.startswith("of="))
                if paths and not _is_process(word, ">("):
                    yield self._write("append" if appends else "replace", paths, word, command, command.position)
        elif command.name in _COPIERS and _takes_input(command):
            target = command.args[-1]
            yield self._write("replace", located(target, command), target, command, command.position)

    def is_call(self, command: Command) -> bool:
        return (command.position, command.name) in self._calls

    @cached_property
    def _calls(self) -> frozenset[tuple[Position, str]]:
        """Where functions are called, with their names."""
        frames = (frame for command in self.program.commands for frame in command.frames)
        return frozenset((frame.position, frame.name) for frame in frames if frame.kind == "call")

    @cached_property
    def _descriptors(self) -> dict[str, tuple[Mode, tuple[str, ...], Word]]:
        """The files that ``exec 3>> file`` opens, by the number that the rest of the script knows them by."""
        found: dict[str, tuple[Mode, tuple[str, ...], Word]] = {}
        for command in self.program.commands:
            for redirect in command.redirects if "exec" in (command.name, *command.wrappers) else ():
                if redirect.descriptor.isdigit() and int(redirect.descriptor) > 2 and redirect.operator in _OPENS:
                    mode: Mode = "append" if redirect.operator in _APPENDS else "replace"
                    found[redirect.descriptor] = mode, located(redirect.target, command), redirect.target
        return found

    def _write(self, mode: Mode, paths: tuple[str, ...], target: Word, command: Command, at: Position) -> Write:
        sources = self._sources(command)
        return Write(mode, paths, texts_of(sources), sources, target, command, at)

    def _sources(self, command: Command) -> tuple[Command, ...]:
        """The commands whose output this one passes on, or itself if it makes its own."""
        passes_on = command.name in _PASSES_ON or (command.name in _COPIERS and _takes_input(command))
        return (command, *self.feeding(command)) if passes_on else (command,)

    def feeding(self, command: Command) -> tuple[Command, ...]:
        """All commands whose output reaches this one, but for what has its input in place."""
        if any(redirect.here is not None for redirect in command.redirects):
            return ()
        named = (each for word in command.args if _is_process(word, "<(") for each in self._in_process(word, command))
        return tuple(source for each in (*self.upstream(command), *named) for source in self._sources(each))

    def upstream(self, command: Command) -> Sequence[Command]:
        """The commands of the stage before in the pipeline that feeds this one, or those that write into ``>(…)``."""
        for scope in reversed(command.scope):
            if scope.kind == "pipeline" and scope.index:
                return self._stage(scope.position, scope.index - 1, command)
            if scope.kind == "process":
                return self._into.get((scope.position, frames_of(command)), [])
        return ()

    @cached_property
    def _into(self) -> dict[tuple[Position, Frames], list[Command]]:
        """The commands that write into a process, by its place."""
        found: dict[tuple[Position, Frames], list[Command]] = {}
        for command in self.program.commands:
            for word in (*command.args, *(redirect.target for redirect in command.redirects)):
                if _is_process(word, ">("):
                    found.setdefault((word.position, frames_of(command)), []).append(command)
        return found

    def _in_process(self, word: Word, command: Command) -> Iterator[Command]:
        """The commands that run in ``<(…)``."""
        for other in self.program.commands:
            inside = any(scope.kind == "process" and scope.position == word.position for scope in other.scope)
            if inside and frames_of(other) == frames_of(command):
                yield other


def _by_way(commands: Sequence[Command]) -> tuple[int, dict[Frames, list[Command]]]:
    """The commands by the steps that lead to all of them, and how many these are."""
    depth = min(len(command.frames) for command in commands)
    found: dict[Frames, list[Command]] = {}
    for command in commands:
        found.setdefault(frames_of(command)[:depth], []).append(command)
    return depth, found


@once
def flow_of(program: Program) -> Flow:
    return Flow(program)


_TAKES_FED = frozenset({"rm", "unlink", "shred", "truncate", "sed", "systemctl", "service"})
_LISTS = frozenset({"find", "ls", "echo", "printf", "grep"})


def fed_invocations(flow: Flow, command: Command) -> Iterator[Invocation]:
    """What a command runs; ``xargs`` adds to it what it is fed: ``find ~/x | xargs rm``."""
    for invocation in invocations(command):
        if command.name == "xargs" and invocation.name in _TAKES_FED:
            lists = [each for each in flow.upstream(command) if each.name in _LISTS]
            found = tuple(word for each in lists for word in _listed(each))
            yield replace(invocation, args=(*invocation.args, *found))
        else:
            yield invocation


def _listed(command: Command) -> Iterator[Word]:
    """The files that a command lists, by the folders that it looks in."""
    operands = [word for word in command.args if not known(word).startswith("-")]
    if command.name == "find":
        ends = next((index for index, word in enumerate(command.args) if known(word)[:1] in "-(!"), len(command.args))
        operands = list(command.args[:ends])
    inside = f"/{UNKNOWN}" if command.name in ("find", "ls", "grep") else ""
    for word in operands:
        yield replace(word, alternatives=(word.alternatives[0].rstrip("/") + inside,))


def taken_files(command: Command, programs: frozenset[str]) -> Iterator[str]:
    """The files whose text a command takes: what ``<`` feeds it, and its arguments if it is one of `programs`."""
    words = [redirect.target for redirect in command.redirects if redirect.operator == "<"]
    for word in (*words, *command.args) if command.name in programs else words:
        yield from located(word, command)


def _is_process(word: Word, opening: str) -> bool:
    """Whether a word is ``<(…)`` or ``>(…)``."""
    return UNKNOWN in word.alternatives[0] and word.raw.lstrip().startswith(opening)


def _takes_input(command: Command) -> bool:
    """``install /dev/stdin FILE`` and ``cp <(…) FILE`` write what they are fed."""
    return any(word.value in ("/dev/stdin", "/dev/fd/0") or _is_process(word, "<(") for word in command.args[:-1])


def located(word: Word, command: Command) -> tuple[str, ...]:
    """The absolute paths that a word can mean where the command runs; what is not known of them stays `UNKNOWN`."""
    found = dict.fromkeys(_joined(folder, text) for text in word.alternatives for folder in command.cwd if text)
    return tuple(found)


@lru_cache(maxsize=4096)
def _joined(folder: str, text: str) -> str:
    if not text.startswith(("/", UNKNOWN)):
        text = posixpath.join(folder, text)
    return posixpath.normpath(re.sub("/+", "/", text)) + ("/" if text.endswith("/") and len(text) > 1 else "")


def texts_of(commands: Iterable[Command]) -> tuple[str, ...]:
    """What these commands print, as far as it follows from their arguments."""
    return tuple(text for command in commands for text in printed(command))


@once
def printed(command: Command) -> tuple[str, ...]:
    """What one command prints itself."""
    return tuple(_printed(command))


def _printed(command: Command) -> Iterator[str]:
    for redirect in command.redirects:
        if redirect.here is not None:
            yield from redirect.here.word.alternatives
    if command.name == "echo":
        for arguments in argument_lists(command):
            text = " ".join(text for text, _ in arguments if text not in ("-n", "-e", "-ne", "-en", "-E"))
            yield text.replace("\\n", "\n").replace("\\t", "\t")
    elif command.name == "printf":
        for arguments in argument_lists(command):
            yield _formatted([text for text, _ in arguments if text != "--"])


_FORMAT = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?([%a-zA-Z])")


def _formatted(words: list[str]) -> str:
    """``printf``: the format again and again until its arguments are used up."""
    form, values = words[0].replace("\\n", "\n").replace("\\t", "\t"), words[1:]
    printed: list[str] = []
    while True:
        left = len(values)
        printed.append(_FORMAT.sub(lambda match: "%" if match[1] == "%" else (values.pop(0) if values else ""), form))
        if not values or len(values) == left or len(printed) > 64:
            return "".join(printed)


# Where to speak of it


def site(command: Command, needle: re.Pattern[str]) -> Position:
    """The line that a person would change: the call that hands a function what it should not get, else the command."""
    bodies = (redirect.here.text.show() for redirect in command.redirects if redirect.here is not None)
    if any(needle.search(text) for text in (command.raw, *bodies)):
        return command.position
    for frame in reversed(command.frames):
        if frame.kind == "call" and needle.search(frame.text):
            return frame.position
    return command.position


def passed(command: Command, origins: Iterable[Origin] = (), at: Position | None = None) -> tuple[Position, ...]:
    """From the calls and values that a command gets its words from to itself, then outwards through what has it run.

    `at` is where it does what is meant, if that is not where it begins.
    """
    words = [origin for word in command.args for origin in word.origins]
    assigned = [origin.position for origin in (*origins, *words) if origin.kind == "assignment"]
    calls = [frame.position for frame in command.frames if frame.kind == "call"]
    others = [frame.position for frame in reversed(command.frames) if frame.kind != "call"]
    return (*calls, *assigned, at or command.position, *others)


def shown(command: Command) -> str:
    text = written_out(command)
    return text if len(text) <= 60 else text[:57] + "…"


def essence(invocation: Invocation) -> str:
    """What a program is told to do, without its options: with one more or less it is still the same finding."""
    words = (known(word) for word in invocation.args)
    return " ".join((invocation.name, *(text for text in words if not text.startswith("-"))))


# Suggestions


def replaced(surface: Surface, word: Word, new: str, after: Edit | None = None) -> Edit | None:
    """The edit that writes `new` in place of a word that is spelled out on one line; `after` one further on there."""
    at, raw = word.position, word.raw
    line = surface.line(at) if after is None else after.text
    start = at.column - 1
    if "\n" in raw or line[start : start + len(raw)] != raw:
        return None
    quote = raw[0] if raw[:1] in "'\"" and raw[-1:] == raw[:1] and len(raw) > 1 else ""
    if raw.strip(quote or " ") != word.alternatives[0]:
        return None
    return Edit(at.path, at.line, at.line, line[:start] + quote + new + quote + line[start + len(raw) :])


def deleted(surface: Surface, command: Command) -> Edit | None:
    """The edit that takes away the line of a command that stands alone on it, but for what is there for it only."""
    before, after = command.surroundings
    at, span = command.position, command.span
    if command.told != at or (command.frames and command.frames[-1].kind not in ("call", "source")):
        return None
    if span.start != span.end or any(redirect.here is not None for redirect in command.redirects):
        return None
    if not _FOR_IT.fullmatch(before) or not _WITH_IT.fullmatch(after):
        return None
    said = surface.line(at).replace("$${", "${").strip().removeprefix("RUN ").lstrip()
    return _without_line(surface, at) if said and said == (before + command.raw + after).strip() else None


def _without_line(surface: Surface, at: Position) -> Edit | None:
    """The edit that takes a line away, with the `if` or the loop around it that would be empty: bash reads none."""
    lines = surface.lines(at.path)
    first = next((n for n in range(at.line - 1, 0, -1) if _says_something(lines[n - 1])), 0)
    last = next((n for n in range(at.line + 1, len(lines) + 1) if _says_something(lines[n - 1])), 0)
    above, below = (lines[n - 1].strip() if n else "" for n in (first, last))
    if not (_BEGINS.search(above) and _ENDS.match(below)):
        return Edit(at.path, at.line, at.line, "")
    return Edit(at.path, first, last, "") if _REMOVABLE.match(above) and below in ("fi", "done") else None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


_BEGINS = re.compile(r"(?:\b(?:then|do|else)|[{(])$")
_ENDS = re.compile(r"(?:fi|done|elif|else)\b|[})]|;;")
_REMOVABLE = re.compile(r"(?:if|for|while|until)\b")

_TEST = r"!?\s*(?:\[\[? [^;|&]* \]\]?|(?:sudo )?(?:grep|command -v|test|pgrep)\s[^;|&]*)"
_FOR_IT = re.compile(rf"\s*(?:{_TEST}\s*(?:&&|\|\|)\s*)?")
"""A condition of one command, which may stand before it."""

_WITH_IT = re.compile(r"\s*(?:\|\s*(?:sudo )?tee [^;|&]*(?:&?>\s*/dev/null)?)?\s*(?:\|\|\s*(?:true|:))?\s*(?:#.*)?")
"""What may stand after a command and goes with it: what takes its output, ``|| true``, a comment."""


def guarded(surface: Surface, command: Command, guard: str) -> Edit | None:
    """The edit that writes a condition in front of the line that a command begins, or the pipeline that it ends."""
    at = command.position
    text = surface.line(at)
    before, _ = command.surroundings
    above = surface.lines(at.path)[at.line - 2].rstrip() if at.line > 1 else ""
    goes_on = above.endswith(("\\", "|", "&&", "||", "("))
    if goes_on or command.told != at or any(frame.kind not in ("call", "source") for frame in command.frames[-1:]):
        return None
    if not _PIPED_FROM.fullmatch(before) or not text.strip():
        return None
    indent = text[: len(text) - len(text.lstrip())]
    return Edit(at.path, at.line, at.line, f"{indent}{guard} {text.lstrip()}")


_PIPED_FROM = re.compile(r"\s*(?:(?:echo|printf|cat)\s[^;&|(){}`$]*\|\s*(?:sudo\s+)?)?(?:sudo\s+)?")
"""What may stand before a command on its line if all of the line depends on it."""
