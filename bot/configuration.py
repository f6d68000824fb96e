"""`.github/wrc.yml`: what a repository sets about its reviews. Always read from the base branch.

An error says where it is and what to write. What is not valid is never in force in part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.model import Problem, Remark
from rules.policy import SOURCE as PATH
from rules.policy import Policy, Severity
from rules.registry import all_rules
from rules.sources.tree import Tree, Unreadable, read_text

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 10
MAX_EARLIER = 20
"""Earlier versions that are looked at for one that is valid."""


def _home_path(path: str) -> str:
    if not path.startswith(("~/", "$HOME/", "/home/coder/")):
        raise ValueError("must be a path in the home, such as ~/.bash_profile")
    return path


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/") or not path:
        raise ValueError("must be a path from the top of the repository, without a slash in front and without ..")
    return path


MAX_INLINE_COMMENTS = 20
"""More are noise, unless a repository wants them: the rest is told in the body of the review."""


def _repository(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}", name):
        raise ValueError("must be owner/name")
    return name


def _ref(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][\w./+-]{0,199}", name, re.ASCII) or ".." in name or "//" in name:
        raise ValueError("must be a branch, a tag, a commit or a full name such as refs/pull/149/head")
    return name


Glob = Annotated[str, AfterValidator(_relative)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Comments(_Section):
    """How a pull request is told what is found, besides its check run."""

    style: Literal["inline", "summary", "none"] = Field(
        default="inline",
        description="`inline`: a review with comments on the lines; `summary`: one with all in its text; "
        "`none`: the check run alone",
    )
    max_inline: int = Field(
        default=MAX_INLINE_COMMENTS,
        ge=0,
        le=50,
        description="comments on lines in one review; what is above is told in its text",
    )


class ContractPlace(_Section):
    """Where the contract is written as long as this repository does not hold it."""

    repository: Annotated[str, AfterValidator(_repository)] | None = Field(
        default=None, description="`owner/name` of the repository; if it is left out, this one"
    )
    ref: Annotated[str, AfterValidator(_ref)] = Field(
        description="branch, tag or commit, or a full name such as `refs/pull/149/head`"
    )
    path: Annotated[str, AfterValidator(_relative)] = Field(
        description="the file there: a main spec, or a delta that adds the requirements"
    )


class Configuration(_Section):
    """The settings, each with what holds if it is left out."""

    version: Literal[1] = Field(description="the version of this format; required")
    governed: list[Glob] = Field(
        default=[],
        max_length=100,
        description="template folders that are held against the contract, as patterns; "
        "if it is left out, all of them but `freeform`",
    )
    ignore: list[Glob] = Field(
        default=[],
        max_length=100,
        description="paths in which nothing is reported, as patterns; one that ends with `/` means all below",
    )
    severity: dict[str, Severity] = Field(
        default={},
        description="for a rule, the level that its findings have at most: `failure`, `warning`, `notice` or `off`; "
        "`failure` makes questions failures too. Reviews say where it is less than the contract asks",
    )
    owned: list[Annotated[str, AfterValidator(_home_path)]] = Field(
        default=[],
        max_length=100,
        description="files in the home that the templates make for themselves, as patterns; F-5 and INV-6 let them be",
    )

    drafts: Literal["hold", "comment"] = Field(
        default="hold",
        description="drafts are always checked; `hold` leaves the comments until one is ready for review, "
        "`comment` does not wait",
    )
    comments: Comments = Field(default=Comments(), description="how findings are told besides the check run")
    contract: ContractPlace | None = Field(
        default=None,
        description="where the contract is written; counts as long as this repository holds none itself; looked at "
        "every five minutes. If it is left out, our own summary of it counts",
    )

    @model_validator(mode="after")
    def _known_rules(self) -> Configuration:
        known = {rule.id for rule in all_rules()}
        for name in self.severity:
            if name not in known:
                near = get_close_matches(name.upper(), known, 1)
                raise ValueError(f"`severity`: there is no rule {name}{f'; {near[0]} is one' if near else ''}")
        return self

    @property
    def policy(self) -> Policy:
        return Policy(
            governed=tuple(self.governed),
            ignored=tuple(self.ignore),
            severities=tuple(sorted(self.severity.items())),
            owned=tuple(self.owned),
        )


DEFAULT = Configuration(version=1)

_SECTIONS: dict[str, type[_Section]] = {"comments": Comments, "contract": ContractPlace}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a configuration: 1-based line and column, and one sentence."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class InForce:
    """The configuration that counts, and what a reader has to know about it."""

    configuration: Configuration
    remarks: tuple[Remark, ...] = ()
    problems: tuple[Problem, ...] = ()


Earlier = Callable[[], Iterable[tuple[str, str]]]
"""Earlier versions of the file on the base branch, the newest first: (commit, text)."""


def in_force(base: Tree, head: Tree | None = None, earlier: Earlier = lambda: ()) -> InForce:
    """The configuration of the base branch, and what is to be said about it and about `head`'s.

    If the base's is not valid, the newest earlier version that is counts, else the defaults.
    """
    text = _text(base)
    found, remarks = DEFAULT, list[Remark]()
    if text is not None:
        parsed = parse(text)
        if isinstance(parsed, Configuration):
            found = parsed
        else:
            found, instead = _last_good(earlier)
            told = f"The configuration is not valid: {parsed.message}. Until it is corrected, {instead}."
            remarks.append(Remark(PATH, parsed.line, told))
    problems: tuple[Problem, ...] = ()
    if head is not None and (new := _text(head)) != text:
        remarks.append(Remark(PATH, 1, "This change edits the configuration; what it says counts once it is merged."))
        proposed = parse(new) if new is not None else DEFAULT
        if isinstance(proposed, Fault):
            message = f"is not valid here: {proposed.message}"
            problems = (Problem(PATH, proposed.line, message, introduced=True),)
    return InForce(found, tuple(remarks), problems)


def _last_good(earlier: Earlier) -> tuple[Configuration, str]:
    for count, (commit, text) in enumerate(earlier()):
        if count == MAX_EARLIER:
            break
        parsed = parse(text)
        if isinstance(parsed, Configuration):
            return parsed, f"its version of commit {commit[:12]} is in force"
    return DEFAULT, "the defaults are in force"


def _text(tree: Tree) -> str | None:
    if PATH not in tree.entries:
        return None
    try:
        return read_text(tree, PATH)
    except Unreadable as error:
        # Said like any other fault of the file: as text that cannot be parsed.
        return f"\0{error}"


def parse(text: str) -> Configuration | Fault:
    """The configuration that a text says, or the first thing that is wrong with it."""
    if text.startswith("\0"):
        return Fault(1, 1, f"it {text[1:]}")
    if len(text) > MAX_CHARACTERS:
        return Fault(1, 1, f"it is longer than {MAX_CHARACTERS} characters")
    try:
        root = _compose(text)
        data = _plain(root, 0) if root is not None else {}
    except _Refused as refused:
        return refused.fault
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return Fault(line, column, f"it is no YAML ({getattr(error, 'problem', None) or 'it cannot be read'})")
    if not isinstance(data, dict):
        return Fault(1, 1, "it must be settings, one `name: value` a line")
    try:
        return Configuration.model_validate(data)
    except ValidationError as error:
        return _fault(error.errors()[0], root)


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _at(node: Node | None, message: str) -> Fault:
    if node is None:
        return Fault(1, 1, message)
    return Fault(node.start_mark.line + 1, node.start_mark.column + 1, message)


def _compose(text: str) -> Node | None:
    """The YAML's nodes with their places. Aliases are refused: a few of them can stand for billions of values."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            raise _Refused(Fault(line, column, "aliases such as `*name` are not taken"))
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _plain(node: Node, depth: int) -> object:
    """A node as plain data, with each key once."""
    if depth > MAX_DEPTH:
        raise _Refused(_at(node, f"it is nested more than {MAX_DEPTH} deep"))
    if isinstance(node, MappingNode):
        found: dict[object, object] = {}
        for key, value in node.value:
            name = _plain(key, depth + 1)
            if not isinstance(name, str):
                raise _Refused(_at(key, "the name of a setting must be text"))
            if name in found:
                raise _Refused(_at(key, f"`{name}` stands there twice"))
            found[name] = _plain(value, depth + 1)
        return found
    if isinstance(node, SequenceNode):
        return [_plain(item, depth + 1) for item in node.value]
    assert isinstance(node, ScalarNode)
    if node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"):
        # Off, on and dates are words here; YAML 1.1 would make something else of them.
        return str(node.value)
    if node.value.lower() in ("on", "off", "yes", "no"):
        return str(node.value)
    return yaml.safe_load(node.value)


def _fault(error: ErrorDetails, root: Node | None) -> Fault:
    location = error["loc"] or ("severity",)
    name = ".".join(str(part) for part in location)
    unknown = error["type"] == "extra_forbidden"
    node = _node(root, location, at_key=unknown or not error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if unknown:
        section = _SECTIONS.get(str(location[0]), Configuration) if len(location) > 1 else Configuration
        near = get_close_matches(str(location[-1]), section.model_fields, 1)
        meant = ".".join([*map(str, location[:-1]), *near])
        return _at(node, f"there is no setting `{name}`" + (f"; `{meant}` is one" if near else ""))
    if error["type"] == "missing":
        return _at(node, f"`{name}` is missing" + ("; write `version: 1`" if name == "version" else ""))
    return _at(node, message if not error["loc"] else f"`{name}`: {message[0].lower()}{message[1:]}")


def _node(root: Node | None, location: tuple[int | str, ...], *, at_key: bool) -> Node | None:
    """The node at a place in the data, or the deepest one on the way to it."""
    node, key = root, None
    for part in location:
        if isinstance(node, MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                break
            key, node = pair
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return key if at_key and key is not None else node
