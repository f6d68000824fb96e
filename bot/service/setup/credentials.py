"""Where the credentials of a registered App are kept: a file that only its owner reads, or the database, encrypted."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from bot.database import connected, open_database
from bot.settings import Hosting, SettingsError

FILE_NAME = "app.json"
OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR

_TABLE = sa.Table(
    "wrc_credentials",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)


class Credentials(BaseModel):
    """What GitHub gives out once, when an App is registered."""

    model_config = ConfigDict(frozen=True)

    app_id: int
    slug: str
    html_url: str
    api_url: str
    private_key: SecretStr
    webhook_secret: SecretStr

    @property
    def settings(self) -> dict[str, object]:
        """The fields of `Settings` that they fill in."""
        return {
            "app_id": self.app_id,
            "api_url": self.api_url,
            "private_key": self.private_key,
            "webhook_secret": self.webhook_secret,
        }

    @field_serializer("private_key", "webhook_secret", when_used="json")
    def _shown(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


class Vault(Protocol):
    def load(self) -> Credentials | None:
        """What was kept, or None.

        Raises:
            SettingsError: there is something, and it cannot be read.
        """

    def keep(self, credentials: Credentials) -> None:
        """Write them so that they survive the process.

        Raises:
            SettingsError: they cannot be written.
        """


class FileVault:
    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Credentials | None:
        try:
            return Credentials.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"{self.path}: cannot be read ({error.strerror}).") from error
        except ValidationError:
            raise SettingsError(
                f"{self.path}: is damaged; put it back from a backup, or remove it and set up again."
            ) from None

    def keep(self, credentials: Credentials) -> None:
        text = credentials.model_dump_json(indent=2)
        new = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            # Created with its mode, so that it is at no moment readable by others.
            with os.fdopen(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="utf-8"
            ) as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            new.replace(self.path)
        except OSError as error:
            raise SettingsError(f"{self.path}: cannot be written ({error.strerror}).") from error


class DatabaseVault:
    """One row, encrypted, so that every process on the database finds it."""

    def __init__(self, url: str, key: SecretStr) -> None:
        try:
            self._fernet = Fernet(key.get_secret_value())
        except ValueError:
            raise SettingsError("WRC_CREDENTIALS_KEY must be a Fernet key: 32 bytes in URL-safe base64.") from None
        self._url = url

    def load(self) -> Credentials | None:
        """A look at the database as it is: it may be the doctor's."""
        try:
            sealed = self._sealed()
            return None if sealed is None else Credentials.model_validate_json(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise SettingsError("WRC_CREDENTIALS_KEY is not the key that the credentials were stored with.") from None
        except sa.exc.SQLAlchemyError as error:
            raise SettingsError(
                f"The database cannot be read ({type(error).__name__}): check WRC_DATABASE_URL."
            ) from None

    def _sealed(self) -> bytes | None:
        with connected(self._url) as connection:
            if connection is None or not sa.inspect(connection).has_table(_TABLE.name):
                return None
            row = connection.execute(sa.select(_TABLE.c.sealed).where(_TABLE.c.id == 1)).one_or_none()
            return None if row is None else bytes(row[0])

    def keep(self, credentials: Credentials) -> None:
        sealed = self._fernet.encrypt(credentials.model_dump_json().encode())
        engine = open_database(self._url)
        try:
            with engine.begin() as connection:
                connection.execute(sa.delete(_TABLE))
                connection.execute(sa.insert(_TABLE).values(id=1, sealed=sealed))
        except sa.exc.SQLAlchemyError as error:
            raise SettingsError(f"The database cannot be written ({type(error).__name__}).") from None
        finally:
            engine.dispose()


def vault_of(hosting: Hosting) -> Vault:
    """The database where a key to encrypt with is given, else a file in the data folder."""
    if hosting.credentials_key is not None:
        return DatabaseVault(hosting.database, hosting.credentials_key)
    return FileVault(hosting.data_dir / FILE_NAME)
