"""Pattern A, the inner half: the model embedded in a Bento, behind an API that takes feature vectors."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import bentoml
import numpy as np
from bentoml.models import BentoModel
from platform_contract.model_file import MODEL_FILE_NAME, sha256_of
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.responses import Response

from bento_serving.errors import ServingError
from bento_serving.gate import Entrance
from bento_serving.refusals import Fault, failure, refusal
from bento_serving.served_model import load_model
from bento_serving.typed_bentoml import LockedImage, behind_gate, endpoint
from bento_serving.vectors import Rows, RowsRequest, VectorModelInfo

MOST_BYTES = 8 * 2**20


class Arguments(BaseModel):
    """What a Bento is built with.

    A request that has waited longer than `max_latency_ms` is answered with 503 by BentoML's dispatcher: it is a limit
    for overload, not a goal, and a low one turns load into errors.
    """

    model_config = {"protected_namespaces": ()}

    model_tag: str = "flight_delay:latest"
    batching: bool = True
    max_batch_size: Annotated[int, Field(ge=2)] = 2000
    max_latency_ms: Annotated[int, Field(ge=100)] = 30_000


arguments = bentoml.use_arguments(Arguments)


def check_rows(request: BaseModel, headers: Headers) -> Response | None:
    """Refuses vectors of a wrong length, which would spoil a batch for others, and questions to another model."""
    assert isinstance(request, RowsRequest)  # noqa: S101 - the gate has parsed it as this
    service: FlightDelayModel = bentoml.get_current_service()
    wanted = headers.get("if-match", service.tag)
    if wanted not in {service.tag, "*"}:
        return failure(f"Another model is served here by now: {service.tag}.", HTTPStatus.PRECONDITION_FAILED)
    width = len(service.served.schema.names)
    problem = f"must have {width} values, in the order of the features that /model tells; it has"
    faults = [Fault(f"rows[{i}]", f"{problem} {len(row)}") for i, row in enumerate(request.rows) if len(row) != width]
    return refusal(faults) if faults else None


@bentoml.service(
    name="FlightDelayModel",
    description="Probability that a flight arrives more than 15 minutes late, from its feature vector.",
    image=LockedImage(),
    workers=1,
    threads=4,
    metrics={"enabled": True},
    logging={"access": {"enabled": False}},
)
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

    @endpoint(
        batchable=arguments.batching,
        max_batch_size=arguments.max_batch_size,
        max_latency_ms=arguments.max_latency_ms,
    )
    def predict(self, rows: Rows) -> list[float]:
        """The probability of being late, per feature vector.

        `If-Match` with the entity tag of `/model` makes sure that the answer comes from that very model (else 412).
        """
        return [float(p) for p in self.served.predict(np.array(rows, dtype=np.float32))]

    @endpoint(output_spec=VectorModelInfo)
    def model(self) -> Response:
        """The model and its features; also by GET. The entity tag stands for the model."""
        served = self.served
        info = VectorModelInfo(
            model_version=served.model_version,
            data_fingerprint=served.data_fingerprint,
            digest=served.digest,
            features=list(served.schema.names),
            feature_schema=served.schema,
        )
        return Response(info.model_dump_json(), media_type="application/json", headers={"ETag": self.tag})


behind_gate(
    FlightDelayModel,
    entrances={"/predict": Entrance(RowsRequest, MOST_BYTES, check_rows)},
    reads=("/model",),
)
