"""What the pods of a job of EMR on EKS look like: where they run, and that nobody ends a driver to save money.

EMR adds images, sizes, accounts and its own containers (EMR on EKS guide, "Using pod templates"). It cannot be told by
a template what the pod looks like that submits a job: for that one there is the classification ``emr-job-submitter``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlplatform.kubernetes.disruption import KEPT
from mlplatform.kubernetes.pods import pod_labels
from mlplatform.service_types import SPARK_DRIVER, SPARK_EXECUTOR, ServiceType

SUBMITTER: Final = "emr-job-submitter"
"""The classification by which a request says where its job submitter runs."""


def _template(component: str, service_type: ServiceType) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": pod_labels(f"emr-{component}", service_type), "annotations": dict(KEPT)},
        "spec": {
            "nodeSelector": service_type.labels,
            "tolerations": service_type.tolerations,
            # The name by which EMR finds its own container in a template.
            "containers": [{"name": f"spark-kubernetes-{component}"}],
        },
    }


TEMPLATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "driver": _template("driver", SPARK_DRIVER),
    "executor": _template("executor", SPARK_EXECUTOR),
}
"""Component → its template."""


def template_key(component: str) -> str:
    """Where a component's template is in the lake's bucket."""
    return f"emr/templates/{component}.json"


def submitter_properties(service_type: ServiceType = SPARK_DRIVER) -> dict[str, str]:
    """Properties of `SUBMITTER` for the nodes of a service type.

    Source: same guide, "Using job submitter classification" (`emr-eks-job-submitter.html`): a toleration's operator is
    Equal where it has a value, and its effect is required.
    """
    selectors = {f"jobsubmitter.node.selector.{key}": value for key, value in service_type.labels.items()}
    tolerations = {f"jobsubmitter.node.toleration.{taint.key}": taint.value for taint in service_type.taints}
    effects = {f"jobsubmitter.node.toleration.{taint.key}.effect": taint.effect for taint in service_type.taints}
    return selectors | tolerations | effects
