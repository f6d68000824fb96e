"""What a watcher of the service sees: whether it can work, and numbers that tell how the work goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app import create_app
from bot.metrics import RateLimits
from bot.service.watching import metrics_served
from bot.settings import Hosting, Settings, SettingsError
from tests.service.conftest import deliver
from tests.service.github import PRIVILEGED, GitHub
from tests.service.payloads import pull_request
from tests.service.running import RunningService, free_port

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana.json"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("watched"), public_pem, private_pem)
    with github.server, RunningService(github.settings):
        yield github


@pytest.fixture(scope="module")
def url(github: GitHub) -> str:
    return f"http://127.0.0.1:{github.settings.port}"


def scraped(url: str) -> Samples:
    answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture(scope="module")
def around_a_review(github: GitHub, url: str) -> tuple[Samples, Samples]:
    """The metrics before and after one pull request was reviewed and its delivery came a second time."""
    before = scraped(url)
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.world.webhooks.settle()
    [opened] = [entry for entry in github.world.webhooks.log if entry.action == "opened"]
    github.world.webhooks.redeliver(opened)
    github.world.webhooks.settle()
    github.idle()
    return before, scraped(url)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("wrc_deliveries_total", {"event": "pull_request", "outcome": "accepted"}),
        ("wrc_deliveries_total", {"event": "pull_request", "outcome": "duplicate"}),
        ("wrc_review_phase_seconds_count", {"phase": "collect"}),
        ("wrc_review_phase_seconds_count", {"phase": "judge"}),
        ("wrc_review_phase_seconds_count", {"phase": "publish"}),
        ("wrc_reviews_total", {"conclusion": "failure"}),
        ("wrc_findings_total", {"rule": "F-2", "status": "introduced"}),
    ],
)
def test_a_review_is_counted_once(around_a_review: tuple[Samples, Samples], name: str, labels: dict[str, str]) -> None:
    before, after = around_a_review
    assert value(after, name, **labels) - value(before, name, **labels) == 1


def test_requests_to_github_and_what_is_left_of_them_are_told(
    github: GitHub, around_a_review: tuple[Samples, Samples]
) -> None:
    before, after = around_a_review
    made = value(after, "wrc_github_requests_total", status="200") - value(
        before, "wrc_github_requests_total", status="200"
    )
    assert made > 5
    left = value(after, "wrc_github_rate_limit_remaining", resource="core")
    assert 4900 < left < github.world.rate_limit


def test_the_queues_are_told_and_empty_when_all_is_done(around_a_review: tuple[Samples, Samples]) -> None:
    _, after = around_a_review
    for queue in ("intake", "reviews"):
        for state in ("waiting", "running"):
            assert ("wrc_queue_jobs", (("queue", queue), ("state", state))) in after
            assert value(after, "wrc_queue_jobs", queue=queue, state=state) == 0
        assert value(after, "wrc_queue_oldest_seconds", queue=queue) == 0


def test_no_name_and_no_secret_is_in_the_metrics(github: GitHub, url: str) -> None:
    deliver(url, "made_up_event", "d-1", {}, secret="not the secret of this App")
    text = httpx.get(f"{url}/metrics").text
    assert 'wrc_deliveries_total{event="other",outcome="bad-signature"}' in text
    for hidden in ("made_up_event", "octo", "mona", "templates", github.settings.webhook_secret.get_secret_value()):
        assert hidden not in text


def test_the_dashboard_shows_the_metrics_that_there_are_and_no_others(around_a_review: tuple[Samples, Samples]) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    shown = {name for query in queries for name in re.findall(r"\b(?:wrc|process)_[a-z_]+", query)}
    exist = {name for name, _ in around_a_review[1]}
    assert shown <= exist
    assert {name for name in exist if name.startswith("wrc_")} <= shown
    labels = {name: {label for label, _ in pairs} for name, pairs in around_a_review[1]}
    for query in queries:
        used = {each.strip() for names in re.findall(r"by \(([^)]*)\)", query) for each in names.split(",")}
        assert used <= set().union(*(labels[name] for name in re.findall(r"\bwrc_[a-z_]+", query))), query
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_ready_as_long_as_the_database_answers(settings: Settings, tmp_path: Path) -> None:
    with RunningService(settings) as url:
        assert httpx.get(f"{url}/readyz").json() == {"status": "ready"}
        # Another program's write lock does not stop a reader; a file that is no database does.
        database = tmp_path / "data" / "wrc.sqlite"
        whole = database.read_bytes()
        database.write_bytes(b"this is no database at all, but some other file" * 200)
        answer = httpx.get(f"{url}/readyz")
        database.write_bytes(whole)
        assert answer.status_code == 503
        assert answer.json()["reason"].startswith("The database does not answer (")
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert httpx.get(f"{url}/metrics").status_code == 200


def test_many_jobs_wait_and_the_oldest_is_told(settings: Settings) -> None:
    with RunningService(settings.model_copy(update={"poll_interval": 60})) as url:
        for number in range(3):
            deliver(url, "pull_request", f"d-{number}", pull_request("opened", number=number + 1))
        samples = scraped(url)
        assert value(samples, "wrc_queue_jobs", queue="intake", state="waiting") >= 3
        assert 0 < value(samples, "wrc_queue_oldest_seconds", queue="intake") < 20


def test_metrics_on_a_port_of_their_own(settings: Settings) -> None:
    port = free_port()
    apart = settings.model_copy(update={"metrics_port": port})
    with metrics_served(apart), RunningService(apart) as url:
        assert httpx.get(f"{url}/metrics").status_code == 404
        assert value(scraped(f"http://127.0.0.1:{port}"), "wrc_build_info", version="0.1.0") == 1


async def asked_before_it_runs(settings: Settings, paths: list[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return [await client.get(path) for path in paths]


def test_no_metrics_at_all_and_not_ready_before_the_jobs_run(settings: Settings) -> None:
    off = settings.model_copy(update={"metrics_port": 0})
    with metrics_served(off):
        answers = anyio.run(asked_before_it_runs, off, ["/metrics", "/readyz"])
    assert answers[0].status_code == 404
    answer = answers[1]
    assert (answer.status_code, answer.json()["reason"]) == (
        503,
        "The jobs do not run: the service is starting or stopping.",
    )


def test_a_taken_port_for_the_metrics_is_one_sentence() -> None:
    port = free_port()
    hosting = Hosting.model_validate({"metrics_port": port})
    with (
        metrics_served(hosting),
        pytest.raises(SettingsError, match=f"port {port} .*WRC_METRICS_PORT"),
        metrics_served(hosting),
    ):
        pass


def test_of_several_installations_the_poorest_is_told_until_its_hour_ends() -> None:
    now = [1000.0]
    limits = RateLimits(lambda: now[0])
    for installation, left, ends in ((1, "4000", "2000"), (2, "17", "1500"), (2, "nonsense", "1500")):
        limits.seen(installation, {"x-ratelimit-remaining": left, "x-ratelimit-reset": ends})
    limits.seen(3, {})

    def told() -> list[float]:
        return [sample.value for metric in limits.collect() for sample in metric.samples]

    assert told() == [17]
    now[0] = 1600.0
    assert told() == [4000]
    now[0] = 2600.0
    assert told() == []
