"""What the model API takes and answers: feature vectors, not flights."""

from __future__ import annotations

from typing import Annotated, Final

from platform_contract import FeatureSchema
from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS: Final = 1000
"""Rows in one request."""

LARGEST: Final = 3.4028234663852886e38
"""The largest 32-bit float: what is beyond it would become infinite."""

Value = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)] | None

Rows = Annotated[
    list[list[Value]],
    Field(
        min_length=1,
        max_length=MOST_ROWS,
        description=f"1 to {MOST_ROWS} feature vectors, each in the order of `features` that `/model` tells. A number"
        " is taken as a 32-bit float, null means missing, a category is its position.",
        json_schema_extra={"example": [[3, 0, 41, 1110, 2, 1400.0, None]]},
    ),
]


class RowsRequest(BaseModel):
    """The body of a question about feature vectors."""

    model_config = ConfigDict(extra="forbid")

    rows: Rows


class VectorModelInfo(BaseModel):
    """The model that a model API holds."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str = Field(description="Version in MLflow's registry.")
    data_fingerprint: str = Field(description="Of the data that it was trained on.")
    digest: str = Field(description="SHA-256 of the model file.")
    features: list[str] = Field(description="Names of a vector's values, in order.")
    feature_schema: FeatureSchema = Field(description="Meaning and source of each value.")
