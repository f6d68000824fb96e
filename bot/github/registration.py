"""The last step of registering an App from a manifest: its code becomes its credentials, once.

https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from githubkit import GitHub, UnauthAuthStrategy
from githubkit.exception import GitHubException, RequestFailed
from pydantic import SecretStr, ValidationError

from bot.github.answers import Answer
from bot.github.client import USER_AGENT

TIMEOUT_SECONDS = 20.0
_CODE = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


class RegistrationError(Exception):
    """GitHub did not give out credentials: one sentence for the person at the browser."""


class _Conversion(Answer):
    id: int
    slug: str
    html_url: str
    pem: SecretStr
    webhook_secret: SecretStr


@dataclass(frozen=True)
class Registered:
    app_id: int
    slug: str
    html_url: str
    private_key: SecretStr
    webhook_secret: SecretStr


def convert(api_url: str, code: str) -> Registered:
    """The credentials of the App that GitHub made. A code is good for an hour and for one call.

    Raises:
        RegistrationError: the code is not known, GitHub cannot be reached, or its answer is not understood.
    """
    if not _CODE.fullmatch(code):
        raise RegistrationError("The code in this address is none of GitHub's.")
    client = GitHub(
        UnauthAuthStrategy(), base_url=api_url, user_agent=USER_AGENT, timeout=TIMEOUT_SECONDS, auto_retry=False
    )
    try:
        answer = client.request("POST", f"/app-manifests/{code}/conversions")
        found = _Conversion.model_validate_json(answer.content)
    except RequestFailed as error:
        status = error.response.status_code
        if status == 404:
            raise RegistrationError("GitHub does not know this code: it is an hour old, or was used before.") from None
        raise RegistrationError(f"GitHub answered {status} and gave out no credentials: try again later.") from None
    except (GitHubException, httpx.HTTPError):
        raise RegistrationError(f"{api_url} cannot be reached from this server: check its network and proxy.") from None
    except ValidationError:
        raise RegistrationError("GitHub's answer has no credentials in it.") from None
    return Registered(found.id, found.slug, found.html_url.rstrip("/"), found.pem, found.webhook_secret)
