"""Files of another form than CSV in UTF-8 are named, with what to do; CSV is read as RFC 4180 has it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from raw_flights import RawFiles, raw_files, some_flights, write_csv
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.raw.raw_files import inspect_raw_files
from spark_preprocessing.raw.raw_tables import RawFile
from spark_preprocessing.raw.reading import UNPARSABLE, read_raw
from spark_site import Made, Make

FLIGHTS = some_flights()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files that are right; tests put back what they change."""
    return raw_files(FLIGHTS[:40]).write(tmp_path_factory.mktemp("forms"))


def _inspected(folder: Path) -> dict[str, RawFile]:
    return inspect_raw_files(str(folder.parent))


def _zipped(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("planes.csv", text)
    return buffer.getvalue()


def _parquet(_: bytes) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"tailnum": ["N1"]}), buffer)
    return buffer.getvalue()


def _recoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda text: text.decode().encode(encoding)


FORMS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (gzip.compress, r"compressed by gzip: unpack it \('gunzip'\)"),
    "bzip2": (bz2.compress, r"compressed by bzip2: unpack it \('bunzip2'\)"),
    "xz": (lzma.compress, r"compressed by xz: unpack it \('unxz'\)"),
    "zip": (_zipped, r"is a zip archive: unpack it \('unzip'\)"),
    "Parquet": (_parquet, "is a Parquet file: have it delivered as CSV"),
    "UTF-16 with a mark": (
        _recoded("utf-16"),
        r"is text in UTF-16: convert it \('iconv -f UTF-16 -t UTF-8 FILE > NEW'\)",
    ),
    "UTF-16 without": (_recoded("utf-16-le"), r"has NUL characters in its header, as UTF-16 has: convert it"),
    "UTF-32": (_recoded("utf-32"), r"is text in UTF-32: convert it"),
    "Latin-1": (
        lambda text: text.replace(b"BOEING", "ÉCLAIR".encode("latin-1"), 1),
        r"is not in UTF-8: byte 0xC9 .*\(is it Latin-1 or Windows-1252\?\): convert it",
    ),
    "EBCDIC": (_recoded("cp500"), r"is not in UTF-8: byte 0x"),
    "semicolons": (
        lambda text: text.replace(b",", b";"),
        r"its header is one column: are the columns separated by commas",
    ),
    "no line breaks": (
        lambda text: text.replace(b"\n", b" ") * 200,
        r"more than 16,384 characters in line 1: it is no CSV",
    ),
    "a header alone": (
        lambda text: text.splitlines(keepends=True)[0],
        r"has its header and no row: deliver it with its rows",
    ),
    "a header and blank lines": (
        lambda text: text.splitlines(keepends=True)[0] + b"\n \n\t\n",
        r"has its header and no row",
    ),
    "nothing": (lambda _: b"", r"missing: 'tailnum', 'year'"),
    "a mark alone": (lambda _: b"\xef\xbb\xbf", r"missing: 'tailnum', 'year'"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_another_form_is_named_with_what_to_do(folder: Path, name: str) -> None:
    made, message = FORMS[name]
    planes = folder / "planes.csv"
    before = planes.read_bytes()
    planes.write_bytes(made(before))
    try:
        with pytest.raises(PreprocessingError, match=rf"(?s)planes\.csv: .*{message}") as raised:
            _inspected(folder)
    finally:
        planes.write_bytes(before)
    assert str(raised.value).isprintable() or str(raised.value).replace("\n", "").isprintable()
    assert len(str(raised.value).splitlines()) == 3, "one file is at fault, in one line"


def test_a_folder_in_place_of_a_file_is_named(folder: Path) -> None:
    airlines = folder / "airlines.csv"
    before = airlines.read_bytes()
    airlines.unlink()
    airlines.mkdir()
    try:
        with pytest.raises(PreprocessingError, match=r"airlines\.csv: is a folder: put the file itself there"):
            _inspected(folder)
    finally:
        airlines.rmdir()
        airlines.write_bytes(before)


def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(folder: Path) -> None:
    airlines = folder / "airlines.csv"
    before = airlines.read_bytes()
    airlines.unlink()
    os.mkfifo(airlines)
    try:
        with pytest.raises(PreprocessingError, match=r"airlines\.csv: cannot be read \(it is a pipe or a device"):
            _inspected(folder)
    finally:
        airlines.unlink()
        airlines.write_bytes(before)


@pytest.mark.parametrize("ending", ["\r\n", "\r"], ids=["CR LF", "CR"])
def test_other_ends_of_lines_are_read_too(folder: Path, spark: SparkSession, ending: str) -> None:
    airlines = folder / "airlines.csv"
    before = airlines.read_bytes()
    airlines.write_bytes(before.replace(b"\n", ending.encode()))
    try:
        file = _inspected(folder)["airlines"]
        rows = read_raw(spark, file).collect()
    finally:
        airlines.write_bytes(before)
    assert file.rows == 3
    assert [(row["carrier"], row["name"], row[UNPARSABLE]) for row in rows] == [
        ("AA", "AA Inc.", ""),
        ("B6", "B6 Inc.", ""),
        ("UA", "UA Inc.", ""),
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from('",\'\\"'), min_size=1)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES | st.text('a"\n,', min_size=1), min_size=1, max_size=30), quoting=st.sampled_from([0, 1]))
def test_whatever_a_name_holds_is_read_as_rfc_4180_writes_it(
    folder: Path, spark: SparkSession, names: list[str], quoting: int
) -> None:
    airlines = folder / "airlines.csv"
    before = airlines.read_bytes()
    with airlines.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL)
        writer.writerow(["carrier", "name"])
        writer.writerows([[f"C{number}", name] for number, name in enumerate(names)])
    try:
        found = _inspected(folder)["airlines"]
        rows = read_raw(spark, found).collect()
    finally:
        airlines.write_bytes(before)
    assert found.rows == len(names)
    assert found.multiline == any("\n" in name for name in names)
    given_back = {row["carrier"]: row["name"] for row in rows}
    # A missing value is written NA.
    assert given_back == {f"C{number}": None if name == "NA" else name for number, name in enumerate(names)}
    assert {row[UNPARSABLE] for row in rows} == {""}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_end_in_anything_but_a_file_or_a_sentence(folder: Path, data: st.DataObject) -> None:
    """Any single change of a file: a byte, a piece cut out, bytes put in."""
    airports = folder / "airports.csv"
    before = airports.read_bytes()
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, min(len(before), start + 40)))
    airports.write_bytes(before[:start] + data.draw(st.binary(max_size=20)) + before[end:])
    try:
        found = _inspected(folder)["airports"]
        assert 0 < found.rows < 60
    except PreprocessingError as error:
        assert "airports.csv: " in str(error)  # noqa: PT017 - either is right
    finally:
        airports.write_bytes(before)


