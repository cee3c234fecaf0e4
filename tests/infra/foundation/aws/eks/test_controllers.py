"""The controllers of a cluster on AWS: pinned, on the system nodes, and with no more rights than a process needs."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from mlplatform import service_types
from mlplatform.foundation.aws.eks.controllers import (
    Controllers,
    ControllersArgs,
    block_storage,
    internal_load_balancers,
)
from recorder import Recorder, build

RELEASE = "kubernetes:helm.sh/v3:Release"
CHARTS = ["cluster-autoscaler", "aws-load-balancer-controller", "metrics-server"]


@cache
def controllers() -> Recorder:
    def program() -> None:
        provider = k8s.Provider("kubernetes", kubeconfig="{}")
        ready = pulumi.ComponentResource("test:index:Ready", "ready", None, None)
        Controllers(
            "controllers",
            ControllersArgs(cluster_name="mlplatform-dev", region="eu-central-1", vpc_id="vpc-1", ready=[ready]),
            pulumi.ResourceOptions(providers={"kubernetes": provider}),
        )

    return build(program)


def release(name: str) -> Any:
    return controllers().one(RELEASE, f"controllers-{name}").inputs


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_pinned_and_runs_on_the_system_nodes(name: str) -> None:
    found = release(name)
    assert found["version"].count(".") == 2
    assert found["namespace"] == "platform-system"
    assert found["values"]["nodeSelector"] == service_types.SYSTEM.labels
    assert found["values"]["tolerations"] == service_types.SYSTEM.tolerations
    assert found["values"]["resources"]["requests"] == found["values"]["resources"]["limits"]


def test_the_charts_make_the_service_accounts_that_have_the_rights() -> None:
    assert release("cluster-autoscaler")["values"]["rbac"]["serviceAccount"] == {
        "create": True,
        "name": "cluster-autoscaler",
    }
    assert release("aws-load-balancer-controller")["values"]["serviceAccount"] == {
        "create": True,
        "name": "aws-load-balancer-controller",
    }


def test_a_controller_is_told_what_it_cannot_ask_the_metadata_service() -> None:
    values = release("aws-load-balancer-controller")["values"]
    assert (values["clusterName"], values["region"], values["vpcId"]) == ("mlplatform-dev", "eu-central-1", "vpc-1")
    values = release("cluster-autoscaler")["values"]
    assert (values["awsRegion"], values["autoDiscovery"]) == ("eu-central-1", {"clusterName": "mlplatform-dev"})


def test_the_namespace_of_operators_refuses_pods_with_rights() -> None:
    labels = controllers().one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_volumes_of_executors_are_encrypted_with_our_key() -> None:
    parameters = block_storage("arn:key").parameters
    assert (parameters["encrypted"], parameters["kmsKeyId"], parameters["type"]) == ("true", "arn:key", "gp3")


def test_load_balancers_are_internal_and_tagged() -> None:
    annotations = internal_load_balancers({"owner": "ml", "environment": "dev"}).annotations
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    assert annotations[f"{prefix}-scheme"] == "internal"
    assert annotations[f"{prefix}-additional-resource-tags"] == "environment=dev,owner=ml"
