"""What keeps a pod on its node whose work would be lost, against those who empty nodes.

| Who | asks by | is stopped by |
| --- | --- | --- |
| the cluster autoscaler, to save money | itself | its annotation in `KEPT` |
| Karpenter, to save money or to renew a node | itself | its annotation in `KEPT` |
| an update of a managed node group, `kubectl drain` | the eviction API | a disruption budget of nobody |
| EC2, which balances zones; EKS gives pods 15 minutes and asks nobody | ending the node | a group in one zone |

(EKS user guide, "Understand each phase of node updates" and "Simplify node lifecycle with managed node groups".) A
fault of the node and the notice of a spot instance are stopped by nothing."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform.kubernetes.pods import APP_LABEL, metadata

KEPT: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Annotations of a pod whose work would be lost: its node is not emptied for money, as long as it runs."""
MORE_THAN_THERE_ARE: Final = 2**31 - 1
"""The largest number of pods that a budget can ask for."""


def refuse_evictions(name: str, namespace: pulumi.Input[str], app: str, opts: pulumi.ResourceOptions) -> None:
    """A disruption budget that lets no pod of the app be evicted, while one runs; without one it holds nobody up.

    It asks for more pods than there are, because ``maxUnavailable`` is for pods of controllers that can be scaled,
    which neither a job nor a Ray cluster is (Kubernetes, "Specifying a Disruption Budget": arbitrary workloads)."""
    k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata=metadata(namespace, labels={APP_LABEL: app}),
        spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
            min_available=MORE_THAN_THERE_ARE,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: app}),
        ),
        opts=opts,
    )
