"""An AWS account for tests of single components: who and where, and a provider that the components inherit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from mlplatform.config.sections import NodeGroup, NodeGroups
from recorder import Recorder, build

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
CLUSTER: Final = "mlplatform-dev"
CLUSTER_ARN: Final = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"


def record(component: Callable[[pulumi.ResourceOptions], object]) -> Recorder:
    """Runs a component that gets the account's provider with its options."""

    def program() -> None:
        component(pulumi.ResourceOptions(providers=[aws.Provider("aws", region=REGION)]))

    return build(program)


def assert_explicit_providers(recorder: Recorder) -> None:
    """Every resource of AWS names its provider."""
    unnamed = [one.urn for one in recorder.resources if one.type.startswith("aws:") and "aws::aws" not in one.provider]
    assert not unnamed


def node_group(*types: str, **settings: Any) -> NodeGroup:
    """A node group's settings; without types of one kind that every region has."""
    return NodeGroup(**{"instance_types": types or ("m7g.xlarge",), "min_size": 0, "max_size": 4, **settings})


def node_groups(**groups: NodeGroup | None) -> NodeGroups:
    """All node groups, `groups` in place of the usual ones."""
    usual = ("system", "spark_driver", "spark_executor", "ray", "serving", "notebook")
    return NodeGroups.model_validate({**{name: node_group() for name in usual}, **groups})
