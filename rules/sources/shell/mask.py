"""What tree-sitter-bash must not see: heredoc bodies, unknown parts, and spellings that it misreads.

Every replacement keeps the length, and each character becomes one byte, so an offset in the masked bytes is an offset
in the script: no map is needed. The scan follows bash's own rules for where a heredoc ends, which tree-sitter-bash
does not (it accepts an indented terminator for ``<<EOF`` and stumbles over ``<<EOF; cmd`` and ``<<EOF 2>&1 | cmd``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from rules.sources.shell.script import UNKNOWN, Script

Mode = str
"""What encloses the scanned place: code, paren, case, tick, quote, brace, arithmetic, group, body."""

_CODE = (
    r"""\\[\s\S]|\$?'(?:(?<=\$')(?:[^'\\]|\\[\s\S])*'|(?<!\$')[^']*')|'|"(?:[^"\\$`]|\\[\s\S]|\$(?![({]))*"|"|`"""
    r"""|\$\(\(|\$\(|\$\{\w*\}|\$\{|\(\(|[()]|(?<![^\s;&|()`])\#[^\n]*|<<<|<<-?"""
)
_NESTED = _CODE + r"|(?<![\w$./-])(?:case|esac)(?![\w./=-])"
_QUOTE = r"""\\[\s\S]|"|`|\$\(\(|\$\(|\$\{\w*\}|\$\{"""


def _next(token: str, first: str) -> re.Pattern[str]:
    """Matches up to the next token, group 1, or to a character that only looks like the `first` of one."""
    return re.compile(f"[^{first}]*+(?:({token})|[{first}])")


_LOOKS: dict[Mode, tuple[str, str]] = {
    "code": (_CODE, r"""\\$'"`()#<"""),
    "paren": (_NESTED, r"""\\$'"`()#<ce"""),
    "case": (_NESTED, r"""\\$'"`()#<ce"""),
    "tick": (_CODE, r"""\\$'"`()#<"""),
    "quote": (_QUOTE, r"""\\$"`"""),
    "body": (_QUOTE, r"""\\$"`"""),
    "brace": (r"""\\[\s\S]|'|"|`|\$\(\(|\$\(|\$\{|[()}]""", r"""\\$'"`()}"""),
    "arithmetic": (r"""\\[\s\S]|\$\(\(|\$\(|\$\{|\(|\)\)?|"|`""", r"""\\$"`()"""),
    "group": (r"""\\[\s\S]|\$\(\(|\$\(|\$\{|[()]|"|`""", r"""\\$"`()"""),
}
"""What each mode looks for, and what that can begin with."""
_TOKENS = {mode: _next(token, first) for mode, (token, first) in _LOOKS.items()}
_WITH_NEWLINE = {
    mode: _next(rf"{token}|\n", rf"{first}\n")
    for mode, (token, first) in _LOOKS.items()
    if mode in ("code", "paren", "case", "tick")
}
_DELIMITER = re.compile(r"""[ \t]*((?:'[^'\n]*'|"[^"\n]*"|\\[^\n]|[^\s;&|<>()'"\\])+)""")
_UNQUOTE = re.compile(r"""'([^']*)'|"([^"]*)"|\\(.)""")
_COMMAND_POSITION = re.compile(r"(?:^|[\n;&|(){`]|\b(?:then|do|else|in))[ \t]*$")
_COPROC = re.compile(
    rb"(?:^|[\n;&|(){]|\b(?:then|do|else)\b)[ \t]*(coproc[ \t]+(?:\w+[ \t]+)?)(?=\{\s|\(|(?:while|until|for|if|case)\b)"
)
"""The grammar does not know it, and takes the group that it runs for its arguments."""
_NOT = re.compile(rb"(?:^|[\n;&|(){]|\b(?:then|do|else|if|elif|while|until)\b)[ \t]*(![ \t]+)(?=\{\s|\(\()")
"""``! { … }`` and ``! (( … ))``, of which the grammar takes the brace for a command, and the rest for subshells."""
_TIME = re.compile(rb"(?:^|[\n;&|(){!]|\b(?:then|do|else)\b)[ \t]*(time[ \t]+)(?=\{\s)")
_TILDE = re.compile(rb"(?<= )~(?= )")
"""Alone in a test, the grammar takes it for an operator."""
_NOT_ASCII = re.compile("[^\x01-\x7f]")
_AFTER_NAME = re.compile(rf"(\$\w+){UNKNOWN}")

MAX_SCAN_DEPTH = 500
"""Quotes and substitutions nested in each other, before the rest of a script is left unmasked."""


class Heredoc(Struct, frozen=True):
    """A heredoc where bash sees it. Offsets: of the operator, of the body's first and past its last character."""

    operator: int
    delimiter: str
    quoted: bool
    strips_tabs: bool
    start: int
    end: int
    terminated: bool


class Masked(Struct, frozen=True):
    """`code` has as many bytes as the script has characters. The maps are keyed by the offset of the operator.

    `coprocs` are where the groups and loops begin that ``coproc NAME`` stands in front of, `negated` the groups with a
    ``!`` there.
    """

    code: bytes
    heredocs: dict[int, Heredoc]
    here_strings: frozenset[int]
    too_deep: int | None
    coprocs: frozenset[int] = frozenset()
    negated: frozenset[int] = frozenset()


class _Pending(Struct):
    operator: int
    delimiter: str
    quoted: bool
    strips_tabs: bool
    crlf: bool


class _Scan(Struct):
    """One pass over quotes and substitutions; `edits` are the same-length replacements to make."""

    plain: str
    position: int
    end: int
    stack: list[Mode]
    pending: list[_Pending] = field(default_factory=list)
    heredocs: dict[int, Heredoc] = field(default_factory=dict)
    here_strings: set[int] = field(default_factory=set)
    edits: list[tuple[int, int, bytes]] = field(default_factory=list)
    too_deep: int | None = None

    def run(self) -> _Scan:
        while self.stack:
            mode = self.stack[-1]
            pattern = _WITH_NEWLINE[mode] if self.pending and mode in _WITH_NEWLINE else _TOKENS[mode]
            match = pattern.match(self.plain, self.position, self.end)
            if match is None:
                break
            self.position = match.end()
            token, start = match.group(1), match.start(1)
            if token is None:
                continue
            handler = _HANDLERS.get(token)
            if handler is not None:
                handler(self, start)
            elif token[0] == "\\" and mode in _WITH_NEWLINE:
                self.escape(start)
            if len(self.stack) > MAX_SCAN_DEPTH:
                self.too_deep = start
                break
        for pending in self.pending:
            self._record(pending, self.end, self.end, terminated=False)
        return self

    def push(self, mode: Mode) -> None:
        self.stack.append(mode)

    def escape(self, start: int) -> None:
        r"""``\cp`` at the start of a line, which the grammar takes for one more argument of the line before."""
        before = self.plain[max(0, start - 80) : start].rstrip(" \t")
        if self.plain[start + 1].isalnum() and self._starts_command(start) and not before.endswith("\\\n"):
            self.edits.append((start, start + 1, b" "))

    def quote(self, start: int) -> None:
        if self.stack[-1] == "quote":
            self.stack.pop()
        elif self.stack[-1] == "body":
            self.edits.append((start, start + 1, b"'"))
        else:
            self.push("quote")

    def apostrophe(self, _start: int) -> None:
        """A lone one: in code it is never closed; in ``${…}`` it quotes unless the whole stands in quotes."""
        if self.stack[-1] == "brace":
            outer = next((mode for mode in reversed(self.stack[:-1]) if mode != "brace"), "code")
            close = -1 if outer in ("quote", "body") else self.plain.find("'", self.position, self.end)
            self.position = close + 1 if close >= 0 else self.position
        elif self.stack[-1] in _WITH_NEWLINE:
            self.position = self.end

    def backtick(self, _start: int) -> None:
        if "tick" in self.stack:
            del self.stack[self.stack.index("tick") :]
        else:
            self.push("tick")

    def substitution(self, _start: int) -> None:
        self.push("paren")

    def expansion(self, _start: int) -> None:
        self.push("brace")

    def arithmetic(self, start: int) -> None:
        """``$((`` or ``((``; the latter is two subshells where no command can start."""
        if self.plain[start] == "(" and not self._starts_command(start):
            self.push("paren")
            self.push("paren")
        else:
            self.push("arithmetic")

    def open(self, start: int) -> None:
        if self.stack[-1] == "brace":
            self.edits.append((start, start + 1, b"."))
        else:
            self.push("group" if self.stack[-1] in ("arithmetic", "group") else "paren")

    def close(self, start: int) -> None:
        if self.stack[-1] == "brace":
            self.edits.append((start, start + 1, b"."))
        elif self.stack[-1] in ("paren", "group", "arithmetic"):
            self.stack.pop()

    def close_twice(self, _start: int) -> None:
        self.stack.pop()

    def close_brace(self, _start: int) -> None:
        if self.stack[-1] == "brace":
            self.stack.pop()

    def case(self, start: int) -> None:
        if self._starts_command(start):
            self.push("case")

    def esac(self, _start: int) -> None:
        if self.stack[-1] == "case":
            self.stack.pop()

    def here_string(self, start: int) -> None:
        self.here_strings.add(start)
        self.edits.append((start, start + 3, b"<  "))

    def heredoc(self, start: int) -> None:
        word = _DELIMITER.match(self.plain, self.position, self.end)
        if word is None:
            return
        self.position = word.end()
        raw = word.group(1)
        delimiter = _UNQUOTE.sub(lambda quote: quote.group(1) or quote.group(2) or quote.group(3) or "", raw)
        line_end = self.plain.find("\n", self.position, self.end)
        self.pending.append(
            _Pending(
                operator=start,
                delimiter=delimiter,
                quoted=delimiter != raw,
                strips_tabs=self.plain.startswith("<<-", start),
                crlf=line_end > 0 and self.plain[line_end - 1] == "\r",
            )
        )
        self.edits.append((start, word.end(), b"<" + b"h" * (word.end() - start - 1)))

    def newline(self, start: int) -> None:
        """The bodies of the line's heredocs follow it, one after the other."""
        pending, self.pending = self.pending, []
        body = start + 1
        for heredoc in pending:
            end, after, terminated = self._terminator(heredoc, body)
            self._record(heredoc, body, end, terminated=terminated)
            self.edits.append((body, after, b" " * (after - body)))
            self.position = after
            body = after + 1 if self.plain.startswith("\n", after) else after

    def _terminator(self, heredoc: _Pending, body: int) -> tuple[int, int, bool]:
        """Where the body ends, where the terminator ends, and whether there is one (bash: read_secondary_line)."""
        tabs = "\t*" if heredoc.strips_tabs else ""
        line_end = "\r?(?=\n|\\Z)" if heredoc.crlf else "(?=\n|\\Z)"
        in_substitution = r"|(?=[^\n]*\))" if "paren" in self.stack else ""
        pattern = re.compile(f"^{tabs}{re.escape(heredoc.delimiter)}(?:{line_end}{in_substitution})", re.M)
        at = body
        while match := pattern.search(self.plain, at, self.end):
            if heredoc.quoted or match.start() == body or not self._continues(match.start()):
                return match.start(), match.end(), True
            at = match.end()
        return self.end, self.end, False

    def _continues(self, line: int) -> bool:
        """In an unquoted body a line that ends in an odd number of backslashes swallows the next."""
        before = self.plain[max(0, line - 64) : line - 1]
        return (len(before) - len(before.rstrip("\\"))) % 2 == 1

    def _record(self, heredoc: _Pending, start: int, end: int, *, terminated: bool) -> None:
        self.heredocs[heredoc.operator] = Heredoc(
            heredoc.operator, heredoc.delimiter, heredoc.quoted, heredoc.strips_tabs, start, end, terminated
        )

    def _starts_command(self, start: int) -> bool:
        return _COMMAND_POSITION.search(self.plain[max(0, start - 80) : start]) is not None


_HANDLERS: dict[str, Callable[[_Scan, int], None]] = {
    '"': _Scan.quote,
    "'": _Scan.apostrophe,
    "`": _Scan.backtick,
    "$(": _Scan.substitution,
    "${": _Scan.expansion,
    "$((": _Scan.arithmetic,
    "((": _Scan.arithmetic,
    "(": _Scan.open,
    ")": _Scan.close,
    "))": _Scan.close_twice,
    "}": _Scan.close_brace,
    "case": _Scan.case,
    "esac": _Scan.esac,
    "<<<": _Scan.here_string,
    "<<": _Scan.heredoc,
    "<<-": _Scan.heredoc,
    "\n": _Scan.newline,
}


def _ascii(plain: str) -> bytearray:
    """One byte a character: holes and letters beyond ASCII become word characters, a CR before LF a blank."""
    plain = _AFTER_NAME.sub(r"\1.", plain) if UNKNOWN in plain else plain
    return bytearray(_NOT_ASCII.sub("X", plain).replace("\r\n", " \n").encode("ascii"))


def _apply(code: bytearray, scan: _Scan) -> Masked:
    for start, end, replacement in scan.edits:
        code[start:end] = replacement
    return Masked(bytes(code), scan.heredocs, frozenset(scan.here_strings), scan.too_deep)


def mask(script: Script) -> Masked:
    """The script as tree-sitter-bash may see it."""
    scan = _Scan(script.plain, 0, len(script.plain), ["code"]).run()
    masked = _apply(_ascii(script.plain), scan)
    code = bytearray(masked.code)
    for tilde in _TILDE.finditer(code) if b" ~ " in code else ():
        code[tilde.start()] = ord("X")
    _blanked(code, _TIME, b"time {")
    coprocs = _blanked(code, _COPROC, b"coproc")
    negated = _blanked(code, _NOT, b"! {", b"! ((")
    return replace(masked, code=bytes(code), coprocs=coprocs, negated=negated)


def _blanked(code: bytearray, prefix: re.Pattern[bytes], *words: bytes) -> frozenset[int]:
    """What a prefix stands in front of: the grammar can read that without it. It has one of these words in it."""
    if not any(word in code for word in words):
        return frozenset()
    found = [match.span(1) for match in prefix.finditer(code)]
    for start, end in found:
        code[start:end] = b" " * (end - start)
    return frozenset(end for _, end in found)


def mask_body(script: Script, heredoc: Heredoc) -> Masked:
    """An unquoted body as a quoted string that stands at the same offsets, one character wider on both sides."""
    scan = _Scan(script.plain, heredoc.start, heredoc.end, ["body"]).run()
    before = b" " * (heredoc.start - 1) + b'"'
    code = bytearray(before + _ascii(script.plain[heredoc.start : heredoc.end]) + b'"')
    return _apply(code, scan)
