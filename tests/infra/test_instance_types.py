"""The frozen facts against what well-kept libraries ship: moto's EC2 catalogue, cfn-lint's lists for EMR and RDS."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from infra_configs import ENVIRONMENTS, platform_config
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.checks import data
from mlplatform.config.checks.fitting import fits
from mlplatform.config.checks.node_groups import groups
from mlplatform.config.checks.system import MLFLOW_SERVER
from mlplatform.instance_types import INSTANCE_TYPES, InstanceTypeFacts, node_shape

ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


@cache
def catalogue() -> dict[str, Any]:
    """moto's copy of DescribeInstanceTypes."""
    packed = files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    read: dict[str, Any] = json.loads(gzip.decompress(packed))
    return read


@cache
def offered_in(region: str) -> set[str]:
    """Types that moto's copy of DescribeInstanceTypeOfferings has for the region."""
    folder = files("moto").joinpath("ec2/resources/instance_type_offerings/region")
    return {
        one["InstanceType"] for one in json.loads(gzip.decompress(folder.joinpath(f"{region}.json.gz").read_bytes()))
    }


@cache
def cfn_lint(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files("cfnlint").joinpath(f"data/schemas/extensions/{name}").read_text())
    return read


@pytest.mark.parametrize("facts", INSTANCE_TYPES.values(), ids=lambda facts: facts.name)
def test_a_row_says_what_the_catalogue_says(facts: InstanceTypeFacts) -> None:
    row = catalogue()[facts.name]
    card = row["NetworkInfo"]["NetworkCards"][0]
    disks = row.get("InstanceStorageInfo", {}).get("Disks", [])
    gpus = row.get("GpuInfo", {}).get("Gpus", [])
    assert facts == InstanceTypeFacts(
        name=row["InstanceType"],
        vcpus=row["VCpuInfo"]["DefaultVCpus"],
        memory_mib=row["MemoryInfo"]["SizeInMiB"],
        architecture=ARCHITECTURES[row["ProcessorInfo"]["SupportedArchitectures"][0]],  # type: ignore[arg-type]
        max_pods=card["MaximumNetworkInterfaces"] * (row["NetworkInfo"]["Ipv4AddressesPerInterface"] - 1) + 2,
        disks=sum(disk["Count"] for disk in disks),
        disk_gb=disks[0]["SizeInGB"] if disks else 0,
        gpus=sum(gpu["Count"] for gpu in gpus),
        burstable=row["BurstablePerformanceSupported"],
    )
    assert len(disks) <= 1, "disks of two sizes make no even array"
    assert all(disk["Type"] == "ssd" for disk in disks)
    assert {gpu["Manufacturer"] for gpu in gpus} <= {"NVIDIA"}
    assert "spot" in row["SupportedUsageClasses"]


def test_the_table_has_each_kind_that_a_group_may_need() -> None:
    facts = INSTANCE_TYPES.values()
    assert {one.architecture for one in facts if one.disks and not one.gpus} == {"amd64", "arm64"}
    assert {one.architecture for one in facts if one.gpus} == {"amd64"}
    assert {one.architecture for one in facts if one.burstable} == {"amd64", "arm64"}


def test_a_node_offers_less_than_its_type() -> None:
    facts = INSTANCE_TYPES["m6id.2xlarge"]
    shape = node_shape(facts, facts.local_disk_gib)
    assert facts.local_disk_gib == 441, "474 GB are 441 GiB"
    assert shape.local_disk_gib == 386, "nine tenths of 441, less 10 for images"
    # 32768 less 7.5 % hidden, 11 MiB for each of 58 pods and 255, 100 for evictions, 512 for the pods on every node.
    assert shape.allocatable_memory_mib == 30310 - (11 * 58 + 255) - 100 - 512
    # 8000 less 60 + 10 + 2 x 5 + 4 x 2.5 for the kubelet, and 250.
    assert shape.allocatable_cpu_millicores == 8000 - 90 - 250


@pytest.mark.parametrize("facts", INSTANCE_TYPES.values(), ids=lambda facts: facts.name)
def test_every_type_holds_the_largest_pod_of_the_system(facts: InstanceTypeFacts) -> None:
    assert fits(MLFLOW_SERVER, node_shape(facts, 20))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_types_of_a_stack_file_are_offered_in_its_region(environment: AwsEnvironment) -> None:
    config = platform_config(environment)
    emr = (config.emr.primary_instance_type, config.emr.core_instance_type, *config.emr.task_instance_types)
    nodes = [name for _, group in groups(config.node_groups) for name in group.instance_types]
    assert {*emr, *nodes} <= offered_in(config.aws.region)


def test_emr_has_every_type_that_the_check_lets_through() -> None:
    enums = cfn_lint("aws_emr_cluster/instancetypeconfig_instancetype_enum.json")
    known = {name for region in enums.values() if isinstance(region, dict) for name in region["enum"]}
    for facts in INSTANCE_TYPES.values():
        refused = facts.burstable or facts.name.endswith(".large")
        assert refused == (facts.name not in known), facts.name


def test_rds_has_every_class_for_postgresql_17() -> None:
    rules = cfn_lint("aws_rds_dbinstance/db_instance_class.json")["allOf"]
    known: set[str] = set()
    for rule in rules:
        given = rule["if"]["properties"]
        if given["Engine"]["const"] == "postgres" and "17" in given["EngineVersion"]["pattern"]:
            known |= set(rule["then"]["properties"]["DBInstanceClass"]["enum"])
    ours = {f"db.{family}.{size}" for family, sizes in data.DATABASE_FAMILIES.items() for size in sizes}
    assert known, "cfn-lint knows no class for PostgreSQL 17"
    assert ours <= known
