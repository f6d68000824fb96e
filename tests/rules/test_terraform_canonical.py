"""The white space of Terraform code, against cases by hand and, where it is installed, against ``terraform fmt``."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rules.sources.terraform.canonical import MAX_CHARS, misformatted
from tests.rules.harness import FIXTURES

TERRAFORM = shutil.which("terraform")

CLEAN = """\
# A comment on its own.
variable "a" {
  type    = string # why
  default = "x"    # and why

  validation {
    condition     = length(var.a) > 0 && !startswith(var.a, "-") || -1 < 2 - 1
    error_message = "No ${join(", ", ["a", "b"])} and \\"${var.a}\\"."
  }
}

locals {
  numbers = [1, 2, -3]
  nested = {
    "key"   = local.numbers[0]
    (var.a) = { for k, v in { a = 1 } : k => v... if v != null }
    colon : 1
  }
  call = merge(local.nested, {
    deep = [
      {
        one = 1
      },
    ]
  })
  splat  = aws_x.y[*].id
  choice = var.a == "" ? null : provider::x::f(var.a)
  script = <<-EOT
  left   as it   is ${var.a}
    \tEOT not yet
  EOT
  empty  = {}
  index  = module.a.b["c"].d
}

resource "x" "y" { count = 1 }
"""

# What is written, and the lines that the formatter writes in another way.
CASES = {
    "indentation": ("a {\nb = 1\n}\n", {2: "  b = 1"}),
    "a tab": ("a {\n\tb = 1\n}\n", {2: "  b = 1"}),
    "a closing bracket": ("a {\n  b = 1\n  }\n", {3: "}"}),
    "a comment's indentation": ("a {\n# b\n}\n", {2: "  # b"}),
    "two brackets on a line are one level": ("a = f({\n    b = 1\n})\n", {2: "  b = 1"}),
    "no space around =": ("a=1\n", {1: "a = 1"}),
    "too many": ("a  =  1\n", {1: "a = 1"}),
    "not aligned": ("a = 1\nbcd = 2\n", {1: "a   = 1"}),
    "aligned too far": ("a    = 1\nbcd  = 2\n", {1: "a   = 1", 2: "bcd = 2"}),
    "a blank line ends the group": ("a   = 1\n\nbcd = 2\n", {1: "a = 1"}),
    "a value over several lines ends the group": ("a   = [\n  1\n]\nbcd = 2\n", {1: "a = ["}),
    "a heredoc belongs to the group": ("a = <<EOT\n x\nEOT\nbcd = 2\n", {1: "a   = <<EOT"}),
    "comments in a column": ("a = 1 # x\nb = 22 # y\n", {1: "a = 1  # x"}),
    "white space at the end": ("a = 1 \n", {1: "a = 1"}),
    "white space on a blank line": ("a = 1\n  \nb = 2\n", {2: ""}),
    "a comma": ("a = [1 ,2]\n", {1: "a = [1, 2]"}),
    "brackets": ("a = [ 1 ]\n", {1: "a = [1]"}),
    "braces": ("a = {b = 1}\n", {1: "a = { b = 1 }"}),
    "a call": ("a = f (1)\n", {1: "a = f(1)"}),
    "operators": ("a = 1+2*-3\n", {1: "a = 1 + 2 * -3"}),
    "a negation": ("a = ! b\n", {1: "a = !b"}),
    "CRLF": ("a {\r\nb = 1\r\n}\r\n", {2: "  b = 1"}),
}

UNSURE = {
    "a string that does not end": 'a  = "x\n',
    "a heredoc that does not end": "a  = <<EOT\nx\n",
    "no token": "a  = 1 ; b\n",
    "a string over several lines": 'a  = "${\nvar.b}"\n',
    "too long": "a  = 1\n" * (MAX_CHARS // 7 + 1),
}


def test_what_the_formatter_writes_is_clean() -> None:
    assert misformatted(CLEAN) == ()
    assert misformatted(CLEAN.replace("\n", "\r\n")) == ()


def test_comments_strings_and_heredocs_are_left_alone() -> None:
    assert misformatted('a = "x  =  ${ f( 1 ) }" # b  =  1  \n/*  x\n y  */\n') == ()
    assert misformatted("a = <<-EOT\n\tx  = ${ y }  \n   EOT\n") == ()


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    text, expected = CASES[name]
    assert {each.line: each.canonical for each in misformatted(text)} == expected


def test_a_line_alone_is_judged_as_it_is_among_all() -> None:
    dice = random.Random(2)
    for text in [_shaken(CLEAN, dice), *(text for text, _ in CASES.values())]:
        numbers = range(1, text.count("\n") + 2)
        alone = [each for number in numbers for each in misformatted(text, frozenset({number}))]
        assert alone == list(misformatted(text))


@pytest.mark.parametrize("name", UNSURE)
def test_silent_where_not_sure(name: str) -> None:
    assert misformatted(UNSURE[name]) == ()


def test_columns_of_other_characters_than_ascii_are_left_alone() -> None:
    assert misformatted('a = "é" # x\nb = "ee" # y\n') == ()


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_agrees_with_terraform(tmp_path: Path) -> None:
    dice = random.Random(1)
    texts = [CLEAN, *(text for text, _ in CASES.values()), *(path.read_text() for path in FIXTURES.rglob("*.tf"))]
    texts += [_shaken(text, dice) for text in texts for _ in range(5)]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.tf").write_text(text, newline="")
    environment = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(tmp_path / "none"), "HOME": str(tmp_path)}
    assert TERRAFORM is not None
    subprocess.run([TERRAFORM, "fmt"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    for number, text in enumerate(texts):
        formatted = (tmp_path / f"{number}.tf").read_bytes().decode()
        assert _fixed(text) == formatted, text


def _fixed(text: str) -> str:
    lines = text.split("\n")
    for each in misformatted(text):
        ending = "\r" if lines[each.line - 1].endswith("\r") else ""
        lines[each.line - 1] = each.canonical + ending
    return "\n".join(lines)


def _shaken(text: str, dice: random.Random) -> str:
    """`text` with other white space outside its heredocs and strings."""
    if "<<" in text:
        return re.sub(r"(?m)^ *(?=\w+ *=)", lambda _: " " * dice.randrange(5), text)
    return re.sub(r" (?==)|(?<==) |^ +", lambda found: found[0] * dice.randrange(1, 3), text, flags=re.MULTILINE)
