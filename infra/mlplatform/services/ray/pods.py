"""Ray's pods: the same for a cluster that an operator looks after and for one of a fixed size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.config.workload_sections import Ray as RaySettings
from mlplatform.config.workload_sections import RayWorkerGroup
from mlplatform.kubernetes.disruption import KEPT
from mlplatform.kubernetes.network_flows import RAY_CLIENT
from mlplatform.kubernetes.pods import (
    Mounted,
    claim_volume,
    container_security,
    contract_volume,
    core,
    environment,
    lake_environment,
    pod_template,
    resources,
    temporary_volume,
)
from mlplatform.service_types import ServiceType

CLUSTER: Final = "ray"
HEAD, WORKER, TRAINING = "ray-head", "ray-worker", "ray-training"
"""Apps; the last is a training's driver, which asks the cluster for workers."""
ACCOUNT: Final = "ray"
"""Service account of all of them."""
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
WAIT: Final = "wait-gcs-ready"
"""KubeRay's name of the container that lets a worker start once the head answers. It gives the cluster's token to a
container of this name, whoever has put it there (its `ray-operator/controllers/ray/common/pod.go`)."""
WAIT_CPU_MILLICORES, WAIT_MEMORY_MIB = 500, 1024
"""KubeRay's own container has 256 MiB, and is killed for want of memory (kuberay#2735): `ray health-check` of Ray 2.60
was seen to take 233. A worker has as much anyway, and the two do not run at the same time."""
GCS: Final = 6379
"""Where workers find the head: Ray's default."""

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
    lake_secrets: Mapping[tuple[str, str], pulumi.Input[str]] = field(default_factory=dict)
    """(namespace, service account) → name of its Secret."""
    waits: bool = False
    """Whether workers bring the container that waits for the head, because the operator does not."""

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
        size = resources(group.cpu * 1000, group.memory_gib * 1024)
        pod = self._pod(WORKER, service_types.RAY, size, group.memory_gib, start, token=False)
        if self.waits and isinstance(pod.spec, core.PodSpecArgs):
            pod.spec.init_containers = [self._wait()]
        return pod

    def _wait(self) -> k8s.core.v1.ContainerArgs:
        return core.ContainerArgs(
            name=WAIT,
            image=self.image,
            image_pull_policy="IfNotPresent",
            command=["/bin/sh", "-c", f"until ray health-check --address {HEAD_SERVICE}:{GCS}; do sleep 5; done"],
            env=environment(ENVIRONMENT),
            resources=resources(WAIT_CPU_MILLICORES, WAIT_MEMORY_MIB),
            security_context=container_security(),
            volume_mounts=[self.temporary.mount],
        )

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
            env_from=lake_environment(self.lake_secrets, namespace, ACCOUNT),
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
