"""What all pods of the platform have in common: placement, size, and as few rights as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.kubernetes.system_namespace import PART_OF
from mlplatform.service_types import LABEL, ServiceType

core = k8s.core.v1

APP_LABEL: Final = "mlplatform.io/app"
"""What a pod is. Services, disruption budgets and network policies select by it; KubeRay sets its own
``app.kubernetes.io/name``, so that one would not do."""
USER: Final = 1000
"""User and group of every process of ours, in the image as well (`Containerfile`)."""
SMALLEST_CPU_MILLICORES: Final = 100
"""Of a container that names no CPU."""
TEMPORARY: Final = "/tmp"  # noqa: S108 - a volume of the pod's own
ENVIRONMENT: Final = {
    "PLATFORM_CONTRACT": f"{naming.CONTRACT_MOUNT}/{naming.CONTRACT_FILE}",
    # The root file system is read-only: whatever wants a home writes where it may.
    "HOME": TEMPORARY,
}
POD_SECURITY: Final[Mapping[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    # A shared file system with many files is not walked through at each start of a pod.
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Of a pod, as in its manifest."""
CONTAINER_SECURITY: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Of a container, as in its manifest: Pod Security Standards, ``restricted``, and a read-only root."""


def pod_labels(app: str, service_type: ServiceType) -> dict[str, str]:
    """Labels of a pod and of what makes it."""
    return {**PART_OF, "app.kubernetes.io/name": app, APP_LABEL: app, LABEL: service_type.name}


def metadata(
    namespace: pulumi.Input[str] | None,
    *,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> k8s.meta.v1.ObjectMetaArgs:
    """Metadata of an object; without a name Pulumi finds one that is free, so that a replacement can come first."""
    return k8s.meta.v1.ObjectMetaArgs(
        name=name, namespace=namespace, labels={**PART_OF, **(labels or {})}, annotations=annotations or None
    )


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """A volume of a pod, and where its containers see it."""

    volume: k8s.core.v1.VolumeArgs
    path: str
    read_only: bool = True

    @property
    def mount(self) -> k8s.core.v1.VolumeMountArgs:
        """As a container has it."""
        return core.VolumeMountArgs(name=self.volume.name, mount_path=self.path, read_only=self.read_only)


def contract_volume() -> Mounted:
    """The contract's ConfigMap."""
    source = core.ConfigMapVolumeSourceArgs(name=naming.CONTRACT_CONFIG_MAP)
    return Mounted(volume=core.VolumeArgs(name="contract", config_map=source), path=naming.CONTRACT_MOUNT)


def temporary_volume(size_mib: int) -> Mounted:
    """Space for temporary files, gone with the pod."""
    source = core.EmptyDirVolumeSourceArgs(size_limit=f"{size_mib}Mi")
    return Mounted(volume=core.VolumeArgs(name="tmp", empty_dir=source), path=TEMPORARY, read_only=False)


def claim_volume(use: str, claim: pulumi.Input[str], path: str, *, read_only: bool) -> Mounted:
    """A persistent volume claim of the namespace."""
    source = core.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim, read_only=read_only)
    return Mounted(volume=core.VolumeArgs(name=use, persistent_volume_claim=source), path=path, read_only=read_only)


def secret_volume(
    name: str,
    secret: pulumi.Input[str],
    path: str,
    items: Sequence[k8s.core.v1.KeyToPathArgs] | None = None,
) -> Mounted:
    """The keys of a Secret as files that the pod's user may read, by its group, and nobody may write.

    Args:
        name: of the volume.
        secret: name of the Secret, in the pod's namespace.
        path: where containers see the files.
        items: the keys that are wanted; all of them by default.
    """
    source = core.SecretVolumeSourceArgs(secret_name=secret, items=items, default_mode=0o440)
    return Mounted(volume=core.VolumeArgs(name=name, secret=source), path=path)


def lake_environment(
    secrets: Mapping[tuple[str, str], pulumi.Input[str]], namespace: str, service_account: str
) -> list[k8s.core.v1.EnvFromSourceArgs]:
    """Variables of a container that reads or writes the lake; none where the cloud tells it all.

    Args:
        secrets: (namespace, service account) → name of its Secret.
    """
    name = secrets.get((namespace, service_account))
    return [] if name is None else [core.EnvFromSourceArgs(secret_ref=core.SecretEnvSourceArgs(name=name))]


