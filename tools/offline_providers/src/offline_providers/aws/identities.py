"""By what AWS tells two resources of a type apart, and what it does with a second of the same.

A replacement makes the new resource first and removes the old one after it, unless it is told otherwise. Where both are
the same to AWS that goes wrong in one of two ways: AWS refuses the second, or it takes the second for a change of the
first, and the removal of the "old" one removes what was just made. Types whose ids AWS chooses, and of which two alike
may be, are not here (a VPC, an access point, an EMR cluster).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from offline_providers.wire import UNKNOWN


@dataclass(frozen=True)
class Identity:
    """What makes a resource the one that it is."""

    properties: tuple[str, ...]
    """Of its inputs; `a.b` is a property within an object."""
    refusal: str = ""
    """What the API says to a second one; empty: it takes the second for a change of the first."""
    stays: bool = False
    """Nothing can remove one as long as what it belongs to is there."""

    def of(self, inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The values in these inputs; None when one is missing, empty or not known yet."""
        found = []
        for path in self.properties:
            value: Any = inputs
            for part in path.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value in (None, "") or value is UNKNOWN:
                return None
            found.append(str(value))
        return tuple(found)


def _one(properties: str, refusal: str = "", *, stays: bool = False) -> Identity:
    return Identity(tuple(properties.split()), refusal, stays)


