"""The namespace of operators and controllers: a foundation makes it, because its own controllers run in it as well."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, versions

PART_OF: Final = {"app.kubernetes.io/part-of": naming.PLATFORM}


def pod_security_labels(enforce: str = "restricted") -> dict[str, str]:
    """Labels of a namespace by which Kubernetes refuses pods below a level of its Pod Security Standards.

    Args:
        enforce: the level below which pods are refused; warnings are always those of ``restricted``.
    """
    version = f"v{versions.KUBERNETES}"
    levels = {"enforce": enforce, "warn": "restricted", "audit": "restricted"}
    prefix = "pod-security.kubernetes.io"
    return {f"{prefix}/{mode}": level for mode, level in levels.items()} | {
        f"{prefix}/{mode}-version": version for mode in levels
    }


def system_namespace(name: str, opts: pulumi.ResourceOptions) -> k8s.core.v1.Namespace:
    """The namespace; belongs into `mlplatform.endpoints.Endpoints.ready`."""
    labels = {**PART_OF, **pod_security_labels()}
    metadata = k8s.meta.v1.ObjectMetaArgs(name=naming.NAMESPACE_SYSTEM, labels=labels)
    return k8s.core.v1.Namespace(f"{name}-namespace", metadata=metadata, opts=opts)
