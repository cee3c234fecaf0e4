"""Pattern A, the inner half: the model embedded in a Bento, behind an API that takes feature vectors."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import bentoml
import numpy as np
from bentoml.models import BentoModel
from platform_contract import FeatureSchema
from platform_contract.model_file import MODEL_FILE_NAME, sha256_of
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.responses import Response

from bento_serving.errors import ServingError
from bento_serving.features.lookups import Floats
from bento_serving.front.admission import Limits, parse, too_much
from bento_serving.front.gate import JSON_TYPE, Taker
from bento_serving.front.openapi import Description, document
from bento_serving.front.refusals import MOST_FAULTS, Fault, failure, refusal
from bento_serving.served_model import load_model
from bento_serving.typed_bentoml import behind_gate, endpoint, service
from bento_serving.vectors import (
    BINARY_TYPE,
    BYTES_PER_VALUE,
    MOST_ROWS,
    FirstRowsRequest,
    Probabilities,
    Rows,
    RowsRequest,
    VectorModelInfo,
)

FLOAT_BYTES: Final = 4


class Arguments(BaseModel):
    """What a Bento is built with."""

    model_config = {"protected_namespaces": ()}

    model_tag: str = "flight_delay:latest"


arguments = bentoml.use_arguments(Arguments)


@service("FlightDelayModel", "Probability that a flight arrives more than 15 minutes late, from its feature vector.")
class FlightDelayModel:
    """Answers feature vectors with probabilities; the model is part of the Bento."""

    stored = BentoModel(arguments.model_tag)

    def __init__(self) -> None:
        stored: Any = self.stored
        content = Path(stored.path_of(MODEL_FILE_NAME)).read_bytes()
        digest = sha256_of(content)
        if digest != stored.info.metadata["digest"]:
            raise ServingError(f"The model {stored.tag} in the Bento is not the one that was built into it.")
        self.served = load_model(content, digest)
        self.tag = f'"{digest}"'
        self.width = len(self.served.schema.names)
        rule = f"at most {MOST_ROWS} vectors of {self.width} values are answered at once"
        self.json_limits = Limits(
            size=MOST_ROWS * self.width * BYTES_PER_VALUE + 2**16,
            containers=2 * MOST_ROWS,
            values=2 * MOST_ROWS * self.width,
            rule=rule,
        )
        self.binary_limits = Limits(MOST_ROWS * self.width * FLOAT_BYTES, 0, 0, rule)

    @endpoint()
    def predict(self, rows: Rows) -> list[float]:
        """The probability of being late, per feature vector."""
        found: list[float] = self.served.predict(np.array(rows, dtype=np.float32)).tolist()
        return found

    @endpoint(output_spec=VectorModelInfo)
    def model(self) -> Response:
        """The model and its features; also by GET. The entity tag stands for the model."""
        return self.describe()

    def describe(self) -> Response:
        """The answer to ``/model``."""
        served = self.served
        info = VectorModelInfo(
            model_version=served.model_version,
            data_fingerprint=served.data_fingerprint,
            digest=served.digest,
            features=list(served.schema.names),
            feature_schema=served.schema,
        )
        return Response(info.model_dump_json(), media_type=JSON_TYPE, headers={"ETag": self.tag})

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        served = self.served
        binary = {"schema": {"type": "string", "format": "binary"}}
        told = Description(
            title="Flight delays: the model",
            text="The probability that a flight arrives more than 15 minutes late, from its **feature vector**. The"
            " flight API of pattern A asks here, for people who know a flight and no features.\n\n"
            f"In service: version **{served.model_version}** of the model, SHA-256 `{served.digest}`, trained on the"
            f" data `{served.data_fingerprint}`; it takes {self.width} features, which `/model` describes.",
            version=served.model_version,
            asked=(
                "The probability of being late, per feature vector",
                f"Up to {MOST_ROWS} vectors of {self.width} values and {self.json_limits.size:,} bytes at once. As"
                f" `{BINARY_TYPE}` the vectors are 32-bit floats, little-endian, one row after the other, NaN for"
                " missing; so are the answers then.",
            ),
            request=RowsRequest,
            answer=Probabilities,
            info=VectorModelInfo,
            example={"rows": [example_row(served.schema)]},
            request_content={BINARY_TYPE: binary},
            answer_content={BINARY_TYPE: binary},
            parameters=[
                {
                    "name": "If-Match",
                    "in": "header",
                    "required": False,
                    "description": "The entity tag of `/model`: only that very model answers. `*` is any.",
                    "schema": {"type": "string"},
                }
            ],
            refusals={412: "Another model is served here by now than the one that If-Match asks for."},
            changes={"RowsRequest": {"rows": {"items": _row_schema(self.width)}}},
        )
        return document(told)


def _row_schema(width: int) -> dict[str, Any]:
    """A vector of the model in service."""
    row: dict[str, Any] = RowsRequest.model_json_schema()["properties"]["rows"]["items"]
    return {**row, "minItems": width, "maxItems": width}


def example_row(schema: FeatureSchema) -> list[float | None]:
    """A vector that any model of the schema answers: an evening in the middle of a week, of which no more is known."""
    known: dict[str, float] = {
        "departure_hour": 18,
        "departure_minute_of_day": 1110,
        "departure_day_of_week": 3,
    }
    return [
        0 if feature.categories else known.get(feature.source.value) if feature.source.kind == "request" else None
        for feature in schema.features
    ]


def _another_model(model: FlightDelayModel, headers: Headers) -> Response | None:
    """A condition is only looked at where there would be an answer without it (RFC 9110, 13.2.1)."""
    wanted = headers.get("if-match", "*")
    if wanted in {model.tag, "*"}:
        return None
    return failure(f"Another model is served here by now: {model.tag}.", HTTPStatus.PRECONDITION_FAILED)


async def answer_rows(model: FlightDelayModel, body: bytes, headers: Headers) -> Response:
    """The answer to vectors as JSON."""
    if refused := too_much(body, model.json_limits):
        return refused
    request = parse(body, RowsRequest, FirstRowsRequest)
    if isinstance(request, Response):
        return request
    wrong = [i for i, row in enumerate(request.rows) if len(row) != model.width]
    if wrong:
        problem = f"must have {model.width} values, in the order of the features that /model tells; it has"
        faults = [Fault(f"rows[{i}]", f"{problem} {len(request.rows[i])}") for i in wrong[:MOST_FAULTS]]
        return refusal(faults, len(wrong))
    if refused := _another_model(model, headers):
        return refused
    # On the event loop: a thousand rows take some milliseconds, handing one over to a thread takes longer than it does.
    found = model.served.predict(np.array(request.rows, dtype=np.float32))
    return Response(json.dumps(found.tolist()), media_type=JSON_TYPE)


async def answer_floats(model: FlightDelayModel, body: bytes, headers: Headers) -> Response:
    """The answer to vectors as 32-bit floats."""
    bytes_per_row = model.width * FLOAT_BYTES
    if not body or len(body) % bytes_per_row:
        sentence = f"The body must be vectors of {model.width} 32-bit floats; it has {len(body):,} bytes."
        return failure(sentence, HTTPStatus.BAD_REQUEST)
    rows: Floats = np.frombuffer(body, dtype="<f4").reshape(-1, model.width)
    if np.isinf(rows).any():
        return failure("The body holds a number that is infinite.", HTTPStatus.BAD_REQUEST)
    if refused := _another_model(model, headers):
        return refused
    return Response(model.served.predict(rows).astype("<f4").tobytes(), media_type=BINARY_TYPE)


behind_gate(
    FlightDelayModel,
    {
        JSON_TYPE: Taker(lambda model: model.json_limits, answer_rows),
        BINARY_TYPE: Taker(lambda model: model.binary_limits, answer_floats),
    },
)
