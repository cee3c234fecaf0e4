"""The price table: `prices.yaml`, typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class UnknownPriceError(Exception):
    """Something has no row in the table; a sentence for a person."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, use_attribute_docstrings=True)


class Source(_Row):
    """Where prices were read."""

    name: str
    date: dt.date
    note: str = ""


class Price(_Row):
    """One row."""

    unit: Literal["hour", "month", "GiB-month"]
    usd: Usd
    source: str
    """Key of `PriceTable.sources`."""


class PriceTable(_Row):
    """All of it."""

    region: str
    hours_per_month: int = Field(gt=0)
    spot_share: float = Field(gt=0, le=1)
    """What spot costs, as a part of the on-demand price."""
    sources: Mapping[str, Source]
    prices: Mapping[str, Price]

    def price(self, key: str) -> Price:
        """A row.

        Raises:
            UnknownPriceError: there is none.
        """
        if key not in self.prices:
            raise UnknownPriceError(
                f"{key} has no price: add a row to infra/mlplatform_cost/prices.yaml, with its source and date."
            )
        return self.prices[key]

    def per_month(self, key: str) -> float:
        """USD for one of it, all month long.

        Raises:
            UnknownPriceError: there is no row.
        """
        price = self.price(key)
        return price.usd * (self.hours_per_month if price.unit == "hour" else 1)


def load_prices() -> PriceTable:
    """The table of the repository."""
    text = resources.files("mlplatform_cost").joinpath("prices.yaml").read_text(encoding="utf-8")
    return PriceTable.model_validate(yaml.safe_load(text))
