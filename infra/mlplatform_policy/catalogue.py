"""All rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlplatform_policy import encryption, exposure, instances, keeping, rights, together, workloads
from mlplatform_policy.rules import ResourceRule, StackRule, Violation
from mlplatform_policy.view import ResourceView

RESOURCE_RULES: Final[tuple[ResourceRule, ...]] = (
    *encryption.RULES,
    *exposure.RULES,
    *rights.RULES,
    *keeping.RULES,
    *instances.RULES,
    *workloads.RULES,
)
STACK_RULES: Final[tuple[StackRule, ...]] = together.RULES
RULES: Final[tuple[ResourceRule | StackRule, ...]] = (*RESOURCE_RULES, *STACK_RULES)


def violations(resources: Sequence[ResourceView]) -> list[Violation]:
    """Whatever breaks any rule, in the order of the rules."""
    return [violation for rule in RULES for violation in rule.violations(resources)]
