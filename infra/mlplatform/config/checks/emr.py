"""EMR on EC2."""

from __future__ import annotations

from collections.abc import Iterator

from mlplatform.config.checks.node_groups import like
from mlplatform.config.faults import Fault
from mlplatform.config.sections import Emr
from mlplatform.instance_types import INSTANCE_TYPES


def emr_types_fit(emr: Emr) -> Iterator[Fault]:
    """EMR starts at xlarge, has no burstable types, and one architecture in a cluster."""
    named = [
        ("primaryInstanceType", emr.primary_instance_type),
        ("coreInstanceType", emr.core_instance_type),
        *(("taskInstanceTypes", one) for one in emr.task_instance_types),
    ]
    for key, name in named:
        facts = INSTANCE_TYPES.get(name)
        if facts is None:
            yield Fault(
                f"emr.{key}",
                "names an instance type that is not in infra/mlplatform/instance_types.py",
                name,
                like(name),
            )
        elif facts.burstable or name.endswith(".large"):
            yield Fault(
                f"emr.{key}",
                "names a type that EMR does not have",
                name,
                "use m, c or r types from xlarge up, as m7g.xlarge",
            )
    primary = INSTANCE_TYPES.get(emr.primary_instance_type)
    for key, name in named[1:]:
        facts = INSTANCE_TYPES.get(name)
        if primary and facts and facts.architecture != primary.architecture:
            yield Fault(
                f"emr.{key}",
                f"names a type of {facts.architecture}, but the primary node, {primary.name}, is of"
                f" {primary.architecture}",
                name,
                f"use types of {primary.architecture}",
            )


def task_types_differ(emr: Emr) -> Iterator[Fault]:
    """EMR refuses a fleet that names a type twice."""
    given = list(emr.task_instance_types)
    for name in dict.fromkeys(given):
        if given.count(name) > 1:
            yield Fault("emr.taskInstanceTypes", "names a type twice", name, "name it once")


def core_nodes_fit(emr: Emr) -> Iterator[Fault]:
    """Managed scaling refuses a limit below what is always there."""
    if emr.core_units > emr.max_units:
        yield Fault(
            "emr.coreUnits",
            f"is above maxUnits, {emr.max_units}",
            emr.core_units,
            f"use at most {emr.max_units}, or raise maxUnits",
        )


CHECKS = (emr_types_fit, task_types_differ, core_nodes_fit)
