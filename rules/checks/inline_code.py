"""What a one-liner of another language does to files: ``python3 -c "open('/home/coder/.vimrc', 'w')…"``.

No parser for five languages: calls by their names, with the paths that are written out in them or in a variable. The
patterns are compiled where they are needed, as few scripts hold any code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import Invocation
from rules.sources.shell import HOME

MAX_CODE = 20_000
"""Characters of code that are read."""

INTERPRETERS = re.compile(r"(?:python|perl|ruby|node|php)[\d.]*")
_LITERAL = r"""(?:'[^'\n]*'|"[^"\n]*")"""
_ASSIGNED = rf"(?m)\$?\b(\w+)\s*=\s*({_LITERAL})(?=\s*(?:;|$))"
_WRAPPED = rf"\b(?:os\.path\.expanduser|File\.expand_path|(?:pathlib\.)?Path)\(\s*({_LITERAL})\s*\)"
_UNDER_HOME = r"""\b(?:pathlib\.)?Path\.home\(\)\s*/\s*(['"])([^'"\n]*)['"]"""
_HOME = (
    r"""(?:process\.env\.HOME|os\.environ\[['"]HOME['"]\]|os\.(?:getenv|environ\.get)\(['"]HOME['"]\)|os\.homedir\(\)"""
    r"""|os\.path\.expanduser\(['"]~['"]\)|ENV\[['"]HOME['"]\]|Dir\.home|getenv\(['"]HOME['"]\))"""
)
_PLUS_HOME = rf"""\b{_HOME}\s*[+.]\s*(['"])(?=/)"""
_JOINED_HOME = (
    rf"""\b(?:(?:os\.)?path\.join|File\.join)\(\s*{_HOME}\s*,\s*(['"])([^'"\n]*)\1\s*\)"""
    r"""|\b(?:pathlib\.)?Path\.home\(\)\.joinpath\(\s*(['"])([^'"\n]*)\3\s*\)"""
)
_HOME_INSIDE = rf"""\$ENV\{{['"]?HOME['"]?\}}|[#$]?\{{{_HOME}\}}"""
"""In a string of Perl, Ruby, JavaScript or Python."""
_CALL = rf"(?:({_LITERAL})\)?\.)?\b((?:\w+\.)*\w+)(?:[ \t]*\(|[ \t]+(?=['\"]))(?=([^()\n;]*))"
_MODE = r"""['"](?:\+?(>>?)|([wa])[bt+]*)['"]?"""
_LOOKS = r"exist|isfile|is_file|isdir|is_dir|access\(|\s-[efd]\s|open\w*\([^()]*,\s*['\"]x[bt]?['\"]"
"""The code looks for itself whether something is there."""

_WRITES = frozenset({"write_text", "write_bytes", "File.write", "IO.write", "file_put_contents"})
_WRITES |= {"fs.writeFile", "fs.writeFileSync", "writeFileSync"}
_APPENDS = frozenset({"fs.appendFile", "fs.appendFileSync", "appendFileSync"})
_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move", "os.rename"})
_COPIES |= {"os.replace", "fs.copyFileSync", "fs.renameSync", "FileUtils.cp", "FileUtils.mv", "rename", "copy"}
_REMOVES = frozenset({"os.remove", "os.unlink", "shutil.rmtree", "fs.unlinkSync", "fs.rmSync", "File.delete", "unlink"})


_AWKS = frozenset({"awk", "gawk", "mawk"})
_AWK_WRITES = r"""\b(?:print|printf)\b[^;}\n>]*(>>?)\s*("[^"\n]*")"""


class FileChange(Struct, frozen=True):
    """edits: the code reads the file as well, so what it writes is made of what was there."""

    mode: Literal["read", "replace", "append", "remove"]
    path: str
    edits: bool = False


def code_of(invocation: Invocation) -> str:
    """The code that an interpreter gets as an argument or in a heredoc; empty for other programs."""
    if not INTERPRETERS.fullmatch(invocation.name):
        return ""
    here = (redirect.here for redirect in invocation.command.redirects if redirect.here is not None)
    texts = (*(word.alternatives[0] for word in invocation.args), *(each.word.alternatives[0] for each in here))
    return "\n".join(texts)[:MAX_CODE]


def file_changes(invocation: Invocation) -> Iterator[FileChange]:
    """What the code does to files, none if it looks for itself what is there."""
    if invocation.name in _AWKS:
        yield from _by_awk(invocation)
    code = code_of(invocation)
    if not code or re.search(_LOOKS, code):
        return
    names = dict(re.findall(_ASSIGNED, code))
    code = re.sub(_WRAPPED, r"\1", re.sub(_PLUS_HOME, r"\1~", code)).replace(".expanduser()", "")
    code = re.sub(_UNDER_HOME, r"\1~/\2\1", re.sub(_HOME_INSIDE, "~", code))
    code = re.sub(_JOINED_HOME, lambda match: f"'~/{match[2] or match[4]}'", code)
    found = list(_calls(code, names))
    read = {change.path for change in found if change.mode == "read"}
    yield from (replace(change, edits=change.path in read) for change in found if change.mode != "read")


def _by_awk(invocation: Invocation) -> Iterator[FileChange]:
    """``awk '{ print > "/home/coder/file" }'``."""
    for word in invocation.args:
        for operator, literal in re.findall(_AWK_WRITES, word.alternatives[0]):
            for path in _paths(literal):
                yield FileChange("append" if operator == ">>" else "replace", path)


def _calls(code: str, names: Mapping[str, str]) -> Iterator[FileChange]:
    for receiver, name, arguments in re.findall(_CALL, code):
        given = re.sub(r"\$?\b\w+\b", lambda match: names.get(match[0].lstrip("$"), match[0]), arguments)
        paths = [path for literal in re.findall(_LITERAL, f"{receiver} {given}") for path in _paths(literal)]
        mode = _mode_of(name, given)
        if mode is not None and paths:
            yield FileChange(mode, paths[-1] if name in _COPIES else paths[0])


def _mode_of(name: str, arguments: str) -> Literal["read", "replace", "append", "remove"] | None:
    last = name.rpartition(".")[2]
    if last in ("open", "fopen"):
        mode = re.search(_MODE, arguments)
        return "read" if mode is None else "append" if mode[1] == ">>" or mode[2] == "a" else "replace"
    if last in ("read_text", "read_bytes", "readFileSync", "file_get_contents"):
        return "read"
    if name in _WRITES or last in ("write_text", "write_bytes"):
        return "replace"
    if name in _APPENDS:
        return "append"
    return "replace" if name in _COPIES else "remove" if name in _REMOVES else None


def _paths(literal: str) -> Iterator[str]:
    text = literal[1:-1].lstrip("><+ ")
    if text.startswith("~/"):
        yield HOME + text[1:]
    elif text.startswith("/"):
        yield text
