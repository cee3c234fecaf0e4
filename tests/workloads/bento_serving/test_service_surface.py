"""What a person and a platform see of a service: its documentation, health, metrics and model."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from serving_site import Server, Services


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
    assert 'flight_api_changes_total{outcome="refused"} ' in told


def test_paths_that_there_are_not_do_not_become_metrics(flight_api: Server) -> None:
    with flight_api.client() as client:
        for number in range(50):
            client.get(f"/nowhere-{number}")
        told = client.get("/metrics").text
    assert "nowhere" not in told
    assert 'endpoint="other",http_response_code="404"' in told


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


WELL_KNOWN = {
    "carrier": "UA",
    "flight_number": 1,
    "origin": "JFK",
    "dest": "SJU",
    "scheduled_departure": "2013-11-05T18:30:00",
    "tailnum": "N003",
}


@pytest.mark.parametrize(
    ("changes", "knowledge"),
    [
        ({}, "full"),
        ({"tailnum": "N-NOBODY-KNOWS"}, "partial"),
        ({"tailnum": None}, "partial"),
        ({"scheduled_departure": "2014-01-01T22:00:00"}, "partial"),
        ({"scheduled_departure": "2012-01-05T18:30:00"}, "schedule_only"),
        ({"scheduled_departure": "2012-01-05T18:30:00", "tailnum": "N-NOBODY-KNOWS"}, "schedule_only"),
    ],
)
def test_an_answer_tells_what_it_rests_on(flight_api: Server, changes: dict[str, Any], knowledge: str) -> None:
    with flight_api.client() as client:
        answer = client.post("/predict", json={"flights": [{**WELL_KNOWN, **changes}]}).json()
    assert answer[0]["knowledge"] == knowledge


def test_logs_are_quiet_and_nothing_is_written_to_the_home_folder(services: Services, flight_api: Server) -> None:
    with flight_api.client() as client:
        client.post("/predict", json={"flights": "none"})
    log = flight_api.log.read_text()
    assert "Traceback" not in log
    assert "/predict" not in log
    assert not list((services.site.folder / "home").iterdir())
