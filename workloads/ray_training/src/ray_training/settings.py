"""What a model is trained with: the split by time, and the trees' parameters."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

TRAIN_MONTHS: Final = tuple(range(1, 10))
VALIDATION_MONTHS: Final = (10,)
HELDOUT_MONTHS: Final = (11, 12)
"""The months that no choice is made on: neither trees, nor the number of rounds, nor parameters have seen them."""


class BoostingSettings(BaseModel):
    """Parameters of the trees. With the data, the code and the number of workers they decide the model.

    There is no sampling of rows or columns: XGBoost keeps its random state in memory alone, so a run that continues
    from a checkpoint could not grow the trees that an uninterrupted one grows. Depth, leaf weight and regularisation
    keep the trees from following noise instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(default=400, gt=0, description="Upper limit of boosting rounds.")
    patience: int = Field(default=30, gt=0, description="Rounds without a better validation log loss before it stops.")
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    max_depth: int = Field(default=5, gt=0)
    min_child_weight: float = Field(default=100, ge=0)
    reg_lambda: float = Field(default=10, ge=0)
    max_bin: int = Field(default=64, gt=1)

    def xgboost_parameters(self, threads: int) -> dict[str, Any]:
        """The parameters as XGBoost names them, for `threads` threads."""
        return {
            **self.model_dump(exclude={"rounds", "patience"}),
            "objective": "binary:logistic",
            "tree_method": "hist",
            "eval_metric": "logloss",
            "nthread": threads,
        }


def code_digest() -> str:
    """Of this package's source: a model that other code made is not the same model."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
