"""The foundation on AWS: wiring only. Each module beside this one is a component with typed inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from mlplatform.config.model import PlatformConfig
from mlplatform.config.workload_sections import Images
from mlplatform.endpoints import (
    ClusterEndpoint,
    CsiVolume,
    DatabaseEndpoint,
    Endpoints,
    KafkaEndpoint,
    LakeEndpoint,
    Peers,
    SharedVolume,
)
from mlplatform.foundation.aws.database.metastore_secret import MetastoreSecret, MetastoreSecretArgs
from mlplatform.foundation.aws.database.server import Database, DatabaseArgs
from mlplatform.foundation.aws.eks.addons import AddOns, AddOnsArgs
from mlplatform.foundation.aws.eks.cluster import KUBERNETES_SERVICE_IP, Cluster, ClusterArgs
from mlplatform.foundation.aws.eks.controllers import (
    Controllers,
    ControllersArgs,
    block_storage,
    internal_load_balancers,
)
from mlplatform.foundation.aws.eks.node_groups import NodeGroups, NodeGroupsArgs
from mlplatform.foundation.aws.emr.access import EmrSecurityGroups, EmrSecurityGroupsArgs
from mlplatform.foundation.aws.emr.policies import MANAGED_TAG
from mlplatform.foundation.aws.kafka import Kafka, KafkaArgs
from mlplatform.foundation.aws.keys import Keys, KeysArgs
from mlplatform.foundation.aws.lake.buckets import Lake, LakeArgs
from mlplatform.foundation.aws.monitoring.budget import Budget, BudgetArgs
from mlplatform.foundation.aws.network.vpc import Network, NetworkArgs
from mlplatform.foundation.aws.pod_identity.identities import PodIdentities, PodIdentitiesArgs
from mlplatform.foundation.aws.registry import Registry, RegistryArgs
from mlplatform.foundation.aws.shared_files import SharedFiles, SharedFilesArgs
from mlplatform.naming import Names
from mlplatform.providers import aws_providers
from mlplatform.tags import platform_tags

EFS_DRIVER = "efs.csi.aws.com"
POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where a pod gets its credentials from: the link-local address of the agent on its node (EKS user guide, "Pod
Identity")."""


@dataclass(frozen=True, kw_only=True)
class AwsFoundation:
    """What was made: the services see `endpoints`, the rest is for what comes after them on AWS alone."""

    endpoints: Endpoints
    names: Names
    opts: pulumi.ResourceOptions
    """Of a component at the top: it names the account's provider."""
    keys: Keys
    network: Network
    cluster: Cluster
    nodes: NodeGroups
    lake: Lake
    shared_files: SharedFiles
    database: Database
    kafka: Kafka | None
    emr_security_groups: EmrSecurityGroups | None
    metastore_secret: MetastoreSecret


