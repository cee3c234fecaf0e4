"""How the commands of `tools/` end, whatever happens: a sentence for a person, and an exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable

FAULT = 2
STOPPED = 130
"""What a shell makes of Ctrl-C."""


def tidy_when_stopped() -> None:
    """Makes a stop from outside (a CI that is cancelled, a closed terminal) tidy up as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def end_for_people(program: str, command: Callable[[], None], *faults: type[Exception]) -> int:
    """Runs a command to its end; the exit status of the program.

    Args:
        program: that the sentences begin with.
        faults: what the command raises with a sentence for a person.

    Any other exception is a mistake of ours, and keeps its traceback.
    """
    try:
        command()
        sys.stdout.flush()
    except faults as fault:
        print(f"{program}: {fault}", file=sys.stderr)
        return FAULT
    except BrokenPipeError:
        # Whoever read this has gone, as in `status | head`: at its end Python must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        hint = "The disk is full: free a few GB and run it again." if full else "May you write here?"
        where = f": {error.filename}" if error.filename else ""
        print(f"{program}: {error.strerror}{where}. {hint}", file=sys.stderr)
        return FAULT
    except KeyboardInterrupt:
        print(f"{program}: stopped; run it again to go on", file=sys.stderr)
        return STOPPED
    return 0
