"""What a command needs: who may give it, and a sign that it was seen."""

from __future__ import annotations

from typing import Literal

from bot.github.answers import Permission, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking

Reaction = Literal["eyes", "rocket", "confused"]


def react(repository: Repository, comment_id: int, content: Reaction) -> None:
    """React to a comment in a pull request's conversation. GitHub keeps one of a kind, so repeating is harmless."""
    with asking("add a reaction"):
        repository.client.rest.reactions.create_for_issue_comment(
            repository.owner, repository.name, comment_id, content=content
        )


def may_write(repository: Repository, login: str) -> bool:
    """Whether the user has write access. Asked of GitHub each time: a payload's `author_association` is unreliable."""
    try:
        with asking(f"tell the permission of {login}"):
            response = repository.client.rest.repos.get_collaborator_permission_level(
                repository.owner, repository.name, login
            )
            return parse(Permission, response).permission in ("admin", "write")
    except GitHubError as error:
        if error.status == 404:  # no collaborator, or a user who is gone
            return False
        raise
