"""Hold the whole contract against the base branch as it is now.

Usage: /wrc audit
Who: the pull request's author, and whoever has write access

The answer is a folded table: every requirement, every template. It says nothing about the pull request.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.github.errors import TooLargeError
from bot.github.pulls import branch_tip, get_pull
from bot.github.trees import RemoteTree
from bot.render.markdown import folded_audit
from bot.service.commands.call import Call, Outcome, Refused
from rules.audit import audit


def run(arguments: str, call: Call) -> Outcome:  # noqa: ARG001 (all verbs have the same shape)
    tip = branch_tip(call.repository, get_pull(call.repository, call.number).base.ref)
    tree = RemoteTree(call.repository, tip, call.cache)
    try:
        found = audit(tree, tip, call.repository_url, datetime.now(UTC).date())
    except TooLargeError as error:
        raise Refused(str(error)) from error
    return Outcome(reply=folded_audit(found))
