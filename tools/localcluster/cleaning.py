"""Takes away what the cluster has left: processes, mounts, network interfaces, addresses, cgroups, iptables chains."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tools.localcluster import processes
from tools.localcluster.control_plane import POLICIES, POLICIES_TABLE
from tools.localcluster.layout import BASE, DNS_ADDRESS, NODES, POLICIES_CHAIN, PROGRAMS, SERVER_ADDRESS
from tools.localcluster.node import CONTROLLERS

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def _shims() -> list[int]:
    """Shims of our containerds: the socket that they are told lies in our folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"containerd-shim" in words[0] and any(w.startswith(f"{BASE}/".encode()) for w in words):
                found.append(int(path.parent.name))
    return found


def _groups() -> list[Path]:
    """Control groups of our nodes, the innermost first."""
    tops = [c / node.name for c in CONTROLLERS.iterdir() for node in NODES if (c / node.name).is_dir()]
    inner = [path for top in tops for path in (*top.rglob("*"), top) if path.is_dir()]
    return sorted(inner, key=lambda path: -len(path.parts))


def clean(everything: bool = False) -> None:
    """Removes the cluster; the registry's images and the volumes stay unless `everything` goes."""
    started = processes.table()
    running = {name: pid for name, pid in started.items() if pid is not None}
    processes.end([pid for name, pid in running.items() if name.startswith("kubelet")])
    groups = _groups()
    # Threads' names are no concern: whatever is in a node's group was started by the node.
    inside = {int(p) for g in groups if (g / "cgroup.procs").exists() for p in (g / "cgroup.procs").read_text().split()}
    processes.end(sorted(inside), grace=2)
    processes.end(_shims(), grace=2)
    processes.end([pid for name, pid in running.items() if not name.startswith("kubelet")])
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{BASE}/")]):
        processes.run("umount", "-l", mount, check=False)
    for group in groups:
        with contextlib.suppress(OSError):
            group.rmdir()
    if (PROGRAMS / "kube-proxy").exists() and "KUBE-" in processes.run("iptables-save"):
        processes.run(str(PROGRAMS / "kube-proxy"), "--cleanup", check=False)
    if (PROGRAMS / POLICIES).exists() and POLICIES in started:
        processes.run(str(PROGRAMS / POLICIES), "-cleanup", f"-table={POLICIES_TABLE}", check=False)
    _clean_chains()
    for node in NODES:
        processes.run("ip", "link", "delete", node.bridge, check=False)
    for address in (SERVER_ADDRESS, DNS_ADDRESS, *(node.address for node in NODES)):
        processes.run("ip", "address", "delete", f"{address}/32", "dev", "lo", check=False)
    before = BASE / "ip_forward"
    if before.exists():
        FORWARDING.write_text(before.read_text())
    stay = set() if everything else {"registry", "volumes", "logs"}
    for path in BASE.iterdir() if BASE.exists() else ():
        if path.name not in stay:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    if everything:
        shutil.rmtree(BASE, ignore_errors=True)


def _clean_chains() -> None:
    """Chains that the proxy's own cleaning leaves: its canaries; those of the port mappings and of policies."""
    for table in ("nat", "filter", "mangle"):
        lines = processes.run("iptables-save", "-t", table).splitlines()
        ours = [line[1:].split()[0] for line in lines if line.startswith((":KUBE-", ":CNI-", f":{POLICIES_CHAIN}"))]
        for chain in ours:
            processes.run("iptables", "-t", table, "-F", chain, check=False)
        for line in lines:
            words = line.split()
            if line.startswith("-A") and words[-1] in ours and words[1] not in ours:
                processes.run("iptables", "-t", table, "-D", *words[1:], check=False)
        for chain in ours:
            processes.run("iptables", "-t", table, "-X", chain, check=False)
