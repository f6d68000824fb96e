"""List the commands.

Usage: /wrc help
Who: anyone
"""

from __future__ import annotations

from bot.service.commands.call import Call, Outcome


def run(arguments: str, call: Call) -> Outcome:  # noqa: ARG001 (all verbs have the same shape)
    return Outcome(reply=call.manual)
