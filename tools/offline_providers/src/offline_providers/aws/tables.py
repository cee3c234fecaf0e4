"""How AWS names things: ids, ARNs and endpoints of the types that a platform like ours uses.

Templates are filled from a resource's properties and from `partition`, `region`, `account`, `id`, `arn`, and digests of
the resource: `hex8`, `hex17`, `hex32`, `word13`, `uuid`, `octet`. Types that are not here get plausible values by rule.
"""

from __future__ import annotations

from typing import Any, Final

IDS: Final[dict[str, str]] = {
    "aws:ec2/vpc:Vpc": "vpc-{hex17}",
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": "vpc-cidr-assoc-{hex17}",
    "aws:ec2/subnet:Subnet": "subnet-{hex17}",
    "aws:ec2/securityGroup:SecurityGroup": "sg-{hex17}",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg-{hex17}",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "sgrule-{hex8}",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr-{hex17}",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr-{hex17}",
    "aws:ec2/routeTable:RouteTable": "rtb-{hex17}",
    "aws:ec2/route:Route": "r-{routeTableId}{hex8}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc-{hex17}",
    "aws:ec2/internetGateway:InternetGateway": "igw-{hex17}",
    "aws:ec2/natGateway:NatGateway": "nat-{hex17}",
    "aws:ec2/eip:Eip": "eipalloc-{hex17}",
    "aws:ec2/networkAcl:NetworkAcl": "acl-{hex17}",
    "aws:ec2/networkInterface:NetworkInterface": "eni-{hex17}",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-{hex17}",
    "aws:ec2/flowLog:FlowLog": "fl-{hex17}",
    "aws:ec2/launchTemplate:LaunchTemplate": "lt-{hex17}",
    "aws:ec2/instance:Instance": "i-{hex17}",
    "aws:ebs/volume:Volume": "vol-{hex17}",
    "aws:lb/loadBalancer:LoadBalancer": "{arn}",
    "aws:lb/targetGroup:TargetGroup": "{arn}",
    "aws:lb/listener:Listener": "{arn}",
    "aws:route53/zone:Zone": "Z{word13}",
    "aws:acm/certificate:Certificate": "{arn}",
    "aws:eks/nodeGroup:NodeGroup": "{clusterName}:{nodeGroupName}",
    "aws:eks/addon:Addon": "{clusterName}:{addonName}",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "a-{hex17}",
    "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "{clusterName}#{principalArn}#{policyArn}",
    "aws:eks/fargateProfile:FargateProfile": "{clusterName}:{fargateProfileName}",
    "aws:emr/cluster:Cluster": "j-{word13}",
    "aws:emr/instanceGroup:InstanceGroup": "ig-{word13}",
    "aws:emr/studio:Studio": "es-{word13}",
    "aws:msk/cluster:Cluster": "{arn}",
    "aws:msk/serverlessCluster:ServerlessCluster": "{arn}",
    "aws:msk/configuration:Configuration": "{arn}",
    "aws:emr/managedScalingPolicy:ManagedScalingPolicy": "{clusterId}",
    "aws:emr/instanceFleet:InstanceFleet": "if-{word13}",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "{fileSystemId}",
    "aws:efs/backupPolicy:BackupPolicy": "{fileSystemId}",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "{repository}",
    "aws:appautoscaling/target:Target": "{resourceId}",
    "aws:appautoscaling/policy:Policy": "{name}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
    "aws:rds/instance:Instance": "db-{word13}",
    "aws:rds/cluster:Cluster": "{clusterIdentifier}",
    "aws:rds/clusterInstance:ClusterInstance": "{identifier}",
    "aws:efs/fileSystem:FileSystem": "fs-{hex17}",
    "aws:efs/mountTarget:MountTarget": "fsmt-{hex17}",
    "aws:efs/accessPoint:AccessPoint": "fsap-{hex17}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:kms/key:Key": "{uuid}",
    "aws:iam/policy:Policy": "{arn}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}/{policyArn}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "{arn}",
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": "{arn}",
    "aws:secretsmanager/secret:Secret": "{arn}",
    "aws:secretsmanager/secretVersion:SecretVersion": "{secretId}|{uuid}",
    "aws:sns/topic:Topic": "{arn}",
    "aws:sqs/queue:Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "aws:budgets/budget:Budget": "{account}:{name}",
}

