"""Examples of `mlplatform_policy.encryption`."""

from __future__ import annotations

import json
from typing import Any, Final

from mlplatform_policy.view import UNKNOWN

from policy_examples.example import broken, kept, view

KEY: Final = "arn:aws:kms:eu-central-1:123456789012:key/1"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
DATABASE: Final = "aws:rds/instance:Instance"
FILES: Final = "aws:efs/fileSystem:FileSystem"
KAFKA: Final = "aws:msk/cluster:Cluster"
LOGS: Final = "aws:cloudwatch/logGroup:LogGroup"
TOPIC: Final = "aws:sns/topic:Topic"
IMAGES: Final = "aws:ecr/repository:Repository"
CLUSTER: Final = "eks:index:Cluster"
EKS: Final = "aws:eks/cluster:Cluster"
EMR: Final = "aws:emr/cluster:Cluster"
EMR_SETTINGS: Final = "aws:emr/securityConfiguration:SecurityConfiguration"
CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"

DATABASE_SETTINGS: Final = {
    "storageEncrypted": True,
    "kmsKeyId": KEY,
    "performanceInsightsEnabled": True,
    "performanceInsightsKmsKeyId": KEY,
    "manageMasterUserPassword": True,
    "masterUserSecretKmsKeyId": KEY,
}


def volume(**ebs: Any) -> dict[str, Any]:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]}


def emr(at_rest: dict[str, Any]) -> dict[str, Any]:
    encryption = {"EnableAtRestEncryption": bool(at_rest), "AtRestEncryptionConfiguration": at_rest}
    return {"configuration": json.dumps({"EncryptionConfiguration": encryption})}


S3_MODE: Final = {"S3EncryptionConfiguration": {"EncryptionMode": "SSE-KMS", "AwsKmsKey": KEY}}
DISKS: Final = {"LocalDiskEncryptionConfiguration": {"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": KEY}}
TLS: Final = {"encryptionInTransit": {"clientBroker": "TLS", "inCluster": True}}

EXAMPLES = (
    kept("volumes-encrypted", view(TEMPLATE, volume(encrypted="true", kmsKeyId=UNKNOWN))),
    broken(
        "volumes-encrypted",
        view(TEMPLATE, {}),
        "names no volume, so that the root volume is as the image has it: name it, encrypted",
    ),
    broken(
        "volumes-encrypted",
        view(TEMPLATE, volume(encrypted="false", kmsKeyId=KEY)),
        "volume /dev/xvda is not encrypted: set encrypted",
    ),
    broken(
        "volumes-encrypted",
        view(TEMPLATE, volume(encrypted="true")),
        "volume /dev/xvda is encrypted with the account's default key: set kms_key_id",
    ),
    kept("database-encrypted", view(DATABASE, DATABASE_SETTINGS)),
    broken(
        "database-encrypted",
        view(DATABASE, {"performanceInsightsEnabled": True, "manageMasterUserPassword": True}),
        "its storage is not encrypted: set storage_encrypted",
        "its storage has no key of ours: set kms_key_id",
        "Performance Insights has no key of ours: set performance_insights_kms_key_id",
        "its master password's secret has no key of ours: set master_user_secret_kms_key_id",
    ),
    broken(
        "database-encrypted",
        view(DATABASE, {**DATABASE_SETTINGS, "manageMasterUserPassword": None, "password": "in the state"}),
        "its master password would be in Pulumi's state: set manage_master_user_password",
    ),
    kept("files-encrypted", view(FILES, {"encrypted": True, "kmsKeyId": KEY})),
    broken(
        "files-encrypted",
        view(FILES, {}),
        "is not encrypted, and cannot be later: set encrypted",
        "has no key of ours: set kms_key_id",
    ),
    kept("kafka-encrypted", view(KAFKA, {"encryptionInfo": {"encryptionAtRestKmsKeyArn": KEY, **TLS}})),
    broken(
        "kafka-encrypted",
        view(KAFKA, {"encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS_PLAINTEXT"}}}),
        "has no key of ours: set encryption_info.encryption_at_rest_kms_key_arn",
        "clients may speak plain text: set encryption_info.encryption_in_transit.client_broker to TLS",
        "brokers speak plain text among themselves: set encryption_info.encryption_in_transit.in_cluster",
    ),
    kept("logs-encrypted", view(LOGS, {"kmsKeyId": KEY})),
    broken("logs-encrypted", view(LOGS, {}), "has no key of ours: set kms_key_id"),
    kept("topics-encrypted", view(TOPIC, {"kmsMasterKeyId": KEY})),
    broken("topics-encrypted", view(TOPIC, {"kmsMasterKeyId": ""}), "has no key: set kms_master_key_id"),
    kept("images-encrypted", view(IMAGES, {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}]})),
    broken(
        "images-encrypted",
        view(IMAGES, {}),
        "has no key of ours, and cannot get one later: set encryption_configurations",
    ),
    broken(
        "images-encrypted",
        view(IMAGES, {"encryptionConfigurations": [{"encryptionType": "AES256"}]}),
        "has no key of ours: set encryption_type KMS and kms_key",
    ),
    kept("cluster-secrets-encrypted", view(CLUSTER, {"encryptionConfigKeyArn": UNKNOWN})),
    # Under the engine a remote component has no inputs: its child, below, has them.
    kept("cluster-secrets-encrypted", view(CLUSTER, {})),
    kept("cluster-secrets-encrypted", view(EKS, {"encryptionConfig": {"provider": {"keyArn": KEY}}})),
    broken(
        "cluster-secrets-encrypted",
        view(CLUSTER, {"version": "1.35"}),
        "has no key of ours: set encryption_config_key_arn",
    ),
    broken("cluster-secrets-encrypted", view(EKS, {}), "has no key of ours: set encryption_config"),
    kept("emr-encrypted", view(EMR, {"securityConfiguration": "strict"})),
    broken("emr-encrypted", view(EMR, {}), "has no security configuration: set security_configuration"),
    kept("emr-configuration-encrypts", view(EMR_SETTINGS, emr({**S3_MODE, **DISKS}))),
    broken(
        "emr-configuration-encrypts", view(EMR_SETTINGS, emr({})), "leaves data unencrypted: set EnableAtRestEncryption"
    ),
    broken(
        "emr-configuration-encrypts",
        view(EMR_SETTINGS, emr({"S3EncryptionConfiguration": {}, "LocalDiskEncryptionConfiguration": {}})),
        "does not say how files in S3 are encrypted: set S3EncryptionConfiguration",
        "disks have no key of ours: set LocalDiskEncryptionConfiguration.AwsKmsKey",
    ),
    kept(
        "pod-volumes-encrypted",
        view(CLASS, {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "true", "kmsKeyId": KEY}}),
        view(CLASS, {"provisioner": "efs.csi.aws.com"}),
    ),
    broken(
        "pod-volumes-encrypted",
        view(CLASS, {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}}),
        "its volumes are not encrypted: set the parameter encrypted",
        "its volumes have no key of ours: set the parameter kmsKeyId",
    ),
)
