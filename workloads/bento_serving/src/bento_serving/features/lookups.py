"""The lookup tables of a published data set, held so that a thousand flights are looked up in one step.

Only the files that the version's manifest names are read, and each must have the digest that stands there: Parquet's
own checksums do not cover all of a file, and a changed bit in a table changes answers without a word.

A table is one array of 32-bit floats, sorted by a 64-bit number that its keys are packed into, and searched by
bisection: a million rows take about 30 MB and no Python object per row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from platform_contract import DatasetPointer, FeatureManifest, FeatureSchema, FileDigest, LookupTable
from platform_contract.model_file import sha256_of
from pydantic import ValidationError

from bento_serving.errors import ServingError
from bento_serving.features.locations import parse_parquet, read_bytes

TEXT_VALUES: Final = frozenset({"carrier", "origin", "dest", "tailnum"})
"""Request values that are text; all others are whole numbers."""

TIME_VALUES: Final = ("departure_epoch_hour", "as_of_epoch_hour", "as_of_date")
"""Request values that say when; a table with one of them covers a span of time."""

UNKNOWN: Final = -1
"""Code of a text that no table has."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Truths = npt.NDArray[np.bool_]
Keys = Mapping[str, Integers]
"""Request value → one number per flight: the number itself, or the code of the text."""


