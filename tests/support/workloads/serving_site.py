"""A place of its own for the services: a contract, a data set, models, and servers that are stopped by their pids."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost
from free_ports import free_port_base
from platform_contract import FeatureManifest, FeatureSchema, PlatformContract, local_contract
from platform_contract.model_file import shared_model_path
from synthetic_dataset import write_dataset

COMMAND = str(Path(sys.executable).with_name("flight-serving"))
ROWS = 9000
FIRST_HELD_OUT = 201311  # month
READY_SECONDS = 300


@dataclass(frozen=True)
class Site:
    """Where the services of a test are."""

    folder: Path
    contract: PlatformContract
    manifest: FeatureManifest

    @property
    def environ(self) -> dict[str, str]:
        """Of every command: with an empty home, so that what is written there is seen."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {**os.environ, "PLATFORM_CONTRACT": str(self.folder / "contract.json"), "HOME": str(home)}

    @property
    def model_file(self) -> Path:
        return shared_model_path(self.contract.shared_files.models)

    @property
    def features(self) -> Path:
        return Path(self.contract.lake.features)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs ``flight-serving`` to its end."""
        return subprocess.run(
            [COMMAND, *words], env=self.environ, capture_output=True, text=True, check=False, timeout=300
        )

    def data(self) -> pa.Table:
        """All rows of the data set."""
        return pq.read_table(self.features / "flight_delay" / f"v-{self.manifest.fingerprint}" / "data")

    def publish(self, content: bytes) -> None:
        """Puts a model file in its place, and its digest beside it, as training does."""
        put_model(self.model_file, content)


def put_model(target: Path, content: bytes) -> None:
    """Replaces a model file and the digest beside it, each in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    line = f"{hashlib.sha256(content).hexdigest()}  {target.name}\n"
    for path, written in ((target.with_name(f"{target.name}.sha256"), line.encode()), (target, content)):
        beside = path.with_name(".beside")
        beside.write_bytes(written)
        beside.replace(path)


def make_site(folder: Path, rows: int = ROWS) -> Site:
    """A site with a published data set and no model."""
    folder.mkdir(parents=True, exist_ok=True)
    contract = local_contract(folder, free_port_base(31000, 32700))
    (folder / "contract.json").write_text(contract.model_dump_json())
    return Site(folder, contract, write_dataset(Path(contract.lake.features), rows=rows))


def elsewhere(site: Site, folder: Path) -> Site:
    """The same data, models and Bentos with other addresses, for servers that a test stops."""
    own = local_contract(folder, free_port_base(31000, 32700)).serving
    contract = site.contract.model_copy(update={"serving": own})
    (folder / "contract.json").write_text(contract.model_dump_json())
    return Site(folder, contract, site.manifest)


def matrix(table: pa.Table, schema: FeatureSchema) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The features of rows, in the model's order, as training takes them."""
    return np.column_stack([table[name].to_numpy() for name in schema.names]).astype(np.float32)


def train(site: Site, version: str, trees: int = 40, **attributes: str) -> bytes:
    """A model file, trained on the months before the held-out ones."""
    table, schema = site.data(), site.manifest.feature_schema
    table = table.filter(pa.compute.less(table["month"], FIRST_HELD_OUT))
    data = xgboost.DMatrix(
        matrix(table, schema), table[site.manifest.label].to_numpy(), feature_names=list(schema.names)
    )
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "nthread": 1, "seed": 0}, data, trees)
    told = {
        "model_version": version,
        "data_fingerprint": site.manifest.fingerprint,
        "feature_schema": schema.model_dump_json(),
    }
    booster.set_attr(**{**told, **attributes})
    return bytes(booster.save_raw("ubj"))


def held_out(site: Site) -> pa.Table:
    """Rows that no model was trained on."""
    table = site.data()
    return table.filter(pa.compute.greater_equal(table["month"], FIRST_HELD_OUT))


def as_flights(table: pa.Table) -> list[dict[str, Any]]:
    """What a person would ask of these rows."""
    return [
        {
            "carrier": row["carrier_code"],
            "flight_number": row["flight"],
            "origin": row["origin_code"],
            "dest": row["dest_code"],
            "scheduled_departure": row["scheduled_departure"],
            "tailnum": row["tailnum"],
        }
        for row in table.to_pylist()
    ]


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def client(self) -> httpx.Client:
        # Certificates take longer to be read than a question to be answered, and there are none here.
        return httpx.Client(base_url=self.address, timeout=300, trust_env=False, verify=False)  # noqa: S501 - plain HTTP

    def await_ready(self, seconds: float = READY_SECONDS) -> None:
        """Waits until it is ready to answer."""
        self.await_status("/readyz", 200, seconds)

    def await_status(self, path: str, status: int, seconds: float = READY_SECONDS) -> None:
        """Waits until a path answers with a status."""
        deadline = time.monotonic() + seconds
        with self.client() as client:
            while time.monotonic() < deadline:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    if client.get(path).status_code == status:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        raise AssertionError(f"{path} was never {status}:\n{self.log.read_text()}")

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stops it, and sees to it that nothing of it is left, whatever a test has found."""
        if self.process.poll() is not None:
            return self.process.returncode
        family = self.family()
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=300)
        finally:
            for process in psutil.wait_procs(family, timeout=2)[1]:
                process.kill()


def start(site: Site, service: str) -> Server:
    """Starts a service at its address in the site's contract."""
    serving = site.contract.serving
    addresses = {
        "model-api": serving.model_api,
        "flight-api-embedded": serving.flight_api_embedded,
        "flight-api-shared": serving.flight_api_shared,
    }
    log = site.folder / f"{service}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, "serve", service], env=site.environ, stdout=output, stderr=output, start_new_session=True
        )
    return Server(process, addresses[service], log)


@contextmanager
def running(site: Site, *services: str) -> Iterator[list[Server]]:
    """Servers that are ready; they are stopped at the end."""
    with ExitStack() as stack:
        servers = []
        for service in services:
            servers.append(start(site, service))
            stack.callback(servers[-1].stop)
        for server in servers:
            server.await_ready()
        yield servers


@dataclass(frozen=True)
class Services:
    """A site on which everything runs."""

    site: Site
    model_api: Server
    embedded: Server
    shared: Server


def last_json(output: str) -> dict[str, Any]:
    """The summary that a command ends with."""
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return found
