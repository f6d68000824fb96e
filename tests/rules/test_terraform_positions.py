"""Every character of an evaluated string knows where it is written; HashiCorp's HCL says what the string is."""

from __future__ import annotations

import textwrap

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rules.sources.terraform.evaluate import Evaluator
from rules.sources.terraform.template import unescape
from rules.sources.text import Hole, Piece, Position, Text
from rules.sources.tree import MemoryTree
from tests.rules.test_terraform_oracles import terraform

PATH = "t/main.tf"
DECLARED = """\
variable "name" {
  default = "drupal"
}
data "coder_workspace" "me" {}
locals {
  two = <<-TWO
    first
      second
  TWO
  size = 3
}
"""

ATOMS = (
    *("a", "b c", "é", "#", '"', "'", "\\n", "{", "}", "$", "$5", "100%", "$$", "<<X", "~"),
    *("$${x}", "%%{y}", "${var.name}", "${local.two}", "pre${var.name}post", "${upper(var.name)}", "${local.size}"),
    *("%{ if true }yes%{ endif }", "%{ for x in [1] }_%{ endfor }", "${ var.name ~}", "${~ var.name }"),
)
KNOWN_ONLY = st.sampled_from(ATOMS)
WITH_HOLES = st.sampled_from((*ATOMS, "${data.coder_workspace.me.id}"))


def bodies(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    indents = st.integers(0, 6).map(lambda size: " " * size)
    line = st.builds(lambda indent, parts: indent + "".join(parts), indents, st.lists(atoms, max_size=5))
    return st.lists(line, max_size=6).map(lambda lines: "".join(f"{text}\n" for text in lines))


def heredoc(body: str, mark: str) -> str:
    return f"{DECLARED}locals {{\n  value = {mark}EOT\n{body}  EOT\n}}\n"


def evaluated(source: str) -> Text:
    evaluator = Evaluator(MemoryTree.of({PATH: source}), "t")
    root = evaluator.root
    [alternative] = evaluator.evaluate(root.locals["value"].expr, root.scope).alternatives
    assert isinstance(alternative.data, Text), alternative
    return alternative.data


def check_positions(source: str, text: Text) -> None:
    """Each character that is copied from the source stands where it says; a hole stands on its ``${``."""
    lines = [f"{line}\n" for line in source.split("\n")]
    offset = 0
    for part in text.parts:
        size = len(part.text) if isinstance(part, Piece) else 1
        for index in range(size):
            at = text.at(offset + index)
            assert at is not None
            assert at.path == PATH
            written = lines[at.line - 1][at.column - 1 :]
            if isinstance(part, Hole):
                assert written.startswith(("${", "%{"))
            elif not lines[at.line - 1].strip():
                assert part.text[index].isspace()  # a blank line keeps its indentation
            elif part.text not in ("3", "DRUPAL"):  # made by a function or from a number
                assert written.startswith(part.text[index]), (part, index, written)
        offset += size


@settings(max_examples=80)
@given(bodies(WITH_HOLES), st.sampled_from(["<<", "<<-"]))
@example("    a\n\n      $${b}\n   \n  ${data.coder_workspace.me.id} c\n", "<<-")
@example("${local.two}${local.two}\n", "<<-")
def test_characters_of_a_heredoc_stand_where_they_are_written(body: str, mark: str) -> None:
    source = heredoc(body, mark)
    check_positions(source, evaluated(source))


@settings(max_examples=80)
@given(bodies(KNOWN_ONLY), st.sampled_from(["<<", "<<-"]))
@example("      a\n \n    b\n", "<<-")
@example("   ${var.name}\n      a\n", "<<-")
@example("", "<<-")
def test_a_heredoc_is_the_string_that_terraform_makes_of_it(body: str, mark: str) -> None:
    assume(mark == "<<" or not ("~}" in body or "${~" in body))  # HCL measures indentation after `~` has joined lines
    source = heredoc(body, mark)
    theirs = terraform(source).get("value")
    if theirs is not None:
        assert evaluated(source).known == str(theirs)


QUOTED = st.lists(
    st.sampled_from(("a", "é ", "$", "%", "$${x}", "%%{y}", "\\n", "\\t", '\\"', "\\\\", "\\u00e9", "${var.name}")),
    max_size=8,
).map("".join)


@settings(max_examples=80)
@given(QUOTED)
def test_a_quoted_string_is_the_string_that_terraform_makes_of_it(inside: str) -> None:
    source = f'{DECLARED}locals {{\n  value = "{inside}"\n}}\n'
    theirs = terraform(source).get("value")
    if theirs is not None:
        assert evaluated(source).known == str(theirs)


@given(QUOTED)
def test_characters_of_a_quoted_string_stand_where_they_are_written(inside: str) -> None:
    for piece in unescape(inside, Position(PATH, 1, 1)):
        for index, character in enumerate(piece.text):
            written = inside[piece.at(index).column - 1 :]
            assert written[0] in (character, "\\")


def test_a_script_of_a_module_stands_in_the_module() -> None:
    """The wirings of a boot script end where the person who writes it looks: in the real file."""
    module = textwrap.dedent(
        """\
        output "script" {
          value = <<-EOT
            one
              two
          EOT
        }
        """
    )
    template = textwrap.dedent(
        """\
        module "m" {
          source = "./m"
        }
        locals {
          value = <<-EOT
            ${module.m.script}
            ${file("x.sh")}
          EOT
        }
        """
    )
    tree = MemoryTree.of({PATH: template, "t/m/main.tf": module, "t/x.sh": "three\nfour\n"})
    evaluator = Evaluator(tree, "t")
    value = evaluator.evaluate(evaluator.root.locals["value"].expr, evaluator.root.scope)
    [alternative] = value.alternatives
    assert isinstance(alternative.data, Text)
    text = alternative.data
    assert text.known == "one\n  two\n\nthree\nfour\n\n"
    places = {word: text.at(text.known.index(word)) for word in ("one", "two", "three", "four")}
    assert places == {
        "one": Position("t/m/main.tf", 3, 5),
        "two": Position("t/m/main.tf", 4, 7),
        "three": Position("t/x.sh", 1, 1),
        "four": Position("t/x.sh", 2, 1),
    }
