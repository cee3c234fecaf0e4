"""The policies that the makers of controllers publish, and where ours differ from them.

Written action by action, with the conditions that hold it; the text of no policy is here. What is looked at is the
version in `LOOKED_AT`: a test fails when a pin in `mlplatform` is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rights.evaluation import Document, listed

CLUSTER: Final = "elbv2.k8s.aws/cluster"
NEW: Final = f"aws:RequestTag/{CLUSTER} is there"
OWN: Final = f"aws:ResourceTag/{CLUSTER} is there"
KEEPS: Final = f"aws:RequestTag/{CLUSTER} is absent"
Rights = Mapping[str, frozenset[str]]
"""Action → for each statement that allows it, its conditions as one text."""


@dataclass(frozen=True, kw_only=True)
class Official:
    """A published policy, and what is said about the differences of ours."""

    role: str
    """Logical name of ours."""
    source: str
    rights: Rights
    left_out: Mapping[str, str]
    """Actions that ours does not have → why."""
    narrowed: Mapping[str, str]
    """Actions that ours holds by more or other conditions → why."""
    added: Mapping[str, str]
    """Actions that the makers' policy does not have → why."""


def _rights(*statements: tuple[str, str]) -> Rights:
    """From pairs of conditions and actions, both separated by blanks or ``; ``."""
    found: dict[str, set[str]] = {}
    for conditions, actions in statements:
        for action in actions.split():
            found.setdefault(action, set()).add(conditions)
    return {action: frozenset(conditions) for action, conditions in found.items()}


def _elb(names: str) -> str:
    return " ".join(f"elasticloadbalancing:{name}" for name in names.split())


def _ec2(names: str) -> str:
    return " ".join(f"ec2:{name}" for name in names.split())


def _for(reason: str, *actions: str) -> dict[str, str]:
    return {action: reason for text in actions for action in text.split()}


def _together(*conditions: str) -> str:
    return "; ".join(sorted(conditions))


_ALB = "only application load balancers have it, and the chart's values turn those off"
_OUTPOST = "for addresses of an Outpost or of IPAM, which no subnet of ours has"
_OWN_ALONE = "the controller's own carry its tag from the start (gate ListenerRulesTagging, on by default)"

