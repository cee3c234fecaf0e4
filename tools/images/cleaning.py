"""Removes all that was built, mounts that a killed build has left included."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tools.images.catalogue import ImagesError

MOUNTS = Path("/proc/self/mounts")


def mounts_below(folder: Path, table: str) -> list[Path]:
    """Where something is mounted below a folder, the innermost first.

    Args:
        table: of mounts, as the kernel tells it.
    """
    # Blanks and the like are written as \\040.
    places = (
        re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split()[1]) for line in table.splitlines()
    )
    found = {Path(place) for place in places if Path(place).is_relative_to(folder)}
    return sorted(found, key=lambda place: len(place.parts), reverse=True)


def clean(folder: Path) -> bool:
    """Removes the folder. False when it was not there.

    Raises ImagesError when something in it is in use.
    """
    if not folder.exists():
        return False
    for place in mounts_below(folder, MOUNTS.read_text() if MOUNTS.exists() else ""):
        done = subprocess.run(["umount", str(place)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ImagesError(f"{place} cannot be unmounted: is a build still at work? ({done.stderr.strip()})")
    shutil.rmtree(folder)
    return True
