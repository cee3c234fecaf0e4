"""Physical names: within AWS's limits, and distinct over environments, accounts and regions."""

from __future__ import annotations

import itertools
import re

import pytest
from infra_configs import ENVIRONMENTS, platform_config
from mlplatform import naming
from mlplatform.aws_regions import REGIONS
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.workload_sections import Images
from mlplatform.naming import Names
from mlplatform.tags import platform_tags

ACCOUNTS = ("123456789012", "210987654321")
ALL = [Names(*one) for one in itertools.product(ENVIRONMENTS, ACCOUNTS, REGIONS)]
BUCKET = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
CLUSTER = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,59}$")
"""EKS allows 100 characters, RDS 63 and MSK 64; ElastiCache and others less."""
REPOSITORY = re.compile(r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$")


def test_buckets_keep_the_limits_and_are_distinct_in_the_world() -> None:
    buckets = [names.bucket(use) for names in ALL for use in ("lake", "logs", "access-logs")]
    assert all(BUCKET.match(one) for one in buckets)
    assert len(set(buckets)) == len(buckets)


def test_clusters_and_databases_of_one_account_are_distinct() -> None:
    platforms = {names.platform for names in ALL}
    assert len(platforms) == len(ENVIRONMENTS)
    assert all(CLUSTER.match(one) and "--" not in one for one in platforms)


def test_repositories_and_log_groups_keep_the_limits() -> None:
    for names in ALL:
        for image in Images.model_fields:
            assert REPOSITORY.match(names.repository(image.replace("_", "-")))
        assert re.match(r"^[A-Za-z0-9_/.#-]{1,512}$", names.log_group("eks"))


def test_the_areas_of_the_lake_do_not_contain_each_other() -> None:
    """A policy on `raw*` must not open another area."""
    areas = naming.LAKE_AREAS
    assert len(set(areas)) == len(areas)
    assert not [(a, b) for a in areas for b in areas if a != b and f"{b}/".startswith(f"{a}/")]


def test_namespaces_are_kubernetes_names_and_distinct() -> None:
    namespaces = (*naming.WORKLOAD_NAMESPACES, naming.NAMESPACE_SYSTEM)
    assert len(set(namespaces)) == len(namespaces)
    assert all(re.match(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", one) for one in namespaces)


def test_an_address_names_service_namespace_and_port() -> None:
    assert naming.service_address("mlflow", "mlflow", 5000) == "http://mlflow.mlflow.svc.cluster.local:5000"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_tags_say_whose_a_resource_is(environment: AwsEnvironment) -> None:
    assert platform_tags(platform_config(environment)) == {
        "platform": "mlplatform",
        "environment": environment,
        "owner": "ml-platform",
        "cost-centre": "ml-platform",
        "managed-by": "pulumi",
    }
