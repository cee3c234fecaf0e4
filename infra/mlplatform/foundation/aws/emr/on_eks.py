"""EMR on EKS: a namespace as a virtual cluster, what its jobs' pods look like, and their role.

The namespace is its own, because EMR makes the pods of a job: the one that submits it has no seccomp profile, so that
the level ``restricted`` of the other namespaces refuses it, and by itself no toleration, so that none of the platform's
nodes takes it. The first is why this namespace is at the level ``baseline``; the second is said in each job's request,
of which `examples/emr_on_eks/start-job-run.json` is one.

EMR gives itself access to the namespace when the virtual cluster is made: an access entry of its service-linked role
with the policy AmazonEMRJobPolicy for that namespace (EMR on EKS guide, "Enable cluster access using EKS Access
Entry"). Whoever runs `pulumi up` therefore needs ``eks:CreateAccessEntry`` and ``eks:AssociateAccessPolicy``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.endpoints import Peers
from mlplatform.foundation.aws.emr.pod_templates import TEMPLATES, template_key
from mlplatform.foundation.aws.lake.objects import lake_object
from mlplatform.foundation.aws.pod_identity.roles import Place
from mlplatform.iam_policies import Statement, policy, trust_pod_identity
from mlplatform.kubernetes.network_flows import emr_flows
from mlplatform.kubernetes.network_policies import NetworkPolicies, NetworkPoliciesArgs
from mlplatform.kubernetes.pods import metadata
from mlplatform.kubernetes.system_namespace import pod_security_labels
from mlplatform.lake_access import area_statements

COMPONENTS: Final = ("client", "driver", "executor")
"""Pods of a job that was started with StartJobRun; each has a service account that EMR makes."""
READS: Final = ("raw", "features")
WRITES: Final = ("features", "quarantine", "predictions", "spark-fallback", "emr")
"""Areas of the lake."""


@dataclass(frozen=True, kw_only=True)
class EmrOnEksArgs:
    """Inputs of `EmrOnEks`."""

    cluster_name: pulumi.Input[str]
    kubernetes: k8s.Provider
    virtual_cluster_name: str
    job_role_name: str
    """Fixed: the names of the jobs' service accounts are made of it."""
    peers: Peers
    """What is outside the cluster."""
    account_id: str
    region: str
    lake_bucket_arn: pulumi.Input[str]
    lake_bucket_name: pulumi.Input[str]
    lake_key_arn: pulumi.Input[str]
    ready: Sequence[pulumi.Resource] = ()
    """Nodes and add-ons: the namespace comes after them."""


class EmrOnEks(pulumi.ComponentResource):
    """The namespace, the virtual cluster in it, and the role that its jobs get through Pod Identity."""

    virtual_cluster_id: pulumi.Output[str]
    job_role_arn: pulumi.Output[str]
    """The ``executionRoleArn`` of a job."""

    def __init__(self, name: str, args: EmrOnEksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:emr_on_eks:EmrOnEks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        place = Place(account_id=args.account_id, region=args.region)
        namespace = self._namespace(name, args)
        role = aws.iam.Role(
            f"{name}-jobs",
            name=args.job_role_name,
            description="Jobs of EMR on EKS",
            assume_role_policy=trust_pod_identity(
                cluster_arn=place.cluster_arn(args.cluster_name), namespace=naming.NAMESPACE_EMR
            ),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        rights = aws.iam.RolePolicy(
            f"{name}-jobs-policy", role=role.name, policy=policy(*_job_statements(args)), opts=child
        )
        for component in COMPONENTS:
            aws.eks.PodIdentityAssociation(
                f"{name}-jobs-{component}",
                cluster_name=args.cluster_name,
                namespace=naming.NAMESPACE_EMR,
                service_account=job_service_account(component, args.account_id, args.job_role_name),
                role_arn=role.arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
            )
        cluster = aws.emrcontainers.VirtualCluster(
            f"{name}-virtual-cluster",
            name=args.virtual_cluster_name,
            container_provider=aws.emrcontainers.VirtualClusterContainerProviderArgs(
                id=args.cluster_name,
                type="EKS",
                info=aws.emrcontainers.VirtualClusterContainerProviderInfoArgs(
                    eks_info=aws.emrcontainers.VirtualClusterContainerProviderInfoEksInfoArgs(
                        namespace=naming.NAMESPACE_EMR
                    )
                ),
            ),
            # A namespace belongs to one virtual cluster at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=namespace, delete_before_replace=True),
        )
        self._templates(name, args)
        self.virtual_cluster_id, self.job_role_arn = cluster.id, role.arn
        self.register_outputs({"virtualClusterId": self.virtual_cluster_id})

    def _namespace(self, name: str, args: EmrOnEksArgs) -> list[pulumi.Resource]:
        opts = pulumi.ResourceOptions(parent=self, provider=args.kubernetes, depends_on=list(args.ready))
        made = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=metadata(None, name=naming.NAMESPACE_EMR, labels=pod_security_labels("baseline")),
            opts=opts,
        )
        closed = NetworkPolicies(
            f"{name}-network-policies",
            NetworkPoliciesArgs(
                namespaces={naming.NAMESPACE_EMR: made.metadata.name}, flows=emr_flows(), peers=args.peers, ready=()
            ),
            pulumi.ResourceOptions(parent=self, providers={"kubernetes": args.kubernetes}),
        )
        return [made, closed]

    def _templates(self, name: str, args: EmrOnEksArgs) -> None:
        """What drivers and executors look like; a job names the two in its request."""
        for component, template in TEMPLATES.items():
            lake_object(
                f"{name}-template-{component}",
                bucket=args.lake_bucket_name,
                key=template_key(component),
                content=json.dumps(template, indent=2) + "\n",
                content_type="application/json",
                key_arn=args.lake_key_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )


def _job_statements(args: EmrOnEksArgs) -> list[Statement]:
    return [
        *area_statements(args.lake_bucket_arn, reads=READS, writes=WRITES),
        Statement(
            sid="UseLakeKey",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[args.lake_key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{args.region}.amazonaws.com"}},
        ),
    ]


def job_service_account(component: str, account_id: str, role_name: str) -> str:
    """The service account that EMR makes for a component of jobs with the role.

    The name is EMR's rule, as in ``aws emr-containers create-role-associations`` (aws-cli,
    awscli/customizations/emrcontainers): the role's name as a number to the base 36.
    """
    return f"emr-containers-sa-spark-{component}-{account_id}-{_base36(role_name)}"


def _base36(text: str) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    number = int.from_bytes(text.encode("ascii"), "big")
    found = ""
    while number:
        number, digit = divmod(number, 36)
        found = digits[digit] + found
    return found or "0"
