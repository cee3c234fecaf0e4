"""The raw files land whole, once."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from local_pipeline.faults import PipelineError
from local_pipeline.raw_files import DELIVERY, FILES, land_raw_files, package_data


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"{name}\n1\n")
    with zipfile.ZipFile(folder / "flights.csv.zip", "w") as archive:
        archive.write(folder / "flights.csv", "flights.csv")
    (folder / "flights.csv").unlink()
    return folder


def test_the_installed_package_holds_every_file() -> None:
    held = {path.name.removesuffix(".zip") for path in package_data().iterdir()}
    assert set(FILES) <= held


def test_every_file_lands_and_a_second_landing_changes_none(source: Path, tmp_path: Path) -> None:
    folder, reused = land_raw_files(tmp_path / "raw", source)
    before = {path.name: (path.read_text(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert not reused
    assert {name: text for name, (text, _) in before.items()} == {name: f"{name}\n1\n" for name in FILES}
    # Others read them too, the pods of a cluster among them.
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert land_raw_files(tmp_path / "raw", source) == (folder, True)
    assert {path.name: (path.read_text(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_a_file_that_was_cut_off_lands_again(source: Path, tmp_path: Path) -> None:
    folder, _ = land_raw_files(tmp_path / "raw", source)
    (folder / "flights.csv").write_text("fli")
    assert land_raw_files(tmp_path / "raw", source) == (folder, False)
    assert (folder / "flights.csv").read_text() == "flights.csv\n1\n"


def test_a_landing_that_fails_leaves_nothing_half_written(source: Path, tmp_path: Path) -> None:
    content = bytearray((source / "flights.csv.zip").read_bytes())
    content[content.index(b"flights.csv\n1")] ^= 0xFF  # stored, not compressed: the check sum no longer holds
    (source / "flights.csv.zip").write_bytes(bytes(content))
    with pytest.raises(
        PipelineError, match=r"flights\.csv\.zip is no whole zip archive .*Bad CRC-32.*deliver it again"
    ):
        land_raw_files(tmp_path / "raw", source)
    left = {path.name for path in (tmp_path / "raw").rglob("*") if path.is_file()}
    assert left <= {"airlines.csv", "airports.csv"}


@pytest.mark.parametrize("content", [b"PK\x03\x04 rubbish", b"", None], ids=["rubbish", "empty", "another file's"])
def test_an_archive_without_the_file_is_named(source: Path, tmp_path: Path, content: bytes | None) -> None:
    zipped = source / "flights.csv.zip"
    if content is None:
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("other.csv", "x")
    else:
        zipped.write_bytes(content)
    with pytest.raises(PipelineError, match=r"flights\.csv\.zip is no whole zip archive with flights\.csv in it"):
        land_raw_files(tmp_path / "raw", source)


def test_a_pipe_or_a_folder_in_place_of_a_file_is_named_and_not_waited_for(source: Path, tmp_path: Path) -> None:
    (source / "planes.csv").unlink()
    for make in (os.mkfifo, os.mkdir):
        make(source / "planes.csv")
        with pytest.raises(PipelineError, match=r"planes\.csv is a folder, a pipe or a device: put the file itself"):
            land_raw_files(tmp_path / "raw", source)
        if make is os.mkfifo:
            (source / "planes.csv").unlink()


def test_a_missing_file_is_named(source: Path, tmp_path: Path) -> None:
    (source / "planes.csv").unlink()
    with pytest.raises(PipelineError, match=r"package has no planes\.csv: deliver it there"):
        land_raw_files(tmp_path / "raw", source)


def test_a_delivery_of_other_days_says_so_in_the_lake_until_another_comes(source: Path, tmp_path: Path) -> None:
    said = source / DELIVERY
    said.write_text('{"period": {"first_day": "2014-01-01", "last_day": "2014-12-31"}}')
    folder, _ = land_raw_files(tmp_path / "raw", source)
    assert (folder / DELIVERY).read_text() == said.read_text()
    said.write_text(said.read_text().replace("2014", "2015"))  # of the same size
    assert land_raw_files(tmp_path / "raw", source) == (folder, False)
    assert "2015-12-31" in (folder / DELIVERY).read_text()
    said.unlink()
    assert land_raw_files(tmp_path / "raw", source) == (folder, False)
    assert not (folder / DELIVERY).exists()
    assert land_raw_files(tmp_path / "raw", source) == (folder, True)
