"""Asks both flight APIs for flights that the model has never seen, and compares with the batch predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local_pipeline.faults import PipelineError

ASKED: Final = 1200
BATCH: Final = 200
TOLERANCE: Final = 1e-6
"""The largest difference between a served and a batch probability. More means training/serving skew."""

Flight = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What the services answered for held-out flights, beside the batch predictions and what really happened."""

    flights: Sequence[Flight]
    embedded: Sequence[float]
    shared: Sequence[float]

    @property
    def largest_difference(self) -> float:
        """Between either service and the batch predictions, over all flights."""
        return max(
            abs(answer - float(flight["probability"]))
            for answers in (self.embedded, self.shared)
            for flight, answer in zip(self.flights, answers, strict=True)
        )

    def sample(self, size: int) -> Iterator[tuple[Flight, float, float]]:
        """Flights at even distances over the probabilities, from the lowest to the highest."""
        order = sorted(range(len(self.flights)), key=lambda i: self.embedded[i])
        for k in range(size):
            i = order[k * (len(order) - 1) // max(1, size - 1)]
            yield self.flights[i], self.embedded[i], self.shared[i]


def held_out_flights(predictions: Path, count: int = ASKED) -> list[Flight]:
    """Flights of the batch predictions at even distances, so that every part of the held-out months is asked for.

    Raises:
        PipelineError: the file is not there or holds no flights.
    """
    try:
        table = pq.read_table(predictions)
    except (OSError, ValueError) as error:
        raise PipelineError(f"No batch predictions at {predictions}: run the training again ({error}).") from error
    if table.num_rows == 0:
        raise PipelineError(f"{predictions} holds no flights: there are none in the held-out months.")
    count = min(count, table.num_rows)
    rows = [i * (table.num_rows - 1) // max(1, count - 1) for i in range(count)]
    ordered = table.take(pc.sort_indices(table, sort_keys=[("flight_id", "ascending")]))
    flights: list[Flight] = ordered.take(rows).to_pylist()
    return flights


def as_request(flight: Flight) -> dict[str, Any]:
    """What a person would ask: no feature, just what is on a ticket."""
    asked = {
        "carrier": flight["carrier_code"],
        "flight_number": flight["flight"],
        "origin": flight["origin_code"],
        "dest": flight["dest_code"],
        "scheduled_departure": flight["scheduled_departure"],
    }
    return {**asked, "tailnum": flight["tailnum"]} if flight["tailnum"] else asked


def ask(address: str, flights: Sequence[Flight]) -> list[float]:
    """The probabilities that a flight API answers, in the order of the flights.

    Raises:
        PipelineError: the service refused or failed; with its answer.
    """
    answers: list[float] = []
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        for first in range(0, len(flights), BATCH):
            body = {"flights": [as_request(flight) for flight in flights[first : first + BATCH]]}
            try:
                response = client.post("/predict", json=body)
            except httpx.HTTPError as error:
                raise PipelineError(f"{address}/predict did not answer: {error}.") from error
            if response.status_code != httpx.codes.OK:
                raise PipelineError(f"{address}/predict answered {response.status_code}: {response.text[:500]}")
            answers += [answer["probability_late"] for answer in response.json()]
    return answers


def compare(predictions: Path, embedded: str, shared: str) -> Comparison:
    """Asks both services for the same flights.

    Raises:
        PipelineError: a service failed, or one differs from the batch predictions by more than `TOLERANCE`.
    """
    flights = held_out_flights(predictions)
    comparison = Comparison(flights, ask(embedded, flights), ask(shared, flights))
    if not comparison.largest_difference <= TOLERANCE:
        raise PipelineError(
            f"The services differ from the batch predictions by up to {comparison.largest_difference:.2g} (allowed:"
            f" {TOLERANCE:.0e}): training and serving do not make the same features."
        )
    return comparison
