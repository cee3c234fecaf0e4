"""``python3 tools/doctor [--env ENVIRONMENT]``: what this machine, and an environment's account, lack, as sentences."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "offline_providers" / "src")]

from tools.doctor.command_line import main  # noqa: E402 - the path first

sys.exit(main(sys.argv[1:]))
