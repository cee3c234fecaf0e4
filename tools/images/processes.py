"""Runs other programs: what they say goes to a file, and of a failure the cause is told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.images.catalogue import ImagesError

TAIL = 15
"""How many of the last lines are shown of a program that has failed."""
GRACE = 10.0
"""Seconds that a program has to end by itself when it is stopped."""

# What is found in what a program said, and what a person can do about it. The first that fits is told.
CAUSES = (
    (
        ("no space left on device", "disk quota exceeded"),
        "The disk is full: free a few GB where .local lies (`rm -rf .local/images` removes all that was built).",
    ),
    (
        ("signal: killed", "cannot allocate memory", "out of memory"),
        "Memory ran out: close something and run it again.",
    ),
    (
        ("exec format error",),
        "This machine cannot run programs of that processor: build on one that has it, or install Debian's"
        " qemu-user-static.",
    ),
    (
        ("'overlay' is not supported over", "kernel does not support overlay fs"),
        "The storage wants a file system that overlays can lie on: set STORAGE_DRIVER=vfs, which takes more space.",
    ),
    (
        ("hash mismatch",),
        "What was downloaded is not what the lock file says. Do not go on: ask whoever runs your package index.",
    ),
    (
        ("server gave http response to https client", "x509:", "certificate verify failed", "invalid peer certificate"),
        "A server's certificate is not trusted: name your site's certificates in SSL_CERT_FILE.",
    ),
    (
        ("unauthorized", "authentication required", "no basic auth credentials", "denied:"),
        "The registry wants you to sign in first: `buildah login`, `podman login` or `docker login`, as in"
        " `aws ecr get-login-password | buildah login -u AWS --password-stdin REGISTRY`.",
    ),
    (
        ("name unknown", "repository does not exist", "does not exist in the registry"),
        "The registry has no repository of that name: `pulumi up` makes them.",
    ),
    (
        ("connection refused", "no such host", "i/o timeout", "dns error", "could not resolve", "failed to fetch",
         "error sending request", "temporary failure", "unable to connect"),
        "A server was not reached: is the network there, and is the address right?",
    ),
)  # fmt: skip


def advice_on(said: str) -> str:
    """What a person can do, if what a program said tells."""
    lower = said.lower()
    return next((advice for signs, advice in CAUSES if any(sign in lower for sign in signs)), "")


def run_logged(
    command: Sequence[str],
    what: str,
    log: Path,
    variables: Mapping[str, str],
    tick: Callable[[float, str], None] = lambda *_: None,
) -> None:
    """Runs a command to its end; on any end but a good one, all that it has started is ended too.

    Args:
        what: the work, as a sentence's beginning.
        log: where its output goes.
        variables: of its environment, beside the caller's.
        tick: hears, about once a second, for how long it has run and the last line that it said.

    Raises ImagesError when it fails, or is not there.
    """
    if shutil.which(command[0]) is None:
        raise ImagesError(f"{what} failed: {command[0]} is no longer on PATH.")
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **variables},
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
                    tick(time.monotonic() - started, last_line(log))
        finally:
            _end(process)
    if process.returncode != 0:
        said = log.read_text(errors="replace")
        tail = "\n".join(f"    {line}" for line in said.splitlines()[-TAIL:])
        advice = advice_on(said) or f"Run it again; if it fails in the same way, all that was said is in {log}."
        raise ImagesError(f"{what} failed ({Path(command[0]).name}: {process.returncode}).\n{tail}\n{advice}")


def last_line(log: Path) -> str:
    """The last line that is not empty."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = stream.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def answer_of(command: Sequence[str], variables: Mapping[str, str]) -> str | None:
    """What a quick command prints; None when it fails or is not there."""
    try:
        done = subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            continue
        return
