"""Takes a request's body within limits of size, time and work, and tells what is wrong with it.

A parser makes an object of every bracket and a value of every comma, so that 8 MiB of ``[],`` or ``"",`` can cost
gigabytes and a minute. Both are counted in the bytes first, which takes no memory; what holds more than a request with
the most rows could is not parsed at all. What is parsed is about as small as a good request, and faults are not
collected beyond those that an answer names.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.responses import Response
from starlette.types import Receive

from bento_serving.front.refusals import MOST_FAULTS, failure, faults_of, refusal

BODY_SECONDS: Final = 10.0
"""A body that has not come as a whole by then is given up."""

DISCARDED: Final = 8
"""Times its limit that is read of a body that is too long: most clients send all before they read what is answered."""

MOST_COLLECTED: Final = 200
"""Faults of which pydantic's own list is made. Of more, only the first one is looked for."""

_CLOSE: Final = {"Connection": "close"}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Limits:
    """What one body may cost.

    Attributes:
        size: bytes.
        containers: lists and objects.
        values: keys and values of all of them.
        rule: what these come from, as a sentence for the sender.
    """

    size: int
    containers: int
    values: int
    rule: str


async def read_body(receive: Receive, limits: Limits) -> bytes | Response:
    """The whole body, or the answer to one that is too long or comes too slowly."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":  # the client has gone
                    return bytes(body)
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > limits.size:
                    if more:
                        await _discard(receive, len(body), limits.size * DISCARDED)
                    break
                if not more:
                    return bytes(body)
    except TimeoutError:
        if len(body) <= limits.size:
            sentence = f"The body did not come as a whole within {BODY_SECONDS:g} s."
            return failure(sentence, HTTPStatus.REQUEST_TIMEOUT, _CLOSE)
    sentence = f"The body is longer than {limits.size:,} bytes: {limits.rule}. Ask in several requests."
    return failure(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _CLOSE)


async def _discard(receive: Receive, seen: int, most: int) -> None:
    while seen < most:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        seen += len(message.get("body", b""))


def too_much(body: bytes, limits: Limits) -> Response | None:
    """The answer to a body that would cost more to parse than any good one.

    Brackets and commas within texts count as well: a good request has few of them.
    """
    containers = body.count(b"[") + body.count(b"{")
    values = body.count(b",") + body.count(b":")
    if containers <= limits.containers and values <= limits.values:
        return None
    what = f"{containers:,} lists and objects" if containers > limits.containers else f"{values:,} keys and values"
    sentence = f"The body holds {what}: {limits.rule}. Ask in several requests."
    return failure(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def parse(body: bytes, whole: type[M], first: type[BaseModel]) -> M | Response:
    """The request in a body, or the answer that says what is wrong with it.

    Args:
        body: within its limits.
        whole: type of the request; finds all faults.
        first: the same, with lists that end at their first fault.
    """
    try:
        return whole.model_validate_json(body)
    except ValidationError as error:
        count = error.error_count()
        if count <= MOST_COLLECTED:
            return refusal(faults_of(error))
    try:
        first.model_validate(_cut(from_json(body), _names(whole)), strict=True)
    except ValidationError as error:
        return refusal(faults_of(error), count)
    return failure(f"The body has {count:,} faults.", HTTPStatus.BAD_REQUEST)


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The keys that a request may have, at any depth."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for part in parts for name in part.get("properties", {}))


def _cut(value: Any, names: frozenset[str]) -> Any:  # noqa: ANN401 - any JSON
    """The same with no more unknown keys in an object than an answer names."""
    if isinstance(value, dict):
        unknown = [key for key in value if key not in names][:MOST_FAULTS]
        return {key: _cut(item, names) for key, item in value.items() if key in names or key in unknown}
    if isinstance(value, list):
        return [_cut(item, names) for item in value]
    return value
