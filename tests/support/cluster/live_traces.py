"""What a cluster could leave on the machine that it ran on."""

from __future__ import annotations

import subprocess
from pathlib import Path


def traces() -> dict[str, set[str]]:
    """Mounts, network interfaces, addresses, chains, control groups and the forwarding switch, as they are now."""

    def lines(*command: str) -> list[str]:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    return {
        "mounts": set(Path("/proc/mounts").read_text().splitlines()),
        "interfaces": {line.split()[0] for line in lines("ip", "-br", "link")},
        "addresses": {word for line in lines("ip", "-br", "address") for word in line.split()},
        "chains": {line for line in lines("iptables-save") if line.startswith((":KUBE", ":CNI", ":MLPLATFORM", "-A"))},
        "groups": {str(path) for path in Path("/sys/fs/cgroup").rglob("*") if path.is_dir()},
        "forwarding": {Path("/proc/sys/net/ipv4/ip_forward").read_text()},
    }
