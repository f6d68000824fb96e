"""Which changes of paths alone say that nothing governed is touched."""

from __future__ import annotations

import pytest

from rules.prose import is_prose


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


def test_no_change_at_all_is_none() -> None:
    assert not is_prose([])
