"""What both flight APIs share: flights come in, features are built, a model is asked, answers go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from bento_serving.errors import ModelChangedError, NotReadyError
from bento_serving.features import BadFlightsError, FlightFeatures
from bento_serving.flights import LATE_THRESHOLD, Flight, FlightPrediction, FlightsRequest
from bento_serving.gate import Entrance
from bento_serving.lookups import Floats
from bento_serving.refusals import failure, refusal
from bento_serving.watching import Model, Ready, Source

M = TypeVar("M", bound=Model)

ENTRANCES: Final = {"/predict": Entrance(FlightsRequest, most_bytes=2**20)}
READS: Final = ("/model",)
_ANSWERS: Final = TypeAdapter(list[FlightPrediction])


class LastRefusal(BaseModel):
    """A model or tables that came and were not taken."""

    reason: str
    at: datetime


class FlightModelInfo(BaseModel):
    """What a flight API answers from."""

    model_config = ConfigDict(protected_namespaces=())

    pattern: Literal["embedded", "shared"] = Field(
        description="'embedded': a model API is asked; 'shared': the model file on shared storage is served."
    )
    model_version: str = Field(description="Version in MLflow's registry.")
    data_fingerprint: str = Field(description="Of the data that the model was trained on.")
    lookups_version: str = Field(description="Version of the data set that features are looked up in.")
    lookup_rows: int = Field(description="Rows of all its tables.")
    features: list[str] = Field(description="Names of the model's features, in order.")
    late_threshold: float = Field(description="A flight is predicted to be late from this probability on.")
    since: datetime = Field(description="When this model and these tables were taken.")
    last_refusal: LastRefusal | None = Field(description="What came since and was not taken, and why.")


async def answer(
    source: Source[M], flights: Sequence[Flight], predict: Callable[[Ready[M], Floats], Awaitable[Floats]]
) -> Response:
    """The answer to a question about flights, whatever comes of it.

    Args:
        source: where the model is from.
        flights: what is asked about.
        predict: the probabilities for the rows of a matrix, from the model it is given.
    """
    try:
        try:
            ready, features, probabilities = await _attempt(source, flights, predict)
        except ModelChangedError:
            await asyncio.to_thread(source.look, settled=False)
            ready, features, probabilities = await _attempt(source, flights, predict)
    except BadFlightsError as error:
        return refusal(error.faults)
    except NotReadyError as error:
        return failure(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
    except ModelChangedError:
        return failure("The model is being replaced. Try again in a moment.", HTTPStatus.SERVICE_UNAVAILABLE)
    version = ready.model.model_version
    answers = [
        FlightPrediction.model_construct(
            probability_late=probability,
            predicted=probability >= LATE_THRESHOLD,
            model_version=version,
            knowledge=knowledge,
        )
        for probability, knowledge in zip(probabilities.tolist(), features.knowledge, strict=True)
    ]
    return Response(_ANSWERS.dump_json(answers), media_type="application/json")


async def _attempt(
    source: Source[M], flights: Sequence[Flight], predict: Callable[[Ready[M], Floats], Awaitable[Floats]]
) -> tuple[Ready[M], FlightFeatures, Floats]:
    ready = source.ready()
    features = ready.builder.build(flights)
    return ready, features, await predict(ready, features.matrix)


def describe(source: Source[M], pattern: Literal["embedded", "shared"]) -> Response:
    """What is answered from at present."""
    try:
        ready = source.ready()
    except NotReadyError as error:
        return failure(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
    refused = source.refused
    info = FlightModelInfo(
        pattern=pattern,
        model_version=ready.model.model_version,
        data_fingerprint=ready.model.data_fingerprint,
        lookups_version=ready.builder.lookups.version,
        lookup_rows=ready.builder.lookups.rows,
        features=list(ready.model.schema.names),
        late_threshold=LATE_THRESHOLD,
        since=ready.since,
        last_refusal=LastRefusal(reason=refused.reason, at=refused.at) if refused else None,
    )
    return Response(info.model_dump_json(), media_type="application/json")


def change_counter() -> Callable[[str], None]:
    """Counts what was taken and refused, for ``/metrics``.

    Imported late: prometheus_client looks for its folder when it is imported, and BentoML sets it only in a worker.
    """
    import prometheus_client

    counter = prometheus_client.Counter(
        "flight_api_changes", "New models and lookup tables that were taken or refused.", ["outcome"]
    )
    for outcome in ("taken", "refused"):
        counter.labels(outcome)

    def count(outcome: str) -> None:
        counter.labels(outcome).inc()

    return count
