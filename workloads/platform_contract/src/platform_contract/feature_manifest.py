"""The document that travels with a prepared data set, from Spark to training to serving.

It names every feature, in the order in which a model takes them, and says for each how a service that knows only a
flight finds its value. Spark writes it; training embeds its `FeatureSchema` into the model file; serving follows it.
One definition, so that training and serving cannot drift apart.

Layout of a data set below ``lake.features``::

    <dataset>/LATEST.json            a DatasetPointer, replaced in one step
    <dataset>/v-<fingerprint>/       never changed once LATEST.json names it
        manifest.json                a FeatureManifest
        data/*.parquet               key columns, label and features
        lookups/<table>/*.parquet    the tables that serving looks features up in
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from platform_contract.base import Frozen

MANIFEST_VERSION: Final = "2.0"
POINTER_VERSION: Final = "1.0"
"""Of `DatasetPointer`, which has not changed since the first manifest."""

SCHEMA_VERSION: Final = "1.0"
"""Of `FeatureSchema` by itself: a model file that was made under an earlier manifest can still be read."""

KEY_COLUMNS: Final = (
    "flight_id",
    "carrier_code",
    "flight",
    "tailnum",
    "origin_code",
    "dest_code",
    "scheduled_departure",
)
"""Columns of ``data/`` that tell which flight a row is, with all that a service must be asked to get its features.

``flight_id`` is a stable 64-bit number. ``carrier_code``, ``origin_code`` and ``dest_code`` are text, because the
columns ``carrier``, ``origin`` and ``dest`` are the encoded features. ``scheduled_departure`` is text, local to the
origin, as ``2013-11-05T18:30:00``.
"""

Month = Annotated[int, Field(ge=100_001, le=999_912)]
"""A month of the calendar as the number YYYYMM."""

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]

RequestValue = Literal[
    "carrier",
    "origin",
    "dest",
    "tailnum",
    "departure_hour",
    "departure_minute_of_day",
    "departure_day_of_week",
    "departure_epoch_hour",
    "as_of_epoch_hour",
    "as_of_date",
]
"""What can be told from a request alone.

``departure_hour`` 0…23, ``departure_minute_of_day`` 0…1439 and ``departure_day_of_week`` 1 (Monday) … 7 are local to
the origin; ``departure_epoch_hour`` is whole hours since 1970-01-01 UTC of the scheduled departure;
``as_of_epoch_hour`` is the last hour whose start a forecast may look back from (``departure_epoch_hour - 1``);
``as_of_date`` is the departure's local date as the number YYYYMMDD.
"""


class FromRequest(Frozen):
    """The value is in the request, or follows from it."""

    kind: Literal["request"] = "request"
    value: RequestValue


class FromLookup(Frozen):
    """The value is a column of a lookup table; a row that is not there means missing."""

    kind: Literal["lookup"] = "lookup"
    table: str
    column: str


class Feature(Frozen):
    """One column that a model takes, a 32-bit float.

    A categorical feature is the position of its value in `categories`; a value that is not among them, and every
    value that is missing, is NaN.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str = Field(min_length=1, description="Meaning and unit.")
    source: Annotated[FromRequest | FromLookup, Field(discriminator="kind")]
    categories: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _categories_are_distinct(self) -> Self:
        if self.categories is not None and len(set(self.categories)) != len(self.categories):
            raise ValueError(f"feature {self.name!r} names a category twice")
        return self


class LookupTable(Frozen):
    """A table with one row per key. Key columns are named as the request values that fill them."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    keys: Annotated[tuple[RequestValue, ...], Field(min_length=1)]
    columns: Annotated[tuple[str, ...], Field(min_length=1)]


class FeatureSchema(Frozen):
    """What a model was trained on: the part of the manifest that is embedded into the model file."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    dataset: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    lookups: tuple[LookupTable, ...]
    origin_timezones: dict[str, str] = Field(description="Origin → IANA time zone of its scheduled times.")

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names in the order in which a model takes them."""
        return tuple(feature.name for feature in self.features)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("a feature is named twice")
        columns = {table.name: set(table.columns) for table in self.lookups}
        if len(columns) != len(self.lookups):
            raise ValueError("a lookup table is named twice")
        for feature in self.features:
            source = feature.source
            if source.kind == "lookup" and source.column not in columns.get(source.table, ()):
                missing = f"{source.table}.{source.column}"
                raise ValueError(f"feature {feature.name!r} looks up {missing}, which is not there")
        return self


class FileDigest(Frozen):
    """A file of the data set; `path` is relative to the version's folder."""

    path: str
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Period(Frozen):
    """Days of a calendar, both ends included."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"the last day ({self.last_day}) is before the first ({self.first_day})")
        return self


class TableCounts(Frozen):
    """What became of the rows of one raw table."""

    rows_in: int = Field(ge=0)
    refused: dict[str, Annotated[int, Field(gt=0)]] = Field(description="Reason → rows; all others were taken.")


class FeatureManifest(Frozen):
    """A version of a data set: what is in it, and what was made of what came in."""

    manifest_version: Literal["2.0"] = MANIFEST_VERSION
    fingerprint: Fingerprint = Field(description="Of the input files, the settings and the code that made it.")
    feature_schema: FeatureSchema
    label: str = Field(description="Column with 0 or 1.")
    outcome: str = Field(description="Column with the number that the label was made from (minutes of delay).")
    month: str = Field(description="Column with the month of the departure, YYYYMM, by which the data is split.")
    period: Period = Field(description="Days that the raw flights are delivered for; no row is of another day.")
    months: dict[Month, Annotated[int, Field(gt=0)]] = Field(description="Month (YYYYMM) → rows; no other has any.")
    keys: tuple[str, ...] = Field(description="Columns that tell which row it is; no features.")
    files: tuple[FileDigest, ...]
    lookup_files: dict[str, tuple[FileDigest, ...]]
    rows_in: int = Field(ge=0)
    rows_out: int = Field(ge=0)
    quarantined: dict[str, int] = Field(description="Reason → flights.")
    tables: dict[str, TableCounts] = Field(description="Raw table (flights and all that they are joined with) → rows.")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        refused = sum(self.quarantined.values())
        if self.rows_in != self.rows_out + refused:
            raise ValueError(f"rows do not add up: {self.rows_in} in, {self.rows_out} out, {refused} quarantined")
        if self.rows_out != sum(file.rows for file in self.files):
            raise ValueError(f"the files hold {sum(f.rows for f in self.files)} rows, not {self.rows_out}")
        if self.rows_out != sum(self.months.values()):
            raise ValueError(f"the months hold {sum(self.months.values())} rows, not {self.rows_out}")
        first, last = (day.year * 100 + day.month for day in (self.period.first_day, self.period.last_day))
        if outside := sorted(month for month in self.months if not first <= month <= last):
            raise ValueError(f"months {outside} are outside {self.period.first_day} to {self.period.last_day}")
        tables = {table.name for table in self.feature_schema.lookups}
        if set(self.lookup_files) != tables:
            raise ValueError(f"files are named for {sorted(self.lookup_files)}, tables are {sorted(tables)}")
        return self


class DatasetPointer(Frozen):
    """The content of ``LATEST.json``: which version of a data set readers take."""

    manifest_version: Literal["1.0"] = POINTER_VERSION
    version: str = Field(pattern=r"^v-[0-9a-f]{16,64}$", description="Folder of the version, beside LATEST.json.")
