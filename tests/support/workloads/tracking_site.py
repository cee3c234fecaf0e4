"""Sites of the tracking server: a contract, password files, and the command run as a person runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from mlflow_tracking.cli import main
from platform_contract import PlatformContract, local_contract
from platform_contract.document import Database
from postgres_server import PostgresServer

MASTER = "postgres"
START_SECONDS = 400
"""Longest start of a server on a busy machine: to import MLflow takes a CPU for ten seconds, in several processes."""


@dataclass(frozen=True)
class TrackingSite:
    """One environment: databases of its own on the shared server, files in a folder of its own."""

    folder: Path
    server: PostgresServer
    contract: PlatformContract
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of every command, beside its own."""

    @classmethod
    def make(cls, folder: Path, server: PostgresServer, *names: str, **changes: Any) -> TrackingSite:
        """A site whose databases are `names`, the first of which is MLflow's; `changes` are the database's."""
        purposes = ("mlflow", "airflow", "metastore")
        database = Database(
            host="localhost",
            port=server.port,
            secret="in-files",  # noqa: S106 - a name
            databases=dict(zip(purposes, names, strict=False)),
        ).model_copy(update=changes)
        contract = local_contract(folder).model_copy(update={"database": database})
        site = cls(folder, server, contract)
        (folder / "passwords").mkdir(parents=True, exist_ok=True)
        (folder / "contract.json").write_text(contract.model_dump_json())
        site.set_password_file(MASTER, master_password(server))
        for name in names:
            site.set_password_file(name, f"first password of {name} 'with\" quotes")
        return site

    def set_password_file(self, user: str, password: str) -> None:
        """As Kubernetes replaces a mounted secret's file: at once."""
        path = self.folder / "passwords" / user
        path.with_suffix(".new").write_text(password + "\n")
        path.with_suffix(".new").rename(path)

    def password_file(self, user: str) -> str:
        return (self.folder / "passwords" / user).read_text().removesuffix("\n")

    @property
    def environ(self) -> dict[str, str]:
        foreign = ("AWS_", "MLFLOW_", "PYTEST_", "PG")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "PLATFORM_CONTRACT": str(self.folder / "contract.json"),
            "MLFLOW_TRACKING_DATABASE_AUTH": "passwordFile",
            "MLFLOW_TRACKING_PASSWORD_FOLDER": str(self.folder / "passwords"),
            "MLFLOW_TRACKING_DATABASE_CA": str(self.server.ca),
            "PYTHONUNBUFFERED": "1",
            **self.variables,
        }

    def run(self, *words: str, **variables: str) -> Result:
        """Runs the command to its end, in this process: a new one takes seconds to import what it needs."""
        hidden: dict[str, str | None] = dict.fromkeys(os.environ)
        handler = signal.getsignal(signal.SIGTERM)
        try:
            return CliRunner(env={**hidden, **self.environ, **variables}).invoke(main, words)
        finally:
            signal.signal(signal.SIGTERM, handler)

    @contextmanager
    def serving(self, name: str = "server", workers: int = 1) -> Iterator[RunningServer]:
        """A server in the background, perhaps not ready yet; stopped at the end."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self.folder / f"{name}.log"
        words = ["serve", "--port", str(port), "--workers", str(workers)]
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "mlflow_tracking.cli", *words],
                env=self.environ,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = RunningServer(f"http://127.0.0.1:{port}", log, process)
        try:
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=300)
            finally:
                process.kill()


@dataclass(frozen=True)
class RunningServer:
    address: str
    log: Path
    process: subprocess.Popen[bytes]

    def wait_until_it_says(self, words: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while words not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.5)

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:  # noqa: S310
                    assert answer.read() == b"OK"
                    return
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.5)


def master_password(server: PostgresServer) -> str:
    return f"master of {server.port}"


def make_master(server: PostgresServer) -> None:
    """A master user with the rights that RDS gives: not a superuser, but it makes users and gives `rds_iam` away."""
    server.run(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{master_password(server)}'")
    server.run("CREATE ROLE rds_iam")
    server.run(f"GRANT rds_iam TO {MASTER} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
