"""Whether a pull request changes, in the open, the part of the contract that it breaks.

Five ways to change a requirement, by OpenSpec's process: a delta *carried* by the pull request modifies, removes or
renames it; the change that adds it, merged but not archived, is *edited in place*; a delta that the base has already is
*pending*, and the pull request says that it carries it out; a change is *archived here*, and the spec follows it. The
fifth, a spec edited without any change, is told and excuses nothing.

A delta excuses a finding only if its change is valid, if it names the requirement exactly, and if what it writes no
longer asks for what was found: by the item, or by the bullet of a scenario or the sentence that speaks of it. Where
several rewrite the same requirement, all have to let it go. It never makes a success: a maintainer decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from rules.amendments import Amendment, Reading
from rules.compare import Judged
from rules.contract import ContractText
from rules.model import Acknowledgement, Finding, Remark
from rules.registry import entry
from rules.sources.diff import Diff
from rules.sources.tree import Tree


class Deltas(Struct, frozen=True):
    """Everything that a pull request does to the contract's text."""

    contract: ContractText
    amendments: tuple[Amendment, ...]
    others: tuple[Remark, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether the text in force has the words that a delta was written against; our own summary has others."""
        return self.contract.contract.source != "bundled"

    def acknowledged(self, judged: Judged) -> Judged:
        """The finding, with the delta that changes what it breaks, if there is one."""
        violation = judged.violation
        if judged.status != "introduced" or judged.acknowledged_by is not None:
            return judged
        requirement = self.contract.written(entry(violation.rule).requirement)
        if requirement is None or violation.rule.startswith(("W-", "D-")):
            return judged
        about = self._about(requirement.key)
        if not about or not all(each.covers(violation, comparable=self.comparable) for each in about):
            return judged
        return replace(judged, acknowledged_by=Acknowledgement("delta", about[0].path, about[0].line))

    def _about(self, key: str) -> list[Amendment]:
        return [each for each in self.amendments if each.requirement.key == key and not each.void]

    def remarks(self, findings: Iterable[Finding]) -> Iterator[Remark]:
        """What the pull request changes in the contract, and why it excuses nothing where it does not."""
        open_ = [each for each in findings if each.status == "introduced" and each.acknowledged_by is None]
        yield from self.others
        for each in self.amendments:
            name = each.requirement.name
            broken = sorted({finding.rule for finding in open_ if finding.requirement == name})
            changes = sorted({f"'{other.change}'" for other in self._about(each.requirement.key)})
            if each.fault:
                text = f"The delta for “{name}” excuses nothing: {each.fault}."
            elif broken and len(changes) > 1:
                text = f"{' and '.join(changes)} write “{name}” anew, and not all of them let go what is broken here "
                text += f"({', '.join(broken)}): they excuse nothing."
            elif broken:
                text = f"The delta changes “{name}”, but not the part that is broken here ({', '.join(broken)}): "
                text += "it excuses nothing."
            else:
                text = f"This pull request changes “{name}” by the change '{each.change}'."
            yield Remark(each.path, each.line, text)


def read_deltas(base: Tree, head: Tree, contract: ContractText, diff: Diff, linked: frozenset[str]) -> Deltas:
    """What the step from `base` to `head` does to `contract`, the text in force."""
    reading = Reading(base, head, contract, diff, linked)
    if not any(path.startswith("openspec") for path in reading.touched) and not linked:
        return Deltas(contract, ())
    return Deltas(contract, reading.amendments, tuple(reading.remarks()))
