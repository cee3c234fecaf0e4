"""Work in a process of its own, which may be killed while it is at it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def in_a_fork(work: Callable[[], object]) -> int:
    """Does the work in a fork of this process, and nothing else there: no test goes on in it, no fixture ends in it.

    Threads that this process has are missing there: what needs them, such as Ray or XGBoost once it has trained, waits
    for ever.

    Returns:
        How it ended: 0, 1 for an exception, which it prints, a status that the work has ended with, or the number of a
        signal, negative.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it is, it must not go on in pytest
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
