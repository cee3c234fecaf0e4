"""Stands before a BentoML service and answers bad requests, so that none of them becomes a 500 or a traceback.

BentoML parses some bodies (multipart, an unknown encoding, a broken JSON of a root value) in ways that end in a 500,
and names no field as a person would. This gate lets through what the service's own types accept, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bento_serving.refusals import failure, faults_of, refusal

JSON_TYPE: Final = "application/json"


class Check(Protocol):
    """Looks at a parsed request before the service does; an answer means that it is refused."""

    def __call__(self, request: BaseModel, headers: Headers, /) -> Response | None: ...


@dataclass(frozen=True)
class Entrance:
    """What one route takes.

    Attributes:
        model: the type of the body.
        most_bytes: a longer body is refused before it is parsed.
        check: what the types cannot say.
    """

    model: type[BaseModel]
    most_bytes: int
    check: Check | None = None


class RequestGate:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, entrances: Mapping[str, Entrance], reads: tuple[str, ...] = ()) -> None:
        """
        Args:
            app: what comes next.
            entrances: route → what it takes.
            reads: routes that only read. BentoML has POST alone; GET is let in here too, as browsers and caches use.
        """
        self.app = app
        self._entrances = entrances
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] in self._reads and scope["method"] in {"GET", "POST"}:
                headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
                await self.app({**scope, "method": "POST", "headers": headers}, _once(b"{}", receive), send)
                return
            entrance = self._entrances.get(scope["path"]) if scope["method"] == "POST" else None
            if entrance is not None:
                body = await self._admit(entrance, Headers(scope=scope), receive)
                if isinstance(body, Response):
                    await body(scope, receive, send)
                    return
                receive = _once(body, receive)
        await self.app(scope, receive, send)

    async def _admit(self, entrance: Entrance, headers: Headers, receive: Receive) -> bytes | Response:
        """The body, or the answer that refuses it."""
        given = headers.get("content-type", JSON_TYPE).split(";")[0].strip().lower()
        if given != JSON_TYPE:
            sentence = f"The body must be JSON: send it as Content-Type: {JSON_TYPE}."
            return failure(sentence, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        body = await _read(receive, entrance.most_bytes)
        if body is None:
            sentence = f"The body is longer than {entrance.most_bytes:,} bytes: ask in several requests."
            return failure(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            request = entrance.model.model_validate_json(body)
        except ValidationError as error:
            return refusal(faults_of(error))
        return (entrance.check(request, headers) if entrance.check else None) or body


async def _read(receive: Receive, most_bytes: int) -> bytes | None:
    """The whole body; None when it is too long. What is left of it is then not read: the server closes."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client has gone
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then whatever still comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
