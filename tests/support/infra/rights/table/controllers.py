"""The cluster autoscaler and the load balancer controller: what their released sources send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.requests import Request, Row, asks, may, may_not, pod, tagged

AUTOSCALER: Final = pod("identities-platform-system-cluster-autoscaler")
AUTOSCALER_SOURCE: Final = "kubernetes/autoscaler cluster-autoscaler-1.35.0, cloudprovider/aws"
CONTROLLER: Final = pod("identities-platform-system-aws-load-balancer-controller")
CONTROLLER_SOURCE: Final = "kubernetes-sigs/aws-load-balancer-controller v3.5.0"

GROUP: Final = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:1f2e:autoScalingGroupName/eks-nodes-1"
ELB: Final = "arn:aws:elasticloadbalancing:{region}:{account}"
LOAD_BALANCER: Final = f"{ELB}:loadbalancer/net/k8s-serving-flightap-0a1b2c3d4e/0123456789abcdef"
TARGET_GROUP: Final = f"{ELB}:targetgroup/k8s-serving-flightap-5f6a7b8c9d/fedcba9876543210"
LISTENER: Final = f"{ELB}:listener/net/k8s-serving-flightap-0a1b2c3d4e/0123456789abcdef/89abcdef01234567"
SECURITY_GROUP: Final = "arn:aws:ec2:{region}:{account}:security-group/sg-0123456789abcdef0"
VPC: Final = "arn:aws:ec2:{region}:{account}:vpc/{vpc}"
CLUSTER_TAG: Final = "elbv2.k8s.aws/cluster"
OWN: Final = tagged("aws:ResourceTag", **{CLUSTER_TAG: "{cluster}"})
OTHERS: Final = tagged("aws:ResourceTag", **{CLUSTER_TAG: "another-cluster"})
NODES: Final = tagged("aws:ResourceTag", **{"aws:eks:cluster-name": "{cluster}"})
NEW: Final = tagged("aws:RequestTag", **{CLUSTER_TAG: "{cluster}", "service.k8s.aws/stack": "serving/flight-api"})
NEW_FOR_OTHERS: Final = tagged("aws:RequestTag", **{CLUSTER_TAG: "another-cluster"})
MORE_TAGS: Final = tagged("aws:RequestTag", costCentre="0042")


def _created(action: str) -> dict[str, str]:
    service = "ec2" if action == "CreateSecurityGroup" else "elasticloadbalancing"
    return {f"{service}:CreateAction": action}


def autoscaler() -> Iterator[Row]:
    """Looks at everything, and scales the groups of this cluster."""
    own = tagged("aws:ResourceTag", **{"eks:cluster-name": "{cluster}"})
    others = tagged("aws:ResourceTag", **{"eks:cluster-name": "another-cluster"})
    scale = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
    yield may(
        AUTOSCALER,
        "finds its groups by their tags, and what a new node of each would have",
        *asks(
            "*",
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
        ),
        source=f"{AUTOSCALER_SOURCE}/README.md, full features policy",
    )
    yield may(
        AUTOSCALER,
        "reads the labels and taints of a node group that has no node",
        *asks("arn:aws:eks:{region}:{account}:nodegroup/{cluster}/ray-1/5ec1", "eks:DescribeNodegroup"),
        source=f"{AUTOSCALER_SOURCE}/managed_nodegroup_cache.go",
    )
    yield may(
        AUTOSCALER,
        "starts and ends nodes of its cluster",
        *(Request(action, GROUP, own) for action in scale),
        source=f"{AUTOSCALER_SOURCE}/auto_scaling_groups.go; EKS tags the groups it makes (EKS guide, managed nodes)",
    )
    yield may_not(
        AUTOSCALER,
        "touches groups of others, or looks at another cluster's",
        *(Request(action, GROUP, context) for action in scale for context in (others, {})),
        *asks("arn:aws:eks:{region}:{account}:nodegroup/another/ray-1/5ec1", "eks:DescribeNodegroup"),
        *(Request(action, GROUP.replace("{account}", "210987654321"), own) for action in scale),
        *asks("arn:aws:ec2:{region}:{account}:instance/i-1", "ec2:TerminateInstances", "ec2:RunInstances"),
        source="scales its own cluster",
    )


def load_balancers() -> Iterator[Row]:
    """Internal network load balancers for services with addresses of pods as targets."""
    yield may(
        CONTROLLER,
        "looks around",
        *asks(
            "*",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
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
        ),
        source=f"{CONTROLLER_SOURCE}, pkg/networking and pkg/deploy/elbv2",
    )
    yield may(
        CONTROLLER,
        "has Elastic Load Balancing look around in its name when it makes a load balancer",
        *asks(
            "*",
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeTags",
        ),
        source=f"{CONTROLLER_SOURCE}, docs/install/iam_policy.json: no call of its own source",
    )
    yield may(
        CONTROLLER,
        "makes the account's first load balancer",
        Request(
            "iam:CreateServiceLinkedRole",
            "arn:aws:iam::{account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/"
            "AWSServiceRoleForElasticLoadBalancing",
            {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"},
        ),
        source=f"{CONTROLLER_SOURCE}, docs/install/iam_policy.json",
    )
    yield may(
        CONTROLLER,
        "makes a load balancer with its target group and listener, all tagged as they are made",
        Request("elasticloadbalancing:CreateLoadBalancer", LOAD_BALANCER, NEW),
        Request("elasticloadbalancing:AddTags", LOAD_BALANCER, {**NEW, **_created("CreateLoadBalancer")}),
        Request("elasticloadbalancing:CreateTargetGroup", TARGET_GROUP, NEW),
        Request("elasticloadbalancing:AddTags", TARGET_GROUP, {**NEW, **_created("CreateTargetGroup")}),
        Request("elasticloadbalancing:CreateListener", LOAD_BALANCER, {**OWN, **NEW}),
        Request("elasticloadbalancing:AddTags", LISTENER, {**NEW, **_created("CreateListener")}),
        source=f"{CONTROLLER_SOURCE}, pkg/deploy/elbv2/listener_manager.go (Create, gate ListenerRulesTagging)",
    )
    yield may(
        CONTROLLER,
        "makes security groups, tagged as they are made, and opens and closes them",
        Request("ec2:CreateSecurityGroup", SECURITY_GROUP, NEW),
        Request("ec2:CreateSecurityGroup", VPC),
        Request("ec2:CreateTags", SECURITY_GROUP, {**NEW, **_created("CreateSecurityGroup")}),
        Request("ec2:AuthorizeSecurityGroupIngress", SECURITY_GROUP, OWN),
        Request("ec2:RevokeSecurityGroupIngress", SECURITY_GROUP, OWN),
        Request("ec2:DeleteSecurityGroup", SECURITY_GROUP, OWN),
        Request("ec2:GetSecurityGroupsForVpc", VPC),
        source=f"{CONTROLLER_SOURCE}, pkg/deploy/ec2/security_group_manager.go, pkg/networking/backend_sg_provider.go",
    )
    yield may(
        CONTROLLER,
        "lets load balancers through to pods, by the group of the nodes",
        Request("ec2:AuthorizeSecurityGroupIngress", SECURITY_GROUP, NODES),
        Request("ec2:RevokeSecurityGroupIngress", SECURITY_GROUP, NODES),
        source=f"{CONTROLLER_SOURCE}, pkg/targetgroupbinding/networking_manager.go",
    )
    yield may(
        CONTROLLER,
        "follows tags that have changed: of load balancers, target groups, listeners and security groups",
        *(
            Request(f"elasticloadbalancing:{action}", resource, {**OWN, **(MORE_TAGS if action == "AddTags" else {})})
            for action in ("AddTags", "RemoveTags")
            for resource in (LOAD_BALANCER, TARGET_GROUP, LISTENER)
        ),
        Request("ec2:CreateTags", SECURITY_GROUP, {**OWN, **MORE_TAGS}),
        Request("ec2:DeleteTags", SECURITY_GROUP, OWN),
        source=f"{CONTROLLER_SOURCE}, pkg/deploy/elbv2/tagging_manager.go, pkg/deploy/ec2/tagging_manager.go",
    )
    yield may(
        CONTROLLER,
        "changes and removes what it has made",
        *(
            Request(f"elasticloadbalancing:{action}", LOAD_BALANCER, OWN)
            for action in (
                "DeleteLoadBalancer",
                "ModifyLoadBalancerAttributes",
                "SetIpAddressType",
                "SetSecurityGroups",
                "SetSubnets",
            )
        ),
        *(
            Request(f"elasticloadbalancing:{action}", TARGET_GROUP, OWN)
            for action in (
                "DeleteTargetGroup",
                "DeregisterTargets",
                "ModifyTargetGroup",
                "ModifyTargetGroupAttributes",
                "RegisterTargets",
            )
        ),
        *(
            Request(f"elasticloadbalancing:{action}", LISTENER, OWN)
            for action in ("DeleteListener", "ModifyListener", "ModifyListenerAttributes")
        ),
        source=f"{CONTROLLER_SOURCE}, pkg/deploy/elbv2/*_manager.go",
    )
    yield from _not_the_controllers()


def _not_the_controllers() -> Iterator[Row]:
    changes = {
        LOAD_BALANCER: ("CreateListener", "DeleteLoadBalancer", "SetSubnets", "AddTags", "RemoveTags"),
        TARGET_GROUP: ("DeleteTargetGroup", "RegisterTargets", "DeregisterTargets", "AddTags"),
        LISTENER: ("DeleteListener", "ModifyListener", "AddTags", "RemoveTags"),
    }
    yield may_not(
        CONTROLLER,
        "touches what is another cluster's, or nobody's",
        *(
            Request(f"elasticloadbalancing:{action}", resource, context)
            for resource, actions in changes.items()
            for action in actions
            for context in (OTHERS, {})
        ),
        *(
            Request(f"ec2:{action}", SECURITY_GROUP, context)
            for action in (
                "AuthorizeSecurityGroupIngress",
                "RevokeSecurityGroupIngress",
                "DeleteSecurityGroup",
                "CreateTags",
                "DeleteTags",
            )
            for context in (OTHERS, {})
        ),
        Request("ec2:DeleteSecurityGroup", SECURITY_GROUP, NODES),
        Request("ec2:CreateTags", SECURITY_GROUP, {**NODES, **NEW}),
        source="each cluster has a controller of its own, in one account with others",
    )
    yield may_not(
        CONTROLLER,
        "takes things over: what is there gets no tag of this cluster, and its own keep theirs",
        Request("elasticloadbalancing:AddTags", LOAD_BALANCER, NEW),
        Request("elasticloadbalancing:AddTags", TARGET_GROUP, NEW),
        Request("elasticloadbalancing:AddTags", LISTENER, NEW),
        Request("ec2:CreateTags", SECURITY_GROUP, NEW),
        *(
            Request("elasticloadbalancing:AddTags", resource, {**OWN, **NEW_FOR_OTHERS})
            for resource in (LOAD_BALANCER, TARGET_GROUP, LISTENER)
        ),
        Request("ec2:CreateTags", SECURITY_GROUP, {**OWN, **NEW_FOR_OTHERS}),
        source=f"{CONTROLLER_SOURCE}, docs/install/iam_policy.json: no cluster tag in such a request",
    )
    yield may_not(
        CONTROLLER,
        "makes something without its cluster's tag, or elsewhere",
        Request("elasticloadbalancing:CreateLoadBalancer", LOAD_BALANCER, NEW_FOR_OTHERS),
        Request("elasticloadbalancing:CreateTargetGroup", TARGET_GROUP),
        Request("ec2:CreateSecurityGroup", VPC.replace("{vpc}", "vpc-0another")),
        Request("ec2:GetSecurityGroupsForVpc", VPC.replace("{vpc}", "vpc-0another")),
        Request("ec2:CreateTags", SECURITY_GROUP, {**NEW_FOR_OTHERS, **_created("CreateSecurityGroup")}),
        Request("ec2:CreateTags", SECURITY_GROUP, {**NEW, "ec2:CreateAction": "RunInstances"}),
        *(
            Request("elasticloadbalancing:AddTags", resource, {**NEW_FOR_OTHERS, **_created(action)})
            for resource, action in (
                (LOAD_BALANCER, "CreateLoadBalancer"),
                (TARGET_GROUP, "CreateTargetGroup"),
                (LISTENER, "CreateListener"),
            )
        ),
        source="others find their own by the tag",
    )
    application = LOAD_BALANCER.replace("/net/", "/app/")
    slr = "arn:aws:iam::{account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    yield may_not(
        CONTROLLER,
        "makes application load balancers, or what goes with them, or another service's role",
        Request("elasticloadbalancing:CreateLoadBalancer", application, NEW),
        Request("elasticloadbalancing:SetWebAcl", LOAD_BALANCER, OWN),
        *asks("*", "acm:ListCertificates", "wafv2:AssociateWebACL", "shield:CreateProtection"),
        Request("iam:CreateServiceLinkedRole", slr, {"iam:AWSServiceName": "spot.amazonaws.com"}),
        Request(
            "iam:CreateServiceLinkedRole",
            "arn:aws:iam::{account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/"
            "AWSServiceRoleForElasticLoadBalancing",
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        source="the chart's values turn them off (foundation/aws/…/controllers.py)",
    )


def rows() -> Iterator[Row]:
    """Of both."""
    yield from autoscaler()
    yield from load_balancers()
