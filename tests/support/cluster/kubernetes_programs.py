"""Small programs for a cluster, and what the engine says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from offline_providers.engine import Outcome, Program
from offline_providers.report import errors, planned

Opened = Callable[..., Any]


def operations(outcome: Outcome) -> Counter[str]:
    """Operation → how many objects of Kubernetes."""
    return Counter(one.operation for one in planned(outcome.steps) if one.type.startswith("kubernetes:"))


def told(outcome: Outcome) -> str:
    return "\n".join(errors(outcome))


def program_of(sdk: SimpleNamespace, *makers: Callable[[Any], object]) -> Program:
    """A program that makes one thing after the other, each with the options for it."""

    def program() -> None:
        provider = sdk.k8s.Provider("kubernetes")
        for maker in makers:
            maker(sdk.pulumi.ResourceOptions(provider=provider))

    return program


def config_map(sdk: SimpleNamespace, namespace: str, **data: str) -> Callable[[Any], object]:
    return lambda opts: sdk.k8s.core.v1.ConfigMap(
        "settings", metadata={"name": "settings", "namespace": namespace}, data=data, opts=opts
    )


def deployment(
    sdk: SimpleNamespace, namespace: str, image: str = "example.org/app:1", **spec: Any
) -> Callable[[Any], object]:
    labels = {"app": "app"}
    return lambda opts: sdk.k8s.apps.v1.Deployment(
        "app",
        metadata={"name": "app", "namespace": namespace},
        spec={
            "replicas": 1,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": image}], **spec},
            },
        },
        opts=opts,
    )
