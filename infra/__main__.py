"""What the Pulumi engine runs. The contract's package is in the same clone and in no registry."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workloads" / "platform_contract" / "src"))

from mlplatform.program import main

main()
