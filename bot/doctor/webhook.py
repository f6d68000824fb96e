"""Whether GitHub's webhooks go to this service, are signed with its secret, and arrive."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Mapping

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.doctor.model import Check, fail, ok, warn
from bot.github.app import HookConfig, hook_config, last_deliveries
from bot.github.client import AppClient
from bot.github.installations import Delivery
from bot.service.webhook import SIGNATURE_PREFIX
from bot.settings import Settings


def look_at_webhook(app: AppClient, http: httpx.Client, settings: Settings, page: str) -> Iterator[Check]:
    """`page` is where the App's settings are.

    Raises:
        GitHubError: GitHub refuses or fails.
    """
    hook = hook_config(app)
    yield _configured(hook, settings, page)
    if not hook.url:
        return
    deliveries = last_deliveries(app)
    arrived = bool(deliveries) and _arrived(deliveries[0])
    yield _reached(http, hook.url, settings, arrived=arrived)
    yield _delivered(deliveries, page)


def _configured(hook: HookConfig, settings: Settings, page: str) -> Check:
    name = "webhook"
    own = f"{settings.public_url}/webhook" if settings.public_url else None
    if not hook.url:
        return fail(name, "The App has no webhook URL.", f"Set it at {page} to the address of this service's /webhook.")
    if not hook.secret:
        return fail(
            name, "The webhook has no secret, so deliveries are refused.", f"Set it at {page} to WRC_WEBHOOK_SECRET."
        )
    if hook.content_type != "json":
        return fail(name, "The webhook's content type is not JSON.", f"Choose application/json at {page}")
    if own is not None and hook.url.rstrip("/") != own:
        return fail(
            name,
            f"GitHub delivers to {hook.url}, and this service is at {own}.",
            f"Set the webhook URL at {page}, or WRC_PUBLIC_URL.",
        )
    if str(hook.insecure_ssl) not in ("0", "0.0"):
        return warn(name, "GitHub does not verify this service's certificate.", f"Switch SSL verification on at {page}")
    return ok(name, f"GitHub delivers to {hook.url}, as JSON, with a secret.")


class _Answer(BaseModel):
    """What `/webhook` answers."""

    model_config = ConfigDict(extra="ignore")

    status: str = ""
    error: str = ""


def _reached(http: httpx.Client, url: str, settings: Settings, *, arrived: bool) -> Check:
    """Send what GitHub sends when an App is made, signed with our secret: it has no effect."""
    name = "reachability"
    try:
        response = _ping(http, url, settings)
    except httpx.HTTPError as error:
        found = f"{url} cannot be reached from here ({error or type(error).__name__})"
        if arrived:
            return ok(name, f"{found}, but GitHub's last delivery arrived.")
        return fail(name, f"{found}.", "Start the service, and let the proxy pass /webhook to it.")
    try:
        answer = _Answer.model_validate_json(response.content)
    except ValidationError:
        answer = _Answer()
    match response.status_code, answer.status or answer.error:
        case 202, "ignored":
            return ok(name, f"{url} is answered by a wrc-bot with our secret.")
        case 403, "bad-signature":
            return fail(
                name,
                f"The service at {url} has another webhook secret than this one.",
                "Give both the same WRC_WEBHOOK_SECRET, and restart.",
            )
        case 503, "not-set-up":
            return fail(name, f"The service at {url} has no credentials yet.", "Open its /setup.")
        case status, _:
            return fail(name, f"{url} is answered by something else ({status}).", "Let the proxy pass it unchanged.")


def _ping(http: httpx.Client, url: str, settings: Settings) -> httpx.Response:
    body = b'{"zen": "Keep it logically awesome."}'
    digest = hmac.new(settings.webhook_secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": SIGNATURE_PREFIX + digest,
    }
    return http.post(url, content=body, headers=headers)


_REMEDIES: Mapping[int, str] = {
    401: "Set a webhook secret",
    403: "Set the webhook secret to WRC_WEBHOOK_SECRET",
    404: "Let the webhook URL end in /webhook, and the proxy pass it",
}


def _delivered(deliveries: list[Delivery], page: str) -> Check:
    """How GitHub itself fared."""
    name = "deliveries"
    if not deliveries:
        return ok(name, "GitHub has delivered nothing yet.")
    if _arrived(deliveries[0]):
        return ok(name, "GitHub's last delivery arrived.")
    failed = next((count for count, one in enumerate(deliveries) if _arrived(one)), len(deliveries))
    status = deliveries[0].status_code
    how = f"was answered {status}" if status else "had no answer"
    remedy = _REMEDIES.get(status, "Let GitHub reach the service: see 'Recent deliveries'")
    return fail(name, f"The last {failed} deliveries failed; the newest {how}.", f"{remedy}: {page}/advanced")


def _arrived(delivery: Delivery) -> bool:
    return 200 <= delivery.status_code < 400
