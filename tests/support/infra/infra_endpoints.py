"""Endpoints made by hand: what services and deployments are tested with, on no foundation at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as k8s
from mlplatform.config.model import PlatformConfig
from mlplatform.config.workload_sections import Images
from mlplatform.deployments import deploy_workloads
from mlplatform.endpoints import (
    BlockStorage,
    ClusterEndpoint,
    CsiVolume,
    DatabaseEndpoint,
    Endpoints,
    KafkaEndpoint,
    LakeEndpoint,
    LoadBalancers,
    Peers,
    SharedVolume,
)
from mlplatform.naming import LAKE_AREAS
from mlplatform.outputs import export
from mlplatform.services import run_services
from recorder import Recorded, Recorder, build

ALL_IMAGES = tuple(Images.model_fields)
DIGEST = "sha256:" + "0" * 64

PEERS = Peers(
    database=("10.20.192.0/20",),
    kafka=("10.20.208.0/20",),
    private=("10.20.0.0/16",),
    https=("0.0.0.0/0",),
    kubernetes_api=("10.20.0.0/16", "172.20.0.1/32"),
    credentials=("169.254.170.23/32",),
)


def example_endpoints(
    images: tuple[str, ...] = ALL_IMAGES,
    authentication: Literal["iam", "passwordFile"] = "iam",
    lake_environments: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
    **changes: Any,
) -> Endpoints:
    """Endpoints as AWS has them; call it inside a program under `recorder.build`.

    Args:
        images: those that are built.
        authentication: how users of the database sign in.
        lake_environments: what pods are told of the lake, where no cloud does.
        changes: fields of `Endpoints` that differ.
    """
    provider = k8s.Provider("kubernetes", kubeconfig=pulumi.Output.secret("{}"))
    made = Endpoints(
        location="eu-central-1",
        cluster=ClusterEndpoint(
            name=pulumi.Output.from_input("mlplatform-dev"),
            provider=provider,
            api_server=pulumi.Output.from_input("k8s://https://kubernetes.default.svc"),
        ),
        lake=LakeEndpoint(
            areas={area: pulumi.Output.from_input(f"s3://lake/{area}") for area in LAKE_AREAS},
            environments=lake_environments or {},
        ),
        shared_volumes={
            use: SharedVolume(
                use=use,
                source=CsiVolume(driver="efs.csi.aws.com", handle=pulumi.Output.from_input(f"fs-1::fsap-{use}")),
            )
            for use in ("models", "notebooks")
        },
        kafka=KafkaEndpoint(
            bootstrap_servers=pulumi.Output.from_input("b-1.example:9098,b-2.example:9098"),
            security_protocol="SASL_SSL",
            sasl_mechanism="AWS_MSK_IAM",
        ),
        database=DatabaseEndpoint(
            host=pulumi.Output.from_input("database.example"),
            port=5432,
            tls=True,
            secret=pulumi.Output.from_input("arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1"),
            authentication=authentication,
        ),
        images={name: pulumi.Output.from_input(f"registry.example/mlplatform-dev/{name}@{DIGEST}") for name in images},
        peers=PEERS,
        block_storage=BlockStorage(provisioner="ebs.csi.aws.com", parameters={"type": "gp3", "encrypted": "true"}),
        load_balancers=LoadBalancers(
            load_balancer_class="service.k8s.aws/nlb",
            annotations={"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
            namespace_labels={"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"},
        ),
        ready=(pulumi.ComponentResource("test:index:Ready", "ready", None, None),),
    )
    return replace(made, **changes)


def manifests(recorder: Recorder, kind: str = "") -> Iterator[Recorded]:
    """The Kubernetes objects (of a kind) that were registered; no charts."""
    for one in recorder.resources:
        is_object = one.type.startswith("kubernetes:") and not one.type.startswith("kubernetes:helm.sh/")
        if is_object and kind in ("", one.inputs.get("kind")):
            yield one


def example_config(**changes: Any) -> PlatformConfig:
    """A small environment; `changes` are fields of `PlatformConfig` that differ, not checked again."""
    group = {"instanceTypes": ["m7i.xlarge"], "minSize": 1, "maxSize": 4}
    made = PlatformConfig.model_validate(
        {
            "environment": "dev",
            "owner": {"accountId": "123456789012", "alertEmail": "on-call@example.org"},
            "aws": {"region": "eu-central-1"},
            "network": {"cidr": "10.20.0.0/16"},
            "nodeGroups": {
                "system": group,
                "sparkDriver": group | {"zone": "a"},
                "sparkExecutor": group | {"instanceTypes": ["m7i.xlarge", "m6i.xlarge"], "capacityType": "spot"},
                "ray": group | {"instanceTypes": ["m7i.2xlarge"], "zone": "a"},
                "serving": group | {"maxSize": 6},
                "notebook": group,
            },
            "database": {"instanceClass": "db.t4g.medium"},
            "monitoring": {"monthlyBudgetUsd": 1000},
            "ray": {"workerGroups": [{"name": "standard", "cpu": 4, "memoryGib": 16, "maxWorkers": 3}]},
            "spark": {"executor": {"localDir": {"kind": "emptyDir", "sizeGib": 10}, "decommissioning": {}}},
        }
    )
    return made.model_copy(update=changes)


@cache
def recorded(images: tuple[str, ...] = ALL_IMAGES) -> Recorder:
    """Services, deployments and outputs of the example environment, run once for all tests."""

    def program() -> None:
        config, endpoints = example_config(), example_endpoints(images)
        services = run_services(config, endpoints)
        export(config, endpoints, deploy_workloads(config, endpoints, services))

    return build(program)


@cache
def run_with(config: PlatformConfig | None = None, **changes: Any) -> Recorder:
    """As `recorded`, with another configuration or other endpoints, each run once."""
    return run_anew(config, **changes)


def run_anew(config: PlatformConfig | None = None, **changes: Any) -> Recorder:
    """As `run_with`, for changes that cannot be keys of a cache."""

    def program() -> None:
        settings, endpoints = config or example_config(), example_endpoints(**changes)
        services = run_services(settings, endpoints)
        export(settings, endpoints, deploy_workloads(settings, endpoints, services))

    return build(program)


def pods(recorder: Recorder) -> dict[str, dict[str, Any]]:
    """Name of what makes it → pod template, of every pod that the program describes."""
    found: dict[str, dict[str, Any]] = {}
    for kind in ("Deployment", "Job"):
        found |= {one.name: one.inputs["spec"]["template"] for one in manifests(recorder, kind)}
    for cluster in manifests(recorder, "RayCluster"):
        found["ray-head"] = cluster.inputs["spec"]["headGroupSpec"]["template"]
        for group in cluster.inputs["spec"]["workerGroupSpecs"]:
            found[f"ray-worker-{group['groupName']}"] = group["template"]
    template = recorder.one("kubernetes:core/v1:ConfigMap", "spark-executor-template").inputs["data"]["executor.json"]
    found["spark-executor"] = json.loads(template)
    return found
