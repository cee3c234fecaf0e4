"""The service types: each has a node group of its own, and labels and taints that keep the others' pods away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LABEL: Final = "mlplatform.io/service-type"
"""Label of nodes and of pods, and key of the taint."""


@dataclass(frozen=True)
class Taint:
    """A taint that keeps pods without the toleration off a node."""

    key: str
    value: str
    effect: str = "NoSchedule"


@dataclass(frozen=True)
class ServiceType:
    """What runs together on one kind of node."""

    name: str
    """As in labels, ``spark-executor``."""
    config_key: str
    """The field of `mlplatform.config.sections.NodeGroups`, ``spark_executor``."""
    taints: tuple[Taint, ...]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the nodes, and the node selector of the pods."""
        return {LABEL: self.name}

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """Tolerations of the pods, as in a pod's manifest."""
        return [
            {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
            for taint in self.taints
        ]


def _own(name: str) -> ServiceType:
    return ServiceType(name, name.replace("-", "_"), (Taint(LABEL, name),))


# Kubernetes' own add-ons tolerate this taint; a pod of a user does not.
SYSTEM: Final = ServiceType("system", "system", (Taint("CriticalAddonsOnly", "true"),))
SPARK_DRIVER: Final = _own("spark-driver")
SPARK_EXECUTOR: Final = _own("spark-executor")
RAY: Final = _own("ray")
SERVING: Final = _own("serving")
NOTEBOOK: Final = _own("notebook")

SERVICE_TYPES: Final = (SYSTEM, SPARK_DRIVER, SPARK_EXECUTOR, RAY, SERVING, NOTEBOOK)
