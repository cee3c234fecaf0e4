"""A closed loop of requests: so many connections, each of which asks again as soon as it is answered."""

from __future__ import annotations

import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """How a server is asked."""

    connections: int
    rows: int
    """In each request."""
    after_burst: bool = False

    @property
    def name(self) -> str:
        return f"{self.connections} x {self.rows}{' after a burst' if self.after_burst else ''}"


@dataclass(frozen=True)
class Answered:
    """What a server did under a load. Latencies are in milliseconds."""

    requests_per_second: float
    p50: float
    p99: float
    requests: int
    """All of them, with those of the warm-up."""


LOADS = (Load(1, 1), Load(16, 1), Load(4, 64))
BURST = Load(16, 200)
BURST_SECONDS = 5.0
AFTER_BURST = Load(1, 1, after_burst=True)
"""What a server does for one client when others have just asked a lot: some learn to wait in a burst."""


def apply(address: str, path: str, bodies: Sequence[bytes], load: Load, seconds: float) -> Answered:
    """Asks for so many seconds after a warm-up of a quarter as long; the bodies are taken in turns.

    Raises:
        AssertionError: an answer was no 200.
    """
    next_body = itertools.cycle(bodies)
    lock = threading.Lock()
    latencies: list[float] = []
    counts: list[int] = []
    faults: list[str] = []
    begin = time.monotonic() + seconds / 4
    end = begin + seconds
    target = urlsplit(address)

    def ask() -> None:
        own: list[float] = []
        asked = 0
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        while (started := time.monotonic()) < end:
            with lock:
                body = next(next_body)
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            asked += 1
            if response.status != http.HTTPStatus.OK:
                faults.append(f"{response.status}: {content[:300]!r}")
                return
            if started >= begin:
                own.append(1000 * (time.monotonic() - started))
        connection.close()
        with lock:
            latencies.extend(own)
            counts.append(asked)

    threads = [threading.Thread(target=ask) for _ in range(load.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]  # noqa: S101 - a measurement of refusals would be none
    hundredths = statistics.quantiles(latencies, n=100, method="inclusive")
    return Answered(len(latencies) / seconds, hundredths[49], hundredths[98], sum(counts))
