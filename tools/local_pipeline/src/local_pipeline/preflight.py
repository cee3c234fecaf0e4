"""What a machine must have before anything is started: everything that it lacks, at once."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from local_pipeline.faults import PipelineError

OLDEST_JAVA: Final = 17
"""Spark 4.2 runs on Java 17 and 21 (https://spark.apache.org/docs/4.2.0/)."""

NEEDED_DISK_BYTES: Final = 2 * 10**9
NEEDED_MEMORY_BYTES: Final = 4 * 10**9
"""Seen: a run takes about 1 GB of disk, and Ray's training 3 GB of memory at its peak (bench/results)."""


def require(folder: Path, addresses: Iterable[str]) -> None:
    """Raises `PipelineError` with one line for each thing that is not as a run needs it."""
    faults = [*_java(), *_disk(folder), *_memory(), *_ports(addresses)]
    if faults:
        raise PipelineError("\n".join(faults))


def _java() -> Iterator[str]:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    remedy = f"install Java {OLDEST_JAVA} (Debian: apt install openjdk-17-jre-headless) or set JAVA_HOME to one"
    if java is None:
        yield f"Spark needs Java, and there is none: {remedy}."
        return
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        yield f"{java} does not run (JAVA_HOME={home or 'not set'}): {remedy}."
        return
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None or int(version.group(1)) < OLDEST_JAVA:
        yield f"{java} is Java {version.group(1) if version else 'of an unknown version'}: {remedy}."


def _disk(folder: Path) -> Iterator[str]:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(there, os.W_OK):
        yield f"{there} cannot be written to: choose another folder, or change its owner."
    free = shutil.disk_usage(there).free
    if free < NEEDED_DISK_BYTES:
        yield (
            f"{free / 1e9:.1f} GB are free on the disk of {there}, and a run needs {NEEDED_DISK_BYTES / 1e9:.0f} GB:"
            " make room ('make clean' removes what earlier runs left)."
        )


def _memory() -> Iterator[str]:
    free = psutil.virtual_memory().available
    if free < NEEDED_MEMORY_BYTES:
        yield (
            f"{free / 1e9:.1f} GB of memory are free, and a run needs {NEEDED_MEMORY_BYTES / 1e9:.0f} GB:"
            " close what takes it."
        )


def _ports(addresses: Iterable[str]) -> Iterator[str]:
    for address in addresses:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 80
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                yield (
                    f"Port {port} is taken{_holder(port)}: stop what holds it, or choose other ports"
                    " ('make run PORT_BASE=4001')."
                )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else ""
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return ""
