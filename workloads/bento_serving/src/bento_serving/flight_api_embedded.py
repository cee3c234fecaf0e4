"""Pattern A, the outer half: takes flights, builds their features, and asks the model API."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import bentoml
import httpx
import numpy as np
import pydantic_core
from platform_contract import load_contract
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from bento_serving.errors import ModelChangedError, NotReadyError
from bento_serving.flight_api import ENTRANCES, READS, FlightModelInfo, answer, change_counter, describe
from bento_serving.flights import FlightPredictions, Flights
from bento_serving.gate import JSON_TYPE
from bento_serving.lookups import Floats
from bento_serving.sources import ModelApiSource, RemoteModel
from bento_serving.typed_bentoml import LockedImage, at_shutdown, behind_gate, endpoint
from bento_serving.watching import Ready, Watcher

ANSWER_SECONDS = 20.0
"""Longest wait for the model API's answer; less than the 60 s that BentoML gives a request."""

_PROBABILITIES = TypeAdapter(list[float])


@bentoml.service(
    name="FlightDelayEmbedded",
    description="Probability that a flight arrives more than 15 minutes late. Asks the API of the embedded model.",
    image=LockedImage(),
    workers=1,
    metrics={"enabled": True},
    logging={"access": {"enabled": False}},
)
class FlightDelayEmbedded:
    """Pattern A of serving; see the module."""

    def __init__(self) -> None:
        contract = load_contract()
        self.address = contract.serving.model_api
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=2)
        self.client = httpx.AsyncClient(base_url=self.address, timeout=timeout, trust_env=False)
        self.source = ModelApiSource(contract.lake.features, self.address, change_counter())
        self.watcher = Watcher(self.source)
        self.watcher.start()

    async def __is_ready__(self) -> bool:
        try:
            asked = await self.client.get("/readyz", timeout=2)
        except httpx.HTTPError:
            return False
        return self.source.current is not None and asked.status_code == HTTPStatus.OK

    @endpoint(output_spec=FlightPredictions)
    async def predict(self, flights: Flights) -> Response:
        """How likely each flight is to arrive more than 15 minutes late."""
        return await answer(self.source, flights, self._ask)

    @endpoint(output_spec=FlightModelInfo)
    async def model(self) -> Response:
        """The model and the tables that are answered from, and what was refused since; also by GET."""
        return describe(self.source, "embedded")

    async def _ask(self, ready: Ready[RemoteModel], matrix: Floats) -> Floats:
        """The model API's probabilities. A 32-bit float survives JSON: it is written with all the digits it needs.

        Raises:
            NotReadyError: the model API does not answer, or not as it should.
            ModelChangedError: it has another model by now.
        """
        body = pydantic_core.to_json({"rows": matrix.tolist()}, inf_nan_mode="null")
        headers = {"Content-Type": JSON_TYPE, "If-Match": ready.model.tag}
        try:
            response = await self.client.post("/predict", content=body, headers=headers)
            if response.status_code == HTTPStatus.PRECONDITION_FAILED:
                raise ModelChangedError
            found = _PROBABILITIES.validate_json(response.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise NotReadyError(
                f"The model API at {self.address} does not answer ({type(error).__name__}). Try again in a moment."
            ) from error
        if len(found) != len(matrix):
            raise NotReadyError(f"The model API at {self.address} answered {len(found)} of {len(matrix)} questions.")
        return np.array(found, dtype=np.float32)

    @at_shutdown
    async def stop_watching(self) -> None:
        await asyncio.to_thread(self.watcher.stop)
        self.source.close()
        await self.client.aclose()


behind_gate(FlightDelayEmbedded, entrances=ENTRANCES, reads=READS)
