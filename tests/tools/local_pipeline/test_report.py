"""The tables that a run ends with: whole, also where the terminal is narrow."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from local_pipeline.heldout import Comparison
from local_pipeline.report import print_flights, print_summary
from local_pipeline.steps import StepResult
from platform_contract import local_contract
from rich.console import Console

WIDTH = 80
METRICS = {
    "auc": 0.71234,
    "logistic_auc": 0.69876,
    "log_loss": 0.45678,
    "logistic_log_loss": 0.47891,
    "base_rate": 0.23456,
    "base_log_loss": 0.51234,
    "brier": 0.14321,
    "calibration_error": 0.01357,
    "rows_train": 240_123,
    "rows_heldout": 53_210,
}
FOUND: dict[str, Any] = {
    "metrics": METRICS,
    "rows_in": 336_776,
    "rows_out": 327_346,
    "seconds": 12_345.6,
    "peak_bytes": 12.34 * 2**30,
    "quarantined": {"arrival_unknown": 9_430, "out_of_range": 12_345_678},
    "largest_difference": 1.5e-7,
    "flights_asked": 1_200,
    "experiment_id": "1",
    "model_version": "12",
    "dataset": "/srv/lake/features/flight_delay/v-" + "0a" * 32,
    "plots": ["/srv/mlflow/artifacts/flights/0123456789abcdef/artifacts/plots/roc.png"],
}


def printed(show: Any) -> str:
    told = io.StringIO()
    show(Console(file=told, width=WIDTH))
    text = told.getvalue()
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "…" not in text
    return text


def test_no_figure_of_the_flights_is_cut_where_the_terminal_is_narrow() -> None:
    flights = [
        {"carrier_code": "UA", "flight": 1234 + n, "origin_code": "EWR", "dest_code": "LAX",
         "scheduled_departure": "2013-11-30T18:30:00", "arr_delay": delay, "arrived_late": delay > 15}
        for n, delay in enumerate([-120.0, 0.0, 1301.0])
    ]  # fmt: skip
    answers = [0.0123, 0.5, 0.9999]
    text = printed(lambda console: print_flights(console, Comparison(flights, answers, answers), size=3))
    first, second, third = (line.split("│") for line in text.splitlines() if "EWR → LAX" in line)
    assert [cell.strip() for cell in first] == [
        *("UA 1234", "EWR → LAX", "2013-11-30 18:30", "1.2%", "1.2%", "120 min early")
    ]
    assert (second[-1].strip(), third[-1].strip()) == ("on time", "1301 min late")
    assert third[-2].strip() == "100.0%"


def test_no_figure_of_the_summary_is_cut_where_the_terminal_is_narrow(tmp_path: Path) -> None:
    long = "Spark prepares the features of all flights, and publishes them whole or not at all"
    steps = [StepResult(long, 10_000.1, int(11.25 * 2**30), {"reused": True}), StepResult("Ray trains", 23.4, 2**29)]
    contract = local_contract(tmp_path)
    text = printed(lambda console: print_summary(console, contract, steps, FOUND, keep=True))
    for cell in ("10000.1 s", "11.25 GiB", "unchanged", "23.4 s", "0.50 GiB", "12345.6 s", "12.34 GiB"):
        assert re.search(rf"│ +{re.escape(cell)} +│", text), cell
    folded = re.sub(r"[│\s]+", " ", text)
    for told in ("336,776 in = 327,346 out", "12,345,678", "9,430", "240,123", "53,210", "0.712", "0.699", "1.5e-07"):
        assert told in folded, told
    mlflow = f"{contract.mlflow_ui}/#/experiments/1/runs?workflowType=machine_learning"
    for address in (contract.serving.model_api, contract.serving.flight_api_shared, mlflow):
        assert address in text.replace(" │\n│                        │ ", "")
