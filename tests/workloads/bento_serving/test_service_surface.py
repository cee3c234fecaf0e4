"""What a person and a platform see of a service: its documentation, health, metrics and model."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from serving_site import Server, Services


def docs(server: Server) -> dict[str, Any]:
    with server.client() as client:
        found: dict[str, Any] = client.get("/docs.json").raise_for_status().json()
    return found


def test_swagger_describes_a_flight_and_its_prediction(flight_api: Server) -> None:
    told = docs(flight_api)
    assert {"/predict", "/model"} <= set(told["paths"])
    flight = told["components"]["schemas"]["Flight"]["properties"]
    assert set(flight) == {"carrier", "flight_number", "origin", "dest", "scheduled_departure", "tailnum"}
    for name, field in flight.items():
        assert field["description"], name
        assert field["example"], name
    assert flight["flight_number"]["maximum"] == 9999
    answer = told["components"]["schemas"]["FlightPrediction"]["properties"]
    assert set(answer) == {"probability_late", "predicted", "model_version", "knowledge"}
    assert all(field["description"] for field in answer.values())
    body = told["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["flights"]["items"] == {"$ref": "#/components/schemas/Flight"}


def test_swagger_describes_the_vectors_of_the_model_api(services: Services) -> None:
    told = docs(services.model_api)
    body = told["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["rows"]["maxItems"] == 1000
    assert "null means missing" in body["properties"]["rows"]["description"]


def test_every_service_has_a_page_health_and_metrics(services: Services) -> None:
    for server in (services.model_api, services.embedded, services.shared):
        with server.client() as client:
            assert "swagger" in client.get("/").raise_for_status().text.lower()
            for path in ("/livez", "/readyz", "/metrics"):
                assert client.get(path).status_code == httpx.codes.OK


def test_metrics_count_requests_and_what_was_taken(flight_api: Server) -> None:
    with flight_api.client() as client:
        client.post("/predict", json={})
        told = client.get("/metrics").text
    assert "bentoml_service_request_total" in told
    assert 'flight_api_changes_total{outcome="taken"} 1.0' in told
    assert 'flight_api_changes_total{outcome="refused"} 0.0' in told


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_flight_api_tells_what_it_answers_from(services: Services, flight_api: Server, method: str) -> None:
    with flight_api.client() as client:
        told = client.request(method, "/model").raise_for_status().json()
    manifest = services.site.manifest
    assert told["pattern"] == ("embedded" if flight_api is services.embedded else "shared")
    assert told["model_version"] == "1"
    assert told["lookups_version"] == f"v-{manifest.fingerprint}"
    assert told["features"] == list(manifest.feature_schema.names)
    assert told["last_refusal"] is None


def test_the_model_api_tells_its_version_and_features(services: Services) -> None:
    with services.model_api.client() as client:
        response = client.get("/model").raise_for_status()
    told = response.json()
    assert told["model_version"] == "1"
    assert told["features"] == list(services.site.manifest.feature_schema.names)
    assert response.headers["etag"] == f'"{told["digest"]}"'


def test_a_question_to_another_model_is_not_answered(services: Services) -> None:
    row = [0.0] * len(services.site.manifest.feature_schema.names)
    with services.model_api.client() as client:
        tag = client.get("/model").headers["etag"]
        assert client.post("/predict", json={"rows": [row]}, headers={"If-Match": tag}).status_code == httpx.codes.OK
        answer = client.post("/predict", json={"rows": [row]}, headers={"If-Match": '"another"'})
    assert answer.status_code == httpx.codes.PRECONDITION_FAILED
    assert tag in answer.json()["error"]


@pytest.mark.parametrize(
    ("departure", "knowledge"),
    [("2013-11-05T18:30:00", "full"), ("2012-01-05T18:30:00", "schedule_only"), ("2014-01-01T22:00:00", "partial")],
)
def test_an_answer_tells_what_it_rests_on(flight_api: Server, departure: str, knowledge: str) -> None:
    flight = {"carrier": "UA", "flight_number": 1, "origin": "JFK", "dest": "SJU", "scheduled_departure": departure}
    with flight_api.client() as client:
        assert client.post("/predict", json={"flights": [flight]}).json()[0]["knowledge"] == knowledge


def test_logs_are_quiet_and_nothing_is_written_to_the_home_folder(services: Services, flight_api: Server) -> None:
    with flight_api.client() as client:
        client.post("/predict", json={"flights": "none"})
    log = flight_api.log.read_text()
    assert "Traceback" not in log
    assert "/predict" not in log
    assert not list((services.site.folder / "home").iterdir())
