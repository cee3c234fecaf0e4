"""Pattern A, the outer half: takes flights, builds their features, and asks the model API."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

import aiohttp
import numpy as np
from platform_contract import load_contract
from starlette.responses import Response

from bento_serving.errors import ModelChangedError, NotReadyError
from bento_serving.features.flights import FlightPredictions, Flights
from bento_serving.features.lookups import Floats
from bento_serving.flight_api import TAKERS, FlightApi, FlightModelInfo, change_counter
from bento_serving.sources import ModelApiSource, RemoteModel
from bento_serving.typed_bentoml import at_shutdown, behind_gate, endpoint, service
from bento_serving.vectors import BINARY_TYPE
from bento_serving.watching import Ready, Watcher

ANSWER_SECONDS: Final = 20.0
"""Longest wait for the model API's answer."""

IDLE_SECONDS: Final = 30.0
"""How long a connection to the model API is kept: less than that one keeps it, so that none closes under a question."""

CONNECTIONS: Final = 100


@service(
    "FlightDelayEmbedded",
    "Probability that a flight arrives more than 15 minutes late. Asks the API of the embedded model.",
)
class FlightDelayEmbedded(FlightApi[RemoteModel]):
    """Pattern A of serving; see the module."""

    pattern = "embedded"
    source: ModelApiSource

    def __init__(self) -> None:
        contract = load_contract()
        self.address = contract.serving.model_api
        self.client: aiohttp.ClientSession | None = None
        self.source = ModelApiSource(contract.lake.features, self.address, change_counter())
        self.watcher = Watcher(self.source)
        self.watcher.start()

    async def __is_ready__(self) -> bool:
        try:
            async with self._session().get(
                f"{self.address}/readyz", timeout=aiohttp.ClientTimeout(total=2)
            ) as response:
                return self.source.current is not None and response.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    @endpoint(output_spec=FlightPredictions)
    async def predict(self, flights: Flights) -> Response:
        """How likely each flight is to arrive more than 15 minutes late."""
        return await self.respond(flights)

    @endpoint(output_spec=FlightModelInfo)
    async def model(self) -> Response:
        """The model and the tables that are answered from, and what was refused since; also by GET."""
        return self.describe()

    async def ask(self, ready: Ready[RemoteModel], matrix: Floats) -> Floats:
        """The model API's probabilities. As 32-bit floats, which need neither be written as text nor be read again.

        Raises:
            NotReadyError: the model API does not answer, or not as it should.
            ModelChangedError: it has another model by now.
        """
        headers = {"Content-Type": BINARY_TYPE, "If-Match": ready.model.tag}
        content = matrix.astype("<f4", copy=False).tobytes()
        try:
            async with self._session().post(f"{self.address}/predict", data=content, headers=headers) as response:
                if response.status == HTTPStatus.PRECONDITION_FAILED:
                    raise ModelChangedError
                response.raise_for_status()
                found = np.frombuffer(await response.read(), dtype="<f4")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotReadyError(
                f"The model API at {self.address} does not answer ({type(error).__name__}). Try again in a moment."
            ) from error
        if len(found) != len(matrix):
            raise NotReadyError(f"The model API at {self.address} answered {len(found)} of {len(matrix)} questions.")
        return found

    def _session(self) -> aiohttp.ClientSession:
        """Made on the event loop that it belongs to. A proxy of the environment is not for a neighbour."""
        if self.client is None:
            self.client = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=2),
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self.client

    @at_shutdown
    async def stop_watching(self) -> None:
        await asyncio.to_thread(self.watcher.stop)
        self.source.close()
        if self.client is not None:
            await self.client.close()


behind_gate(FlightDelayEmbedded, TAKERS)
