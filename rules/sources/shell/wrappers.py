"""Programs that run another program: peeled off, so that a rule sees what really runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from msgspec import Struct

from rules.sources.shell.program import Word
from rules.sources.shell.script import UNKNOWN

SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh", "ksh"})
IN_PROCESS = frozenset({"builtin", "command", "time"})
"""Wrappers whose command runs in the same shell when it is a builtin."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class _Wrapper(Struct, frozen=True):
    """`takes` are the short options with an argument, `long` the long ones; `operands` come before the command."""

    takes: str = ""
    long: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False


_WRAPPERS = {
    "sudo": _Wrapper(
        "ugpCDRrtTUh", frozenset({"--user", "--group", "--prompt", "--chdir", "--host"}), assignments=True
    ),
    "doas": _Wrapper("uC"),
    "env": _Wrapper("uC", frozenset({"--unset", "--chdir"}), assignments=True),
    "command": _Wrapper(),
    "builtin": _Wrapper(),
    "exec": _Wrapper("a"),
    "nohup": _Wrapper(),
    "time": _Wrapper("fo", frozenset({"--format", "--output"})),
    "nice": _Wrapper("n", frozenset({"--adjustment"})),
    "ionice": _Wrapper("cn", frozenset({"--class", "--classdata"})),
    "timeout": _Wrapper("ks", frozenset({"--kill-after", "--signal"}), 1),
    "stdbuf": _Wrapper("ioe"),
    "setsid": _Wrapper(),
    "coproc": _Wrapper(),
    "busybox": _Wrapper(),
    "gosu": _Wrapper(operands=1),
    "su-exec": _Wrapper(operands=1),
    "runuser": _Wrapper("ug", frozenset({"--user", "--group"})),
}


AS_ANOTHER = frozenset({"sudo", "doas", "gosu", "su-exec", "runuser"})
"""Wrappers that run a command as another user."""

_HANDS_ON = frozenset({"find", "xargs", "parallel", "setpriv", "systemd-run", "unshare", "watch", "strace", "chronic"})
_HANDS_ON |= {"screen", "tmux"}
"""Programs that are no wrappers, but may run a shell with its script among their arguments."""

TMUX_RUNS = frozenset({"new", "new-session", "neww", "new-window", "splitw", "split-window", "run", "run-shell"})
"""Commands of ``tmux`` that run what stands behind them."""


class Peeled(Struct, frozen=True):
    """`names` are the wrappers, outermost first; `argv` is the command that they run."""

    names: tuple[str, ...]
    argv: tuple[Word, ...]


def base_name(word: Word) -> str:
    """The name of the program that a word runs, ``""`` if it is not known."""
    texts = word.alternatives
    return texts[0].rstrip("/").rpartition("/")[2] if len(texts) == 1 and UNKNOWN not in texts[0] else ""


def is_wrapper(word: Word) -> bool:
    return _wrapper_name(word) in _WRAPPERS


def peel(words: Sequence[Word]) -> Peeled:
    names: list[str] = []
    rest = tuple(words)
    while rest:
        name = _wrapper_name(rest[0])
        wrapper = _WRAPPERS.get(name)
        if wrapper is None:
            break
        after = _skip(wrapper, rest, 1)
        if after >= len(rest) or _only_asks(name, rest[1:after]):
            break
        if name == "runuser" and not any((word.value or "").startswith(("-u", "--user")) for word in rest[1:after]):
            break  # like su, it takes the user and ``-c``
        names.append(name)
        rest = rest[after:]
    return Peeled(tuple(names), rest)


def _wrapper_name(word: Word) -> str:
    """``$SUDO`` that is ``sudo`` in one branch and empty in the other is a sudo."""
    if len(word.alternatives) == 1 and " " not in word.alternatives[0]:
        return base_name(word)
    names = {posixpath.basename(text.split()[0]) for text in word.alternatives if text.strip()}
    if len(word.alternatives) > 1 and not word.splits:
        return ""
    return names.pop() if len(names) == 1 and UNKNOWN not in names else ""


def _only_asks(name: str, options: Sequence[Word]) -> bool:
    """``command -v x`` looks a name up, ``sudo -v`` and ``-l`` run nothing."""
    letters = {"command": "vV", "sudo": "lvkK"}.get(name, "")
    return any(
        option.value and option.value[0] == "-" and option.value[1:2] != "-" and set(option.value[1:]) & set(letters)
        for option in options
    )


def _skip(wrapper: _Wrapper, words: Sequence[Word], at: int) -> int:
    """The index of the command after the wrapper's options, assignments and operands."""
    while at < len(words):
        text = words[at].alternatives[0]
        if text == "--":
            at += 1
            break
        if text.startswith("--"):
            at += 2 if text in wrapper.long else 1
        elif text.startswith("-") and len(text) > 1:
            at += 2 if text[-1] in wrapper.takes and not _has_argument(text, wrapper) else 1
        elif wrapper.assignments and _ASSIGNMENT.match(text):
            at += 1
        else:
            break
    while wrapper.assignments and at < len(words) and _ASSIGNMENT.match(words[at].alternatives[0]):
        at += 1
    return at + wrapper.operands


def _has_argument(text: str, wrapper: _Wrapper) -> bool:
    """``-n10``: an option letter with its argument in the same word."""
    return any(letter in wrapper.takes for letter in text[1:-1])


_TAKES_LINE = frozenset({"parallel", "watch", "tmux"})


def _line(name: str, args: Sequence[Word]) -> Word | None:
    """The command line that a program takes in one word."""
    lines = [word for word in args if " " in (word.value or "")]
    if name == "parallel":
        return next(iter(lines), None)
    runs = name == "watch" or any(word.value in TMUX_RUNS for word in args)
    return lines[-1] if lines and runs and lines[-1] is args[-1] else None


def command_text(argv: Sequence[Word]) -> Word | None:
    """The word that ``bash -c``, ``su - user -c`` or ``parallel 'a {}'`` runs as a script, None if there is none."""
    name = base_name(argv[0]) if argv else ""
    line = _line(name, argv[1:]) if name in _TAKES_LINE else None
    if line is not None:
        return line
    if name in _HANDS_ON:
        shell = next((index for index, word in enumerate(argv) if index and base_name(word) in SHELLS), None)
        return command_text(argv[shell:]) if shell is not None else None
    if name not in SHELLS and name not in ("su", "sg", "runuser", "flock", "script"):
        return None
    for index, word in enumerate(argv[1:], 1):
        text = word.value or ""
        letters = text[1:] if text.startswith("-") and text[1:2] != "-" else ""
        if text == "--command" or letters.endswith("c") or (name in SHELLS and "c" in letters):
            rest = [other for other in argv[index + 1 :] if name in SHELLS and not (other.value or "").startswith("-")]
            following = rest if name in SHELLS else argv[index + 1 :]
            return following[0] if following else None
        if name in SHELLS and not text.startswith(("-", "+")) and argv[index - 1].value not in ("-o", "+o", "-O"):
            return None
    return None
