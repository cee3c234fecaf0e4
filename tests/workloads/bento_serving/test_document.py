"""The OpenAPI document and the page: valid, about the model in service, and of this machine alone."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from serving_site import Server, Services

SERVICES = ("model_api", "embedded", "shared")


@pytest.fixture(params=SERVICES)
def server(request: pytest.FixtureRequest, services: Services) -> Server:
    """Each service in turn."""
    found: Server = getattr(services, request.param)
    return found


def document_of(server: Server) -> dict[str, Any]:
    with server.client() as client:
        found: dict[str, Any] = client.get("/docs.json").raise_for_status().json()
    return found


def test_the_document_is_valid(server: Server) -> None:
    told = document_of(server)
    assert told["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(told).validate()


def test_the_document_tells_what_is_in_service_and_nothing_of_its_tools(server: Server) -> None:
    told = document_of(server)
    assert told["info"]["version"] == "1"
    assert "version **1** of the model" in told["info"]["description"]
    assert told["info"]["title"].startswith("Flight delays: ")
    assert not re.search(r"https?://|bentoml|badge", str(told["info"]), re.IGNORECASE)


def test_all_answers_are_described(server: Server, services: Services) -> None:
    paths = document_of(server)["paths"]
    assert set(paths) == {"/predict", "/model", "/livez", "/readyz", "/metrics"}
    refused = {"400", "408", "413", "415", "503"} | ({"412"} if server is services.model_api else set())
    answers = paths["/predict"]["post"]["responses"]
    assert set(answers) == {"200", *refused}
    for status in refused:
        schema = answers[status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Refusal"}
    assert "503" in paths["/model"]["get"]["responses"]


def test_the_example_is_answered_with_200(server: Server) -> None:
    content = document_of(server)["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    with server.client() as client:
        answer = client.post("/predict", json=content["example"])
    assert answer.status_code == httpx.codes.OK, answer.text


def test_the_example_of_a_flight_is_one_of_which_all_is_known(flight_api: Server) -> None:
    content = document_of(flight_api)["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    with flight_api.client() as client:
        assert client.post("/predict", json=content["example"]).json()[0]["knowledge"] == "full"


def test_a_flight_and_its_prediction_are_described_with_what_the_model_knows(flight_api: Server) -> None:
    schemas = document_of(flight_api)["components"]["schemas"]
    flight = schemas["Flight"]["properties"]
    assert set(flight) == {"carrier", "flight_number", "origin", "dest", "scheduled_departure", "tailnum"}
    assert all(field["description"] for field in flight.values())
    assert flight["flight_number"]["maximum"] == 9999
    assert flight["origin"]["enum"] == ["EWR", "JFK", "LGA"]
    answer = schemas["FlightPrediction"]["properties"]
    assert set(answer) == {"probability_late", "predicted", "model_version", "knowledge"}
    assert all(field["description"] for field in answer.values())


def test_the_vectors_are_described_with_their_width(services: Services) -> None:
    rows = document_of(services.model_api)["components"]["schemas"]["RowsRequest"]["properties"]["rows"]
    assert rows["maxItems"] == 1000
    assert "null means missing" in rows["description"]
    assert (rows["items"]["minItems"], rows["items"]["maxItems"]) == (9, 9)


OF_A_QUESTION = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
KINDS = [
    # Of a text that has the form of a time no calendar may know the day, so that not all that fits is answered.
    (GenerationMode.POSITIVE, OF_A_QUESTION, {200, 400, 412}),
    (GenerationMode.NEGATIVE, [*OF_A_QUESTION, "negative_data_rejection"], {400, 408, 412, 413, 415}),
]


def named(checks: list[str]) -> list[Any]:
    return list(CHECKS.get_by_names(checks))


@pytest.mark.parametrize(("mode", "checks", "statuses"), KINDS, ids=["fitting", "unfitting"])
def test_a_service_answers_generated_questions_as_its_document_says(
    server: Server, mode: GenerationMode, checks: list[str], statuses: set[int]
) -> None:
    operation = schemathesis.openapi.from_url(f"{server.address}/docs.json")["/predict"]["POST"]
    seen: set[int] = set()

    @settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        seen.add(case.call_and_validate(checks=named(checks)).status_code)

    holds()
    assert seen
    assert seen <= statuses


@pytest.mark.parametrize("path", ["/model", "/livez", "/readyz", "/metrics"])
def test_the_other_routes_answer_as_the_document_says(server: Server, path: str) -> None:
    operation = schemathesis.openapi.from_url(f"{server.address}/docs.json")[path]["GET"]
    response = operation.Case().call_and_validate(checks=named(OF_A_QUESTION))
    assert response.status_code == httpx.codes.OK


class Addresses(HTMLParser):
    """Every address that a page names, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src", "action", "data", "srcset"}]
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.scripts.append(data)
        self._in_script = False


def test_the_page_names_no_other_server_and_forbids_the_browser_to_ask_one(server: Server) -> None:
    with server.client() as client:
        page = client.get("/").raise_for_status()
        read = Addresses()
        read.feed(page.text)
        assert len(read.found) >= 2
        for address in read.found:
            assert address.startswith(("./", "data:")), address
            if address.startswith("./"):
                assert client.get(address[1:]).status_code == httpx.codes.OK
    assert "http" not in page.text.replace("http-equiv", "")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    asked = " ".join(sources for directive, sources in policy.items() if directive.endswith("-src"))
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in read.scripts}
    # No scheme that reaches another server, no host, and of scripts in the page only the one that is there.
    assert set(asked.split()) <= {"'none'", "'self'", "'unsafe-inline'", "data:", *digests}
    assert "'unsafe-inline'" not in policy["script-src"]
    assert digests <= set(policy["script-src"].split())
