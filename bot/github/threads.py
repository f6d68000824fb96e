"""Threads of a pull request's reviews: which are resolved, and by whom; resolving them and opening them again.

GitHub has them in GraphQL only: https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import AliasPath, Field

from bot.github.answers import Answer
from bot.github.client import Repository
from bot.github.errors import asking, write_once

PER_PAGE = 100
MAX_PAGES = 10
"""1,000 threads are looked at, the oldest first. A page is one point of the 5,000 an hour:
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api"""

MAX_AT_ONCE = 10
"""Threads changed by one request: GitHub has ten seconds for an answer."""

_LIST = f"""
query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    pullRequest(number: $number) {{
      reviewThreads(first: {PER_PAGE}, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{
          id
          isResolved
          resolvedBy {{ databaseId }}
          comments(first: 1) {{ totalCount nodes {{ fullDatabaseId }} }}
        }}
      }}
    }}
  }}
}}
"""
_STATES = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on PullRequestReviewThread { id isResolved } } }"


class _State(Answer):
    id: str
    resolved: bool = Field(alias="isResolved")


class Thread(_State):
    """`begun_by` is the id of its first comment, of `length` in all; `resolved_by` that of a user."""

    resolved_by: int | None = Field(default=None, validation_alias=AliasPath("resolvedBy", "databaseId"))
    begun_by: int | None = Field(default=None, validation_alias=AliasPath("comments", "nodes", 0, "fullDatabaseId"))
    length: int = Field(validation_alias=AliasPath("comments", "totalCount"))


class _PageInfo(Answer):
    more: bool = Field(alias="hasNextPage")
    cursor: str | None = Field(alias="endCursor")


class _Page(Answer):
    info: _PageInfo = Field(alias="pageInfo")
    threads: list[Thread] = Field(alias="nodes")


class _Listed(Answer):
    page: _Page = Field(validation_alias=AliasPath("repository", "pullRequest", "reviewThreads"))


class _States(Answer):
    nodes: list[_State]


def find_threads(repository: Repository, number: int, comments: Collection[int]) -> dict[int, Thread]:
    """The threads that begin with one of `comments`, by its id; no more is asked for than it takes to find them.

    Raises:
        GitHubError: GitHub refuses or fails.
    """
    found: dict[int, Thread] = {}
    for page in _pages(repository, number):
        found |= {thread.begun_by: thread for thread in page if thread.begun_by and thread.begun_by in comments}
        if len(found) == len(comments):
            break
    return found


def _pages(repository: Repository, number: int) -> Iterator[list[Thread]]:
    wanted = {"owner": repository.owner, "name": repository.name, "number": number}
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        with asking(f"list the threads of #{number}"):
            answer = repository.client.graphql(_LIST, {**wanted, "after": cursor})
            page = _Listed.model_validate(answer).page
        yield page.threads
        if not page.info.more:
            break
        cursor = page.info.cursor


def set_resolved(repository: Repository, wanted: Mapping[str, bool]) -> None:
    """Resolve the threads whose id is said to be True, and open the others again, if the operator wants that at all.

    Raises:
        GitHubError: GitHub refuses or fails. Some of the threads may have been changed.
    """
    every = list(wanted.items())
    for start in range(0, len(every), MAX_AT_ONCE):
        _set_resolved(repository, every[start : start + MAX_AT_ONCE])


def _set_resolved(repository: Repository, batch: Sequence[tuple[str, bool]]) -> None:
    assert repository.resolver is not None
    graphql = repository.resolver.graphql
    variables = {f"t{n}": thread for n, (thread, _) in enumerate(batch)}
    declared = ", ".join(f"${name}: ID!" for name in variables)
    steps = " ".join(
        f"{name}: {'resolve' if to else 'unresolve'}ReviewThread(input: {{threadId: ${name}}}) {{ thread {{ id }} }}"
        for name, (_, to) in zip(variables, batch, strict=True)
    )

    def change() -> bool:
        with asking("resolve review threads"):
            graphql(f"mutation({declared}) {{ {steps} }}", variables)
            return True

    write_once(change, lambda: True if _is_so(repository, batch) else None)


def _is_so(repository: Repository, batch: Sequence[tuple[str, bool]]) -> bool:
    with asking("look at review threads"):
        answer = repository.client.graphql(_STATES, {"ids": [thread for thread, _ in batch]})
        states = {state.id: state.resolved for state in _States.model_validate(answer).nodes}
    return all(states.get(thread) == resolve for thread, resolve in batch)
