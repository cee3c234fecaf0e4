"""From the text of a raw file to typed columns, without losing what does not parse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses
from pyspark.sql.types import StringType, StructField, StructType

from spark_preprocessing.locations import spark_path
from spark_preprocessing.raw.raw_tables import MISSING, RawColumn, RawFile

RAW: Final = "raw"
"""Struct with the row's fields as they were delivered, and with the whole line where it is no row at all."""

UNPARSABLE: Final = "unparsable"
"""Names of the columns whose text is no value of their type, comma-separated; ``(line)`` for a broken line."""

_LINE: Final = "_line"

LARGEST_INTEGER: Final = 9_999_999
"""No count, clock time or code of the raw files has more digits, and arithmetic on such numbers cannot overflow."""


def read_raw(spark: SparkSession, file: RawFile) -> DataFrame:
    """The rows of a raw file: its columns with their types, `UNPARSABLE` and `RAW`.

    Every column is read as text and then cast, so that a value that does not parse is told from one that is missing.
    """
    fields = [StructField(name, StringType()) for name in (*file.header, _LINE)]
    text = spark.read.csv(
        spark_path(file.location),
        schema=StructType(fields),
        header=True,
        enforceSchema=True,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=_LINE,
        encoding="UTF-8",
        # A quote within quotes is doubled (RFC 4180, 2.7); Spark's own default is a backslash before it.
        escape='"',
        # Read whole by one task, and so only where it must be.
        multiLine=file.multiline,
    )
    columns = file.table.columns
    broken = F.col(_LINE).isNotNull()
    return text.select(
        *(_typed(column).alias(column.name) for column in columns),
        F.when(broken, F.lit("(line)"))
        .otherwise(named_faults({column.name: _does_not_parse(column) for column in columns}))
        .alias(UNPARSABLE),
        F.struct(*(F.col(field.name) for field in fields)).alias(RAW),
    )


def named_faults(faults: Mapping[str, Column]) -> Column:
    """The names of the conditions that are true, comma-separated; empty if none is.

    (An array with its nulls taken out would be the same, at several times the cost: Spark does not compile lambdas.)
    """
    return F.concat_ws(", ", *(F.when(fault, F.lit(name)) for name, fault in faults.items()))


def _typed(column: RawColumn) -> Column:
    text = F.nullif(F.col(column.name), F.lit(MISSING))
    match column.kind:
        case "text":
            return text
        case "instant":
            return F.try_to_timestamp(text, F.lit("yyyy-MM-dd'T'HH:mm:ssX"))
        case "number":
            number = text.try_cast("double")
            # "NaN" and "Infinity" are numbers to Java, and no measurements.
            return F.when(F.abs(number) < F.lit(float("inf")), number)
        case "integer":
            number = text.try_cast("int")
            return F.when(number.between(-LARGEST_INTEGER, LARGEST_INTEGER), number)


def _does_not_parse(column: RawColumn) -> Column:
    """An empty field does not parse either: a missing value is written NA."""
    text = F.col(column.name)
    return text.isNull() | ((text != MISSING) & _typed(column).isNull())
