"""What the provider was not asked of a replacement, read in its source instead (`ForceNew`, `RequiresReplace`).

`aws_replacements.json` is the provider's own answer, and `make judge` writes it. It cannot tell of resources that a
remote component registers, of blocks that the program leaves out, or of a resource of which a changed copy does not
pass the provider's own validation. `a.b` is a property within an object.
"""

from __future__ import annotations

from typing import Final

READ: Final[dict[str, str]] = {
    # Parts of `eks.Cluster`, which pulumi-eks registers.
    "aws:eks/cluster:Cluster": (
        "name roleArn bootstrapSelfManagedAddons outpostConfig encryptionConfig"
        " accessConfig.bootstrapClusterCreatorAdminPermissions"
        " kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr"
    ),
    "aws:eks/accessEntry:AccessEntry": "clusterName principalArn type",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "clusterName principalArn policyArn accessScope",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "url",
    "aws:ec2/securityGroupRule:SecurityGroupRule": (
        "type fromPort toPort protocol cidrBlocks ipv6CidrBlocks prefixListIds securityGroupId self"
        " sourceSecurityGroupId"
    ),
    # Blocks that the program does not use.
    "aws:eks/nodeGroup:NodeGroup": "remoteAccess",
    "aws:rds/instance:Instance": "identifierPrefix restoreToPointInTime s3Import",
    "aws:emr/cluster:Cluster": "kerberosAttributes coreInstanceGroup masterInstanceGroup bootstrapActions",
    # kafka/topic.go; nobody has asked yet.
    "aws:msk/topic:Topic": "clusterArn name replicationFactor",
    # A topic's name ends in .fifo when it is one: a change of any other property was refused with it.
    "aws:sns/topic:Topic": "name namePrefix fifoTopic",
}

NOT_FOR_OURS: Final[dict[str, str]] = {
    # vpc_endpoint.go, CustomizeDiff: of endpoints that are no interface, which have no private DNS.
    "aws:ec2/vpcEndpoint:VpcEndpoint": "privateDnsEnabled",
}
"""What the provider told of a resource of another kind than those that have the property."""
