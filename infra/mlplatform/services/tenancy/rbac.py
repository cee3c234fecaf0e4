"""Rights at the Kubernetes API. KubeRay makes those of Ray's autoscaler itself, for the service account of the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform.kubernetes.pods import metadata

rbac = k8s.rbac.v1

OWNED: Final = ("create", "get", "list", "watch", "update", "patch", "delete", "deletecollection")

SPARK_DRIVER_RULES: Final[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = (
    # Executors, their configuration, and the claims of those that have one; all are removed by label at the end.
    (("pods", "configmaps", "persistentvolumeclaims"), OWNED),
    # The headless service by which executors find a driver that makes one.
    (("services",), ("create", "get", "list", "watch", "delete", "deletecollection")),
)
"""(resources, verbs) in Spark's namespace (Spark's documentation, "Running Spark on Kubernetes", RBAC)."""


@dataclass(frozen=True, kw_only=True)
class RbacArgs:
    """Inputs of `Rbac`."""

    spark_namespace: pulumi.Input[str]
    spark_driver: pulumi.Input[str]
    """Its service account."""


class Rbac(pulumi.ComponentResource):
    """What service accounts may do at the Kubernetes API, each in its own namespace alone."""

    def __init__(self, name: str, args: RbacArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:rbac:Rbac", name, None, opts)
        role = rbac.Role(
            f"{name}-spark-driver",
            metadata=metadata(args.spark_namespace),
            rules=[
                rbac.PolicyRuleArgs(api_groups=[""], resources=list(resources), verbs=list(verbs))
                for resources, verbs in SPARK_DRIVER_RULES
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        rbac.RoleBinding(
            f"{name}-spark-driver-binding",
            metadata=metadata(args.spark_namespace),
            role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name),
            subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=args.spark_driver, namespace=args.spark_namespace)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
