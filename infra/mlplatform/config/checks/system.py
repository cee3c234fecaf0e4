"""What the system's nodes must hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.checks.fitting import Need, enough, nodes_needed
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.sections import NodeGroups
from mlplatform.config.workload_sections import Mlflow

CONTROLLER: Final = Need(memory_mib=300, cpu_millicores=100)
CONTROLLERS: Final = 12
"""CoreDNS, EBS and EFS controllers and the load balancer controller twice each, the autoscaler, KubeRay; one of them
may be rolled out. Sizes rounded up."""
MLFLOW_SERVER: Final = Need(memory_mib=2048, cpu_millicores=1000)
"""`mlplatform.services.mlflow.POD`; a test compares the two."""


def system_is_there(node_groups: NodeGroups) -> Iterator[Fault]:
    """The autoscaler runs on a system node, so that nothing would start the first one."""
    if node_groups.system.min_size < 1:
        yield Fault(
            "nodeGroups.system.minSize",
            "leaves no node for the autoscaler that would start the first one",
            node_groups.system.min_size,
            "use at least 1",
        )


def system_pods_fit(node_groups: NodeGroups, mlflow: Mlflow) -> Iterator[Fault]:
    """Controllers and MLflow fit the system's nodes at their maximum, with the server that a roll-out starts first."""
    group = node_groups.system
    if not is_known(group):
        return
    pods = [(CONTROLLER, CONTROLLERS), (MLFLOW_SERVER, mlflow.replicas + 1)]
    # The smallest type that is known holds each of them.
    needed = nodes_needed(pods, smallest_shape(group), most_pods=group.places)
    if needed > group.max_size:
        yield Fault(
            "nodeGroups.system.maxSize",
            f"is too small for the controllers and the {mlflow.replicas} of mlflow.replicas, with one more while they"
            " are rolled out",
            group.max_size,
            enough(group, needed, "mlflow.replicas"),
        )


CHECKS = (system_is_there, system_pods_fit)
