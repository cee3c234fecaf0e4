"""What is served is what was trained: the same features, the same probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost
from bento_serving.features.builder import FeatureBuilder
from bento_serving.features.flights import Flight
from bento_serving.features.lookups import load_lookups
from serving_site import Server, Services, Site, as_flights, held_out, matrix


def batch_predictions(site: Site) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    booster = xgboost.Booster()
    booster.load_model(site.model_file)
    schema = site.manifest.feature_schema
    data = xgboost.DMatrix(matrix(held_out(site), schema), feature_names=list(schema.names))
    predicted: np.ndarray[tuple[int], np.dtype[np.float32]] = booster.predict(data)
    return predicted


def test_both_patterns_answer_what_batch_prediction_says(services: Services, flight_api: Server) -> None:
    flights, expected = as_flights(held_out(services.site)), batch_predictions(services.site)
    assert len(flights) >= 1000
    served: list[dict[str, Any]] = []
    with flight_api.client() as client:
        for first in range(0, len(flights), 400):
            served += client.post("/predict", json={"flights": flights[first : first + 400]}).raise_for_status().json()
    probabilities = np.array([answer["probability_late"] for answer in served])
    assert np.abs(probabilities - expected).max() <= 1e-6
    assert len(np.unique(probabilities)) > 100
    assert [answer["predicted"] for answer in served] == (expected >= 0.5).tolist()
    assert {answer["model_version"] for answer in served} == {"1"}
    planes = held_out(services.site)["tailnum"].to_pylist()
    assert [answer["knowledge"] for answer in served] == ["partial" if p == "N-NEW" else "full" for p in planes]


def test_a_flight_gets_the_same_answer_alone_and_among_others(services: Services, flight_api: Server) -> None:
    flights = as_flights(held_out(services.site).slice(0, 1000))
    with flight_api.client() as client:
        together = client.post("/predict", json={"flights": flights}).raise_for_status().json()
        for i in (0, 499, 999):
            assert client.post("/predict", json={"flights": [flights[i]]}).json() == [together[i]]


def test_the_features_are_those_of_the_data_set_to_the_last_bit(site: Site) -> None:
    schema = site.manifest.feature_schema
    builder = FeatureBuilder(schema, load_lookups(site.contract.lake.features, schema))
    rows = site.data()
    built = builder.build([Flight(**flight) for flight in as_flights(rows)]).matrix
    assert built.dtype == np.float32
    np.testing.assert_array_equal(built, matrix(rows, schema))


def test_the_model_api_takes_null_as_missing(services: Services) -> None:
    width = len(services.site.manifest.feature_schema.names)
    booster = xgboost.Booster()
    booster.load_model(services.site.model_file)
    expected = booster.inplace_predict(np.full((1, width), np.nan, dtype=np.float32))
    with services.model_api.client() as client:
        assert client.post("/predict", json={"rows": [[None] * width]}).json() == pytest.approx(expected.tolist())
