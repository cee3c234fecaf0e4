"""What must be true between the keys of a configuration, and what AWS would refuse half an hour into `pulumi up`.

A check is a function whose parameters are names of sections (fields of `PlatformConfig`) or ``environment``, and that
yields faults. It runs when all the sections it names are right on their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from mlplatform.config.base import Environment, Section
from mlplatform.config.checks import (
    burstable,
    cluster,
    data,
    emr,
    environments,
    local,
    network,
    node_groups,
    ray,
    serving,
    spark,
    system,
)
from mlplatform.config.faults import Fault

Check = Callable[..., Iterable[Fault]]

CHECKS: Final[tuple[Check, ...]] = (
    *network.CHECKS,
    *cluster.CHECKS,
    *node_groups.CHECKS,
    *burstable.CHECKS,
    *data.CHECKS,
    *emr.CHECKS,
    *system.CHECKS,
    *ray.CHECKS,
    *spark.CHECKS,
    *serving.CHECKS,
    *environments.CHECKS,
)

LOCAL_CHECKS: Final[tuple[Check, ...]] = (
    local.database_and_lake_have_images,
    local.system_pods_fit,
    local.needed_nodes_are_there,
    *ray.CHECKS,
    spark.driver_fits,
    spark.executor_fits,
    spark.shuffle_files_fit,
    local.executors_have_no_disks_of_their_own,
    spark.executors_have_nodes,
    *serving.CHECKS,
    local.folder_is_its_own,
)
"""Those of the environment `local`: no node is started or taken away there, and nothing costs money."""

_WANTED: Final = {check: frozenset(inspect.signature(check).parameters) for check in (*CHECKS, *LOCAL_CHECKS)}


def faults_of(environment: Environment, sections: Mapping[str, Section]) -> list[Fault]:
    """The faults of the sections that are there, in the order of the checks."""
    return _found(CHECKS, {"environment": environment, **sections})


def local_faults_of(sections: Mapping[str, Section]) -> list[Fault]:
    """As `faults_of`, for the environment `local`."""
    return _found(LOCAL_CHECKS, {"environment": "local", **sections})


def _found(checks: Iterable[Check], known: Mapping[str, object]) -> list[Fault]:
    return [
        fault
        for check in checks
        if known.keys() >= (wanted := _WANTED[check])
        for fault in check(**{name: known[name] for name in wanted})
    ]
