"""The feature manifest: a document that does not add up is refused when it is read."""

from __future__ import annotations

from typing import Any

import pytest
from platform_contract import Feature, FeatureManifest, FeatureSchema, FromLookup, FromRequest, LookupTable
from pydantic import ValidationError

ROUTE = LookupTable(name="route", keys=("origin", "dest"), columns=("distance_miles",))
DISTANCE = Feature(name="distance", description="Miles.", source=FromLookup(table="route", column="distance_miles"))
HOUR = Feature(name="hour", description="Local hour.", source=FromRequest(value="departure_hour"))


def schema(**changes: Any) -> FeatureSchema:
    base: dict[str, Any] = {
        "dataset": "flight_delay",
        "features": (HOUR, DISTANCE),
        "lookups": (ROUTE,),
        "origin_timezones": {"JFK": "America/New_York"},
    }
    return FeatureSchema(**{**base, **changes})


def manifest(**changes: Any) -> FeatureManifest:
    file = {"path": "data/part-00000.parquet", "rows": 7, "bytes": 1, "sha256": "0" * 64}
    base: dict[str, Any] = {
        "fingerprint": "0" * 64,
        "feature_schema": schema(),
        "label": "late",
        "outcome": "delay",
        "month": "month",
        "period": {"first_day": "2012-12-31", "last_day": "2013-02-01"},
        "months": {"201212": 1, "201301": 4, "201302": 2},
        "keys": ("flight_id",),
        "files": [file],
        "lookup_files": {"route": [file]},
        "rows_in": 10,
        "rows_out": 7,
        "quarantined": {"cancelled": 3},
        "tables": {"flights": {"rows_in": 10, "refused": {"cancelled": 3}}},
    }
    return FeatureManifest(**{**base, **changes})


def test_a_manifest_survives_the_round_trip_and_keeps_the_order_of_the_features() -> None:
    again = FeatureManifest.model_validate_json(manifest().model_dump_json())
    assert again == manifest()
    assert again.feature_schema.names == ("hour", "distance")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quarantined": {"cancelled": 2}}, "rows do not add up: 10 in, 7 out, 2 quarantined"),
        ({"rows_out": 8, "quarantined": {"cancelled": 2}}, "the files hold 7 rows, not 8"),
        ({"lookup_files": {}}, r"files are named for \[\], tables are \['route'\]"),
        ({"months": {"201301": 6}}, "the months hold 6 rows, not 7"),
        ({"months": {"201303": 3, "201301": 3, "201211": 1}}, r"months \[201211, 201303\] are outside 2012-12-31 to"),
        ({"months": {"201301": 7, "201302": 0}}, "greater than 0"),
        ({"period": {"first_day": "2013-02-02", "last_day": "2013-02-01"}}, r"the last day \(2013-02-01\) is before"),
        ({"fingerprint": "xyz"}, "String should match pattern"),
    ],
)
def test_a_manifest_that_does_not_add_up_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        manifest(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": (HOUR, HOUR)}, "a feature is named twice"),
        ({"lookups": ()}, "'distance' looks up route.distance_miles, which is not there"),
        ({"lookups": (ROUTE, ROUTE)}, "a lookup table is named twice"),
        ({"features": ()}, "at least 1 item"),
    ],
)
def test_a_schema_whose_parts_do_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        schema(**changes)


def test_a_category_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="'carrier' names a category twice"):
        Feature(name="carrier", description="Airline.", source=FromRequest(value="carrier"), categories=("AA", "AA"))
