"""Cut GitHub's OpenAPI description down to the operations that WRC and its sandbox use.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python tools/extract_openapi.py package/generated

writes `tests/data/github/openapi.json`: the operations below with every schema they reach, without prose and examples,
sorted, one path or schema a line, so that an update is a short diff; and `openapi-enterprise.json`: of each release of
GitHub Enterprise Server, the paths and schemas that differ from those.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

DATA = Path(__file__).parent.parent / "tests" / "data" / "github"
ENTERPRISE = ("3.17", "3.18", "3.19")

REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "/app": ("get",),
    "/app/hook/config": ("get",),
    "/app/hook/deliveries": ("get",),
    "/app/hook/deliveries/{delivery_id}": ("get",),
    "/app/hook/deliveries/{delivery_id}/attempts": ("post",),
    "/app/installations": ("get",),
    "/app/installations/{installation_id}": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/installation/repositories": ("get",),
    "/rate_limit": ("get",),
    REPOSITORY: ("get",),
    f"{REPOSITORY}/branches/{{branch}}": ("get",),
    f"{REPOSITORY}/check-runs": ("post",),
    f"{REPOSITORY}/check-runs/{{check_run_id}}": ("get", "patch"),
    f"{REPOSITORY}/check-runs/{{check_run_id}}/annotations": ("get",),
    f"{REPOSITORY}/check-suites/{{check_suite_id}}": ("get",),
    f"{REPOSITORY}/check-suites/{{check_suite_id}}/check-runs": ("get",),
    f"{REPOSITORY}/collaborators/{{username}}/permission": ("get",),
    f"{REPOSITORY}/commits": ("get",),
    f"{REPOSITORY}/commits/{{ref}}": ("get",),
    f"{REPOSITORY}/commits/{{ref}}/check-runs": ("get",),
    f"{REPOSITORY}/commits/{{ref}}/check-suites": ("get",),
    f"{REPOSITORY}/compare/{{basehead}}": ("get",),
    f"{REPOSITORY}/contents/{{path}}": ("get",),
    f"{REPOSITORY}/git/blobs/{{file_sha}}": ("get",),
    f"{REPOSITORY}/git/commits/{{commit_sha}}": ("get",),
    f"{REPOSITORY}/git/matching-refs/{{ref}}": ("get",),
    f"{REPOSITORY}/git/ref/{{ref}}": ("get",),
    f"{REPOSITORY}/git/trees/{{tree_sha}}": ("get",),
    f"{REPOSITORY}/installation": ("get",),
    f"{REPOSITORY}/issues/comments/{{comment_id}}": ("get", "patch"),
    f"{REPOSITORY}/issues/comments/{{comment_id}}/reactions": ("get", "post"),
    f"{REPOSITORY}/issues/comments/{{comment_id}}/reactions/{{reaction_id}}": ("delete",),
    f"{REPOSITORY}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPOSITORY}/pulls": ("get",),
    f"{REPOSITORY}/pulls/comments/{{comment_id}}": ("get", "patch"),
    f"{REPOSITORY}/pulls/comments/{{comment_id}}/reactions": ("get", "post"),
    f"{REPOSITORY}/pulls/comments/{{comment_id}}/reactions/{{reaction_id}}": ("delete",),
    f"{REPOSITORY}/pulls/{{pull_number}}": ("get",),
    f"{REPOSITORY}/pulls/{{pull_number}}/comments": ("get", "post"),
    f"{REPOSITORY}/pulls/{{pull_number}}/comments/{{comment_id}}/replies": ("post",),
    f"{REPOSITORY}/pulls/{{pull_number}}/commits": ("get",),
    f"{REPOSITORY}/pulls/{{pull_number}}/files": ("get",),
    f"{REPOSITORY}/pulls/{{pull_number}}/reviews": ("get", "post"),
    f"{REPOSITORY}/pulls/{{pull_number}}/reviews/{{review_id}}": ("get", "put"),
    f"{REPOSITORY}/pulls/{{pull_number}}/reviews/{{review_id}}/comments": ("get",),
}

LINE = {"type": "integer", "nullable": True}
CORRECTIONS: Mapping[str, object] = {
    # Inlined there with an account that has to be a user *and* an enterprise.
    "paths /app/installations get responses 200 content application/json schema items": {
        "$ref": "#/components/schemas/installation"
    },
    # An outdated comment has neither line nor position, one on a whole file never had a line.
    "components schemas pull-request-review-comment properties line": LINE,
    "components schemas pull-request-review-comment properties original_line": LINE,
    "components schemas pull-request-review-comment properties position": LINE,
}
"""Places where the description contradicts what GitHub sends."""

PROSE = frozenset({"description", "summary", "title", "example", "examples", "externalDocs", "tags", "deprecated"})
NAME_MAPS = frozenset({"properties", "patternProperties", "responses", "headers", "content"})
"""Keys whose value maps names to objects: there a key called `title` is a name, not prose."""


def pruned(node: object, *, names: bool = False) -> object:
    """`node` without prose and vendor extensions; `names` says that its keys are names."""
    if isinstance(node, list):
        return [pruned(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: pruned(value, names=key in NAME_MAPS and not names)
        for key, value in node.items()
        if names or not (key in PROSE or key.startswith("x-"))
    }


def references(node: object) -> Iterator[str]:
    """Every `$ref` target inside `node`."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        if isinstance(target := node.get("$ref"), str):
            yield target
        for value in node.values():
            yield from references(value)


