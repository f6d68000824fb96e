"""Earlier versions of one file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from bot.github.answers import Answer, Commit, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking


class _Content(Answer):
    """https://docs.github.com/en/rest/repos/contents#get-repository-content; over 1 MB the content is left out."""

    type: str
    content: str = ""


def versions(repository: Repository, commit: str, path: str, limit: int) -> Iterator[tuple[str, str]]:
    """The commits up to `commit` that changed a file, newest first, at most `limit`, each with the text it left.

    A commit that left no file there is passed over. One request for the list, and one for each version that is used.

    Raises:
        GitHubError: GitHub refuses or fails.
    """
    repos = repository.client.rest.repos
    with asking(f"list the commits that changed {path}"):
        response = repos.list_commits(repository.owner, repository.name, sha=commit, path=path, per_page=limit)
        listed = parse(list[Commit], response)
    for each in listed[:limit]:
        text = _text(repository, each.sha, path)
        if text is not None:
            yield each.sha, text


def _text(repository: Repository, commit: str, path: str) -> str | None:
    try:
        with asking(f"show {path} of {commit[:7]}"):
            response = repository.client.rest.repos.get_content(repository.owner, repository.name, path, ref=commit)
            found = parse(_Content, response)
        return base64.b64decode(found.content).decode("utf-8", "replace") if found.type == "file" else None
    except binascii.Error:
        return None
    except GitHubError as error:
        if error.status == 404:
            return None
        raise
