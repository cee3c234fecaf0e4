"""What a run prints where there is no terminal, and where packages are kept where there is no home."""

from __future__ import annotations

import io
import os
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from local_pipeline.cli import console_for
from pipeline_site import ROOT

ENVIRONMENTS: Mapping[str, Any] = runpy.run_path(str(ROOT / "tools" / "environments.py"))


def test_a_path_is_not_folded_in_a_log() -> None:
    log, path = io.StringIO(), "/srv/" + "a-long-folder/" * 20 + "part-0.parquet"
    console_for(log).print(f"      the data set is at {path}, as before", style="dim", highlight=False)
    assert path in log.getvalue()


@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/nobody"])
def test_packages_are_kept_in_the_clone_where_there_is_no_home_to_write_to(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR", "PIP_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    found = ENVIRONMENTS["caches"]()
    assert found == {
        "UV_CACHE_DIR": str(ROOT / ".local" / "cache" / "uv"),
        "PIP_CACHE_DIR": str(ROOT / ".local" / "cache" / "pip"),
    }
    monkeypatch.setenv("UV_CACHE_DIR", "/somewhere/else")
    assert "UV_CACHE_DIR" not in ENVIRONMENTS["caches"]()


def test_a_home_that_can_be_written_to_keeps_them_as_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert os.access(tmp_path, os.W_OK)
    assert ENVIRONMENTS["caches"]() == {}


@pytest.mark.parametrize(
    ("told", "heading"),
    [
        ("error: Failed to initialize cache at `/home/a/.cache/uv`\n  Caused by: Permission denied (os error 13)",
         "A folder cannot be written to: the last lines say which."),
        ("failed to write: No space left on device (os error 28)", "The disk is full: make room."),
        ("error: Hash mismatch for `numpy==2.0`", "A package is not the one that the lock file knows"),
        ("error: Failed to fetch: dns error", "Is the package registry reached?"),
    ],
)  # fmt: skip
def test_the_heading_of_a_failed_installation_fits_what_failed(told: str, heading: str) -> None:
    assert ENVIRONMENTS["likely_cause"](told).startswith(heading)
