"""What both flight APIs share: flights come in, features are built, a model is asked, answers go out."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.datastructures import Headers
from starlette.responses import Response

from bento_serving.errors import ModelChangedError, NotReadyError
from bento_serving.features.builder import BadFlightsError, FlightFeatures
from bento_serving.features.examples import example_flight
from bento_serving.features.flights import (
    LATE_THRESHOLD,
    MOST_FLIGHTS,
    FirstFlightsRequest,
    Flight,
    FlightPrediction,
    FlightPredictions,
    FlightsRequest,
)
from bento_serving.features.lookups import Floats
from bento_serving.front.admission import Limits, parse, too_much
from bento_serving.front.gate import JSON_TYPE, Taker
from bento_serving.front.openapi import Description, document
from bento_serving.front.refusals import failure, refusal
from bento_serving.watching import Model, Ready, Source

M = TypeVar("M", bound=Model)
Pattern = Literal["embedded", "shared"]

LIMITS: Final = Limits(
    size=2**20,
    # Texts of a flight may hold brackets and commas.
    containers=16 * MOST_FLIGHTS,
    values=64 * MOST_FLIGHTS,
    rule=f"at most {MOST_FLIGHTS} flights are answered at once",
)
_ANSWERS: Final = TypeAdapter(list[FlightPrediction])


class LastRefusal(BaseModel):
    """A model or tables that came and were not taken."""

    reason: str
    at: datetime


class FlightModelInfo(BaseModel):
    """What a flight API answers from."""

    model_config = ConfigDict(protected_namespaces=())

    pattern: Pattern = Field(
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


class FlightApi(ABC, Generic[M]):
    """What the gate asks of a flight API; the typed BentoML service is the class that inherits this."""

    pattern: ClassVar[Pattern]
    source: Source[M]

    @abstractmethod
    async def ask(self, ready: Ready[M], matrix: Floats) -> Floats:
        """The probabilities for the rows of a matrix.

        Raises:
            NotReadyError: the model cannot be asked now.
            ModelChangedError: it is no longer there.
        """

    async def respond(self, flights: Sequence[Flight]) -> Response:
        """The answer to a question about flights, whatever comes of it."""
        return await answer(self.source, flights, self.ask)

    def describe(self) -> Response:
        """The answer to ``/model``."""
        return describe(self.source, self.pattern)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return describe_api(self.source.current, self.pattern)


async def answer_flights(api: FlightApi[Any], body: bytes, headers: Headers) -> Response:  # noqa: ARG001 - a `Taker`
    """The answer to a question as JSON."""
    if refused := too_much(body, LIMITS):
        return refused
    request = parse(body, FlightsRequest, FirstFlightsRequest)
    return request if isinstance(request, Response) else await api.respond(request.flights)


TAKERS: Final = {JSON_TYPE: Taker(lambda _: LIMITS, answer_flights)}


def describe_api(ready: Ready[Any] | None, pattern: Pattern) -> dict[str, Any]:
    """The OpenAPI document of a flight API, with what it answers from now."""
    where = (
        "asks the API of a model that is embedded in its Bento"
        if pattern == "embedded"
        else ("serves the model file on shared storage, and takes a new one without a restart")
    )
    text = f"The probability that a flight arrives more than 15 minutes late. This service {where}.\n\n"
    changes: dict[str, Any] = {}
    if ready is None:
        text += "In service: **nothing yet**. `/model` says why."
    else:
        text += (
            f"In service: version **{ready.model.model_version}** of the model, trained on the data"
            f" `{ready.model.data_fingerprint}`, with the tables of `{ready.builder.lookups.version}`"
            f" ({ready.builder.lookups.rows:,} rows)."
        )
        known = {name: sorted(ready.builder.known(name)) for name in ("carrier", "origin", "dest")}
        changes = {"Flight": {name: {"enum": texts} for name, texts in known.items() if texts}}
    return document(
        Description(
            title=f"Flight delays: pattern {'A, embedded' if pattern == 'embedded' else 'B, shared'}",
            text=text,
            version=ready.model.model_version if ready else "none",
            asked=(
                "How likely flights are to arrive late",
                f"Up to {MOST_FLIGHTS} flights and {LIMITS.size:,} bytes at once, in any order.",
            ),
            request=FlightsRequest,
            answer=FlightPredictions,
            info=FlightModelInfo,
            example={"flights": [example_flight(ready.builder)]} if ready else None,
            changes=changes,
        )
    )


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
        return refusal(error.faults, error.count)
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


def describe(source: Source[M], pattern: Pattern) -> Response:
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
