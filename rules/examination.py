"""What the rules see in one tree: every one of them on the image and on each governed template."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from rules.compare import Side
from rules.model import Fact, Problem, Sighting, Undecided, Violation
from rules.policy import DEFAULT, Policy
from rules.registry import all_drift, all_rules
from rules.sources.tree import Tree
from rules.sources.watched import Seen
from rules.workspace.image import NAME as IMAGE
from rules.workspace.image import Image, Question, load_image
from rules.workspace.template import MAX_TEMPLATES, Workspace, load_workspace, template_folders

MAX_REMEMBERED = 8
"""Versions of one template, or of the image, whose findings are kept for the next review."""

MAX_NAMES = 64
"""Templates of which any are kept; the least recently used leave first."""


class Part(Struct, frozen=True):
    """What the rules saw in one template, or in the image.

    `unseen` are parts of its scripts that cannot be known. `files` are those it was made of. `resources` are the texts
    of its resources by address. `seen` is what was looked at in the tree, `answers` what was asked of the image: where
    these are the same, so is all the rest.
    """

    violations: tuple[Violation, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    drift: tuple[Sighting, ...] = ()
    files: frozenset[str] = frozenset()
    unseen: tuple[Problem, ...] = ()
    resources: Mapping[str, str] = field(default_factory=dict)
    seen: Seen = Seen()
    answers: Mapping[Question, object] = field(default_factory=dict)


class Examined(Struct, frozen=True, dict=True):
    """One tree, evaluated: the image and each template by its folder."""

    image: Part
    templates: Mapping[str, Part]
    other_problems: tuple[Problem, ...] = ()
    policy: Policy = DEFAULT

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.image, *self.templates.values())

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        found = (*self.other_problems, *(problem for part in self.parts for problem in part.problems))
        return tuple({(each.path, each.line, each.message): each for each in found}.values())

    @property
    def drift(self) -> tuple[Sighting, ...]:
        return tuple(sighting for part in self.parts for sighting in part.drift)

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset().union(*(part.files for part in self.parts))

    @cached_property
    def side(self) -> Side:
        return Side(
            tuple(violation for part in self.parts for violation in part.violations),
            tuple(undecided for part in self.parts for undecided in part.undecided),
            tuple(fact for part in self.parts for fact in part.facts),
            frozenset(problem.path for problem in self.problems),
            {(name, own): text for name, part in self.templates.items() for own, text in part.resources.items()},
        )


class Memory:
    """What was found lately, by the name of the part. Safe to use from several threads."""

    def __init__(self) -> None:
        self._parts: OrderedDict[Hashable, tuple[Part, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, holds: Callable[[Part], bool]) -> Part | None:
        """The part that still holds; None where it has to be found out."""
        with self._lock:
            known = self._parts.get(name, ())
        return next((part for part in known if holds(part)), None)

    def put(self, name: Hashable, part: Part, instead: Part | None = None) -> None:
        """Keep the part, as the one that was used last; in place of `instead`."""
        with self._lock:
            others = (each for each in self._parts.pop(name, ()) if each is not part and each is not instead)
            self._parts[name] = (part, *others)[:MAX_REMEMBERED]
            while len(self._parts) > MAX_NAMES:
                self._parts.popitem(last=False)


_MEMORY = Memory()


def examine(tree: Tree, policy: Policy = DEFAULT, *, trial: bool = False) -> Examined:
    """Every rule on every governed template of one tree, and on the image.

    What was found in another tree is taken over where all that it rests on is the same: base and head share what a
    change leaves alone, and so do pull requests. A `trial` is of a tree that nobody has: nothing is kept of it, and in
    the templates it is only asked what is wrong.
    """
    image = load_image(tree)
    known = _MEMORY.get((IMAGE, policy), lambda part: image.tree.shows(part.seen))
    if known is not None:
        image.answers.update(known.answers)
    looked_at = known or _examine_image(image, policy)
    folders = [name for name in template_folders(tree) if policy.governs(name)]
    excess = folders[MAX_TEMPLATES:]
    problems = [Problem(name, 1, f"is beyond the {MAX_TEMPLATES} templates analysed at once") for name in excess[:1]]
    templates = {name: _template(tree, name, image, policy, trial=trial) for name in folders[:MAX_TEMPLATES]}
    looked_at = replace(looked_at, seen=looked_at.seen | image.tree.seen, answers=dict(image.answers))
    if not trial:
        _MEMORY.put((IMAGE, policy), looked_at, known)
    return Examined(looked_at, templates, tuple(problems), policy)


def _template(tree: Tree, folder: str, image: Image, policy: Policy, *, trial: bool) -> Part:
    """The template as another tree had it, if it is the same here, or else as it is found."""
    known = _MEMORY.get((folder, policy), lambda part: image.tree.shows(part.seen) and image.gives(part.answers))
    if known is None:
        workspace = load_workspace(tree, folder, image, policy)
        known = _wrong_in(workspace) if trial else _examine_template(workspace)
    if not trial:
        _MEMORY.put((folder, policy), known)
    return known


def _wrong_in(workspace: Workspace) -> Part:
    violations, undecided = _reported(_checked(workspace), workspace.policy)
    return Part(violations, undecided, problems=_problems(workspace))


def _problems(workspace: Workspace) -> tuple[Problem, ...]:
    return tuple(problem for problem in workspace.problems if not workspace.policy.ignores(problem.path))


def _examine_template(workspace: Workspace) -> Part:
    violations, undecided = _reported(_checked(workspace), workspace.policy)
    return Part(
        violations,
        undecided,
        tuple(fact for fact in _template_facts(workspace) if not workspace.policy.ignores(fact.span.path)),
        _problems(workspace),
        _sightings(
            (each.in_template(workspace) for each in all_drift() if each.in_template is not None), workspace.problems
        ),
        workspace.files,
        workspace.unseen,
        workspace.texts,
        workspace.evaluator.source.tree.seen,
        workspace.image.answers,
    )


def _reported(
    found: Iterable[Violation | Undecided], policy: Policy
) -> tuple[tuple[Violation, ...], tuple[Undecided, ...]]:
    """What the repository wants to be told of, at the level that it gives it."""
    seen = tuple(found)
    violations = (policy.judged(each) for each in seen if isinstance(each, Violation))
    undecided = (each for each in seen if isinstance(each, Undecided) and not policy.ignores(each.span.path))
    off = {rule for rule, severity in policy.severities if severity == "off"}
    return (
        tuple(each for each in violations if each is not None),
        tuple(each for each in undecided if each.rule not in off),
    )


def _examine_image(image: Image, policy: Policy) -> Part:
    checks = (rule.image_check for rule in all_rules() if rule.image_check is not None)
    violations, undecided = _reported((each for check in checks for each in check(image)), policy)
    return Part(
        violations,
        undecided,
        tuple(_image_facts(image)),
        image.problems,
        _sightings((each.in_image(image) for each in all_drift() if each.in_image is not None), image.problems),
        frozenset(path for path, _ in image.staged_files) | ({image.path} if image.dockerfile else set()),
    )


def _sightings(found: Iterable[Iterable[Sighting]], problems: tuple[Problem, ...]) -> tuple[Sighting, ...]:
    """What is known of drift; in what could not be read in full, that something is not there is not known."""
    sightings = [each for item in found for each in item]
    unsure = [replace(each, state="unknown") if each.state == "absent" and problems else each for each in sightings]
    return tuple(unsure)


def _checked(workspace: Workspace) -> list[Violation | Undecided]:
    """What stands in several texts that a boot script can be is found once."""
    found: dict[object, list[Violation | Undecided]] = {}
    for variant in workspace.variants:
        own: dict[object, list[Violation | Undecided]] = defaultdict(list)
        for rule in all_rules():
            for each in rule.check(variant) if rule.check is not None else ():
                own[_place(each)].append(each)
        for place, several in own.items():
            if len(several) > len(found.get(place, ())):
                found[place] = several
    return [each for several in found.values() for each in several]


def _place(found: Violation | Undecided) -> object:
    """What is found and where: its words may tell of the text that it was found in."""
    what = found.evidence if isinstance(found, Violation) else found.reason
    return type(found), found.rule, found.template, found.address, what, found.span


def _template_facts(workspace: Workspace) -> Iterator[Fact]:
    """What stands in several texts that a boot script can be is one fact."""
    found: Counter[Fact] = Counter()
    for variant in workspace.variants:
        found |= Counter(fact for rule in all_rules() if rule.facts is not None for fact in rule.facts(variant))
    return found.elements()


def _image_facts(image: Image) -> Iterator[Fact]:
    for each in all_rules():
        if each.image_facts is not None:
            yield from each.image_facts(image)
