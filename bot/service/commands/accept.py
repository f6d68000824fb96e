"""Let a finding stand in this pull request, and say why.

Usage: /wrc accept RULE REASON
Who: whoever has write access

It is a maintainer's decision: the finding no longer fails the check, which shows who let it stand, when and why. In
the conversation it is for every finding of RULE that the check showed when the comment was written, in a thread below
one of the App's comments for that finding. It is for exactly these: a finding that looks alike but is another one
fails as before, and so does the same one in another pull request, or a question that a later push turns into a failure.
What a finding tells along, of other rules on its line, is accepted with it.
"""

from __future__ import annotations

import re
from datetime import timedelta

from bot.service.commands.call import Call, Outcome, Refused
from bot.store import Acceptance
from rules.pages import UnknownRule, find

MAX_REASON_CHARACTERS = 500

CLOCK = timedelta(seconds=1)
"""GitHub cuts a comment's time to the second."""


def run(arguments: str, call: Call) -> Outcome:
    name, _, reason = arguments.partition(" ")
    reason = reason.strip()
    if not name or not re.search(r"\w", reason):
        raise Refused("Say which rule and why, such as `/wrc accept F-7 a cache that anyone may lose`.")
    if len(reason) > MAX_REASON_CHARACTERS:
        raise Refused(f"A reason has at most {MAX_REASON_CHARACTERS} characters.")
    rule = rule_id(name)
    chosen = call.about(call.store.open_findings(call.pull, call.at + CLOCK), rule)
    if not chosen:
        raise Refused(f"No finding of {rule} stood open here when you wrote this; `/wrc recheck` looks again.")
    by = [Acceptance(standing, rule, call.commenter.login, call.at, reason) for standing in chosen]
    call.store.accept(call.pull, by)
    return Outcome(review=True, decides=True)


def rule_id(name: str) -> str:
    """The id of the rule that a person means. Raises `Refused` if there is none."""
    try:
        return find(name).id
    except UnknownRule:
        raise Refused("There is no such rule: ids are INV-1 … INV-9, BOOT, F-1 … F-10, W-1 …") from None
