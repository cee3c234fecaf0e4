"""Policy packs: programs of their own, which the engine starts and asks about every resource of a plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from offline_providers.faults import OfflineError

PROGRAM: Final = """\
#!{python}
import runpy
runpy.run_path({folder!r}, run_name="__main__")
"""


def executable_pack(folder: Path, kept: Path) -> Path:
    """A pack in Python as a program that the engine can start by itself.

    Of a folder it starts what is in it through Pulumi's language host for Python, which comes with the official
    Pulumi alone.

    Args:
        folder: with `__main__.py` in it.
        kept: where the program is written.

    Raises:
        OfflineError: there is no pack in the folder.
    """
    if not (folder / "__main__.py").is_file():
        raise OfflineError(f"there is no policy pack in {folder}: it has no __main__.py.")
    program = kept / "policy-packs" / folder.resolve().name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder.resolve())), "utf-8")
    program.chmod(0o755)
    return program
