"""Write the reference of the environment's settings, `docs/settings.md`, from the model that reads them.

With `--check` nothing is written, and the exit status is 1 if it is stale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.settings import PREFIX, Hosting, Settings

REFERENCE = Path(__file__).parent.parent / "docs" / "settings.md"

_HEAD = """\
# Settings of the service

Environment variables, or lines of a file `.env` in the folder where the service starts; the environment wins. A value
that cannot be right stops the start with a sentence that names the variable. How a *repository* is reviewed stands in
[its own file](configuration.md).

This page is written by `python tools/settings_docs.py`.
"""

_TABLE = """
## {title}

| setting | default | meaning |
| --- | --- | --- |
"""


def reference() -> str:
    hosting = Hosting.model_fields
    app = {name: info for name, info in Settings.model_fields.items() if name not in hosting}
    return _HEAD + _table("Where it runs", hosting) + _table("The App, and how it works", app)


def _table(title: str, fields: dict[str, FieldInfo]) -> str:
    return _TABLE.format(title=title) + "".join(_row(name, info) for name, info in fields.items())


def _row(name: str, info: FieldInfo) -> str:
    default = "" if info.default in (None, PydanticUndefined) else f"`{info.default}`"
    return f"| `{PREFIX}{name.upper()}` | {default} | {info.description} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    wanted = reference()
    if parser.parse_args().check:
        return int(REFERENCE.read_text("utf-8") != wanted)
    REFERENCE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
