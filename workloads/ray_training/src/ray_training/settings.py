"""What a model is trained with: the split by time, and the trees' parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from ray_training.errors import TrainingError

VALIDATION_MONTHS: Final = 1
HELDOUT_MONTHS: Final = 2
LEAST_MONTHS: Final = VALIDATION_MONTHS + HELDOUT_MONTHS + 1


@dataclass(frozen=True)
class Split:
    """Months (YYYYMM) in the order of time; each part comes after the one before it."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    """Decide when there are trees enough."""
    heldout: tuple[int, ...]
    """No choice is made on them: neither trees, nor the number of rounds, nor parameters have seen them."""


def split_by_time(months: Iterable[int]) -> Split:
    """Holds out the last `HELDOUT_MONTHS` months of a data set, and validates on the `VALIDATION_MONTHS` before them.

    Raises:
        TrainingError: there are fewer than `LEAST_MONTHS`.
    """
    ordered = tuple(sorted(months))
    if len(ordered) < LEAST_MONTHS:
        raise TrainingError(
            f"The data set has flights of {len(ordered)} month(s) ({', '.join(map(str, ordered)) or 'none'}), and"
            f" training needs {LEAST_MONTHS}: {HELDOUT_MONTHS} are held out and {VALIDATION_MONTHS} decides when there"
            " are trees enough. Prepare the flights of a longer time."
        )
    first_heldout = len(ordered) - HELDOUT_MONTHS
    first_validation = first_heldout - VALIDATION_MONTHS
    return Split(ordered[:first_validation], ordered[first_validation:first_heldout], ordered[first_heldout:])


def span(months: tuple[int, ...]) -> str:
    """From the first month to the last, as a person writes them: ``2013-01 to 2013-09``."""
    first, last = (f"{month // 100}-{month % 100:02}" for month in (months[0], months[-1]))
    return first if len(months) == 1 else f"{first} to {last}"


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
    package, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
