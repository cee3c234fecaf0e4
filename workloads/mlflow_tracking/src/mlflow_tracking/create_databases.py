"""``mlflow-tracking create-databases``: a database and an owner for each purpose in the contract."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
import psycopg.conninfo
from platform_contract import PlatformContract
from platform_contract.document import Database
from psycopg.sql import SQL, Identifier, Literal

from mlflow_tracking.database import first_line
from mlflow_tracking.errors import TrackingError
from mlflow_tracking.settings import Settings, connection_options, database_of, region_of
from mlflow_tracking.sign_in import password_in_file

SETUP_LOCK: Final = 0x7365747570  # "setup"
IAM_ROLE: Final = "rds_iam"
"""Its members sign in to RDS with tokens, and in no other way."""
LONGEST_NAME: Final = 63
"""Bytes of a name in PostgreSQL; it would cut a longer one without a word."""


def read_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """``DATABASE=SECRET`` as a mapping.

    Raises:
        TrackingError: one has another form.
    """
    read = dict(pair.partition("=")[::2] for pair in pairs)
    if wrong := [name for name, secret in read.items() if not (name and secret)]:
        raise TrackingError(f"--password-secret wants DATABASE=SECRET (given: {', '.join(wrong)}).")
    return read


def create_databases(
    contract: PlatformContract, password_secrets: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, list[str]]:
    """Makes what is missing.

    Args:
        contract: names the server, the master user's secret and the databases.
        password_secrets: database → secret in AWS with its user's password, for users that cannot use IAM tokens. A
            secret without a value gets a password that is drawn here.
        say: told of each thing that was made.

    Returns:
        What was made or changed, by kind.

    Raises:
        TrackingError: the server refuses, or the names, secrets and files do not fit.
    """
    settings = Settings.from_environ()
    database = database_of(contract, settings)
    names = sorted(set(database.databases.values()))
    if wrong := [name for name in names if not 0 < len(name.encode()) <= LONGEST_NAME]:
        raise TrackingError(f"A database's name has 1 to {LONGEST_NAME} bytes: {', '.join(map(repr, wrong))}.")
    if unknown := sorted(set(password_secrets) - set(names)):
        raise TrackingError(f"--password-secret names no database of the contract: {', '.join(unknown)}.")
    user, password = _master(database, settings)
    try:
        # The bound is for each statement, the wait for another setup included.
        with _connect(database, settings, user, password, "postgres", options="-c statement_timeout=120000") as open_:
            open_.execute("SELECT pg_advisory_lock(%s)", [SETUP_LOCK])
            setup = _Setup(database, settings, settings.region or region_of(database.secret), open_, user, say)
            for name in names:
                setup.make(name, password_secrets.get(name))
            return setup.made
    except psycopg.Error as error:
        where = f"{database.host}:{database.port}"
        raise TrackingError(f"The database at {where} refuses what {user} asks for: {first_line(error)}") from None


@dataclass(frozen=True)
class _Setup:
    database: Database
    settings: Settings
    region: str | None
    """Where secrets are that are not named by an ARN."""
    connection: psycopg.Connection
    master: str
    say: Callable[[str], None]
    made: dict[str, list[str]] = field(
        default_factory=lambda: {"users": [], "databases": [], "tokens": [], "passwords": []}
    )

    def make(self, name: str, password_secret: str | None) -> None:
        user = Identifier(name)
        if not self._there("SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            self.connection.execute(SQL("CREATE ROLE {} LOGIN").format(user))
            self._made("users", name, f"user {name}")
        self._make_database(name)
        if self.settings.auth == "passwordFile":
            self._set_password(name, password_in_file(self.settings, name))
        elif password_secret is not None:
            self._set_password(name, kept_password(password_secret, self.region))
        else:
            self._let_sign_in_with_token(name)

    def _make_database(self, name: str) -> None:
        owner = self.connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if owner is not None:
            if owner[0] != name:
                raise TrackingError(
                    f"The database {name} belongs to {owner[0]}, not to {name}: rename it, or give it away"
                    f" (ALTER DATABASE … OWNER TO …)."
                )
            return
        user, master = Identifier(name), Identifier(self.master)
        # Only who may act as a user can give it a database. A member of a member of `rds_iam` may lose the right to
        # sign in with a password (movetokube/postgres-operator#315), so the master is a member for this moment alone,
        # and without inheriting; the user itself joins `rds_iam` only afterwards.
        self.connection.execute(SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(user, master))
        try:
            self.connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(user, user))
            with self.connection.transaction():
                self.connection.execute(SQL("SET LOCAL ROLE {}").format(user))
                # Otherwise every user of the server may connect.
                self.connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(user))
        finally:
            self.connection.execute(SQL("REVOKE {} FROM {} GRANTED BY {}").format(user, master, master))
        self._made("databases", name, f"database {name}")

    def _let_sign_in_with_token(self, name: str) -> None:
        if not self._there("SELECT 1 FROM pg_roles WHERE rolname = %s", IAM_ROLE):
            raise TrackingError(
                f"The server has no role {IAM_ROLE}: switch IAM authentication on for it, or let users sign in with"
                " password files."
            )
        if not self._there("SELECT 1 WHERE pg_has_role(%s, %s, 'MEMBER')", name, IAM_ROLE):
            self.connection.execute(SQL("GRANT {} TO {}").format(Identifier(IAM_ROLE), Identifier(name)))
            self._made("tokens", name, f"user {name} signs in with IAM tokens")

    def _set_password(self, name: str, password: str) -> None:
        """Unless the user can sign in with it already. The server sees and logs a verifier, not the password."""
        try:
            _connect(self.database, self.settings, name, password, name).close()
        except psycopg.OperationalError:
            verifier = self.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
            change = SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(name), Literal(verifier.decode()))
            self.connection.execute(change)
            self._made("passwords", name, f"password of {name}")

    def _there(self, question: LiteralString, *values: str) -> bool:
        return self.connection.execute(question, values).fetchone() is not None

    def _made(self, kind: str, name: str, text: str) -> None:
        self.made[kind].append(name)
        self.say(text)


def _connect(
    database: Database, settings: Settings, user: str, password: str, name: str, **more: str
) -> psycopg.Connection:
    parameters = {"user": user, "password": password, "dbname": name, **connection_options(database, settings), **more}
    address = psycopg.conninfo.make_conninfo(host=database.host, port=database.port, **parameters)
    return psycopg.connect(address, autocommit=True)


def _master(database: Database, settings: Settings) -> tuple[str, str]:
    """Name and password of the user who makes databases."""
    if settings.auth == "passwordFile":
        return settings.master_user, password_in_file(settings, settings.master_user)
    secret = read_secret(database.secret, settings.region)
    return secret.get("username", settings.master_user), secret["password"]


def kept_password(name: str, region: str | None = None) -> str:
    """The password that is all of a secret's text (EMR cannot pick a field out of JSON); drawn and kept if it has none.

    Raises:
        TrackingError: the secret cannot be read or written. The message has nothing of its content.
    """
    with _secrets_manager(name, region) as client:
        try:
            text: str = client.get_secret_value(SecretId=name)["SecretString"]
        except client.exceptions.ResourceNotFoundException:  # the secret is there, its value is not
            text = secrets.token_urlsafe(32)
            client.put_secret_value(SecretId=name, SecretString=text)
        return text


def read_secret(name: str, region: str | None = None) -> dict[str, Any]:
    """A secret of AWS as RDS writes it: JSON with ``username`` and ``password``.

    Raises:
        TrackingError: it cannot be read, or has another form. The message has nothing of its content.
    """
    with _secrets_manager(name, region) as client:
        text = client.get_secret_value(SecretId=name)["SecretString"]
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    if not (isinstance(secret, dict) and isinstance(secret.get("password"), str) and secret["password"]):
        raise TrackingError(f"The secret {name} is not JSON with a 'password', as RDS writes it.") from None
    return secret


@contextmanager
def _secrets_manager(name: str, region: str | None) -> Iterator[Any]:
    """A client for the region that the secret is in; what AWS refuses inside the block is told in a sentence."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield boto3.Session().client("secretsmanager", region_name=region_of(name) or region)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise TrackingError(f"The secret {name} cannot be read: {code}. May this process's role read it?") from None
    except BotoCoreError as error:
        raise TrackingError(f"The secret {name} cannot be read: {error}") from None
