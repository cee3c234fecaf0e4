"""Controllers that an EKS cluster needs beside its add-ons: nodes on demand, load balancers, and metrics.

Their AWS rights come with Pod Identity, from the associations of their service accounts in the namespace of operators;
the charts make the accounts. With a hop limit of 1 a pod cannot ask the instance metadata service where it is, so
region, network and cluster are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform.endpoints import BlockStorage, LoadBalancers
from mlplatform.foundation.aws.pod_identity.controller_policies import AUTOSCALER_ACCOUNT, LOAD_BALANCER_ACCOUNT
from mlplatform.kubernetes.chart_versions import (
    CLUSTER_AUTOSCALER,
    LOAD_BALANCER_CONTROLLER,
    METRICS_SERVER,
    Chart,
)
from mlplatform.kubernetes.system_namespace import system_namespace
from mlplatform.service_types import LABEL, SYSTEM

EBS_DRIVER: Final = "ebs.csi.aws.com"
NOBODY: Final = 65534
"""User and group of the controllers' images."""

PLACEMENT: Final[Mapping[str, Any]] = {
    "nodeSelector": SYSTEM.labels,
    "tolerations": SYSTEM.tolerations,
    "podLabels": {LABEL: SYSTEM.name},
}
POD_SECURITY: Final[Mapping[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": NOBODY,
    "runAsGroup": NOBODY,
    "fsGroup": NOBODY,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def block_storage(key_arn: pulumi.Input[str]) -> BlockStorage:
    """Volumes of one pod on EBS, encrypted with the key."""
    return BlockStorage(
        provisioner=EBS_DRIVER,
        parameters={
            "type": "gp3",
            "encrypted": "true",
            "kmsKeyId": key_arn,
            "csi.storage.k8s.io/fstype": "xfs",
        },
    )


def internal_load_balancers(tags: Mapping[str, str]) -> LoadBalancers:
    """Network load balancers inside the VPC, which reach pods at their own addresses.

    Args:
        tags: of the load balancers, which the controller makes and not the tagged provider.
    """
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    return LoadBalancers(
        load_balancer_class="service.k8s.aws/nlb",
        annotations={
            f"{prefix}-scheme": "internal",
            f"{prefix}-nlb-target-type": "ip",
            f"{prefix}-healthcheck-protocol": "http",
            f"{prefix}-healthcheck-path": "/readyz",
            f"{prefix}-healthcheck-port": "traffic-port",
            f"{prefix}-attributes": "load_balancing.cross_zone.enabled=true",
            f"{prefix}-additional-resource-tags": ",".join(f"{key}={value}" for key, value in sorted(tags.items())),
        },
        # A pod of a roll-out counts as ready once the load balancer has found it so.
        namespace_labels={"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"},
    )


@dataclass(frozen=True, kw_only=True)
class ControllersArgs:
    """Inputs of `Controllers`."""

    cluster_name: pulumi.Input[str]
    region: str
    vpc_id: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    """System nodes, add-ons and the controllers' Pod Identity associations."""


class Controllers(pulumi.ComponentResource):
    """The charts, and the namespace that they and the operators run in."""

    namespace: k8s.core.v1.Namespace
    ready: tuple[pulumi.Resource, ...]
    """For `Endpoints.ready`: what uses a controller comes after it, and goes before it."""

    def __init__(self, name: str, args: ControllersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:controllers:Controllers", name, None, opts)
        self._name, self._ready = name, list(args.ready)
        self.namespace = system_namespace(name, pulumi.ResourceOptions(parent=self))
        releases = [
            self._release(CLUSTER_AUTOSCALER, _autoscaler(args)),
            self._release(LOAD_BALANCER_CONTROLLER, _load_balancers(args)),
            self._release(METRICS_SERVER, _metrics()),
        ]
        self.ready = (self.namespace, *releases)
        self.register_outputs({})

    def _release(self, chart: Chart, values: dict[str, Any]) -> k8s.helm.v3.Release:
        return k8s.helm.v3.Release(
            f"{self._name}-{chart.name}",
            name=chart.name,
            chart=chart.name,
            version=chart.version,
            repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=chart.repository),
            namespace=self.namespace.metadata.name,
            values=values,
            # A null takes a chart's default away.
            allow_null_values=True,
            max_history=5,
            timeout=600,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._ready),
        )


def _size(cpu: str, memory: str) -> dict[str, dict[str, str]]:
    return {key: {"cpu": cpu, "memory": memory} for key in ("requests", "limits")}


def _autoscaler(args: ControllersArgs) -> dict[str, Any]:
    return {
        **PLACEMENT,
        "fullnameOverride": AUTOSCALER_ACCOUNT,
        "cloudProvider": "aws",
        "awsRegion": args.region,
        "autoDiscovery": {"clusterName": args.cluster_name},
        "rbac": {"serviceAccount": {"create": True, "name": AUTOSCALER_ACCOUNT}},
        "securityContext": dict(POD_SECURITY),
        "containerSecurityContext": dict(CONTAINER_SECURITY),
        # Its simulation holds all pods and nodes in memory; its own example for AWS has 600 MiB.
        "resources": _size("200m", "1Gi"),
        "extraArgs": {
            "expander": "least-waste",
            "balance-similar-node-groups": True,
            # Every pod of ours has an emptyDir for temporary files, and each node has pods of the add-ons; pods whose
            # work would be lost say so themselves.
            "skip-nodes-with-local-storage": False,
            "skip-nodes-with-system-pods": False,
            # Longer than Spark and Ray keep an idle executor or worker: the next stage finds its nodes still there.
            "scale-down-unneeded-time": "10m",
            "scale-down-delay-after-add": "10m",
            "max-node-provision-time": "15m",
        },
    }


def _load_balancers(args: ControllersArgs) -> dict[str, Any]:
    return {
        **PLACEMENT,
        "clusterName": args.cluster_name,
        "region": args.region,
        "vpcId": args.vpc_id,
        "replicaCount": 2,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "serviceAccount": {"create": True, "name": LOAD_BALANCER_ACCOUNT},
        "podSecurityContext": dict(POD_SECURITY),
        "securityContext": dict(CONTAINER_SECURITY),
        "resources": _size("100m", "256Mi"),
        "defaultTargetType": "ip",
        # Only services that name its class are its own; no webhook stands before all the others.
        "enableServiceMutatorWebhook": False,
        # Network load balancers alone: no ingress, and none of the services that go with it.
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
    }


def _metrics() -> dict[str, Any]:
    return {
        **PLACEMENT,
        "replicas": 2,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        # 2 MiB of memory for each node, from 100 nodes on (its own documentation).
        "resources": _size("100m", "256Mi"),
    }
