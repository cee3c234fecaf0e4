"""Figures that a check has from another module, which it must not import: the two stay the same."""

from __future__ import annotations

from mlplatform.config.checks import ray as ray_checks
from mlplatform.config.checks import system as system_checks
from mlplatform.config.checks.fitting import Need
from mlplatform.services import mlflow
from mlplatform.services.ray import cluster


def test_the_check_counts_mlflow_as_large_as_its_pod_is() -> None:
    assert Need(mlflow.POD.memory_mib, mlflow.POD.cpu_millicores) == system_checks.MLFLOW_SERVER


def test_the_check_counts_rays_autoscaler_as_large_as_its_container_is() -> None:
    need = Need(cluster.AUTOSCALER_MEMORY_MIB, cluster.AUTOSCALER_CPU_MILLICORES)
    assert need == ray_checks.AUTOSCALER
