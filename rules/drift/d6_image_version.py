"""Each template can have an image version of its own.

## What it does

Follows the version of the image that each template runs. As long as all of them get the same one, from a variable with
the same default or from the repository's `VERSION`, one version serves all.

## Why it matters

A new image reaches every template at once. What one of them needs cannot be tried without the others, and a template
cannot stay on the image that it is known to work with.

## Bad

```hcl
locals {
  image_version = try(trimspace(file("${path.module}/VERSION")), var.image_version)
}
```

## Good

```hcl
locals {
  image_version = "v0.6" # of this template
}
```

## Fix

Write the image version of a template into that template.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from rules.model import Sighting, Span
from rules.sources.terraform.values import as_text
from rules.sources.text import Piece, Position, Text
from rules.sources.tree import Tree, Unreadable, read_text, resolve
from rules.workspace.template import Workspace

ID = "D-6"
REQUIREMENT = "Two-Volume Persistence Model"
FOLLOW_UP = None
PLACE = "VERSION"

_GENERATED = "VERSION"
"""Copied into each template when it is pushed, so that a template's folder need not have it."""

_OWN = "own:"


_MESSAGE = "This is the version of all templates; none has a pin of its own."


def in_template(workspace: Workspace) -> Iterator[Sighting]:
    """The versions that the template can run. Equal `source`s are shared with another template."""
    named = [(image, "name") for image in workspace.resources("docker_image")]
    named = named or [(container, "image") for container in workspace.containers]
    sources: set[str] = set()
    for resource, attribute in named:
        tags = (_tag(as_text(each.data, each.at)) for each in resource.value(attribute) or ())
        sources.update(_source(workspace, tag) for tag in tags if tag is not None)
    if sources:
        at = named[0][0].at(named[0][1])
        yield Sighting(ID, "present", Span(at.path, at.line, at.line), _MESSAGE, " or ".join(sorted(sources)))


def settle(sightings: Iterable[Sighting]) -> Sighting | None:
    """Present if no template has a version of its own and all have the same."""
    found = tuple(sightings)
    if not found:
        return None
    sources = {each.source for each in found}
    pinned = len(sources) > 1 or next(iter(sources)).startswith(_OWN)
    return Sighting(ID, "absent" if pinned else "present", found[0].span, "" if pinned else _MESSAGE)


def _tag(text: Text | None) -> Text | None:
    """What stands behind the last colon of an image's name."""
    if text is None or not any(isinstance(part, Piece) for part in text.parts):
        return None
    plain = "".join(part.text if isinstance(part, Piece) else "\0" for part in text.parts)
    colon = plain.rfind(":")
    return text.slice(colon + 1, len(text)) if colon > plain.rfind("/") else Text(())


def _source(workspace: Workspace, tag: Text) -> str:
    files = {path for path in workspace.asked if posixpath.basename(path).upper() == _GENERATED}
    tree = workspace.evaluator.source.tree
    if any(resolve(tree, path) not in tree.entries for path in files):
        return _repository_version(tree)
    first = tag.at(0)
    own = not files and tag.known and first is not None and not _in_variable(workspace, first)
    return f"{_OWN}{workspace.template}:{tag.known}" if own else tag.show()


def _repository_version(tree: Tree) -> str:
    try:
        return read_text(tree, _GENERATED).strip()
    except Unreadable:
        return _GENERATED


def _in_variable(workspace: Workspace, at: Position) -> bool:
    blocks = (block for module in workspace.modules for block in module.variables.values())
    return any(block.at.path == at.path and block.at.line <= at.line <= block.end_line for block in blocks)
