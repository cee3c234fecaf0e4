"""What an environment stands on, as its services see it: all that they may know of the foundation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi
import pulumi_kubernetes as k8s

VolumeUse = Literal["models", "notebooks"]
"""Shared volumes."""

PASSWORD_SECRET: Final = "database-passwords"  # noqa: S105 - a name
"""Secret with a file per database user, in MLflow's namespace, where users sign in with passwords."""


@dataclass(frozen=True, kw_only=True)
class ClusterEndpoint:
    """The Kubernetes cluster."""

    name: pulumi.Output[str]
    provider: k8s.Provider
    """Every Kubernetes object names it; it is ready when nodes and add-ons are."""
    api_server: pulumi.Output[str]
    """Address of the API inside the cluster, as Spark wants it: ``k8s://https://…``."""


@dataclass(frozen=True, kw_only=True)
class LakeEndpoint:
    """Where data lies: addresses without a slash at the end."""

    areas: Mapping[str, pulumi.Output[str]]
    """Area (`mlplatform.naming.LAKE_AREAS`) → ``s3://BUCKET/PREFIX``."""
    environments: Mapping[tuple[str, str], Mapping[str, pulumi.Input[str]]] = field(default_factory=dict)
    """(namespace, service account) → the variables that tell the SDKs of AWS where the store is and as whom to sign;
    secret. Empty where the cloud tells them."""


@dataclass(frozen=True, kw_only=True)
class CsiVolume:
    """A volume that a storage driver mounts."""

    driver: str
    """The CSI driver, ``efs.csi.aws.com``."""
    handle: pulumi.Output[str]
    """The driver's volume handle, ``fs-…::fsap-…``."""


@dataclass(frozen=True, kw_only=True)
class NodeFolder:
    """A folder that every node has at the same place, and that is the same folder on all of them."""

    path: str
    """Absolute."""


@dataclass(frozen=True, kw_only=True)
class SharedVolume:
    """A part of the shared file system that a namespace mounts as a persistent volume."""

    use: VolumeUse
    source: CsiVolume | NodeFolder


@dataclass(frozen=True, kw_only=True)
class KafkaEndpoint:
    """The brokers."""

    bootstrap_servers: pulumi.Output[str]
    """``host:port`` pairs with commas between them."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"]
    sasl_mechanism: Literal["AWS_MSK_IAM", "SCRAM-SHA-512"] | None


@dataclass(frozen=True, kw_only=True)
class DatabaseEndpoint:
    """The PostgreSQL server."""

    host: pulumi.Output[str]
    port: int
    tls: bool
    secret: pulumi.Output[str]
    """Name or ARN of the master user's secret, never the secret itself."""
    authentication: Literal["iam", "passwordFile"]
    """How a workload's own user signs in."""
    passwords: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """User → password, the master user ``postgres`` among them, for ``passwordFile``; secret."""
    metastore_secret: pulumi.Output[str] | None = None
    """ARN of the secret in which the Hive metastore's password is kept; none where there is no such metastore."""


@dataclass(frozen=True, kw_only=True)
class PodPeer:
    """A service of the foundation that is itself a pod of the cluster."""

    namespace: str
    app: str
    """Label `mlplatform.io/app`."""


@dataclass(frozen=True, kw_only=True)
class Peers:
    """Where the foundation's services are, for network policies: address ranges or pods, known while planning."""

    database: tuple[str | PodPeer, ...]
    kafka: tuple[str | PodPeer, ...]
    object_store: tuple[str | PodPeer, ...] = ()
    """The object store, where it is a server of its own."""
    private: tuple[str, ...]
    """The network that internal load balancers may be reached from."""
    https: tuple[str, ...]
    """The cloud's own API, its object store included, port 443."""
    kubernetes_api: tuple[str, ...] = ()
    """The Kubernetes API: where it stands, and its service's cluster address, because a network plugin may look at a
    connection before or after that address is translated."""
    credentials: tuple[str, ...] = ()
    """Where a pod gets its credentials for the cloud from, port 80; none where there is no cloud."""


@dataclass(frozen=True, kw_only=True)
class BlockStorage:
    """Volumes of one pod, made when it asks for them."""

    provisioner: str
    """The CSI driver, ``ebs.csi.aws.com``."""
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """The driver's own: type of disk, encryption."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancers:
    """How a service gets an address that answers inside the private network, outside the cluster."""

    load_balancer_class: str | None = None
    """Who makes it (``spec.loadBalancerClass``); none for the cluster's own."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of each such service: internal, and how it checks its targets (HTTP, ``/readyz``)."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    """Of the namespaces that such services are in."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """All of it. Both foundations, on AWS and inside a cluster, return this type."""

    location: str
    """Where it is: the cloud's region, or ``local``."""
    cluster: ClusterEndpoint
    lake: LakeEndpoint
    shared_volumes: Mapping[str, SharedVolume]
    """Use → volume."""
    kafka: KafkaEndpoint | None
    database: DatabaseEndpoint
    images: Mapping[str, pulumi.Output[str]]
    """Image (field of `mlplatform.config.workload_sections.Images`) → ``registry/repository@sha256:…``; only those
    that have a digest."""
    peers: Peers
    block_storage: BlockStorage | None = None
    """Where executors' claims come from; without it there is no storage class of ours."""
    load_balancers: LoadBalancers | None = None
    """Without them services answer inside the cluster alone."""
    kube_ray: Literal["none", "present", "chart"] = "chart"
    """Where KubeRay's operator comes from: nowhere, the cluster has it already, or its chart is installed."""
    ray_token: pulumi.Output[str] | None = None
    """What Ray's own processes show each other, where no operator makes it. Secret."""
    ready: tuple[pulumi.Resource, ...]
    """What must be there before the first pod can run: node groups, add-ons, rights of service accounts, and the
    namespace of operators (`mlplatform.kubernetes.system_namespace`)."""
