"""Data is encrypted where it lies and on its way, with a key of ours."""

from __future__ import annotations

from collections.abc import Iterator

from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, dig, document, is_on, is_set, is_shell, items


@resource_rule(
    "volumes-encrypted",
    "Volumes of nodes are encrypted with a key of ours.",
    "aws:ec2/launchTemplate:LaunchTemplate",
)
def volumes_encrypted(resource: ResourceView) -> Iterator[str]:
    """A template without a mapping gets the image's own volume, encrypted or not."""
    mappings = resource.get("blockDeviceMappings")
    if not is_set(mappings):
        yield "names no volume, so that the root volume is as the image has it: name it, encrypted"
    for mapping in items(mappings):
        device = dig(mapping, "deviceName")
        if not is_on(dig(mapping, "ebs", "encrypted")):
            yield f"volume {device} is not encrypted: set encrypted"
        elif not is_set(dig(mapping, "ebs", "kmsKeyId")):
            yield f"volume {device} is encrypted with the account's default key: set kms_key_id"


@resource_rule(
    "database-encrypted",
    "The database, what Performance Insights keeps of it and its master password are encrypted with a key of ours.",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
)
def database_encrypted(resource: ResourceView) -> Iterator[str]:
    """Storage, insights and secret each have a key of their own setting."""
    if not is_on(resource.get("storageEncrypted")):
        yield "its storage is not encrypted: set storage_encrypted"
    if not is_set(resource.get("kmsKeyId")):
        yield "its storage has no key of ours: set kms_key_id"
    if is_on(resource.get("performanceInsightsEnabled")) and not is_set(resource.get("performanceInsightsKmsKeyId")):
        yield "Performance Insights has no key of ours: set performance_insights_kms_key_id"
    if not is_on(resource.get("manageMasterUserPassword")):
        yield "its master password would be in Pulumi's state: set manage_master_user_password"
    elif not is_set(resource.get("masterUserSecretKmsKeyId")):
        yield "its master password's secret has no key of ours: set master_user_secret_kms_key_id"


@resource_rule("files-encrypted", "Shared files are encrypted with a key of ours.", "aws:efs/fileSystem:FileSystem")
def files_encrypted(resource: ResourceView) -> Iterator[str]:
    """EFS cannot be encrypted later."""
    if not is_on(resource.get("encrypted")):
        yield "is not encrypted, and cannot be later: set encrypted"
    if not is_set(resource.get("kmsKeyId")):
        yield "has no key of ours: set kms_key_id"


@resource_rule(
    "kafka-encrypted",
    "Events are encrypted with a key of ours on disk, and with TLS between clients and brokers and among brokers.",
    "aws:msk/cluster:Cluster",
)
def kafka_encrypted(resource: ResourceView) -> Iterator[str]:
    """MSK's own defaults allow plain text between clients and brokers for some ways of authentication."""
    if not is_set(resource.get("encryptionInfo", "encryptionAtRestKmsKeyArn")):
        yield "has no key of ours: set encryption_info.encryption_at_rest_kms_key_arn"
    if resource.get("encryptionInfo", "encryptionInTransit", "clientBroker") not in ("TLS", UNKNOWN):
        yield "clients may speak plain text: set encryption_info.encryption_in_transit.client_broker to TLS"
    if not is_on(resource.get("encryptionInfo", "encryptionInTransit", "inCluster")):
        yield "brokers speak plain text among themselves: set encryption_info.encryption_in_transit.in_cluster"


@resource_rule("logs-encrypted", "Logs are encrypted with a key of ours.", "aws:cloudwatch/logGroup:LogGroup")
def logs_encrypted(resource: ResourceView) -> Iterator[str]:
    """CloudWatch's own encryption is with a key that nobody of ours controls."""
    if not is_set(resource.get("kmsKeyId")):
        yield "has no key of ours: set kms_key_id"


@resource_rule("topics-encrypted", "Notifications are encrypted with a key.", "aws:sns/topic:Topic")
def topics_encrypted(resource: ResourceView) -> Iterator[str]:
    """A topic without a key keeps messages in plain text."""
    if not is_set(resource.get("kmsMasterKeyId")):
        yield "has no key: set kms_master_key_id"


