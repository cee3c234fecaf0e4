"""The service accounts of the platform. Their rights outside the cluster the foundation has given to their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.identities import Identity
from mlplatform.kubernetes.pods import metadata

WITH_TOKEN: Final = frozenset({(naming.NAMESPACE_SPARK, "spark-driver")})
"""(namespace, account) whose pods get a token of the Kubernetes API: a driver asks it for executors.

Ray's head has one too; its pod asks for it, because the workers share its account and have no use for one.
"""


@dataclass(frozen=True, kw_only=True)
class ServiceAccountsArgs:
    """Inputs of `ServiceAccounts`."""

    namespaces: Mapping[str, pulumi.Input[str]]
    identities: Sequence[Identity]


class ServiceAccounts(pulumi.ComponentResource):
    """One service account per identity."""

    names: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, account) → its name, known when it is there."""

    def __init__(self, name: str, args: ServiceAccountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:service_accounts:ServiceAccounts", name, None, opts)
        names: dict[tuple[str, str], pulumi.Output[str]] = {}
        for one in args.identities:
            key = (one.namespace, one.service_account)
            account = k8s.core.v1.ServiceAccount(
                f"{name}-{one.name}",
                metadata=metadata(args.namespaces[one.namespace], name=one.service_account),
                automount_service_account_token=key in WITH_TOKEN,
                opts=pulumi.ResourceOptions(parent=self),
            )
            names[key] = account.metadata.name
        self.names = names
        self.register_outputs({})
