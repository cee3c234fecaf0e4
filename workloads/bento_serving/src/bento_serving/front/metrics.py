"""The metrics of requests, under BentoML's own names, for ``/metrics``.

BentoML's middleware makes a time series of every path that anybody asks for, so that a client fills the memory with
paths that there are not. Here all of those are one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

if TYPE_CHECKING:
    import prometheus_client

OTHER: Final = "other"
"""The endpoint of what is none of a service's own."""

BUCKETS: Final = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
"""Upper bounds of the histogram, in seconds."""


@dataclass
class Seen:
    """What came of a request."""

    status: int = 500


class RequestMetrics:
    """Counts, durations and the number under way.

    prometheus_client is imported late: it looks for its folder when it is imported, and BentoML sets it in a worker.
    """

    def __init__(self, service: str, endpoints: tuple[str, ...]) -> None:
        self._service = service
        self._endpoints = frozenset(endpoints)
        self._made: tuple[Any, Any, Any] | None = None
        self._children: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._under_way: dict[str, Any] = {}

    @contextmanager
    def measured(self, path: str) -> Iterator[Seen]:
        """Measures a request; its status is to be told to what this gives."""
        endpoint = path if path in self._endpoints else OTHER
        if endpoint not in self._under_way:
            self._under_way[endpoint] = self._metrics()[2].labels(endpoint=endpoint, service_name=self._service)
        gauge, seen, begun = self._under_way[endpoint], Seen(), time.perf_counter()
        gauge.inc()
        try:
            yield seen
        finally:
            gauge.dec()
            total, duration = self._of(endpoint, seen.status)
            total.inc()
            duration.observe(time.perf_counter() - begun)

    def page(self) -> Response:
        """The answer to ``/metrics``."""
        import prometheus_client
        from prometheus_client import multiprocess

        registry: Any = prometheus_client.REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # under 'bentoml serve'
            registry = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        content = prometheus_client.generate_latest(registry)
        return Response(content, media_type=prometheus_client.CONTENT_TYPE_LATEST)

    def _of(self, endpoint: str, status: int) -> tuple[Any, Any]:
        key = (endpoint, status)
        if key not in self._children:
            total, duration, _ = self._metrics()
            labels = {"endpoint": endpoint, "service_name": self._service, "http_response_code": status}
            self._children[key] = (total.labels(**labels), duration.labels(**labels))
        return self._children[key]

    def _metrics(self) -> tuple[prometheus_client.Counter, prometheus_client.Histogram, prometheus_client.Gauge]:
        if self._made is None:
            import prometheus_client

            answered = ["endpoint", "service_name", "http_response_code"]
            self._made = (
                prometheus_client.Counter("bentoml_service_request_total", "Requests that were answered.", answered),
                prometheus_client.Histogram(
                    "bentoml_service_request_duration_seconds",
                    "Time from the first byte of a request to the last of its answer.",
                    answered,
                    buckets=BUCKETS,
                ),
                prometheus_client.Gauge(
                    "bentoml_service_request_in_progress",
                    "Requests under way.",
                    ["endpoint", "service_name"],
                    multiprocess_mode="livesum",
                ),
            )
        return self._made
