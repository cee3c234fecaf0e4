"""From flights to the numbers that a model takes, led by the `FeatureSchema` that the model itself carries.

There is no feature here that has a name: what a model was trained on says where each of its values comes from, so that
training and serving cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
from platform_contract import Feature, FeatureSchema

from bento_serving.errors import ServingError
from bento_serving.flights import Flight, Knowledge
from bento_serving.lookups import TEXT_VALUES, Floats, Integers, Lookups
from bento_serving.refusals import Fault, shortened

CHECKED: Final = ("carrier", "origin", "dest")
"""Request values that must be known to the model. A plane that is new is no fault: its features are missing."""

_NAMED: Final = 12


class BadFlightsError(Exception):
    """Flights that cannot be asked about; `faults` names each field and its position."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(str(faults[0]))
        self.faults = faults


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
            raise BadFlightsError(sorted(faults, key=_position))
        keys = {**times, **{name: self.lookups.encode(name, values) for name, values in texts.items()}}
        found = {name: table.find(keys) for name, table in self.lookups.tables.items()}
        matrix = np.empty((len(flights), len(self.schema.features)), dtype=np.float32)
        for i, feature in enumerate(self.schema.features):
            source = feature.source
            if source.kind == "lookup":
                columns = self.lookups.tables[source.table].columns
                matrix[:, i] = found[source.table][:, columns.index(source.column)]
            elif feature.name in self._positions:
                positions = self._positions[feature.name]
                matrix[:, i] = [positions.get(text or "", np.nan) for text in texts[source.value]]
            else:
                matrix[:, i] = times[source.value]
        return FlightFeatures(matrix, self._knowledge(keys, len(flights)))

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

    def _times(self, flights: Sequence[Flight]) -> tuple[dict[str, Integers], list[Fault]]:
        """All that follows from the scheduled departures: request value → one number per flight."""
        rows, faults = [], []
        for i, flight in enumerate(flights):
            zone = self._zones.get(flight.origin)
            try:
                local = datetime.fromisoformat(flight.scheduled_departure).replace(tzinfo=zone)
            except ValueError as error:
                problem = f"{shortened(flight.scheduled_departure)} is no date and time that exists ({error})"
                faults.append(Fault(f"flights[{i}].scheduled_departure", problem))
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

    def _unknown(self, texts: Mapping[str, Sequence[str | None]]) -> list[Fault]:
        faults = []
        for name, known in self._known.items():
            for i, text in enumerate(texts[name]):
                if text not in known:
                    listed = ", ".join(sorted(known)[:_NAMED])
                    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
                    problem = f"{shortened(str(text))} is not known to the model, which knows {listed}{more}"
                    faults.append(Fault(f"flights[{i}].{name}", problem))
        return faults

    def _knowledge(self, keys: Mapping[str, Integers], count: int) -> tuple[Knowledge, ...]:
        covers = [found for table in self.lookups.tables.values() if (found := table.covers(keys)) is not None]
        if not covers:
            return tuple("full" for _ in range(count))
        told: npt.NDArray[np.bool_] = np.stack(covers)
        counts: list[int] = told.sum(axis=0).tolist()
        return tuple("full" if n == len(covers) else "partial" if n else "schedule_only" for n in counts)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ServingError(f"The model names the time zone {name!r}, which is not known here.") from error


def _position(fault: Fault) -> int:
    return int(fault.field.partition("[")[2].partition("]")[0])
