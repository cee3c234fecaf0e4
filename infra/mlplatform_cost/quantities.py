"""What an environment has, and how much of it: always, and at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mlplatform.config import sections
from mlplatform.config.model import PlatformConfig
from mlplatform.config.workload_sections import Claim
from mlplatform.foundation.aws.emr.on_ec2 import ROOT_GIB, VOLUME_GIB
from mlplatform.foundation.aws.monitoring.alarm_catalogue import database_alarms, file_alarms, kafka_alarms
from mlplatform.service_types import SERVICE_TYPES

KEYS: Final = 4
"""KMS keys: data, cluster, logs, alarms."""
ROTATED: Final = 2
"""Rotations of a key that cost as much as the key; later ones cost nothing."""
SECRETS: Final = 2
"""The database's master user, and the Hive metastore's."""
BALANCED_SERVICES: Final = ("flight_api_embedded", "flight_api_shared")
"""Deployments with a load balancer of their own."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something that is paid for, by the hour or by its size."""

    component: str
    what: str
    prices: Sequence[str]
    """Rows of the table that it may be: with several instance types the cheapest counts for the least and the dearest
    for the most."""
    least: float
    """Of them, all month long: what an idle environment has."""
    most: float
    spot: bool = False


def quantities(config: PlatformConfig) -> Iterator[Quantity]:
    """All of an environment."""
    yield from _network(config)
    yield Quantity(component="cluster", what="EKS control plane", prices=["eks/cluster"], least=1, most=1)
    for service_type in SERVICE_TYPES:
        group: sections.NodeGroup | None = getattr(config.node_groups, service_type.config_key)
        if group is not None and group.enabled:
            yield from _node_group(service_type.name, group)
    yield from _database(config.database)
    if config.kafka.enabled:
        yield from _kafka(config.kafka)
    if config.emr.enabled:
        yield from _emr(config.emr)
    yield from _volumes_of_executors(config)
    yield from _small_things(config)


def _network(config: PlatformConfig) -> Iterator[Quantity]:
    zones = len(config.aws.zones)
    nats = zones if config.network.nat_gateways == "perZone" else 1
    endpoints = len(config.network.interface_endpoints) * zones
    counts = (
        ("NAT gateways", "network/nat-gateway", nats),
        ("public addresses", "network/public-address", nats),
        ("interface endpoints by zone", "network/interface-endpoint", endpoints),
    )
    for what, price, count in counts:
        if count:
            yield Quantity(component="network", what=what, prices=[price], least=count, most=count)
    balancers = sum(getattr(config.serving, field).enabled for field in BALANCED_SERVICES)
    if balancers:
        # There are none until the images are built.
        yield Quantity(
            component="serving", what="load balancers", prices=["network/load-balancer"], least=0, most=balancers
        )


def _node_group(name: str, group: sections.NodeGroup) -> Iterator[Quantity]:
    component, least, most = f"nodes: {name}", group.min_size, group.max_size
    spot = group.capacity_type == "spot"
    types = [f"ec2/{one}" for one in group.instance_types]
    yield Quantity(
        component=component,
        what=f"instances: {_kinds(group.instance_types, spot=spot)}",
        prices=types,
        least=least,
        most=most,
        spot=spot,
    )
    yield Quantity(
        component=component,
        what=f"{group.disk_gib} GiB root volumes",
        prices=["ebs/gp3"],
        least=least * group.disk_gib,
        most=most * group.disk_gib,
    )
    yield Quantity(
        component=component, what="detailed monitoring", prices=["ec2/detailed-monitoring"], least=least, most=most
    )


def _kinds(types: Sequence[str], *, spot: bool) -> str:
    more = f" or {len(types) - 1} other{'s' if len(types) > 2 else ''}" if len(types) > 1 else ""
    return f"{types[0]}{more}{', spot' if spot else ''}"


def _database(settings: sections.Database) -> Iterator[Quantity]:
    zones = 2 if settings.multi_zone else 1
    kind = settings.instance_class.removeprefix("db.")
    yield Quantity(
        component="database",
        what=f"{settings.instance_class}{' and standby' if zones == 2 else ''}",
        prices=[f"rds/{kind}"],
        least=zones,
        most=zones,
    )
    yield Quantity(
        component="database",
        what="storage, in GiB",
        prices=["rds/gp3"],
        least=zones * settings.storage_gib,
        most=zones * settings.max_storage_gib,
    )


def _kafka(settings: sections.Kafka) -> Iterator[Quantity]:
    kind, brokers = settings.instance_type.removeprefix("kafka."), settings.brokers
    yield Quantity(
        component="kafka", what=settings.instance_type, prices=[f"kafka/{kind}"], least=brokers, most=brokers
    )
    yield Quantity(
        component="kafka",
        what="storage, in GiB",
        prices=["kafka/storage"],
        least=brokers * settings.storage_gib,
        most=brokers * max(settings.storage_gib, settings.max_storage_gib),
    )


def _emr(settings: sections.Emr) -> Iterator[Quantity]:
    """Nothing at least: an idle cluster ends itself."""
    tasks = max(0, settings.max_units - settings.core_units)
    for role, types, most, spot in (
        ("primary", [settings.primary_instance_type], 1, False),
        ("core", [settings.core_instance_type], settings.core_units, False),
        ("task", list(settings.task_instance_types), tasks, True),
    ):
        if not most:
            continue
        yield Quantity(
            component="emr",
            what=f"{role}: {_kinds(types, spot=spot)}",
            prices=[f"ec2/{one}" for one in types],
            least=0,
            most=most,
            spot=spot,
        )
        yield Quantity(
            component="emr",
            what=f"{role}: EMR itself",
            prices=[f"emr/{one}" for one in types],
            least=0,
            most=most,
        )
        yield Quantity(
            component="emr",
            what=f"{role}: volumes, in GiB",
            prices=["ebs/gp3"],
            least=0,
            most=most * (ROOT_GIB + VOLUME_GIB[role]),
        )


def _volumes_of_executors(config: PlatformConfig) -> Iterator[Quantity]:
    executor = config.spark.executor
    if isinstance(executor.local_dir, Claim):
        most = executor.max_instances or executor.instances
        yield Quantity(
            component="spark",
            what="volumes of executors, in GiB",
            prices=["ebs/gp3"],
            least=0,
            most=most * executor.local_dir.size_gib,
        )


def _small_things(config: PlatformConfig) -> Iterator[Quantity]:
    yield Quantity(
        component="keys and secrets", what="KMS keys", prices=["kms/key"], least=KEYS, most=KEYS * (1 + ROTATED)
    )
    yield Quantity(component="keys and secrets", what="secrets", prices=["secrets/secret"], least=SECRETS, most=SECRETS)
    alarms = alarm_count(config)
    yield Quantity(component="alarms", what="alarms", prices=["cloudwatch/alarm"], least=alarms, most=alarms)


def alarm_count(config: PlatformConfig) -> int:
    """Alarms. The one for load balancers is a query, which costs as much as the metrics that it finds: one for each
    balancer and target group, which is the least that it is counted for."""
    given: list[sections.NodeGroup | None] = [getattr(config.node_groups, one.config_key) for one in SERVICE_TYPES]
    groups = [group for group in given if group is not None and group.enabled]
    found = [
        *database_alarms(config.database, "database"),
        *file_alarms(config.shared_files, "files"),
        *(kafka_alarms(config.kafka, "kafka") if config.kafka.enabled else ()),
    ]
    # A group of one size is at its maximum by nature.
    scaling = sum(group.max_size > group.min_size for group in groups)
    return len(found) + scaling + int(config.emr.enabled) + 1
