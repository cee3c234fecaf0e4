"""Where the lake is and as whom to sign, for the pods of each service account, where the cloud does not tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from mlplatform import naming
from mlplatform.kubernetes.pods import core, metadata


@dataclass(frozen=True, kw_only=True)
class LakeSecretsArgs:
    """Inputs of `LakeSecrets`."""

    namespaces: Mapping[str, pulumi.Input[str]]
    environments: Mapping[tuple[str, str], Mapping[str, pulumi.Input[str]]]
    """(namespace, service account) → variables."""


class LakeSecrets(pulumi.ComponentResource):
    """A Secret for each service account, in its namespace; a pod takes all of it into its environment."""

    names: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, service account) → the Secret's name, known when it is there."""

    def __init__(self, name: str, args: LakeSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:lake_secrets:LakeSecrets", name, None, opts)
        names: dict[tuple[str, str], pulumi.Output[str]] = {}
        for (namespace, account), variables in args.environments.items():
            secret = core.Secret(
                f"{name}-{namespace}-{account}",
                metadata=metadata(args.namespaces[namespace], name=naming.lake_secret(account)),
                string_data=dict(variables),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            names[namespace, account] = secret.metadata.name
        self.names = names
        self.register_outputs({})
