"""MLflow's database on this machine, made and brought up to date by processes that are killed at any statement."""

from __future__ import annotations

import importlib
import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlflow
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from forked import in_a_fork
from mlflow.exceptions import MlflowException
from ray_training.errors import TrainingError
from ray_training.tracking.tracking_database import ensure_database
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

utils: Any = importlib.import_module("mlflow.store.db.utils")
SEED = 14
KILLS = 3
RUN = "0123456789abcdef0123456789abcdef"
Stop = Callable[[int, str], bool]


def uri(database: Path) -> str:
    return f"sqlite:///{quote(str(database))}"


def killed(work: Callable[[], object], stop: Stop) -> bool:
    """Whether a process that does the work was killed: before its first statement that `stop` (number, SQL) wants."""
    number = 0

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal number
        number += 1
        if stop(number, statement):
            os.kill(os.getpid(), signal.SIGKILL)

    def watched() -> None:
        event.listen(Engine, "before_cursor_execute", count)
        work()

    ended = in_a_fork(watched)
    assert ended in {0, -signal.SIGKILL}, ended
    return ended != 0


def before(wanted: int) -> Stop:
    return lambda number, _: number == wanted


def usable(database: Path) -> bool:
    """Whether MLflow itself can work with it, in a process that knows no other."""
    client = mlflow.MlflowClient(tracking_uri=uri(database), registry_uri=uri(database))
    return client.get_experiment_by_name("Default") is not None and client.search_registered_models() == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A database that nothing disturbed, and the statements that it took."""
    database, count = tmp_path_factory.mktemp("whole") / "mlflow.db", 0

    def add(*_: Any) -> None:
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", add)
    ensure_database(uri(database))
    event.remove(Engine, "before_cursor_execute", add)
    return database, count


def test_a_database_is_there_whole_or_not_at_all_wherever_its_making_is_killed(
    tmp_path: Path, whole: tuple[Path, int]
) -> None:
    database, statements = tmp_path / "a folder of 100 % @home?" / "mlflow.db", whole[1]
    assert statements > 100
    draw = random.Random(SEED)  # noqa: S311 - no secret
    for number in [1, *draw.sample(range(2, statements), KILLS), statements]:
        assert killed(lambda: ensure_database(uri(database)), before(number)), number
        assert not database.exists(), number
    ensure_database(uri(database))
    assert usable(database)
    # What the killed ones had begun is gone.
    assert sorted(path.name for path in database.parent.iterdir()) == ["mlflow.db", "mlflow.db.lock"]


def test_a_database_that_mlflow_itself_left_half_made_is_made_anew(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    tables = iter(range(10))

    def in_the_middle(_: int, statement: str) -> bool:
        return statement.lstrip().startswith("INSERT INTO _alembic_tmp_") and next(tables) == 3

    assert killed(lambda: utils._initialize_tables(create_engine(uri(database))), in_the_middle)
    broken = tmp_path / "broken.db"
    shutil.copy(database, broken)
    with pytest.raises((MlflowException, SQLAlchemyError), match="_alembic_tmp_"):
        usable(broken)
    ensure_database(uri(database))
    assert usable(database)


def test_a_database_that_is_whole_is_left_as_it_is(whole: tuple[Path, int]) -> None:
    database, _ = whole
    before = database.stat()
    ensure_database(uri(database))
    after = database.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.fixture(scope="module")
def of_yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the schema before the newest, with a run in it."""
    database = tmp_path_factory.mktemp("older") / "mlflow.db"
    engine = create_engine(uri(database))
    # Nobody kills this one.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    utils.InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(uri(database))
    _newest, second, *_ = ScriptDirectory.from_config(config).walk_revisions()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, second.revision)
    engine.dispose()
    with closing(sqlite3.connect(database)) as written:
        written.execute("INSERT INTO runs (run_uuid, name, lifecycle_stage) VALUES (?, 'kept', 'active')", [RUN])
        written.commit()
    return database


@pytest.fixture
def older(of_yesterday: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, which must have its run at the end of the test."""
    database = tmp_path / "mlflow.db"
    shutil.copy(of_yesterday, database)
    yield database
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT run_uuid, name FROM runs").fetchall() == [(RUN, "kept")]


def version(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_the_schema_of_a_database_with_runs_is_brought_up_to_date_or_left_as_it_was(older: Path) -> None:
    before = version(older)
    assert before != utils._get_latest_schema_revision()
    assert killed(lambda: ensure_database(uri(older)), lambda _, statement: statement.startswith("UPDATE alembic"))
    assert version(older) == before
    ensure_database(uri(older))
    assert version(older) == utils._get_latest_schema_revision()


def test_a_schema_of_a_newer_mlflow_is_told_and_left(older: Path) -> None:
    with closing(sqlite3.connect(older)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of-tomorrow'")
        connection.commit()
    with pytest.raises(TrainingError, match=r"(?s)mlflow\.db cannot be brought up .* left as it is.*of-tomorrow"):
        ensure_database(uri(older))
    assert version(older) == "of-tomorrow"
    assert not older.with_name("mlflow.db.new").exists()


def test_a_file_that_is_no_database_is_told_and_left(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    before = database.read_bytes()
    with pytest.raises(TrainingError, match="is not one that SQLite can read"):
        ensure_database(uri(database))
    assert database.read_bytes() == before


def test_a_server_s_database_is_its_own_affair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ensure_database("http://127.0.0.1:1/")
    assert list(tmp_path.iterdir()) == []
