"""The contract in every workload namespace, where pods mount it as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from mlplatform import naming
from mlplatform.kubernetes.pods import core, metadata


@dataclass(frozen=True, kw_only=True)
class ContractConfigMapsArgs:
    """Inputs of `ContractConfigMaps`."""

    namespaces: Mapping[str, pulumi.Input[str]]
    contract: pulumi.Output[dict[str, Any]]


class ContractConfigMaps(pulumi.ComponentResource):
    """One ConfigMap per namespace, all the same."""

    def __init__(self, name: str, args: ContractConfigMapsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:contract_config_maps:ContractConfigMaps", name, None, opts)
        text = pulumi.Output.json_dumps(args.contract, indent=2, sort_keys=True)
        for namespace, there in args.namespaces.items():
            core.ConfigMap(
                f"{name}-{namespace}",
                metadata=metadata(there, name=naming.CONTRACT_CONFIG_MAP),
                data={naming.CONTRACT_FILE: text},
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
