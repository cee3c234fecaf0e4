"""An estimate for people, as a table, and for programs, as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from mlplatform_cost.estimate import Estimate, Line
from mlplatform_cost.prices import PriceTable


def print_estimate(estimate: Estimate, table: PriceTable, console: Console) -> None:
    """Prints a line for each thing, a sum for each component, the total, and what is not in it."""
    console.print(
        f"\n[bold]{estimate.environment}[/bold] in {estimate.region}: from {estimate.least:,.0f} USD a month when idle"
        f" to {estimate.most:,.0f} with everything at its maximum"
    )
    grid = Table(box=None, pad_edge=False)
    # Words give way where a terminal is narrow, figures never do.
    grid.add_column("component")
    for column in ("least", "most", "idle", "maximum"):
        grid.add_column(column, justify="right", no_wrap=True)
    for component, lines in estimate.by_component().items():
        grid.add_row(component, "", "", *_sums(lines), style="bold")
        for line in lines:
            grid.add_row(
                Padding(line.what, (0, 0, 0, 2)),
                _product(line.least_quantity, line.least_price),
                _product(line.most_quantity, line.most_price),
                f"{line.least:,.0f}",
                f"{line.most:,.0f}",
            )
    grid.add_row("total", "", "", *_sums(estimate.lines), style="bold")
    console.print(grid)
    console.print("\nNot in it:")
    for sentence in estimate.unknown:
        console.print(f"  - {sentence}", highlight=False)
    sources = ", ".join(f"{name} ({source.date})" for name, source in table.sources.items())
    console.print(f"\nPrices: infra/mlplatform_cost/prices.yaml; sources: {sources}.", highlight=False)


def _product(quantity: float, price: float) -> str:
    if not quantity:
        return "-"
    return f"{quantity:,.0f} x {price:,.2f}" if price >= 1 else f"{quantity:,.0f} x {price:.4f}"


def _sums(lines: tuple[Line, ...]) -> tuple[str, str]:
    return f"{sum(line.least for line in lines):,.0f}", f"{sum(line.most for line in lines):,.0f}"


def as_json(estimate: Estimate, table: PriceTable) -> dict[str, Any]:
    """The same, rounded to cents."""
    return {
        "environment": estimate.environment,
        "region": estimate.region,
        "currency": "USD",
        "leastPerMonth": round(estimate.least, 2),
        "mostPerMonth": round(estimate.most, 2),
        "lines": [
            {
                "component": line.component,
                "what": line.what,
                "unit": line.unit,
                "leastQuantity": line.least_quantity,
                "mostQuantity": line.most_quantity,
                "least": round(line.least, 2),
                "most": round(line.most, 2),
                "spot": line.spot,
            }
            for line in estimate.lines
        ],
        "notIncluded": list(estimate.unknown),
        "sources": {name: {"name": one.name, "date": str(one.date)} for name, one in table.sources.items()},
    }
