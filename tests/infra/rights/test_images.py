"""Every image that a cluster pulls has a way to its nodes, in every region; charts read the values they are given."""

from __future__ import annotations

from typing import Any

import pytest
from mlplatform.config.base import AwsEnvironment
from mlplatform.foundation.aws.network.vpc_endpoints import s3_endpoint_statements
from policy_views import plain
from recorder import Recorded, Recorder
from rights.charts import CHARTS, unknown
from rights.evaluation import Asked, Caller, decide
from rights.image_sources import AWS_REGISTRY, K8S_BUCKETS, LAYERS_BY_NAT, buckets
from whole_program import ENVIRONMENTS, record

ACCOUNT = "123456789012"
ADD_ONS = {"eu-central-1": "602401143452"}
"""Region → the account of the add-ons' registry (EKS user guide, 'Amazon container image registries')."""
REGIONS = sorted(K8S_BUCKETS)
RELEASE = "kubernetes:helm.sh/v3:Release"


def of_every_region(region: str) -> list[str]:
    """Hosts that images come from: charts', and ECR of the region for ours, the add-ons' and EMR's."""
    charts = {image.partition("/")[0] for chart in CHARTS.values() for image in chart.images}
    return [*sorted(charts), f"{ACCOUNT}.{AWS_REGISTRY}.{region}.amazonaws.com"]


def may_pass(region: str, bucket: str, action: str = "s3:GetObject", arn: str = "") -> bool:
    """Whether the endpoint lets a request through that is signed by nobody, or by `arn`."""
    document = {"Statement": [one.rendered() for one in s3_endpoint_statements(ACCOUNT, region)]}
    identity = [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}] if arn else []
    asked = Asked(
        action=action, resource=f"arn:aws:s3:::{bucket}/x", owner="210987654321", endpoint=document, owner_agrees=True
    )
    return decide(Caller(arn=arn, identity=identity), asked).allowed


@pytest.mark.parametrize("region", REGIONS)
def test_layers_in_s3_of_the_region_pass_the_endpoint(region: str) -> None:
    stores = {bucket for registry in of_every_region(region) for bucket in buckets(registry, region)}
    assert f"prod-{region}-starport-layer-bucket" in stores
    assert {bucket for bucket in stores if not may_pass(region, bucket)} == set()
    # As a registry signs for its clients: the signer is another account's.
    signer = "arn:aws:iam::210987654321:role/registry"
    assert {bucket for bucket in stores if not may_pass(region, bucket, arn=signer)} == set()
    assert {bucket for bucket in stores if may_pass(region, bucket, "s3:PutObject")} == set()


@pytest.mark.parametrize("region", REGIONS)
def test_no_bucket_is_named_that_nothing_comes_from(region: str) -> None:
    needed = {bucket for registry in of_every_region(region) for bucket in buckets(registry, region)}
    packages = {
        f"al2023-repos-{region}-de612dc2",
        f"repo.{region}.emr.amazonaws.com",
        f"prod.{region}.appinfo.src",
        f"{region}.elasticmapreduce",
    }
    (named,) = [one.resources for one in s3_endpoint_statements(ACCOUNT, region) if one.sid == "AwsOwnBuckets"]
    assert set(named) == {f"arn:aws:s3:::{bucket}/*" for bucket in needed | packages}


def test_a_registry_that_nobody_has_looked_at_is_told() -> None:
    with pytest.raises(ValueError, match=r"where does ghcr\.io keep its layers"):
        buckets("ghcr.io", "eu-central-1")


def pulled(recorder: Recorder, environment: AwsEnvironment) -> set[str]:
    """Hosts of all images: of charts, of add-ons, and those that pods of the program name."""
    found = {image for one in recorder.of_type(RELEASE) for image in CHARTS[one.inputs["chart"]].images}
    found.add(f"{ADD_ONS['eu-central-1']}.{AWS_REGISTRY}.eu-central-1.amazonaws.com/eks/{environment}")
    for one in recorder.resources:
        if one.type.startswith("kubernetes:"):
            found |= set(images_in(plain(one.inputs)))
    return {image.partition("/")[0] for image in found}