@dataclass(frozen=True)
class Table:
    """One lookup table.

    Attributes:
        keys: names of the key columns, the first one the most significant.
        lowest: smallest value of each key column.
        widths: how many values each key column may have, from the smallest on.
        packed: the packed keys of all rows, in ascending order.
        values: one row per key, one column per name in `columns`.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    lowest: tuple[int, ...]
    widths: tuple[int, ...]
    packed: Integers
    values: Floats

    @property
    def is_timed(self) -> bool:
        """Whether its rows are about moments, as weather is, and not about things, as routes and planes are."""
        return any(name in TIME_VALUES for name in self.keys)

    def find(self, keys: Keys) -> tuple[Floats, Truths]:
        """The rows for the given keys, NaN in every column where there is none, and what is known of each key.

        Of a thing that is whether it has a row; of a moment, whether it lies within the table's span: an hour in which
        nobody departed is known, though it has no row.
        """
        packed, inside = self._pack(keys)
        if not len(self.packed):
            return np.full((len(packed), len(self.columns)), np.nan, dtype=np.float32), np.zeros(len(packed), np.bool_)
        at = np.searchsorted(self.packed, packed)
        at[at == len(self.packed)] = 0
        found = self.values[at]
        known = inside & (self.packed[at] == packed)
        found[~known] = np.nan
        return found, self._within(keys) if self.is_timed else known

    def _within(self, keys: Keys) -> Truths:
        within = np.ones(len(keys[self.keys[0]]), dtype=np.bool_)
        for name, lowest, width in zip(self.keys, self.lowest, self.widths, strict=True):
            if name in TIME_VALUES:
                within &= (keys[name] >= lowest) & (keys[name] < lowest + width)
        return within

    def _pack(self, keys: Keys) -> tuple[Integers, Truths]:
        packed = np.zeros(len(keys[self.keys[0]]), dtype=np.int64)
        inside = np.ones(len(packed), dtype=np.bool_)
        for name, lowest, width in zip(self.keys, self.lowest, self.widths, strict=True):
            digit = keys[name] - lowest
            inside &= (digit >= 0) & (digit < width)
            packed = packed * width + np.where(inside, digit, 0)
        return packed, inside


@dataclass(frozen=True)
class Lookups:
    """All tables that a model needs, of one version of the data set.

    Attributes:
        version: folder of the version, as ``LATEST.json`` names it.
        codes: text request value → text → its code, the same in all tables.
    """

    version: str
    codes: Mapping[str, Mapping[str, int]]
    tables: Mapping[str, Table]

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(len(table.packed) for table in self.tables.values())

    def encode(self, name: str, texts: Sequence[str | None]) -> Integers:
        """The codes of texts, `UNKNOWN` for one that no table has."""
        codes = self.codes.get(name, {})
        return np.array([codes.get(text, UNKNOWN) if text else UNKNOWN for text in texts], dtype=np.int64)


def latest_version(features: str, dataset: str) -> str:
    """The version of a data set that readers take: a folder's name, as ``LATEST.json`` has it.

    Raises:
        ServingError: nothing is published there.
    """
    place = f"{features}/{dataset}/LATEST.json"
    try:
        return DatasetPointer.model_validate_json(read_bytes(place)).version
    except (OSError, ValidationError) as error:
        raise ServingError(
            f"No data set is published at {place} ({_first_line(error)}). Prepare the features first."
        ) from error


def load_lookups(features: str, schema: FeatureSchema) -> Lookups:
    """Reads the tables that the schema's features are looked up in, of the latest version of its data set.

    Args:
        features: the contract's ``lake.features``.
        schema: what a model was trained on.

    Raises:
        ServingError: a table or a column is missing, broken, not as the manifest has it, or has two rows for one key.
    """
    version = latest_version(features, schema.dataset)
    folder = f"{features}/{schema.dataset}/{version}"
    files = _manifest(folder).lookup_files
    used: dict[str, list[str]] = {}
    for feature in schema.features:
        if feature.source.kind == "lookup":
            columns = used.setdefault(feature.source.table, [])
            if feature.source.column not in columns:
                columns.append(feature.source.column)
    codes: dict[str, dict[str, int]] = {}
    tables = {
        table.name: _load_table(folder, files.get(table.name, ()), table, used[table.name], codes)
        for table in schema.lookups
        if table.name in used
    }
    return Lookups(version, codes, tables)


def _manifest(folder: str) -> FeatureManifest:
    place = f"{folder}/manifest.json"
    try:
        return FeatureManifest.model_validate_json(read_bytes(place))
    except (OSError, ValidationError) as error:
        raise ServingError(
            f"The manifest {place} cannot be read: {_first_line(error)}. Prepare the data again."
        ) from error


def _read_table(folder: str, files: Sequence[FileDigest], columns: list[str]) -> pa.Table:
    """The rows of a table's files, of which each is what it was when the data set was published.

    Raises:
        OSError: a file cannot be read.
        pa.ArrowException: a file has no such column.
        ServingError: a file is not what was published.
    """
    parts = []
    for file in files:
        content = read_bytes(f"{folder}/{file.path}")
        if (len(content), sha256_of(content)) != (file.bytes, file.sha256):
            raise ServingError(
                f"The lookup table's file {folder}/{file.path} is refused: it is not what was published, or was damaged"
                f" since. It has {len(content):,} bytes with the SHA-256 {sha256_of(content)}; the manifest says"
                f" {file.bytes:,} with {file.sha256}. Prepare the data again."
            )
        parts.append(parse_parquet(content, columns))
    return pa.concat_tables(parts)


def _load_table(
    folder: str, files: Sequence[FileDigest], table: LookupTable, columns: list[str], codes: dict[str, dict[str, int]]
) -> Table:
    place = f"{folder}/lookups/{table.name}"
    if not files:
        raise ServingError(
            f"The lookup table {place} is refused: the manifest names no file of it. Prepare the data again."
        )
    try:
        read = _read_table(folder, files, [*table.keys, *columns])
        missing = [name for name in (*table.keys, *columns) if name not in read.column_names]
        if missing:
            raise ServingError(f"The lookup table {place} has no column {', '.join(missing)}: prepare the data again.")
        keys = [
            _key_column(read[name], codes.setdefault(name, {}) if name in TEXT_VALUES else None) for name in table.keys
        ]
        values = np.empty((read.num_rows, len(columns)), dtype=np.float32)
        for i, name in enumerate(columns):
            values[:, i] = read[name].cast(pa.float32()).to_numpy()  # null becomes NaN
    except (OSError, pa.ArrowException) as error:
        raise ServingError(f"The lookup table {place} cannot be read: {_first_line(error)}.") from error
    lowest = tuple(int(key.min()) if len(key) else 0 for key in keys)
    widths = tuple(int(key.max()) - low + 1 if len(key) else 1 for key, low in zip(keys, lowest, strict=True))
    if math.prod(widths) >= 2**63:
        raise ServingError(f"The keys of the lookup table {place} do not fit into 64 bits: are its times in hours?")
    packed = np.zeros(read.num_rows, dtype=np.int64)
    for key, low, width in zip(keys, lowest, widths, strict=True):
        packed = packed * width + (key - low)
    order = np.argsort(packed, kind="stable")
    packed = packed[order]
    if len(packed) and not np.all(packed[1:] > packed[:-1]):
        raise ServingError(f"The lookup table {place} has two rows for one key: prepare the data again.")
    return Table(table.keys, tuple(columns), lowest, widths, packed, values[order])


def _key_column(column: pa.ChunkedArray, codes: dict[str, int] | None) -> Integers:
    """A key column as numbers. Texts that are new get the next codes."""
    if column.null_count:
        raise pa.ArrowInvalid("a key is missing (null)")
    if codes is None:
        numbers: Integers = column.cast(pa.int64()).to_numpy()
        return numbers
    encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    own = np.array([codes.setdefault(text, len(codes)) for text in encoded.dictionary.to_pylist()], dtype=np.int64)
    at: Integers = encoded.indices.to_numpy()
    return own[at] if len(own) else np.empty(0, dtype=np.int64)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
