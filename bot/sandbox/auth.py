"""Who calls: an App by its JSON Web Token, or an installation by its access token, and what it may do."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import jwt

from bot.sandbox.errors import ApiError, forbidden
from bot.sandbox.state import App, Installation, Repository, Token, User

if TYPE_CHECKING:
    from bot.sandbox.world import World

MAX_JWT_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=1)
CLOCK_DRIFT = timedelta(seconds=60)
LEVELS = ("read", "write", "admin")


@dataclass(frozen=True)
class Caller:
    """`token` is None for an App that calls as itself."""

    app: App
    token: Token | None = None

    @property
    def user(self) -> User:
        return self.app.bot

    @property
    def meter_key(self) -> str:
        return f"installation {self.token.installation.id}" if self.token else f"app {self.app.id}"

    def sees(self, world: World, repository: Repository) -> bool:
        """Whether an installation token reaches a repository. GitHub shows any token what is public; this does not."""
        if self.token is None or not world.covers(self.token.installation, repository):
            return False
        return self.token.repository_ids is None or repository.id in self.token.repository_ids

    def may(self, permission: str, level: str) -> bool:
        granted = self.token.permissions.get(permission) if self.token else None
        return granted is not None and LEVELS.index(granted) >= LEVELS.index(level)


def authenticate(world: World, header: str | None) -> Caller:
    """Find out who calls from the `Authorization` header.

    Raises:
        ApiError: 401, no or bad credentials; 403, a suspended installation.
    """
    if not header:
        raise ApiError(401, "Requires authentication")
    scheme, _, credential = header.partition(" ")
    if scheme.lower() not in {"bearer", "token"}:
        raise ApiError(401, "Bad credentials")
    if credential.count(".") == 2:
        return Caller(_app(world, credential))
    token = world.tokens.get(credential)
    if token is None or token.expires_at <= world.clock():
        raise ApiError(401, "Bad credentials")
    if token.installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    return Caller(token.installation.app, token)


def _app(world: World, credential: str) -> App:
    """The App that signed a JSON Web Token (docs: generating a JSON Web Token for a GitHub App)."""
    try:
        claims = jwt.decode(credential, options={"verify_signature": False})
        issuer = str(claims.get("iss"))
        app = next((app for app in world.apps.values() if issuer in {str(app.id), app.client_id}), None)
        if app is None:
            raise ApiError(401, "'Issuer' claim ('iss') must be the App's id or client id")
        # The clock is the world's, so the times are judged below.
        jwt.decode(
            credential,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError as error:
        raise ApiError(401, "A JSON web token could not be decoded") from error
    _check_times(claims, world.clock())
    return app


def _check_times(claims: Mapping[str, object], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > (now + CLOCK_DRIFT).timestamp():
        raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing when the assertion was issued")
    if not isinstance(expires, int) or expires <= now.timestamp():
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing a future time")
    if expires > (now + MAX_JWT_LIFE + CLOCK_DRIFT).timestamp():
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")


def mint(
    world: World,
    installation: Installation,
    *,
    repositories: Sequence[Repository] | None,
    permissions: Mapping[str, str] | None,
) -> Token:
    """Make an installation access token, narrowed to some repositories and permissions.

    Raises:
        ApiError: 403, the installation is suspended; 422, more was asked for than the installation has.
    """
    if installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    if any(not world.covers(installation, repository) for repository in repositories or ()):
        raise unreachable_repository()
    for name, level in (permissions or {}).items():
        granted = installation.permissions.get(name)
        if granted is None or LEVELS.index(level) > LEVELS.index(granted):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    chosen = dict(installation.permissions if permissions is None else {"metadata": "read", **permissions})
    alphabet = string.ascii_letters + string.digits
    value = "ghs_" + "".join(secrets.choice(alphabet) for _ in range(36))
    ids = None if repositories is None else frozenset(repository.id for repository in repositories)
    expires = (world.clock() + TOKEN_LIFE).replace(microsecond=0)
    token = world.tokens[value] = Token(value, installation, ids, chosen, expires)
    return token


def unreachable_repository() -> ApiError:
    return ApiError(
        422,
        "There is at least one repository that does not exist or is not accessible to the parent installation.",
    )


Need = str
"""`app`: an App as itself; `token`: any installation; `checks:write`: that permission; `a:read|b:read`: either."""


def demand(caller: Caller, need: Need) -> None:
    """Refuse a caller that is of the wrong kind or lacks a permission.

    Raises:
        ApiError: 401 or 403.
    """
    if need == "app":
        if caller.token is not None:
            raise ApiError(401, "A JSON web token could not be decoded")
        return
    if caller.token is None:
        raise forbidden()
    if need == "token":
        return
    alternatives = [alternative.split(":") for alternative in need.split("|")]
    if not any(caller.may(permission, level) for permission, level in alternatives):
        raise forbidden()
