"""Every example of a webhook that GitHub's own people collected, posted as it is: none crashes us.

The collection (npm `@octokit/webhooks-examples`) is not part of this repository: unpack it and name its folder
`package` in `WRC_WEBHOOK_EXAMPLES`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from bot.service.events import HANDLED
from tests.service.github import GitHub
from tests.service.running import RunningService

EXAMPLES = os.environ.get("WRC_WEBHOOK_EXAMPLES", "")


@pytest.mark.skipif(not EXAMPLES, reason="WRC_WEBHOOK_EXAMPLES names no folder")
@pytest.mark.timeout(600)
def test_each_is_handled_or_ignored_for_a_reason(tmp_path: Path, public_pem: str, private_pem: str) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    reasons: Counter[tuple[str, str]] = Counter()
    with github.server, RunningService(github.settings):
        for index in sorted(Path(EXAMPLES).glob("*/index.json")):
            for event in json.loads(index.read_bytes()):
                reasons.update((event["name"], github.outcome(event["name"], one)[0]) for one in event["examples"])
    print(*(f"{count:4} {event}: {reason}" for (event, reason), count in sorted(reasons.items())), sep="\n")
    assert {event for event, _ in reasons} >= HANDLED.keys()
    assert not {reason for _, reason in reasons} & {"crashed", "unreadable-payload"}
