"""Take back an acceptance: the finding counts again.

Usage: /wrc revoke RULE
Who: whoever has write access

In the conversation it is for every accepted finding of RULE, in a thread for the one that the thread is about.
"""

from __future__ import annotations

from bot.service.commands.accept import rule_id
from bot.service.commands.call import Call, Outcome, Refused


def run(arguments: str, call: Call) -> Outcome:
    if not arguments:
        raise Refused("Say which rule, such as `/wrc revoke F-7`.")
    rule = rule_id(arguments.split(maxsplit=1)[0])
    accepted = {each.standing: each.rule for each in call.store.acceptances(call.pull)}
    chosen = call.about(accepted, rule)
    if not chosen:
        raise Refused(f"No finding of {rule} is accepted here.")
    call.store.revoke(call.pull, chosen)
    return Outcome(review=True, decides=True)
