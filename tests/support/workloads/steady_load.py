"""Requests without a pause, from a thread, with every answer kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import urllib3

FLIGHTS: Final = [
    {
        "carrier": "B6",
        "flight_number": 1018,
        "origin": "JFK",
        "dest": "BOS",
        "scheduled_departure": "2013-11-05T18:30:00",
    },
    {
        "carrier": "UA",
        "flight_number": 1545,
        "origin": "EWR",
        "dest": "IAH",
        "scheduled_departure": "2013-12-20T07:15:00",
    },
]


class SteadyLoad:
    """Asks a flight API for the same flights again and again while the block lasts, each time over a new connection."""

    def __init__(self, address: str, pause_seconds: float = 0.05) -> None:
        self._address, self._pause = address, pause_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: list[list[float]] = []
        self.failures: list[str] = []

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                response = urllib3.request(
                    "POST",
                    f"{self._address}/predict",
                    json={"flights": FLIGHTS},
                    headers={"Connection": "close"},
                    retries=False,
                    timeout=30,
                )
                if response.status == 200:
                    self.answers.append([one["probability_late"] for one in response.json()])
                else:
                    self.failures.append(f"{response.status}: {response.data[:200]!r}")
            except urllib3.exceptions.HTTPError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            self._over.wait(self._pause)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 300) -> None:
        """Until something holds, while requests go on.

        Raises:
            AssertionError: it did not in time.
        """
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not in {seconds:.0f} s: {what}; failures: {self.failures[-3:]}"
            time.sleep(0.1)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_until(lambda: bool(self.answers or self.failures), "a first answer")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(60)
