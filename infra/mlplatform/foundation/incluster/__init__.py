"""A foundation out of pods and folders on any Kubernetes: the same endpoints as on AWS."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.workload_sections import Images
from mlplatform.endpoints import (
    PASSWORD_SECRET,
    ClusterEndpoint,
    DatabaseEndpoint,
    Endpoints,
    KafkaEndpoint,
    LakeEndpoint,
    NodeFolder,
    Peers,
    PodPeer,
    SharedVolume,
    VolumeUse,
)
from mlplatform.foundation.incluster import kafka as broker
from mlplatform.foundation.incluster import object_store as store
from mlplatform.foundation.incluster import postgresql
from mlplatform.foundation.incluster.passwords import derived
from mlplatform.kubernetes.network_flows import Pods
from mlplatform.kubernetes.network_policies import network_policy
from mlplatform.kubernetes.pods import core, metadata
from mlplatform.kubernetes.system_namespace import pod_security_labels, system_namespace

API_SERVER = "k8s://https://kubernetes.default.svc"
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Where a cluster's API, nodes and load balancers are (RFC 1918): of a given cluster no more is known."""
VOLUMES: tuple[VolumeUse, ...] = ("models", "notebooks")


def incluster_foundation(config: LocalConfig) -> Endpoints:
    """Registers the stand-ins."""
    given = config.in_cluster
    images = given.stand_ins
    assert images.postgresql is not None  # noqa: S101 - the configuration's checks refuse it
    assert images.object_store is not None  # noqa: S101 - as above
    provider = k8s.Provider("kubernetes", context=given.context)
    opts = pulumi.ResourceOptions(providers=[provider])
    child = pulumi.ResourceOptions(provider=provider)
    system = system_namespace("system", child)
    namespace = core.Namespace(
        "data-namespace",
        metadata=metadata(None, name=naming.NAMESPACE_DATA, labels=pod_security_labels()),
        opts=child,
    ).metadata.name
    # What is no stand-in there speaks to nobody: each of these opens what it needs.
    network_policy("data-deny", namespace, Pods(naming.NAMESPACE_DATA), child)
    account = core.ServiceAccount(
        "stand-ins",
        metadata=metadata(namespace, name="stand-in"),
        automount_service_account_token=False,
        opts=child,
    ).metadata.name
    seed = given.password_seed.get_secret_value()
    passwords = postgresql.new_passwords(seed)
    database = postgresql.Postgresql(
        "database",
        postgresql.PostgresqlArgs(
            namespace=namespace,
            service_account=account,
            image=images.postgresql,
            folder=f"{given.folder}/database",
            passwords=passwords,
        ),
        opts,
    )
    objects = store.ObjectStore(
        "lake",
        store.ObjectStoreArgs(
            namespace=namespace,
            service_account=account,
            image=images.object_store,
            folder=f"{given.folder}/lake",
            seed=seed,
        ),
        opts,
    )
    kafka = _kafka(config, namespace, account, opts)
    return Endpoints(
        location="local",
        cluster=ClusterEndpoint(
            name=pulumi.Output.from_input(given.context or "local"),
            provider=provider,
            api_server=pulumi.Output.from_input(API_SERVER),
        ),
        lake=LakeEndpoint(areas=objects.areas, environments=objects.environments),
        shared_volumes={use: SharedVolume(use=use, source=NodeFolder(path=f"{given.folder}/{use}")) for use in VOLUMES},
        kafka=KafkaEndpoint(
            bootstrap_servers=kafka.bootstrap_servers, security_protocol="PLAINTEXT", sasl_mechanism=None
        )
        if kafka
        else None,
        database=DatabaseEndpoint(
            host=database.host,
            port=postgresql.PORT,
            # Both ends are pods of one cluster on one machine.
            tls=False,
            secret=pulumi.Output.from_input(PASSWORD_SECRET),
            authentication="passwordFile",
            passwords=passwords,
        ),
        images=_images(config),
        peers=Peers(
            database=(PodPeer(namespace=naming.NAMESPACE_DATA, app=postgresql.APP),),
            kafka=(PodPeer(namespace=naming.NAMESPACE_DATA, app=broker.APP),),
            object_store=(PodPeer(namespace=naming.NAMESPACE_DATA, app=store.APP),),
            private=PRIVATE_RANGES,
            https=(),
            kubernetes_api=PRIVATE_RANGES,
        ),
        kube_ray=given.kube_ray,
        ray_token=derived(seed, "ray") if given.kube_ray == "none" else None,
        ready=(system, database, objects, *((kafka,) if kafka else ())),
    )


def _kafka(
    config: LocalConfig, namespace: pulumi.Input[str], account: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> broker.Kafka | None:
    image = config.in_cluster.stand_ins.kafka
    if image is None:
        pulumi.log.info("Kafka is left out of the plan: it has no image yet (mlplatform:inCluster.standIns.kafka)")
        return None
    folder = f"{config.in_cluster.folder}/kafka"
    return broker.Kafka(
        "kafka",
        broker.KafkaArgs(namespace=namespace, service_account=account, image=image, folder=folder),
        opts,
    )


def _images(config: LocalConfig) -> dict[str, pulumi.Output[str]]:
    """As the registry has them: a repository for each, called like the image."""
    found = {name: getattr(config.images, name) for name in Images.model_fields}
    return {
        name: pulumi.Output.from_input(f"{config.in_cluster.registry}/{name.replace('_', '-')}@{digest}")
        for name, digest in found.items()
        if digest is not None
    }
