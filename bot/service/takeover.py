"""What becomes of jobs whose process is gone: they go back into the queue, once, and another goes on with them."""

from __future__ import annotations

from collections.abc import Container

import structlog
from dbos import DBOS

from bot.database import Lock, locked_by_nobody_else
from bot.service.members import Members
from bot.service.workflows import JOBS_VERSION, QUEUES

log = structlog.get_logger("takeover")

UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED", "CANCELLED"]
"""Nobody cancels a job but `_begin_again`; it stays so if the process dies before the job is queued again."""


def take_up(members: Members) -> None:
    """Queue again the jobs of members that have died, and those that an older version left behind."""
    with locked_by_nobody_else(members.engine, Lock.RECOVER) as mine:
        if not mine:
            return
        running = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        # Asked for afterwards: whoever joined in between is among them.
        living = members.living()
        dead = {job.executor_id for job in running if job.executor_id} - living.keys()
        if dead:
            # Moves each job from running to queued if it is still a dead one's.
            taken = DBOS._recover_pending_workflows(sorted(dead))
            if taken:
                log.warning("taken-up", members=sorted(dead), jobs=len(taken))
        _begin_again(dead, set(living.values()))


def _begin_again(dead: Container[str | None], versions: set[int]) -> None:
    """Let the jobs of older versions, which nobody works on any more, start from their first step in this one."""
    names = (version["version_name"] for version in DBOS.list_application_versions())
    left = [name for name in names if name.isdecimal() and int(name) < JOBS_VERSION and int(name) not in versions]
    if not left:
        return
    old = DBOS.list_workflows(app_version=left, status=UNFINISHED, load_input=False, load_output=False)
    for job in old:
        if job.status != "PENDING" or job.executor_id in dead:
            DBOS.cancel_workflow(job.workflow_id)
            DBOS.rewind_workflow(job.workflow_id, application_version=str(JOBS_VERSION), queue_name=QUEUES[job.name])
    if old:
        log.warning("begun-again", versions=left, jobs=len(old))
