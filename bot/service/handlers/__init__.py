"""One module an event: decode the payload, decide, and say which reviews to do or why none.

A handler may ask GitHub questions and add a reaction; all that it does may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.service.handlers import (
    check_run,
    check_suite,
    installation,
    issue_comment,
    merge_group,
    pull_request,
    pull_request_review,
    pull_request_review_comment,
    push,
)
from bot.service.handlers.context import Context
from bot.service.requests import Decision

HANDLERS: Mapping[str, Callable[[str, Context], Decision]] = {
    "pull_request": pull_request.handle,
    "issue_comment": issue_comment.handle,
    "pull_request_review": pull_request_review.handle,
    "pull_request_review_comment": pull_request_review_comment.handle,
    "check_run": check_run.handle,
    "check_suite": check_suite.handle,
    "merge_group": merge_group.handle,
    "push": push.handle,
    "installation": installation.handle,
    "installation_repositories": installation.handle,
}