def resources(cpu_millicores: int, memory_mib: int) -> k8s.core.v1.ResourceRequirementsArgs:
    """Requests that are also limits: what a pod is promised is what it gets, and what it was tested with."""
    size = {"cpu": f"{cpu_millicores}m", "memory": f"{memory_mib}Mi"}
    return core.ResourceRequirementsArgs(requests=size, limits=size)


def environment(*more: Mapping[str, str]) -> list[k8s.core.v1.EnvVarArgs]:
    """`ENVIRONMENT` and what a container needs beside it; a later mapping wins."""
    merged = {name: value for part in (ENVIRONMENT, *more) for name, value in part.items()}
    return [core.EnvVarArgs(name=name, value=value) for name, value in merged.items()]


def http_probe(path: str, *, period: int, failures: int, timeout: int = 3) -> k8s.core.v1.ProbeArgs:
    """Asks the container's port ``http`` every `period` seconds; it fails at the `failures`-th time in a row."""
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=path, port="http"),
        period_seconds=period,
        timeout_seconds=timeout,
        failure_threshold=failures,
    )


def container_security() -> k8s.core.v1.SecurityContextArgs:
    """`CONTAINER_SECURITY`, typed."""
    given = CONTAINER_SECURITY
    return core.SecurityContextArgs(
        allow_privilege_escalation=given["allowPrivilegeEscalation"],
        capabilities=core.CapabilitiesArgs(drop=given["capabilities"]["drop"]),
        read_only_root_filesystem=given["readOnlyRootFilesystem"],
        run_as_non_root=given["runAsNonRoot"],
        seccomp_profile=core.SeccompProfileArgs(type=given["seccompProfile"]["type"]),
    )


def pod_security() -> k8s.core.v1.PodSecurityContextArgs:
    """`POD_SECURITY`, typed."""
    given = POD_SECURITY
    return core.PodSecurityContextArgs(
        run_as_non_root=given["runAsNonRoot"],
        run_as_user=given["runAsUser"],
        run_as_group=given["runAsGroup"],
        fs_group=given["fsGroup"],
        fs_group_change_policy=given["fsGroupChangePolicy"],
        seccomp_profile=core.SeccompProfileArgs(type=given["seccompProfile"]["type"]),
    )


def spread(app: str) -> list[k8s.core.v1.TopologySpreadConstraintArgs]:
    """Spreads the pods of each roll-out over zones and nodes, as far as there are any: a full zone holds nobody up."""
    return [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: app}),
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def pod_template(
    *,
    app: str,
    service_type: ServiceType,
    service_account: pulumi.Input[str],
    container: k8s.core.v1.ContainerArgs,
    mounted: Sequence[Mounted],
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
    automount_token: bool = False,
    restart_policy: str | None = None,
    grace_seconds: int = 30,
    spread_pods: bool = False,
) -> k8s.core.v1.PodTemplateSpecArgs:
    """A pod of one container on the nodes of its service type, which mounts all of `mounted`.

    Args:
        labels: beside those of the app and the service type.
        automount_token: whether it may speak to the Kubernetes API as its service account.
        grace_seconds: how long it may take to end.
    """
    container.security_context = container_security()
    container.volume_mounts = [one.mount for one in mounted]
    return core.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(
            labels={**pod_labels(app, service_type), **(labels or {})}, annotations=annotations or None
        ),
        spec=core.PodSpecArgs(
            service_account_name=service_account,
            automount_service_account_token=automount_token,
            # Services are found by name; the variables of all others in the namespace would only confuse.
            enable_service_links=False,
            node_selector=service_type.labels,
            tolerations=[
                core.TolerationArgs(key=taint.key, operator="Equal", value=taint.value, effect=taint.effect)
                for taint in service_type.taints
            ],
            security_context=pod_security(),
            restart_policy=restart_policy,
            termination_grace_period_seconds=grace_seconds,
            topology_spread_constraints=spread(app) if spread_pods else None,
            containers=[container],
            volumes=[one.volume for one in mounted],
        ),
    )
