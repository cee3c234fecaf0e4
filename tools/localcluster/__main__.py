"""``python3 tools/localcluster start``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".local" / "envs" / "infra" / "bin" / "python"
if PYTHON.exists() and Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 - no shell is wanted
sys.path.insert(0, str(ROOT))

from tools.endings import tidy_when_stopped  # noqa: E402 - the path first
from tools.localcluster.command_line import main  # noqa: E402

tidy_when_stopped()
sys.exit(main(sys.argv[1:]))
