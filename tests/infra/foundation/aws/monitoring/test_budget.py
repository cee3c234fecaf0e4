"""The budget: of this environment alone, with a warning before and one after."""

from __future__ import annotations

import functools

from aws_account import ACCOUNT, assert_explicit_providers, record
from mlplatform.foundation.aws.monitoring.budget import Budget, BudgetArgs
from recorder import Recorder


@functools.cache
def recorded() -> Recorder:
    args = BudgetArgs(
        name="mlplatform-dev",
        monthly_usd=2000,
        email="on-call@example.org",
        account_id=ACCOUNT,
        tags={"platform": "mlplatform", "environment": "dev"},
    )
    return record(lambda opts: Budget("budget", args, opts))


def test_it_is_monthly_in_dollars() -> None:
    found = recorded().one("aws:budgets/budget:Budget").inputs
    assert (found["budgetType"], found["timeUnit"]) == ("COST", "MONTHLY")
    assert (found["limitAmount"], found["limitUnit"], found["accountId"]) == ("2000", "USD", ACCOUNT)


def test_it_counts_what_has_all_tags() -> None:
    found = recorded().one("aws:budgets/budget:Budget").inputs
    tags = [one["tags"] for one in found["filterExpression"]["ands"]]
    assert {one["key"]: one["values"] for one in tags} == {"platform": ["mlplatform"], "environment": ["dev"]}
    # AWS wants one of them with the other, and neither with `costTypes`.
    assert found["metrics"] == "UnblendedCost"
    assert "costTypes" not in found


def test_it_warns_before_and_after() -> None:
    found = recorded().one("aws:budgets/budget:Budget").inputs["notifications"]
    assert {one["notificationType"]: one["threshold"] for one in found} == {"FORECASTED": 80, "ACTUAL": 100}
    for one in found:
        assert (one["thresholdType"], one["comparisonOperator"]) == ("PERCENTAGE", "GREATER_THAN")
        assert one["subscriberEmailAddresses"] == ["on-call@example.org"]


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
