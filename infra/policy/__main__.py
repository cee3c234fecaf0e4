"""What the Pulumi engine runs for `--policy-pack infra/policy`. The rules' package is beside this folder."""

import sys
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack

INFRA = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(INFRA), str(INFRA.parent / "workloads" / "platform_contract" / "src")]

from mlplatform_policy.pack import policies  # noqa: E402

PolicyPack("mlplatform", policies(), EnforcementLevel.MANDATORY)