EXISTS: Final = "already exists"
IDENTITIES: Final[dict[str, Identity]] = {
    # Network
    "aws:ec2/subnet:Subnet": _one("vpcId cidrBlock", "InvalidSubnet.Conflict: The CIDR conflicts with another subnet"),
    "aws:ec2/securityGroup:SecurityGroup": _one("vpcId name", f"InvalidGroup.Duplicate: The group {EXISTS} in the VPC"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _one("vpcId"),
    "aws:ec2/natGateway:NatGateway": _one(
        "allocationId", "Resource.AlreadyAssociated: The elastic IP address is already associated"
    ),
    "aws:ec2/route:Route": _one("routeTableId destinationCidrBlock", f"RouteAlreadyExists: The route {EXISTS}"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _one(
        "subnetId", "Resource.AlreadyAssociated: The subnet is associated with a route table already"
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _one(
        "vpcId serviceName vpcEndpointType",
        "InvalidParameter: there is already a conflicting DNS domain for this service in the VPC",
    ),
    "aws:ec2/flowLog:FlowLog": _one(
        "vpcId logDestination",
        "FlowLogAlreadyExists: There is an existing Flow Log with the same configuration and log destination",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _one(
        "name", "InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use"
    ),
    # Kubernetes
    "aws:eks/cluster:Cluster": _one("name", f"ResourceInUseException: Cluster {EXISTS} with that name"),
    "aws:eks/nodeGroup:NodeGroup": _one("clusterName nodeGroupName", f"ResourceInUseException: NodeGroup {EXISTS}"),
    "aws:eks/addon:Addon": _one("clusterName addonName", f"ResourceInUseException: Addon {EXISTS}"),
    "aws:eks/accessEntry:AccessEntry": _one(
        "clusterName principalArn", "ResourceInUseException: The specified access entry resource is already in use"
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _one("clusterName principalArn policyArn"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _one(
        "clusterName namespace serviceAccount", f"ResourceInUseException: Association {EXISTS}"
    ),
    "aws:autoscaling/tag:Tag": _one("autoscalingGroupName tag.key"),
    # Spark
    "aws:emr/managedScalingPolicy:ManagedScalingPolicy": _one("clusterId"),
    "aws:emr/instanceFleet:InstanceFleet": _one(
        "clusterId", f"InvalidRequestException: A task instance fleet {EXISTS} in the cluster", stays=True
    ),
    "aws:emr/securityConfiguration:SecurityConfiguration": _one(
        "name", f"InvalidRequestException: Security configuration with name {EXISTS}"
    ),
    "aws:emrcontainers/virtualCluster:VirtualCluster": _one(
        "containerProvider.id containerProvider.info.eksInfo.namespace",
        f"ValidationException: A virtual cluster {EXISTS} in the given namespace",
    ),
    # Kafka
    "aws:msk/cluster:Cluster": _one("clusterName", f"ConflictException: A cluster with this name {EXISTS}"),
    "aws:msk/configuration:Configuration": _one("name", f"ConflictException: A configuration with this name {EXISTS}"),
    "aws:msk/topic:Topic": _one("clusterArn name", f"TopicExistsException: A topic with this name {EXISTS}"),
    "aws:appautoscaling/target:Target": _one("serviceNamespace resourceId scalableDimension"),
    "aws:appautoscaling/policy:Policy": _one("serviceNamespace resourceId scalableDimension name"),
    # Databases
    "aws:rds/instance:Instance": _one("identifier", f"DBInstanceAlreadyExists: DB instance {EXISTS}"),
    "aws:rds/subnetGroup:SubnetGroup": _one("name", f"DBSubnetGroupAlreadyExists: The DB subnet group {EXISTS}"),
    "aws:rds/parameterGroup:ParameterGroup": _one("name", f"DBParameterGroupAlreadyExists: Parameter group {EXISTS}"),
    # Files and objects
    "aws:efs/fileSystem:FileSystem": _one("creationToken", f"FileSystemAlreadyExists: File system {EXISTS}"),
    "aws:efs/mountTarget:MountTarget": _one("fileSystemId subnetId", "MountTargetConflict: mount target exists in AZ"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _one("fileSystemId"),
    "aws:efs/backupPolicy:BackupPolicy": _one("fileSystemId"),
    "aws:s3/bucket:Bucket": _one("bucket", "BucketAlreadyOwnedByYou: The bucket name is already taken, by you"),
    **{
        f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}": _one("bucket")
        for kind in (
            "BucketLifecycleConfiguration",
            "BucketLogging",
            "BucketOwnershipControls",
            "BucketPolicy",
            "BucketPublicAccessBlock",
            "BucketServerSideEncryptionConfiguration",
            "BucketVersioning",
        )
    },
    "aws:s3/bucketObjectv2:BucketObjectv2": _one("bucket key"),
    # Images
    "aws:ecr/repository:Repository": _one("name", f"RepositoryAlreadyExistsException: The repository {EXISTS}"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _one("repository"),
    # Keys, identities and secrets
    "aws:kms/alias:Alias": _one("name", "AlreadyExistsException: An alias with the name exists already"),
    "aws:iam/role:Role": _one("name", f"EntityAlreadyExists: Role with this name {EXISTS}"),
    "aws:iam/policy:Policy": _one("name", f"EntityAlreadyExists: A policy with this name {EXISTS}"),
    "aws:iam/instanceProfile:InstanceProfile": _one("name", f"EntityAlreadyExists: Instance Profile {EXISTS}"),
    "aws:iam/rolePolicy:RolePolicy": _one("role name"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _one("role policyArn"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _one("url", f"EntityAlreadyExists: Provider {EXISTS}"),
    "aws:secretsmanager/secret:Secret": _one("name", f"ResourceExistsException: The secret {EXISTS}"),
    # Watching
    "aws:cloudwatch/logGroup:LogGroup": _one("name", f"ResourceAlreadyExistsException: The log group {EXISTS}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _one("name"),
    "aws:budgets/budget:Budget": _one("name", f"DuplicateRecordException: the budget {EXISTS}"),
    "aws:sns/topic:Topic": _one("name"),
    "aws:sns/topicPolicy:TopicPolicy": _one("arn"),
    "aws:sns/topicSubscription:TopicSubscription": _one("topic protocol endpoint"),
}
"""Type → its identity: from the provider's source (`SetId`, its create and delete) and the services' API pages."""

ALIKE: Final = frozenset(
    {
        "aws:ec2/vpc:Vpc",
        "aws:ec2/eip:Eip",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:efs/accessPoint:AccessPoint",
        "aws:emr/cluster:Cluster",
        "aws:kms/key:Key",
        # A second rule that opens the same is refused, but its group alone replaces one, and belongs to what it opens.
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""Types of which any number may be alike."""

DELETED_FIRST: Final = frozenset(
    {
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:efs/mountTarget:MountTarget",
    }
)
"""Types of which pulumi-aws itself removes the old one first (`DeleteBeforeReplace` in its provider/resources.go)."""


WITHOUT_THE_NAMES_RULE: Final = frozenset(
    {
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:msk/topic:Topic",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    }
)
"""Types of the plugin framework, of which the bridge does not delete first what the program has named
(pulumi-terraform-bridge, pkg/pf/tfbridge/provider_diff.go)."""


def same_after(token: str, replaced: set[str]) -> bool:
    """Whether a replacement because of these properties makes what is the same to AWS."""
    identity = IDENTITIES.get(token)
    if identity is None:
        return False
    return not any(path == own or own.startswith(f"{path}.") for path in replaced for own in identity.properties)
