"""What the Pulumi engine runs. The contract's package is in the platform's clone and in no registry."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workloads" / "platform_contract" / "src"))

from delay_reports import main

main()
