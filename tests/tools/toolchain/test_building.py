"""Builds with the real Go; what is built is tiny, and `hold` makes it wait in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.toolchain.building import ensure_built, is_built, path_of, share_of
from tools.toolchain.machine import Go, find_go
from tools.toolchain.programs import ROOT, Program
from tools.toolchain.versions import ToolchainError

Put = Callable[[str, str], Path]
Start = Callable[[], "subprocess.Popen[str]"]
PATIENCE = 300.0
# What `toolchain.py ensure hello` would do, had the toolchain a program of that name.
ENSURE = """
import sys
from pathlib import Path
from tools.endings import tidy_when_stopped
from tools.toolchain import command_line
from tools.toolchain.programs import PROGRAMS, Program

module, folder = map(Path, sys.argv[1:])
variables = ("main.Version={version}",)
PROGRAMS["hello"] = Program("hello", module, "example.test/hello/cmd/hello", variables=variables)
command_line.FOLDER = folder
tidy_when_stopped()
sys.exit(command_line.main(["ensure", "hello"]))
"""


def run(path: Path) -> str:
    return subprocess.run([str(path)], text=True, capture_output=True, check=True).stdout


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As long as this file is there, Go's compiler waits: a build can be met in its middle, however fast it is."""
    held, compiler = tmp_path / "hold", tmp_path / "compiler"
    held.touch()
    # `-V=full` is Go's question for the compiler's version.
    wait = f'case "$*" in *-V=full*) ;; *) while [ -e {held} ]; do sleep 0.05; done;; esac'
    compiler.write_text(f'#!/bin/sh\n{wait}\nexec "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("GOCACHE", str(tmp_path / "empty-go-cache"))
    monkeypatch.setenv("GOFLAGS", f"-toolexec={compiler}")
    return held


@pytest.fixture
def start(hello: Program, folder: Path) -> Iterator[Start]:
    """Starts `ensure hello` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def ensure() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", ENSURE, str(hello.module), str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield ensure
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def builds(put_on_path: Put, tmp_path: Path, go: Go) -> Callable[[], int]:
    """How often `go build` was called: the real Go, with a note of each call."""
    notes = tmp_path / "notes"
    notes.write_text("")
    put_on_path("go", f'echo "$1" >> {notes}\nexec {go.path} "$@"')
    return lambda: notes.read_text().split().count("build")


def compiles(folder: Path) -> bool:
    """Whether Go is at work: it has made its temporary folder."""
    return any((folder / "building" / "hello").glob("*/go/*"))


def waits_for_a_lock(process: subprocess.Popen[str]) -> bool:
    """Linux marks who waits for a lock with an arrow."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and str(process.pid) in line.split() for line in lines)


def work_in_progress(folder: Path) -> list[str]:
    return [path.name for path in (folder / "building").iterdir()]


def gos_at_work(folder: Path) -> list[int]:
    """The processes that were told to build into the folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"{folder}/building/hello/" in words:
            found.append(int(line.parent.name))
    return found


def test_a_program_is_built_and_knows_its_pinned_version(hello: Program, folder: Path, go: Go) -> None:
    assert ensure_built(hello, folder, go)
    assert run(path_of(hello, folder)) == "hello v1.2.3\n"
    assert work_in_progress(folder) == []


def test_a_prefix_makes_the_folder_that_the_automation_api_is_given(hello: Program, folder: Path, go: Go) -> None:
    program = Program(**{**vars(hello), "prefix": "pulumi"})
    ensure_built(program, folder, go)
    assert run(folder / "pulumi" / "bin" / "hello") == "hello v1.2.3\n"


def test_a_program_that_does_not_tell_its_version_is_known_by_what_go_has_written_into_it(
    hello: Program, folder: Path, go: Go
) -> None:
    main = hello.module / "hello" / "cmd" / "hello" / "main.go"
    main.write_text("package main\n\nfunc main() {}\n")
    program = Program(**{**vars(hello), "version_arguments": (), "variables": ()})
    assert ensure_built(program, folder, go)


def test_files_that_come_with_a_program_are_copied_and_missed(hello: Program, folder: Path, go: Go) -> None:
    kinds = hello.module / "hello" / "config" / "kinds.yaml"
    kinds.parent.mkdir()
    kinds.write_text("kinds of hello\n")
    program = Program(**{**vars(hello), "files": ("config/kinds.yaml",)})
    ensure_built(program, folder, go)
    copied = share_of(program, folder) / "kinds.yaml"
    assert copied.read_text() == "kinds of hello\n"
    copied.unlink()
    assert not is_built(program, folder, go)
    assert ensure_built(program, folder, go)
    assert copied.exists()


def test_what_is_there_is_not_built_again(hello: Program, folder: Path, builds: Callable[[], int]) -> None:
    wrapped = find_go()
    assert ensure_built(hello, folder, wrapped)
    assert not ensure_built(hello, folder, wrapped)
    assert builds() == 1


def test_another_pin_is_built_again_and_takes_the_place_of_the_old(hello: Program, folder: Path, go: Go) -> None:
    ensure_built(hello, folder, go)
    go_mod = hello.module / "go.mod"
    go_mod.write_text(go_mod.read_text().replace("v1.2.3", "v1.2.4"))
    assert not is_built(hello, folder, go)
    assert ensure_built(hello, folder, go)
    assert run(path_of(hello, folder)) == "hello v1.2.4\n"


def test_another_go_builds_again_but_a_machine_without_one_uses_what_is_there(
    hello: Program, folder: Path, go: Go
) -> None:
    ensure_built(hello, folder, go)
    assert not is_built(hello, folder, Go(go.path, "go1.99.1", go.toolchain))
    assert is_built(hello, folder, None)


@pytest.mark.parametrize("harm", ["program gone", "program cut short", "stamp gone", "stamp cut short"])
def test_what_is_not_whole_is_built_again(hello: Program, folder: Path, go: Go, harm: str) -> None:
    ensure_built(hello, folder, go)
    path = path_of(hello, folder) if harm.startswith("program") else folder / "stamps" / "hello.json"
    if harm.endswith("gone"):
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:50])
    assert not is_built(hello, folder, go)
    assert ensure_built(hello, folder, go)
    assert run(path_of(hello, folder)) == "hello v1.2.3\n"


def test_a_program_is_for_this_machine_whatever_the_caller_builds_for(
    hello: Program, folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "windows")
    monkeypatch.setenv("GOARCH", "arm64")
    assert ensure_built(hello, folder, go)
    assert run(path_of(hello, folder)) == "hello v1.2.3\n"


def test_the_callers_goflags_are_respected(
    hello: Program, folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With -n Go prints what it would do and builds nothing.
    monkeypatch.setenv("GOFLAGS", "-n")
    with pytest.raises(ToolchainError, match="was built, but says 'nothing' of its version"):
        ensure_built(hello, folder, go)


def test_the_callers_goflags_do_not_loosen_the_lock_files(
    hello: Program, folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = hello.module / "extra"
    extra.mkdir()
    (extra / "go.mod").write_text("module example.test/extra\n\ngo 1.21\n")
    (extra / "extra.go").write_text("package extra\n")
    import_also(hello, "example.test/extra")
    go_mod = hello.module / "go.mod"
    go_mod.write_text(go_mod.read_text() + "\nreplace example.test/extra => ./extra\n")
    before = go_mod.read_text()
    # Go would write what is lacking into go.mod.
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    with pytest.raises(ToolchainError, match=r"example\.test/extra and is replaced but not required"):
        ensure_built(hello, folder, go)
    assert go_mod.read_text() == before


def test_kill_9_in_the_middle_of_a_build_leaves_nothing_that_looks_built(
    hello: Program, folder: Path, go: Go, start: Start, *, hold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start()
    eventually(lambda: compiles(folder))
    process.kill()
    process.communicate()
    orphans = gos_at_work(folder)
    try:
        assert orphans != []
        assert not is_built(hello, folder, go)
        assert not path_of(hello, folder).exists()
        # The next build is not troubled by the Go that is still at work.
        assert hold.exists()
        monkeypatch.delenv("GOCACHE")
        monkeypatch.delenv("GOFLAGS")
        assert ensure_built(hello, folder, go)
        assert run(path_of(hello, folder)) == "hello v1.2.3\n"
    finally:
        for orphan in gos_at_work(folder):
            os.kill(orphan, signal.SIGKILL)
    # While it was at work it may have made its temporary folder anew.
    eventually(lambda: gos_at_work(folder) == [])
    path_of(hello, folder).unlink()
    assert ensure_built(hello, folder, go)
    assert work_in_progress(folder) == []


def test_what_a_killed_build_has_left_is_gone_before_the_next_one_needs_its_space(
    hello: Program, folder: Path, put_on_path: Put
) -> None:
    left = folder / "building" / "hello" / "of-a-killed-build" / "hello"
    left.parent.mkdir(parents=True)
    left.write_text("half of it")
    path = put_on_path("go", f"ls -R {folder}/building >&2; exit 1")
    with pytest.raises(ToolchainError, match="building"):
        ensure_built(hello, folder, Go(path, "go1.99.1", "local"))
    assert "of-a-killed-build" not in (folder / "logs" / "hello.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_go_leaves_nothing_half_written_and_shows_no_trace(
    hello: Program, folder: Path, go: Go, start: Start, *, hold: Path, number: signal.Signals
) -> None:
    process = start()
    eventually(lambda: compiles(folder))
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)
    assert hold.exists()
    assert process.returncode == 130
    assert output == "toolchain: building hello v1.2.3 … stopped\n"
    assert errors == "toolchain: stopped; run it again to go on\n"
    eventually(lambda: gos_at_work(folder) == [])  # one that was killed takes a moment to be gone
    assert work_in_progress(folder) == []
    assert not is_built(hello, folder, go)


def test_two_at_once_build_once_and_both_have_it(
    hello: Program, folder: Path, start: Start, hold: Path, builds: Callable[[], int]
) -> None:
    first = start()
    eventually(lambda: compiles(folder))
    second = start()
    eventually(lambda: waits_for_a_lock(second))
    hold.unlink()
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert builds() == 1
    assert re.search(r"hello v1\.2\.3 … ready after \d+ s, \d+ MB\n$", outputs[0])
    assert re.search(r"\(another process is building it: waiting\) built by another process; waited", outputs[1])
    assert run(path_of(hello, folder)) == "hello v1.2.3\n"


def test_a_failed_build_shows_what_go_said_at_its_end_and_keeps_what_was_there(
    hello: Program, folder: Path, go: Go
) -> None:
    ensure_built(hello, folder, go)
    source = hello.module / "hello" / "cmd" / "hello" / "main.go"
    source.write_text(source.read_text() + "\nfunc broken() { return 1 }\n")
    go_sum = hello.module / "go.sum"
    go_sum.write_text("\n")
    with pytest.raises(ToolchainError, match=r"(?s)Building hello v1\.2\.3 failed.*too many return values.*hello\.log"):
        ensure_built(hello, folder, go)
    assert run(path_of(hello, folder)) == "hello v1.2.3\n"
    assert not is_built(hello, folder, go)
    assert work_in_progress(folder) == []


def test_a_program_that_was_linked_with_another_version_is_not_taken(hello: Program, folder: Path, go: Go) -> None:
    program = Program(**{**vars(hello), "variables": ("main.Wersion={version}",)})
    with pytest.raises(ToolchainError, match=r"says 'hello none' of its version instead of v1\.2\.3"):
        ensure_built(program, folder, go)
    assert not path_of(program, folder).exists()


def test_a_proxy_that_is_not_reached_is_told(
    hello: Program, folder: Path, go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_a_download(hello)
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "go-mod-cache"))
    with pytest.raises(ToolchainError, match=r"(?s)connection refused.*does GOPROXY name your site's proxy"):
        ensure_built(hello, folder, go)


def test_a_download_that_is_not_what_the_lock_file_says_is_told(
    hello: Program, folder: Path, go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_a_download(hello)
    versions = tmp_path / "proxy" / "example.test" / "needed" / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.mod").write_text("module example.test/needed\n")
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "go-mod-cache"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    with pytest.raises(ToolchainError, match=r"(?s)SECURITY ERROR.*not what go\.sum says. Do not go on"):
        ensure_built(hello, folder, go)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("write /x/b001/_pkg_.a: no space left on device", "The disk is full: free a few GB"),
        ("k8s.io/api/core/v1: compile: signal: killed", "Memory ran out: close something"),
    ],
)
def test_a_machine_that_runs_out_is_told_what_to_do(
    hello: Program, folder: Path, put_on_path: Put, said: str, advice: str
) -> None:
    path = put_on_path("go", f"echo '{said}' >&2; exit 1")
    with pytest.raises(ToolchainError, match=f"(?s){re.escape(said)}.*{advice}"):
        ensure_built(hello, folder, Go(path, "go1.99.1", "local"))


def import_also(program: Program, module: str) -> None:
    """Makes the command import a module that no go.mod knows of yet."""
    source = program.module / "hello" / "cmd" / "hello" / "main.go"
    source.write_text(source.read_text().replace('import "os"', f'import "os"\nimport _ "{module}"'))


def need_a_download(program: Program) -> None:
    """Makes the command import a module that only a proxy has."""
    import_also(program, "example.test/needed")
    for path in (program.module / "go.mod", program.module / "hello" / "go.mod"):
        path.write_text(path.read_text() + "\nrequire example.test/needed v1.0.0\n")
    digest = "h1:" + "A" * 43 + "="
    sums = [f"example.test/needed v1.0.0{part} {digest}\n" for part in ("", "/go.mod")]
    (program.module / "go.sum").write_text("".join(sums))
