"""Zones, the VPC's range, and its endpoints."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from platform_contract.rds_certificates import certificates

from mlplatform.address_plan import LARGEST_PREFIX, MAX_ZONES, SMALLEST_PREFIX
from mlplatform.aws_regions import NAMES, REGIONS, OptionalService, Region
from mlplatform.config.base import Environment
from mlplatform.config.checks.node_groups import groups, known_types
from mlplatform.config.faults import Fault
from mlplatform.config.sections import Aws, Emr, Kafka, Network, NodeGroups
from mlplatform.instance_types import max_pods

PRIVATE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918."""
TAKEN_RANGES: Final = {
    "172.17.0.0/16": "Docker's own bridge on the machines that build and on EMR's nodes",
    "10.100.0.0/16": "EKS's addresses of services",
    "172.20.0.0/16": "EKS's addresses of services",
}
"""EKS chooses one of its two ranges when the cluster is made; an overlap makes pods lose what is in the VPC."""

INTERFACE_ENDPOINTS: Final = (
    "airflow.api", "application-autoscaling", "athena", "autoscaling", "cloudformation", "ec2", "ec2messages",
    "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticfilesystem", "elasticloadbalancing", "elasticmapreduce",
    "emr-containers", "events", "glue", "kinesis-streams", "kms", "lambda", "logs", "monitoring", "rds",
    "sagemaker.api", "sagemaker.runtime", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "states", "sts", "xray",
)  # fmt: skip
"""Services with an interface endpoint (com.amazonaws.REGION.NAME) that this platform or its neighbours use; add what is
missing after a look at AWS's list of services that integrate with PrivateLink."""
EXAMPLE: Final = "10.20.0.0/16"
"""A range that is private, of a size that fits, and taken by nobody."""
RESERVED_ADDRESSES: Final = 5
"""Of each subnet: AWS's own."""
GATEWAY_ENDPOINTS: Final = ("s3", "dynamodb")
"""Have gateway endpoints, which cost nothing; the one for S3 is always there."""


def zones_fit(environment: Environment, aws: Aws) -> Iterator[Fault]:
    """Two zones at least for what AWS spreads, three at most in the address plan, all three in prod."""
    given, there = list(aws.zones), REGIONS.get(aws.region, Region()).zones
    if len(set(given)) != len(given):
        yield Fault("aws.zones", "names a zone twice", given, "name each once")
    elif len(given) < 2:
        yield Fault(
            "aws.zones", "has fewer than 2 zones, which EKS, RDS and MSK want", given, f"use 2 of {', '.join(there)}"
        )
    elif len(given) > MAX_ZONES:
        yield Fault(
            "aws.zones",
            f"has more than the {MAX_ZONES} zones that the address plan has room for",
            given,
            _three_of(there),
        )
    elif environment == "prod" and len(given) != MAX_ZONES:
        yield Fault("aws.zones", "has fewer than the 3 zones that prod spreads over", given, _three_of(there))


def _three_of(zones: str) -> str:
    return f"use 3 of {', '.join(zones)}" if len(zones) >= MAX_ZONES else "choose a region with 3 zones"


def region_is_known(aws: Aws) -> Iterator[Fault]:
    """A misspelt region would be found by the first call to AWS, a zone that is not there by the first subnet."""
    region, usable = REGIONS.get(aws.region), sorted(REGIONS.keys() & certificates().keys())
    if region is None:
        yield Fault("aws.region", "is not a region of AWS", aws.region, f"use one of {', '.join(usable)}")
        return
    if aws.region not in usable:
        yield Fault(
            "aws.region",
            "is a region of which the platform has no certificates to know its databases by"
            " (platform_contract.rds_certificates)",
            aws.region,
            f"use one of {', '.join(usable)}",
        )
    for letter in dict.fromkeys(aws.zones):
        if letter not in region.zones:
            yield Fault(
                "aws.zones",
                f"names a zone that {aws.region} does not have",
                letter,
                f"use some of {', '.join(region.zones)}",
            )


def region_has_the_services(aws: Aws, kafka: Kafka, emr: Emr) -> Iterator[Fault]:
    """A service that is not in the region has no address there: `up` ends at its first resource of it."""
    region = REGIONS.get(aws.region, Region())
    wanted: dict[OptionalService, tuple[str, bool]] = {
        "kafka": ("kafka.enabled", kafka.enabled),
        "elasticmapreduce": ("emr.enabled", emr.enabled),
        "emr-containers": ("emr.virtualCluster", emr.virtual_cluster),
    }
    for service, (key, is_on) in wanted.items():
        if is_on and service in region.lacks:
            yield Fault(
                key, f"is on, but {NAMES[service]} is not in {aws.region}", True, "use false, or another region"
            )


