"""What scripts do to files in the user's home, and which of these files are the user's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from math import inf

from msgspec import Struct

from rules.checks.commands import Arguments, Concern, Flow, Invocation, fed_invocations, getopt, known, located
from rules.checks.inline_code import INTERPRETERS, file_changes
from rules.checks.sed import in_place
from rules.once import once
from rules.sources.shell import HOME, UNKNOWN, Command, Scope, Word
from rules.sources.text import Position

OWNED = {
    "/home/coder/SETUP_STATUS.txt": "a report of the set-up, written anew at every start",
    "/home/coder/.ddev/traefik/custom-global-config/coder-routes.yaml": "routes, computed from the running project",
}
"""Files in the home that the templates make for themselves: nobody edits them."""

SCRATCH = (".cache", ".npm", ".local/state", ".local/share/Trash", "tmp", ".tmp")
"""Folders of the home in which nothing is kept."""

GLOBAL_CONFIG = "/home/coder/.ddev/global_config.yaml"
"""DDEV's own settings, in which the contract wants one to have its value at every start."""

HOST_COMMANDS = "/home/coder/.ddev/commands"
"""Commands that the template brings; a user may have changed them."""

_SCRATCH_NAME = re.compile(
    r".*(?:\.(?:log|pid|lock|tmp|swp|sock|part)|~)"
    r"|(?:.*[._-])?(?:log|last[._-].*|stamp|timestamp|status|marker|done|ready|initialized|version)(?:\.txt)?",
    re.IGNORECASE,
)
"""Logs, locks, and what a script notes for itself."""

_SHARED_FOLDERS = frozenset({"projects", "workspace", "workspaces", "src", "code", "sites"})
_SETS_UP = frozenset({"ddev", "composer", "drush"})
_MAKES_PROJECTS = Concern(_SETS_UP | {"git"})


class Change(Struct, frozen=True):
    """`verb` destroys or replaces what is at `paths`.

    doubtful: it keeps something of it (a backup, what is newer, the other lines). tree: the paths are folders that are
    filled. word: where the program or its option is written. link: it happens only where a link is. edits: the new
    text is made of the old one. target: how a redirection names the file.
    """

    verb: str
    paths: tuple[str, ...]
    command: Command
    at: Position
    doubtful: bool = False
    tree: bool = False
    word: Word | None = None
    sources: tuple[str, ...] = ()
    link: bool = False
    edits: bool = False
    target: str = ""


def is_home(path: str) -> bool:
    return path == HOME or path.startswith((f"{HOME}/", f"/home/{UNKNOWN}/"))


@lru_cache(maxsize=4096)
def is_kept(path: str) -> bool:
    """Whether a path is in the home, where something of the user can be: no cache, no log, no file of the templates."""
    inside = path.removeprefix(HOME).strip("/")
    scratch = any(inside == folder or inside.startswith(f"{folder}/") for folder in SCRATCH)
    return is_home(path) and not (scratch or path in OWNED or _SCRATCH_NAME.fullmatch(posixpath.basename(path)))


