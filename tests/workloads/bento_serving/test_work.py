"""No body and no connection costs a service more than a good question does by much: work is counted, not timed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from bento_serving.features.flights import FirstFlightsRequest, FlightsRequest
from bento_serving.flight_api import LIMITS
from bento_serving.front import admission, connections
from bento_serving.front.admission import Limits, parse, read_body, too_much
from bento_serving.front.connections import PunctualProtocol
from bento_serving.front.refusals import MOST_FAULTS, faults_of
from bento_serving.vectors import FirstRowsRequest, RowsRequest
from hostile_bodies import CLOSINGS, OPENINGS, PIECES, filled, rows_of_faults, unknown_keys
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from serving_site import Server, Services
from starlette.responses import Response

WIDTH = 49
ROWS_LIMITS = Limits(size=1000 * WIDTH * 32 + 2**16, containers=2000, values=2000 * WIDTH, rule="")
KINDS: dict[str, tuple[Limits, type[BaseModel], type[BaseModel]]] = {
    "rows": (ROWS_LIMITS, RowsRequest, FirstRowsRequest),
    "flights": (LIMITS, FlightsRequest, FirstFlightsRequest),
}
MEMORY_BYTES = 256 * 2**20


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many faults each list of them was made of."""
    counts: list[int] = []

    def counted(error: ValidationError) -> Any:
        counts.append(error.error_count())
        return faults_of(error)

    monkeypatch.setattr(admission, "faults_of", counted)
    return counts


def answered(kind: str, body: bytes) -> Response | BaseModel:
    limits, whole, first = KINDS[kind]
    return too_much(body, limits) or parse(body, whole, first)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        unknown_keys(2**18),
        unknown_keys(2**20),
        rows_of_faults(1000, WIDTH),
        rows_of_faults(1000, 30),
        rows_of_faults(1, 60_000),
        b'{"flights":[' + b",".join([b"{}"] * 999) + b"]}",
        b'{"flights":[' + b",".join([b'{"carrier":1,"a":1,"b":2}'] * 999) + b"]}",
    ],
    ids=["many keys", "keys", "rows", "narrow rows", "a wide row", "empty flights", "bad flights"],
)
def test_faults_are_not_collected_beyond_those_shown(kind: str, body: bytes, collected: list[int]) -> None:
    assert isinstance(answered(kind, body), Response)
    assert all(count <= 300 for count in collected)


def test_of_many_faults_the_first_is_named_and_all_are_counted(collected: list[int]) -> None:
    body = b'{"flights":[' + b",".join([b'{"carrier":"UA"}'] * 500) + b"]}"
    told = answered("flights", body)
    assert isinstance(told, Response)
    assert b'"flights[0].flight_number: is missing (and 1999 more)"' in bytes(told.body)
    assert collected == [4]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(list(KINDS)),
    opening=st.sampled_from(OPENINGS),
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(min_size=1, max_size=20), min_size=1, max_size=4),
    closing=st.sampled_from(CLOSINGS),
    size=st.sampled_from([2**10, 2**15, 2**18, 2**20]),
)
def test_what_is_parsed_is_never_larger_than_a_good_question(
    kind: str, opening: bytes, pieces: list[bytes], closing: bytes, size: int
) -> None:
    limits, _, _ = KINDS[kind]
    body = filled(opening, b"".join(pieces), closing, min(size, limits.size))
    parsed: list[int] = []

    class Watched(BaseModel):
        """Says what it was given."""

        @classmethod
        def model_validate_json(cls, json_data: Any, **_: Any) -> Any:
            parsed.append(len(json_data))
            assert json_data.count(b"[") + json_data.count(b"{") <= limits.containers
            assert json_data.count(b",") + json_data.count(b":") <= limits.values
            return cls()

    refused = too_much(body, limits)
    if refused is None:
        parse(body, Watched, Watched)
        assert parsed == [len(body)]
        assert isinstance(answered(kind, body), Response)  # none of these is a question that can be answered
    else:
        assert refused.status_code == 413


def peak_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_the_bodies_that_froze_a_service_are_refused_in_little_memory(services: Services) -> None:
    frozen = {
        services.model_api: [b'{"rows": [[' + b'"",' * (8 * 2**20 // 3) + b'""]]}', b'{"rows": [' + b"[]," * 10**5],
        services.shared: [unknown_keys(2**20), b'{"flights":[' + b"{}," * 300_000 + b"{}]}"],
        services.embedded: [unknown_keys(2**20)],
    }
    for server, bodies in frozen.items():
        before = peak_bytes(server)
        with server.client() as client:
            for body in bodies:
                answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
                assert answer.status_code in {400, 413}
                assert len(answer.json().get("faults") or []) <= MOST_FAULTS
                assert client.get("/livez").status_code == 200
        assert peak_bytes(server) - before < MEMORY_BYTES


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "BODY_SECONDS", 0.05)
    sent = 0

    async def receive() -> Any:
        nonlocal sent
        sent += 1
        if sent > 3:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": b"1", "more_body": True}

    told = asyncio.run(read_body(receive, LIMITS))
    assert isinstance(told, Response)
    assert told.status_code == 408
    assert told.headers["connection"] == "close"


def test_a_body_without_an_end_is_not_read_without_an_end() -> None:
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 2**16
        return {"type": "http.request", "body": bytes(2**16), "more_body": True}

    told = asyncio.run(read_body(receive, LIMITS))
    assert isinstance(told, Response)
    assert told.status_code == 413
    assert read < 10 * LIMITS.size


def test_a_body_that_is_one_byte_too_long_is_refused_without_waiting_for_more() -> None:
    messages = [
        {"type": "http.request", "body": bytes(LIMITS.size), "more_body": True},
        {"type": "http.request", "body": b"1", "more_body": False},
    ]

    async def receive() -> Any:
        return messages.pop(0)  # an IndexError where nothing more may be asked for

    told = asyncio.run(read_body(receive, LIMITS))
    assert isinstance(told, Response)
    assert told.status_code == 413
    assert messages == []


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server with the protocol of ours, that waits for heads a tenth of a second."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    server = uvicorn.Server(uvicorn.Config(app, http=PunctualProtocol, lifespan="off", log_config=None))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST /predict HT",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Half: ",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /",
    ],
    ids=["silence", "half a line", "half a head", "half of a second head"],
)
def test_a_head_that_does_not_come_closes_the_connection(listening: tuple[str, int], start: bytes) -> None:
    with socket.create_connection(listening, timeout=300) as connection:
        connection.sendall(start)
        received = b""
        while more := connection.recv(1000):
            received += more
    assert received.count(b"200 OK") == start.count(b"\r\n\r\n")


def test_a_head_without_an_end_closes_the_connection(
    listening: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 3600.0)
    sent, most = 0, 2**26
    with socket.create_connection(listening, timeout=300) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        while sent < most:
            sent += connection.send(b"X-More: %s\r\n" % (b"x" * 1000))
    assert sent < most
