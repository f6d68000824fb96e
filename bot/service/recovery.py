"""What was missed: deliveries that failed, and open pull requests and merge groups whose head has no verdict of ours.

GitHub never repeats a failed delivery by itself, and a required check that was never created blocks a pull request with
no button to press.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel, ConfigDict

from bot.configuration import ContractPlace
from bot.github.checks import RunKey, list_runs
from bot.github.client import GitHubApp, Repository
from bot.github.errors import GitHubError
from bot.github.installations import (
    Delivery,
    InstalledRepository,
    failed_deliveries,
    list_installations,
    list_repositories,
    redeliver,
)
from bot.github.pulls import merge_groups, open_pulls
from bot.review.contract import standing
from bot.review.material import Target
from bot.service.orphans import conclude_orphans
from bot.service.requests import ReviewRequest
from bot.store import Elsewhere, Store

log = structlog.get_logger("recovery")

ORPHANED_AT_ONCE = 5
"""Repositories in which orphans are looked for in one go, with some forty requests each; the next time others."""

MAX_LOOKED_AT = 500
"""Heads whose check runs are asked for in one go; the rest is looked at the next time."""


class Moved(BaseModel):
    """A contract by which a base branch is judged, written elsewhere, is another one by now."""

    model_config = ConfigDict(frozen=True)

    repository: int
    base: str
    contract: Elsewhere


@dataclass(frozen=True)
class Found:
    """Reviews that were missed, contracts that have moved, and the reviews to be done again because of them."""

    missed: list[ReviewRequest] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    again: list[ReviewRequest] = field(default_factory=list)


@dataclass(frozen=True)
class Recovery:
    """`judged` remembers heads that have a verdict, so that they are asked for once in the life of the process.

    `looked` are the repositories in which orphans were looked for, once as well.
    """

    github: GitHubApp
    app_id: int
    check_name: str
    store: Store
    judged: set[tuple[int, int | None, str]]
    looked: set[int] = field(default_factory=set)

    def redeliver(self) -> int:
        """Ask GitHub for the deliveries that failed, once each; returns how many."""
        try:
            failed = failed_deliveries(self.github.app())
            again = [delivery.guid for delivery in failed if self._redelivered(delivery)]
        except GitHubError as error:
            log.warning("not-redelivered", reason=str(error))
            return 0
        if again:
            log.info("redelivered", guids=again[:20], count=len(again))
        return len(again)

    def _redelivered(self, delivery: Delivery) -> bool:
        try:
            redeliver(self.github.app(), delivery)
        except GitHubError as error:
            if error.retry_after is not None:
                raise
            # One that GitHub does not repeat has nothing to do with the others.
            log.warning("not-redelivered", guid=delivery.guid, reason=str(error))
            return False
        return True

    def missed(self) -> Found:
        """The open pull requests on whose head no review of ours has ended, and those whose contract has moved."""
        found = Found()
        budget = len(self.looked) + ORPHANED_AT_ONCE
        try:
            for installation in list_installations(self.github.app()):
                self._look_in(installation.id, budget, found)
        except GitHubError as error:
            log.warning("not-swept", reason=str(error))
        return found

    def _look_in(self, installation: int, budget: int, found: Found) -> None:
        try:
            for installed in list_repositories(self.github.installation(installation)):
                self._look_at(installation, installed, found)
                if installed.id not in self.looked and len(self.looked) < budget:
                    self._look_for_orphans(installation, installed)
        except GitHubError as error:
            # An installation that is just being removed, or a rate limit.
            log.warning("not-swept", installation=installation, reason=str(error))

    def _look_at(self, installation: int, installed: InstalledRepository, found: Found) -> None:
        try:
            found.missed.extend(self._missed_pulls(installation, installed))
            self._look_elsewhere(installation, installed, found)
        except GitHubError as error:
            if error.retry_after is not None:
                raise
            # A permission that was taken away, or a repository without a commit: the others have nothing to do with it.
            log.warning("not-swept", installation=installation, repo=installed.name, reason=str(error))

    def _look_for_orphans(self, installation: int, installed: InstalledRepository) -> None:
        self.looked.add(installed.id)
        repository = self.github.repository(installation, installed.id, installed.owner.login, installed.name)
        try:
            count = conclude_orphans(repository, self.check_name, self.app_id)
        except GitHubError as error:
            log.warning("orphans-left", installation=installation, repo=installed.name, reason=str(error))
        else:
            log.info("orphans-concluded", repo=installed.name, count=count)

    def _missed_pulls(self, installation: int, installed: InstalledRepository) -> Iterator[ReviewRequest]:
        repository = self.github.repository(installation, installed.id, installed.owner.login, installed.name)
        unknown = (
            pull for pull in open_pulls(repository) if (installed.id, pull.number, pull.head.sha) not in self.judged
        )
        for _, pull in zip(range(MAX_LOOKED_AT), unknown, strict=False):
            if not self._is_judged(repository, installed, pull.number, pull.head.sha):
                yield self._request(installation, installed, pull.number)
        for group in merge_groups(repository):
            if not self._is_judged(repository, installed, None, group.head):
                target = Target(number=None, head=group.head, base_ref=group.base, base_sha=group.base)
                yield self._request(installation, installed, 0, target)

    def _look_elsewhere(self, installation: int, installed: InstalledRepository, found: Found) -> None:
        """Whether a contract that is written elsewhere is another one by now: nobody tells of a push there."""
        repository = self.github.repository(installation, installed.id, installed.owner.login, installed.name)
        for base, contract in self.store.contracts_elsewhere(installed.id).items():
            now = standing(repository, ContractPlace.model_validate_json(contract.place), contract.rev)
            if now == contract.rev:
                continue
            log.info("contract-moved", repo=installed.name, base=base, to=now)
            asked = [self._request(installation, installed, pull.number) for pull in open_pulls(repository, base)]
            found.again.extend(each.model_copy(update={"reason": "contract-changed", "again": True}) for each in asked)
            found.moved.append(Moved(repository=installed.id, base=base, contract=Elsewhere(contract.place, now)))

    def _request(
        self, installation: int, installed: InstalledRepository, number: int, group: Target | None = None
    ) -> ReviewRequest:
        return ReviewRequest(
            installation=installation,
            owner=installed.owner.login,
            name=installed.name,
            repository_id=installed.id,
            number=number,
            reason="missed",
            group=group,
        )

    def _is_judged(self, repository: Repository, installed: InstalledRepository, number: int | None, head: str) -> bool:
        """Whether a review of the pull request, or of the merge group (None), has ended on this head."""
        if (installed.id, number, head) in self.judged:
            return True
        runs = list_runs(repository, head, self.check_name, self.app_id)
        ended = (run for run in runs if run.status == "completed" and run.conclusion != "cancelled")
        judged = any((key := RunKey.parse(run.external_id)) is not None and key.pull == number for run in ended)
        if judged:
            self.judged.add((installed.id, number, head))
        return judged
