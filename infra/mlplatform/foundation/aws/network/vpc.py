"""The VPC: public subnets for NAT alone, subnets of nodes and pods, and those of data without a way to the internet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.address_plan import ZoneSubnets, address_plan
from mlplatform.config import sections
from mlplatform.foundation.aws.network.flow_logs import FlowLogs, FlowLogsArgs
from mlplatform.foundation.aws.network.vpc_endpoints import VpcEndpoints, VpcEndpointsArgs

INTERNET: Final = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Inputs of `Network`."""

    settings: sections.Network
    aws: sections.Aws
    account_id: str
    log_group_name: str
    """Of the flow logs."""
    log_key_arn: pulumi.Input[str]
    node_subnet_tags: Mapping[str, str] = field(default_factory=dict)
    """Further tags of the node subnets, by which other services find them."""


class Network(pulumi.ComponentResource):
    """The VPC of one environment. Everything by zone is keyed by the zone's letter."""

    vpc_id: pulumi.Output[str]
    vpc_cidr: str
    node_subnet_ids: Mapping[str, pulumi.Output[str]]
    data_subnet_ids: Mapping[str, pulumi.Output[str]]
    public_subnet_ids: Mapping[str, pulumi.Output[str]]
    node_cidrs: tuple[str, ...]
    data_cidrs: tuple[str, ...]
    private_route_table_ids: Mapping[str, pulumi.Output[str]]
    """Of the node subnets by zone, and ``data`` of the data subnets."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:Network", name, None, opts)
        self._name, self._region = name, args.aws.region
        self._child = pulumi.ResourceOptions(parent=self)
        plan = address_plan(args.settings.cidr, args.aws.zones)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.settings.cidr,
            # Interface endpoints answer under the services' own names, EFS and RDS under private ones.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=self._child,
        )
        # The group that resources get when nobody names one: it lets nothing through.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child
        )
        self._vpc = vpc
        self.vpc_id, self.vpc_cidr = vpc.id, args.settings.cidr
        self.node_cidrs = tuple(zone.nodes for zone in plan.values())
        self.data_cidrs = tuple(zone.data for zone in plan.values())

        self.public_subnet_ids = {zone: self._subnet("public", zone, its.public) for zone, its in plan.items()}
        # Where the load balancer controller puts internal load balancers.
        internal = {"kubernetes.io/role/internal-elb": "1", **args.node_subnet_tags}
        self.node_subnet_ids = {zone: self._subnet("nodes", zone, its.nodes, internal) for zone, its in plan.items()}
        self.data_subnet_ids = {zone: self._subnet("data", zone, its.data) for zone, its in plan.items()}
        self.private_route_table_ids = self._routes(args.settings, plan)
        VpcEndpoints(
            f"{name}-endpoints",
            VpcEndpointsArgs(
                vpc_id=vpc.id,
                vpc_cidr=args.settings.cidr,
                account_id=args.account_id,
                region=args.aws.region,
                services=args.settings.interface_endpoints,
                subnet_ids=self.node_subnet_ids,
                route_table_ids=list(self.private_route_table_ids.values()),
            ),
            opts=self._child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(
                vpc_id=vpc.id,
                account_id=args.account_id,
                region=args.aws.region,
                log_group_name=args.log_group_name,
                log_key_arn=args.log_key_arn,
                retention_days=args.settings.flow_log_retention_days,
            ),
            opts=self._child,
        )
        self.register_outputs({"vpcId": self.vpc_id})

    def _subnet(self, use: str, zone: str, cidr: str, tags: Mapping[str, str] | None = None) -> pulumi.Output[str]:
        subnet = aws.ec2.Subnet(
            f"{self._name}-{use}-{zone}",
            vpc_id=self._vpc.id,
            availability_zone=f"{self._region}{zone}",
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._name}-{use}-{zone}", **(tags or {})},
            opts=self._child,
        )
        return subnet.id

    def _routes(self, settings: sections.Network, plan: Mapping[str, ZoneSubnets]) -> dict[str, pulumi.Output[str]]:
        """Public subnets lead to the internet gateway, node subnets to NAT, data subnets nowhere."""
        gateway = aws.ec2.InternetGateway(f"{self._name}-internet", vpc_id=self._vpc.id, opts=self._child)
        public = self._route_table("public")
        aws.ec2.Route(
            f"{self._name}-public-internet",
            route_table_id=public,
            destination_cidr_block=INTERNET,
            gateway_id=gateway.id,
            opts=self._child,
        )
        data = self._route_table("data")
        zones = list(plan)
        with_nat = zones if settings.nat_gateways == "perZone" else zones[:1]
        nats = {zone: self._nat(zone, gateway) for zone in with_nat}
        tables: dict[str, pulumi.Output[str]] = {}
        for zone in zones:
            tables[zone] = self._route_table(f"nodes-{zone}")
            aws.ec2.Route(
                f"{self._name}-nodes-{zone}-internet",
                route_table_id=tables[zone],
                destination_cidr_block=INTERNET,
                nat_gateway_id=nats.get(zone, nats[with_nat[0]]),
                opts=self._child,
            )
            self._associate(f"public-{zone}", self.public_subnet_ids[zone], public)
            self._associate(f"nodes-{zone}", self.node_subnet_ids[zone], tables[zone])
            self._associate(f"data-{zone}", self.data_subnet_ids[zone], data)
        return {**tables, "data": data}

    def _nat(self, zone: str, gateway: aws.ec2.InternetGateway) -> pulumi.Output[str]:
        tags = {"Name": f"{self._name}-nat-{zone}"}
        address = aws.ec2.Eip(f"{self._name}-nat-{zone}-address", domain="vpc", tags=tags, opts=self._child)
        nat = aws.ec2.NatGateway(
            f"{self._name}-nat-{zone}",
            subnet_id=self.public_subnet_ids[zone],
            allocation_id=address.id,
            tags=tags,
            # It reaches nothing before the VPC is attached to the internet, and must go before that ends. An address is
            # at one gateway only.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway], delete_before_replace=True),
        )
        return nat.id

    def _route_table(self, use: str) -> pulumi.Output[str]:
        tags = {"Name": f"{self._name}-{use}"}
        table = aws.ec2.RouteTable(f"{self._name}-{use}", vpc_id=self._vpc.id, tags=tags, opts=self._child)
        return table.id

    def _associate(self, use: str, subnet: pulumi.Input[str], table: pulumi.Input[str]) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{use}-routes", subnet_id=subnet, route_table_id=table, opts=self._child
        )