LOAD_BALANCER_CONTROLLER: Final = Official(
    role="identities-platform-system-aws-load-balancer-controller",
    source="kubernetes-sigs/aws-load-balancer-controller v3.5.0, docs/install/iam_policy.json",
    rights=_rights(
        ("iam:AWSServiceName = elasticloadbalancing.amazonaws.com", "iam:CreateServiceLinkedRole"),
        (
            "",
            _ec2(
                "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeInternetGateways"
                " DescribeVpcs DescribeVpcPeeringConnections DescribeSubnets DescribeSecurityGroups DescribeInstances"
                " DescribeNetworkInterfaces DescribeTags GetCoipPoolUsage DescribeCoipPools GetSecurityGroupsForVpc"
                " DescribeIpamPools DescribeRouteTables AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress"
                " CreateSecurityGroup"
            ),
        ),
        (
            "",
            _elb(
                "DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeListeners DescribeListenerCertificates"
                " DescribeSSLPolicies DescribeRules DescribeTargetGroups DescribeTargetGroupAttributes"
                " DescribeTargetHealth DescribeTags DescribeTrustStores DescribeListenerAttributes"
                " DescribeCapacityReservation CreateListener DeleteListener CreateRule DeleteRule AddTags RemoveTags"
                " RegisterTargets DeregisterTargets SetWebAcl ModifyListener AddListenerCertificates"
                " RemoveListenerCertificates ModifyRule SetRulePriorities"
            ),
        ),
        (
            "",
            "cognito-idp:DescribeUserPoolClient acm:ListCertificates acm:DescribeCertificate iam:ListServerCertificates"
            " iam:GetServerCertificate waf-regional:GetWebACL waf-regional:GetWebACLForResource"
            " waf-regional:AssociateWebACL waf-regional:DisassociateWebACL wafv2:GetWebACL wafv2:GetWebACLForResource"
            " wafv2:AssociateWebACL wafv2:DisassociateWebACL shield:GetSubscriptionState shield:DescribeProtection"
            " shield:CreateProtection shield:DeleteProtection",
        ),
        (_together("ec2:CreateAction = CreateSecurityGroup", NEW), "ec2:CreateTags"),
        (_together(KEEPS, OWN), "ec2:CreateTags ec2:DeleteTags"),
        (OWN, _ec2("AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress DeleteSecurityGroup")),
        (NEW, _elb("CreateLoadBalancer CreateTargetGroup")),
        (_together(KEEPS, OWN), _elb("AddTags RemoveTags")),
        (
            OWN,
            _elb(
                "ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups SetSubnets DeleteLoadBalancer"
                " ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup ModifyListenerAttributes"
                " ModifyCapacityReservation ModifyIpPools"
            ),
        ),
        (
            _together("elasticloadbalancing:CreateAction = CreateLoadBalancer, CreateTargetGroup", NEW),
            "elasticloadbalancing:AddTags",
        ),
    ),
    left_out={
        **_for(
            _ALB,
            _elb(
                "DescribeListenerCertificates DescribeSSLPolicies DescribeRules DescribeTrustStores CreateRule"
                " DeleteRule SetWebAcl AddListenerCertificates RemoveListenerCertificates ModifyRule SetRulePriorities"
                " ModifyIpPools"
            ),
            "cognito-idp:DescribeUserPoolClient acm:ListCertificates acm:DescribeCertificate iam:ListServerCertificates"
            " iam:GetServerCertificate waf-regional:GetWebACL waf-regional:GetWebACLForResource"
            " waf-regional:AssociateWebACL waf-regional:DisassociateWebACL wafv2:GetWebACL wafv2:GetWebACLForResource"
            " wafv2:AssociateWebACL wafv2:DisassociateWebACL shield:GetSubscriptionState shield:DescribeProtection"
            " shield:CreateProtection shield:DeleteProtection",
        ),
        **_for(_OUTPOST, _ec2("GetCoipPoolUsage DescribeCoipPools DescribeIpamPools")),
        "ec2:DescribeVpcPeeringConnections": "for targets of a peered VPC by address (target type ip of an Ingress)",
        "elasticloadbalancing:ModifyCapacityReservation": "no service asks for reserved capacity by its annotation",
    },
    narrowed={
        "ec2:AuthorizeSecurityGroupIngress": "any group there, its own and the nodes' here",
        "ec2:RevokeSecurityGroupIngress": "any group there, its own and the nodes' here",
        "elasticloadbalancing:AddTags": "listeners at any time there, as they are made here: a tag of the cluster gives"
        " rights here",
        "elasticloadbalancing:RemoveTags": "listeners of anybody there, its own here",
        **{
            f"elasticloadbalancing:{name}": _OWN_ALONE
            for name in ("CreateListener", "DeleteListener", "ModifyListener", "RegisterTargets", "DeregisterTargets")
        },
    },
    added={},
)
CLUSTER_AUTOSCALER: Final = Official(
    role="identities-platform-system-cluster-autoscaler",
    source="kubernetes/autoscaler cluster-autoscaler-1.35.0, cloudprovider/aws/README.md, full features policy",
    rights=_rights(
        (
            "",
            "autoscaling:DescribeAutoScalingGroups autoscaling:DescribeAutoScalingInstances"
            " autoscaling:DescribeLaunchConfigurations autoscaling:DescribeScalingActivities ec2:DescribeImages"
            " ec2:DescribeInstanceTypes ec2:DescribeLaunchTemplateVersions ec2:GetInstanceTypesFromInstanceRequirements"
            " eks:DescribeNodegroup autoscaling:SetDesiredCapacity autoscaling:TerminateInstanceInAutoScalingGroup",
        )
    ),
    left_out={},
    narrowed={
        f"autoscaling:{name}": "the README recommends to hold them by tags: those of the cluster's groups"
        for name in ("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup")
    },
    added={},
)
EFS_DRIVER: Final = Official(
    role="add-ons-aws-efs-csi-driver",
    source="kubernetes-sigs/aws-efs-csi-driver v3.4.1, docs/iam-policy-example.json",
    rights=_rights(
        (
            "",
            "elasticfilesystem:DescribeAccessPoints elasticfilesystem:DescribeFileSystems"
            " elasticfilesystem:DescribeMountTargets s3files:ListAccessPoints s3files:ListFileSystems"
            " ec2:DescribeAvailabilityZones",
        ),
        (
            "aws:RequestTag/efs.csi.aws.com/cluster is there",
            "elasticfilesystem:CreateAccessPoint s3files:CreateAccessPoint",
        ),
        (
            "aws:ResourceTag/efs.csi.aws.com/cluster is there",
            "elasticfilesystem:TagResource s3files:TagResource elasticfilesystem:DeleteAccessPoint"
            " s3files:DeleteAccessPoint",
        ),
    ),
    left_out={
        **{
            f"s3files:{name}": "the platform has no file system of S3 Files"
            for name in ("ListAccessPoints", "ListFileSystems", "CreateAccessPoint", "TagResource", "DeleteAccessPoint")
        },
        **{
            f"elasticfilesystem:{name}": "access points are this program's: no storage class makes any"
            for name in ("CreateAccessPoint", "TagResource", "DeleteAccessPoint")
        },
    },
    narrowed={},
    added={},
)
FLOW_LOGS: Final = Official(
    role="network-flow-logs-role",
    source="VPC user guide, 'IAM role for publishing flow logs to CloudWatch Logs', November 2026",
    rights=_rights(
        (
            "",
            "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:DescribeLogGroups logs:DescribeLogStreams",
        )
    ),
    left_out={"logs:CreateLogGroup": "the group is this program's, with its key and retention"},
    narrowed={},
    added={},
)
OFFICIAL: Final = (LOAD_BALANCER_CONTROLLER, CLUSTER_AUTOSCALER, EFS_DRIVER, FLOW_LOGS)

