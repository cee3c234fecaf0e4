"""Builds a program once, and leaves either all of it or nothing.

A stamp beside the programs says what was built, from what. It is written last and taken away first, so that whatever
ends a build, a power cut included, what is there without its stamp is built again. Everything lies below one folder:

    bin/<name>, pulumi/bin/pulumi   the programs
    share/<name>/                   files that come with it
    stamps/<name>.json              what each was built from
    building/<name>/                work in progress, and what a killed build has left; the next build removes it
    locks/<name>, logs/<name>.log   who builds; what Go said the last time
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.toolchain.machine import Go, version_of, why_not_go
from tools.toolchain.programs import BUILD_ENVIRONMENT, Program
from tools.toolchain.versions import ToolchainError, find_version

TAIL = 15
"""How many of the last lines that Go said are shown when it fails."""
GRACE = 5.0
"""Seconds that Go has to end by itself when a build is stopped."""

# What is found in Go's output, and what a person can do about it. The first that fits is told.
CAUSES = (
    (
        ("no space left on device",),
        "The disk is full: free a few GB where .local and Go's caches (`go env GOCACHE GOMODCACHE`) lie,"
        " and run it again.",
    ),
    (
        ("checksum mismatch", "SECURITY ERROR"),
        "What was downloaded is not what go.sum says. Do not go on: ask whoever runs your Go module proxy.",
    ),
    (
        ("signal: killed", "out of memory", "cannot allocate memory"),
        "Memory ran out: close something, or set GOFLAGS=-p=1 so that Go builds one package at a time.",
    ),
    (
        (
            "dial tcp",
            "no such host",
            "i/o timeout",
            "TLS handshake",
            "proxyconnect",
            "connection re",
            "server response:",
        ),
        "The Go module proxy did not give a module: is the network there, and does GOPROXY name your site's proxy?",
    ),
)


def path_of(program: Program, folder: Path) -> Path:
    """Where the built program is, or will be."""
    return folder / program.prefix / "bin" / program.name


def share_of(program: Program, folder: Path) -> Path:
    """Where the files are, or will be, that come with it."""
    return folder / "share" / program.name


def is_built(program: Program, folder: Path, go: Go | None) -> bool:
    """Whether it is there, whole, and from what the repository says now.

    Without Go, what an earlier Go has built of the same sources will do.
    """
    try:
        stamp = json.loads(_stamp(program, folder).read_text())
        size = path_of(program, folder).stat().st_size
    except (OSError, ValueError):
        return False
    wanted = {"recipe": program.recipe, "bytes": size, "go": go.version if go else stamp.get("go")}
    files = [share_of(program, folder) / Path(name).name for name in program.files]
    return {key: stamp.get(key) for key in wanted} == wanted and all(path.is_file() for path in files)


def ensure_built(
    program: Program,
    folder: Path,
    go: Go | None,
    tick: Callable[[float], None] = lambda _: None,
    wait: Callable[[], None] = lambda: None,
) -> bool:
    """Builds the program unless it is there. False when it already was.

    `tick` hears the seconds that the build has taken so far, about once a second; `wait` is called once when another
    process builds the same program, which is then waited for.

    Raises ToolchainError when Go is lacking or too old, or when the build fails.
    """
    if is_built(program, folder, go):
        return False
    if reason := why_not_go(program, go):
        raise ToolchainError(f"{reason}.")
    assert go is not None  # noqa: S101 - the line above has said why not
    with _only_one(folder / "locks" / program.name, wait):
        if is_built(program, folder, go):
            return False
        started = time.monotonic()
        scratch = _fresh_folder(folder / "building" / program.name)
        try:
            result = scratch / program.name
            _run_go(program, go, result, folder / "logs" / f"{program.name}.log", tick)
            _check_version(program, go, result)
            _put_in_place(program, folder, go, result, time.monotonic() - started)
        finally:
            shutil.rmtree(scratch.parent, ignore_errors=True)
    return True


def _stamp(program: Program, folder: Path) -> Path:
    return folder / "stamps" / f"{program.name}.json"


@contextmanager
def _only_one(lock: Path, wait: Callable[[], None]) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fresh_folder(parent: Path) -> Path:
    """An empty folder of a new name: a Go that a killed build has left running writes nothing into it."""
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def _run_go(program: Program, go: Go, result: Path, log: Path, tick: Callable[[float], None]) -> None:
    """Builds into `result`; on any end but a good one, Go and all that it has started are ended too."""
    temporary = result.parent / "go"
    temporary.mkdir()
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, **BUILD_ENVIRONMENT, "GOTMPDIR": str(temporary)}
    # The programs are for this machine, whatever the caller builds for otherwise.
    for name in ("GOOS", "GOARCH"):
        environ.pop(name, None)
    command = [str(go.path), "build", "-o", str(result), *program.build_arguments]
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=program.module,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                try:
                    process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    tick(time.monotonic() - started)
        finally:
            _end(process)
    if process.returncode != 0:
        raise _failure(program, process.returncode, log)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends Go and all that it has started: a compiler that has just been started can outlive it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE)
    with contextlib.suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(program: Program, status: int, log: Path) -> ToolchainError:
    said = log.read_text(errors="replace")
    advice = next(
        (advice for signs, advice in CAUSES if any(sign in said for sign in signs)),
        f"Run it again; if it fails in the same way, all that Go said is in {log}.",
    )
    tail = "\n".join(f"    {line}" for line in said.splitlines()[-TAIL:])
    return ToolchainError(f"Building {program.name} {program.version} failed (go: {status}).\n{tail}\n{advice}")


def _check_version(program: Program, go: Go, result: Path) -> None:
    """A linker setting of a wrong name changes nothing and says nothing: so the program itself is asked."""
    if program.version_arguments:
        said = version_of(result, program.version_arguments)
    else:
        rows = [line.split() for line in version_of(go.path, ("version", "-m", str(result))).splitlines()]
        said = next((row[2] for row in rows if row[:2] in (["mod", program.holder], ["dep", program.holder])), "")
    if find_version(said) != program.version:
        raise ToolchainError(
            f"{program.name} was built, but says {said.strip()[:200] or 'nothing'!r} of its version instead of"
            f" {program.version}: its entry in tools/toolchain/programs.py no longer fits."
        )


def _put_in_place(program: Program, folder: Path, go: Go, result: Path, seconds: float) -> None:
    stamp, path = _stamp(program, folder), path_of(program, folder)
    facts = {
        "version": str(program.version),
        "recipe": program.recipe,
        "go": go.version,
        "bytes": result.stat().st_size,
        "seconds": round(seconds, 1),
    }
    for parent in (stamp.parent, path.parent):
        parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    _put_files(program, folder, go)
    result.replace(path)
    draft = result.with_suffix(".json")
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    draft.replace(stamp)


def _put_files(program: Program, folder: Path, go: Go) -> None:
    """Copies what comes with the program out of Go's own folder of modules, which may be emptied any time."""
    if not program.files:
        return
    command = [str(go.path), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", program.holder]
    done = subprocess.run(command, cwd=program.module, capture_output=True, text=True, check=False)
    place = Path(done.stdout.strip())
    if done.returncode != 0 or not place.is_absolute():
        raise ToolchainError(f"Go does not say where {program.holder} is: {done.stderr.strip() or 'nothing'}.")
    share = share_of(program, folder)
    shutil.rmtree(share, ignore_errors=True)
    share.mkdir(parents=True)
    for name in program.files:
        # Not its mode: there everything is read-only.
        shutil.copyfile(place / name, share / Path(name).name)
