"""The rules of the policy pack over the whole program, and that each has something to look at."""

from __future__ import annotations

import pytest
from mlplatform.config.base import Environment
from mlplatform_policy.catalogue import RULES, violations
from policy_views import views
from whole_program import ENVIRONMENTS, record


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, "local"])
def test_the_program_breaks_no_rule(environment: Environment) -> None:
    assert [str(one) for one in violations(views(record(environment)))] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_looks_at_something(rule: object) -> None:
    """A rule whose types are misspelt is never broken."""
    looks_at = getattr(rule, "looks_at")  # noqa: B009 - both kinds of rules have it
    assert any(looks_at(one) for environment in ENVIRONMENTS for one in views(record(environment)))
