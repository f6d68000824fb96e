"""What every requirement needs, in a delta and in a main spec: a text that says SHALL or MUST, and a scenario."""

from __future__ import annotations

from collections.abc import Iterator

from rules.sources.openspec.blocks import Requirement, is_normative
from rules.validate.openspec.findings import Finding, Place

_WRITE_A_STATEMENT = "Write what the system SHALL or MUST do on the line below the heading."
_WRITE_A_SCENARIO = 'Add "#### Scenario: <name>" with its "- **WHEN** …" and "- **THEN** …" steps below it.'


def delta_findings(place: Place, operation: str, block: Requirement) -> Iterator[Finding]:
    """The findings of an ADDED or MODIFIED block on its own."""
    label = f'{operation} "{block.name}"'
    if not block.statement:
        missing = f"{label} is missing requirement text"
        message = normative_message(label, block.name) if is_normative(block.name) else missing
        way_out = "" if is_normative(block.name) else _WRITE_A_STATEMENT
        yield place.finding("C6", "ERROR", message, block.start, requirement=block.name, way_out=way_out)
    elif not is_normative(block.statement):
        message = normative_message(label, block.name, advice=True)
        yield place.finding("C7", "WARNING", message, block.start, requirement=block.name, way_out=_WRITE_A_STATEMENT)
    if not any(scenario.has_steps for scenario in block.scenarios):
        bare = next((scenario.start for scenario in block.scenarios), None)
        hint = "" if bare is None else _EMPTY_SCENARIO
        message = f"{label} must include at least one scenario{hint}"
        way_out = _WRITE_A_SCENARIO if bare is None else ""
        yield place.finding("C8", "ERROR", message, bare or block.start, requirement=block.name, way_out=way_out)


def statement_findings(place: Place, block: Requirement) -> Iterator[Finding]:
    """The finding of a main spec's block about its text."""
    label = f'Requirement "{block.name}"'
    if not block.statement:
        message = normative_message(label, block.name)
        yield place.finding("S9", "ERROR", message, block.start, requirement=block.name, way_out=_WRITE_A_STATEMENT)
    elif not is_normative(block.statement):
        message = normative_message(label, block.name, advice=True)
        yield place.finding("S9", "WARNING", message, block.start, requirement=block.name, way_out=_WRITE_A_STATEMENT)


_EMPTY_SCENARIO = (
    ' (a scenario header with no body under it does not count; add its steps, e.g. "- **WHEN** ..." and'
    ' "- **THEN** ...")'
)


def normative_message(label: str, name: str, *, advice: bool = False) -> str:
    """That a requirement's text lacks SHALL or MUST; where the heading has the word, how to move it."""
    base = f"{label} {'should' if advice else 'must'} contain SHALL or MUST"
    suffix = " (RFC 2119 best practice for English specs)" if advice else ""
    if is_normative(name):
        return (
            f"{base} in the requirement body, not only in the header. Move the SHALL/MUST statement to the line "
            f'immediately after the "### Requirement: ..." header.{suffix}'
        )
    return f"{base}{suffix}"
