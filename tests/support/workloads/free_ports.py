"""Ports of this machine's loopback that nobody has."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from platform_contract.loading import PORTS_USED


def free_port_base(first: int, last: int) -> int:
    """The first of as many free ports in a row as a contract needs, from `first` on and below `last`.

    Suites that run side by side look in ranges of their own.
    """
    for base in range(first, last, PORTS_USED):
        with ExitStack() as stack:
            try:
                for port in range(base, base + PORTS_USED):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    raise AssertionError("no free ports")
