"""Changes that replace a resource: after an `up`, what the program asks for is there, and no other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from engine_clouds import Cloud, Ran

Values = dict[str, Any]
Change = Callable[[Values], None]


def _more_units(values: Values) -> None:
    values["emr"]["maxUnits"] += 1


def _other_task_nodes(values: Values) -> None:
    values["emr"]["taskInstanceTypes"] = ["r7g.2xlarge", "r6g.2xlarge"]


@pytest.mark.parametrize(
    ("change", "replaced", "deleted_first"),
    [
        pytest.param(_more_units, {"emr-scaling"}, {"emr-scaling"}, id="a higher limit of managed scaling"),
        pytest.param(
            _other_task_nodes,
            {"emr-cluster", "emr-task", "emr-scaling"},
            {"emr-scaling"},
            id="other nodes of the task fleet",
        ),
    ],
)
def test_what_replaced_a_resource_is_there_afterwards(
    own_cloud: Cloud, deployed_values: Values, change: Change, replaced: set[str], deleted_first: set[str]
) -> None:
    values = copy.deepcopy(deployed_values)
    change(values)
    plan = own_cloud.run("dev", "preview", values)
    assert plan.names("replace") == replaced
    assert {step.name for step in plan.planned if step.deleted_first} >= deleted_first
    done = own_cloud.run("dev", "up", values)
    assert not done.outcome.failed, done.errors
    there = own_cloud.run("dev", "refresh", values)
    assert not there.outcome.failed, there.errors
    assert _names(there) == _names(done), "something was removed as if it were the old one"


def _names(ran: Ran) -> set[str]:
    return {entry["urn"].rpartition("::")[2] for entry in ran.entries}
