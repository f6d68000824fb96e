"""Explain a rule in plain words, with examples.

Usage: /wrc explain RULE
Who: anyone

RULE is an id such as `F-4`, in any case, with or without its dash.
"""

from __future__ import annotations

from bot.render.markdown import explained
from bot.service.commands.call import Call, Outcome, Refused
from rules.pages import UnknownRule, find


def run(arguments: str, call: Call) -> Outcome:  # noqa: ARG001 (all verbs have the same shape)
    if not arguments:
        raise Refused("Say which rule, such as `/wrc explain F-4`.")
    try:
        entry = find(arguments.split(maxsplit=1)[0])
    except UnknownRule:
        raise Refused("There is no such rule: ids are INV-1 … INV-9, BOOT, F-1 … F-10, D-1 … D-6.") from None
    return Outcome(reply=explained(entry))
