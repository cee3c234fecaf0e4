"""Quantities times prices, and what neither can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlplatform.config.model import PlatformConfig

from mlplatform_cost.prices import PriceTable, UnknownPriceError
from mlplatform_cost.quantities import Quantity, quantities


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an estimate, in USD a month."""

    component: str
    what: str
    unit: str
    least_quantity: float
    most_quantity: float
    least_price: float
    """Of one for a month; with spot, its share of the on-demand price."""
    most_price: float
    spot: bool

    @property
    def least(self) -> float:
        """What it costs when the environment is idle."""
        return self.least_quantity * self.least_price

    @property
    def most(self) -> float:
        """What it costs when everything is at its maximum all month."""
        return self.most_quantity * self.most_price


@dataclass(frozen=True)
class Estimate:
    """An environment."""

    environment: str
    region: str
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    """What is not in the sums, as sentences."""

    @property
    def least(self) -> float:
        """USD a month when it is idle."""
        return sum(line.least for line in self.lines)

    @property
    def most(self) -> float:
        """USD a month when everything is at its maximum."""
        return sum(line.most for line in self.lines)

    def by_component(self) -> dict[str, tuple[Line, ...]]:
        """The lines of each component, in their order."""
        names = dict.fromkeys(line.component for line in self.lines)
        return {name: tuple(line for line in self.lines if line.component == name) for name in names}


def estimate(config: PlatformConfig, table: PriceTable) -> Estimate:
    """What an environment costs.

    Raises:
        UnknownPriceError: the region, or something in it, has no price.
    """
    if config.aws.region != table.region:
        raise UnknownPriceError(
            f"There are prices for {table.region} alone, and {config.environment} is in {config.aws.region}: write a"
            " table for it, infra/mlplatform_cost/prices.yaml shows how."
        )
    lines = tuple(_line(quantity, table) for quantity in quantities(config))
    return Estimate(config.environment, table.region, lines, tuple(_unknown(config, lines, table)))


def _line(quantity: Quantity, table: PriceTable) -> Line:
    share = table.spot_share if quantity.spot else 1
    found = [table.per_month(key) for key in quantity.prices]
    return Line(
        component=quantity.component,
        what=quantity.what,
        unit=table.price(quantity.prices[0]).unit,
        least_quantity=quantity.least,
        most_quantity=quantity.most,
        least_price=min(found) * share,
        most_price=max(found) * share,
        spot=quantity.spot,
    )


def _unknown(config: PlatformConfig, lines: Sequence[Line], table: PriceTable) -> list[str]:
    spot = sum(line.most for line in lines if line.spot)
    dearer = spot / table.spot_share - spot
    found = [
        "Traffic: through NAT gateways and interface endpoints, between zones, and out of the region, by the GB.",
        "S3, EFS, ECR and their requests: by what is stored and read; copies of EFS in AWS Backup.",
        "CloudWatch: logs of the cluster, the network, the database and the brokers, by the GB; detailed metrics.",
        "Load balancers by the connections they carry; calls to KMS and to Secrets Manager.",
        "Backups of the database beyond its own size.",
        f"Spot prices move: counted at {table.spot_share:.0%} of on demand; without spot the most would be"
        f" {dearer:,.0f} USD higher.",
        "An idle environment has its least number of nodes and no EMR cluster; what runs in between is yours to guess.",
        "Support, taxes, discounts (Savings Plans, reserved instances), and what the account has free.",
    ]
    if config.database.performance_insights_retention_days > 7:
        found.append("Performance Insights beyond 7 days: by the vCPU, and the table has no price of it.")
    if config.kafka.enabled and config.kafka.monitoring != "DEFAULT":
        found.append(f"Metrics of brokers ({config.kafka.monitoring}): by the metric.")
    return found