@resource_rule("images-encrypted", "Images are encrypted with a key of ours.", "aws:ecr/repository:Repository")
def images_encrypted(resource: ResourceView) -> Iterator[str]:
    """A repository's encryption cannot be changed later."""
    found = list(items(resource.get("encryptionConfigurations")))
    if resource.get("encryptionConfigurations") is not UNKNOWN and not found:
        yield "has no key of ours, and cannot get one later: set encryption_configurations"
    for one in found:
        if dig(one, "encryptionType") not in ("KMS", UNKNOWN) or not is_set(dig(one, "kmsKey")):
            yield "has no key of ours: set encryption_type KMS and kms_key"


@resource_rule(
    "cluster-secrets-encrypted",
    "Secrets of Kubernetes are encrypted with a key of ours before they reach etcd.",
    "eks:index:Cluster",
    "aws:eks/cluster:Cluster",
)
def cluster_secrets_encrypted(resource: ResourceView) -> Iterator[str]:
    """`eks.Cluster` takes the key alone, `aws.eks.Cluster` a block."""
    if is_shell(resource):
        return
    if resource.type == "eks:index:Cluster":
        if not is_set(resource.get("encryptionConfigKeyArn")):
            yield "has no key of ours: set encryption_config_key_arn"
    elif not is_set(resource.get("encryptionConfig", "provider", "keyArn")):
        yield "has no key of ours: set encryption_config"


@resource_rule("emr-encrypted", "EMR clusters have a security configuration.", "aws:emr/cluster:Cluster")
def emr_encrypted(resource: ResourceView) -> Iterator[str]:
    """What the configuration says is another rule's, `emr-configuration-encrypts`."""
    if not is_set(resource.get("securityConfiguration")):
        yield "has no security configuration: set security_configuration"


@resource_rule(
    "emr-configuration-encrypts",
    "EMR encrypts what lies in S3 and on its disks, the disks with a key of ours.",
    "aws:emr/securityConfiguration:SecurityConfiguration",
)
def emr_configuration_encrypts(resource: ResourceView) -> Iterator[str]:
    """The configuration is a JSON document."""
    found = document(resource.get("configuration"))
    encryption = dig(found, "EncryptionConfiguration")
    if not is_on(dig(encryption, "EnableAtRestEncryption")):
        yield "leaves data unencrypted: set EnableAtRestEncryption"
        return
    at_rest = dig(encryption, "AtRestEncryptionConfiguration")
    if not is_set(dig(at_rest, "S3EncryptionConfiguration", "EncryptionMode")):
        yield "does not say how files in S3 are encrypted: set S3EncryptionConfiguration"
    if not is_set(dig(at_rest, "LocalDiskEncryptionConfiguration", "AwsKmsKey")):
        yield "disks have no key of ours: set LocalDiskEncryptionConfiguration.AwsKmsKey"


@resource_rule(
    "pod-volumes-encrypted",
    "Volumes that pods ask for are encrypted with a key of ours.",
    "kubernetes:storage.k8s.io/v1:StorageClass",
)
def pod_volumes_encrypted(resource: ResourceView) -> Iterator[str]:
    """Of EBS; classes of other provisioners hold nothing of their own."""
    if resource.get("provisioner") != "ebs.csi.aws.com":
        return
    if not is_on(resource.get("parameters", "encrypted")):
        yield "its volumes are not encrypted: set the parameter encrypted"
    if not is_set(resource.get("parameters", "kmsKeyId")):
        yield "its volumes have no key of ours: set the parameter kmsKeyId"


RULES = (
    volumes_encrypted,
    database_encrypted,
    files_encrypted,
    kafka_encrypted,
    logs_encrypted,
    topics_encrypted,
    images_encrypted,
    cluster_secrets_encrypted,
    emr_encrypted,
    emr_configuration_encrypts,
    pod_volumes_encrypted,
)
