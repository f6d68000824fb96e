"""Endpoints of check runs, their annotations, and check suites."""

from __future__ import annotations

from bot.sandbox import bodies, checks
from bot.sandbox.http import Answer, Call, Endpoint
from bot.sandbox.routes_repos import REPOSITORY, commit_at
from bot.sandbox.shapes import Json
from bot.sandbox.state import Action, Annotation, CheckRun, CheckSuite


def create_run(call: Call) -> Answer:
    body = call.body(bodies.NewCheckRun)
    run = checks.create_run(call.world, call.repository, call.caller.app, body.head_sha, fields(body))
    return Answer(call.world.shapes.check_run(call.repository, run), 201)


def update_run(call: Call) -> Json:
    run, body = call.pick(call.repository.check_runs), call.body(bodies.CheckRunUpdate)
    checks.update_run(call.world, call.repository, call.caller.app, run, fields(body))
    return call.world.shapes.check_run(call.repository, run)


def fields(body: bodies.CheckRunUpdate) -> checks.Fields:
    output = body.output
    return checks.Fields(
        name=body.name,
        external_id=body.external_id,
        details_url=body.details_url,
        status=body.status,
        conclusion=body.conclusion,
        started_at=body.started_at,
        completed_at=body.completed_at,
        output=checks.Output(output.title, output.summary, output.text, _annotations(output)) if output else None,
        actions=None if body.actions is None else [Action(**action.model_dump()) for action in body.actions],
    )


def _annotations(output: bodies.Output) -> list[Annotation]:
    return [Annotation(**annotation.model_dump()) for annotation in output.annotations]


def get_run(call: Call) -> Json:
    return call.world.shapes.check_run(call.repository, call.pick(call.repository.check_runs))


def list_annotations(call: Call) -> Answer:
    run = call.pick(call.repository.check_runs)
    return call.page(call.world.shapes.annotations(call.repository, run), lambda item: item)


def list_runs_for_ref(call: Call) -> Answer:
    sha = commit_at(call.repository, call.text("ref"))
    runs = [run for run in call.repository.check_runs.values() if run.suite.head_sha == sha]
    if app_id := call.query.get("app_id"):
        runs = [run for run in runs if str(run.suite.app.id) == app_id]
    return _list_runs(call, runs)


def list_runs_of_suite(call: Call) -> Answer:
    suite = call.pick(call.repository.check_suites)
    return _list_runs(call, [run for run in call.repository.check_runs.values() if run.suite is suite])


def _list_runs(call: Call, runs: list[CheckRun]) -> Answer:
    """Filtered as both lists are; `latest`, the default, keeps an App's newest run of each name."""
    if name := call.query.get("check_name"):
        runs = [run for run in runs if run.name == name]
    if status := call.query.get("status"):
        runs = [run for run in runs if run.status == status]
    if call.query.get("filter", "latest") == "latest":
        runs = list({(run.suite.id, run.name): run for run in runs}.values())
    newest_first = sorted(runs, key=lambda run: run.id, reverse=True)
    return call.page(newest_first, lambda run: call.world.shapes.check_run(call.repository, run), wrap="check_runs")


def get_suite(call: Call) -> Json:
    return suite_shape(call, call.pick(call.repository.check_suites))


def suite_shape(call: Call, suite: CheckSuite) -> Json:
    shapes = call.world.shapes
    return shapes.check_suite(call.repository, suite) | {"repository": shapes.repository(call.repository)}


def list_suites(call: Call) -> Answer:
    sha = commit_at(call.repository, call.text("ref"))
    suites = [suite for suite in call.repository.check_suites.values() if suite.head_sha == sha]
    if app_id := call.query.get("app_id"):
        suites = [suite for suite in suites if str(suite.app.id) == app_id]
    return call.page(suites, lambda suite: suite_shape(call, suite), wrap="check_suites")


READ, WRITE = "checks:read", "checks:write"
ENDPOINTS = (
    Endpoint("POST", f"{REPOSITORY}/check-runs", WRITE, create_run),
    Endpoint("GET", f"{REPOSITORY}/check-runs/{{id:int}}", READ, get_run),
    Endpoint("PATCH", f"{REPOSITORY}/check-runs/{{id:int}}", WRITE, update_run),
    Endpoint("GET", f"{REPOSITORY}/check-runs/{{id:int}}/annotations", READ, list_annotations),
    Endpoint("GET", f"{REPOSITORY}/check-suites/{{id:int}}", READ, get_suite),
    Endpoint("GET", f"{REPOSITORY}/check-suites/{{id:int}}/check-runs", READ, list_runs_of_suite),
    Endpoint("GET", f"{REPOSITORY}/commits/{{ref:path}}/check-runs", READ, list_runs_for_ref),
    Endpoint("GET", f"{REPOSITORY}/commits/{{ref:path}}/check-suites", READ, list_suites),
)
