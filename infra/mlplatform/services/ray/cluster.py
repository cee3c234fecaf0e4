"""Ray: the KubeRay operator, and one cluster that grows from its head alone and shrinks back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.config.workload_sections import RayWorkerGroup
from mlplatform.kubernetes.chart_versions import KUBERAY_OPERATOR, RAY
from mlplatform.kubernetes.network_flows import OPERATORS
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    POD_SECURITY,
    TEMPORARY,
    container_security,
    core,
    metadata,
    resources,
)
from mlplatform.services.ray.pods import ADDRESS, CLUSTER, RayPods, object_store

AUTOSCALER_CPU_MILLICORES, AUTOSCALER_MEMORY_MIB = 500, 512
"""KubeRay's defaults for the container beside the head."""


def operator_values() -> dict[str, Any]:
    """Values of the chart: one namespace watched, with rights in that namespace alone."""
    return {
        "singleNamespaceInstall": True,
        "watchNamespace": [naming.NAMESPACE_RAY],
        "nodeSelector": service_types.SYSTEM.labels,
        "tolerations": service_types.SYSTEM.tolerations,
        "labels": {APP_LABEL: "kuberay-operator", **service_types.SYSTEM.labels},
        "podSecurityContext": dict(POD_SECURITY),
        # Workers bring their own, with more memory (`pods.WAIT`).
        "env": [{"name": "ENABLE_INIT_CONTAINER_INJECTION", "value": "false"}],
        # 500 Ray pods take about 500 MB of it (the chart's own remark).
        "resources": {key: {"cpu": "200m", "memory": "1Gi"} for key in ("requests", "limits")},
    }


@dataclass(frozen=True, kw_only=True)
class RayOperatorArgs:
    """Inputs of `RayOperator`."""

    ray_namespace: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]


class RayOperator(pulumi.ComponentResource):
    """KubeRay and its custom resource definitions."""

    release: k8s.helm.v3.Release

    def __init__(self, name: str, args: RayOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:ray:RayOperator", name, None, opts)
        chart = KUBERAY_OPERATOR
        values = operator_values() | {"watchNamespace": [args.ray_namespace]}
        self.release = k8s.helm.v3.Release(
            f"{name}-release",
            name=chart.name,
            chart=chart.name,
            version=chart.version,
            repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=chart.repository),
            namespace=OPERATORS.namespace,
            values=values,
            max_history=5,
            timeout=600,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready)),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class RayClusterArgs:
    """Inputs of `RayCluster`."""

    pods: RayPods
    namespace: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    """What its pods need; the operator among it, where that is the program's: it goes after the cluster."""


class RayCluster(pulumi.ComponentResource):
    """The head, which runs no tasks, and a worker group per size, from none to its maximum."""

    address: str

    def __init__(self, name: str, args: RayClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:ray:RayCluster", name, None, opts)
        self.address = ADDRESS
        self._args = args
        settings, temporary = args.pods.settings, args.pods.temporary
        k8s.apiextensions.CustomResource(
            f"{name}-cluster",
            api_version="ray.io/v1",
            kind="RayCluster",
            metadata=metadata(args.namespace, name=CLUSTER),
            spec={
                "rayVersion": RAY,
                # A token that KubeRay makes and keeps in a secret of the namespace, named like the cluster.
                "authOptions": {"mode": "token"},
                # Without it pods keep the image and the settings that they were made with.
                "upgradeStrategy": {"type": "Recreate"},
                "enableInTreeAutoscaling": True,
                "autoscalerOptions": {
                    "version": "v2",
                    "upscalingMode": "Default",
                    "idleTimeoutSeconds": settings.idle_timeout_seconds,
                    "imagePullPolicy": "IfNotPresent",
                    "resources": resources(AUTOSCALER_CPU_MILLICORES, AUTOSCALER_MEMORY_MIB),
                    "securityContext": container_security(),
                    "env": [core.EnvVarArgs(name="HOME", value=TEMPORARY)],
                    "volumeMounts": [temporary.mount],
                },
                "headGroupSpec": {
                    "rayStartParams": {"num-cpus": "0", "dashboard-host": "0.0.0.0"}  # noqa: S104 - a pod's own
                    | object_store(settings.head_memory_gib),
                    "template": args.pods.head(),
                },
                "workerGroupSpecs": [self._group(group) for group in settings.worker_groups],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready), delete_before_replace=True),
        )
        self.register_outputs({"address": self.address})

    def _group(self, group: RayWorkerGroup) -> dict[str, Any]:
        return {
            "groupName": group.name,
            # `replicas` is the autoscaler's: an `up` that set it would end workers in the middle of a training.
            "minReplicas": group.min_workers,
            "maxReplicas": group.max_workers,
            "idleTimeoutSeconds": self._args.pods.settings.idle_timeout_seconds,
            "rayStartParams": {"num-cpus": str(group.cpu)} | object_store(group.memory_gib),
            "template": self._args.pods.worker(group),
        }
