"""Namespaces of Linux for a command: in them, whatever is there was left by what it has run."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

INSIDE: Final = "BENCH_KILLS_INSIDE"
OWN_FOLDERS: Final = ("/tmp", "/dev/shm")  # noqa: S108 - these are what is looked at
_SIOCSIFFLAGS: Final = 0x8914  # <linux/sockios.h>
_IFF_UP: Final = 0x1  # <linux/if.h>


def become_inside(command: Sequence[str]) -> NoReturn:
    """Becomes a command that has processes, a network and temporary folders of its own; when it ends, they all do.

    No user need be root: one who is not is root in a user namespace of his own.

    Raises:
        SystemExit: this machine has no namespaces, or does not let this user have them.
    """
    if sys.platform != "linux" or not shutil.which("unshare"):
        raise SystemExit("This needs Linux and 'unshare' (Debian: util-linux).")
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    spaces = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *as_root, *spaces, "--", *command])  # noqa: S606 - our own words


def furnish() -> None:
    """Inside: empty temporary folders, and loopback is up. There is no other network."""
    for folder in OWN_FOLDERS:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", folder], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP, b""))
