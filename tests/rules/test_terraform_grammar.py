"""HCL by our tables: the tree, and the line of an error, are those of python-hcl2's own parser in Lark."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hcl2
import lark
import msgspec
import pytest
from hcl2.parser import parser as python_hcl2
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.sources.terraform import compiler, grammar
from rules.sources.terraform.grammar import parser
from rules.sources.terraform.lalr import Child, Tables, Token, UnexpectedInput
from tests.rules.harness import repository

Plain = tuple[str, str, int, int] | tuple[str, list["Plain"]]

TEMPLATES = {path: text for path, text in repository().files.items() if path.endswith(".tf")}

WHOLE = {
    "nothing": "",
    "only a newline": "\n",
    "only a comment": "# a\n",
    "no newline at the end": "a = 1",
    "blank lines and comments": "\n\n# a\n// b\n/* c\n d */\na = 1 # e\n\n/* f */ b = 2\n",
    "a newline before an operator": "a = (1\n+ 2\n\n  && true\n# x\n? 3 : 4)\nb = 1\n",
    "a newline before a minus": "a = 1\nb = -2\nc = [1\n, -2]\n",
    "numbers": "a = [0, 007, 1.5, 1e3, 1.5E-3, -1, - 1, -1.5, 1-1, 1 -1, 2--1]\n",
    "a number and a name": "a = x.1\nb = x.1.2\nc = x[1].y.0\n",
    "keywords as names": "in = 1\nfor_each = 2\nforest = 3\nif {}\nfor in {}\nnull = 4\ntrue x {}\nendif_ = in_x\n",
    "a keyword where only a name can be": "a = in\n",
    "keywords as keys": "a = { in = 1, for = 2\n if = 3\n else : 4, true = 5, endfor_all = 6 }\n",
    "keywords as attributes": "a = b.in\n",
    "strings": r'a = "b \" \\ \n ${c} $${d} %%{e} $ % $$ %% ${"${"f"}"}"' + "\n",
    "a string that is not ASCII": 'a = "é ☕ ${b} ☕"\n',
    "a string over two lines": 'a = "b\nc"\nd = 1\n',
    "directives": 'a = "%{ if b ~}c%{~ else }d%{ endif }%{ for e, f in g }${f}%{~ endfor ~}"\n',
    "escaped quotes": 'a = "%{ if b == \\"c\\" }d%{ endif }"\n',
    "labels": 'a "b" c "${d}" {\n}\nresource "x" "y" { z = 1 }\n',
    "splats": "a = b.*.c\nd = e[*].f[0]\ng = h[*]\ni = j.*.k.1\n",
    "calls": "a = b()\nc = d(1,)\ne = f(g...)\nh = i(\n1,\n2\n)\nj = k::l::m(1)\nn = o(1\n,2)\n",
    "conditions": "a = b ? c : d ? e : f\ng = !h || -i > 2 && (j)\n",
    "collections": 'a = [\n1,\n\n2, # x\n]\nb = {}\nc = []\nd = {\ne = 1\nf = 2, g : 3\n"h" = 4\n(i) = 5\n}\n',
    "for": "a = [for b in c : d if e]\nf = {for g, h in i : g => h... if j}\nk = [\nfor l in m :\nl\n]\n",
    "arrow and equals": "a = {for b in c : b=>b}\nd = e==f\ng =h\ni= j\n\tk\t=\tl\n",
    "heredocs": "a = <<EOT\n b ${c}\nEOT\nd = <<-E\n    f\n    E\ng = [<<EOT\nEOT\n]\n",
    "a heredoc with dots": "a = <<A.b-c_D\nA.b\nA.b-c_D\n",
    "two heredocs of one name": "a = <<EOT\nx\nEOT\nb = <<EOT\ny\nEOT\n",
    "carriage returns": 'a = 1\r\nb = <<EOT\r\nc\r\nEOT\r\nd {\r\n  e = "f"\r\n}\r\n',
    "tabs": "\ta\t{\t}\n",
}

BROKEN = {
    "an open block": "a {\n  b = 1\n",
    "an open string": 'a = 1\nb = "c\nd = 2\n',
    "an open heredoc": "a = <<EOT\nb\n",
    "an open comment": "a = 1\n/* b\n",
    "a brace too many": "a {\n}\n\n}\nb = 1\n",
    "no value": "a =\nb = 1\n",
    "a value of two words": "a = b c\n",
    "a character of no terminal": "a = 1\nb = `c`\n",
    "a terminal of another place": "a = 1\n\n  => 2\n",
    "a comma": "a = {\n  b = 1\n\n  ,,\n}\n",
    "a single quote": "a = 'b'\n",
    "an operator on a line of its own": "a = 1\n\n+\n\nb = 2\n",
    "after a newline": "a = 1\n\n\n  ? 2\n",
    "after a comment": "a = 1 # b\n) # c\n",
    "a number with a name": "a = 1b\n",
    "a dot": "a = b.\nc = 1\n",
    "not ASCII": "a = 1\n☕ = 2\n",
    "an unknown directive": 'a = "%{ b }"\n',
    "a directive without its word": 'a = "\n%{ }"\n',
    "a backslash": "a = \\\n",
    "a name that is not ASCII": "é = 1\n",
    "a value that is not ASCII": "a = ż\n",
    "provider calls with two names": "a = k::l(1)\n",
    "a null byte": "a = 1\nb = \0\n",
}

WORDS = (
    *("a", "b_c", "in", "for", "if", "else", "endif", "for_each", "null", "true", "é", "_", "x-y"),
    *("1", "-2", "1.5", "2e3", "-", "+", "*", "/", "%", "!", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "?", ":"),
    *("::", ".", ".*", "...", "[*]", "=>", "=", ",", "(", ")", "[", "]", "{", "}", '"', "${", "%{", "~", "$${", "%%{"),
    *("\\", '\\"', "$", "`", "\n", "\n\n", "\r\n", " ", "\t", "# c\n", "// c\n", "/* c\n */", "<<EOT\n", "<<-EOT\n"),
    *("EOT\n", '"d"', '"${a}"', "a = 1\n", "a {\n", "}\n", "f(", "[for a in b : ", "{for a, b in c : ", " a = "),
)


def plain(tree: Child) -> Plain:
    if isinstance(tree, Token):
        return tree.kind, tree.text, tree.line, tree.column
    return tree.data, [plain(child) for child in tree.children]


def lark_plain(tree: lark.Tree[lark.Token] | lark.Token) -> Plain:
    if isinstance(tree, lark.Token):
        assert tree.line is not None
        assert tree.column is not None
        return tree.type, str(tree), tree.line, tree.column
    return str(tree.data), [lark_plain(child) for child in tree.children]


def ours(text: str) -> Plain | int:
    """The tree, or the line of the error."""
    try:
        return plain(parser().parse(text))
    except UnexpectedInput as error:
        return error.line


def theirs(text: str) -> Plain | int:
    try:
        return lark_plain(python_hcl2().parse(text))
    except lark.UnexpectedInput as error:
        return error.line


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template(path: str) -> None:
    assert ours(TEMPLATES[path]) == theirs(TEMPLATES[path])


@pytest.mark.parametrize("name", WHOLE)
def test_odd_text(name: str) -> None:
    assert ours(WHOLE[name]) == theirs(WHOLE[name])
    assert not isinstance(ours(WHOLE[name]), int)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_text(name: str) -> None:
    assert ours(BROKEN[name]) == theirs(BROKEN[name])
    assert isinstance(ours(BROKEN[name]), int)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_any_words(text: str) -> None:
    assert ours(text) == theirs(text)


@settings(max_examples=25)
@given(st.data())
def test_a_template_that_someone_edits(data: st.DataObject) -> None:
    text = TEMPLATES["user-defined-web/template.tf"]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 400, len(text))))
    for part in (text[:start] + data.draw(st.sampled_from(WORDS)) + text[end:], text[start:end], text[:end]):
        assert ours(part) == theirs(part)


# What is kept of it between two runs


class Kept:
    """A cache of its own; `compiled` counts how often it had to be done."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.compiled = 0

    def start(self) -> None:
        """What a process does first; it can read Terraform afterwards, whatever it found."""
        assert plain(grammar.parser.__wrapped__().parse("a = 1\n")) == ours("a = 1\n")