def range_fits(network: Network) -> Iterator[Fault]:
    """The VPC's range is one that the address plan can divide and that nothing else uses."""
    key, given = "network.cidr", network.cidr
    try:
        vpc = ipaddress.IPv4Network(given)
    except ipaddress.AddressValueError:
        yield Fault(key, "is not a range of IPv4 addresses", given, "write it like 10.20.0.0/16")
        return
    except ipaddress.NetmaskValueError:
        yield Fault(key, "has a length that no range has", given, "write it like 10.20.0.0/16")
        return
    except ValueError:
        right = ipaddress.IPv4Network(given, strict=False)
        yield Fault(key, "is an address within a range, not the range", given, f"write {right}")
        return
    if not any(vpc.subnet_of(ipaddress.IPv4Network(private)) for private in PRIVATE_RANGES):
        yield Fault(key, "is not private", given, f"take a part of {', '.join(PRIVATE_RANGES)}, as {EXAMPLE}")
    if not LARGEST_PREFIX <= vpc.prefixlen <= SMALLEST_PREFIX:
        yield Fault(
            key,
            "has a size that the address plan cannot divide",
            given,
            f"use a range from /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}, as {_of_a_size_that_fits(vpc)}",
        )
    for taken, owner in TAKEN_RANGES.items():
        if vpc.overlaps(ipaddress.IPv4Network(taken)):
            yield Fault(key, f"overlaps {taken}, {owner}", given, f"use another range, as {EXAMPLE}")


def _of_a_size_that_fits(vpc: ipaddress.IPv4Network) -> ipaddress.IPv4Network:
    if vpc.prefixlen < LARGEST_PREFIX:
        return next(vpc.subnets(new_prefix=LARGEST_PREFIX))
    return vpc.supernet(new_prefix=SMALLEST_PREFIX)


def endpoints_are_known(network: Network) -> Iterator[Fault]:
    """AWS refuses a service name that it does not know, and a second endpoint with the same private name."""
    key, given = "network.interfaceEndpoints", list(network.interface_endpoints)
    for name in dict.fromkeys(given):
        if given.count(name) > 1:
            yield Fault(key, "names an endpoint twice", name, "name it once")
        if name in GATEWAY_ENDPOINTS:
            yield Fault(key, "names a service that is reached through a gateway endpoint", name, "remove it")
        elif name not in INTERFACE_ENDPOINTS:
            yield Fault(
                key, "names no interface endpoint that is known", name, f"use some of {', '.join(INTERFACE_ENDPOINTS)}"
            )


def addresses_suffice(aws: Aws, network: Network, node_groups: NodeGroups) -> Iterator[Fault]:
    """Each pod takes an address of the VPC; when they run out, pods wait for one without a word."""
    if list(range_fits(network)) or not aws.zones:
        return
    vpc, zones = ipaddress.IPv4Network(network.cidr), len(aws.zones)
    wanted = sum(
        group.max_size * (1 + max_pods(known_types(group)))
        for _, group in groups(node_groups)
        if group.enabled and known_types(group)
    )
    enough = [prefix for prefix in range(LARGEST_PREFIX, vpc.prefixlen + 1) if _addresses(prefix, zones) >= wanted]
    if vpc.prefixlen not in enough:
        remedy = (
            f"use a larger range, as {vpc.supernet(new_prefix=enough[-1])}, or lower maxSize"
            if enough
            else (f"lower maxSize: a range of /{LARGEST_PREFIX} has {_addresses(LARGEST_PREFIX, zones)}")
        )
        yield Fault(
            "network.cidr",
            f"has {_addresses(vpc.prefixlen, zones)} addresses for nodes and pods in the {zones} zones of aws.zones,"
            f" but all of nodeGroups at their maximum may take {wanted}",
            network.cidr,
            remedy,
        )


def _addresses(prefix: int, zones: int) -> int:
    """For nodes and pods, of a VPC with such a prefix."""
    per_zone: int = 2 ** (32 - prefix) // 4 - RESERVED_ADDRESSES
    return zones * per_zone


CHECKS = (zones_fit, region_is_known, region_has_the_services, range_fits, endpoints_are_known, addresses_suffice)
