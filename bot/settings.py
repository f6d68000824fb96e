"""What an operator sets: environment variables with the prefix ``WRC_``, or the same names in a file ``.env``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "WRC_"
GITHUB_API = "https://api.github.com"
ENTERPRISE_API_PATH = "/api/v3"
"""https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api"""

API_VERSION = "2026-03-10"
ENTERPRISE_API_VERSION = "2022-11-28"
"""Enterprise Server 3.17 to 3.19 know no other."""

MIN_SECRET_CHARACTERS = 16
"""A shorter webhook secret can be guessed."""


class SettingsError(Exception):
    """Settings that are missing or wrong: one sentence a line, each naming the variable and the way out."""


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("must be an http or https URL")
    return url.rstrip("/")


def _database_url(url: str) -> str:
    try:
        backend = sa.make_url(url).get_backend_name()
    except sa.exc.ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise ValueError("must be a sqlite or postgresql URL")
    return url


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_SECRET_CHARACTERS:
        raise ValueError(f"must have at least {MIN_SECRET_CHARACTERS} characters")
    return secret


@lru_cache(maxsize=2)
def _is_private_key(text: str) -> bool:
    """Remembered, as it takes a twentieth of a second and is asked for every client."""
    try:
        load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
Role = Literal["all", "web", "worker"]
Loaded = TypeVar("Loaded", bound="Hosting")


class Hosting(BaseSettings):
    """Where and how the process runs: what is known before the App is registered."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", description="the address to listen on; 0.0.0.0 for all")
    port: int = Field(default=8000, ge=0, le=65535, description="the port to listen on")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="a port of its own for /metrics; the service's by default, 0 for none"
    )
    metrics_host: str | None = Field(default=None, description="the address of that port; WRC_HOST by default")
    public_url: HttpUrl | None = Field(default=None, description="the address under which GitHub reaches this server")
    data_dir: Path = Field(default=Path("var"), description="where the default database lives")
    database_url: DatabaseUrl | None = Field(default=None, description="SQLite in the data folder by default")
    role: Role = Field(default="all", description="web takes deliveries, worker works on them, all does both")
    credentials_key: SecretStr | None = Field(
        default=None, description="with it, what /setup gets is kept in the database, encrypted"
    )
    resolve_threads: bool = Field(
        default=False, description="resolve the threads of what is fixed, for which the App needs contents: write"
    )

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'wrc.sqlite'}"

    @model_validator(mode="after")
    def _a_database_for_all_roles(self) -> Self:
        if self.role != "all" and not self.shared:
            raise ValueError(
                f"{PREFIX}ROLE={self.role} needs {PREFIX}DATABASE_URL=postgresql://…: a SQLite file is for one process"
            )
        return self

    @property
    def shared(self) -> bool:
        """Whether several processes can work on the database."""
        return not self.database.startswith("sqlite")

    def make_data_dir(self) -> None:
        """Create the folder of the default database.

        Raises:
            SettingsError: it cannot be created.
        """
        if self.database_url is not None:
            return
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{PREFIX}DATA_DIR: cannot create {self.data_dir} ({error.strerror}).") from error


