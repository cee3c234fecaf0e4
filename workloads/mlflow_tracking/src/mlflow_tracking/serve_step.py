"""``mlflow-tracking serve``: MLflow's own server on the contract's database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from platform_contract import PlatformContract

from mlflow_tracking.database import address_of, migrate
from mlflow_tracking.errors import TrackingError
from mlflow_tracking.settings import PURPOSE, REGION_VARIABLE, Settings, database_of, region_of

ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # Jobs are for judging language models; they would start further processes with connections of their own.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # A worker has two engines (runs, registry): 2 replicas of 2 workers take 64 connections at most.
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "3",
    "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "5",
    # Seconds: after a change of the password or of the server behind the name, all connections are new soon.
    "MLFLOW_SQLALCHEMYSTORE_POOL_RECYCLE": "600",
}
"""Of the server; what is set already wins."""


@dataclass(frozen=True)
class ServeOptions:
    """What a person can choose."""

    host: str
    port: int
    workers: int
    wait_seconds: int


def serve(contract: PlatformContract, options: ServeOptions, say: Callable[[str], None]) -> None:
    """Waits for the database, brings its schema up to date and serves until the process is stopped.

    Raises:
        TrackingError: the contract, the variables or the database do not allow it.
    """
    deadline = time.monotonic() + options.wait_seconds
    settings = Settings.from_environ()
    database = database_of(contract, settings)
    if PURPOSE not in database.databases:
        raise TrackingError(f"The contract's database.databases has no {PURPOSE!r}: MLflow's runs have no place.")
    if settings.region is None and (region := region_of(database.secret)):
        os.environ[REGION_VARIABLE] = region  # the workers' as well
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    address = address_of(database, database.databases[PURPOSE], settings)
    migrate(address, deadline, say)

    # In this process, where MLflow is imported already: that takes long.
    from mlflow.cli import cli

    say(f"serving at http://{options.host}:{options.port}, artifacts of new experiments at {contract.mlflow.artifacts}")
    cli.main(server_words(contract, options, address), prog_name="mlflow", standalone_mode=False)


def server_words(contract: PlatformContract, options: ServeOptions, address: str) -> list[str]:
    """The words of ``mlflow server``.

    Clients read and write artifacts themselves, with their own rights on the lake: the server is no way around those,
    and no bottleneck. It reads them only to show them on its pages.
    """
    hosts, origins = allowed_hosts(contract, options.port)
    return [
        "server",
        *("--backend-store-uri", address),
        *("--default-artifact-root", contract.mlflow.artifacts),
        "--no-serve-artifacts",
        *("--host", options.host),
        *("--port", str(options.port)),
        *("--workers", str(options.workers)),
        *("--allowed-hosts", ",".join(hosts)),
        *("--cors-allowed-origins", ",".join(origins)),
    ]


def allowed_hosts(contract: PlatformContract, port: int) -> tuple[list[str], list[str]]:
    """The names by which the server may be called, and the origins of pages that may write.

    MLflow refuses requests for names that it does not know, against DNS rebinding. Known are the contract's addresses,
    a service's shorter names inside its cluster, and this machine (port forwarding).
    """
    addresses = [value for value in (contract.mlflow.tracking_uri, contract.mlflow_ui) if value]
    parts = [urlsplit(address) for address in addresses if address.startswith("http")]
    names = {"localhost", "127.0.0.1"}
    for part in parts:
        name = part.hostname or ""
        names.add(name)
        if name.endswith(".svc.cluster.local"):
            labels = name.split(".")
            names |= {".".join(labels[:count]) for count in (1, 2, 3)}
    hosts = sorted(names) + sorted(f"{name}:*" for name in names)
    origins = {f"{part.scheme}://{part.netloc}" for part in parts} | {f"http://localhost:{port}"}
    return hosts, sorted(origins)
