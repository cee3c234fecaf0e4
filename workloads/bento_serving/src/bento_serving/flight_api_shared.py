"""Pattern B: takes flights, and serves the model file on shared storage; a new file is taken without a restart."""

from __future__ import annotations

import importlib

from platform_contract import load_contract
from platform_contract.model_file import shared_model_path
from starlette.responses import Response

from bento_serving.features.flights import FlightPredictions, Flights
from bento_serving.features.lookups import Floats
from bento_serving.flight_api import TAKERS, FlightApi, FlightModelInfo, change_counter
from bento_serving.served_model import ServedModel
from bento_serving.sources import SharedFileSource
from bento_serving.typed_bentoml import at_shutdown, behind_gate, endpoint, service
from bento_serving.watching import Ready, Watcher


@service(
    "FlightDelayShared",
    "Probability that a flight arrives more than 15 minutes late. Serves the model on shared storage.",
)
class FlightDelayShared(FlightApi[ServedModel]):
    """Pattern B of serving; see the module."""

    pattern = "shared"

    def __init__(self) -> None:
        contract = load_contract()
        path = shared_model_path(contract.shared_files.models)
        self.source = SharedFileSource(contract.lake.features, path, change_counter())
        self.watcher = Watcher(self.source)
        self.watcher.start()
        # A second of work, while the watcher waits for the inspection of the first model.
        importlib.import_module("xgboost")

    def __is_ready__(self) -> bool:
        return self.source.current is not None

    @endpoint(output_spec=FlightPredictions)
    async def predict(self, flights: Flights) -> Response:
        """How likely each flight is to arrive more than 15 minutes late."""
        return await self.respond(flights)

    @endpoint(output_spec=FlightModelInfo)
    async def model(self) -> Response:
        """The model and the tables that are answered from, and what was refused since; also by GET."""
        return self.describe()

    async def ask(self, ready: Ready[ServedModel], matrix: Floats) -> Floats:
        """Some milliseconds for a thousand rows: less than handing them to another thread and waiting for it."""
        return ready.model.predict(matrix)

    @at_shutdown
    def stop_watching(self) -> None:
        self.watcher.stop()


behind_gate(FlightDelayShared, TAKERS)
