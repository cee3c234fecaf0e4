"""MLflow's database where it is a file of this machine: whole, or not there.

MLflow makes its schema in some four hundred statements, and SQLite takes each for good. A process that was killed among
them left tables that no later one could go on from, so nothing but a finished database ever has the database's name:
it is made, and brought up to a newer MLflow's schema, in a file beside, which then takes its place in one rename.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ray_training.errors import TrainingError
from ray_training.receipt import database_file

if TYPE_CHECKING:
    from sqlalchemy import Engine

UNFINISHED: Final = "_alembic_tmp_"
"""How a table is called while Alembic copies it into its new shape."""
RECORDS: Final = ("runs", "registered_models")
"""Tables that have rows once somebody has used the database."""
BESIDE: Final = ("-journal", "-wal", "-shm")
"""Files in which SQLite keeps what is not in the database yet; they would be read into whatever takes its name."""


def ensure_database(tracking_uri: str) -> None:
    """Makes the database unless it is there, whole and of the schema of the MLflow that is installed.

    One that holds nothing and is not whole is made anew; one that holds runs or models is copied, and the copy brought
    up to date. Of a server's database nothing is done.

    Raises:
        TrainingError: the file is no database, or cannot be brought up to date; it is left as it was.
    """
    database = database_file(tracking_uri)
    if database is None:
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(database):
        draft = database.with_name(f"{database.name}.new")
        _remove(draft)
        there = database.exists() and database.stat().st_size > 0
        if there and _is_whole(database):
            return
        if there and _holds_records(database):
            _copy(database, draft)
        try:
            _bring_up_to_date(draft)
        except Exception as error:
            _remove(draft)
            raise TrainingError(
                f"MLflow's database {database} cannot be brought up to the schema of this MLflow, and is left as it is:"
                f" {str(error).splitlines()[0]}\nMove it away to begin with an empty one."
            ) from error
        if there:
            # Whatever they held, opening the database has put into it.
            for end in BESIDE:
                database.with_name(database.name + end).unlink(missing_ok=True)
        with draft.open("rb") as handle:
            os.fsync(handle.fileno())
        draft.replace(database)


def _is_whole(database: Path) -> bool:
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.db.utils import _get_latest_schema_revision

    tables = _tables(database)
    if any(name.startswith(UNFINISHED) for name in tables) or not tables >= {"alembic_version", *Base.metadata.tables}:
        return False
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (_get_latest_schema_revision(),)  # type: ignore[no-untyped-call]
        ]


def _holds_records(database: Path) -> bool:
    there = [name for name in RECORDS if name in _tables(database)]
    with closing(sqlite3.connect(database)) as connection:
        return any(connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in there)  # noqa: S608


def _tables(database: Path) -> set[str]:
    try:
        with closing(sqlite3.connect(database)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise TrainingError(
            f"{database} should be MLflow's database, and is not one that SQLite can read ({error}). Move it away to"
            " begin with an empty one, or put it back from a copy."
        ) from error


def _copy(database: Path, draft: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
        for name in _tables(database):
            if name.startswith(UNFINISHED):
                target.execute(f'DROP TABLE "{name}"')
        target.commit()


def _bring_up_to_date(draft: Path) -> None:
    from mlflow.store.db.utils import _initialize_tables, _verify_schema

    engine = _engine(draft)
    try:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
        _verify_schema(engine)  # type: ignore[no-untyped-call]
    finally:
        engine.dispose()


def _engine(path: Path) -> Engine:
    from sqlalchemy import URL, create_engine, event

    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _careless(connection: sqlite3.Connection, _record: object) -> None:
        # A draft that is cut off is thrown away: it need not reach the disk before it is finished.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")

    return engine


def _remove(draft: Path) -> None:
    for end in ("", *BESIDE):
        draft.with_name(draft.name + end).unlink(missing_ok=True)


@contextmanager
def _only_one(database: Path) -> Iterator[None]:
    """Of several processes that find no database one makes it, and the others wait."""
    with database.with_name(f"{database.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