def test_a_quote_that_nobody_closed_costs_its_line_and_no_other(folder: Path, spark: SparkSession) -> None:
    airlines = folder / "airlines.csv"
    before = airlines.read_bytes()
    airlines.write_bytes(before + b'ZZ,"Zig Zag\nYY,"Yo ""Yo"" Air"\n')
    try:
        found = _inspected(folder)["airlines"]
        rows = {row["carrier"]: row["name"] for row in read_raw(spark, found).collect()}
    finally:
        airlines.write_bytes(before)
    assert (found.rows, found.multiline) == (5, False)
    assert rows["YY"] == 'Yo "Yo" Air'


def test_a_big_file_is_read_piece_by_piece(folder: Path) -> None:
    flights = folder / "flights.csv"
    before = flights.read_bytes()
    header, _, rows = before.partition(b"\n")
    flights.write_bytes(header + b"\n" + rows * 4000)
    tracemalloc.start()
    try:
        assert _inspected(folder)["flights"].rows == 160_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        size = flights.stat().st_size
        flights.write_bytes(before)
    assert size > 14e6
    assert peak < 6e6, "the file is not held"


@pytest.fixture(scope="module")
def quoted(make: Make) -> Made:
    raw: RawFiles = raw_files(FLIGHTS)
    raw.airports[0]["name"] = 'Foo, "Bar" Intl\nof Newark'
    return make(raw)


def test_a_name_with_quotes_and_a_line_break_costs_no_flight(quoted: Made) -> None:
    assert quoted.manifest.rows_out == sum(flight.arr_delay is not None for flight in FLIGHTS)
    assert {row["reason"] for row in quoted.quarantined()} == {"cancelled", "no_arrival_recorded"}


def test_write_csv_quotes_as_the_tests_believe(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"a": 'x "y" z'}])
    assert (tmp_path / "a.csv").read_text() == 'a\n"x ""y"" z"\n'
