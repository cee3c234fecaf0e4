"""The Helm charts of the operators, pinned. `docs/upgrades.md` says how each is raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Chart:
    """A chart of a Helm repository."""

    name: str
    version: str
    repository: str


# Tested by its makers with the three newest minor versions of Ray at its release.
KUBERAY_OPERATOR: Final = Chart("kuberay-operator", "1.7.1", "https://ray-project.github.io/kuberay-helm/")
# The chart's application is 1.35.0: the autoscaler's minor version is that of the Kubernetes it simulates.
CLUSTER_AUTOSCALER: Final = Chart("cluster-autoscaler", "9.59.0", "https://kubernetes.github.io/autoscaler")
# Since version 3 the chart's version is the controller's.
LOAD_BALANCER_CONTROLLER: Final = Chart("aws-load-balancer-controller", "3.5.0", "https://aws.github.io/eks-charts")
# The metrics that pod autoscalers read; application 0.8.1.
METRICS_SERVER: Final = Chart("metrics-server", "3.13.1", "https://kubernetes-sigs.github.io/metrics-server/")

RAY: Final = "2.60.0"
"""Ray in the image of `workloads/ray_training`, which KubeRay must be told; a test compares it with the lock file."""
