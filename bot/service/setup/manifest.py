"""What GitHub is asked to register: `app.yml` with the addresses of this host."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict

MAX_NAME = 34
"""Characters that GitHub takes in an App's name."""

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")


class BadFieldError(ValueError):
    """One sentence about a field of the form, for the person who filled it in."""


class Manifest(BaseModel):
    """The fields of `app.yml`, which are those of GitHub's manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str
    description: str
    public: bool
    hook_attributes: dict[str, str | bool]
    redirect_url: str
    default_permissions: dict[str, str]
    default_events: list[str]


@dataclass(frozen=True)
class Registration:
    """Where an App is registered, and what as. `owner` is an organisation; empty for the person's own account."""

    name: str
    owner: str
    github: str
    public_url: str

    def action(self, state: str) -> str:
        """The page of GitHub that takes the manifest."""
        at = f"/organizations/{self.owner}/settings/apps/new" if self.owner else "/settings/apps/new"
        return f"{self.github}{at}?state={quote(state)}"

    def manifest(self) -> str:
        """The manifest as JSON."""
        own = {
            "name": self.name,
            "hook_attributes": {"url": f"{self.public_url}/webhook", "active": True},
            "redirect_url": f"{self.public_url}/setup/callback",
        }
        return json.dumps(load_manifest().model_copy(update=own).model_dump(mode="json"))

    @property
    def api_url(self) -> str:
        return "https://api.github.com" if self.github == "https://github.com" else f"{self.github}/api/v3"


def registration(*, name: str, owner: str, github: str, public_url: str) -> Registration:
    """The form's fields, checked.

    Raises:
        BadFieldError: one of them cannot be right.
    """
    if not 0 < len(name.strip()) <= MAX_NAME:
        raise BadFieldError(f"The App's name must have 1 to {MAX_NAME} characters.")
    if owner.strip() and not _LOGIN.fullmatch(owner.strip()):
        raise BadFieldError("The organisation must be its name as in its address, such as ddev.")
    return Registration(
        name.strip(),
        owner.strip(),
        _address(github, "The address of GitHub"),
        _address(public_url, "The address of this server"),
    )


def _address(url: str, what: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise BadFieldError(f"{what} must begin with https:// and have nothing after the host but a path.")
    return parts.geturl()


def load_manifest() -> Manifest:
    """`app.yml`, which an installed package carries inside it."""
    packaged = files("bot").joinpath("app.yml")
    text = packaged.read_text("utf-8") if packaged.is_file() else _checkout().read_text("utf-8")
    return Manifest.model_validate(yaml.safe_load(text))


def _checkout() -> Path:
    return Path(__file__).resolve().parents[3] / "app.yml"
