"""The tables that a run ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from platform_contract import PlatformContract
from rich.console import Console
from rich.table import Table

from local_pipeline.heldout import Comparison, Flight
from local_pipeline.steps import StepResult

GIB = 2**30
MODEL_TRAINING: Final = "workflowType=machine_learning"
"""Part of an address of MLflow: without it its pages open as those of agents, for whoever comes for the first time."""


def _near(path: str) -> str:
    """A path as short as it can be told from here."""
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else path


def gib(count: float) -> str:
    """Bytes, for a person."""
    return f"{count / GIB:.2f} GiB"


def print_flights(console: Console, comparison: Comparison, size: int = 10) -> None:
    """Some of the flights that were asked for, from the least to the most probable delay."""
    table = Table(
        title=f"{size} of {len(comparison.flights):,} held-out flights, asked over HTTP: how probably late",
        show_edge=False,
    )
    for heading in ("flight", "route", "scheduled"):
        table.add_column(heading, no_wrap=True)
    for heading in ("embedded\n(A)", "shared\nfile (B)", "really"):
        table.add_column(heading, justify="right", no_wrap=True)
    for flight, embedded, shared in comparison.sample(size):
        table.add_row(
            f"{flight['carrier_code']} {flight['flight']}",
            f"{flight['origin_code']} → {flight['dest_code']}",
            str(flight["scheduled_departure"]).replace("T", " ")[:16],
            f"{embedded:.1%}",
            f"{shared:.1%}",
            _really(flight),
        )
    console.print(table)


def _really(flight: Flight) -> str:
    minutes = round(flight["arr_delay"])
    told = "on time" if minutes == 0 else f"{abs(minutes)} min {'late' if minutes > 0 else 'early'}"
    return f"[red]{told}[/red]" if flight["arrived_late"] else told


def print_summary(
    console: Console,
    contract: PlatformContract,
    steps: Sequence[StepResult],
    found: Mapping[str, Any],
    *,
    keep: bool,
) -> None:
    """What a person wants to know after a run: steps, rows, metrics, and where to look."""
    taken = Table(title="What it took")
    taken.add_column("step")
    for heading in ("time", "peak memory"):
        taken.add_column(heading, justify="right", no_wrap=True)
    taken.add_column("", no_wrap=True)
    for step in steps:
        taken.add_row(step.title, f"{step.seconds:.1f} s", gib(step.peak_bytes), "unchanged" if step.reused else "")
    taken.add_section()
    taken.add_row("all", f"{found['seconds']:.1f} s", gib(found["peak_bytes"]))
    console.print(taken)

    result = Table(title="What came out", show_header=False)
    result.add_column(style="bold", no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in _results(found):
        result.add_row(name, value)
    result.add_section()
    for name, value in _places(contract, found, keep=keep):
        result.add_row(name, value)
    console.print(result)


def _results(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    metrics, refused = found["metrics"], found["quarantined"]
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in sorted(refused.items(), key=lambda item: -item[1]))
    return [
        ("rows", f"{found['rows_in']:,} in = {found['rows_out']:,} out + {sum(refused.values()):,} quarantined"),
        ("quarantined", reasons or "none"),
        ("trained on", f"{metrics['rows_train']:,} flights; tested on {metrics['rows_heldout']:,} of later months"),
        ("AUC", f"{metrics['auc']:.3f}   (logistic regression {metrics['logistic_auc']:.3f}, chance 0.500)"),
        (
            "log loss",
            f"{metrics['log_loss']:.3f}   (logistic regression {metrics['logistic_log_loss']:.3f},"
            f" base rate of {metrics['base_rate']:.1%} {metrics['base_log_loss']:.3f})",
        ),
        ("Brier score", f"{metrics['brier']:.3f}"),
        ("calibration error", f"{metrics['calibration_error']:.3f}"),
        (
            "served = batch",
            f"within {found['largest_difference']:.1e} for {found['flights_asked']:,} flights, A and B",
        ),
    ]


def _places(contract: PlatformContract, found: Mapping[str, Any], *, keep: bool) -> list[tuple[str, str]]:
    serving = contract.serving
    servers = [
        ("Swagger UI (A)", serving.flight_api_embedded),
        ("Swagger UI (B)", serving.flight_api_shared),
        ("Swagger UI (model API)", serving.model_api),
        ("MLflow UI", f"{contract.mlflow_ui}/#/experiments/{found['experiment_id']}/runs?{MODEL_TRAINING}"),
    ]
    told = servers if keep else [("servers", "stopped; 'make run KEEP=1' leaves Swagger UI and MLflow UI up")]
    return [
        ("model", f"{contract.mlflow.registered_model} version {found['model_version']}"),
        ("features", _near(found["dataset"])),
        ("plots", "\n".join(_near(path) for path in found["plots"])),
        *told,
        *([("to stop them", "make stop")] if keep else []),
    ]
