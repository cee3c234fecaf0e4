"""A hello-world in a real Go module, built by the machine's real Go, and machines that have what a test wants."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.toolchain.machine import Go, find_go
from tools.toolchain.programs import Program

MAIN = """
package main

import "os"

var Version = "none"

func main() { os.Stdout.WriteString("hello " + Version + "\\n") }
"""
PINS = """
module fixture

go 1.21

require example.test/hello v1.2.3

replace example.test/hello => ./hello
"""


@pytest.fixture
def hello(tmp_path: Path) -> Program:
    """Shaped as the real ones are: a module of ours that requires another, which holds the command."""
    module = tmp_path / "modules" / "hello"
    (module / "hello" / "cmd" / "hello").mkdir(parents=True)
    (module / "go.mod").write_text(PINS)
    (module / "go.sum").write_text("")
    (module / "hello" / "go.mod").write_text("module example.test/hello\n\ngo 1.21\n")
    (module / "hello" / "cmd" / "hello" / "main.go").write_text(MAIN)
    return Program("hello", module, "example.test/hello/cmd/hello", variables=("main.Version={version}",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where programs are built to."""
    return tmp_path / "toolchain"


@pytest.fixture
def go() -> Go:
    found = find_go()
    assert found is not None, "these tests build with the machine's Go: install it"
    return found


@pytest.fixture
def put_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Makes this a machine that has a program of a name, a shell script; it comes before all others on PATH."""
    programs = tmp_path / "programs-of-the-machine" / "bin"
    programs.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def put(name: str, script: str) -> Path:
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this a machine that has a shell and nothing else."""
    programs = tmp_path / "bare" / "bin"
    programs.mkdir(parents=True)
    shell = shutil.which("sh")
    assert shell is not None
    (programs / "sh").symlink_to(shell)
    monkeypatch.setenv("PATH", str(programs))
