"""A sandbox GitHub with our App installed on one repository of templates, and shortcuts to look at what the App did."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Literal

from dbos import DBOS

from bot.sandbox.faults import DeliveryFault, RequestFault
from bot.sandbox.server import SandboxServer
from bot.sandbox.state import CheckRun, CheckSuite, PullRequest, Repository, Review, ReviewComment
from bot.sandbox.world import World
from bot.settings import Settings
from tests.sandbox.openapi import ENTERPRISE, OpenApiRecorder
from tests.service.conftest import SECRET, deliver
from tests.service.running import free_port, seed, wait_for

TEMPLATE = """\
terraform {
  required_providers {
    docker = {
      source = "kreuzwerker/docker"
    }
  }
}

resource "docker_container" "workspace" {
  name    = "workspace"
  image   = "workspace:1"
  runtime = "sysbox-runc"
  user    = "coder"

  stop_timeout = 180
}
"""
PATH = "user-defined-web/template.tf"
RUNTIME_LINE = 12

PRIVILEGED = TEMPLATE.replace('"sysbox-runc"\n', '"sysbox-runc"\n  privileged = true\n')
PRIVILEGED_LINE = 13

FILES = {"README.md": "# Templates\n", PATH: TEMPLATE}

When = Literal["before", "after"]


class GitHub:
    """The world around one service: `github.settings` are the service's."""

    def __init__(self, directory: Path, public_pem: str, private_pem: str, *, api_prefix: str = "") -> None:
        self.recorder = OpenApiRecorder(api_prefix, tuple(ENTERPRISE) if api_prefix else ())
        self.world = World(directory / "github", api_prefix=api_prefix)
        self.server = SandboxServer(self.world, middleware=self.recorder.wrap)
        port = free_port()
        self.app = self.world.register_app(
            public_pem, slug="wrc", webhook_url=f"http://127.0.0.1:{port}/webhook", webhook_secret=SECRET
        )
        self.repository: Repository = self.world.create_repository("octo", "templates", FILES)
        self.installation = self.world.install(self.app, "octo")
        self.settings = Settings.model_validate(
            {
                "app_id": self.app.id,
                "webhook_secret": SECRET,
                "private_key": private_pem,
                "data_dir": directory / "data",
                "api_url": self.world.api_url,
                "port": port,
                "poll_interval": 0.05,
                "write_interval": 0,
            }
        )

        seed.sow(self.settings.data_dir)

    @property
    def environment(self) -> dict[str, str]:
        """The settings for a process of its own."""
        return {
            "WRC_APP_ID": str(self.settings.app_id),
            "WRC_WEBHOOK_SECRET": self.settings.webhook_secret.get_secret_value(),
            "WRC_PRIVATE_KEY": self.settings.private_key_pem().replace("\n", "\\n"),
            "WRC_DATA_DIR": str(self.settings.data_dir),
            "WRC_API_URL": self.settings.api_url,
            "WRC_PORT": str(self.settings.port),
            "WRC_POLL_INTERVAL": "0.05",
        }

    def renew(self) -> None:
        """Another, untouched repository for the next test of the same service."""
        self.world.faults.clear()
        self.world.webhooks.faults.clear()
        self.world.webhooks.settle()
        self.world.webhooks.log.clear()
        self.recorder.found.clear()
        self.recorder.seen.clear()
        count = len(self.world.repositories)
        self.repository = self.world.create_repository("octo", f"templates-{count}", FILES)

    def open_pull(
        self, template: str, *, branch: str = "topic", author: str = "mona", draft: bool = False
    ) -> PullRequest:
        """A pull request that replaces the template."""
        self.world.push(self.repository, branch, {PATH: template}, author=author)
        return self.world.open_pull_request(self.repository, branch, author=author, draft=draft)

    def push(self, template: str, *, branch: str = "topic", start: str | None = None) -> str:
        return self.world.push(self.repository, branch, {PATH: template}, start=start)

    def runs(self, head: str) -> list[CheckRun]:
        """Our check runs on a commit, oldest first."""
        runs = self.repository.check_runs.values()
        return sorted((run for run in runs if run.suite.head_sha == head), key=lambda run: run.id)

    def concluded(self, head: str, count: int = 1) -> CheckRun:
        """Wait for the `count`th check run on a commit to be completed, and return it."""
        wait_for(
            lambda: len(done := self.runs(head)) >= count and all(run.status == "completed" for run in done),
            f"{count} completed check runs on {head[:7]}",
        )
        assert len(self.runs(head)) == count
        return self.runs(head)[-1]

    def reviews(self, pull: PullRequest) -> list[Review]:
        return [review for review in self.repository.reviews.values() if review.number == pull.number]

    def review_comments(self, pull: PullRequest) -> list[ReviewComment]:
        return [comment for comment in self.repository.review_comments.values() if comment.number == pull.number]

    def suite(self, head: str) -> CheckSuite:
        return next(suite for suite in self.repository.check_suites.values() if suite.head_sha == head)

    def fail(
        self,
        path: str,
        *,
        method: str = "*",
        status: int | None = None,
        when: When = "before",
        body: str = '{"message": "Server Error"}',
        headers: dict[str, str] | None = None,
        delay: float = 0.0,
        drop: bool = False,
        sent: str = "",
    ) -> RequestFault:
        """Let the next request that matches go wrong; the fault's `times` is 0 when it has."""
        fault = RequestFault(
            path,
            method=method,
            status=status,
            when=when,
            body=body,
            headers=headers or {},
            delay=delay,
            drop=drop,
            sent=sent,
        )
        self.world.faults.add(fault)
        return fault

    def drop(self, event: str) -> DeliveryFault:
        return DeliveryFault(event, drop=True)

    def violations(self) -> list[str]:
        """Requests that GitHub's description does not allow; a failure made on purpose leaves the body unread."""
        return [str(found) for found in self.recorder.found if found.status < 429]

    def idle(self) -> None:
        """Wait until the service, which must run in this process, has no job left."""
        wait_for(lambda: not DBOS.list_queued_workflows(load_input=False), "the jobs")

    def look_for_what_was_missed(self) -> None:
        """As the service does every five minutes."""
        now = self.world.clock().isoformat()
        granted = {"id": self.installation.id, "permissions": self.installation.permissions, "updated_at": now}
        assert self.outcome("installation", {"action": "unsuspend", "installation": granted})[0] == "enqueued"

    def outcome(self, event: str, payload: object) -> tuple[str, list[str]]:
        """What comes of a delivery: its reason code, and the names of the jobs that it leads to."""
        guid = str(uuid.uuid4())
        answer = deliver(f"http://127.0.0.1:{self.settings.port}", event, guid, payload)
        assert answer.status_code == 202, answer.text
        if answer.json()["status"] != "accepted":
            return str(answer.json().get("reason", answer.json()["status"])), []
        wait_for(lambda: _ended(guid), f"the outcome of {event}")
        [intake] = DBOS.list_workflows(workflow_ids=[guid])
        assert intake.status == "SUCCESS", intake.error
        jobs = [job for job in DBOS.list_workflows(load_input=False) if guid in job.workflow_id]
        return str(intake.output), sorted(job.name for job in jobs if job.workflow_id != guid)


def _ended(job: str) -> bool:
    return all(found.status not in {"ENQUEUED", "PENDING"} for found in DBOS.list_workflows(workflow_ids=[job]))
