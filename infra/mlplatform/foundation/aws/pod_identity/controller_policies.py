"""What the controllers may do: both narrowed to this cluster by the tags that EKS and they themselves set."""

from __future__ import annotations

from typing import Final

import pulumi

from mlplatform.foundation.aws.pod_identity.roles import Place
from mlplatform.iam_policies import Statement

AUTOSCALER_ACCOUNT: Final = "cluster-autoscaler"
LOAD_BALANCER_ACCOUNT: Final = "aws-load-balancer-controller"


def cluster_autoscaler(place: Place, cluster_name: pulumi.Input[str]) -> tuple[Statement, ...]:
    """Looks at everything, changes the auto-scaling groups of the cluster's own node groups.

    (Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "IAM Policy".)
    """
    node_groups = pulumi.Output.concat(place.arn("eks", "nodegroup/"), cluster_name, "/*/*")
    return (
        Statement(
            sid="Look",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            resources=["*"],
        ),
        Statement(sid="LookAtNodeGroups", actions=["eks:DescribeNodegroup"], resources=[node_groups]),
        Statement(
            sid="ScaleOwn",
            actions=["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            resources=[place.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
            # EKS tags the groups that it makes.
            conditions={"StringEquals": {"aws:ResourceTag/eks:cluster-name": cluster_name}},
        ),
    )


def load_balancer_controller(
    place: Place, cluster_name: pulumi.Input[str], vpc_id: pulumi.Input[str]
) -> tuple[Statement, ...]:
    """Network load balancers for services: a part of the policy that its makers publish, without application load
    balancers, certificates, WAF, Shield and Cognito, which are off.

    (Source: kubernetes-sigs/aws-load-balancer-controller, docs/install/iam_policy.json.)
    """
    own = {"aws:ResourceTag/elbv2.k8s.aws/cluster": cluster_name}
    new = {"aws:RequestTag/elbv2.k8s.aws/cluster": cluster_name}
    # Who changes other tags says nothing of that one: what is a cluster's stays it.
    keeps = {"Null": {"aws:RequestTag/elbv2.k8s.aws/cluster": "true"}}
    security_groups = place.arn("ec2", "security-group/*")
    vpc = pulumi.Output.concat(place.arn("ec2", "vpc/"), vpc_id)
    load_balancers = place.arn("elasticloadbalancing", "loadbalancer/net/*/*")
    target_groups = place.arn("elasticloadbalancing", "targetgroup/*/*")
    listeners = place.arn("elasticloadbalancing", "listener/*")
    role = "aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    return (
        Statement(
            sid="FirstLoadBalancerOfAccount",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[f"arn:aws:iam::{place.account_id}:role/{role}"],
            conditions={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        ),
        Statement(
            sid="Look",
            actions=[
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeAddresses",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTags",
                "ec2:DescribeVpcs",
                "elasticloadbalancing:DescribeCapacityReservation",
                "elasticloadbalancing:DescribeListenerAttributes",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTags",
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            resources=["*"],
        ),
        Statement(sid="LookAtVpc", actions=["ec2:GetSecurityGroupsForVpc"], resources=[vpc]),
        Statement(sid="NewSecurityGroup", actions=["ec2:CreateSecurityGroup"], resources=[security_groups, vpc]),
        Statement(
            sid="TagNewSecurityGroup",
            actions=["ec2:CreateTags"],
            resources=[security_groups],
            conditions={"StringEquals": {**new, "ec2:CreateAction": "CreateSecurityGroup"}},
        ),
        Statement(
            sid="TagOwnSecurityGroups",
            actions=["ec2:CreateTags", "ec2:DeleteTags"],
            resources=[security_groups],
            conditions={"StringEquals": own, **keeps},
        ),
        Statement(
            sid="OwnSecurityGroups",
            actions=[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:DeleteSecurityGroup",
            ],
            resources=[security_groups],
            conditions={"StringEquals": own},
        ),
        Statement(
            # Load balancers reach pods through the security group of the nodes, which EKS made and tagged.
            sid="NodesSecurityGroup",
            actions=["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            resources=[security_groups],
            conditions={"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": cluster_name}},
        ),
        Statement(
            sid="NewLoadBalancer",
            actions=["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"],
            resources=[load_balancers, target_groups],
            conditions={"StringEquals": new},
        ),
        Statement(
            sid="TagNewLoadBalancer",
            actions=["elasticloadbalancing:AddTags"],
            resources=[load_balancers, target_groups],
            conditions={
                "StringEquals": {
                    **new,
                    "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
                }
            },
        ),
        Statement(
            # A listener is tagged as it is made, and carries no tag before.
            sid="TagNewListener",
            actions=["elasticloadbalancing:AddTags"],
            resources=[listeners],
            conditions={"StringEquals": {**new, "elasticloadbalancing:CreateAction": "CreateListener"}},
        ),
        Statement(
            sid="TagOwn",
            actions=["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            resources=[load_balancers, target_groups, listeners],
            conditions={"StringEquals": own, **keeps},
        ),
        Statement(
            sid="OwnLoadBalancers",
            actions=[
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:RegisterTargets",
                "elasticloadbalancing:SetIpAddressType",
                "elasticloadbalancing:SetSecurityGroups",
                "elasticloadbalancing:SetSubnets",
            ],
            resources=[load_balancers, target_groups],
            conditions={"StringEquals": own},
        ),
        Statement(
            # Listeners carry the tags of the controller as well.
            sid="OwnListeners",
            actions=[
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyListenerAttributes",
            ],
            resources=[listeners],
            conditions={"StringEquals": own},
        ),
    )
