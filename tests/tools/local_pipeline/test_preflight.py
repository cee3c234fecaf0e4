"""Everything that a machine lacks is told at once, before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_pipeline import preflight
from local_pipeline.faults import PipelineError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def java(folder: Path, told: str) -> Path:
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    binary.chmod(0o755)
    return folder


def test_a_machine_that_has_everything_passes(tmp_path: Path) -> None:
    preflight.require(tmp_path / "not" / "yet" / "there", ["http://127.0.0.1:0"])


def test_a_port_that_is_taken_is_told_with_its_holder_and_the_way_out(tmp_path: Path, taken: int) -> None:
    with pytest.raises(PipelineError, match=rf"Port {taken} is taken by .* \(pid \d+\): .*'make run PORT_BASE=4001'"):
        preflight.require(tmp_path, [f"http://127.0.0.1:{taken}"])


def test_a_missing_java_is_told_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PipelineError, match="Spark needs Java, and there is none: install Java 17"):
        preflight.require(tmp_path, [])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ('openjdk version "11.0.2"', "is Java 11: "),
        ('java version "1.8.0_411"', "is Java 8: "),
        ("?", "unknown version"),
    ],
)
def test_a_java_that_is_too_old_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, message: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "old", told)))
    with pytest.raises(PipelineError, match=f"{message}.*install Java 17"):
        preflight.require(tmp_path, [])


def test_a_java_home_without_java_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(PipelineError, match=rf"bin/java does not run \(JAVA_HOME={tmp_path}\)"):
        preflight.require(tmp_path, [])


def test_all_that_is_lacking_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(preflight, "NEEDED_DISK_BYTES", 10**18)
    monkeypatch.setattr(preflight, "NEEDED_MEMORY_BYTES", 10**18)
    with pytest.raises(PipelineError) as caught:
        preflight.require(tmp_path, [f"http://127.0.0.1:{taken}"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    for line, words in zip(lines, ("Java 17", "make room", "close what takes it", f"Port {taken}"), strict=True):
        assert words in line
