"""What the model API takes and answers: feature vectors, not flights."""

from __future__ import annotations

from typing import Annotated, Final

from platform_contract import FeatureSchema
from pydantic import BaseModel, ConfigDict, FailFast, Field, RootModel

MOST_ROWS: Final = 1000
"""Rows in one request."""

LARGEST: Final = 3.4028234663852886e38
"""The largest 32-bit float: what is beyond it would become infinite."""

BYTES_PER_VALUE: Final = 32
"""Of a number as JSON: at most 24 characters, with room for what parts it from the next."""

BINARY_TYPE: Final = "application/octet-stream"
"""Media type of vectors as 32-bit floats, little-endian, one row after the other, and of answers of that kind."""

Value = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)] | None

Row = Annotated[list[Value], FailFast()]
"""One feature vector. Of a faulty one the first fault is told."""

Rows = Annotated[
    list[Row],
    Field(
        min_length=1,
        max_length=MOST_ROWS,
        description=f"1 to {MOST_ROWS} feature vectors, each in the order of `features` that `/model` tells. A number"
        " is taken as a 32-bit float, null means missing, a category is its position.",
    ),
]


class RowsRequest(BaseModel):
    """The body of a question about feature vectors."""

    model_config = ConfigDict(extra="forbid")

    rows: Rows


class FirstRowsRequest(RowsRequest):
    """The same; ends at the first faulty vector."""

    rows: Annotated[Rows, FailFast()]


class Probabilities(RootModel[list[float]]):
    """The probability of being late, per feature vector."""


class VectorModelInfo(BaseModel):
    """The model that a model API holds."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str = Field(description="Version in MLflow's registry.")
    data_fingerprint: str = Field(description="Of the data that it was trained on.")
    digest: str = Field(description="SHA-256 of the model file.")
    features: list[str] = Field(description="Names of a vector's values, in order.")
    feature_schema: FeatureSchema = Field(description="Meaning and source of each value.")