def images_in(value: Any) -> list[str]:
    """Values of keys ``image``, at any depth."""
    if isinstance(value, dict):
        own = [value["image"]] if isinstance(value.get("image"), str) else []
        return own + [image for part in value.values() for image in images_in(part)]
    return [image for part in value for image in images_in(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_image_comes_by_an_endpoint_or_by_nat(environment: AwsEnvironment) -> None:
    recorder = record(environment)
    hosts = pulled(recorder, environment)
    private = {host for host in hosts if f".{AWS_REGISTRY}." in host}
    assert private == {f"{account}.{AWS_REGISTRY}.eu-central-1.amazonaws.com" for account in (ACCOUNT, "602401143452")}
    for host in hosts - private:
        assert host in LAYERS_BY_NAT or host == "registry.k8s.io", host
    # Private registries: both halves of ECR by interface endpoints, layers by that of S3, from every node subnet.
    endpoints = {one.inputs["serviceName"]: one for one in recorder.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")}
    zones = [one.name[-1] for one in recorder.of_type("aws:ec2/subnet:Subnet") if "-nodes-" in one.name]
    for service in ("ecr.api", "ecr.dkr"):
        inputs = endpoints[f"com.amazonaws.eu-central-1.{service}"].inputs
        assert inputs["privateDnsEnabled"]
        assert len(inputs["subnetIds"]) == len(zones)
        assert open_ports(recorder, inputs["securityGroupIds"]) == {443}
    tables = {one.name: f"{one.name}-id" for one in recorder.of_type("aws:ec2/routeTable:RouteTable")}
    node_tables = {tables[f"network-nodes-{zone}"] for zone in zones}
    gateway = endpoints["com.amazonaws.eu-central-1.s3"].inputs
    assert node_tables <= set(gateway["routeTableIds"])
    # All else: a way out through NAT for every node subnet.
    routes = [one for one in recorder.of_type("aws:ec2/route:Route") if one.inputs.get("natGatewayId")]
    assert {one.inputs["routeTableId"] for one in routes} == node_tables
    assert {one.inputs["destinationCidrBlock"] for one in routes} == {"0.0.0.0/0"}
    nats = {f"{one.name}-id" for one in recorder.of_type("aws:ec2/natGateway:NatGateway")}
    assert {one.inputs["natGatewayId"] for one in routes} <= nats


def open_ports(recorder: Recorder, groups: list[str]) -> set[int]:
    """What the whole VPC may reach in the groups."""
    vpc = recorder.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"]
    rules = recorder.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    mine = [one.inputs for one in rules if one.inputs["securityGroupId"] in groups]
    return {int(one["fromPort"]) for one in mine if one.get("cidrIpv4") == vpc and one["fromPort"] == one["toPort"]}


def releases(environment: AwsEnvironment) -> list[Recorded]:
    return record(environment).of_type(RELEASE)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_charts_read_every_value_that_they_are_given(environment: AwsEnvironment) -> None:
    found = {
        one.inputs["chart"]: unknown(CHARTS[one.inputs["chart"]], plain(one.inputs["values"]))
        for one in releases(environment)
    }
    assert {chart: paths for chart, paths in found.items() if paths} == {}
    assert {one.inputs["chart"]: one.inputs["version"] for one in releases(environment)}.items() <= {
        name: chart.version for name, chart in CHARTS.items()
    }.items()


def test_a_value_that_the_chart_does_not_read_is_found() -> None:
    chart = CHARTS["metrics-server"]
    assert unknown(chart, {"replica": 2, "podDisruptionBudget": {"enabled": True, "minAvailble": 1}}) == [
        "replica",
        "podDisruptionBudget.minAvailble",
    ]
    assert unknown(chart, {"nodeSelector": {"a": "b"}, "podLabels": {}, "replicas": 2}) == []
