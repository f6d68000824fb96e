"""What can be said of the image without building it; `tools/image_by_steps.py` runs its steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rules.sources.dockerfile import parse_dockerfile

ROOT = Path(__file__).resolve().parents[2]
IMAGE = parse_dockerfile((ROOT / "Dockerfile").read_text(), "Dockerfile")


def words_of(keyword: str) -> list[tuple[str, ...]]:
    return [each.words for each in IMAGE.instructions if each.keyword == keyword and not each.flags]


def test_what_is_copied_is_in_the_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    for *sources, _ in words_of("COPY"):
        for source in sources:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored


def test_its_user_has_no_rights_and_a_number() -> None:
    [(user,)] = words_of("USER")
    assert int(user) >= 1000


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
