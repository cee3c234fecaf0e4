"""For each rule, resources that keep it and resources that break it, with the exact message."""

from __future__ import annotations

from typing import Final

from policy_examples import encryption, exposure, instances, keeping, rights, together, workloads
from policy_examples.example import Example

EXAMPLES: Final[tuple[Example, ...]] = (
    *encryption.EXAMPLES,
    *exposure.EXAMPLES,
    *rights.EXAMPLES,
    *keeping.EXAMPLES,
    *instances.EXAMPLES,
    *workloads.EXAMPLES,
    *together.EXAMPLES,
)
