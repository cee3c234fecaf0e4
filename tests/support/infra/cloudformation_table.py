"""How the words of Pulumi's AWS provider and of CloudFormation differ, for each type that the program has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloudformation import SKIP, Counterpart

TAGS: Final = {"tags": SKIP}
"""A mapping here, a list there; what they must be is a rule's (`mlplatform_policy.instances`)."""


def of(type_: str, *, inside: str = "", parts: Mapping[str, Any] | None = None, **words: str) -> Counterpart:
    """A counterpart whose words differ at the top alone."""
    return Counterpart(type=type_, words={**TAGS, **words}, inside=inside, parts=parts or {})


def nested(
    type_: str, words: Mapping[str, str], *, inside: str = "", parts: Mapping[str, Any] | None = None
) -> Counterpart:
    """A counterpart whose words differ within blocks as well."""
    return Counterpart(type=type_, words={**TAGS, **words}, inside=inside, parts=parts or {})


def _disks(path: str) -> dict[str, str]:
    """Volumes of EMR's instances, in a list of instance types."""
    return {
        f"{path}.ebsConfigs": "EbsConfiguration.EbsBlockDeviceConfigs",
        f"{path}.ebsConfigs.type": "VolumeSpecification.VolumeType",
        f"{path}.ebsConfigs.size": "VolumeSpecification.SizeInGB",
    }


