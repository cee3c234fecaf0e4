"""RDS and MSK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.faults import Fault
from mlplatform.config.sections import Aws, Database, Kafka
from mlplatform.instance_types import BURSTABLE_FAMILIES

_UP_TO_16: Final = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_BURSTABLE_SIZES: Final = ("micro", "small", "medium", "large", "xlarge", "2xlarge")

DATABASE_FAMILIES: Final = {
    "t3": _BURSTABLE_SIZES,
    "t4g": _BURSTABLE_SIZES,
    "m6g": _UP_TO_16,
    "m6i": _UP_TO_16,
    "m7g": _UP_TO_16,
    "m7i": _UP_TO_16,
    "m8g": _UP_TO_16,
    "r6g": _UP_TO_16,
    "r6i": _UP_TO_16,
    "r7g": _UP_TO_16,
    "r7i": _UP_TO_16,
    "r8g": _UP_TO_16,
}
"""Families of instance classes for PostgreSQL 17, and their sizes; a test compares them with cfn-lint's list."""

BROKER_FAMILIES: Final = {
    "t3": ("small",),
    "m5": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"),
    "m7g": _UP_TO_16,
}
"""MSK's standard brokers (AWS's developer guide, "Amazon MSK broker sizes")."""
STORAGE_GROWTH: Final = 1.1
"""RDS wants the most storage at least 10 % above what there is."""


def database_class_is_known(database: Database) -> Iterator[Fault]:
    """RDS refuses a class that it does not have."""
    yield from _known("database.instanceClass", database.instance_class, DATABASE_FAMILIES, "RDS has for PostgreSQL")


def broker_type_is_known(kafka: Kafka) -> Iterator[Fault]:
    """MSK refuses a type that it does not have."""
    yield from _known("kafka.instanceType", kafka.instance_type, BROKER_FAMILIES, "MSK has for brokers")


def _known(key: str, given: str, families: dict[str, tuple[str, ...]], whose: str) -> Iterator[Fault]:
    prefix, family, size = given.split(".")
    if family not in families:
        names = ", ".join(f"{prefix}.{one}" for one in families)
        steady = next(one for one in families if one not in BURSTABLE_FAMILIES)
        example = f"{prefix}.{steady}.{families[steady][0]}"
        yield Fault(key, f"is of no family that {whose}", given, f"use one of {names}, as {example}")
    elif size not in families[family]:
        names = ", ".join(f"{prefix}.{family}.{one}" for one in families[family])
        yield Fault(key, f"is of no size that {whose}", given, f"use one of {names}")


def database_storage_can_grow(database: Database) -> Iterator[Fault]:
    """RDS refuses a limit that leaves no room."""
    least = -(-database.storage_gib * 11 // 10)
    if database.max_storage_gib < least:
        yield Fault(
            "database.maxStorageGib",
            f"leaves storageGib, {database.storage_gib}, less than the 10 % that RDS wants to grow by",
            database.max_storage_gib,
            f"use at least {least}",
        )


def brokers_fit_zones(aws: Aws, kafka: Kafka) -> Iterator[Fault]:
    """MSK wants the same number of brokers in each zone."""
    zones = len(aws.zones)
    if zones and kafka.enabled and kafka.brokers % zones:
        up = kafka.brokers + zones - kafka.brokers % zones
        yield Fault(
            "kafka.brokers",
            f"is not a multiple of the {zones} zones in aws.zones",
            kafka.brokers,
            f"use {up}, or other zones",
        )


def broker_storage_can_grow(kafka: Kafka) -> Iterator[Fault]:
    """Volumes of brokers grow and never shrink."""
    if kafka.max_storage_gib < kafka.storage_gib:
        yield Fault(
            "kafka.maxStorageGib",
            f"is below storageGib, {kafka.storage_gib}",
            kafka.max_storage_gib,
            f"use at least {kafka.storage_gib}",
        )


CHECKS = (
    database_class_is_known,
    database_storage_can_grow,
    broker_type_is_known,
    brokers_fit_zones,
    broker_storage_can_grow,
)
