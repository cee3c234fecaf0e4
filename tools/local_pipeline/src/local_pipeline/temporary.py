"""Where the steps of a run put their temporary files: one folder, which goes with the run or when the next begins."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

RECORD: Final = "temporary-folder"


class TemporaryFolder:
    """A folder below the machine's own for temporary files: the path of a Unix socket may have 107 bytes only.

    Its path is on record before it is there, so that what a killed run leaves in it is found by the next.
    """

    def __init__(self, records: Path) -> None:
        self._record = records / RECORD

    def make(self) -> Path:
        """The folder, empty, that steps are told of in ``TMPDIR``."""
        folder = Path(tempfile.mktemp(prefix="make-run-"))  # noqa: S306 - made below, by this process alone
        self._record.write_text(str(folder))
        folder.mkdir(mode=0o700)
        return folder

    def remove(self) -> None:
        """Removes the folder that is on record, if there is one."""
        if self._record.exists():
            shutil.rmtree(self._record.read_text(), ignore_errors=True)
            self._record.unlink()
