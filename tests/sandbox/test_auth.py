"""Who gets in, with what, and what GitHub says to everyone else."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.conftest import Sandbox, private_pem


def get_app(sandbox: Sandbox, credential: str) -> httpx.Response:
    with sandbox.client(credential) as client:
        return client.get("/app")


def test_an_app_signs_in_by_its_id_or_its_client_id(sandbox: Sandbox) -> None:
    for issuer in (str(sandbox.app.id), sandbox.app.client_id):
        answer = get_app(sandbox, sandbox.jwt(iss=issuer))
        assert answer.status_code == 200
        assert answer.json()["slug"] == "wrc"


@pytest.mark.parametrize(
    ("claims", "complaint"),
    [
        ({"exp": 1_000_000_000}, "must be a numeric value representing a future time"),
        ({"exp": 4_000_000_000}, "too far in the future"),
        ({"iat": 4_000_000_000}, "'Issued at'"),
        ({"iss": "999999"}, "'Issuer' claim"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(sandbox: Sandbox, claims: dict[str, object], complaint: str) -> None:
    answer = get_app(sandbox, sandbox.jwt(**claims))
    assert answer.status_code == 401
    assert complaint in answer.json()["message"]


def test_a_token_that_lives_eleven_minutes_and_more_is_refused(sandbox: Sandbox) -> None:
    now = int(sandbox.world.clock().timestamp())
    assert get_app(sandbox, sandbox.jwt(exp=now + 10 * 60)).status_code == 200
    assert get_app(sandbox, sandbox.jwt(exp=now + 12 * 60)).status_code == 401


def test_a_token_of_another_key_or_algorithm_is_refused(sandbox: Sandbox) -> None:
    now = int(sandbox.world.clock().timestamp())
    claims = {"iat": now, "exp": now + 60, "iss": str(sandbox.app.id)}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = [
        jwt.encode(claims, private_pem(stranger), algorithm="RS256"),
        jwt.encode(claims, "a shared secret that is long enough for HS256", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        "not.a.token",
    ]
    assert [get_app(sandbox, token).status_code for token in forged] == [401] * 4


@pytest.mark.parametrize("header", [None, "Bearer ghs_bogus", "Basic abc", "Bearer"])
def test_bad_credentials_are_refused_also_for_public_repositories(sandbox: Sandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = httpx.get(sandbox.world.api_url + sandbox.path, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert set(answer.json()) == {"message", "documentation_url", "status"}


def test_a_request_without_user_agent_is_refused(sandbox: Sandbox, api: httpx.Client) -> None:
    del api.headers["User-Agent"]
    answer = api.get(sandbox.path)
    assert (answer.status_code, "User-Agent" in answer.text) == (403, True)


def test_an_installation_token_expires_after_an_hour_on_a_whole_second(sandbox: Sandbox, app_api: httpx.Client) -> None:
    shape = app_api.post(f"/app/installations/{sandbox.installation.id}/access_tokens").json()
    assert shape["token"].startswith("ghs_")
    expires = datetime.strptime(shape["expires_at"], "%Y-%m-%dT%H:%M:%S%z")
    now = sandbox.world.clock()
    assert timedelta(minutes=59) < expires - now <= timedelta(hours=1)

    sandbox.world.clock = lambda: now + timedelta(hours=1)
    with sandbox.client(shape["token"]) as client:
        assert client.get(sandbox.path).status_code == 401


def test_a_token_narrowed_to_permissions_can_do_no_more(sandbox: Sandbox) -> None:
    with sandbox.client(sandbox.token(permissions={"contents": "read"})) as client:
        assert client.get(sandbox.path).status_code == 200
        assert client.get(f"{sandbox.path}/commits/main").status_code == 200
        refused = client.get(f"{sandbox.path}/pulls")
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "pull_requests=read"


def test_reading_is_not_writing(sandbox: Sandbox) -> None:
    body = {"name": "WRC", "head_sha": sandbox.pull.head_sha}
    with sandbox.client(sandbox.token(permissions={"checks": "read"})) as client:
        assert client.get(f"{sandbox.path}/commits/change/check-runs").status_code == 200
        assert client.post(f"{sandbox.path}/check-runs", json=body).status_code == 403
    assert not sandbox.repository.check_runs


def test_a_token_narrowed_to_a_repository_sees_no_other(sandbox: Sandbox) -> None:
    other = sandbox.world.create_repository("acme", "other", {"a": "b"})
    with sandbox.client(sandbox.token(repositories=["templates"])) as client:
        assert client.get(sandbox.path).status_code == 200
        assert client.get("/repos/acme/other").status_code == 404
        listed = client.get("/installation/repositories").json()["repositories"]
    assert [item["name"] for item in listed] == ["templates"]
    with sandbox.client(sandbox.token(repository_ids=[other.id])) as client:
        assert client.get("/repos/acme/other").status_code == 200


@pytest.mark.parametrize(
    "narrowing",
    [
        {"permissions": {"contents": "write"}},
        {"permissions": {"actions": "read"}},
        {"permissions": {"contents": "much"}},
        {"repositories": ["nowhere"]},
        {"repository_ids": [1]},
        {"repository_ids": "1"},
    ],
)
def test_nothing_beyond_the_installation_can_be_asked_for(
    sandbox: Sandbox, app_api: httpx.Client, narrowing: dict[str, object]
) -> None:
    answer = app_api.post(f"/app/installations/{sandbox.installation.id}/access_tokens", json=narrowing)
    assert answer.status_code == 422


def test_an_app_sees_its_own_installations_only(sandbox: Sandbox, app_api: httpx.Client) -> None:
    other = sandbox.world.register_app(sandbox.app.public_key, slug="other")
    theirs = sandbox.world.install(other, "acme")
    assert app_api.get(f"/app/installations/{theirs.id}").status_code == 404
    assert [item["id"] for item in app_api.get("/app/installations").json()] == [sandbox.installation.id]
    assert app_api.get(f"{sandbox.path}/installation").json()["id"] == sandbox.installation.id


def test_app_and_installation_endpoints_do_not_mix(sandbox: Sandbox, api: httpx.Client, app_api: httpx.Client) -> None:
    assert api.get("/app").status_code == 401
    assert app_api.get(sandbox.path).status_code == 403


def test_a_suspended_installation_can_do_nothing(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.installation.suspended_at = sandbox.world.clock()
    assert api.get(sandbox.path).status_code == 403


def test_a_repository_outside_the_installation_does_not_exist(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.create_repository("mallory", "secret", {"a": "b"})
    assert api.get("/repos/mallory/secret").status_code == 404
    assert api.get("/repos/mallory/nothing").status_code == 404


def test_the_hourly_limit_is_shared_by_all_tokens_of_an_installation(sandbox: Sandbox) -> None:
    sandbox.world.rate_limit = 3
    answers = []
    for _ in range(4):
        with sandbox.client(sandbox.token()) as client:
            answers.append(client.get(sandbox.path))
            assert client.get("/rate_limit").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert "rate limit exceeded" in answers[-1].json()["message"]

    later = sandbox.world.clock() + timedelta(hours=1)
    sandbox.world.clock = lambda: later
    with sandbox.client(sandbox.token()) as client:
        assert client.get(sandbox.path).status_code == 200
