"""What prod and staging must have, and other environments may do without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.base import Environment
from mlplatform.config.checks.serving import enabled_services
from mlplatform.config.faults import Fault
from mlplatform.config.sections import (
    Cluster,
    Database,
    Kafka,
    Lake,
    Network,
    NodeGroups,
    Protection,
    SharedFiles,
)
from mlplatform.config.workload_sections import Mlflow, Serving

BACKUP_DAYS: Final = {"dev": 1, "staging": 7, "prod": 14}
"""How far back a database can be restored, at least."""
LOG_DAYS: Final = {"dev": 1, "staging": 14, "prod": 90}
"""How long logs are kept, at least: an incident in prod is often looked into a quarter later."""
VERSION_DAYS: Final = {"dev": 1, "staging": 7, "prod": 30}
"""How long overwritten objects of the lake can be brought back, at least."""
INSIGHTS_DAYS: Final = {"dev": 7, "staging": 7, "prod": 31}
"""How long Performance Insights remembers, at least: in prod a month, to compare with."""


def _at_least(key: str, given: int, least: dict[str, int], environment: Environment) -> Iterator[Fault]:
    days = least.get(environment, 0)
    if given < days:
        yield Fault(key, f"is too short for {environment}", given, f"keep at least {days} days")


def _prod_wants(environment: Environment, key: str, given: object, wanted: object, why: str) -> Iterator[Fault]:
    if environment == "prod" and given != wanted:
        said = "true" if wanted is True else wanted
        yield Fault(key, f"does not do for prod: {why}", given, f"use {said}")


def network_lasts(environment: Environment, network: Network) -> Iterator[Fault]:
    """A zone's failure stays in its zone."""
    yield from _prod_wants(
        environment,
        "network.natGateways",
        network.nat_gateways,
        "perZone",
        "all zones would leave with the one that has it",
    )
    yield from _at_least("network.flowLogRetentionDays", network.flow_log_retention_days, LOG_DAYS, environment)


def cluster_lasts(environment: Environment, cluster: Cluster) -> Iterator[Fault]:
    """EKS refuses an accident."""
    yield from _prod_wants(
        environment, "cluster.deletionProtection", cluster.deletion_protection, True, "anybody could delete the cluster"
    )
    yield from _at_least("cluster.logRetentionDays", cluster.log_retention_days, LOG_DAYS, environment)


def lake_lasts(environment: Environment, lake: Lake) -> Iterator[Fault]:
    """What was overwritten by mistake can be brought back."""
    yield from _at_least("lake.noncurrentVersionDays", lake.noncurrent_version_days, VERSION_DAYS, environment)


def shared_files_last(environment: Environment, shared_files: SharedFiles) -> Iterator[Fault]:
    """Notebooks are on it, and nowhere else."""
    yield from _prod_wants(
        environment, "sharedFiles.backup", shared_files.backup, True, "notebooks and model files are nowhere else"
    )


def database_lasts(environment: Environment, database: Database) -> Iterator[Fault]:
    """Runs, models and DAGs are in it."""
    yield from _prod_wants(
        environment, "database.multiZone", database.multi_zone, True, "a zone's failure would stop MLflow and Airflow"
    )
    yield from _prod_wants(
        environment,
        "database.deletionProtection",
        database.deletion_protection,
        True,
        "anybody could delete the database",
    )
    yield from _at_least("database.backupRetentionDays", database.backup_retention_days, BACKUP_DAYS, environment)
    yield from _at_least(
        "database.performanceInsightsRetentionDays",
        database.performance_insights_retention_days,
        INSIGHTS_DAYS,
        environment,
    )
    yield from _at_least("database.logRetentionDays", database.log_retention_days, LOG_DAYS, environment)


def kafka_lasts(environment: Environment, kafka: Kafka) -> Iterator[Fault]:
    """Brokers that one can watch."""
    if not kafka.enabled:
        return
    if environment == "prod" and kafka.monitoring == "DEFAULT":
        yield Fault(
            "kafka.monitoring",
            "does not do for prod: partitions without enough copies show from PER_BROKER on",
            kafka.monitoring,
            "use PER_BROKER",
        )
    yield from _at_least("kafka.logRetentionDays", kafka.log_retention_days, LOG_DAYS, environment)


def data_is_protected(environment: Environment, protection: Protection) -> Iterator[Fault]:
    """Neither a wrong `destroy` nor a change of the program takes data with it."""
    yield from _prod_wants(
        environment, "protection.protect", protection.protect, True, "a destroy would take the data with it"
    )
    yield from _prod_wants(
        environment,
        "protection.retainOnDelete",
        protection.retain_on_delete,
        True,
        "a change of the program could delete what holds data",
    )


def services_outlive_a_node(
    environment: Environment, node_groups: NodeGroups, serving: Serving, mlflow: Mlflow
) -> Iterator[Fault]:
    """One pod, or one node, is not enough where people wait."""
    if environment != "prod":
        return
    for key, service in enabled_services(serving).items():
        if service.min_replicas < 2:
            yield Fault(
                f"serving.{key}.minReplicas",
                "does not do for prod: it stops with the node of its only pod",
                service.min_replicas,
                "use at least 2",
            )
    if mlflow.replicas < 2:
        yield Fault(
            "mlflow.replicas",
            "does not do for prod: it stops with the node of its only pod",
            mlflow.replicas,
            "use at least 2",
        )
    for key, group in (("system", node_groups.system), ("serving", node_groups.serving)):
        if group.enabled and group.min_size < 2:
            yield Fault(
                f"nodeGroups.{key}.minSize",
                "does not do for prod: what runs there stops with its only node",
                group.min_size,
                "use at least 2",
            )


CHECKS = (
    network_lasts,
    cluster_lasts,
    lake_lasts,
    shared_files_last,
    database_lasts,
    kafka_lasts,
    data_is_protected,
    services_outlive_a_node,
)