LOOKED_AT: Final[Mapping[str, tuple[str, str]]] = {
    # Charts.
    "aws-load-balancer-controller": ("3.5.0", "its source and policy of v3.5.0"),
    "cluster-autoscaler": ("9.59.0", "its chart, and source and README of cluster-autoscaler-1.35.0"),
    "metrics-server": ("3.13.1", "asks kubelets, and nothing of AWS"),
    "kuberay-operator": ("1.7.1", "asks Kubernetes alone; the newest public source is that of v1.7.0"),
    # Add-ons.
    "vpc-cni": ("v1.22.4-eksbuild.3", "AWS' own policy AmazonEKS_CNI_Policy v6"),
    "kube-proxy": ("v1.35.3-eksbuild.29", "asks nothing of AWS"),
    "eks-pod-identity-agent": ("v1.3.10-eksbuild.3", "asks with the node's role: eks-auth:AssumeRoleForPodIdentity"),
    "coredns": ("v1.13.2-eksbuild.31", "asks nothing of AWS"),
    "aws-ebs-csi-driver": ("v1.66.0-eksbuild.1", "AmazonEBSCSIDriverPolicyV2 v1; newest public source: v1.64.0"),
    "aws-efs-csi-driver": ("v3.4.2-eksbuild.1", "newest public source: v3.4.1"),
    # Services.
    "EMR": ("emr-7.13.0", "AmazonEMRServicePolicy_v2 v6"),
}
"""Chart, add-on or service → the version whose requests the table of rights was written from, and what was read."""


def rights_of(document: Document) -> dict[str, frozenset[str]]:
    """What a policy allows, in the words of `Official.rights`."""
    found: dict[str, set[str]] = {}
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                found.setdefault(action, set()).add(conditions_of(statement))
    return {action: frozenset(conditions) for action, conditions in found.items()}


def conditions_of(statement: Mapping[str, Any]) -> str:
    """The conditions of a statement as one text; of a tag it counts whether there must be one, not which."""
    texts = []
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            if operator == "Null":
                texts.append(f"{key} is {'absent' if listed(value) == ['true'] else 'there'}")
            elif "Tag/" in key:
                texts.append(f"{key} is there")
            else:
                texts.append(f"{key} = {', '.join(sorted(listed(value)))}")
    return _together(*texts)
