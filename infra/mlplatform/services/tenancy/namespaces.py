"""The namespaces of workloads: who may run in them, and how much they may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.kubernetes.pods import SMALLEST_CPU_MILLICORES, metadata
from mlplatform.kubernetes.system_namespace import pod_security_labels
from mlplatform.services.tenancy.capacity import Capacity

core = k8s.core.v1

DEFAULT_MEMORY_MIB = 512
"""Of a container that names none, as an operator's helper may."""
CLAIMS_PER_EXECUTOR = 1
LOAD_BALANCED_SERVICES = 2
"""The two flight APIs; each load balancer costs money, so no other service gets one by mistake."""


@dataclass(frozen=True, kw_only=True)
class NamespacesArgs:
    """Inputs of `Namespaces`."""

    capacity: Mapping[str, Capacity]
    """Namespace → the most that its pods may ask for."""
    host_paths: tuple[str, ...] = ()
    """Namespaces whose pods mount folders of their node, which Pod Security Standards refuse below ``privileged``."""
    load_balancer_labels: Mapping[str, str]
    """Labels of the namespace with load-balanced services."""


class Namespaces(pulumi.ComponentResource):
    """One namespace per kind of workload, each with its Pod Security level, a quota and a limit range."""

    names: Mapping[str, pulumi.Output[str]]
    """Name (`naming.WORKLOAD_NAMESPACES`) → the same name, known when the namespace is there."""

    def __init__(self, name: str, args: NamespacesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:namespaces:Namespaces", name, None, opts)
        names: dict[str, pulumi.Output[str]] = {}
        for namespace in naming.WORKLOAD_NAMESPACES:
            labels = pod_security_labels("privileged" if namespace in args.host_paths else "restricted")
            if namespace == naming.NAMESPACE_SERVING:
                labels |= args.load_balancer_labels
            made = core.Namespace(
                f"{name}-{namespace}",
                metadata=metadata(None, name=namespace, labels=labels),
                opts=pulumi.ResourceOptions(parent=self),
            )
            names[namespace] = made.metadata.name
            self._limits(f"{name}-{namespace}", namespace, names[namespace], args.capacity[namespace])
        self.names = names
        self.register_outputs({"names": self.names})

    def _limits(self, name: str, namespace: str, there: pulumi.Output[str], capacity: Capacity) -> None:
        hard = {
            "requests.cpu": f"{capacity.cpu_millicores}m",
            "requests.memory": f"{capacity.memory_mib}Mi",
            "limits.memory": f"{capacity.memory_mib}Mi",
            "pods": str(capacity.pods),
            "persistentvolumeclaims": str(len(naming.WORKLOAD_NAMESPACES) + CLAIMS_PER_EXECUTOR * capacity.pods),
            # Load balancers reach pods at their own addresses.
            "services.nodeports": "0",
            "services.loadbalancers": str(LOAD_BALANCED_SERVICES if namespace == naming.NAMESPACE_SERVING else 0),
        }
        core.ResourceQuota(
            f"{name}-quota",
            metadata=metadata(there),
            spec=core.ResourceQuotaSpecArgs(hard=hard),
            opts=pulumi.ResourceOptions(parent=self),
        )
        memory = f"{DEFAULT_MEMORY_MIB}Mi"
        core.LimitRange(
            f"{name}-defaults",
            metadata=metadata(there),
            spec=core.LimitRangeSpecArgs(
                limits=[
                    core.LimitRangeItemArgs(
                        type="Container",
                        # No CPU limit: it would refuse an executor, for which Spark sets a request alone.
                        default={"memory": memory},
                        default_request={"cpu": f"{SMALLEST_CPU_MILLICORES}m", "memory": memory},
                    )
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
