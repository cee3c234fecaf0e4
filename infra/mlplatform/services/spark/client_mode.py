"""What Spark needs in client mode: priorities, a name for drivers, and what executors' pods look like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.kubernetes.disruption import KEPT, refuse_evictions
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    CONTAINER_SECURITY,
    POD_SECURITY,
    TEMPORARY,
    core,
    metadata,
    pod_labels,
)

DRIVER, EXECUTOR = "spark-driver", "spark-executor"
"""Apps, service accounts and service types."""
TEMPLATE_CONFIG_MAP: Final = "spark-executor-template"
TEMPLATE_FILE: Final = "executor.json"
TEMPLATE_PATH: Final = f"/etc/mlplatform-spark/{TEMPLATE_FILE}"
"""Where a driver's pod mounts the template; the contract tells Spark so."""
PRIORITIES: Final = {DRIVER: 1000, EXECUTOR: 100}
"""App → priority. A driver that is evicted takes all its executors with it."""
TEMPORARY_MIB: Final = 1024
"""Python and the JVM; shuffle files have a volume of their own."""


def priority_class(app: str) -> str:
    """Name of the priority class of `PRIORITIES`."""
    return f"{naming.PLATFORM}-{app}"


def executor_template(lake_secret: str | None = None) -> dict[str, Any]:
    """The pod that Spark starts from; image, size, account and shuffle volume come from its properties.

    Args:
        lake_secret: name of the Secret that tells where the lake is, where the cloud does not.
    """
    lake = {} if lake_secret is None else {"envFrom": [{"secretRef": {"name": lake_secret}}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": pod_labels(EXECUTOR, service_types.SPARK_EXECUTOR), "annotations": KEPT},
        "spec": {
            "nodeSelector": service_types.SPARK_EXECUTOR.labels,
            "tolerations": service_types.SPARK_EXECUTOR.tolerations,
            "priorityClassName": priority_class(EXECUTOR),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": dict(POD_SECURITY),
            "containers": [
                {
                    "name": EXECUTOR,
                    "env": [{"name": "HOME", "value": TEMPORARY}],
                    **lake,
                    "securityContext": dict(CONTAINER_SECURITY),
                    "volumeMounts": [{"name": "tmp", "mountPath": TEMPORARY}],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": f"{TEMPORARY_MIB}Mi"}}],
        },
    }


@dataclass(frozen=True, kw_only=True)
class SparkArgs:
    """Inputs of `Spark`."""

    namespace: pulumi.Input[str]
    lake_secrets: Mapping[tuple[str, str], pulumi.Input[str]]
    """(namespace, service account) → name of its Secret."""


class Spark(pulumi.ComponentResource):
    """The objects in Spark's namespace that exist between its applications."""

    def __init__(self, name: str, args: SparkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:spark:Spark", name, None, opts)
        for app, value in PRIORITIES.items():
            k8s.scheduling.v1.PriorityClass(
                f"{name}-{app}-priority",
                metadata=metadata(None, name=priority_class(app)),
                value=value,
                global_default=False,
                # It waits for a node rather than push out what runs.
                preemption_policy="Never",
                description=f"Pods of the app {app}.",
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        refuse_evictions(f"{name}-driver-budget", args.namespace, DRIVER, pulumi.ResourceOptions(parent=self))
        template = pulumi.Output.from_input(args.lake_secrets.get((naming.NAMESPACE_SPARK, EXECUTOR))).apply(
            _template_file
        )
        core.ConfigMap(
            f"{name}-executor-template",
            metadata=metadata(args.namespace, name=TEMPLATE_CONFIG_MAP),
            data={TEMPLATE_FILE: template},
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        core.Service(
            f"{name}-driver-service",
            metadata=metadata(args.namespace, name=DRIVER),
            # Without a cluster address: its name resolves to the drivers' pods, whatever ports they listen at.
            spec=core.ServiceSpecArgs(cluster_ip="None", selector={APP_LABEL: DRIVER}),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({})


def _template_file(lake_secret: str | None) -> str:
    return json.dumps(executor_template(lake_secret), indent=2) + "\n"
