"""``python3 tools/localplatform up``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".local" / "envs" / "infra" / "bin" / "python"
if PYTHON.exists() and Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 - no shell is wanted
sources = [ROOT / "tools" / name / "src" for name in ("offline_providers", "local_pipeline")]
sys.path[:0] = [str(folder) for folder in (ROOT, ROOT / "infra", *sources)]

from tools.endings import tidy_when_stopped  # noqa: E402 - the path first
from tools.localplatform.command_line import main  # noqa: E402

tidy_when_stopped()
sys.exit(main(sys.argv[1:]))
