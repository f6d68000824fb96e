"""Cut real webhook payloads down to their keys and value types.

    npm pack @octokit/webhooks-examples@7.6.1 && tar xzf octokit-webhooks-examples-7.6.1.tgz
    python tools/extract_webhook_shapes.py package/api.github.com/index.json

writes `tests/data/github/webhook-shapes.json`: for each event and action WRC reads, a tree of keys. `?` after a key
says that not every example has it; a leaf is the JSON types seen, joined by `|`, where `@user` names a shape kept once;
a list's only key is `[]`. No value is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TARGET = Path(__file__).parent.parent / "tests" / "data" / "github" / "webhook-shapes.json"

HANDLED: Mapping[str, tuple[str | None, ...]] = {
    "check_run": ("created", "completed", "rerequested", "requested_action"),
    "check_suite": ("requested", "rerequested", "completed"),
    "installation": ("created", "deleted"),
    "issue_comment": ("created", "edited"),
    "pull_request": ("opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "closed"),
    "pull_request_review": ("submitted",),
    "pull_request_review_comment": ("created", "edited"),
    "push": (None,),
}

KINDS: Mapping[str, str] = {"user": "gists_url", "repository": "archive_url", "app": "external_url"}
"""Objects that stand in many places, by a key only they have: their shape is kept once, as `@user` and so on."""

DATA_KEYED = frozenset({"permissions"})
"""Objects whose keys are data."""

TYPES = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}

Shape = str | dict[str, "Shape"]


def shape(values: Sequence[object]) -> Shape:
    """What the values, seen at one place of several payloads, have in common."""
    objects = [value for value in values if isinstance(value, dict)]
    items = [item for value in values if isinstance(value, list) for item in value]
    plain = {TYPES[type(value)] for value in values if not isinstance(value, (dict, list))}
    if objects:
        kind = next((kind for kind, key in KINDS.items() if key in objects[0]), None)
        if kind is None:
            return _object(objects) | ({"null?": "null"} if "null" in plain else {})
        plain.add(f"@{kind}")
    elif any(isinstance(value, list) for value in values):
        return {"[]": shape(items) if items else "empty"}
    return "|".join(sorted(plain))


def _object(objects: Sequence[dict[str, object]]) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for key in sorted({key for value in objects for key in value}):
        seen = [value[key] for value in objects if key in value]
        shapes[key if len(seen) == len(objects) else f"{key}?"] = "object" if key in DATA_KEYED else shape(seen)
    return shapes


def within(value: object, key: str) -> Iterator[dict[str, object]]:
    """Every object inside `value` that has `key`."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and key in value:
        yield value
    for child in children:
        yield from within(child, key)


def extract(events: Sequence[Mapping[str, object]]) -> dict[str, Shape]:
    """Shapes by `event.action` of `HANDLED`, and of `KINDS`.

    Raises:
        KeyError: the package has no example of an event and action.
    """
    examples = {str(event["name"]): event["examples"] for event in events}
    shapes: dict[str, Shape] = {}
    used: list[object] = []
    for event, actions in HANDLED.items():
        payloads = examples[event]
        assert isinstance(payloads, list)
        for action in actions:
            chosen = [payload for payload in payloads if payload.get("action") == action]
            if not chosen:
                raise KeyError(f"{event}.{action}")
            shapes[f"{event}.{action}" if action else event] = _object(chosen)
            used += chosen
    return shapes | {f"@{kind}": _object(list(within(used, key))) for kind, key in KINDS.items()}


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shapes = extract(json.loads(Path(sys.argv[1]).read_bytes()))
    lines = (f"{json.dumps(name)}:{json.dumps(shapes[name], separators=(',', ':'))}" for name in sorted(shapes))
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
