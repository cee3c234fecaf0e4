"""Thousands of requests to an API server in little time; the official client takes milliseconds for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from control_plane import ControlPlane

THREADS: Final = 16


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    body: Mapping[str, Any] | None = None
    """Posted, where there is one."""
    headers: Mapping[str, str] | None = None


class Requests:
    """Connections to one control plane, as its `admin`, which the API server does not slow down."""

    def __init__(self, plane: ControlPlane) -> None:
        place = urlsplit(plane.address)
        self._headers = {"Authorization": f"Bearer {plane.tokens['admin']}", "Content-Type": "application/json"}
        self._pool = urllib3.HTTPSConnectionPool(
            str(place.hostname),
            place.port,
            maxsize=THREADS,
            block=True,
            ca_certs=str(plane.folder / "apiserver" / "apiserver.crt"),
            timeout=60,
            # A request that was cut off may have been done: none is sent twice.
            retries=False,
        )

    def one(self, asked: Asked) -> dict[str, Any]:
        """What is answered.

        Raises:
            AssertionError: it is refused.
        """
        answer = self._pool.request(
            "GET" if asked.body is None else "POST",
            asked.path,
            body=None if asked.body is None else json.dumps(asked.body),
            headers={**self._headers, **(asked.headers or {})},
        )
        assert answer.status < 300, f"{asked.path}: {answer.status} {answer.data[:2000].decode()}"
        found: dict[str, Any] = json.loads(answer.data)
        return found

    def remove(self, path: str) -> None:
        """Removes an object, or all of a collection.

        Raises:
            AssertionError: it is refused.
        """
        answer = self._pool.request("DELETE", path, headers=self._headers)
        assert answer.status < 300, f"{path}: {answer.status} {answer.data[:2000].decode()}"

    def many(self, asked: Iterable[Asked]) -> list[dict[str, Any]]:
        """What is answered to each, in the same order."""
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self.one, asked))

    def items(self, path: str) -> list[dict[str, Any]]:
        """All objects of a list, page by page; `path` may have a query."""
        found: list[dict[str, Any]] = []
        mark = ""
        while True:
            page = self.one(Asked(f"{path}{'&' if '?' in path else '?'}limit=500{mark and f'&continue={mark}'}"))
            found += page["items"]
            mark = page["metadata"].get("continue", "")
            if not mark:
                return found