COUNTERPARTS: Final[Mapping[str, Counterpart]] = {
    "aws:rds/instance:Instance": of(
        "AWS::RDS::DBInstance",
        identifier="DBInstanceIdentifier",
        instanceClass="DBInstanceClass",
        multiAz="MultiAZ",
        dbSubnetGroupName="DBSubnetGroupName",
        vpcSecurityGroupIds="VPCSecurityGroups",
        caCertIdentifier="CACertificateIdentifier",
        username="MasterUsername",
        masterUserSecretKmsKeyId="MasterUserSecret.KmsKeyId",
        iamDatabaseAuthenticationEnabled="EnableIAMDatabaseAuthentication",
        parameterGroupName="DBParameterGroupName",
        backupWindow="PreferredBackupWindow",
        maintenanceWindow="PreferredMaintenanceWindow",
        performanceInsightsEnabled="EnablePerformanceInsights",
        performanceInsightsKmsKeyId="PerformanceInsightsKMSKeyId",
        enabledCloudwatchLogsExports="EnableCloudwatchLogsExports",
        # Of the stack there (DeletionPolicy), or of the moment.
        skipFinalSnapshot=SKIP,
        finalSnapshotIdentifier=SKIP,
        applyImmediately="ApplyImmediately",
    ),
    "aws:rds/subnetGroup:SubnetGroup": of(
        "AWS::RDS::DBSubnetGroup", description="DBSubnetGroupDescription", name="DBSubnetGroupName"
    ),
    "aws:rds/parameterGroup:ParameterGroup": of(
        "AWS::RDS::DBParameterGroup",
        name="DBParameterGroupName",
        parameters=SKIP,  # a mapping of anything there
    ),
    "aws:msk/cluster:Cluster": nested(
        "AWS::MSK::Cluster",
        {
            "brokerNodeGroupInfo.storageInfo.ebsStorageInfo": "EBSStorageInfo",
            "encryptionInfo.encryptionAtRestKmsKeyArn": "EncryptionAtRest.DataVolumeKMSKeyId",
            "clientAuthentication.sasl.iam": "Iam.Enabled",
            "clientAuthentication.sasl.scram": "Scram.Enabled",
            "clientAuthentication.unauthenticated": "Unauthenticated.Enabled",
            "loggingInfo.brokerLogs.cloudwatchLogs": "CloudWatchLogs",
        },
    ),
    "aws:msk/topic:Topic": of("AWS::MSK::Topic", name="TopicName"),
    "aws:msk/configuration:Configuration": of("AWS::MSK::Configuration", parts={"Name": "configuration"}),
    "aws:appautoscaling/target:Target": of("AWS::ApplicationAutoScaling::ScalableTarget"),
    "aws:appautoscaling/policy:Policy": of(
        "AWS::ApplicationAutoScaling::ScalingPolicy", parts={"PolicyName": "policy"}
    ),
    "aws:efs/fileSystem:FileSystem": nested(
        "AWS::EFS::FileSystem",
        {
            "lifecyclePolicies.transitionToIa": "TransitionToIA",
            "protection": "FileSystemProtection",
        },
    ),
    "aws:efs/accessPoint:AccessPoint": nested(
        "AWS::EFS::AccessPoint",
        {
            "rootDirectory.creationInfo": "CreationInfo",
            "rootDirectory.creationInfo.ownerGid": "OwnerGid",
        },
    ),
    "aws:efs/mountTarget:MountTarget": of("AWS::EFS::MountTarget"),
    "aws:efs/backupPolicy:BackupPolicy": of("AWS::EFS::FileSystem", fileSystemId=SKIP),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": of(
        "AWS::EFS::FileSystem",
        fileSystemId=SKIP,
        policy="FileSystemPolicy",
        bypassPolicyLockoutSafetyCheck="BypassPolicyLockoutSafetyCheck",
    ),
    "aws:s3/bucket:Bucket": of("AWS::S3::Bucket", bucket="BucketName", forceDestroy=SKIP),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": of(
        "AWS::S3::Bucket", inside="PublicAccessBlockConfiguration", bucket=SKIP
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": nested(
        "AWS::S3::Bucket", {"bucket": SKIP, "rule": "Rules[]"}, inside="OwnershipControls"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": nested(
        "AWS::S3::Bucket",
        {
            "bucket": SKIP,
            "rules": "ServerSideEncryptionConfiguration",
            "rules.applyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
            "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
        },
        inside="BucketEncryption",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": of("AWS::S3::Bucket", bucket=SKIP),
    "aws:s3/bucketLogging:BucketLogging": nested(
        "AWS::S3::Bucket",
        {
            "bucket": SKIP,
            "targetBucket": "DestinationBucketName",
            "targetPrefix": "LogFilePrefix",
        },
        inside="LoggingConfiguration",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": nested(
        "AWS::S3::Bucket",
        {
            "bucket": SKIP,
            "rules.filter": SKIP,
            "rules.expiration": SKIP,
            "rules.transitions.days": "TransitionInDays",
        },
        inside="LifecycleConfiguration",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": of("AWS::S3::BucketPolicy", policy="PolicyDocument"),
    "aws:ecr/repository:Repository": nested(
        "AWS::ECR::Repository",
        {
            "name": "RepositoryName",
            "forceDelete": "EmptyOnDelete",
            "encryptionConfigurations": "EncryptionConfiguration[0]",
        },
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": of(
        "AWS::ECR::Repository", repository="RepositoryName", policy="LifecyclePolicy.LifecyclePolicyText"
    ),
    "aws:kms/key:Key": of("AWS::KMS::Key", policy="KeyPolicy", deletionWindowInDays="PendingWindowInDays"),
    "aws:kms/alias:Alias": of("AWS::KMS::Alias", name="AliasName"),
    "aws:cloudwatch/logGroup:LogGroup": of("AWS::Logs::LogGroup", name="LogGroupName", skipDestroy=SKIP),
    "aws:cloudwatch/metricAlarm:MetricAlarm": nested(
        "AWS::CloudWatch::Alarm",
        {
            "name": "AlarmName",
            "dimensions": SKIP,
            "alarmActions": "AlarmActions",
            "okActions": "OKActions",
            "metricQueries": "Metrics",
            "metricQueries.metric.dimensions": SKIP,
        },
    ),
    "aws:sns/topic:Topic": of("AWS::SNS::Topic", name="TopicName"),
    "aws:sns/topicPolicy:TopicPolicy": of("AWS::SNS::TopicPolicy", arn="Topics[]", policy="PolicyDocument"),
    "aws:sns/topicSubscription:TopicSubscription": of("AWS::SNS::Subscription", topic="TopicArn"),
    "aws:eks/nodeGroup:NodeGroup": nested(
        "AWS::EKS::Nodegroup",
        {
            "nodeRoleArn": "NodeRole",
            "subnetIds": "Subnets",
            "labels": SKIP,
            "scalingConfig.desiredSize": "DesiredSize",
        },
    ),
    "aws:eks/addon:Addon": of(
        "AWS::EKS::Addon", resolveConflictsOnCreate="ResolveConflicts", resolveConflictsOnUpdate=SKIP
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": of("AWS::EKS::PodIdentityAssociation"),
    "aws:ec2/launchTemplate:LaunchTemplate": nested(
        "AWS::EC2::LaunchTemplate",
        {"updateDefaultVersion": SKIP, "vpcSecurityGroupIds": "SecurityGroupIds", "tagSpecifications": SKIP},
        inside="LaunchTemplateData",
    ),
    "aws:ec2/vpc:Vpc": of("AWS::EC2::VPC"),
    "aws:ec2/subnet:Subnet": of("AWS::EC2::Subnet"),
    "aws:ec2/eip:Eip": of("AWS::EC2::EIP"),
    "aws:ec2/natGateway:NatGateway": of("AWS::EC2::NatGateway"),
    "aws:ec2/route:Route": of("AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": of("AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": of("AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": of("AWS::EC2::VPCEndpoint", policy="PolicyDocument"),
    "aws:ec2/securityGroup:SecurityGroup": of(
        "AWS::EC2::SecurityGroup", description="GroupDescription", name="GroupName", revokeRulesOnDelete=SKIP
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": of(
        "AWS::EC2::SecurityGroupIngress",
        securityGroupId="GroupId",
        cidrIpv4="CidrIp",
        referencedSecurityGroupId="SourceSecurityGroupId",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": of(
        "AWS::EC2::SecurityGroupEgress",
        securityGroupId="GroupId",
        cidrIpv4="CidrIp",
        referencedSecurityGroupId="DestinationSecurityGroupId",
    ),
    "aws:ec2/flowLog:FlowLog": of(
        "AWS::EC2::FlowLog",
        vpcId="ResourceId",
        iamRoleArn="DeliverLogsPermissionArn",
        parts={"ResourceType": "VPC"},
    ),
    "aws:emrcontainers/virtualCluster:VirtualCluster": nested(
        "AWS::EMRContainers::VirtualCluster", {"containerProvider.info.eksInfo": "EksInfo"}
    ),
    "aws:emr/securityConfiguration:SecurityConfiguration": of(
        "AWS::EMR::SecurityConfiguration", configuration="SecurityConfiguration"
    ),
    "aws:emr/cluster:Cluster": nested(
        "AWS::EMR::Cluster",
        {
            "configurationsJson": SKIP,
            "applications": SKIP,
            "ec2Attributes": "Instances",
            "ec2Attributes.subnetIds": "Ec2SubnetIds",
            "ec2Attributes.instanceProfile": SKIP,
            "keepJobFlowAliveWhenNoSteps": "Instances.KeepJobFlowAliveWhenNoSteps",
            "terminationProtection": "Instances.TerminationProtected",
            "unhealthyNodeReplacement": "Instances.UnhealthyNodeReplacement",
            "masterInstanceFleet": "Instances.MasterInstanceFleet",
            "coreInstanceFleet": "Instances.CoreInstanceFleet",
            **_disks("masterInstanceFleet.instanceTypeConfigs"),
            **_disks("coreInstanceFleet.instanceTypeConfigs"),
            "bootstrapActions.path": "ScriptBootstrapAction.Path",
        },
        parts={"JobFlowRole": "profile"},
    ),
    "aws:emr/managedScalingPolicy:ManagedScalingPolicy": nested(
        "AWS::EMR::Cluster",
        {
            "clusterId": SKIP,
            "computeLimits": "ComputeLimits[0]",
            "computeLimits.maximumOndemandCapacityUnits": "MaximumOnDemandCapacityUnits",
        },
        inside="ManagedScalingPolicy",
        parts={"Instances": {}, "JobFlowRole": "profile", "ServiceRole": "role", "Name": "name"},
    ),
    "aws:emr/instanceFleet:InstanceFleet": nested(
        "AWS::EMR::InstanceFleetConfig",
        {**_disks("instanceTypeConfigs"), "launchSpecifications.spotSpecifications": "SpotSpecification[0]"},
        parts={"InstanceFleetType": "TASK"},
    ),
    "aws:secretsmanager/secret:Secret": of("AWS::SecretsManager::Secret", recoveryWindowInDays=SKIP),
    "aws:budgets/budget:Budget": nested(
        "AWS::Budgets::Budget",
        {
            "accountId": SKIP,
            "name": "BudgetName",
            "limitAmount": "BudgetLimit.Amount",
            "limitUnit": "BudgetLimit.Unit",
            "metrics": "Metrics[]",
            "filterExpression.ands": "And",
            "notifications": SKIP,
        },
        inside="Budget",
    ),
}

NOT_COMPARED: Final[Mapping[str, str]] = {
    "aws:s3/bucketObjectv2:BucketObjectv2": "CloudFormation has no files",
    "aws:iam/role:Role": "its documents are parliament's (test_iam)",
    "aws:iam/rolePolicy:RolePolicy": "its document is parliament's (test_iam)",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "its ARN is compared with moto's (test_iam)",
    "aws:iam/instanceProfile:InstanceProfile": "a role and a name",
    "aws:autoscaling/tag:Tag": "a key and a value",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "CloudFormation cannot manage what AWS makes by itself",
    "aws:ec2/internetGateway:InternetGateway": "CloudFormation attaches it with an object of its own",
}
"""Type → why there is nothing to compare."""
