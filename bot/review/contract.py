"""The contract that a configuration names, through GitHub."""

from __future__ import annotations

from bot.configuration import ContractPlace
from bot.contract import read_at, unread
from bot.github.client import Repository
from bot.github.errors import GitHubError, TooLargeError
from bot.github.pulls import commit_of
from bot.github.trees import ObjectCache, RemoteTree
from rules.contract import WrittenContract


def written_contract(
    repository: Repository, place: ContractPlace | None, cache: ObjectCache, web_url: str
) -> WrittenContract | None:
    """What stands at `place` now, at a commit; None without a place. `repository` is the one that is reviewed.

    One request finds the commit; its listing and the text are kept by their hashes.

    Raises:
        GitHubError: GitHub fails, or a rate limit is reached. That it shows no such thing is told in the result.
    """
    if place is None:
        return None
    owner, _, name = (place.repository or f"{repository.owner}/{repository.name}").partition("/")
    there = repository.elsewhere(owner, name)
    commit = ""
    try:
        commit = commit_of(there, place.ref)
        return read_at(RemoteTree(there, commit, cache), commit, place, f"{web_url}/{owner}/{name}")
    except GitHubError as error:
        if passing(error):
            raise
        return unread(place, f"is not shown to this App (GitHub answers {error.status})", commit)
    except TooLargeError:
        return unread(place, "is in a repository that is too large to read", commit)


def passing(error: GitHubError) -> bool:
    """Whether GitHub may show later what it does not show now."""
    return error.status is None or error.status >= 500 or error.retry_after is not None


def standing(repository: Repository, place: ContractPlace, known: str) -> str:
    """The commit at which the contract at `place` stands now; empty where GitHub shows none.

    Raises:
        GitHubError: GitHub fails, or a rate limit is reached.
    """
    owner, _, name = (place.repository or f"{repository.owner}/{repository.name}").partition("/")
    try:
        return commit_of(repository.elsewhere(owner, name), place.ref, known)
    except GitHubError as error:
        if passing(error):
            raise
        return ""