# The part of an ARN after the service, which is the first word of the type unless it is given.
ARNS: Final[dict[str, str]] = {
    "aws:ec2/vpc:Vpc": "ec2:{region}:{account}:vpc/{id}",
    "aws:ec2/eip:Eip": "ec2:{region}:{account}:elastic-ip/{id}",
    "aws:lb/loadBalancer:LoadBalancer": "elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex17}",
    "aws:lb/targetGroup:TargetGroup": "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex17}",
    "aws:lb/listener:Listener": "elasticloadbalancing:{region}:{account}:listener/app/{hex8}/{hex17}",
    "aws:eks/nodeGroup:NodeGroup": "eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/{uuid}",
    "aws:eks/addon:Addon": "eks:{region}:{account}:addon/{clusterName}/{addonName}/{uuid}",
    "aws:eks/accessEntry:AccessEntry": "eks:{region}:{account}:access-entry/{clusterName}/{uuid}",
    "aws:emrcontainers/virtualCluster:VirtualCluster": "emr-containers:{region}:{account}:/virtualclusters/{id}",
    "aws:emrserverless/application:Application": "emr-serverless:{region}:{account}:/applications/{id}",
    "aws:emr/cluster:Cluster": "elasticmapreduce:{region}:{account}:cluster/{id}",
    "aws:msk/cluster:Cluster": "kafka:{region}:{account}:cluster/{clusterName}/{uuid}-1",
    "aws:msk/serverlessCluster:ServerlessCluster": "kafka:{region}:{account}:cluster/{clusterName}/{uuid}-s1",
    "aws:msk/configuration:Configuration": "kafka:{region}:{account}:configuration/{name}/{uuid}-1",
    "aws:rds/instance:Instance": "rds:{region}:{account}:db:{identifier}",
    "aws:rds/cluster:Cluster": "rds:{region}:{account}:cluster:{clusterIdentifier}",
    "aws:rds/clusterInstance:ClusterInstance": "rds:{region}:{account}:db:{identifier}",
    "aws:rds/subnetGroup:SubnetGroup": "rds:{region}:{account}:subgrp:{name}",
    "aws:rds/parameterGroup:ParameterGroup": "rds:{region}:{account}:pg:{name}",
    "aws:efs/fileSystem:FileSystem": "elasticfilesystem:{region}:{account}:file-system/{id}",
    "aws:efs/accessPoint:AccessPoint": "elasticfilesystem:{region}:{account}:access-point/{id}",
    "aws:s3/bucket:Bucket": "s3:::{bucket}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{id}",
    "aws:kms/alias:Alias": "kms:{region}:{account}:{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:iam/policy:Policy": "iam::{account}:policy/{name}",
    "aws:iam/instanceProfile:InstanceProfile": "iam::{account}:instance-profile/{name}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam::{account}:oidc-provider/{host}",
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": "iam::{account}:role/aws-service-role/{awsServiceName}/{hex8}",
    "aws:secretsmanager/secret:Secret": "secretsmanager:{region}:{account}:secret:{name}-{hex6}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{name}",
    "aws:ssm/parameter:Parameter": "ssm:{region}:{account}:parameter{name}",
}

