"""Signing in to the database with a secret that is made, or read, for each new connection.

MLflow's server is several processes, each with engines of its own, made from one address. So the way to sign in is
part of the address, ``?plugin=platform_sign_in``: SQLAlchemy loads `SignIn` in whichever process opens it. The address,
which shows in variables and process lists, has no secret in it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import CreateEnginePlugin

from mlflow_tracking.errors import TrackingError
from mlflow_tracking.settings import AUTH_VARIABLE, REGION_VARIABLE, Settings

PLUGIN: Final = "platform_sign_in"
"""Name of the entry point in `pyproject.toml`."""


class SignIn(CreateEnginePlugin):
    """SQLAlchemy's hook: adds the password of the moment to each new connection of an engine."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self.address = url

    def update_url(self, url: URL) -> URL:
        """Called by SQLAlchemy: the plugin has no words of its own in the address."""
        return url

    def engine_created(self, engine: Engine) -> None:
        """Called by SQLAlchemy once there is an engine."""
        settings, url = Settings.from_environ(), self.address
        if not (url.host and url.username):
            raise TrackingError(f"The database address needs a host and a user: {url.render_as_string()}")
        host, port, user = url.host, url.port or 5432, url.username

        @event.listens_for(engine, "do_connect")
        def add_password(_dialect: object, _record: object, _words: object, parameters: dict[str, Any]) -> None:
            parameters["password"] = password_for(settings, host, port, user)


def password_for(settings: Settings, host: str, port: int, user: str) -> str:
    """What to sign in with, now.

    Raises:
        TrackingError: there is no password file, or no credentials of AWS to sign a token with.
    """
    if settings.auth == "passwordFile":
        return password_in_file(settings, user)
    return iam_token(settings, host, port, user)


def password_in_file(settings: Settings, user: str) -> str:
    """A user's password as its file has it now: a rotated one is used from the next connection on.

    Raises:
        TrackingError: the file is missing, cannot be read or is empty.
    """
    path = settings.password_folder / user
    try:
        password = path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TrackingError(f"Cannot read the password of the database user {user}, {path}: {reason}.") from None
    if not password:
        raise TrackingError(f"The password file of the database user {user} is empty: {path}.")
    return password


def iam_token(settings: Settings, host: str, port: int, user: str) -> str:
    """A token that RDS takes for 15 minutes; an open connection outlives it. Signed here, without a request.

    Raises:
        TrackingError: no region is set, or AWS gives this process no credentials.
    """
    from botocore.exceptions import BotoCoreError

    if settings.region is None:
        raise TrackingError(f"{REGION_VARIABLE} is not set: a token is signed for the region of the database.")
    try:
        token = _rds(settings.region).generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    except BotoCoreError as error:
        raise TrackingError(
            f"No token for the database user {user}: {error}. {AUTH_VARIABLE}=iam needs credentials of AWS; in a pod"
            " its service account's role gives them (EKS Pod Identity)."
        ) from None
    return str(token)


@cache
def _rds(region: str) -> Any:  # noqa: ANN401 - boto3 makes its clients when it runs
    """A client, which renews the credentials it signs with by itself; to make one takes a while."""
    import boto3

    return boto3.Session().client("rds", region_name=region)
