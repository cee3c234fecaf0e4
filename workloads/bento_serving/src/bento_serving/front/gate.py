"""What a service answers itself, before BentoML's own dispatch: questions, its description, and its pages.

It is the ASGI middleware of each BentoML service. BentoML's dispatch would parse a body without a limit of work (and
end in a 500 for some), batch questions by a wait that it has learned in a burst, and spend more time on a question than
the model does: spans, a timer of a minute for each, a second parsing, another thread. BentoML keeps what it is good
for: the typed services and their Bentos, the start and the end of a service, health, and all other routes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

import bentoml
from bentoml.exceptions import BentoMLException
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bento_serving.front.admission import Limits, read_body
from bento_serving.front.metrics import RequestMetrics
from bento_serving.front.pages import swagger_page
from bento_serving.front.refusals import failure

JSON_TYPE: Final = "application/json"


class Served(Protocol):
    """What the gate asks a service for."""

    def describe(self) -> Response:
        """The answer to ``/model``."""

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""


@dataclass(frozen=True)
class Taker:
    """How bodies of one media type are taken.

    Attributes:
        limits: of a body, as the service is now.
        answer: the answer to a body within its size.
    """

    limits: Callable[[Any], Limits]
    answer: Callable[[Any, bytes, Headers], Awaitable[Response]]


class RequestGate:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, name: str, takers: Mapping[str, Taker]) -> None:
        """
        Args:
            app: what comes next: BentoML's dispatch.
            name: of the service, in its metrics.
            takers: media type → what takes a question in it.
        """
        self.app = app
        self._takers = takers
        self._metrics = RequestMetrics(name, ("/predict", "/model", "/docs.json"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self._metrics.measured(scope["path"]) as seen:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                await send(message)

            answer = await self._answer(scope["method"], scope["path"], scope, receive)
            await (answer or self.app)(scope, receive, sent)

    async def _answer(self, method: str, path: str, scope: Scope, receive: Receive) -> Response | None:
        """The gate's own answer; None for what BentoML answers."""
        if path == "/predict" and method == "POST":
            return await self._ask(Headers(scope=scope), receive)
        if path == "/model" and method in {"GET", "POST"}:
            return self._of_service(lambda service: service.describe())
        if method != "GET":
            return None
        if path == "/docs.json":
            return self._of_service(lambda service: JSONResponse(service.document()))
        if path == "/":
            page, headers = swagger_page()
            return HTMLResponse(page, headers=headers)
        return self._metrics.page() if path == "/metrics" else None

    async def _ask(self, headers: Headers, receive: Receive) -> Response:
        given = headers.get("content-type", JSON_TYPE).partition(";")[0].strip().lower()
        taker = self._takers.get(given)
        if taker is None:
            sentence = f"The body must be JSON: send it as Content-Type: {' or '.join(self._takers)}."
            return failure(sentence, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        service = _service()
        if service is None:
            return _starting()
        body = await read_body(receive, taker.limits(service))
        return body if isinstance(body, Response) else await taker.answer(service, body, headers)

    @staticmethod
    def _of_service(make: Callable[[Any], Response]) -> Response:
        service = _service()
        return _starting() if service is None else make(service)


def _service() -> Any:  # noqa: ANN401 - a service of ours
    """The instance of the service in this process; None before it is made and after it is gone."""
    try:
        return bentoml.get_current_service()
    except BentoMLException:
        return None


def _starting() -> Response:
    return failure("The service is starting or stopping. Try again in a moment.", HTTPStatus.SERVICE_UNAVAILABLE)
