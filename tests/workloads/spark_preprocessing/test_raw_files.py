"""Files that are not what they are expected to be are told before Spark is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from raw_flights import FLIGHT_COLUMNS, raw_files, some_flights, write_csv
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.fingerprint import fingerprint
from spark_preprocessing.raw.delivery import NYCFLIGHTS13
from spark_preprocessing.raw.raw_files import inspect_raw_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return raw_files(some_flights()[:5]).write(tmp_path)


def test_every_difference_of_every_file_is_named_at_once(tmp_path: Path, folder: Path) -> None:
    rows = [flight.row() for flight in some_flights()[:5]]
    columns = [name for name in FLIGHT_COLUMNS if name not in {"carrier", "hour"}]
    write_csv(folder / "flights.csv", [{**row, "gate": "A1"} for row in rows], [*columns, "gate", "day"])
    (folder / "planes.csv").unlink()
    (folder / "airlines.csv").write_text("")

    with pytest.raises(PreprocessingError) as raised:
        inspect_raw_files(str(tmp_path))

    assert str(raised.value).splitlines() == [
        f"The raw files in {folder} are not those that features can be made of; nothing was published.",
        "  flights.csv: missing: 'carrier', 'hour'; surplus: 'gate'; more than once: 'day'",
        "  planes.csv: cannot be read (No such file or directory)",
        "  airlines.csv: missing: 'carrier', 'name'",
        "Deliver the files again, or teach the package the new columns.",
    ]


def test_columns_may_stand_in_any_order_and_behind_a_byte_order_mark(tmp_path: Path, folder: Path) -> None:
    rows = [flight.row() for flight in some_flights()[:5]]
    write_csv(folder / "flights.csv", rows, reversed(FLIGHT_COLUMNS))
    text = (folder / "flights.csv").read_text()
    (folder / "flights.csv").write_text(text, encoding="utf-8-sig")

    found = inspect_raw_files(str(tmp_path))["flights"]

    assert found.header == tuple(reversed(FLIGHT_COLUMNS))
    assert found.rows == 5


def test_blank_lines_are_no_records(tmp_path: Path, folder: Path) -> None:
    with (folder / "flights.csv").open("a") as file:
        file.write("\n   \n\n")

    assert inspect_raw_files(str(tmp_path))["flights"].rows == 5


def test_the_fingerprint_follows_the_content_of_each_file_and_not_its_place(tmp_path: Path) -> None:
    raw_files(some_flights()[:5]).write(tmp_path)
    mark = fingerprint(inspect_raw_files(str(tmp_path)), NYCFLIGHTS13)
    elsewhere = raw_files(some_flights()[:5]).write(tmp_path / "elsewhere")

    assert fingerprint(inspect_raw_files(str(tmp_path / "elsewhere")), NYCFLIGHTS13) == mark
    for name in ("flights", "weather", "planes", "airports", "airlines"):
        file = elsewhere / f"{name}.csv"
        before = file.read_text()
        file.write_text(before.replace("1", "2", 1) if "1" in before else f"{before}\n")
        assert fingerprint(inspect_raw_files(str(tmp_path / "elsewhere")), NYCFLIGHTS13) != mark, name
        file.write_text(before)
