"""Endpoints an App calls about itself: installations, tokens, webhook deliveries, rate limit."""

from __future__ import annotations

import json

from bot.sandbox import auth, bodies
from bot.sandbox.errors import not_found
from bot.sandbox.http import Answer, Call, Endpoint
from bot.sandbox.shapes import Json, time
from bot.sandbox.state import Delivery, Installation, Repository


def get_app(call: Call) -> Json:
    installations = sum(item.app is call.caller.app for item in call.world.installations.values())
    return call.world.shapes.app(call.caller.app) | {"installations_count": installations}


def list_installations(call: Call) -> Answer:
    installations = [item for item in call.world.installations.values() if item.app is call.caller.app]
    return call.page(installations, call.world.shapes.installation)


def own_installation(call: Call) -> Installation:
    installation = call.pick(call.world.installations)
    if installation.app is not call.caller.app:
        raise not_found()
    return installation


def get_installation(call: Call) -> Json:
    return call.world.shapes.installation(own_installation(call))


def get_repository_installation(call: Call) -> Json:
    for installation in call.world.installations.values():
        if installation.app is call.caller.app and call.world.covers(installation, call.repository):
            return call.world.shapes.installation(installation)
    raise not_found()


def create_token(call: Call) -> Answer:
    installation = own_installation(call)
    body = call.body(bodies.AccessToken)
    chosen = _chosen_repositories(call, installation, body)
    token = auth.mint(call.world, installation, repositories=chosen, permissions=body.permissions)
    shape: Json = {
        "token": token.value,
        "expires_at": time(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "selected" if chosen or installation.repository_ids is not None else "all",
    }
    if chosen:
        shape["repositories"] = [call.world.shapes.repository(repository) for repository in chosen]
    return Answer(shape, 201)


def _chosen_repositories(call: Call, installation: Installation, body: bodies.AccessToken) -> list[Repository] | None:
    """The repositories a token is narrowed to, by name or id; None for all of the installation's."""
    if body.repositories is None and body.repository_ids is None:
        return None
    by_id = {repository.id: repository for repository in call.world.repositories.values()}
    found = [call.world.find(installation.account.login, name) for name in body.repositories or ()]
    found += [by_id.get(number) for number in body.repository_ids or ()]
    chosen = [repository for repository in found if repository is not None]
    if len(chosen) < len(found):
        raise auth.unreachable_repository()
    return chosen


def list_repositories(call: Call) -> Answer:
    visible = [item for item in call.world.repositories.values() if call.caller.sees(call.world, item)]
    return call.page(visible, call.world.shapes.repository, wrap="repositories")


def get_rate_limit(call: Call) -> Json:
    used = call.world.meter(call.caller.meter_key)
    limit = call.world.rate_limit
    core = {
        "limit": limit,
        "used": used.used,
        "remaining": max(limit - used.used, 0),
        "reset": int(used.resets_at.timestamp()),
        "resource": "core",
    }
    return {"resources": {"core": core, "search": core | {"resource": "search"}}, "rate": core}


def get_hook_config(call: Call) -> Json:
    app = call.caller.app
    shape: Json = {"content_type": "json", "insecure_ssl": "0"}
    if app.webhook_secret:
        shape["secret"] = "********"  # noqa: S105 (as GitHub masks it)
    return shape | ({"url": app.webhook_url} if app.webhook_url else {})


def own_deliveries(call: Call) -> list[Delivery]:
    """Newest first, as GitHub lists them."""
    return [item for item in reversed(call.world.webhooks.log) if item.app is call.caller.app]


def list_deliveries(call: Call) -> Answer:
    """Paged by cursor, not by number: the cursor is the id of the last delivery seen."""
    deliveries = own_deliveries(call)
    if (wanted := call.query.get("status")) is not None:
        deliveries = [item for item in deliveries if (200 <= item.status_code < 400) == (wanted == "success")]
    cursor = call.query.get("cursor", "")
    if cursor.isdigit():
        deliveries = [item for item in deliveries if item.id < int(cursor)]
    size = call.page_size
    shown = deliveries[:size]
    headers = {}
    if len(deliveries) > size:
        page = f"{call.world.url}{call.path}?per_page={size}&cursor={shown[-1].id}"
        headers["Link"] = f'<{page}>; rel="next"'
    return Answer([call.world.shapes.delivery(item) for item in shown], headers=headers)


def own_delivery(call: Call) -> Delivery:
    return call.pick({item.id: item for item in own_deliveries(call)})


def get_delivery(call: Call) -> Json:
    delivery = own_delivery(call)
    return call.world.shapes.full_delivery(delivery, json.loads(delivery.body))


def redeliver(call: Call) -> Answer:
    call.world.webhooks.redeliver(own_delivery(call))
    return Answer({}, 202)


ENDPOINTS = (
    Endpoint("GET", "/app", "app", get_app),
    Endpoint("GET", "/app/installations", "app", list_installations),
    Endpoint("GET", "/app/installations/{id:int}", "app", get_installation),
    Endpoint("POST", "/app/installations/{id:int}/access_tokens", "app", create_token),
    Endpoint("GET", "/app/hook/config", "app", get_hook_config),
    Endpoint("GET", "/app/hook/deliveries", "app", list_deliveries),
    Endpoint("GET", "/app/hook/deliveries/{id:int}", "app", get_delivery),
    Endpoint("POST", "/app/hook/deliveries/{id:int}/attempts", "app", redeliver),
    Endpoint("GET", "/repos/{owner}/{repo}/installation", "app", get_repository_installation),
    Endpoint("GET", "/installation/repositories", "token", list_repositories),
    Endpoint("GET", "/rate_limit", "token", get_rate_limit, metered=False),
)
