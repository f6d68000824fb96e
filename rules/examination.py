"""What the rules see in one tree: every one of them on the image and on each governed template."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from rules.compare import Side
from rules.model import Fact, Problem, Sighting, Undecided, Violation
from rules.policy import DEFAULT, Policy
from rules.registry import all_drift, all_rules
from rules.sources.diff import Diff
from rules.sources.tree import Tree
from rules.workspace.image import DOCKERFILE, Image, load_image
from rules.workspace.image import NAME as IMAGE
from rules.workspace.template import MAX_TEMPLATES, Workspace, load_workspace, template_folders

MAX_REMEMBERED = 8
"""Trees whose findings are kept for the next review."""


@dataclass(frozen=True)
class Part:
    """What the rules saw in one template, or in the image.

    `unseen` are parts of its scripts that cannot be known. `files` are those it was made of, `asked` also those that
    were looked for in vain.
    """

    violations: tuple[Violation, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    drift: tuple[Sighting, ...] = ()
    files: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    unseen: tuple[Problem, ...] = ()

    @property
    def surfaces(self) -> frozenset[str]:
        """The top-level names of the repository that it depends on."""
        return frozenset(path.split("/")[0] for path in self.asked)


@dataclass(frozen=True)
class Examined:
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
        return tuple(dict.fromkeys(found))

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
        )


def examine(tree: Tree, known: Examined | None = None, diff: Diff | None = None, policy: Policy = DEFAULT) -> Examined:
    """Every rule on every governed template of one tree, and on the image.

    A template of `known`, another tree, is taken over where `diff` changes nothing near the files it was made of. The
    last trees are remembered: the base is the same for many pull requests.
    """
    return _examine(_Question(tree.id, policy, tree, known, diff))


@dataclass(frozen=True)
class _Question:
    """A tree as the key of what was found in it under a policy."""

    id: Hashable
    policy: Policy
    tree: Tree = field(compare=False)
    known: Examined | None = field(compare=False)
    diff: Diff | None = field(compare=False)


@lru_cache(maxsize=MAX_REMEMBERED)
def _examine(question: _Question) -> Examined:
    return look_at(question.tree, question.known, question.diff, question.policy)


def look_at(tree: Tree, known: Examined | None, diff: Diff | None, policy: Policy) -> Examined:
    """The same as `examine`, for a tree that is not worth remembering."""
    image = load_image(tree)
    folders = [name for name in template_folders(tree) if policy.governs(name)]
    excess = folders[MAX_TEMPLATES:]
    problems = [Problem(name, 1, f"is beyond the {MAX_TEMPLATES} templates analysed at once") for name in excess[:1]]
    changed = _changed_surfaces(diff) if diff is not None else frozenset()
    kept = known is not None and not known.image.surfaces & changed
    looked_at = known.image if known is not None and kept else _examine_image(image, policy)
    parts: dict[str, Part] = {}
    for folder in folders[:MAX_TEMPLATES]:
        same = known.templates.get(folder) if known is not None else None
        untouched = same is not None and not (same.surfaces | {folder.split("/")[0], IMAGE}) & changed
        parts[folder] = same if same is not None and untouched else _examine_template(tree, folder, image, policy)
    return Examined(looked_at, parts, tuple(problems), policy)


def _changed_surfaces(diff: Diff) -> frozenset[str]:
    paths = (path for file in diff.files for path in (file.old_path, file.new_path) if path is not None)
    return frozenset(path.split("/")[0] for path in paths)


def _examine_template(tree: Tree, folder: str, image: Image, policy: Policy) -> Part:
    workspace = load_workspace(tree, folder, image, policy)
    violations, undecided = _reported(_checked(workspace), policy)
    return Part(
        violations,
        undecided,
        tuple(fact for fact in _template_facts(workspace) if not policy.ignores(fact.span.path)),
        tuple(problem for problem in workspace.problems if not policy.ignores(problem.path)),
        _sightings(
            (each.in_template(workspace) for each in all_drift() if each.in_template is not None), workspace.problems
        ),
        workspace.files,
        workspace.asked,
        workspace.unseen,
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
        frozenset(path for path, _ in image.staged_files) | ({DOCKERFILE} if image.dockerfile else set()),
        frozenset({DOCKERFILE, *(source for source, _ in image.copies), *_places_of_drift()}),
    )


def _places_of_drift() -> Iterator[str]:
    return (item.place for item in all_drift() if item.in_image is not None)


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
