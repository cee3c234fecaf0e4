"""What the flight APIs take and answer, the same for both patterns."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, RootModel

MOST_FLIGHTS: Final = 1000
"""Flights in one request. More are refused, so that one request cannot hold up all others."""

LATE_THRESHOLD: Final = 0.5
"""A flight is predicted to be late from this probability on: late is then the likelier outcome."""

LOCAL_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"

Knowledge = Literal["full", "partial", "schedule_only"]


class Flight(BaseModel):
    """What a person knows of a flight before it leaves."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    carrier: Annotated[
        str, Field(min_length=1, max_length=16, description="Airline, IATA code.", json_schema_extra={"example": "UA"})
    ]
    flight_number: Annotated[
        int, Field(ge=1, le=9999, description="Number of the flight.", json_schema_extra={"example": 1545})
    ]
    origin: Annotated[
        str,
        Field(
            min_length=1, max_length=16, description="Airport of departure, code.", json_schema_extra={"example": "EWR"}
        ),
    ]
    dest: Annotated[
        str,
        Field(
            min_length=1, max_length=16, description="Airport of arrival, code.", json_schema_extra={"example": "IAH"}
        ),
    ]
    scheduled_departure: Annotated[
        str,
        Field(
            pattern=LOCAL_TIME,
            description="Local time at the origin, YYYY-MM-DDTHH:MM[:SS], with no zone. A time that daylight saving"
            " repeats is its first occurrence, one that it skips is an hour later.",
            json_schema_extra={"example": "2013-11-05T18:30:00"},
        ),
    ]
    tailnum: Annotated[
        str | None,
        Field(
            max_length=16,
            description="Registration of the plane, when it is known.",
            json_schema_extra={"example": "N14228"},
        ),
    ] = None


class FlightPrediction(BaseModel):
    """What the model thinks of one flight."""

    model_config = ConfigDict(protected_namespaces=())

    probability_late: float = Field(
        ge=0, le=1, description="That it arrives more than 15 minutes late.", json_schema_extra={"example": 0.31}
    )
    predicted: bool = Field(
        description=f"Late or not: true from a probability of {LATE_THRESHOLD} on.",
        json_schema_extra={"example": False},
    )
    model_version: str = Field(description="Version in MLflow's registry.", json_schema_extra={"example": "3"})
    knowledge: Knowledge = Field(
        description="What the answer rests on. 'full': the time lies within all tables of what was known before the"
        " departure (weather, delays so far), and the route and the plane are known; 'schedule_only': within none of"
        " those tables; 'partial': anything between, as for a plane that nobody knows or that was not told.",
        json_schema_extra={"example": "full"},
    )


Flights = Annotated[
    list[Flight],
    Field(min_length=1, max_length=MOST_FLIGHTS, description=f"1 to {MOST_FLIGHTS} flights, in any order."),
]


class FlightsRequest(BaseModel):
    """The body of a question about flights."""

    model_config = ConfigDict(extra="forbid", strict=True)

    flights: Flights


class FirstFlightsRequest(FlightsRequest):
    """The same; ends at the first faulty flight."""

    flights: Annotated[Flights, FailFast()]


class FlightPredictions(RootModel[list[FlightPrediction]]):
    """One answer per flight, in the order of the request."""
