"""The monthly budget: a warning before the money is spent, and one after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

FORECAST_PERCENT: Final = 80
ACTUAL_PERCENT: Final = 100


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """Inputs of `Budget`."""

    name: str
    monthly_usd: int
    email: str
    account_id: str
    tags: Mapping[str, str]
    """What has all of them is counted. Each key must be activated as a cost allocation tag in the account that pays;
    AWS counts from that day on."""


class Budget(pulumi.ComponentResource):
    """The budget of what carries the environment's tags. Support and taxes carry none and are left out."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:budget:Budget", name, None, opts)
        tagged = [
            aws.budgets.BudgetFilterExpressionAndArgs(
                tags=aws.budgets.BudgetFilterExpressionAndTagsArgs(key=key, values=[value], match_options=["EQUALS"])
            )
            for key, value in args.tags.items()
        ]
        aws.budgets.Budget(
            f"{name}-monthly",
            # A person reads it in an e-mail.
            name=args.name,
            account_id=args.account_id,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            filter_expression=aws.budgets.BudgetFilterExpressionArgs(ands=tagged),
            metrics="UnblendedCost",
            notifications=[
                _warning("FORECASTED", FORECAST_PERCENT, args.email),
                _warning("ACTUAL", ACTUAL_PERCENT, args.email),
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _warning(kind: Literal["FORECASTED", "ACTUAL"], percent: int, email: str) -> aws.budgets.BudgetNotificationArgs:
    return aws.budgets.BudgetNotificationArgs(
        notification_type=kind,
        comparison_operator="GREATER_THAN",
        threshold=percent,
        threshold_type="PERCENTAGE",
        subscriber_email_addresses=[email],
    )
