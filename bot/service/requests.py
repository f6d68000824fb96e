"""What intake decides about a delivery, as plain data that is stored with the job."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bot.review.material import Target
from bot.service.events import Event
from bot.service.whereabouts import Address


class ReviewRequest(BaseModel):
    """Review one pull request as it is when its turn comes, or (`group`) a group of the merge queue.

    `again` asks for a new check run although this head may have one, `explain` for the pages of the rules in it.
    `comment_id` is the comment that asked, to be answered with a reaction; `in_thread` says that it is one on a line.
    `asked` is when somebody asked for no more than a look: a review that began later is one.
    `head` and `base_ref` are what the pull request was moved to, if that is why. Deliveries come in any order, so that
    is a reason to look whether a review that runs is still of use, or to look again a few times, and no more.
    """

    model_config = ConfigDict(frozen=True)

    installation: int
    owner: str
    name: str
    repository_id: int
    number: int
    reason: str
    again: bool = False
    explain: bool = False
    comment_id: int | None = None
    in_thread: bool = False
    asked: datetime | None = None
    group: Target | None = None
    head: str | None = None
    base_ref: str | None = None

    @property
    def address(self) -> Address:
        return Address(self.installation, self.repository_id, self.owner, self.name)

    @property
    def key(self) -> str:
        """Reviews with the same key never run at the same time. A repository keeps its id when it is renamed."""
        what = f"#{self.number}" if self.group is None else f"@{self.group.head}"
        return f"{self.repository_id}{what}"

    def tells_of_another(self, target: Target) -> bool:
        """Whether the pull request was moved, before or after, to something else than `target`."""
        return self.head not in (None, target.head) or self.base_ref not in (None, target.base_ref)


class Decision(BaseModel):
    """Reviews to do, or the reason code for doing none.

    With `pace`, in seconds, the reviews begin one after the other, so far apart. `sweep` asks to look for pull requests
    that were missed.
    """

    model_config = ConfigDict(frozen=True)

    reviews: tuple[ReviewRequest, ...] = ()
    skip: str | None = None
    pace: float = 0.0
    sweep: bool = False


def skip(reason: str) -> Decision:
    return Decision(skip=reason)


def request(
    event: Event,
    installation: int,
    number: int,
    reason: str,
    *,
    again: bool = False,
    explain: bool = False,
    comment_id: int | None = None,
    group: Target | None = None,
    head: str | None = None,
    base_ref: str | None = None,
) -> ReviewRequest:
    return ReviewRequest(
        installation=installation,
        owner=event.repository.owner.login,
        name=event.repository.name,
        repository_id=event.repository.id,
        number=number,
        reason=reason,
        again=again,
        explain=explain,
        comment_id=comment_id,
        group=group,
        head=head,
        base_ref=base_ref,
    )
