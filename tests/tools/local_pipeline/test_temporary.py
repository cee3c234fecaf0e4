"""The temporary files of a run go with it, and those of one that was killed when the next begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_pipeline.raw_files import LANDING, land_raw_files
from local_pipeline.temporary import TemporaryFolder


def test_the_folder_of_a_killed_run_is_found_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    records = tmp_path / "records"
    records.mkdir()
    killed = TemporaryFolder(records).make()
    (killed / "half of a Bento").mkdir()
    assert killed.parent == tmp_path
    assert killed.stat().st_mode & 0o777 == 0o700
    TemporaryFolder(records).remove()
    assert not killed.exists()
    TemporaryFolder(records).remove()  # there is none
    assert list(records.iterdir()) == []


def test_a_folder_that_was_never_made_is_no_fault(tmp_path: Path) -> None:
    folder = TemporaryFolder(tmp_path).make()
    folder.rmdir()
    TemporaryFolder(tmp_path).remove()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_had_begun_to_copy_is_removed(tmp_path: Path) -> None:
    folder, _ = land_raw_files(tmp_path)
    before = sorted(folder.iterdir())
    (folder / f"{LANDING}abc").write_text("half of a fi")
    assert land_raw_files(tmp_path) == (folder, True)
    assert sorted(folder.iterdir()) == before
