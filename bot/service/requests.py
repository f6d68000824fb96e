"""What intake decides about a delivery, as plain data that is stored with the job."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bot.service.events import Event


class ReviewRequest(BaseModel):
    """Review one pull request as it is when its turn comes.

    `again` asks for a new check run although this head may have one. `comment_id` is the comment that asked, to be
    answered with a reaction.
    """

    model_config = ConfigDict(frozen=True)

    installation: int
    owner: str
    name: str
    repository_id: int
    number: int
    reason: str
    again: bool = False
    comment_id: int | None = None

    @property
    def partition(self) -> str:
        """Reviews with the same key never run at the same time. A repository keeps its id when it is renamed."""
        return f"{self.repository_id}#{self.number}"


class Decision(BaseModel):
    """Reviews to do, or the reason code for doing none."""

    model_config = ConfigDict(frozen=True)

    reviews: tuple[ReviewRequest, ...] = ()
    skip: str | None = None


def skip(reason: str) -> Decision:
    return Decision(skip=reason)


def request(
    event: Event, installation: int, number: int, reason: str, *, again: bool = False, comment_id: int | None = None
) -> ReviewRequest:
    return ReviewRequest(
        installation=installation,
        owner=event.repository.owner.login,
        name=event.repository.name,
        repository_id=event.repository.id,
        number=number,
        reason=reason,
        again=again,
        comment_id=comment_id,
    )