# Outputs with a form of their own. A dotted name is a property within an object.
OUTPUTS: Final[dict[str, dict[str, Any]]] = {
    "aws:ec2/eip:Eip": {"publicIp": "203.0.113.{octet}", "allocationId": "{id}", "domain": "vpc"},
    "aws:ec2/natGateway:NatGateway": {"publicIp": "203.0.113.{octet}", "privateIp": "10.0.0.{octet}"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1, "defaultVersion": 1},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"securityGroupRuleId": "{id}"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"securityGroupRuleId": "{id}"},
    "aws:eks/cluster:Cluster": {
        "endpoint": "https://{HEX32}.gr7.{region}.eks.amazonaws.com",
        "certificateAuthority": {"data": "c2ltdWxhdGVk"},
        "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{HEX32}"}]}],
        "platformVersion": "eks.1",
        "vpcConfig.clusterSecurityGroupId": "sg-{hex17}",
        "vpcConfig.vpcId": "vpc-{hex17}",
    },
    "aws:eks/nodeGroup:NodeGroup": {
        "resources": [
            {
                "autoscalingGroups": [{"name": "eks-{nodeGroupName}-{uuid}"}],
                "remoteAccessSecurityGroupId": "",
            }
        ],
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {"associationId": "{id}"},
    "aws:msk/cluster:Cluster": {
        "bootstrapBrokersSaslIam": "{brokers}:9098",
        "bootstrapBrokersSaslScram": "{brokers}:9096",
        "bootstrapBrokersTls": "{brokers}:9094",
        "bootstrapBrokers": "{brokers}:9092",
        "currentVersion": "K{word13}",
    },
    "aws:msk/serverlessCluster:ServerlessCluster": {
        "bootstrapBrokersSaslIam": "boot-{hex8}.c2.kafka-serverless.{region}.amazonaws.com:9098",
    },
    "aws:msk/configuration:Configuration": {"latestRevision": 1},
    "aws:rds/instance:Instance": {
        "address": "{identifier}.{hex12}.{region}.rds.amazonaws.com",
        "endpoint": "{identifier}.{hex12}.{region}.rds.amazonaws.com:{port}",
        "port": "{database_port}",
        "resourceId": "{id}",
        "status": "available",
        "engineVersionActual": "{engineVersion}",
        "masterUserSecrets": [],
    },
    "aws:rds/cluster:Cluster": {
        "endpoint": "{clusterIdentifier}.cluster-{hex12}.{region}.rds.amazonaws.com",
        "readerEndpoint": "{clusterIdentifier}.cluster-ro-{hex12}.{region}.rds.amazonaws.com",
        "masterUserSecrets": [],
        "port": "{database_port}",
    },
    "aws:efs/fileSystem:FileSystem": {"dnsName": "{id}.efs.{region}.amazonaws.com", "numberOfMountTargets": 0},
    "aws:efs/mountTarget:MountTarget": {
        "dnsName": "{fileSystemId}.efs.{region}.amazonaws.com",
        "ipAddress": "10.0.0.{octet}",
    },
    "aws:s3/bucket:Bucket": {
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        "bucketRegion": "{region}",
    },
    "aws:ecr/repository:Repository": {
        "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "registryId": "{account}",
    },
    "aws:kms/key:Key": {"keyId": "{id}"},
    "aws:iam/role:Role": {"uniqueId": "AROA{word13}"},
    "aws:iam/policy:Policy": {"policyId": "ANPA{word13}"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"versionId": "{uuid}", "arn": "{secretId}"},
    "aws:emr/cluster:Cluster": {"masterPublicDns": "ip-10-0-0-{octet}.{region}.compute.internal"},
    "aws:sqs/queue:Queue": {"url": "https://sqs.{region}.amazonaws.com/{account}/{name}"},
}

_MASTER_SECRET: Final[dict[str, Any]] = {
    "masterUserSecrets": [
        {
            "secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!{id}-{hex6}",
            "kmsKeyId": "arn:{partition}:kms:{region}:{account}:key/{uuid}",
            "secretStatus": "active",
        }
    ]
}
# Outputs that there are when an input is true.
OUTPUTS_WHEN: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "aws:rds/instance:Instance": {"manageMasterUserPassword": _MASTER_SECRET},
    "aws:rds/cluster:Cluster": {"manageMasterUserPassword": _MASTER_SECRET},
}

# What the provider names itself when the program does not, besides `name`.
AUTO_NAMED: Final[dict[str, str]] = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:rds/clusterInstance:ClusterInstance": "identifier",
    "aws:efs/fileSystem:FileSystem": "creationToken",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
    "aws:eks/fargateProfile:FargateProfile": "fargateProfileName",
    "aws:msk/cluster:Cluster": "clusterName",
    "aws:msk/serverlessCluster:ServerlessCluster": "clusterName",
}

# Outputs that count a resource's changes.
COUNTERS: Final[dict[str, str]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": "latestVersion",
    "aws:msk/configuration:Configuration": "latestRevision",
}

# What must not be set when a resource is deleted, and what the AWS API says.
PROTECTED: Final[dict[str, tuple[str, str]]] = {
    "aws:rds/instance:Instance": ("deletionProtection", "Cannot delete protected DB Instance"),
    "aws:rds/cluster:Cluster": ("deletionProtection", "Cannot delete protected Cluster"),
    "aws:eks/cluster:Cluster": ("deletionProtection", "Cluster has deletion protection enabled"),
    "aws:lb/loadBalancer:LoadBalancer": ("enableDeletionProtection", "Load balancer has deletion protection enabled"),
    "aws:dynamodb/table:Table": ("deletionProtectionEnabled", "Resource cannot be deleted as it is protected"),
    "aws:ec2/instance:Instance": ("disableApiTermination", "The instance may not be terminated"),
    "aws:emr/cluster:Cluster": ("terminationProtection", "Could not shut down one or more job flows: protected"),
}

# What must be set before something with contents can be deleted (see `simulation.py`: `filled`).
FORCED: Final[dict[str, str]] = {
    "aws:s3/bucket:Bucket": "forceDestroy",
    "aws:ecr/repository:Repository": "forceDelete",
    "aws:backup/vault:Vault": "forceDestroy",
    "aws:iam/role:Role": "forceDetachPolicies",
}
