"""The table that a plan ends with: whole, also where the terminal is narrow."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from offline_providers.engine import Outcome
from offline_providers.report import show
from pulumi.automation import OpType
from rich.console import Console


def step(number: int) -> Any:
    kind = "aws:ec2/securityGroupIngressRule:SecurityGroupIngressRule"
    return SimpleNamespace(
        urn=f"urn:pulumi:dev::p::{kind}::rule-{number}",
        op=OpType.CREATE,
        type=kind,
        old=None,
        new=SimpleNamespace(custom=True, parent="", protect=False, retain_on_delete=False),
        keys=[],
        diffs=[],
        detailed_diff=None,
    )


def test_no_figure_is_cut_where_the_terminal_is_narrow() -> None:
    told = io.StringIO()
    outcome = Outcome("dev", "preview", [step(number) for number in range(1234)], seconds=12_345.6)
    show(Console(file=told, width=80, highlight=False, soft_wrap=True), outcome, {"aws": "7.51.0"})
    table = told.getvalue()[told.getvalue().index("┏") :]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table
    (row,) = (line.split("│") for line in table.splitlines() if "│ create" in line)
    assert [cell.strip() for cell in row[1:-1]] == ["create", "1234", "0"]
    assert "12345.6 s" in table
