"""From flights to the numbers that a model takes, led by the `FeatureSchema` that the model itself carries.

There is no feature here that has a name: what a model was trained on says where each of its values comes from, so that
training and serving cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from platform_contract import Feature, FeatureSchema

from bento_serving.errors import ServingError
from bento_serving.features.flights import Flight, Knowledge
from bento_serving.features.lookups import TEXT_VALUES, Floats, Integers, Lookups, Truths
from bento_serving.front.refusals import MOST_FAULTS, Fault, shortened

CHECKED: Final = ("carrier", "origin", "dest")
"""Request values that must be known to the model. A plane that is new is no fault: its features are missing."""

_NAMED: Final = 12

Pending = tuple[int, Callable[[], Fault]]
"""The position of a flight, and what makes the fault: only those that are told are made."""


class BadFlightsError(Exception):
    """Flights that cannot be asked about.

    Attributes:
        faults: the first ones, with each field and its position.
        count: how many there are.
    """

    def __init__(self, faults: Sequence[tuple[int, Callable[[], Fault]]]) -> None:
        first = sorted(faults, key=lambda fault: fault[0])[:MOST_FAULTS]
        self.faults = [make() for _, make in first]
        self.count = len(faults)
        super().__init__(str(self.faults[0]))


@dataclass(frozen=True)
class FlightFeatures:
    """The numbers for some flights, and what they rest on."""

    matrix: Floats
    knowledge: tuple[Knowledge, ...]


class FeatureBuilder:
    """Builds the features of one model from one version of the lookup tables. Never changes; threads share it."""

    def __init__(self, schema: FeatureSchema, lookups: Lookups) -> None:
        """
        Raises:
            ServingError: the schema asks for what cannot be done, or names a time zone that is not there.
        """
        self.schema = schema
        self.lookups = lookups
        self._zones = {airport: _zone(name) for airport, name in schema.origin_timezones.items()}
        self._positions: dict[str, dict[str, int]] = {}
        self._known: dict[str, set[str]] = {"origin": set(self._zones)}
        for feature in schema.features:
            self._register(feature)

    def build(self, flights: Sequence[Flight]) -> FlightFeatures:
        """The features of flights, in the model's order.

        Raises:
            BadFlightsError: an airport or a carrier is unknown, or a date does not exist.
        """
        texts: dict[str, list[str | None]] = {
            "carrier": [flight.carrier for flight in flights],
            "origin": [flight.origin for flight in flights],
            "dest": [flight.dest for flight in flights],
            "tailnum": [flight.tailnum for flight in flights],
        }
        times, faults = self._times(flights)
        faults += self._unknown(texts)
        if faults:
            raise BadFlightsError(faults)
        keys = {**times, **{name: self.lookups.encode(name, values) for name, values in texts.items()}}
        found = {name: table.find(keys) for name, table in self.lookups.tables.items()}
        matrix = np.empty((len(flights), len(self.schema.features)), dtype=np.float32)
        for i, feature in enumerate(self.schema.features):
            source = feature.source
            if source.kind == "lookup":
                columns = self.lookups.tables[source.table].columns
                matrix[:, i] = found[source.table][0][:, columns.index(source.column)]
            elif feature.name in self._positions:
                positions = self._positions[feature.name]
                matrix[:, i] = [positions.get(text or "", np.nan) for text in texts[source.value]]
            else:
                matrix[:, i] = times[source.value]
        known = {name: told for name, (_, told) in found.items()}
        return FlightFeatures(matrix, self._knowledge(known, len(flights)))

    def known(self, name: str) -> frozenset[str]:
        """The texts that a request value of `CHECKED` may have; empty for one that is not checked."""
        return frozenset(self._known.get(name, ()))

    def _register(self, feature: Feature) -> None:
        source = feature.source
        if (feature.categories is not None) != (source.kind == "request" and source.value in TEXT_VALUES):
            raise ServingError(
                f"The model's feature {feature.name!r} cannot be made here: categories go with the request's"
                f" {', '.join(sorted(TEXT_VALUES))}, and with nothing else."
            )
        if source.kind == "request" and feature.categories is not None:
            self._positions[feature.name] = {text: i for i, text in enumerate(feature.categories)}
            if source.value in CHECKED:
                categories = set(feature.categories)
                self._known[source.value] = self._known.get(source.value, categories) & categories

    def _times(self, flights: Sequence[Flight]) -> tuple[dict[str, Integers], list[Pending]]:
        """All that follows from the scheduled departures: request value → one number per flight."""
        rows: list[tuple[int, ...]] = []
        faults: list[Pending] = []
        for i, flight in enumerate(flights):
            zone = self._zones.get(flight.origin)
            try:
                local = datetime.fromisoformat(flight.scheduled_departure).replace(tzinfo=zone)
            except ValueError as error:
                faults.append((i, partial(_no_such_time, i, flight.scheduled_departure, str(error))))
                continue
            if zone is not None:  # otherwise the origin is unknown, which is told elsewhere
                hour = int(local.timestamp() // 3600)
                rows.append((
                    local.hour,
                    local.hour * 60 + local.minute,
                    local.isoweekday(),
                    hour,
                    hour - 1,
                    local.year * 10_000 + local.month * 100 + local.day,
                ))  # fmt: skip
        columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        names = (
            "departure_hour",
            "departure_minute_of_day",
            "departure_day_of_week",
            "departure_epoch_hour",
            "as_of_epoch_hour",
            "as_of_date",
        )
        return dict(zip(names, columns, strict=True)), faults

    def _unknown(self, texts: Mapping[str, Sequence[str | None]]) -> list[Pending]:
        return [
            (i, partial(_not_known, i, name, str(text), known))
            for name, known in self._known.items()
            for i, text in enumerate(texts[name])
            if text not in known
        ]

    def _knowledge(self, known: Mapping[str, Truths], count: int) -> tuple[Knowledge, ...]:
        """What answers rest on: all tables, or none of those that tell what happened before the departure, or some."""
        if not known:
            everything: list[Knowledge] = ["full"] * count
            return tuple(everything)
        full: list[bool] = np.logical_and.reduce(list(known.values())).tolist()
        timed = [told for name, told in known.items() if self.lookups.tables[name].is_timed]
        none: list[bool] = (~np.logical_or.reduce(timed)).tolist() if timed else [False] * count
        told: list[Knowledge] = []
        for all_of_it, nothing in zip(full, none, strict=True):
            told.append("full" if all_of_it else "schedule_only" if nothing else "partial")
        return tuple(told)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ServingError(f"The model names the time zone {name!r}, which is not known here.") from error


def _no_such_time(at: int, given: str, why: str) -> Fault:
    return Fault(f"flights[{at}].scheduled_departure", f"{shortened(given)} is no date and time that exists ({why})")


def _not_known(at: int, name: str, given: str, known: set[str]) -> Fault:
    listed = ", ".join(sorted(known)[:_NAMED])
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return Fault(f"flights[{at}].{name}", f"{shortened(given)} is not known to the model, which knows {listed}{more}")
