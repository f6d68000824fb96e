"""What is examined again: all that rests on what changed, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec import structs

from rules import examination
from rules.examination import Examined, Memory, examine
from rules.sources.tree import MemoryTree
from rules.workspace.template import load_workspace
from tests.rules.harness import compare, introduced, repository

DOCKERFILE = "image/Dockerfile"
HELPER = "image/scripts/helper.sh"
BY_TEMPLATE = 'startup_script = <<-EOT\n    . "/home/coder-files/helper.sh"\n'


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "_MEMORY", Memory())


def edited(tree: MemoryTree, files: Mapping[str, str]) -> MemoryTree:
    return MemoryTree.of({**tree.files, **files}, tree.links)


def sourcing(tree: MemoryTree) -> MemoryTree:
    """One template's boot script reads a file that the image stages; another one's looks for it."""
    text = tree.files["user-defined-web/template.tf"].replace("startup_script = <<-EOT\n", BY_TEMPLATE, 1)
    return edited(tree, {"user-defined-web/template.tf": text, HELPER: "greeting=hello\n"})


def looked_at(monkeypatch: pytest.MonkeyPatch, before: MemoryTree, after: MemoryTree) -> list[str]:
    """The templates that are looked at for `after` when `before` is known."""
    names: list[str] = []

    def noted(*args: object) -> object:
        names.append(str(args[1]))
        return load_workspace(*args)  # type: ignore[arg-type]

    examine(before)
    with monkeypatch.context() as patch:
        patch.setattr("rules.examination.load_workspace", noted)
        shared = examine(after)
    monkeypatch.setattr(examination, "_MEMORY", Memory())
    assert told(shared) == told(examine(after))
    return names


def told(examined: Examined) -> tuple[object, ...]:
    return examined.side, examined.drift, examined.files, examined.problems


BASE = sourcing(repository())


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"CLAUDE.md": "`image/scripts/.ddev/global_config.yaml` holds the defaults.\n"}, []),
        ({DOCKERFILE: BASE.files[DOCKERFILE] + "\nRUN apt-get install --yes jq\n"}, []),
        ({"image/scripts/other.sh": "echo\n"}, []),
        ({"docs/new.md": "More.\n"}, []),
        ({HELPER: "cp /etc/hosts ~/.bashrc\n"}, ["user-defined-web"]),
        ({"drupal-core/terraform.tfvars": 'x = "y"\n'}, ["drupal-core"]),
        ({"drupal-core/variables.tf": 'variable "more" {}\n'}, ["drupal-core"]),
        (
            {DOCKERFILE: BASE.files[DOCKERFILE] + "\nCOPY more /home/coder-files/more\n"},
            ["drupal-contrib", "drupal-core", "user-defined-web"],
        ),
    ],
)
def test_only_what_rests_on_a_change_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], names: list[str]
) -> None:
    assert looked_at(monkeypatch, BASE, edited(BASE, files)) == names


def test_a_file_that_goes_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = MemoryTree.of({path: text for path, text in BASE.files.items() if path != HELPER}, BASE.links)
    assert looked_at(monkeypatch, BASE, gone) == ["user-defined-web"]


def test_a_dockerfile_behind_a_link_is_reviewed_where_it_is() -> None:
    own = repository()
    files = {path: text for path, text in own.files.items() if path != DOCKERFILE}
    text = own.files[DOCKERFILE]
    base = MemoryTree.of({**files, "docker/workspace": text}, {**own.links, DOCKERFILE: "../docker/workspace"})
    head = structs.replace(base, files={**base.files, "docker/workspace": f"{text}\nRUN systemctl start docker\n"})
    report = compare(base, head)
    found = [(each.rule, each.path, each.line) for each in introduced(report)]
    assert found == [("F-9", "docker/workspace", text.count("\n") + 2)]
    assert report.conclusion == "failure"
