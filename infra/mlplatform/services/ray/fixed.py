"""A Ray cluster of a fixed size from the same pods, where KubeRay cannot be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform.kubernetes.network_flows import RAY_CLIENT, RAY_DASHBOARD
from mlplatform.kubernetes.pods import APP_LABEL, core, metadata
from mlplatform.services.ray.pods import CLUSTER, GCS, HEAD, HEAD_SERVICE, WORKER, RayPods, Start, object_store

TOKEN_KEY: Final = "auth_token"  # noqa: S105 - a key
"""As KubeRay names it in the secret that it makes."""
GROUP_LABEL: Final = "mlplatform.io/ray-group"


@dataclass(frozen=True, kw_only=True)
class FixedRayClusterArgs:
    """Inputs of `FixedRayCluster`."""

    pods: RayPods
    namespace: pulumi.Input[str]
    token: pulumi.Input[str]
    """What its processes show each other."""
    ready: Sequence[pulumi.Resource]


class FixedRayCluster(pulumi.ComponentResource):
    """The head, and of each worker group all workers: nobody would start one later."""

    def __init__(self, name: str, args: FixedRayClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:ray:FixedRayCluster", name, None, opts)
        self._args = args
        settings = args.pods.settings
        secret = core.Secret(
            f"{name}-token",
            # Named like the cluster, as KubeRay does.
            metadata=metadata(args.namespace, name=CLUSTER),
            string_data={TOKEN_KEY: args.token},
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        token = secret.metadata.name
        labels = {APP_LABEL: HEAD}
        options: dict[str, pulumi.Input[str]] = {
            "port": str(GCS),
            "num-cpus": "0",
            "dashboard-host": "0.0.0.0",  # noqa: S104 - a pod's own
            **object_store(settings.head_memory_gib),
        }
        answers = core.ProbeArgs(
            tcp_socket=core.TCPSocketActionArgs(port=RAY_CLIENT), period_seconds=3, failure_threshold=3
        )
        start = Start(
            command=_command(["--head"], options), environment=_token(token), labels={}, readiness_probe=answers
        )
        head = self._deployment(f"{name}-head", args.pods.head(start), labels, 1, args.ready)
        ports = {"gcs": GCS, "dashboard": RAY_DASHBOARD, "client": RAY_CLIENT}
        service = core.Service(
            f"{name}-head-service",
            metadata=metadata(args.namespace, name=HEAD_SERVICE, labels=labels),
            spec=core.ServiceSpecArgs(
                # Straight to the pod: Ray's processes tell each other its address.
                cluster_ip="None",
                selector=labels,
                ports=[core.ServicePortArgs(name=key, port=port) for key, port in ports.items()],
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[head], delete_before_replace=True),
        )
        address = service.metadata.name.apply(lambda name: f"{name}:{GCS}")
        for group in settings.worker_groups:
            options = {"address": address, "num-cpus": str(group.cpu), **object_store(group.memory_gib)}
            own = {GROUP_LABEL: group.name}
            start = Start(command=_command([], options), environment=_token(token), labels=own)
            self._deployment(
                f"{name}-worker-{group.name}",
                args.pods.worker(group, start),
                {APP_LABEL: WORKER, **own},
                group.max_workers,
                [head],
            )
        self.register_outputs({})

    def _deployment(
        self,
        name: str,
        pod: k8s.core.v1.PodTemplateSpecArgs,
        labels: Mapping[str, str],
        replicas: int,
        after: Sequence[pulumi.Resource],
    ) -> k8s.apps.v1.Deployment:
        return k8s.apps.v1.Deployment(
            name,
            metadata=metadata(self._args.namespace, labels=labels),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=replicas,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(labels)),
                # There is no room for a second one beside it.
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                template=pod,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _command(flags: Sequence[str], options: Mapping[str, pulumi.Input[str]]) -> list[pulumi.Input[str]]:
    """As KubeRay would start it."""
    words = [pulumi.Output.concat("--", key, "=", value) for key, value in options.items()]
    return ["ray", "start", "--block", "--disable-usage-stats", *flags, *words]


def _token(secret: pulumi.Input[str]) -> list[k8s.core.v1.EnvVarArgs]:
    key = core.SecretKeySelectorArgs(name=secret, key=TOKEN_KEY)
    return [
        core.EnvVarArgs(name="RAY_AUTH_MODE", value="token"),
        core.EnvVarArgs(name="RAY_AUTH_TOKEN", value_from=core.EnvVarSourceArgs(secret_key_ref=key)),
    ]