def correct(node: object, place: str, schema: object) -> None:
    """Put `schema` at a place (its keys, with spaces between) inside `node`."""
    *path, last = place.split()
    for key in path:
        assert isinstance(node, dict)
        node = node[key]
    assert isinstance(node, dict)
    node[last] = schema


def extract(description: dict[str, object]) -> dict[str, object]:
    """The part of an OpenAPI description that `OPERATIONS` need, corrected.

    Raises:
        KeyError: the description lacks one of the operations.
    """
    for place, schema in CORRECTIONS.items():
        correct(description, place, schema)
    paths = description["paths"]
    assert isinstance(paths, dict)
    chosen = {path: {method: pruned(paths[path][method]) for method in methods} for path, methods in OPERATIONS.items()}
    components: dict[str, dict[str, object]] = {}
    pending = list(references(chosen))
    while pending:
        _, _, kind, name = pending.pop().split("/")
        if name in components.setdefault(kind, {}):
            continue
        source = description["components"]
        assert isinstance(source, dict)
        components[kind][name] = pruned(source[kind][name])
        pending.extend(references(components[kind][name]))
    info = description["info"]
    assert isinstance(info, dict)
    version = {"title": "GitHub REST API, the part WRC uses", "version": info["version"]}
    return {"openapi": description["openapi"], "info": version, "paths": chosen, "components": components}


def difference(extracted: Mapping[str, object], base: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The paths and components that are not as in `base`, by their place: its keys, with spaces between."""
    for place, found in places(extracted).items():
        if found != places(base).get(place):
            yield place, found


def places(extracted: Mapping[str, object]) -> dict[str, object]:
    paths, components = extracted["paths"], extracted["components"]
    assert isinstance(paths, dict)
    assert isinstance(components, dict)
    found: dict[str, object] = {f"paths {path}": item for path, item in paths.items()}
    for kind, named in components.items():
        found |= {f"components {kind} {name}": item for name, item in named.items()}
    return found


def dump(extracted: dict[str, object]) -> str:
    """Sorted JSON with one path or component a line."""
    components = extracted["components"]
    assert isinstance(components, dict)
    kinds = ",\n".join(f"{json.dumps(kind)}:{lines(components[kind])}" for kind in sorted(components))
    head = "".join(f"{json.dumps(key)}:{json.dumps(extracted[key], sort_keys=True)},\n" for key in ("openapi", "info"))
    return f'{{{head}"paths":{lines(extracted["paths"])},\n"components":{{\n{kinds}}}}}\n'


def lines(mapping: object) -> str:
    """A JSON object with one entry a line."""
    assert isinstance(mapping, dict)
    compact = {name: json.dumps(mapping[name], sort_keys=True, separators=(",", ":")) for name in sorted(mapping)}
    return "{\n" + ",\n".join(f"{json.dumps(name)}:{text}" for name, text in compact.items()) + "\n}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    base = extract(json.loads((folder / "api.github.com.json").read_bytes()))
    (DATA / "openapi.json").write_text(dump(base))
    releases = []
    for release in ENTERPRISE:
        extracted = extract(json.loads((folder / f"ghes-{release}.json").read_bytes()))
        releases.append(f"{json.dumps(release)}:{lines(dict(difference(extracted, base)))}")
    (DATA / "openapi-enterprise.json").write_text("{\n" + ",\n".join(releases) + "}\n")


if __name__ == "__main__":
    main()
