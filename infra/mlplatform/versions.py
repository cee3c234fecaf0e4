"""Everything that is pinned outside the lock files, once. `docs/upgrades.md` says how each is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KUBERNETES: Final = "1.35"
"""The EKS control plane and its nodes."""

ADD_ONS: Final[Mapping[str, str]] = {
    "vpc-cni": "v1.22.4-eksbuild.3",
    "kube-proxy": "v1.35.3-eksbuild.29",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    "coredns": "v1.13.2-eksbuild.31",
    "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
    "aws-efs-csi-driver": "v3.4.2-eksbuild.1",
}
"""EKS add-on → version: the defaults of AWS for `KUBERNETES` in October 2026
(``aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name …`` lists what can follow)."""

AMI_TYPES: Final[Mapping[str, str]] = {"amd64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}
"""Architecture → the machine image of a managed node group (Amazon Linux 2023)."""
