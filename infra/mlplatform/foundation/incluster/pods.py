"""What the stand-ins have in common: one pod on a system node, with its files in a folder of the nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.endpoints import NodeFolder
from mlplatform.kubernetes.network_flows import Peer, Pods, flows
from mlplatform.kubernetes.network_policies import network_policy, pods_peer
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    Mounted,
    claim_volume,
    core,
    metadata,
    pod_labels,
    pod_template,
    resources,
    temporary_volume,
)
from mlplatform.kubernetes.volumes import bound_claim

CPU_MILLICORES, MEMORY_MIB = 200, 768
"""Of a stand-in: enough for one person's work."""
DATA: Final = "/var/lib/mlplatform"
"""Where a stand-in has its files."""


@dataclass(frozen=True, kw_only=True)
class StandInArgs:
    """Inputs of `StandIn`."""

    namespace: pulumi.Input[str]
    image: pulumi.Input[str]
    service_account: pulumi.Input[str]
    folder: str
    """Of the nodes, there already; what is in it outlives the stack."""
    port: int
    peer: Peer
    """What the table of flows calls it: those that it lets speak to this peer may, and nobody else."""
    script: str
    """What the shell runs; it ends in the server."""
    environment: Mapping[str, pulumi.Input[str]]
    probe: Sequence[str]
    """A command that succeeds when the server answers."""
    mounted: Sequence[Mounted] = ()


class StandIn(pulumi.ComponentResource):
    """A server of one pod that is stopped before its successor starts, behind a service of its name.

    Its network policy lets in the peer's callers alone, and lets nothing out.
    """

    address: pulumi.Output[str]
    """Name of the service inside the cluster, known when the server answers."""

    def __init__(self, name: str, args: StandInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:incluster:StandIn", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        claim = bound_claim(
            name, name, args.namespace, source=NodeFolder(path=args.folder), access_mode="ReadWriteOncePod", opts=child
        )
        labels = pod_labels(name, service_types.SYSTEM)
        container = core.ContainerArgs(
            name=name,
            image=args.image,
            command=["/bin/sh", "-c", args.script],
            env=[core.EnvVarArgs(name=key, value=value) for key, value in args.environment.items()],
            ports=[core.ContainerPortArgs(name="server", container_port=args.port)],
            resources=resources(CPU_MILLICORES, MEMORY_MIB),
            startup_probe=_probe(args.probe, period=3, failures=60),
            readiness_probe=_probe(args.probe, period=5, failures=3),
        )
        server = k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata(args.namespace, name=name, labels=labels),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: name}),
                # Two servers on the same files would destroy them.
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                template=pod_template(
                    app=name,
                    service_type=service_types.SYSTEM,
                    service_account=args.service_account,
                    container=container,
                    mounted=[
                        claim_volume("data", claim, DATA, read_only=False),
                        temporary_volume(256),
                        *args.mounted,
                    ],
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        service = core.Service(
            f"{name}-service",
            metadata=metadata(args.namespace, name=name, labels=labels),
            spec=core.ServiceSpecArgs(
                selector={APP_LABEL: name},
                ports=[core.ServicePortArgs(name="server", port=args.port, target_port="server")],
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[server], delete_before_replace=True),
        )
        net = k8s.networking.v1
        callers = [flow.source for flow in flows(args.port) if flow.target == args.peer]
        network_policy(
            f"{name}-policy",
            args.namespace,
            Pods(naming.NAMESPACE_DATA, name),
            child,
            ingress=[
                net.NetworkPolicyIngressRuleArgs(
                    from_=[pods_peer(caller) for caller in callers if isinstance(caller, Pods)],
                    ports=[net.NetworkPolicyPortArgs(port=args.port, protocol="TCP")],
                )
            ],
        )
        self.address = service.metadata.name.apply(lambda name: f"{name}.{naming.NAMESPACE_DATA}.svc.cluster.local")
        self.register_outputs({"address": self.address})


def _probe(command: Sequence[str], *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    return core.ProbeArgs(
        exec_=core.ExecActionArgs(command=list(command)),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )
