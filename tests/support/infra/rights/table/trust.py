"""Who may take on a role: each has exactly one principal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rights.requests import ANOTHER_ACCOUNT, Request, Row, Value, Who, may, may_not

ASSUME: Final = ("sts:AssumeRole",)
PODS: Final = ("sts:AssumeRole", "sts:TagSession")
"""The agent tags the session with the pod's names, which IAM asks for as an action of its own (EKS guide, "Pod
Identity roles")."""
CLUSTER: Final = "arn:aws:eks:{region}:{account}:cluster/{cluster}"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """A role, the service that takes it on, and with what it is asked for."""

    service: str
    context: Mapping[str, Value]
    """Of a request that must pass."""
    held: tuple[str, ...] = ()
    """Keys of `context` without which, or with another value of which, it must not."""
    source: str
    actions: tuple[str, ...] = ASSUME


def pods(namespace: str, account: str) -> Trust:
    """Pods of one service account of this cluster."""
    context = {
        "aws:RequestTag/eks-cluster-arn": CLUSTER,
        "aws:RequestTag/eks-cluster-name": "{cluster}",
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": account,
        "aws:RequestTag/kubernetes-pod-name": "pod-1",
    }
    held = ["eks-cluster-arn", "kubernetes-namespace", *(["kubernetes-service-account"] if account else [])]
    return Trust(
        service="pods.eks.amazonaws.com",
        context={key: value for key, value in context.items() if value},
        held=tuple(f"aws:RequestTag/{key}" for key in held),
        source="EKS user guide, 'Assign an EKS Pod Identity IAM role to a Kubernetes service account'",
        actions=PODS,
    )


TRUST: Final[Mapping[str, Trust]] = {
    "nodes-role": Trust(service="ec2.amazonaws.com", context={}, source="EKS user guide, 'node IAM role'"),
    "emr-roles-nodes": Trust(
        service="ec2.amazonaws.com", context={}, source="EMR guide, 'Service role for cluster EC2'"
    ),
    "emr-roles-service": Trust(
        service="elasticmapreduce.amazonaws.com",
        context={
            "aws:SourceAccount": "{account}",
            "aws:SourceArn": "arn:aws:elasticmapreduce:{region}:{account}:cluster/j-1",
        },
        held=("aws:SourceAccount", "aws:SourceArn"),
        source="EMR guide, 'Service role for Amazon EMR (EMR role)'",
    ),
    "network-flow-logs-role": Trust(
        service="vpc-flow-logs.amazonaws.com",
        context={
            "aws:SourceAccount": "{account}",
            "aws:SourceArn": "arn:aws:ec2:{region}:{account}:vpc-flow-log/fl-1",
        },
        held=("aws:SourceAccount", "aws:SourceArn"),
        source="VPC user guide, 'IAM role for publishing flow logs to CloudWatch Logs'",
    ),
    "database-monitoring": Trust(
        service="monitoring.rds.amazonaws.com",
        context={
            "aws:SourceAccount": "{account}",
            "aws:SourceArn": "arn:aws:rds:{region}:{account}:db:{cluster}",
        },
        held=("aws:SourceAccount", "aws:SourceArn"),
        source="RDS user guide, 'Setting up and enabling Enhanced Monitoring'",
    ),
    "cluster-vpc-cni": pods("kube-system", "aws-node"),
    "add-ons-aws-ebs-csi-driver": pods("kube-system", "ebs-csi-controller-sa"),
    "add-ons-aws-efs-csi-driver": pods("kube-system", "efs-csi-controller-sa"),
    "identities-platform-system-cluster-autoscaler": pods("platform-system", "cluster-autoscaler"),
    "identities-platform-system-aws-load-balancer-controller": pods("platform-system", "aws-load-balancer-controller"),
    "identities-mlflow-mlflow": pods("mlflow", "mlflow"),
    "identities-mlflow-database-setup": pods("mlflow", "database-setup"),
    "identities-spark-spark-driver": pods("spark", "spark-driver"),
    "identities-spark-spark-executor": pods("spark", "spark-executor"),
    "identities-ray-ray": pods("ray", "ray"),
    "identities-serving-flight-api": pods("serving", "flight-api"),
    "identities-notebooks-notebook": pods("notebooks", "notebook"),
    "emr-on-eks-jobs": pods("emr", ""),
}
"""Role → who takes it on. `test_every_role_is_in_the_table` finds those that are missing."""
SERVICES: Final = (*sorted({one.service for one in TRUST.values()}), "lambda.amazonaws.com")


def rows() -> Iterator[Row]:
    """Of all roles."""
    for role, trust in TRUST.items():
        yield from _rows(role, trust)


def _rows(role: str, trust: Trust) -> Iterator[Row]:
    who = Who(service=trust.service)
    arn = f"arn:aws:iam::{{account}}:role/{role}"
    yield may(
        who,
        f"takes on {role}",
        *(Request(action, arn, trust.context) for action in trust.actions),
        source=trust.source,
    )
    others = [Who(service=other) for other in SERVICES if other != trust.service]
    others += [
        Who(arn="arn:aws:iam::{account}:role/administrator", everything=True),
        Who(arn=f"arn:aws:iam::{ANOTHER_ACCOUNT}:root", everything=True),
        Who(),
    ]
    for other in others:
        requests = (Request(action, arn, trust.context) for action in PODS)
        yield may_not(other, f"takes on {role}", *requests, source="a role has one principal")
    wrong: list[Mapping[str, Value]] = []
    for key in trust.held:
        rest = {name: value for name, value in trust.context.items() if name != key}
        wrong += [rest, {**rest, key: _another(str(trust.context[key]))}]
    if wrong:
        requests = (Request(action, arn, context) for action in trust.actions for context in wrong)
        yield may_not(who, f"takes on {role} for somebody else", *requests, source="confused deputy")


def _another(value: str) -> str:
    return value.replace("{account}", ANOTHER_ACCOUNT) if "{account}" in value else f"another-{value}"
