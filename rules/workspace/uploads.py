"""Files that Terraform puts into the container whenever it makes it, which is at every start: `upload` blocks."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.syntax import Attribute, Call, Expr
from rules.sources.terraform.values import Alternative, Value, as_text
from rules.sources.text import Text
from rules.workspace.template import Resource, Workspace


class Upload(Struct, frozen=True):
    """`texts` are what the file at `path` can hold, as far as that is known; `target` is where the path is written."""

    container: Resource
    block: BlockInstance
    path: str
    target: Alternative
    texts: tuple[Text, ...]


def uploads(workspace: Workspace) -> Iterator[Upload]:
    """The uploads to places that are known."""
    for container in workspace.containers:
        for block in container.instance.blocks("upload"):
            texts = tuple(_texts(block))
            for target in block.value("file") or ():
                path = as_text(target.data, target.at)
                if path is not None and path.known:
                    yield Upload(container, block, path.known, target, texts)


def _texts(block: BlockInstance) -> Iterator[Text]:
    for name in ("content", "content_base64", "source"):
        attribute = block.attribute(name)
        for alternative in _content(block, attribute) if attribute is not None else ():
            text = as_text(alternative.data, alternative.at)
            if text is not None:
                yield text


def _content(block: BlockInstance, attribute: Attribute) -> Value:
    """The text that an attribute stands for: as it is, encoded, or as the name of a file."""
    expr = attribute.expr
    if attribute.name == "source":
        expr = Call("file", (expr,), expand=False, at=attribute.at)
    elif attribute.name == "content_base64":
        expr = _decoded(expr)
    return block.evaluator.evaluate(expr, block.scope)


def _decoded(expr: Expr) -> Expr:
    if isinstance(expr, Call) and expr.function == "filebase64":
        return structs.replace(expr, function="file")
    if isinstance(expr, Call) and expr.function == "base64encode" and expr.arguments:
        return expr.arguments[0]
    return Call("base64decode", (expr,), expand=False, at=expr.at)
