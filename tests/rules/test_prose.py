"""Which changes of paths alone say that nothing governed is touched."""

from __future__ import annotations

import pytest

from rules.prose import is_prose
from rules.sources.tree import MemoryTree
from tests.rules.test_waivers import reviewed


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "docs/admin/setup.md",
        "docs/index.html",
        "docs/style.css",
        "user-defined-web/README.md",
        ".github/workflows/ci.yml",
        ".github/CODEOWNERS",
        "LICENSE",
        ".gitignore",
        "docs/diagram.svg",
    ],
)
def test_prose(path: str) -> None:
    assert is_prose([path])
    assert is_prose([path, "docs/other.md"])
    assert not is_prose([path, "user-defined-web/template.tf"])


@pytest.mark.parametrize(
    "path",
    [
        "user-defined-web/template.tf",
        "user-defined-web/scripts/boot.sh",
        "docs/template.tf",
        "docs/boot.sh",
        "image/README.md",
        "image/Dockerfile",
        "openspec/specs/workspace-runtime/spec.md",
        "openspec/changes/one/proposal.md",
        "kitty-specs/one/spec.md",
        ".github/wrc.yml",
        "CLAUDE.md",
        "VERSION",
        "Makefile",
        "notes",
        "README.md.tf",
        "a\n.md/template.tf",
    ],
)
def test_what_may_be_governed_is_no_prose(path: str) -> None:
    assert not is_prose([path])


def test_prose_of_which_a_template_is_made_is_told_as_long_as_it_is() -> None:
    text = 'resource "coder_agent" "main" {\n  startup_script = file("../docs/boot.md")\n}\n'
    base = MemoryTree.of({"web/template.tf": "", "docs/boot.md": "set +e\n", "docs/other.md": "Words.\n"})
    head = MemoryTree.of({**base.files, "web/template.tf": text})
    assert [remark.path for remark in reviewed(base, head).remarks if "prose" in remark.text] == ["docs/boot.md"]
    assert not [remark for remark in reviewed(base, base).remarks if "prose" in remark.text]


def test_no_change_at_all_is_none() -> None:
    assert not is_prose([])