class Home(Struct, frozen=True, dict=True):
    """The home as one program treats it."""

    flow: Flow

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """All that replaces or removes files, in order, wherever they are."""
        found: list[Change] = []
        spared: set[tuple[Scope, ...]] = set()
        for command in self.flow.select(_CONCERN):
            clobbers = _clobbers(command)
            if clobbers is False and not command.guards:
                spared.add(command.scope)
            elif clobbers:
                spared.discard(command.scope)
            kept = any(command.scope[:depth] in spared for depth in range(len(command.scope) + 1))
            found += [each for each in changes(self.flow, command) if not (kept and _by_redirection(each))]
        return tuple(found)

    @cached_property
    def _removed(self) -> dict[str, int]:
        """The place of the last removal of each path."""
        return {path: n for n, change in enumerate(self.changes) if change.verb == "rm" for path in change.paths}

    @cached_property
    def _made(self) -> dict[str, int]:
        """The place at which the program first writes each path: what it removes after that was its own."""
        found: dict[str, int] = {}
        for n, change in enumerate(self.changes):
            for path in change.paths if change.verb not in ("rm", "sed") else ():
                found.setdefault(path, n)
        return found

    @cached_property
    def _passed_on(self) -> frozenset[str]:
        """Files that are made of another one to be put in its place: ``sed … file > new && mv new file``."""
        moves = (change for change in self.changes if change.verb == "mv" and self.transforms(change))
        return frozenset(path for change in moves for path in change.sources)

    @cached_property
    def _projects(self) -> tuple[str, ...]:
        """Folders of projects that the script sets up by itself: what is in them, it has put there."""
        found: set[str] = set()
        for command in self.flow.select(_MAKES_PROJECTS):
            if command.name in _SETS_UP:
                found.update(command.cwd)
            elif command.name == "git" and any(word.value == "clone" for word in command.args):
                found.update(path.rstrip("/") for word in command.args[-1:] for path in located(word, command))
        return tuple(sorted(path for path in found if _is_project(path)))

    @cached_property
    def _makers(self) -> dict[str, list[Change]]:
        """What sends its output to a file, by the file's path."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            for path in change.paths if change.verb in (">", "tee") else ():
                found.setdefault(path, []).append(change)
        return found

    def transforms(self, change: Change) -> bool:
        """Whether a file is replaced by what was made of itself: ``jq … settings > new && mv new settings``."""
        feeding = self.flow.upstream(change.command) if change.verb in (">", "tee") else ()
        given = {path for each in feeding for path in _read(each)}
        copied = _read(change.command) if change.verb == ">" and change.command.name == "cat" else ()
        makers = [maker for source in (*change.sources, *given, *copied) for maker in self._makers.get(source, ())]
        return bool((given | {path for maker in makers for path in _read(maker.command)}) & set(change.paths))

    def is_users(self, path: str) -> bool:
        """Whether something of the user can be at the path."""
        if not is_kept(path) or path in self._passed_on:
            return False
        passing = self._made.get(path, inf) < self._removed.get(path, 0)
        return not passing or posixpath.basename(path).startswith(".")

    def in_project(self, path: str, *, itself: bool = False) -> bool:
        """Whether a path is in a project that the script sets up, or is the project `itself`."""
        return any(path.startswith(f"{each}/") or (itself and path == each) for each in self._projects)


def _read(command: Command) -> Iterator[str]:
    """The files that a command may read: those that it names."""
    return (path for word in command.args for path in located(word, command))


@once
def home_of(flow: Flow) -> Home:
    return Home(flow)


def _is_project(path: str) -> bool:
    parts = path.removeprefix(HOME).strip("/").split("/")
    return path.startswith(f"{HOME}/") and parts[0][:1] != "." and not (len(parts) == 1 and parts[0] in _SHARED_FOLDERS)


def _clobbers(command: Command) -> bool | None:
    """Whether a redirection replaces files from here on (``set +C``) or not (``set -C``); None for anything else."""
    words = [known(word) for word in command.args] if command.name == "set" else []
    for index, word in enumerate(words):
        if re.fullmatch(r"[-+]\w*C\w*", word) or (
            re.fullmatch(r"[-+]\w*o", word) and "noclobber" in words[index + 1 :]
        ):
            return word[0] == "+"
    return None


def _by_redirection(change: Change) -> bool:
    """``>``, which noclobber keeps from replacing; ``>|`` replaces in spite of it."""
    command = change.command
    operators = {each.operator for each in (*command.redirects, *command.outer) if each.operator in (">", ">|", "&>")}
    return change.verb == ">" and bool(operators) and ">|" not in operators


# What replaces and removes


def changes(flow: Flow, command: Command) -> Iterator[Change]:
    for write in flow.writes(command):
        if write.mode == "replace" and not (command.name in ("cp", "install") and write.target in command.args):
            verb = ">" if write.command.name != "tee" or write.target not in command.args else "tee"
            yield Change(verb, write.paths, command, write.at, target=write.target.raw)
    for invocation in fed_invocations(flow, command):
        reader = _READERS.get(invocation.name)
        if reader is not None and not (invocation.name in ("cp", "mv") and _asks_in_vain(flow, invocation)):
            yield from reader(invocation)
        for change in file_changes(invocation):
            if change.mode != "append":
                verb = "rm" if change.mode == "remove" else ">"
                yield _change(invocation, verb, (change.path,), doubtful=change.edits, edits=change.edits)


def _targets(invocation: Invocation, arguments: Arguments) -> tuple[tuple[str, ...], bool]:
    """Where a copy lands, and whether that is a folder that is filled."""
    command, operands = invocation.command, list(arguments.operands)
    folder = next(iter(arguments.values("t", "target-directory")), None)
    if folder is not None:
        base, sources = located(folder.argument, command), operands
        if not sources:  # of `xargs`, which adds them
            return base, True
    elif len(operands) > 1:
        base, sources = located(operands[-1], command), operands[:-1]
    else:
        return (), False
    names = [known(word).rstrip("/") for word in sources]
    recursive = arguments.has("r", "R", "a", "recursive", "archive", "T", "no-target-directory")
    contents = any(name.endswith("/.") or known(word).endswith("/") for name, word in zip(names, sources, strict=True))
    into = folder is not None or len(sources) > 1 or any("*" in name for name in names)
    found: list[str] = []
    for path in base:
        bare = path.rstrip("/") or "/"
        if contents or arguments.has("T", "no-target-directory"):
            found.append(bare)
        elif into or path.endswith("/") or bare == HOME:
            plain = (posixpath.basename(name) for name in names)
            found += [posixpath.join(bare, UNKNOWN if "*" in name or "…" in name else name) for name in plain]
        else:
            found.append(bare)
    return tuple(dict.fromkeys(found)), recursive


def _asks_in_vain(flow: Flow, invocation: Invocation) -> bool:
    """``cp -i`` where nobody answers, or ``yes n`` does."""
    command = invocation.command
    if not getopt(invocation.args, "tS", ("target-directory", "suffix")).has("i", "interactive"):
        return False
    given = [each for each in command.redirects if each.here is not None or each.operator == "<"]
    if any(each.here is not None or "/dev/null" not in each.target.alternatives for each in given):
        return False
    fed = flow.upstream(command)
    return all(each.name == "yes" and [known(word).lower()[:1] for word in each.args] == ["n"] for each in fed)


def _copy(invocation: Invocation) -> Iterator[Change]:
    """``cp`` and ``mv``, without what keeps them from replacing."""
    arguments = getopt(invocation.args, "tS", ("target-directory", "suffix"))
    spared = any(option.value.startswith("none") for option in arguments.values("update"))
    # The last one counts; `cp -f` is about files that cannot be opened.
    decides = ("n", "no-clobber", "i", "interactive", *(("f", "force") if invocation.name == "mv" else ()))
    said = [each.name for each in arguments.options if each.name in decides]
    if spared or said[-1:] in (["n"], ["no-clobber"]) or arguments.has("help", "version"):
        return
    paths, tree = _targets(invocation, arguments)
    doubtful = arguments.has("u", "update", "b", "backup")
    sources = tuple(path for word in arguments.operands[:-1] for path in located(word, invocation.command))
    if paths and not (invocation.name == "cp" and _beside(sources, paths)):
        yield _change(invocation, invocation.name, paths, doubtful=doubtful, tree=tree, sources=sources)
    if invocation.name == "mv" and not any(is_home(path) for path in paths):
        yield _change(invocation, "mv away", sources, doubtful=True)


def _beside(sources: Sequence[str], paths: Sequence[str]) -> bool:
    """Whether a file of the home is kept under a longer name: ``cp ~/.vimrc ~/.vimrc.bak``."""
    return all(any(is_home(own) and path.startswith(own.rstrip("/") + ".") for own in sources) for path in paths)


def _install(invocation: Invocation) -> Iterator[Change]:
    arguments = getopt(invocation.args, "mogtS", ("mode", "owner", "group", "target-directory", "suffix"))
    paths, _ = _targets(invocation, arguments)
    if paths and not arguments.has("d", "directory"):
        yield _change(invocation, "install", paths, doubtful=arguments.has("b", "backup"))


def _rsync(invocation: Invocation) -> Iterator[Change]:
    long = ("exclude", "include", "chown", "chmod", "files-from", "exclude-from", "filter", "rsh", "info", "out-format")
    arguments = getopt(invocation.args, "ef", long)
    spared = arguments.has("ignore-existing") and not any(each.name.startswith("del") for each in arguments.options)
    if spared or arguments.has("n", "dry-run", "list-only") or len(arguments.operands) < 2:
        return
    paths, _ = _targets(invocation, arguments)
    if not any(":" in path for path in paths):
        yield _change(invocation, "rsync", paths, doubtful=arguments.has("u", "update", "b", "backup"), tree=True)


def _link(invocation: Invocation) -> Iterator[Change]:
    arguments = getopt(invocation.args, "tS", ("target-directory", "suffix"))
    if arguments.has("f", "force") and not arguments.has("b", "backup"):
        paths, _ = _targets(invocation, arguments)
        yield _change(invocation, "ln", paths)


def _remove(invocation: Invocation) -> Iterator[Change]:
    arguments = getopt(invocation.args)
    if arguments.has("i", "I", "interactive"):
        return
    for word in arguments.operands:
        paths = tuple(_stripped(path) for path in located(word, invocation.command))
        yield _change(invocation, "rm", paths, doubtful=invocation.command.name in ("find", "xargs"))


def _stripped(path: str) -> str:
    """``folder/*`` is the folder."""
    return re.sub(r"/(?:\*|\.\[!\.\]\*|\{,\.\}\*)$", "", path).rstrip("/") or "/"


def _edit(invocation: Invocation) -> Iterator[Change]:
    """``sed -i``: to take lines away is how a template clears what an earlier version of it has put there."""
    edit = in_place(invocation.args)
    if edit is None or not edit.files:
        return
    everything = any(action.kind == "delete" and not action.addressed for action in edit.actions)
    replaces = any(action.kind == "replace" for action in edit.actions)
    for word in edit.files if everything or replaces else ():
        yield _change(invocation, "sed", located(word, invocation.command), doubtful=not everything)


def _shorten(invocation: Invocation) -> Iterator[Change]:
    for word in getopt(invocation.args, "sr", ("size", "reference")).operands:
        yield _change(invocation, "truncate", located(word, invocation.command))


def _unpack(invocation: Invocation) -> Iterator[Change]:
    """``tar -x -C ~`` and ``unzip -d ~``, which replace what they find."""
    if invocation.name == "unzip":
        arguments = getopt(invocation.args, "dx")
        where, keeps = next(iter(arguments.values("d")), None), arguments.has("n", "l", "t", "p")
    else:
        words = [known(word) for word in invocation.args]
        arguments = getopt(invocation.args, "fCX", ("file", "directory", "exclude", "strip-components"))
        bundled = words[:1] != [] and not words[0].startswith("-") and "x" in words[0]
        if not (arguments.has("x", "extract", "get") or bundled):
            return
        where = next(iter(arguments.values("C", "directory")), None)
        keeps = arguments.has("k", "keep-old-files", "skip-old-files", "keep-newer-files")
    if keeps:
        return
    command = invocation.command
    paths = located(where.argument, command) if where is not None else command.cwd
    yield _change(invocation, invocation.name, tuple(path.rstrip("/") for path in paths), tree=True)


def _fetch(invocation: Invocation) -> Iterator[Change]:
    """``curl -o file``, ``wget -O file``."""
    short, names = ("oHdXuAbemTCrxYyKEFPQtUwz", ("o", "output")) if invocation.name == "curl" else ("OPoaUtTQe", ("O",))
    arguments = getopt(invocation.args, short, ("output", "output-document", "header", "data", "user"))
    if arguments.has("no-clobber", "skip-existing") or any(known(word) == "-nc" for word in invocation.args):
        return
    if invocation.name == "curl" and arguments.has("O", "remote-name"):
        names_of = [posixpath.basename(known(word)) for word in arguments.operands if "://" in known(word)]
        paths = tuple(posixpath.join(folder, name) for folder in invocation.command.cwd for name in names_of)
        yield _change(invocation, "curl", paths)
    for option in arguments.values(*names, "output-document"):
        if option.value not in ("-", "/dev/null", ""):
            yield _change(invocation, invocation.name, located(option.argument, invocation.command))


def _download(invocation: Invocation) -> Iterator[Change]:
    """``scp host:file ~/file``, ``docker cp container:file ~/file``."""
    operands = getopt(invocation.args, "cFiJloPS").operands
    if invocation.name in ("docker", "podman"):
        at = next((index for index, word in enumerate(operands) if known(word) == "cp"), len(operands))
        operands = operands[at + 1 :]
    if len(operands) == 2 and ":" in known(operands[0]) and ":" not in known(operands[1]):
        paths = (path.rstrip("/") or "/" for path in located(operands[1], invocation.command))
        yield _change(invocation, invocation.name, tuple(paths))


def _find(invocation: Invocation) -> Iterator[Change]:
    """``find ~ -delete``: what it finds is not known."""
    words = [known(word) for word in invocation.args]
    if "-delete" in words:
        starts = next((i for i, word in enumerate(words) if word.startswith(("-", "(", "!"))), len(words))
        for word in invocation.args[:starts]:
            yield _change(
                invocation, "find -delete", located(word, invocation.command), doubtful=len(words) > starts + 1
            )


_DISCARDS = ("f", "force", "discard-changes")
_STAGED_ONLY = frozenset({"S", "staged"})


def _git(invocation: Invocation) -> Iterator[Change]:
    """What makes git throw changes of the working tree away: ``reset --hard``, ``checkout -f``, ``clean -f``."""
    before = getopt(invocation.args, "Cc", ("git-dir", "work-tree", "namespace", "exec-path"), stop_at_operand=True)
    if not before.operands:
        return
    name, command = known(before.operands[0]), invocation.command
    folders = _work_trees(before, command)
    arguments = getopt(before.operands[1:], "bBs", ("source", "orphan", "conflict", "prefix"))
    forced = arguments.has(*_DISCARDS)
    if name == "clean" and forced and not arguments.has("n", "dry-run"):
        yield _change(invocation, "git clean", folders, tree=True)
    elif (name == "reset" and arguments.has("hard")) or (name in ("checkout", "switch") and forced):
        yield _change(invocation, "git", folders, tree=True)
    elif name in ("checkout", "restore"):
        words = _paths_of(name, before.operands[1:], arguments)
        paths = (posixpath.normpath(posixpath.join(folder, text)) for folder in folders for text in words)
        yield _change(invocation, "git", tuple(paths), tree="." in words)


def _work_trees(options: Arguments, command: Command) -> tuple[str, ...]:
    given = next(iter(options.values("work-tree")), None) or next(iter(options.values("C")), None)
    own = [each.value for each in command.assignments if each.name == "GIT_WORK_TREE"]
    word = given.argument if given is not None else own[0] if own else None
    return tuple(path.rstrip("/") or "/" for path in located(word, command)) if word is not None else command.cwd


def _paths_of(name: str, args: Sequence[Word], arguments: Arguments) -> list[str]:
    """The files that git takes from a commit again; a branch that is switched to keeps what was changed."""
    texts, operands = [known(word) for word in args], [known(word) for word in arguments.operands]
    if name == "restore":
        return (
            [] if any(arguments.has(each) for each in _STAGED_ONLY) and not arguments.has("W", "worktree") else operands
        )
    if "--" in texts:
        return texts[texts.index("--") + 1 :]
    if arguments.has("b", "B", "t", "track", "orphan", "detach"):
        return []
    return operands[1:] if len(operands) > 1 else [text for text in operands if text in (".", "*")]


def _edited(invocation: Invocation) -> Iterator[Change]:
    """``gawk -i inplace``, ``yq -i``, ``patch FILE``."""
    options = getopt(invocation.args, "fFvipDor", ("expression",))
    name, words = invocation.name, [known(word) for word in invocation.args]
    inplace = {"patch": True, "yq": "-i" in words or "--inplace" in words}.get(name, "inplace" in words)
    if inplace and options.operands and "--dry-run" not in words:
        target = options.operands[0 if name == "patch" else -1]
        paths = [path for path in located(target, invocation.command) if not (name == "yq" and path == GLOBAL_CONFIG)]
        yield _change(invocation, name, paths, doubtful=True)


def _perl(invocation: Invocation) -> Iterator[Change]:
    if any(re.fullmatch(r"-[a-zA-Z0]*i.*", known(word)) for word in invocation.args) and len(invocation.args) > 2:
        yield _change(invocation, "perl -i", located(invocation.args[-1], invocation.command), doubtful=True)


def _change(
    invocation: Invocation,
    verb: str,
    paths: Sequence[str],
    *,
    doubtful: bool = False,
    tree: bool = False,
    sources: tuple[str, ...] = (),
    edits: bool = False,
) -> Change:
    command = invocation.command
    word = command.argv[0] if command.argv and command.name == invocation.name else None
    return Change(verb, tuple(paths), command, command.position, doubtful, tree, word, sources, edits=edits)


_READERS: dict[str, Callable[[Invocation], Iterator[Change]]] = {
    "cp": _copy,
    "mv": _copy,
    "install": _install,
    "rsync": _rsync,
    "ln": _link,
    "rm": _remove,
    "unlink": _remove,
    "shred": _remove,
    "sed": _edit,
    "perl": _perl,
    "ruby": _perl,
    "git": _git,
    "awk": _edited,
    "gawk": _edited,
    "yq": _edited,
    "patch": _edited,
    "truncate": _shorten,
    "tar": _unpack,
    "unzip": _unpack,
    "curl": _fetch,
    "wget": _fetch,
    "find": _find,
    "scp": _download,
    "docker": _download,
    "podman": _download,
}

_CONCERN = Concern(frozenset({*_READERS, "set"}), INTERPRETERS, writes=True)