def aws_foundation(config: PlatformConfig) -> AwsFoundation:
    """Registers all that an environment stands on."""
    account, region = config.owner.account_id, config.aws.region
    names = Names(config.environment, account, region)
    opts = pulumi.ResourceOptions(providers=aws_providers(config))
    tags = platform_tags(config)

    keys = Keys(
        "keys",
        KeysArgs(protection=config.protection, account_id=account, region=region, alias_prefix=names.platform),
        opts,
    )
    network = Network(
        "network",
        NetworkArgs(
            settings=config.network,
            aws=config.aws,
            account_id=account,
            log_group_name=names.log_group("flow-logs"),
            log_key_arn=keys.logs_arn,
            node_subnet_tags=MANAGED_TAG if config.emr.enabled else {},
        ),
        opts,
    )
    cluster = Cluster(
        "cluster",
        ClusterArgs(
            settings=config.cluster,
            cluster_name=names.platform,
            account_id=account,
            region=region,
            vpc_id=network.vpc_id,
            node_subnet_ids=network.node_subnet_ids,
            key_arn=keys.cluster_arn,
            log_key_arn=keys.logs_arn,
        ),
        opts,
    )
    nodes = NodeGroups(
        "nodes",
        NodeGroupsArgs(
            settings=config.node_groups,
            cluster_name=cluster.name,
            subnet_ids=network.node_subnet_ids,
            security_group_id=cluster.security_group_id,
            key_arn=keys.cluster_arn,
            tags=tags,
        ),
        opts,
    )
    lake = Lake(
        "lake",
        LakeArgs(
            settings=config.lake,
            bucket_name=names.bucket("lake"),
            log_bucket_name=names.bucket("logs"),
            key_arn=keys.data_arn,
            protection=config.protection,
        ),
        opts,
    )
    shared_files = SharedFiles(
        "shared-files",
        SharedFilesArgs(
            settings=config.shared_files,
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_security_group_id=cluster.security_group_id,
            key_arn=keys.data_arn,
            protection=config.protection,
        ),
        opts,
    )
    emr_groups = (
        EmrSecurityGroups("emr-access", EmrSecurityGroupsArgs(vpc_id=network.vpc_id), opts)
        if config.emr.enabled
        else None
    )
    clients: Mapping[str, pulumi.Input[str]] = {
        "nodes": cluster.security_group_id,
        **({"emr": emr_groups.primary_id} if emr_groups else {}),
    }
    database = Database(
        "database",
        DatabaseArgs(
            settings=config.database,
            identifier=names.platform,
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_security_group_ids=clients,
            key_arn=keys.data_arn,
            log_key_arn=keys.logs_arn,
            account_id=account,
            protection=config.protection,
        ),
        opts,
    )
    kafka = (
        Kafka(
            "kafka",
            KafkaArgs(
                settings=config.kafka,
                cluster_name=names.platform,
                vpc_id=network.vpc_id,
                subnet_ids=network.data_subnet_ids,
                client_security_group_id=cluster.security_group_id,
                key_arn=keys.data_arn,
                log_key_arn=keys.logs_arn,
                log_group_name=names.log_group("kafka"),
                protection=config.protection,
            ),
            opts,
        )
        if config.kafka.enabled
        else None
    )
    metastore = MetastoreSecret("metastore", MetastoreSecretArgs(key_arn=keys.data_arn), opts)
    registry = Registry(
        "registry",
        RegistryArgs(
            repositories={image: names.repository(image.replace("_", "-")) for image in Images.model_fields},
            digests=config.images,
            key_arn=keys.data_arn,
            protection=config.protection,
        ),
        opts,
    )
    Budget(
        "budget",
        BudgetArgs(
            name=names.platform,
            monthly_usd=config.monitoring.monthly_budget_usd,
            email=config.owner.alert_email,
            account_id=account,
            tags={key: tags[key] for key in ("platform", "environment")},
        ),
        opts,
    )
    add_ons = AddOns(
        "add-ons",
        AddOnsArgs(
            cluster_name=cluster.name,
            account_id=account,
            region=region,
            key_arn=keys.cluster_arn,
            nodes=[nodes.groups["system"]],
        ),
        opts,
    )
    identities = PodIdentities(
        "identities",
        PodIdentitiesArgs(
            cluster_name=cluster.name,
            account_id=account,
            region=region,
            vpc_id=network.vpc_id,
            lake_bucket_arn=lake.bucket_arn,
            lake_key_arn=keys.data_arn,
            database_resource_id=database.resource_id,
            database_secret_arn=database.secret_arn,
            database_key_arn=keys.data_arn,
            metastore_secret_arn=metastore.arn,
            kafka_cluster_arn=kafka.cluster_arn if kafka else None,
        ),
        opts,
    )
    controllers = Controllers(
        "controllers",
        ControllersArgs(
            cluster_name=cluster.name,
            region=region,
            vpc_id=network.vpc_id,
            ready=[nodes.groups["system"], *add_ons.ready, *identities.controllers_ready],
        ),
        pulumi.ResourceOptions(providers=[cluster.provider]),
    )
    endpoints = Endpoints(
        location=region,
        cluster=ClusterEndpoint(name=cluster.name, provider=cluster.provider, api_server=cluster.api_server),
        lake=LakeEndpoint(areas=lake.areas),
        shared_volumes={
            use: SharedVolume(use=use, source=CsiVolume(driver=EFS_DRIVER, handle=handle))
            for use, handle in shared_files.volume_handles.items()
        },
        kafka=KafkaEndpoint(
            bootstrap_servers=kafka.bootstrap_servers, security_protocol="SASL_SSL", sasl_mechanism="AWS_MSK_IAM"
        )
        if kafka
        else None,
        database=DatabaseEndpoint(
            host=database.host,
            port=database.port,
            tls=True,
            secret=database.secret_arn,
            authentication="iam",
            metastore_secret=metastore.arn,
        ),
        images=registry.images,
        peers=Peers(
            database=network.data_cidrs,
            kafka=network.data_cidrs,
            private=(network.vpc_cidr,),
            # S3 is reached through a gateway endpoint, at public addresses that change.
            https=("0.0.0.0/0",),
            kubernetes_api=(*network.node_cidrs, f"{KUBERNETES_SERVICE_IP}/32"),
            credentials=(POD_IDENTITY_AGENT,),
        ),
        block_storage=block_storage(keys.cluster_arn),
        load_balancers=internal_load_balancers(tags),
        ready=(*nodes.groups.values(), *add_ons.ready, *identities.ready, *controllers.ready),
    )
    return AwsFoundation(
        endpoints=endpoints,
        names=names,
        opts=opts,
        keys=keys,
        network=network,
        cluster=cluster,
        nodes=nodes,
        lake=lake,
        shared_files=shared_files,
        database=database,
        kafka=kafka,
        emr_security_groups=emr_groups,
        metastore_secret=metastore,
    )
