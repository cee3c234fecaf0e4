"""What a session writes on the way is gone with it, or when the next one begins."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from forked import in_a_fork
from spark_preprocessing.spark.scratch import scratch_folder


def test_the_shuffle_files_of_a_killed_session_go_when_the_next_begins_and_those_of_a_live_one_stay(
    tmp_path: Path,
) -> None:
    def die() -> None:
        with scratch_folder(tmp_path) as folder:
            (folder / "blockmgr").mkdir()
            (folder / "blockmgr" / "shuffle_0_0_0.data").write_text("rows")
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_fork(die) == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    with scratch_folder(tmp_path) as one:
        with scratch_folder(tmp_path) as other:
            assert set(tmp_path.iterdir()) == {one, other}
        assert set(tmp_path.iterdir()) == {one}
    assert list(tmp_path.iterdir()) == []
