from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.toolchain import command_line
from tools.toolchain.building import path_of
from tools.toolchain.command_line import Progress, main
from tools.toolchain.programs import PROGRAMS, ROOT, Program

Put = Callable[[str, str], Path]
SCRIPT = ROOT / "tools" / "toolchain" / "toolchain.py"


@pytest.fixture(autouse=True)
def site(folder: Path, hello: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toolchain with one program more, which builds in a second."""
    monkeypatch.delenv("TOOLCHAIN", raising=False)
    monkeypatch.setattr(command_line, "FOLDER", folder)
    monkeypatch.setitem(PROGRAMS, "hello", hello)


def test_ensure_shows_one_line_for_each_program_with_its_time_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "hello"]) == 0
    assert re.fullmatch(r"toolchain: building hello v1\.2\.3 … ready after \d+ s, \d+ MB\n", capsys.readouterr().out)
    assert main(["ensure", "hello", "hello"]) == 0
    assert capsys.readouterr().out == "toolchain: hello v1.2.3: there already\n"


def test_ensure_takes_the_machines_own_and_builds_nothing(
    put_on_path: Put, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put_on_path("pulumi", "echo v3.300.0")
    assert main(["ensure", "pulumi"]) == 0
    assert capsys.readouterr().out == f"toolchain: pulumi: the machine's own v3.300.0, {path}\n"
    assert not folder.exists()


def test_which_prints_the_path_alone(
    put_on_path: Put, folder: Path, hello: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put_on_path("pulumi", "echo v3.300.0")
    assert main(["which", "pulumi"]) == 0
    assert main(["ensure", "hello"]) == 0
    assert main(["which", "hello"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == (str(path), str(path_of(hello, folder)))


def test_which_says_how_to_get_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["which", "etcd"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "etcd is not built yet: run 'python3 tools/toolchain/toolchain.py ensure etcd'" in told.err


def test_a_name_that_is_none_is_answered_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "hello", "kubelt"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("toolchain: no such program: kubelt (there is pulumi, kubectl, kube-apiserver,")


@pytest.mark.parametrize("arguments", [["ensure"], ["ensure", "--all", "pulumi"]])
def test_ensure_wants_names_or_all(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "name one program or more, or --all" in capsys.readouterr().err


@pytest.mark.usefixtures("without_go")
def test_without_go_ensure_says_in_one_sentence_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensure", "pulumi"]) == 2
    assert capsys.readouterr().err == (
        f"toolchain: Go is not on PATH: install Go {PROGRAMS['pulumi'].oldest_go} or newer to build pulumi;"
        f" no pulumi on PATH; {PROGRAMS['pulumi'].own.words(PROGRAMS['pulumi'].version)} would fit.\n"  # type: ignore[union-attr]
    )


def test_status_has_a_line_for_every_program_with_its_version_and_the_reason(
    put_on_path: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    put_on_path("kubectl", "echo Client Version: v1.32.4")
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["program", "version", "which", "where", "why"]
    assert [line.split()[0] for line in lines[1 : 1 + len(PROGRAMS)]] == list(PROGRAMS)
    (kubectl,) = [line for line in lines if line.startswith("kubectl ")]
    assert str(PROGRAMS["kubectl"].version) in kubectl
    assert "not built yet" in kubectl
    assert "kubectl is v1.32.4; v1.33 to v1.35 would fit" in kubectl


def test_status_as_json_says_the_same_to_a_program(put_on_path: Put, capsys: pytest.CaptureFixture[str]) -> None:
    path = put_on_path("pulumi", "echo v3.300.0")
    assert main(["status", "--json"]) == 0
    told = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["programs"]}
    assert list(told) == list(PROGRAMS)
    assert told["pulumi"] == {
        "name": "pulumi",
        "pinned": str(PROGRAMS["pulumi"].version),
        "version": "v3.300.0",
        "source": "own",
        "path": str(path),
        "why": "v3.272 or a newer v3 fits",
    }
    assert (told["etcd"]["source"], told["etcd"]["path"]) == ("missing", None)


def test_a_folder_that_cannot_be_made_is_told_without_a_trace(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write_text("a file in its place")
    assert main(["ensure", "hello"]) == 2
    assert capsys.readouterr().err.startswith("toolchain: Not a directory: ")


def test_a_full_disk_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> str:
        # Linux's own always-full disk says what a full disk says.
        with Path("/dev/full").open("w") as disk:
            disk.write("x")
        return ""

    monkeypatch.setattr(command_line, "status", full)
    assert main(["status"]) == 2
    assert capsys.readouterr().err.endswith("The disk is full: free a few GB and run it again.\n")


def test_the_command_runs_from_any_folder_with_a_plain_python(tmp_path: Path, put_on_path: Put) -> None:
    path = put_on_path("pulumi", "echo v3.300.0")
    # -I: without this environment's packages and without PYTHONPATH.
    command = [sys.executable, "-I", "-S", str(SCRIPT), "which", "pulumi"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "status"], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_help_names_all_that_is_written_outside_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    told = capsys.readouterr().out
    assert [
        word for word in ("GOMODCACHE", "GOCACHE", ".local/toolchain", "TOOLCHAIN=pinned") if word not in told
    ] == []
    assert all(name in told for name in PROGRAMS if name != "hello")


def test_on_a_terminal_the_line_counts_the_seconds() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    progress = Progress(screen)
    with progress.line("building hello"):
        progress.tick(41.4)
        progress.close("ready")
    progress.tick(50)
    assert screen.getvalue().split("\r\x1b[K") == [
        "toolchain: building hello … ",
        "toolchain: building hello … 41 s",
        "toolchain: building hello … ready\n",
    ]
