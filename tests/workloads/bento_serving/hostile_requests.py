"""Measures what hostile bodies cost the services: ``python tests/workloads/bento_serving/hostile_requests.py``.

Serves the model and the data of 'make run' (of `--data`, another folder of that layout), sends bodies of every shape
around each service's limit and a random mixture of them, and tells the slowest answer, the slowest `/livez` meanwhile,
and how much the process has grown. Fails above 2 s or 256 MiB. A measurement: the tests count work and do not time it.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import httpx

sys.path.append(str(Path(__file__).resolve().parents[2] / "support" / "workloads"))

from free_ports import free_port_base
from hostile_bodies import CLOSINGS, OPENINGS, PIECES, all_shapes, filled, rows_of_faults, unknown_keys
from platform_contract import DatasetPointer, FeatureManifest, local_contract
from serving_site import Server, Site, running

MOST_SECONDS = 2.0
MOST_MIB = 256
HEADERS = {"content-type": "application/json"}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".local/data"), show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--count", type=int, default=300, show_default=True, help="Random bodies for each service.")
def main(data: Path, seed: int, count: int) -> None:
    """See the module."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        site = _site(data.resolve(), Path(folder))
        built = site.run("build")
        if built.returncode != 0:
            raise click.ClickException(built.stderr)
        bad = False
        with running(site, "model-api", "flight-api-shared") as servers:
            for server in servers:
                bad |= _measure(server, seed, count)
    sys.exit(bad)


def _site(data: Path, folder: Path) -> Site:
    real = local_contract(data, 3001)
    own = local_contract(folder, free_port_base(31000, 32700))
    contract = own.model_copy(update={"lake": real.lake})
    version = Path(real.lake.features) / "flight_delay"
    pointer = DatasetPointer.model_validate_json((version / "LATEST.json").read_text())
    manifest = FeatureManifest.model_validate_json((version / pointer.version / "manifest.json").read_text())
    (folder / "contract.json").write_text(contract.model_dump_json())
    site = Site(folder, contract, manifest)
    site.publish((real.shared_files.models / site.model_file.name).read_bytes())
    return site


def _measure(server: Server, seed: int, count: int) -> bool:
    before, slowest, told = _mib(server, "VmRSS"), 0.0, Counter[int]()
    ended, waits = threading.Event(), [0.0]

    def probe() -> None:
        with server.client() as client:
            while not ended.wait(0.05):
                begun = time.monotonic()
                client.get("/livez").raise_for_status()
                waits.append(time.monotonic() - begun)

    prober = threading.Thread(target=probe)
    prober.start()
    with server.client() as client:
        for body in _bodies(random.Random(seed), count):  # noqa: S311 - the same bodies each time are wanted
            begun = time.monotonic()
            try:
                status = client.post("/predict", content=body, headers=HEADERS).status_code
            except httpx.TransportError:
                status = 0
            slowest = max(slowest, time.monotonic() - begun)
            told[status] += 1
    ended.set()
    prober.join()
    grown = _mib(server, "VmHWM") - before
    print(
        f"{server.log.stem}: {sum(told.values())} bodies, answers {dict(told)}, slowest {slowest:.2f} s, slowest /livez"
        f" {max(waits):.2f} s, {grown:.0f} MiB more at the peak"
    )
    return slowest > MOST_SECONDS or max(waits) > MOST_SECONDS or grown > MOST_MIB or max(told) >= 500


def _bodies(chance: random.Random, count: int) -> Iterator[bytes]:
    for size in (2**20, 1_600_000, 8 * 2**20):
        yield from (unknown_keys(size), rows_of_faults(1000, 49), rows_of_faults(1, size // 3))
        if size < 2**21:
            yield from all_shapes(size)
    for _ in range(count):
        pieces = b"".join(chance.choices(PIECES, k=chance.randint(1, 5)))
        size = chance.choice([2**10, 2**16, 2**18, 2**20, 3 * 2**19])
        yield filled(chance.choice(OPENINGS), pieces, chance.choice(CLOSINGS), size)


def _mib(server: Server, name: str) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
