"""Where no CPU may be paid for with credits: when they are used up, a burstable type is slower, or costs by the hour.

One rule for instance types, database classes and broker types: what computes without a pause has none of them in any
environment, and prod has none at all. (EMR has none of them anywhere; its own check says so.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.base import Environment
from mlplatform.config.checks.node_groups import groups
from mlplatform.config.faults import Fault
from mlplatform.config.sections import Database, Kafka, NodeGroups
from mlplatform.instance_types import is_burstable

COMPUTES_WITHOUT_A_PAUSE: Final = {
    "sparkExecutor": "executors compute without a pause",
    "ray": "Ray's workers compute without a pause",
}
"""Key of the node group → why it has no such types in any environment."""


def _fault(key: str, given: object, why: str, instead: str) -> Fault:
    return Fault(
        key, f"is burstable, slower or charged for once its CPU credits are used up: {why}", given, f"use {instead}"
    )


def nodes_keep_up(environment: Environment, node_groups: NodeGroups) -> Iterator[Fault]:
    """The instance types of the node groups that exist."""
    for key, group in groups(node_groups):
        why = COMPUTES_WITHOUT_A_PAUSE.get(key) or ("prod has none" if environment == "prod" else None)
        given = [name for name in dict.fromkeys(group.instance_types) if is_burstable(name)]
        if why and given and group.enabled:
            yield _fault(f"nodeGroups.{key}.instanceTypes", given, why, "m, c or r types")


def database_keeps_up(environment: Environment, database: Database) -> Iterator[Fault]:
    """The class of the database."""
    if environment == "prod" and is_burstable(database.instance_class):
        yield _fault(
            "database.instanceClass", database.instance_class, "prod has none", "an m or r class, as db.m7g.large"
        )


def brokers_keep_up(environment: Environment, kafka: Kafka) -> Iterator[Fault]:
    """The brokers' type."""
    if environment == "prod" and kafka.enabled and is_burstable(kafka.instance_type):
        yield _fault("kafka.instanceType", kafka.instance_type, "prod has none", "an m type, as kafka.m7g.large")


CHECKS = (nodes_keep_up, database_keeps_up, brokers_keep_up)
