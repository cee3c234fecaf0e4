"""Which properties of AWS resources cannot be changed in place.

The SDK's texts hardly say so (Pulumi strips Terraform's "Forces new resource" from them), so this is a table, read
from the Terraform provider's schemas (`ForceNew`) for the types that a platform like ours uses. `a.b` is a property
within an object. Every resource's `region` is in it too, see `replacement.py`.
"""

from __future__ import annotations

from typing import Final

NAMED: Final = "name namePrefix"

REPLACED: Final[dict[str, str]] = {
    # Network
    "aws:ec2/vpc:Vpc": "cidrBlock instanceTenancy ipv4IpamPoolId ipv4NetmaskLength",
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": "cidrBlock vpcId ipv4IpamPoolId",
    "aws:ec2/subnet:Subnet": "vpcId cidrBlock availabilityZone availabilityZoneId ipv6Native outpostArn",
    "aws:ec2/natGateway:NatGateway": "allocationId connectivityType privateIp subnetId vpcId availabilityMode",
    "aws:ec2/eip:Eip": "address domain customerOwnedIpv4Pool ipamPoolId networkBorderGroup publicIpv4Pool",
    "aws:ec2/routeTable:RouteTable": "vpcId",
    "aws:ec2/route:Route": "routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "subnetId gatewayId",
    "aws:ec2/securityGroup:SecurityGroup": f"{NAMED} description vpcId",
    "aws:ec2/securityGroupRule:SecurityGroupRule": (
        "type fromPort toPort protocol cidrBlocks ipv6CidrBlocks prefixListIds securityGroupId self"
        " sourceSecurityGroupId"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "securityGroupId",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "securityGroupId",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "vpcId",
    "aws:ec2/networkAcl:NetworkAcl": "vpcId",
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "serviceName serviceRegion vpcEndpointType vpcId resourceConfigurationArn serviceNetworkArn"
    ),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": "routeTableId vpcEndpointId",
    "aws:ec2/flowLog:FlowLog": (
        "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat"
        " maxAggregationInterval subnetId trafficType transitGatewayId vpcId"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": NAMED,
    "aws:ec2/placementGroup:PlacementGroup": "name strategy partitionCount spreadLevel",
    "aws:lb/loadBalancer:LoadBalancer": f"{NAMED} internal loadBalancerType customerOwnedIpv4Pool",
    "aws:lb/targetGroup:TargetGroup": f"{NAMED} port protocol protocolVersion targetType vpcId ipAddressType",
    "aws:lb/listener:Listener": "loadBalancerArn",
    "aws:route53/zone:Zone": "name delegationSetId",
    "aws:route53/record:Record": "name type zoneId",
    "aws:acm/certificate:Certificate": "domainName validationMethod keyAlgorithm certificateAuthorityArn",
    # Kubernetes
    "aws:eks/cluster:Cluster": (
        "name roleArn bootstrapSelfManagedAddons outpostConfig encryptionConfig"
        " accessConfig.bootstrapClusterCreatorAdminPermissions"
        " kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr"
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "clusterName nodeGroupName nodeGroupNamePrefix nodeRoleArn subnetIds amiType capacityType diskSize"
        " instanceTypes launchTemplate.id launchTemplate.name remoteAccess"
    ),
    "aws:eks/addon:Addon": "addonName clusterName",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "clusterName namespace serviceAccount",
    "aws:eks/accessEntry:AccessEntry": "clusterName principalArn type",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "clusterName principalArn policyArn accessScope",
    "aws:eks/fargateProfile:FargateProfile": "clusterName fargateProfileName podExecutionRoleArn selectors subnetIds",
    "aws:eks/identityProviderConfig:IdentityProviderConfig": "clusterName oidc",
    # Spark
    "aws:emrcontainers/virtualCluster:VirtualCluster": "name containerProvider",
    "aws:emrcontainers/jobTemplate:JobTemplate": "name jobTemplateData kmsKeyArn",
    "aws:emrserverless/application:Application": "name type",
    "aws:emr/cluster:Cluster": (
        "additionalInfo applications autoscalingRole bootstrapActions configurations configurationsJson customAmiId"
        " coreInstanceGroup.bidPrice coreInstanceGroup.ebsConfigs coreInstanceGroup.instanceType coreInstanceGroup.name"
        " ebsRootVolumeSize ec2Attributes keepJobFlowAliveWhenNoSteps kerberosAttributes logEncryptionKmsKeyId logUri"
        " masterInstanceGroup.bidPrice masterInstanceGroup.ebsConfigs masterInstanceGroup.instanceType"
        " masterInstanceGroup.instanceCount masterInstanceGroup.name name osReleaseLabel releaseLabel"
        " scaleDownBehavior securityConfiguration serviceRole"
    ),
    "aws:emr/instanceGroup:InstanceGroup": "clusterId instanceType ebsConfigs ebsOptimized name bidPrice",
    "aws:emr/securityConfiguration:SecurityConfiguration": f"{NAMED} configuration",
    "aws:emr/studio:Studio": (
        "authMode engineSecurityGroupId serviceRole userRole vpcId workspaceSecurityGroupId encryptionKeyArn"
    ),
    # Kafka
    "aws:msk/cluster:Cluster": (
        "clusterName brokerNodeGroupInfo.azDistribution brokerNodeGroupInfo.clientSubnets"
        " brokerNodeGroupInfo.securityGroups encryptionInfo.encryptionAtRestKmsKeyArn"
        " encryptionInfo.encryptionInTransit.inCluster"
    ),
    "aws:msk/serverlessCluster:ServerlessCluster": "clusterName clientAuthentication vpcConfigs",
    "aws:msk/configuration:Configuration": "name kafkaVersions",
    "aws:msk/clusterPolicy:ClusterPolicy": "clusterArn",
    "aws:msk/scramSecretAssociation:ScramSecretAssociation": "clusterArn",
    # Databases. A DB instance's `identifier` is renamed in place; its engine is not.
    "aws:rds/instance:Instance": (
        "availabilityZone characterSetName customIamInstanceProfile dbName engine identifierPrefix kmsKeyId"
        " ncharCharacterSetName restoreToPointInTime s3Import snapshotIdentifier storageEncrypted timezone username"
    ),
    "aws:rds/cluster:Cluster": (
        "availabilityZones clusterIdentifier clusterIdentifierPrefix databaseName dbSubnetGroupName dbSystemId engine"
        " engineMode kmsKeyId masterUsername restoreToPointInTime s3Import snapshotIdentifier storageEncrypted"
    ),
    "aws:rds/clusterInstance:ClusterInstance": (
        "availabilityZone clusterIdentifier dbSubnetGroupName engine identifier identifierPrefix"
    ),
    "aws:rds/subnetGroup:SubnetGroup": NAMED,
    "aws:rds/parameterGroup:ParameterGroup": f"{NAMED} family description",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": f"{NAMED} family description",
    "aws:rds/optionGroup:OptionGroup": f"{NAMED} engineName majorEngineVersion optionGroupDescription",
    "aws:dynamodb/table:Table": "name hashKey rangeKey localSecondaryIndexes importTable",
    "aws:elasticache/subnetGroup:SubnetGroup": "name",
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId port replicationGroupId"
        " snapshotArns snapshotName subnetGroupName"
    ),
    # Files and objects
    "aws:efs/fileSystem:FileSystem": "availabilityZoneName creationToken encrypted kmsKeyId performanceMode",
    "aws:efs/mountTarget:MountTarget": "fileSystemId subnetId ipAddress ipAddressType ipv6Address",
    "aws:efs/accessPoint:AccessPoint": "fileSystemId posixUser rootDirectory",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "fileSystemId",
    "aws:efs/backupPolicy:BackupPolicy": "fileSystemId",
    "aws:s3/bucket:Bucket": "bucket bucketPrefix objectLockEnabled",
    "aws:s3/bucketObject:BucketObject": "bucket key",
    "aws:s3/bucketObjectv2:BucketObjectv2": "bucket key",
    "aws:backup/vault:Vault": "name kmsKeyArn",
    "aws:backup/selection:Selection": "name iamRoleArn planId resources notResources selectionTags conditions",
    # Images
    "aws:ecr/repository:Repository": "name encryptionConfigurations",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "policy repository",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "repository",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": "ecrRepositoryPrefix upstreamRegistryUrl",
    # Keys, identities and secrets
    "aws:kms/key:Key": "customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId",
    "aws:kms/alias:Alias": NAMED,
    "aws:iam/role:Role": f"{NAMED} path",
    "aws:iam/policy:Policy": f"{NAMED} path description",
    "aws:iam/rolePolicy:RolePolicy": f"{NAMED} role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role policyArn",
    "aws:iam/instanceProfile:InstanceProfile": f"{NAMED} path",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "url",
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": "awsServiceName customSuffix",
    "aws:secretsmanager/secret:Secret": NAMED,
    "aws:secretsmanager/secretVersion:SecretVersion": "secretId secretString secretBinary",
    "aws:secretsmanager/secretRotation:SecretRotation": "secretId",
    "aws:ssm/parameter:Parameter": "name dataType",
    # Watching, queues and events
    "aws:cloudwatch/logGroup:LogGroup": f"{NAMED} logGroupClass",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:cloudwatch/eventRule:EventRule": f"{NAMED} eventBusName",
    "aws:cloudwatch/eventTarget:EventTarget": "rule targetId eventBusName",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:sqs/queue:Queue": f"{NAMED} fifoQueue",
    "aws:sqs/queuePolicy:QueuePolicy": "queueUrl",
    "aws:sns/topic:Topic": f"{NAMED} fifoTopic",
    "aws:sns/topicPolicy:TopicPolicy": "arn",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint protocol topic",
    "aws:budgets/budget:Budget": f"{NAMED} accountId",
    "aws:amp/workspace:Workspace": "kmsKeyArn",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": "name vpc",
}
