"""Whether this machine can make nodes: what is installed, and what its kernel lets root do."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.localcluster.layout import ROOT

CONTROL_GROUPS: Final = Path("/sys/fs/cgroup")
CNI_PLUGINS: Final = Path("/usr/lib/cni")
PACKAGES: Final = "containerd runc containernetworking-plugins iptables iproute2"
PROBE: Final = "mlp-probe"
DISK_GB: Final = 12
"""Seen: the tests of the whole platform take 11 GB."""


def faults() -> list[str]:
    """All that is missing, as parts of one sentence; empty when it can."""
    if os.geteuid() != 0:
        return ["it needs root (network interfaces, mounts and control groups)"]
    absent = [name for name in ("containerd", "runc", "iptables", "ip", "mount") if shutil.which(name) is None]
    if not (CNI_PLUGINS / "bridge").exists():
        absent.append("CNI plugins")
    if absent:
        return [f"{', '.join(absent)}: apt-get install --no-install-recommends {PACKAGES}", *_room(ROOT)]
    return [*_refused(), *_room(ROOT)]


def _room(folder: Path) -> Iterator[str]:
    """Each node unpacks the images of its pods for itself."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < DISK_GB:
        yield f"{free:.1f} GB are free on the disk of {folder}, and its nodes need {DISK_GB} GB: make room"


def _refused() -> Iterator[str]:
    """What the kernel refuses even root, as it does in most containers. Each probe takes away what it makes."""
    try:
        if message := _failure("ip", "link", "add", PROBE, "type", "bridge"):
            yield f"no network interface can be made ({message})"
    finally:
        _failure("ip", "link", "delete", PROBE)
    if message := _failure("iptables-save", "--table", "nat"):
        yield f"no rules can be made for services ({message})"
    with tempfile.TemporaryDirectory() as folder:
        try:
            if message := _failure("mount", "-t", "tmpfs", PROBE, folder):
                yield f"nothing can be mounted ({message})"
        finally:
            _failure("umount", folder)
    group = next((one for one in (CONTROL_GROUPS / "memory", CONTROL_GROUPS) if one.is_dir()), CONTROL_GROUPS) / PROBE
    try:
        group.mkdir()
    except OSError as error:
        yield f"no control group can be made ({error.strerror}: {group})"
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def _failure(*command: str) -> str | None:
    """What a command says when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"exit status {done.returncode}"
