"""Write the JSON Schema of `.github/wrc.yml` and its reference, `docs/configuration.md`, from the model that reads it.

With `--check` nothing is written, and the exit status is 1 if one of them is stale.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bot.configuration import Configuration

Schemas = dict[str, dict[str, object]]

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "bot" / "schema" / "config-v1.schema.json"
REFERENCE = ROOT / "docs" / "configuration.md"

_HEAD = """\
# Configuration

A repository of templates needs no configuration. What it wants otherwise stands in `.github/wrc.yml` on the base
branch, and is read there and nowhere else: a pull request that edits the file is linted, and its text counts once it is
merged. A file that is not valid is told with its line, and the last valid version stays in force.

Editors that know YAML schemas check it as you type, if the first line is

```yaml
# yaml-language-server: $schema=https://raw.githubusercontent.com/OWNER/wrc-bot/main/bot/schema/config-v1.schema.json
```

## Example

```yaml
version: 1
ignore:
  - experiments/
severity:
  F-3: warning          # numeric ids are asked about, not failed
drafts: comment         # tell what is found before a draft is ready
owned:
  - ~/.bash_profile     # written anew at every start, and nobody edits it
contract:               # as long as the contract is not merged here
  ref: refs/pull/149/head
  path: openspec/changes/add-workspace-runtime-contract/specs/workspace-runtime/spec.md
```

In patterns `*` stands for any text, `?` for one character; a pattern that ends with `/` stands for all below.

## Settings

This list is written by `python tools/configuration_docs.py` from the model that reads the file.

| setting | type | default | meaning |
| --- | --- | --- | --- |
"""


def schema() -> str:
    found = Configuration.model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = ".github/wrc.yml"
    return json.dumps(found, indent=2) + "\n"


def reference() -> str:
    definitions = Configuration.model_json_schema()
    rows = list(_rows(definitions["properties"], definitions.get("$defs", {}), ""))
    return _HEAD + "\n".join(rows) + "\n"


def _rows(properties: Schemas, definitions: Schemas, prefix: str) -> list[str]:
    rows: list[str] = []
    for name, about in properties.items():
        section = _section(about, definitions)
        default = f"`{json.dumps(about['default'])}`" if "default" in about else "required"
        kind, default = ("settings", "") if section is not None else (_kind(about), default)
        rows.append(f"| `{prefix}{name}` | {kind} | {default} | {_text(about.get('description'))} |")
        if section is not None:
            rows += _rows(section, definitions, f"{prefix}{name}.")
    return rows


def _section(about: dict[str, object], definitions: Schemas) -> Schemas | None:
    """The settings inside of a setting, if it has any."""
    for choice in (about, *_list(about.get("anyOf"))):
        name = str(choice.get("$ref", "")).removeprefix("#/$defs/")
        inner = definitions.get(name, {}).get("properties")
        if isinstance(inner, dict):
            return inner
    return None


def _kind(about: dict[str, object]) -> str:
    if "const" in about:
        return f"`{about['const']}`"
    if isinstance(about.get("enum"), list):
        return " or ".join(f"`{value}`" for value in _values(about["enum"]))
    kinds = {"array": "list of patterns", "object": "rule: level", "integer": "number", "string": "text"}
    kind = next(kinds[str(choice["type"])] for choice in (about, *_list(about.get("anyOf"))) if "type" in choice)
    return f"{kind}, {about['minimum']} to {about['maximum']}" if "maximum" in about else kind


def _list(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _values(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value or "").replace("|", "\\|")


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the schema and the reference of .github/wrc.yml.")
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    stale = [path for path, text in ((SCHEMA, schema()), (REFERENCE, reference())) if _read(path) != text]
    if parser.parse_args().check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/configuration_docs.py", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    SCHEMA.write_text(schema(), "utf-8")
    REFERENCE.write_text(reference(), "utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
