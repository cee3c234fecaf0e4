"""Ray's pods: the same for a cluster that an operator looks after and for one of a fixed size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.config.workload_sections import Ray as RaySettings
from mlplatform.config.workload_sections import RayWorkerGroup
from mlplatform.kubernetes.network_flows import RAY_CLIENT
from mlplatform.kubernetes.pods import (
    KEPT,
    Mounted,
    claim_volume,
    contract_volume,
    core,
    environment,
    lake_volume,
    pod_template,
    resources,
    temporary_volume,
)
from mlplatform.service_types import ServiceType

CLUSTER: Final = "ray"
HEAD, WORKER = "ray-head", "ray-worker"
HEAD_SERVICE: Final = f"{CLUSTER}-head-svc"
"""KubeRay names the head's service so."""
ADDRESS: Final = f"ray://{HEAD_SERVICE}.{naming.NAMESPACE_RAY}.svc.cluster.local:{RAY_CLIENT}"
"""A driver outside the cluster's nodes dials Ray's client port."""

OBJECT_STORE_SHARE: Final = 0.3
"""Of a pod's memory: Ray's own default, which it would compute from the node's memory."""
TEMPORARY_MIB: Final = 20 * 1024
"""Logs, and objects that are spilled when the object store is full."""
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - a volume of the pod's own
"""Where Ray puts the object store. A container has 64 MiB there if nobody asks for more, and Ray then takes a disk, or
refuses to start with a store of over 10 GB (its `REQUIRE_SHM_SIZE_THRESHOLD`)."""
GROUP_TYPES: Final = {"ray": service_types.RAY, "rayGpu": service_types.RAY_GPU}

ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    # A worker outlives a restart of the head's processes of this many seconds; without stored state no longer makes
    # sense.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "120",
    # Ray's client port forks a server for each driver while its threads are in gRPC. With gRPC's own support for forks
    # that server died at once, one time in five (seen with gRPC 1.85).
    "GRPC_ENABLE_FORK_SUPPORT": "0",
}


@dataclass(frozen=True, kw_only=True)
class Start:
    """What KubeRay adds to a pod, for a cluster that it does not look after."""

    command: list[pulumi.Input[str]]
    environment: Sequence[k8s.core.v1.EnvVarArgs]
    labels: Mapping[str, str]
    readiness_probe: k8s.core.v1.ProbeArgs | None = None


@dataclass(frozen=True, kw_only=True)
class RayPods:
    """What the pods of one Ray cluster are made from."""

    settings: RaySettings
    image: pulumi.Input[str]
    service_account: pulumi.Input[str]
    claims: Mapping[tuple[str, str], pulumi.Input[str]]
    """(namespace, part of the shared files) → name of the claim."""

    @property
    def temporary(self) -> Mounted:
        """Where Ray's processes write."""
        return temporary_volume(TEMPORARY_MIB)

    def head(self, start: Start | None = None) -> k8s.core.v1.PodTemplateSpecArgs:
        """The head, which runs no tasks. Its autoscaler, where it has one, asks the Kubernetes API for workers."""
        size = resources(self.settings.head_cpu * 1000, self.settings.head_memory_gib * 1024)
        memory_gib = self.settings.head_memory_gib
        return self._pod(HEAD, service_types.RAY, size, memory_gib, start, token=start is None)

    def worker(self, group: RayWorkerGroup, start: Start | None = None) -> k8s.core.v1.PodTemplateSpecArgs:
        """A worker of a group."""
        size = resources(group.cpu * 1000, group.memory_gib * 1024, group.gpu)
        return self._pod(WORKER, GROUP_TYPES[group.node_group], size, group.memory_gib, start, token=False)

    def _pod(
        self,
        app: str,
        kind: ServiceType,
        size: k8s.core.v1.ResourceRequirementsArgs,
        memory_gib: int,
        start: Start | None,
        *,
        token: bool,
    ) -> k8s.core.v1.PodTemplateSpecArgs:
        namespace = naming.NAMESPACE_RAY
        container = core.ContainerArgs(
            name=app,
            image=self.image,
            image_pull_policy="IfNotPresent",
            command=start.command if start else None,
            env=[*environment(ENVIRONMENT), *(start.environment if start else ())],
            readiness_probe=start.readiness_probe if start else None,
            resources=size,
        )
        return pod_template(
            app=app,
            service_type=kind,
            service_account=self.service_account,
            container=container,
            mounted=[
                contract_volume(),
                self.temporary,
                _shared_memory(memory_gib),
                # The step 'publish' writes the champion's file.
                claim_volume("models", self.claims[namespace, "models"], naming.MODELS_MOUNT, read_only=False),
                *lake_volume(self.claims, namespace, read_only=False),
            ],
            labels=start.labels if start else None,
            annotations=KEPT,
            automount_token=token,
            # Ray's autoscaler, not the kubelet, decides what becomes of a pod that has ended.
            restart_policy="Never" if start is None else "Always",
            grace_seconds=60,
        )


def object_store(memory_gib: int) -> dict[str, str]:
    """Ray's parameter for a pod of that memory."""
    return {"object-store-memory": str(int(memory_gib * 2**30 * OBJECT_STORE_SHARE))}


def _shared_memory(memory_gib: int) -> Mounted:
    """For the object store and a little more; it counts as the pod's memory, as the store does anyway."""
    mebibytes = int(memory_gib * 1024 * OBJECT_STORE_SHARE) + 64
    source = core.EmptyDirVolumeSourceArgs(medium="Memory", size_limit=f"{mebibytes}Mi")
    return Mounted(volume=core.VolumeArgs(name="shm", empty_dir=source), path=SHARED_MEMORY, read_only=False)
