"""Smoke."""

import httpx
from tests.sandbox.conftest import Sandbox
from tests.sandbox.openapi import OpenApiRecorder


def test_all_get(sandbox: Sandbox, api: httpx.Client, app_api: httpx.Client, recorder: OpenApiRecorder) -> None:
    r = sandbox.path
    n = sandbox.pull.number
    head = sandbox.pull.head_sha
    for p in [
        "/app",
        "/app/installations",
        f"/app/installations/{sandbox.installation.id}",
        f"{r}/installation",
        "/app/hook/config",
        "/app/hook/deliveries",
    ]:
        a = app_api.get(p)
        assert a.status_code == 200, (p, a.text)
    rev = api.post(
        f"{r}/pulls/{n}/reviews",
        json={
            "event": "COMMENT",
            "body": "x",
            "comments": [
                {
                    "path": "web/template.tf",
                    "line": 11,
                    "start_line": 10,
                    "side": "RIGHT",
                    "start_side": "RIGHT",
                    "body": "hey",
                },
                {"path": "web/template.tf", "line": 30, "side": "LEFT", "body": "gone"},
            ],
        },
    )
    assert rev.status_code == 200, rev.text
    cr = api.post(f"{r}/check-runs", json={"name": "WRC", "head_sha": head, "status": "in_progress"})
    assert cr.status_code == 201, cr.text
    cid = cr.json()["id"]
    up = api.patch(
        f"{r}/check-runs/{cid}",
        json={
            "conclusion": "failure",
            "output": {
                "title": "t",
                "summary": "s",
                "annotations": [
                    {
                        "path": "web/template.tf",
                        "start_line": 10,
                        "end_line": 10,
                        "annotation_level": "failure",
                        "message": "m",
                    }
                ],
            },
        },
    )
    assert up.status_code == 200, up.text
    co = api.post(f"{r}/issues/{n}/comments", json={"body": "hello"})
    assert co.status_code == 201, co.text
    com = api.get(f"{r}/pulls/{n}/comments").json()
    tree = api.get(f"{r}/git/trees/{head}", params={"recursive": "1"}).json()
    blob = next(e["sha"] for e in tree["tree"] if e["path"] == "web/startup.sh")
    for p in [
        "/installation/repositories",
        "/rate_limit",
        r,
        f"{r}/pulls",
        f"{r}/pulls/{n}",
        f"{r}/pulls/{n}/files",
        f"{r}/pulls/{n}/commits",
        f"{r}/compare/main...change",
        f"{r}/git/trees/{head}",
        f"{r}/git/blobs/{blob}",
        f"{r}/git/commits/{head}",
        f"{r}/git/ref/heads/main",
        f"{r}/commits/{head}",
        f"{r}/branches/main",
        f"{r}/contents/web/startup.sh?ref=change",
        f"{r}/contents/web",
        f"{r}/pulls/{n}/reviews",
        f"{r}/pulls/{n}/reviews/{rev.json()['id']}",
        f"{r}/pulls/{n}/reviews/{rev.json()['id']}/comments",
        f"{r}/pulls/comments/{com[0]['id']}",
        f"{r}/issues/{n}/comments",
        f"{r}/issues/comments/{co.json()['id']}",
        f"{r}/issues/comments/{co.json()['id']}/reactions",
        f"{r}/check-runs/{cid}",
        f"{r}/check-runs/{cid}/annotations",
        f"{r}/commits/{head}/check-runs",
        f"{r}/commits/change/check-suites",
        f"{r}/check-suites/{cr.json()['check_suite']['id']}",
        f"{r}/check-suites/{cr.json()['check_suite']['id']}/check-runs",
        f"{r}/collaborators/mona/permission",
    ]:
        a = api.get(p)
        assert a.status_code == 200, (p, a.text)
    print(*recorder.violations, sep="\n")
    assert recorder.violations == []
