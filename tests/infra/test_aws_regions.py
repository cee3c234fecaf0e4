"""Regions, their zones and their services, compared with two sources that others keep."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from cfnlint.helpers import AVAILABILITY_ZONES
from infra_configs import ENVIRONMENTS
from mlplatform.aws_regions import NAMES, REGIONS
from whole_program import record

OTHER_NAMES = {
    "cloudwatch": "monitoring",
    "cloudwatchlog": "logs",
    "ecr": "api.ecr",
    "efs": "elasticfilesystem",
    "emr": "elasticmapreduce",
    "emrcontainers": "emr-containers",
    "lb": "elasticloadbalancing",
    "msk": "kafka",
    "appautoscaling": "application-autoscaling",
    "vpc": "ec2",
}
"""What Pulumi's provider calls a service differently from botocore."""
WORLDWIDE = {"budgets", "iam"}
"""Of one address for all regions."""


@cache
def partition() -> dict[str, Any]:
    data = json.loads(files("botocore").joinpath("data/endpoints.json").read_text(encoding="utf-8"))
    (found,) = [one for one in data["partitions"] if one["partition"] == "aws"]
    return dict(found)


def test_the_regions_are_those_of_botocore() -> None:
    assert REGIONS.keys() == partition()["regions"].keys()


@pytest.mark.parametrize("region", REGIONS)
def test_the_zones_of_a_region_are_those_of_cfn_lint(region: str) -> None:
    assert [f"{region}{letter}" for letter in REGIONS[region].zones] == AVAILABILITY_ZONES[region]


@pytest.mark.parametrize("service", NAMES)
def test_a_region_lacks_a_service_that_botocore_has_no_address_of(service: str) -> None:
    there = partition()["services"][service]["endpoints"].keys()
    assert {name for name, region in REGIONS.items() if service in region.lacks} == REGIONS.keys() - there


def test_every_other_service_of_the_platform_is_in_every_region() -> None:
    """Of what is registered in any environment: what nobody can turn off must be wherever the platform may be."""
    types = {one.type for environment in ENVIRONMENTS for one in record(environment).resources}
    used = {kind.split(":")[1].split("/")[0] for kind in types if kind.startswith("aws:")}
    assert len(used) > 10
    for name in used - WORLDWIDE:
        service = OTHER_NAMES.get(name, name)
        there = partition()["services"][service]["endpoints"].keys()
        assert service in NAMES or there >= REGIONS.keys(), service
