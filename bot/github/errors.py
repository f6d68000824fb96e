"""What can go wrong between us and GitHub, as one exception with a sentence for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from githubkit.exception import (
    GitHubException,
    GraphQLFailed,
    RateLimitExceeded,
    RequestError,
    RequestFailed,
    RequestTimeout,
)
from pydantic import BaseModel, ValidationError

REQUEST_ID = "x-github-request-id"
"""What GitHub's support asks for: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api"""

MAX_REASON_CHARACTERS = 300

UNSAID_WAIT = timedelta(seconds=60)
"""Where GitHub does not say when a limit ends: "wait for at least one minute before retrying",
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit"""

REFUSALS = {"FORBIDDEN": 403, "NOT_FOUND": 404, "UNPROCESSABLE": 422}
"""The errors in GraphQL's answers after which nothing was done, as the statuses that they are in the REST API."""

Made = TypeVar("Made")


class GitHubError(Exception):
    """GitHub did not do what we asked; the text is one clear sentence with GitHub's request id, if it gave one.

    `status` is the HTTP status, None where no answer came or none that says it. `uncertain` says that a write may have
    been done all the same (no answer, or a failure after it was accepted): look before writing again. `retry_after` is
    set where a rate limit was reached.
    """

    def __init__(
        self, message: str, *, status: int | None, uncertain: bool = False, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.uncertain = uncertain
        self.retry_after = retry_after


class TooLargeError(Exception):
    """Something that GitHub does not give in full; the message is one clear sentence."""


class _Refusal(BaseModel):
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed"""

    message: str = ""
    errors: list[object] | str = []


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn every failure of the requests inside into a `GitHubError` that says what was asked for.

    Args:
        what: completes "GitHub could not …", such as "create the check run".
    """
    try:
        yield
    except GitHubException as error:
        raise _told(unwrapped(error), what) from error
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors()[:3])
        raise GitHubError(
            f"GitHub's answer when asked to {what} cannot be read (at {fields}).", status=None, uncertain=True
        ) from error


def unwrapped(error: GitHubException) -> GitHubException:
    """The failure itself, where it happened while fetching a token: githubkit wraps that once more."""
    while isinstance(error, RequestError) and isinstance(error.exc, GitHubException):
        error = error.exc
    return error


def _told(error: GitHubException, what: str) -> GitHubError:
    if isinstance(error, RateLimitExceeded):
        return GitHubError(
            f"GitHub's rate limit was reached when asked to {what}{_request_id(error)}.",
            status=error.response.status_code,
            retry_after=error.retry_after,
        )
    if isinstance(error, RequestFailed) and _is_limit(error):
        return GitHubError(
            f"GitHub's rate limit was reached when asked to {what}{_request_id(error)}.",
            status=error.response.status_code,
            retry_after=UNSAID_WAIT,
        )
    if isinstance(error, GraphQLFailed):
        return _told_in_graphql(error, what)
    if isinstance(error, RequestFailed):
        status = error.response.status_code
        message = f"GitHub refused to {what}: {status} {_reason(error)}{_request_id(error)}."
        return GitHubError(message, status=status, uncertain=status >= 500)
    if isinstance(error, RequestTimeout):
        return GitHubError(f"GitHub did not answer in time when asked to {what}.", status=None, uncertain=True)
    if isinstance(error, RequestError):
        return GitHubError(f"GitHub could not be reached to {what}.", status=None, uncertain=True)
    return GitHubError(f"GitHub could not be asked to {what}: {error}.", status=None)


def _told_in_graphql(error: GraphQLFailed, what: str) -> GitHubError:
    """Errors that come with 200, in an answer whose headers githubkit does not hand on.

    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#exceeding-the-rate-limit
    """
    errors = error.response.errors or []
    words = "; ".join(each.message for each in errors)[:MAX_REASON_CHARACTERS].rstrip(".")
    if "secondary rate" in words.lower():
        reached = f"GitHub's rate limit was reached when asked to {what}."
        return GitHubError(reached, status=403, retry_after=UNSAID_WAIT)
    status = next((REFUSALS[each.type] for each in errors if each.type in REFUSALS), None)
    return GitHubError(f"GitHub refused to {what}: {words}.", status=status, uncertain=status is None)


def _is_limit(error: RequestFailed) -> bool:
    """Whether it is a limit that only its words tell: no header comes with some, and one is a 422 with `abuse`."""
    status, words = error.response.status_code, error.response.text.lower()
    if status == 429:
        return True
    return (status == 403 and ("secondary rate" in words or "abuse" in words)) or (status == 422 and '"abuse"' in words)


def write_once(write: Callable[[], Made], find: Callable[[], Made | None]) -> Made:
    """`write`, and where its fate is uncertain first `find` what is there, so that nothing is ever written twice."""
    try:
        return write()
    except GitHubError as error:
        if not error.uncertain:
            raise
    found = find()
    return write() if found is None else found


def _reason(error: RequestFailed) -> str:
    try:
        refusal = _Refusal.model_validate_json(error.response.content)
    except ValidationError:
        return error.response.reason_phrase
    text = f"{refusal.message} {refusal.errors}" if refusal.errors else refusal.message
    return text[:MAX_REASON_CHARACTERS].rstrip(".") or error.response.reason_phrase


def _request_id(error: RequestFailed) -> str:
    request_id = error.response.headers.get(REQUEST_ID)
    return f" (request id {request_id})" if request_id else ""
