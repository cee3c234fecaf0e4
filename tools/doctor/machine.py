"""What this machine has: for `make run` and `make test`, and for a deployment."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from offline_providers.official import installed_plugin

from tools.doctor.finding import Finding, good, lacks, note
from tools.images.builders import find_builder
from tools.images.catalogue import ImagesError
from tools.localcluster.layout import PROGRAMS
from tools.localcluster.machine import faults

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ((3, 11), (3, 13))
OLDEST_JAVA = 17
ENVIRONMENTS_GB, RUN_GB = 5, 2
"""Seen: all environments with their tests' packages take 4 GB, and a run 1 GB."""
MEMORY_GB = 4
"""Seen: Ray's training takes 3 GB at its peak."""
FIRST_PORT, PORTS = 3001, 4
"""The servers of `make run` (platform_contract.loading, `DEFAULT_PORT_BASE` and `PORTS_USED`)."""


def examine() -> Iterator[Finding]:
    """All of the machine."""
    yield python()
    yield make()
    yield java()
    yield disk(ROOT)
    memory_found = memory()
    if memory_found:
        yield memory_found
    yield from ports()
    yield from programs()
    yield provider()
    yield image_builder()
    yield cluster()
    found = contexts()
    if found:
        yield found


def python() -> Finding:
    """The Python that the doctor runs on is the one that `make` takes."""
    here = sys.version_info[:2]
    version = ".".join(map(str, sys.version_info[:3]))
    oldest, newest = (".".join(map(str, one)) for one in PYTHONS)
    if not PYTHONS[0] <= here <= PYTHONS[1]:
        return lacks(
            f"Python is {version}: install one from {oldest} to {newest}, and name it: make … PYTHON=python3.11."
        )
    if importlib.util.find_spec("ensurepip") is None:
        return lacks(
            f"Python {version} cannot make virtual environments: install them (Debian: apt install python3-venv)."
        )
    return good(f"Python {version}.")


def make() -> Finding:
    """Make, by which everything is started."""
    found = shutil.which("make")
    return good(f"make, {found}.") if found else lacks("There is no make: install it (Debian: apt install make).")


def java() -> Finding:
    """The Java that Spark will find: in JAVA_HOME, and nowhere else when that is set."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    remedy = f"install Java {OLDEST_JAVA} (Debian: apt install openjdk-17-jre-headless) or set JAVA_HOME to one"
    if path is None:
        return lacks(f"Spark needs Java, and there is none: {remedy}.")
    version = re.search(r'version "(?:1\.)?(\d+)', output(path, "-version"))
    if version is None:
        return lacks(f"{path} does not run (JAVA_HOME={home or 'not set'}): {remedy}.")
    if int(version[1]) < OLDEST_JAVA:
        return lacks(f"{path} is Java {version[1]}, and Spark needs {OLDEST_JAVA}: {remedy}.")
    return good(f"Java {version[1]}, {path}.")


def output(*command: str) -> str:
    """What a program prints, on either stream; nothing when it does not run or takes a minute."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stderr + done.stdout if done.returncode == 0 else ""


def disk(folder: Path) -> Finding:
    """Room for the environments, unless they are there, and for a run."""
    needed = RUN_GB + (0 if (folder / ".local" / "envs").is_dir() else ENVIRONMENTS_GB)
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        return lacks(f"{free:.1f} GB are free on the disk of {folder}, and {needed} GB are needed: make room.")
    return good(f"{free:.0f} GB are free on the disk of this folder.")


def memory() -> Finding | None:
    """Free memory, where the system tells."""
    try:
        found = re.search(
            r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE
        )
    except OSError:
        return None
    if found is None:
        return None
    free = int(found[1]) * 1024 / 1e9
    if free < MEMORY_GB:
        return lacks(f"{free:.1f} GB of memory are free, and training needs {MEMORY_GB} GB: close what takes it.")
    return good(f"{free:.0f} GB of memory are free.")


def ports() -> Iterator[Finding]:
    """Those of the servers that `make run` starts."""
    taken = [port for port in range(FIRST_PORT, FIRST_PORT + PORTS) if not is_free(port)]
    if taken:
        named = ", ".join(map(str, taken))
        yield lacks(f"Port {named} is taken: 'make stop' if an earlier run has it, or 'make run PORT_BASE=4001'.")
    else:
        yield good(f"Ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are free.")


def is_free(port: int) -> bool:
    """Whether a server could listen at the port on this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def programs() -> Iterator[Finding]:
    """Pulumi and kubectl, the machine's own or ours, and the Go that builds ours."""
    tool = ROOT / "tools" / "toolchain" / "toolchain.py"
    try:
        status = json.loads(output(sys.executable, str(tool), "status", "--json"))
    except ValueError:
        yield note("Which Pulumi is here cannot be told: tools/toolchain/toolchain.py status --json has no answer.")
        return
    for program in status["programs"]:
        if program["name"] in ("pulumi", "kubectl"):
            yield _program(program)
    missing = [one["name"] for one in status["programs"] if one["source"] in ("missing", "cannot")]
    if missing and status["go"] is None:
        yield note("There is no Go, by which 'make toolchain' builds what is missing: install Go 1.21 or newer.")
    elif status["go"]:
        yield good(f"Go, {status['go']}.")


def _program(program: dict[str, str]) -> Finding:
    name, version = program["name"], program["version"]
    if program["source"] == "own":
        return good(f"{name} {version} of this machine, {program['path']}.")
    if program["source"] == "built":
        return good(f"{name} {version} built by 'make toolchain' ({program['why']}).")
    if program["source"] == "missing":
        return note(
            f"There is no {name} yet ({program['why']}): 'make toolchain' builds one, or install the official one."
        )
    return note(f"There is no {name}, and it cannot be built: {program['why']}; install the official one.")


def provider() -> Finding:
    """Whose provider for Kubernetes `make up` takes."""
    if own := installed_plugin("kubernetes"):
        return good(f"Pulumi's provider for Kubernetes of this machine, {own.path}: 'make up' takes it.")
    return note("Pulumi's provider for Kubernetes is not installed: 'make up' takes tools/offline_providers'.")


def image_builder() -> Finding:
    """What builds images."""
    try:
        return good(f"{find_builder(None).name}, for images.")
    except ImagesError as error:
        return note(str(error))


def cluster() -> Finding:
    """Whether `make up` can start nodes."""
    missing = faults()
    if missing:
        return note(f"'make up' and 'make test-cluster' cannot run here: {'; '.join(missing)}.")
    return good("What nodes of a Kubernetes need, for 'make up' and 'make test-cluster'.")


def contexts() -> Finding | None:
    """Other Kubernetes that somebody has: none is taken unasked, for it may be another's or in use."""
    kubectl = shutil.which("kubectl") or str(PROGRAMS / "kubectl")
    named = output(kubectl, "config", "get-contexts", "--output=name").split()
    if not named:
        return None
    return good(
        f"Contexts of your kubeconfig: {', '.join(named)}. 'make up' takes none of them unless CONTEXT names it"
        " (docs/local-cluster.md)."
    )
