"""``python3 tools/doctor [--env ENVIRONMENT]``: what this machine, and an environment's account, lack, as sentences."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.doctor.command_line import main

sys.exit(main(sys.argv[1:]))
