"""A pull request, and whether anything was said about it yet, in one request: most are looked at for the first time.

The commit is asked for through the pull request: below its branch GitHub shows the checks of the fork.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import structlog
from pydantic import Field

from bot.github.answers import Answer, Branch, Identity, PullRequest
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking
from bot.github.pulls import get_pull

log = structlog.get_logger("glance")

MAX_SUITES = 10
"""An App has one for each commit and branch."""

_QUERY = f"""
query($owner: String!, $name: String!, $number: Int!, $app: Int!, $check: String!) {{
  repository(owner: $owner, name: $name) {{
    databaseId
    pullRequest(number: $number) {{
      state isDraft body headRefName headRefOid baseRefName baseRefOid
      reviews(first: 1) {{ totalCount }}
      commits(last: 1) {{ nodes {{ commit {{
        oid
        checkSuites(first: {MAX_SUITES}, filterBy: {{appId: $app}}) {{
          totalCount
          nodes {{ checkRuns(first: 1, filterBy: {{checkName: $check}}) {{ totalCount }} }}
        }}
      }} }} }}
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """`checked` says that there may be check runs of ours on the head, `reviewed` that there may be reviews."""

    pull: PullRequest
    checked: bool = True
    reviewed: bool = True


class _Count(Answer):
    count: int = Field(alias="totalCount")


class _Suite(Answer):
    runs: _Count = Field(alias="checkRuns")


class _Suites(_Count):
    nodes: list[_Suite]


class _Commit(Answer):
    oid: str
    suites: _Suites = Field(alias="checkSuites")


class _Listed(Answer):
    commit: _Commit


class _Commits(Answer):
    nodes: list[_Listed]


class _Pull(Answer):
    """https://docs.github.com/en/graphql/reference/objects#pullrequest"""

    state: Literal["OPEN", "CLOSED", "MERGED"]
    draft: bool = Field(alias="isDraft")
    body: str
    head_ref: str = Field(alias="headRefName")
    head: str = Field(alias="headRefOid")
    base_ref: str = Field(alias="baseRefName")
    base: str = Field(alias="baseRefOid")
    reviews: _Count
    commits: _Commits


class _Found(Answer):
    id: int = Field(alias="databaseId")
    pull: _Pull = Field(alias="pullRequest")


def glance(repository: Repository, number: int, check_name: str, app_id: int) -> Glance:
    """The pull request as it is now. Where one request cannot tell, the rest is left to be looked at.

    Raises:
        GitHubError: as `get_pull`.
    """
    try:
        found = _ask(repository, number, check_name, app_id)
    except GitHubError as error:
        if error.retry_after is not None:
            raise
        log.warning("not-seen-at-once", reason=str(error))
        return Glance(get_pull(repository, number))
    if found.id != repository.id:
        # The name is another one's by now, which is told there.
        return Glance(get_pull(repository, number))
    pull = found.pull
    shown = PullRequest(
        number=number,
        state="open" if pull.state == "OPEN" else "closed",
        draft=pull.draft,
        body=pull.body,
        head=Branch(ref=pull.head_ref, sha=pull.head),
        base=Branch(ref=pull.base_ref, sha=pull.base, repo=Identity(id=found.id)),
    )
    return Glance(shown, checked=_may_be_checked(pull), reviewed=pull.reviews.count > 0)


def _ask(repository: Repository, number: int, check_name: str, app_id: int) -> _Found:
    variables: Mapping[str, object] = {
        "owner": repository.owner,
        "name": repository.name,
        "number": number,
        "app": app_id,
        "check": check_name,
    }
    with asking(f"show pull request #{number} at once"):
        return _Found.model_validate(repository.client.graphql(_QUERY, dict(variables)).get("repository"))


def _may_be_checked(pull: _Pull) -> bool:
    shown = [listed.commit for listed in pull.commits.nodes if listed.commit.oid == pull.head]
    if not shown or shown[0].suites.count > len(shown[0].suites.nodes):
        return True
    return any(suite.runs.count for suite in shown[0].suites.nodes)
