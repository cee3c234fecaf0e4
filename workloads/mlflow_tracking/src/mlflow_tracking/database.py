"""MLflow's database: its address, waiting until it answers, and its schema."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from platform_contract.document import Database
from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from mlflow_tracking.errors import TrackingError
from mlflow_tracking.settings import Settings, connection_options
from mlflow_tracking.sign_in import PLUGIN

MIGRATION_LOCK: Final = 0x6D6C666C6F77  # "mlflow"
"""Of PostgreSQL's advisory locks, which are per database."""

FINAL_FAULTS: Final = (
    "authentication failed",
    "does not exist",
    "is not permitted to log in",
    "no pg_hba.conf entry",
    "certificate verify failed",
    "server certificate for",
    "does not support SSL",
)
"""What waiting does not mend, as libpq says it: it has no codes for a connection that did not come about."""


def address_of(database: Database, name: str, settings: Settings) -> str:
    """SQLAlchemy's address of a database as its owner, who has the database's name. No secret is in it."""
    query = {**connection_options(database, settings), "plugin": PLUGIN}
    url = URL.create(
        "postgresql+psycopg", username=name, host=database.host, port=database.port, database=name, query=query
    )
    return url.render_as_string(hide_password=False)


def first_line(error: BaseException) -> str:
    """What a driver says, without the statement and the hints that SQLAlchemy adds."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(origin).split("\n")[0].split()) or type(origin).__name__


@contextmanager
def connected(address: str, deadline: float, say: Callable[[str], None]) -> Iterator[Connection]:
    """A connection in autocommit mode. Tries until `deadline` (of `time.monotonic`) while the server is not there yet.

    Raises:
        TrackingError: it does not answer in time, or refuses this user.
    """
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    connection, told = None, False
    while connection is None:
        try:
            connection = engine.connect()
        except OperationalError as error:
            fault = first_line(error)
            where = f"database at {engine.url.host}:{engine.url.port}"
            if any(words in fault for words in FINAL_FAULTS):
                raise TrackingError(f"The {where} refuses {engine.url.username}: {fault}") from None
            if time.monotonic() >= deadline:
                raise TrackingError(f"The {where} did not answer in time. Last: {fault}") from None
            if not told:
                say(f"waiting for the {where}")
                told = True
            time.sleep(1)
    with connection:
        yield connection


def migrate(address: str, deadline: float, say: Callable[[str], None]) -> None:
    """Brings the schema to what this MLflow needs. Of several servers that start at once, one does, the others wait.

    An older server that still runs beside a newer one keeps working as far as MLflow's migrations allow: MLflow
    compares the versions only when it starts.

    Raises:
        TrackingError: the database is not there in time, is locked for too long, or is ahead of this MLflow.
    """
    with connected(address, deadline, say) as connection:
        # Only now: to import MLflow takes longer than to be refused.
        from mlflow.store.db.utils import _get_latest_schema_revision

        needed = str(_get_latest_schema_revision())  # type: ignore[no-untyped-call]
        _lock(connection, deadline, say)  # until the connection ends, however it ends
        found = _revision(connection)
        if found == needed:
            say(f"the schema is up to date ({needed})")
            return
        say(f"bringing the schema from {found or 'nothing'} to {needed}")
        _upgrade(address, found)
        say("the schema is up to date")


def _lock(connection: Connection, deadline: float, say: Callable[[str], None]) -> None:
    told = False
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
        if time.monotonic() >= deadline:
            raise TrackingError("Another server is still at the database's schema, and the time to wait is over.")
        if not told:
            say("another server is at the schema: waiting for it")
            told = True
        time.sleep(0.5)


def _revision(connection: Connection) -> str | None:
    """Alembic's mark in the database; None if there is none."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if revision is None else str(revision)


def _upgrade(address: str, found: str | None) -> None:
    """``mlflow db upgrade``, in this process."""
    from alembic.util.exc import CommandError
    from mlflow.db import commands

    try:
        commands.main(["upgrade", address], prog_name="mlflow db", standalone_mode=False)
    except CommandError as error:
        if "Can't locate revision" in str(error):
            raise TrackingError(
                f"The database's schema ({found}) is newer than this MLflow, or not MLflow's: use the image that made"
                " it, or restore the database to a point before."
            ) from None
        raise
