"""Hold the whole contract against the base branch as it is now.

Usage: /wrc audit
Who: the pull request's author, and whoever has write access

The answer is a folded table: every requirement, every template, as the base branch's configuration has it. It says
nothing about the pull request.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.configuration import MAX_EARLIER, in_force
from bot.github.errors import TooLargeError
from bot.github.history import versions
from bot.github.pulls import branch_tip, get_pull
from bot.github.trees import RemoteTree, prefetch
from bot.render.markdown import folded_audit
from bot.review.collect import likely
from bot.review.contract import written_contract
from bot.service.commands.call import Call, Outcome, Refused
from rules.audit import audit
from rules.policy import SOURCE as CONFIGURATION


def run(arguments: str, call: Call) -> Outcome:  # noqa: ARG001 (all verbs have the same shape)
    tip = branch_tip(call.repository, get_pull(call.repository, call.number).base.ref)
    tree = RemoteTree(call.repository, tip, call.cache)
    try:
        prefetch(call.repository, [tree], likely([tree]), call.cache)
        configured = in_force(tree, earlier=lambda: versions(call.repository, tip, CONFIGURATION, MAX_EARLIER))
        policy = configured.configuration.policy
        web_url = call.repository_url.removesuffix(f"/{call.repository.owner}/{call.repository.name}")
        found = audit(
            tree,
            tip,
            call.repository_url,
            datetime.now(UTC).date(),
            policy,
            lambda: written_contract(call.repository, configured.configuration.contract, call.cache, web_url),
            configured.remarks,
        )
    except TooLargeError as error:
        raise Refused(str(error)) from error
    return Outcome(reply=folded_audit(found))
