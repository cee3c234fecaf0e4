"""What the charts know of: the images that they pull and the values that they read.

The charts themselves are to be had from no package registry, so their templates are not rendered in a test. Each of
these was read in the chart's source and rendered once with the values of prod (Helm 3.22.0): the version says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ANYTHING: Final = ".*"
"""At the end of a value's path: the chart hands on whatever is there."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart, as far as the platform uses it."""

    version: str
    read: str
    """The version that was read: the pinned one, or the newest public source."""
    images: tuple[str, ...]
    """As its templates write them with our values."""
    values: frozenset[str]
    """Paths that its templates read; those that we set."""


def _paths(*texts: str) -> frozenset[str]:
    return frozenset(path for text in texts for path in text.split())


PLACED: Final = "nodeSelector.* tolerations resources.*"
CHARTS: Final[Mapping[str, Chart]] = {
    "aws-load-balancer-controller": Chart(
        version="3.5.0",
        read="kubernetes-sigs/aws-load-balancer-controller v3.5.0, helm/aws-load-balancer-controller",
        images=("public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0",),
        values=_paths(
            PLACED,
            "podLabels.* clusterName region vpcId replicaCount podDisruptionBudget.* serviceAccount.create",
            "serviceAccount.name podSecurityContext.* securityContext.* defaultTargetType enableServiceMutatorWebhook",
            "createIngressClassResource ingressClassParams.create enableShield enableWaf enableWafv2",
        ),
    ),
    "cluster-autoscaler": Chart(
        version="9.59.0",
        read="kubernetes/autoscaler cluster-autoscaler-chart-9.59.0, cluster-autoscaler/charts/cluster-autoscaler",
        images=("registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0",),
        values=_paths(
            PLACED,
            "podLabels.* fullnameOverride cloudProvider awsRegion autoDiscovery.clusterName rbac.serviceAccount.create",
            "rbac.serviceAccount.name securityContext.* containerSecurityContext.* extraArgs.*",
        ),
    ),
    "metrics-server": Chart(
        version="3.13.1",
        read="kubernetes-sigs/metrics-server 5ed5d3a2, charts/metrics-server 3.13.1",
        images=("registry.k8s.io/metrics-server/metrics-server:v0.8.1",),
        values=_paths(PLACED, "podLabels.* replicas podDisruptionBudget.enabled podDisruptionBudget.minAvailable"),
    ),
    "kuberay-operator": Chart(
        version="1.7.1",
        read="ray-project/kuberay v1.7.0, helm-chart/kuberay-operator",
        images=("quay.io/kuberay/operator:v1.7.1",),
        values=_paths(PLACED, "labels.* watchNamespace singleNamespaceInstall podSecurityContext.* env"),
    ),
}


def paths(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The path of every value that is not a map of more."""
    for key, value in values.items():
        path = f"{before}{key}"
        if isinstance(value, Mapping) and value:
            yield from paths(value, f"{path}.")
        else:
            yield path


def unknown(chart: Chart, values: Mapping[str, Any]) -> list[str]:
    """The paths of our values that the chart does not read."""
    return [path for path in paths(values) if not any(_reads(known, path) for known in chart.values)]


def _reads(known: str, path: str) -> bool:
    if known.endswith(ANYTHING):
        return f"{path}.".startswith(known.removesuffix("*"))
    return path == known