class _Given(BaseSettings):
    """The credentials as they are given, unchecked: whether an operator brings any."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    app_id: str = ""
    webhook_secret: SecretStr = SecretStr("")
    private_key: SecretStr = SecretStr("")
    private_key_file: str = ""

    @property
    def any(self) -> bool:
        return bool(self.app_id or self.webhook_secret or self.private_key or self.private_key_file)


class Settings(Hosting):
    """All settings of the service. Secrets are `SecretStr`, so that no log or traceback shows them."""

    app_id: int = Field(gt=0, description="the number on the App's settings page")
    webhook_secret: WebhookSecret = Field(description="the secret that GitHub signs deliveries with")
    webhook_secret_previous: WebhookSecret | None = Field(
        default=None, description="the secret before a rotation, accepted until it is removed"
    )
    private_key: SecretStr | None = Field(default=None, description="the App's private key, PEM text")
    private_key_file: Path | None = Field(default=None, description="or the file that holds it")

    api_url: HttpUrl = Field(default=GITHUB_API, description="https://HOST/api/v3 for GitHub Enterprise Server")
    api_version: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="the version of GitHub's API to ask for, by default the newest that the server surely knows",
    )
    github_timeout: float = Field(default=20.0, gt=0, description="seconds for one request to GitHub")

    check_name: str = Field(
        default="workspace runtime contract", min_length=1, max_length=100, description="the name of the check run"
    )
    lease: float = Field(default=10.0, ge=1, le=20, description="seconds of silence after which a process is dead")
    poll_interval: float = Field(default=0.2, gt=0, le=60, description="seconds between looks at the queues")
    write_interval: float = Field(default=1.0, ge=0, le=60, description="seconds between comments and reviews")
    recovery_interval: float = Field(default=300.0, gt=0, description="seconds between looks for what was missed")
    workers: int = Field(default=4, gt=0, le=64, description="reviews that may run at the same time")

    @model_validator(mode="after")
    def _one_private_key(self) -> Self:
        if (self.private_key is None) == (self.private_key_file is None):
            raise ValueError(
                f"set either {PREFIX}PRIVATE_KEY (the PEM text) or {PREFIX}PRIVATE_KEY_FILE (its path), and not both"
            )
        self.private_key_pem()
        return self

    def private_key_pem(self) -> str:
        """The key as PEM text. Raises ValueError with one sentence for a file or text that is none."""
        if self.private_key_file is not None:
            try:
                text = self.private_key_file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text"
                raise ValueError(f"{PREFIX}PRIVATE_KEY_FILE: cannot read {self.private_key_file} ({reason})") from error
        else:
            # An environment file has one line a value, so newlines are commonly written as \n.
            text = self.private_key.get_secret_value().replace("\\n", "\n") if self.private_key else ""
        if not _is_private_key(text):
            raise ValueError("the private key must be PEM text as GitHub offers it for download")
        return text

    @property
    def webhook_secrets(self) -> tuple[SecretStr, ...]:
        """The secrets a delivery may be signed with, the current one first."""
        previous = self.webhook_secret_previous
        return (self.webhook_secret,) if previous is None else (self.webhook_secret, previous)

    @property
    def spoken_version(self) -> str:
        """The version of the API that is asked for: the one that is set, or the newest that the server surely knows."""
        known = ENTERPRISE_API_VERSION if self.api_url.endswith(ENTERPRISE_API_PATH) else API_VERSION
        return self.api_version or known

    @property
    def web_url(self) -> str:
        """The address of GitHub's pages, derived from the API's."""
        if self.api_url == GITHUB_API:
            return "https://github.com"
        parts = urlsplit(self.api_url)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix(ENTERPRISE_API_PATH), "", ""))


def credentials_given(env_file: Path | None = Path(".env")) -> bool:
    """Whether the operator brings credentials: then they count, and nothing is set up in a browser."""
    return _Given(_env_file=env_file).any  # type: ignore[call-arg]


def load_hosting(env_file: Path | None = Path(".env"), given: Mapping[str, object] | None = None) -> Hosting:
    """What is known of this process before it has credentials.

    Raises:
        SettingsError: one line for each setting that is wrong.
    """
    return _load(Hosting, env_file, given or {})


def load_settings(env_file: Path | None = Path(".env"), given: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process; `given` are those known already, such as credentials that were kept at set-up.

    Raises:
        SettingsError: one line for each setting that is missing or wrong.
    """
    return _load(Settings, env_file, given or {})


def _load(kind: type[Loaded], env_file: Path | None, given: Mapping[str, object]) -> Loaded:
    try:
        return kind(_env_file=env_file, **given)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: object) -> str:
    if not isinstance(problem, dict):
        return str(problem)
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{message}."
    name = str(problem["loc"][0])
    about = Settings.model_fields[name].description
    hint = f" ({about})" if about else ""
    if problem["type"] == "missing":
        return f"{PREFIX}{name.upper()} is not set{hint}: set it in the environment or in .env."
    return f"{PREFIX}{name.upper()}{hint}: {message[0].lower()}{message[1:]}."
