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

TO_RESOLVE = {"contents": "write"}
"""The permission that GitHub wants for resolving a thread. It allows to push as well, so `app.yml` is without it."""

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
    resolves: bool = False

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
        return json.dumps(load_manifest(resolves=self.resolves).model_copy(update=own).model_dump(mode="json"))

    @property
    def api_url(self) -> str:
        return "https://api.github.com" if self.github == "https://github.com" else f"{self.github}/api/v3"


def registration(*, name: str, owner: str, github: str, public_url: str, resolves: bool = False) -> Registration:
    """The form's fields, checked; `resolves` is whether the operator wants threads resolved.

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
        resolves,
    )


def _address(url: str, what: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise BadFieldError(f"{what} must begin with https:// and have nothing after the host but a path.")
    return parts.geturl()


def load_manifest(*, resolves: bool = False) -> Manifest:
    """`app.yml`, which an installed package carries inside it, and with `resolves` what it takes to resolve threads."""
    packaged = files("bot").joinpath("app.yml")
    text = packaged.read_text("utf-8") if packaged.is_file() else _checkout().read_text("utf-8")
    manifest = Manifest.model_validate(yaml.safe_load(text))
    if not resolves:
        return manifest
    return manifest.model_copy(update={"default_permissions": manifest.default_permissions | TO_RESOLVE})


def _checkout() -> Path:
    return Path(__file__).resolve().parents[3] / "app.yml"
