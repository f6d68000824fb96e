"""``wrc doctor``: what a self-hosted service needs, looked at one by one, and what to do about what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bot.doctor.github import look_at_github
from bot.doctor.host import look_at_host
from bot.doctor.model import STATUS, Check, fail, ok, worst
from bot.logs import Redact
from bot.service.setup.credentials import vault_of
from bot.settings import Hosting, Settings, SettingsError, credentials_given, load_hosting, load_settings

SCHEMA = 1


def examine() -> tuple[Check, ...]:
    """Everything that was looked at, with no secret in it."""
    settings, checks = _settings()
    secrets = () if settings is None else (secret.get_secret_value() for secret in settings.webhook_secrets)
    redact = Redact(secrets)
    return tuple(Check(**redact(None, "", asdict(check))) for check in checks)


def _settings() -> tuple[Settings | None, Iterator[Check]]:
    try:
        hosting = load_hosting()
        settings = _known(hosting)
    except SettingsError as error:
        return None, iter([fail("settings", " ".join(str(error).splitlines()), "Correct them, then look again.")])
    return settings, _look(hosting, settings)


def _known(hosting: Hosting) -> Settings | None:
    """The settings with the credentials of the environment or of an earlier set-up; None if there are none."""
    if credentials_given():
        return load_settings()
    stored = vault_of(hosting).load()
    return None if stored is None else load_settings(Path(".env"), stored.settings)


def _look(hosting: Hosting, settings: Settings | None) -> Iterator[Check]:
    yield ok("settings", "All settings can be read.")
    yield from look_at_host(hosting)
    if settings is None:
        yield fail("credentials", "There are none yet.", "Run 'wrc serve' and open the address that it prints.")
    else:
        yield from look_at_github(settings)


def render(checks: tuple[Check, ...]) -> str:
    """One line for each."""
    width = max(len(check.name) for check in checks)
    lines = [f"{each.outcome:4}  {each.name:{width}}  {each.found} {each.remedy}".rstrip() for each in checks]
    return "\n".join(lines) + "\n"


def render_json(checks: tuple[Check, ...]) -> str:
    told = {"schema": SCHEMA, "outcome": worst(checks), "checks": [asdict(check) for check in checks]}
    return json.dumps(told, indent=2) + "\n"


def status(checks: tuple[Check, ...]) -> int:
    return STATUS[worst(checks)]
