"""Who reaches the Kubernetes API."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from mlplatform.config.base import Environment
from mlplatform.config.faults import Fault
from mlplatform.config.sections import Cluster, Owner

MOST_PUBLIC_RANGES: Final = 40
"""EKS's quota of public access ranges per cluster."""
NOWHERE: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""IANA's registry of special-purpose IPv4 addresses (RFC 6890) and multicast, without the ranges of documentation."""
EVERYBODY: Final = 16
"""A public range with a shorter prefix is no range of one's own any more."""


def public_access_is_bounded(environment: Environment, cluster: Cluster) -> Iterator[Fault]:
    """A public endpoint answers named ranges alone, and none in prod."""
    key, given = "cluster.publicAccessCidrs", list(cluster.public_access_cidrs)
    if environment == "prod" and cluster.endpoint_public_access:
        yield Fault(
            "cluster.endpointPublicAccess",
            "opens the Kubernetes API of prod to the internet",
            True,
            "turn it off, and come through a VPN or a session into the VPC",
        )
    if cluster.endpoint_public_access and not given:
        yield Fault(key, "is empty, and the public endpoint would answer everybody", given, "name your own ranges")
    if given and not cluster.endpoint_public_access:
        yield Fault(
            key,
            "is set, but there is no public endpoint",
            given,
            "remove it, or turn cluster.endpointPublicAccess on",
        )
    if len(given) > MOST_PUBLIC_RANGES:
        yield Fault(key, f"has more than the {MOST_PUBLIC_RANGES} ranges that EKS allows", len(given), "merge some")
    if len(set(given)) != len(given):
        yield Fault(key, "names a range twice", given, "name each once")
    for one in dict.fromkeys(given):
        yield from _public_range(key, one)


def _public_range(key: str, given: str) -> Iterator[Fault]:
    try:
        network = ipaddress.IPv4Network(given)
    except ValueError:
        yield Fault(key, "has an entry that is not a range of IPv4 addresses", given, "write it like 203.0.113.0/24")
        return
    if any(network.subnet_of(ipaddress.IPv4Network(one)) for one in NOWHERE):
        yield Fault(
            key,
            "has a range from which nobody comes over the internet: private, loopback, link-local, a carrier's own,"
            " multicast or reserved",
            given,
            "name public addresses",
        )
    elif network.prefixlen < EVERYBODY:
        yield Fault(
            key,
            "opens the Kubernetes API to a large part of the internet",
            given,
            f"name ranges of /{EVERYBODY} or smaller",
        )


def roles_are_of_the_account(owner: Owner, cluster: Cluster) -> Iterator[Fault]:
    """EKS looks a role up when it makes its access entry, and sees those of the cluster's account alone."""
    for key, arns in (("adminRoleArns", cluster.admin_role_arns), ("viewerRoleArns", cluster.viewer_role_arns)):
        for arn in dict.fromkeys(arns):
            account, role = arn.split(":", 5)[4:]
            if account != owner.account_id:
                yield Fault(
                    f"cluster.{key}",
                    f"names a role of another account than owner.accountId, {owner.account_id}",
                    arn,
                    f"name one of this account, as arn:aws:iam::{owner.account_id}:{role}",
                )


def roles_are_entered_once(cluster: Cluster) -> Iterator[Fault]:
    """EKS has one access entry for a role, and none for those of AWS's own services."""
    admins, viewers = list(cluster.admin_role_arns), list(cluster.viewer_role_arns)
    for key, arns in (("adminRoleArns", admins), ("viewerRoleArns", viewers)):
        for arn in dict.fromkeys(arns):
            if arns.count(arn) > 1:
                yield Fault(f"cluster.{key}", "names a role twice", arn, "name it once")
            if ":role/aws-service-role/" in arn:
                yield Fault(
                    f"cluster.{key}", "names a role of an AWS service, which EKS refuses", arn, "name a role of people"
                )
    for arn in dict.fromkeys(viewers):
        if arn in admins:
            yield Fault(
                "cluster.viewerRoleArns", "names a role that administers the cluster already", arn, "remove it here"
            )


CHECKS = (public_access_is_bounded, roles_are_of_the_account, roles_are_entered_once)
