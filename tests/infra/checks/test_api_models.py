"""AWS resources against AWS' own models of the calls that make them: what the provider leaves to the API to refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from api_models import CALLS, faults
from cloudformation import properties
from cloudformation_table import COUNTERPARTS
from mlplatform.config.base import AwsEnvironment
from policy_views import plain
from recorder import Recorded
from whole_program import ENVIRONMENTS, made_up, record

LEAST_KNOWN = 400
"""Values of an environment that the models know: fewer, and the words no longer fit."""


def checked(one: Recorded, inputs: Any, environment: AwsEnvironment) -> tuple[list[str], int]:
    counterpart = COUNTERPARTS[one.type]
    if counterpart.inside or counterpart.type not in CALLS:
        return [], 0
    return faults(counterpart.type, properties(counterpart, inputs), made_up(environment))


def aws(environment: AwsEnvironment) -> list[Recorded]:
    return [one for one in record(environment).resources if one.type in COUNTERPARTS]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_calls_that_make_the_resources_would_be_taken(environment: AwsEnvironment) -> None:
    found, known = {}, 0
    for one in aws(environment):
        wrong, values = checked(one, plain(one.inputs), environment)
        known += values
        if wrong:
            found[f"{one.type} {one.name}"] = wrong
    assert found == {}
    assert known >= LEAST_KNOWN, f"the models know {known} values: do the words still fit?"


@pytest.mark.parametrize(
    ("type_", "name", "value", "fault"),
    [
        ("aws:emr/cluster:Cluster", "scaleDownBehavior", "TERMINATE_AT_END", "ScaleDownBehavior: 'TERMINATE_AT_END'"),
        ("aws:efs/fileSystem:FileSystem", "throughputMode", "burst", "ThroughputMode: 'burst'"),
        ("aws:ec2/flowLog:FlowLog", "trafficType", "EVERYTHING", "TrafficType: 'EVERYTHING'"),
        ("aws:kms/alias:Alias", "name", "mlplatform data", "AliasName: 'mlplatform data' does not match"),
        ("aws:eks/addon:Addon", "resolveConflictsOnCreate", "KEEP", "resolveConflicts: 'KEEP'"),
    ],
)
def test_a_mistake_is_found(type_: str, name: str, value: str, fault: str) -> None:
    one = next(one for one in aws("dev") if one.type == type_)
    inputs = copy.deepcopy(plain(one.inputs))
    inputs[name] = value
    found, _ = checked(one, inputs, "dev")
    assert [text for text in found if text.startswith(fault)], found