@pytest.fixture(scope="module")
def tables() -> Tables:
    return compiler.compiled()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: Tables) -> Kept:
    made = Kept(tmp_path / "grammar.bin")

    def compiled() -> Tables:
        made.compiled += 1
        return tables

    monkeypatch.setattr(grammar, "CACHE", made.file)
    monkeypatch.setattr(compiler, "compiled", compiled)
    return made


def test_it_is_compiled_once(kept: Kept) -> None:
    kept.start()
    kept.start()
    assert kept.compiled == 1
    assert [*kept.file.parent.iterdir()] == [kept.file]


def test_whoever_runs_it_may_read_it(kept: Kept) -> None:
    kept.start()
    beside = kept.file.with_name("beside")
    beside.touch()
    assert kept.file.stat().st_mode == beside.stat().st_mode


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in its seal": lambda content: content[:20],
    "cut after its seal": lambda content: content[:32],
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "one bit is another": lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    "its seal is another": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "what Lark once kept": lambda _: b"0123456789abcdef\n\x80\x05}\x94.",
    "other tables": lambda content: content[:32] + msgspec.msgpack.encode({"terminals": []}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_compiled_again(kept: Kept, damage: str) -> None:
    kept.start()
    whole = kept.file.read_bytes()
    kept.file.write_bytes(DAMAGE[damage](whole))
    kept.start()
    assert (kept.compiled, kept.file.read_bytes()) == (2, whole)


@pytest.mark.parametrize("where", ["nowhere/grammar.bin", "", "file/grammar.bin"])
def test_what_cannot_be_kept_is_compiled_each_time(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(grammar, "CACHE", tmp_path / where)
    kept.start()
    kept.start()
    assert kept.compiled == 2
    assert [each.name for each in tmp_path.rglob("*")] == ["file"]
    assert not [each for each in tmp_path.parent.iterdir() if each.name.startswith(f"{tmp_path.name}.")]


@pytest.mark.parametrize("name", grammar.SOURCES["hcl2"])
def test_another_python_hcl2_is_compiled_anew(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kept.start()
    package = tmp_path / "hcl2"
    shutil.copytree(Path(hcl2.__file__).parent, package)
    monkeypatch.delitem(sys.modules, "hcl2")
    monkeypatch.syspath_prepend(tmp_path)
    kept.start()
    assert kept.compiled == 1
    (package / name).write_text((package / name).read_text() + "\n")
    kept.start()
    assert kept.compiled == 2


def test_several_may_write_and_read_it_at_once(kept: Kept, tables: Tables) -> None:
    kept.start()
    origin = grammar._origin()

    def write(_: int) -> Tables:
        return grammar._compiled(origin)

    def read(_: int) -> Tables | None:
        return grammar._kept(origin)

    with ThreadPoolExecutor(4) as pool:
        written, found = pool.map(write, range(40)), pool.map(read, range(40))
        assert all(each == tables for each in (*written, *found))
    assert [*kept.file.parent.iterdir()] == [kept.file]
