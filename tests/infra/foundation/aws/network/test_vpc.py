from __future__ import annotations

import functools
import ipaddress
import itertools
import json
from typing import Any

import pytest
from aws_account import ACCOUNT, KEY, REGION, assert_explicit_providers, record
from iam_documents import findings, role_policies, statement, statements, trust_of
from mlplatform.config.sections import Aws
from mlplatform.config.sections import Network as Settings
from mlplatform.foundation.aws.network.vpc import Network, NetworkArgs
from recorder import Recorded, Recorder

SUBNET, ROUTE, NAT = "aws:ec2/subnet:Subnet", "aws:ec2/route:Route", "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@functools.cache
def network(nat: str = "single", zones: tuple[str, ...] = ("a", "b", "c")) -> Recorder:
    args = NetworkArgs(
        settings=Settings.model_validate({"cidr": "10.20.0.0/16", "natGateways": nat, "flowLogRetentionDays": 14}),
        aws=Aws(region=REGION, zones=zones),
        account_id=ACCOUNT,
        log_group_name="/mlplatform/dev/flow-logs",
        log_key_arn=KEY,
    )
    return record(lambda opts: Network("network", args, opts))


def table_of(recorder: Recorder, subnet: str) -> str:
    association = recorder.one("aws:ec2/routeTableAssociation:RouteTableAssociation", f"{subnet}-routes")
    assert association.inputs["subnetId"] == f"{subnet}-id"
    return str(association.inputs["routeTableId"])


def routes_of(recorder: Recorder, table: str) -> list[Recorded]:
    return [one for one in recorder.of_type(ROUTE) if one.inputs["routeTableId"] == table]


def test_each_zone_has_subnets_for_nodes_data_and_nat_that_do_not_overlap() -> None:
    subnets = network().of_type(SUBNET)
    assert {one.name for one in subnets} == {
        f"network-{use}-{zone}" for use in ("nodes", "data", "public") for zone in "abc"
    }
    assert all(one.inputs["availabilityZone"] == f"{REGION}{one.name[-1]}" for one in subnets)
    ranges = [ipaddress.ip_network(one.inputs["cidrBlock"]) for one in subnets]
    assert not any(left.overlaps(right) for left, right in itertools.combinations(ranges, 2))
    assert_explicit_providers(network())


def test_no_subnet_gives_out_public_addresses() -> None:
    assert all(one.inputs["mapPublicIpOnLaunch"] is False for one in network().of_type(SUBNET))


@pytest.mark.parametrize(("nat", "zones"), [("single", ["a"]), ("perZone", ["a", "b", "c"])])
def test_nat_is_single_or_in_each_zone_and_every_node_subnet_leads_to_one(nat: str, zones: list[str]) -> None:
    found = network(nat)
    assert sorted(one.name for one in found.of_type(NAT)) == [f"network-nat-{zone}" for zone in zones]
    assert len(found.of_type("aws:ec2/eip:Eip")) == len(zones)
    for zone in "abc":
        (route,) = routes_of(found, table_of(found, f"network-nodes-{zone}"))
        gateway = zone if zone in zones else zones[0]
        assert route.inputs["natGatewayId"] == f"network-nat-{gateway}-id"
        assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"


def test_a_nat_gateway_lies_in_its_zones_public_subnet_and_comes_after_the_internet_gateway() -> None:
    for one in network("perZone").of_type(NAT):
        assert one.inputs["subnetId"] == f"network-public-{one.name[-1]}-id"
        assert any("InternetGateway" in urn for urn in one.depends_on)


def test_data_subnets_have_no_way_to_the_internet() -> None:
    for zone in "abc":
        assert routes_of(network(), table_of(network(), f"network-data-{zone}")) == []


def test_only_public_subnets_lead_to_the_internet_gateway() -> None:
    found = network()
    tables = {one.inputs["routeTableId"] for one in found.of_type(ROUTE) if "gatewayId" in one.inputs}
    assert tables == {table_of(found, f"network-public-{zone}") for zone in "abc"}


def test_internal_load_balancers_are_put_into_node_subnets_alone() -> None:
    marked = {one.name for one in network().of_type(SUBNET) if "kubernetes.io/role/internal-elb" in one.inputs["tags"]}
    assert marked == {f"network-nodes-{zone}" for zone in "abc"}
    assert not any("kubernetes.io/role/elb" in one.inputs["tags"] for one in network().of_type(SUBNET))


def test_the_default_security_group_lets_nothing_through() -> None:
    group = network().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_interface_endpoints_answer_the_vpc_alone_on_443() -> None:
    rule = network().one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == ("10.20.0.0/16", 443, 443, "tcp")
    interfaces = [one for one in network().of_type(ENDPOINT) if one.inputs["vpcEndpointType"] == "Interface"]
    assert {one.inputs["serviceName"].split(f"{REGION}.")[1] for one in interfaces} == {
        "ecr.api",
        "ecr.dkr",
        "sts",
        "logs",
        "secretsmanager",
        "eks-auth",
    }
    for one in interfaces:
        assert one.inputs["privateDnsEnabled"] is True
        assert one.inputs["securityGroupIds"] == [rule["securityGroupId"]]
        assert one.inputs["subnetIds"] == [f"network-nodes-{zone}-id" for zone in "abc"]


def s3_endpoint() -> Recorded:
    (found,) = [one for one in network().of_type(ENDPOINT) if one.inputs["vpcEndpointType"] == "Gateway"]
    return found


def test_nodes_and_data_reach_s3_inside_the_vpc() -> None:
    uses = [f"network-nodes-{zone}" for zone in "abc"] + [f"network-data-{zone}" for zone in "abc"]
    assert set(s3_endpoint().inputs["routeTableIds"]) == {table_of(network(), use) for use in uses}


def test_nothing_can_be_written_to_another_accounts_bucket_through_the_endpoint() -> None:
    document: Any = json.loads(s3_endpoint().inputs["policy"])
    own = statement(document, "OwnBuckets")["Condition"]["StringEquals"]
    assert own == {"aws:PrincipalAccount": ACCOUNT, "s3:ResourceAccount": ACCOUNT}
    for one in statements(document):
        if one["Sid"] != "OwnBuckets":
            assert all(action.startswith(("s3:Get", "s3:List")) for action in one["Action"])


def test_flow_logs_are_encrypted_kept_as_configured_and_written_by_a_role_that_can_do_nothing_else() -> None:
    group = network().one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["name"], group["kmsKeyId"], group["retentionInDays"]) == ("/mlplatform/dev/flow-logs", KEY, 14)
    log = network().one("aws:ec2/flowLog:FlowLog").inputs
    assert log["trafficType"] == "ALL"
    (document,) = role_policies(network()).values()
    assert findings(document) == []
    anywhere = [one["Action"] for one in statements(document) if "*" in one["Resource"]]
    assert anywhere == [["logs:DescribeLogGroups"]]
    trust = trust_of(network(), "network-flow-logs-role")
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
    }


def test_a_network_of_two_zones_has_nothing_in_a_third() -> None:
    assert {one.name[-1] for one in network(zones=("a", "b")).of_type(SUBNET)} == {"a", "b"}
