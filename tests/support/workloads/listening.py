"""What listens on this machine, in whatever network namespace, and by which process."""

from __future__ import annotations

import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LISTENS: Final = "0A"
"""TCP_LISTEN (<net/tcp_states.h>)."""


@dataclass(frozen=True, order=True)
class Heard:
    """A socket that listens."""

    address: str
    port: int
    command: str
    pid: int


def heard(pids: Iterable[int]) -> set[Heard]:
    """The TCP sockets at which these processes listen. A process that ends meanwhile has none."""
    tables: dict[str, dict[str, tuple[str, int]]] = {}
    found = set()
    for pid in pids:
        with suppress(OSError):
            # /proc/PID/net is that of the process' own namespace: no other need be entered.
            network = str(Path(f"/proc/{pid}/ns/net").readlink())
            if network not in tables:
                tables[network] = listening(pid)
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if not command:
                continue  # it ends, or is about to become another program
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    inode = re.fullmatch(r"socket:\[(\d+)\]", str(handle.readlink()))
                    if inode and inode[1] in tables[network]:
                        found.add(Heard(*tables[network][inode[1]], command, pid))
    return found


def listening(pid: int) -> dict[str, tuple[str, int]]:
    """Inode of a socket → address and port, in the network of a process."""
    found = {}
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENS:
                address, _, port = local.partition(":")
                # Words of 32 bits, each in this machine's order.
                words = [struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8)]
                found[inode] = (socket.inet_ntop(family, b"".join(words)), int(port, 16))
    return found


class Listening(threading.Thread):
    """Looks again and again at what processes listen, until it is stopped; what it has seen is in `seen`."""

    def __init__(self, pids: Callable[[], Iterable[int]], interval_seconds: float = 0.5) -> None:
        super().__init__(name="listening", daemon=True)
        self._pids, self._interval, self._ended = pids, interval_seconds, threading.Event()
        self.seen: set[Heard] = set()
        self.start()

    def run(self) -> None:
        while not self._ended.is_set():
            self.seen |= heard(self._pids())
            self._ended.wait(self._interval)

    def stop(self) -> set[Heard]:
        """All that was seen."""
        self._ended.set()
        self.join()
        return self.seen


def everybody() -> list[int]:
    """All processes of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - numbers are wanted
