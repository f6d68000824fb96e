"""GraphQL, as far as it reads blobs: fields and their types as in GitHub's public schema, refused as GitHub refuses.

https://docs.github.com/en/graphql/reference/objects#blob
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from bot.sandbox.bodies import GraphqlQuery
from bot.sandbox.http import Call, Endpoint
from bot.sandbox.shapes import Json
from bot.sandbox.state import Repository

MAX_TEXT_BYTES = 512 * 1024
"""Longer text is cut off, and `isTruncated` says so."""

BINARY_LOOKED_AT = 8000
"""Like git, which looks for a NUL among the first bytes."""

GRAMMAR = r"""
start: "query" [variables] selections
variables: "(" variable+ ")"
variable: "$" NAME ":" NAME "!"
selections: "{" (named | fragment)+ "}"
named: [alias] NAME [arguments] [selections]
alias: NAME ":"
arguments: "(" argument+ ")"
argument: NAME ":" "$" NAME
fragment: "..." "on" NAME selections
NAME: /[_A-Za-z][_0-9A-Za-z]*/
%ignore /[\s,]+/
"""

SCALARS: Mapping[str, re.Pattern[str]] = {
    "String": re.compile(r".*", re.DOTALL),
    "GitObjectID": re.compile(r"[0-9a-f]{40}"),
}


class GraphqlError(Exception):
    """Something that is answered with 200 and `errors`; `kind` is their `type`, where GitHub gives one."""

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Blob:
    sha: str
    data: bytes

    def field(self, name: str) -> object:
        binary = b"\0" in self.data[:BINARY_LOOKED_AT]
        fields = {
            "oid": self.sha,
            "byteSize": len(self.data),
            "isBinary": binary,
            "isTruncated": len(self.data) > MAX_TEXT_BYTES,
            "text": None if binary else self.data[:MAX_TEXT_BYTES].decode("utf-8", "replace"),
        }
        if name not in fields:
            raise _unknown_field(name, "Blob")
        return fields[name]


def graphql(call: Call) -> Json:
    asked = call.body(GraphqlQuery)
    try:
        tree = _parser().parse(asked.query)
        *_, selections = tree.children
        return {"data": _root(call, _subtree(selections), _variables(tree, asked.variables))}
    except LarkError as error:
        return {"errors": [{"message": f"Parse error on {error}"}]}
    except GraphqlError as error:
        kind: Json = {"type": error.kind} if error.kind else {}
        return ({"data": {"repository": None}} if error.kind else {}) | {"errors": [kind | {"message": str(error)}]}


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, maybe_placeholders=True)


def _variables(tree: Tree[Token], given: Mapping[str, str]) -> dict[str, str]:
    """The values of the declared variables, each of its type."""
    declared = {str(name): str(kind) for name, kind in (node.children for node in tree.find_data("variable"))}
    for name, kind in declared.items():
        if kind not in SCALARS:
            raise GraphqlError(f"{kind} isn't a defined input type (on ${name})")
        if name not in given or not SCALARS[kind].fullmatch(given[name]):
            raise GraphqlError(f"Variable ${name} of type {kind}! was provided invalid value")
    used = {str(node.children[1]) for node in tree.find_data("argument")}
    if used != declared.keys():
        names = ", ".join(sorted(used ^ declared.keys()))
        raise GraphqlError(f"Variables are not both declared and used by anonymous query: {names}")
    return {name: given[name] for name in declared}


def _root(call: Call, selections: Tree[Token], variables: Mapping[str, str]) -> Json:
    answer: Json = {}
    for alias, field, arguments, inside in _fields(selections, variables):
        if field != "repository":
            raise _unknown_field(field, "Query")
        owner, name = arguments["owner"], arguments["name"]
        # It follows a former name by itself, where the REST API sends the caller on.
        repository = call.world.find(owner, name) or call.world.find_moved(owner, name)
        if repository is None or not call.caller.sees(call.world, repository):
            raise GraphqlError(f"Could not resolve to a Repository with the name '{owner}/{name}'.", "NOT_FOUND")
        answer[alias] = _repository(repository, inside, variables)
    return answer


def _repository(repository: Repository, selections: Tree[Token], variables: Mapping[str, str]) -> Json:
    answer: Json = {}
    for alias, name, arguments, inside in _fields(selections, variables):
        if name != "object":
            raise _unknown_field(name, "Repository")
        sha = arguments["oid"]
        if repository.git.resolve(sha, "blob") == sha:
            answer[alias] = _blob(Blob(sha, repository.git.blob(sha)), inside)
        else:
            answer[alias] = None if repository.git.resolve(sha, "object") is None else {}
    return answer


def _blob(blob: Blob, selections: Tree[Token]) -> Json:
    answer: Json = {}
    for fragment in selections.children:
        assert isinstance(fragment, Tree)
        if fragment.data != "fragment":
            raise _unknown_field(str(fragment.children[1]), "GitObject")
        kind, inside = fragment.children
        if kind == "Blob":
            answer |= {alias: blob.field(name) for alias, name, _, _ in _fields(_subtree(inside), {})}
    return answer


def _fields(
    selections: Tree[Token], variables: Mapping[str, str]
) -> Iterator[tuple[str, str, dict[str, str], Tree[Token]]]:
    """Alias, name, arguments and selections of each field."""
    for node in selections.children:
        named = _subtree(node)
        alias, name, arguments, inside = named.children
        given = (_subtree(one).children for one in _subtree(arguments).children) if arguments else ()
        values = {str(key): variables[str(variable)] for key, variable in given}
        key = _subtree(alias).children[0] if alias else name
        yield str(key), str(name), values, _subtree(inside) if inside else Tree("selections", [])


def _subtree(node: Token | Tree[Token] | None) -> Tree[Token]:
    if not isinstance(node, Tree):
        raise GraphqlError("Parse error")
    return node


def _unknown_field(name: str, kind: str) -> GraphqlError:
    return GraphqlError(f"Field '{name}' doesn't exist on type '{kind}'")


GRAPHQL = Endpoint("POST", "/graphql", "contents:read", graphql, metered=False)
"""Below the API's host on github.com, and beside `/api/v3` on GitHub Enterprise."""
