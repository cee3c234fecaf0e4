"""Bad input gets a 4xx that names the field and where it is, and never a 500."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from serving_site import Server, Services

GOOD = {
    "carrier": "UA",
    "flight_number": 1545,
    "origin": "EWR",
    "dest": "BOS",
    "scheduled_departure": "2013-11-05T18:30:00",
    "tailnum": "N003",
}
JSON = {"content-type": "application/json"}
UNHURRIED = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("flight", "field", "words"),
    [
        (without("carrier"), "carrier", "is missing"),
        (without("flight_number"), "flight_number", "is missing"),
        (without("origin"), "origin", "is missing"),
        (without("dest"), "dest", "is missing"),
        (without("scheduled_departure"), "scheduled_departure", "is missing"),
        ({**GOOD, "carrier": "ZZ"}, "carrier", "'ZZ' is not known to the model, which knows 9E, AA, B6, DL, UA"),
        ({**GOOD, "origin": "XXX"}, "origin", "'XXX' is not known to the model, which knows EWR, JFK, LGA"),
        ({**GOOD, "dest": "ewr"}, "dest", "'ewr' is not known to the model"),
        ({**GOOD, "dest": "EW\x00"}, "dest", "is not known to the model"),
        ({**GOOD, "dest": "💥"}, "dest", "is not known to the model"),
        ({**GOOD, "dest": "X" * 100}, "dest", "at most 16 characters"),
        ({**GOOD, "carrier": ""}, "carrier", "at least 1 character"),
        ({**GOOD, "carrier": 7}, "carrier", "valid string"),
        ({**GOOD, "carrier": None}, "carrier", "valid string"),
        ({**GOOD, "carrier": ["UA"]}, "carrier", "valid string"),
        ({**GOOD, "flight_number": 0}, "flight_number", "greater than or equal to 1"),
        ({**GOOD, "flight_number": 10_000}, "flight_number", "less than or equal to 9999"),
        ({**GOOD, "flight_number": 10**400}, "flight_number", "9999"),
        ({**GOOD, "flight_number": "1545"}, "flight_number", "valid integer"),
        ({**GOOD, "flight_number": 1.5}, "flight_number", "valid integer"),
        ({**GOOD, "flight_number": True}, "flight_number", "valid integer"),
        ({**GOOD, "tailnum": 3}, "tailnum", "valid string"),
        ({**GOOD, "scheduled_departure": "2013-02-30T10:00:00"}, "scheduled_departure", "no date and time that exists"),
        ({**GOOD, "scheduled_departure": "2013-11-05T25:00:00"}, "scheduled_departure", "no date and time that exists"),
        ({**GOOD, "scheduled_departure": "0000-01-01T00:00:00"}, "scheduled_departure", "no date and time that exists"),
        ({**GOOD, "scheduled_departure": "2013-11-05T18:30:00Z"}, "scheduled_departure", "no zone and no offset"),
        ({**GOOD, "scheduled_departure": "2013-11-05T18:30:00+01:00"}, "scheduled_departure", "no zone and no offset"),
        ({**GOOD, "scheduled_departure": "2013-11-05"}, "scheduled_departure", "is not a local time as"),
        ({**GOOD, "scheduled_departure": "tomorrow"}, "scheduled_departure", "is not a local time as"),
        ({**GOOD, "scheduled_departure": "٢٠١٣-11-05T18:30:00"}, "scheduled_departure", "is not a local time as"),
        ({**GOOD, "scheduled_departure": 1383676200}, "scheduled_departure", "valid string"),
        ({**GOOD, "delay": 3}, "delay", "is not known here"),
        ("a flight", "", "should be an object"),
        (None, "", "should be an object"),
    ],
)
def test_a_faulty_field_is_named_with_its_position(flight_api: Server, flight: object, field: str, words: str) -> None:
    named = f"flights[2].{field}" if field else "flights[2]"
    with flight_api.client() as client:
        response = client.post("/predict", json={"flights": [GOOD, GOOD, flight]})
    assert response.status_code == 400
    assert words in response.json()["error"]
    assert response.json()["error"].startswith(f"{named}: ")
    assert response.json()["faults"][0]["field"] == named


def test_all_faults_are_named_in_their_order(flight_api: Server) -> None:
    flights = [{**GOOD, "dest": "??"}, GOOD, {**GOOD, "carrier": "??", "origin": "??"}]
    with flight_api.client() as client:
        told = client.post("/predict", json={"flights": flights}).json()
    assert [fault["field"] for fault in told["faults"]] == [
        "flights[0].dest",
        "flights[2].origin",
        "flights[2].carrier",
    ]
    assert told["error"].endswith("(and 2 more)")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"flights": []}', 400, "flights: list should have at least 1 item"),
        (b"{}", 400, "flights: is missing"),
        (b"", 400, "(body): is no valid JSON"),
        (b"[]", 400, "(body): "),
        (b"null", 400, "(body): "),
        (b'{"flights": [', 400, "(body): is no valid JSON"),
        (b'{"flights": NaN}', 400, "flights: "),
        (b"\xff\xfe\x00", 400, "(body): is no valid JSON"),
        (b'{"flights": "\xed\xa0\x80"}', 400, "(body): is no valid JSON"),
        (b"[" * 5000, 400, "(body): is no valid JSON"),
        (b"[" * 100_000, 413, "The body holds 100,000 lists and objects: at most 1000 flights are answered at once"),
        (b'{"flights": [], "flight": []}', 400, '"field":"flight","problem":"is not known here"'),
        (b'{"\\ud800": 1}', 400, ""),
        (b" " * (2**20 + 1), 413, "longer than 1,048,576 bytes"),
    ],
)
def test_a_body_that_is_no_question_is_refused(flight_api: Server, body: bytes, status: int, words: str) -> None:
    with flight_api.client() as client:
        response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == status
    assert words in response.text


def test_too_many_flights_are_refused(flight_api: Server) -> None:
    with flight_api.client() as client:
        response = client.post("/predict", json={"flights": [GOOD] * 1001})
    assert response.status_code == 400
    assert response.json()["error"].startswith("flights: list should have at most 1000 items")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/vnd.bentoml+pickle",
    ],
)
def test_another_content_type_is_refused(services: Services, kind: str) -> None:
    for server in (services.model_api, services.embedded, services.shared):
        with server.client() as client:
            response = client.post("/predict", content=b"--x\r\nbroken", headers={"content-type": kind})
        assert response.status_code == 415
        assert "application/json" in response.json()["error"]


def test_another_method_and_another_path_are_refused(services: Services) -> None:
    for server in (services.model_api, services.embedded, services.shared):
        with server.client() as client:
            assert client.get("/predict").status_code == 405
            assert client.put("/model").status_code == 405
            assert client.post("/predict/", json={"flights": [GOOD]}).status_code in {404, 405, 307}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "rows: list should have at least 1 item"),
        ([[]], "rows[0]: must have 9 values"),
        ([[0] * 9, [0] * 8], "rows[1]: must have 9 values, in the order of the features that /model tells; it has 8"),
        ([[0] * 9, [0, "1", *[0] * 7]], "rows[1][1]: input should be a valid number"),
        ([[True, *[0] * 8]], "rows[0][0]: input should be a valid number"),
        ([[1e39, *[0] * 8]], "rows[0][0]: input should be less than or equal to 340282"),
        ([[-(10**400), *[0] * 8]], "rows[0][0]: "),
        ({"a": 1}, "rows: input should be a valid array"),
    ],
)
def test_a_faulty_vector_is_named_with_its_position(services: Services, rows: object, words: str) -> None:
    with services.model_api.client() as client:
        response = client.post("/predict", json={"rows": rows})
    assert response.status_code == 400
    assert response.json()["error"].startswith(words)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(services: Services, number: str) -> None:
    body = f'{{"rows": [[{", ".join(["0"] * 8)}, {number}]]}}'
    with services.model_api.client() as client:
        response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["error"].startswith("rows[0][8]: ")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)
LIKELY_TEXT = st.sampled_from(["UA", "EWR", "BOS", "2013-11-05T18:30:00", "9999-12-31T23:59:59", "0001-01-01T00:00"])
LIKELY_FLIGHT = st.fixed_dictionaries(
    {},
    optional={name: LIKELY_TEXT | ANY_JSON | st.just(value) for name, value in GOOD.items()},
)


def post(server: Server, body: object) -> httpx.Response:
    # Hypothesis makes NaN and lone surrogates, which json.dumps writes as no JSON at all: that is wanted.
    with server.client() as client:
        return client.post("/predict", content=dumped(body), headers=JSON)


def dumped(body: object) -> bytes:
    import json

    return json.dumps(body).encode()


@UNHURRIED
@given(body=ANY_JSON | st.fixed_dictionaries({"flights": ANY_JSON | st.lists(LIKELY_FLIGHT | ANY_JSON, max_size=3)}))
@example(body={"flights": [{**GOOD, "scheduled_departure": "9999-12-31T23:59:59"}]})
@example(body={"flights": [{**GOOD, "scheduled_departure": "0001-01-01T00:00:00"}]})
@example(body={"flights": [{**GOOD, "tailnum": "\ud800"}]})
def test_no_json_at_all_makes_a_flight_api_fail(flight_api: Server, body: object) -> None:
    assert post(flight_api, body).status_code in {200, 400}


@UNHURRIED
@given(
    body=ANY_JSON | st.fixed_dictionaries({"rows": ANY_JSON | st.lists(st.lists(st.floats(), max_size=10), max_size=3)})
)
def test_no_json_at_all_makes_the_model_api_fail(services: Services, body: object) -> None:
    assert post(services.model_api, body).status_code in {200, 400}


@UNHURRIED
@given(body=st.binary(max_size=64), kind=st.sampled_from(["application/json", "application/json; charset=utf-16", ""]))
def test_no_bytes_at_all_make_a_flight_api_fail(services: Services, body: bytes, kind: str) -> None:
    with services.shared.client() as client:
        assert 400 <= client.post("/predict", content=body, headers={"content-type": kind}).status_code < 500
