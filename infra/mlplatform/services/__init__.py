"""What the platform runs for its users, on any foundation: the services know of it its endpoints and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi

from mlplatform import naming
from mlplatform.config.executor_profile import local_dir
from mlplatform.config.service_settings import ServiceSettings
from mlplatform.endpoints import Endpoints
from mlplatform.identities import IDENTITIES
from mlplatform.kubernetes.disruption import refuse_evictions
from mlplatform.kubernetes.network_flows import flows
from mlplatform.kubernetes.network_policies import NetworkPolicies, NetworkPoliciesArgs
from mlplatform.services.images import find_image
from mlplatform.services.mlflow import POD, Mlflow, MlflowArgs
from mlplatform.services.ray.cluster import RayCluster, RayClusterArgs, RayOperator, RayOperatorArgs
from mlplatform.services.ray.fixed import FixedRayCluster, FixedRayClusterArgs
from mlplatform.services.ray.pods import ACCOUNT as RAY_ACCOUNT
from mlplatform.services.ray.pods import HEAD, TRAINING, RayPods
from mlplatform.services.spark.client_mode import Spark, SparkArgs
from mlplatform.services.storage import Storage, StorageArgs
from mlplatform.services.tenancy.capacity import namespace_capacity
from mlplatform.services.tenancy.lake_secrets import LakeSecrets, LakeSecretsArgs
from mlplatform.services.tenancy.namespaces import Namespaces, NamespacesArgs
from mlplatform.services.tenancy.rbac import Rbac, RbacArgs
from mlplatform.services.tenancy.service_accounts import ServiceAccounts, ServiceAccountsArgs


@dataclass(frozen=True, kw_only=True)
class Services:
    """What deployments need of the services. A value is known when what it names is there."""

    namespaces: Mapping[str, pulumi.Output[str]]
    """Name → the same name."""
    service_accounts: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, account) → the account's name."""
    claims: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, part of the shared files) → name of the claim."""
    lake_secrets: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, account) → name of the Secret that tells its pods of the lake; empty where the cloud does."""
    database_setup: pulumi.Resource | None
    """The job that makes the databases; none until there is an image for it."""
    ready: tuple[pulumi.Resource, ...]
    """The namespaces with what closes them."""


def run_services(config: ServiceSettings, endpoints: Endpoints) -> Services:
    """Registers the services of an environment."""
    opts = pulumi.ResourceOptions(providers={"kubernetes": endpoints.cluster.provider})
    host_paths = (naming.NAMESPACE_SPARK,) if local_dir(config.spark.executor).kind == "hostPath" else ()
    balancers = endpoints.load_balancers
    made = Namespaces(
        "namespaces",
        NamespacesArgs(
            capacity=namespace_capacity(config, POD),
            host_paths=host_paths,
            load_balancer_labels=balancers.namespace_labels if balancers else {},
        ),
        opts,
    )
    namespaces = made.names
    closed: Mapping[str, pulumi.Input[str]] = {**namespaces, naming.NAMESPACE_SYSTEM: naming.NAMESPACE_SYSTEM}
    policies = NetworkPolicies(
        "network-policies",
        NetworkPoliciesArgs(
            namespaces=closed,
            flows=flows(endpoints.database.port),
            peers=endpoints.peers,
            ready=endpoints.ready,
        ),
        opts,
    )
    storage = Storage(
        "storage",
        StorageArgs(
            namespaces=namespaces, shared_volumes=endpoints.shared_volumes, block_storage=endpoints.block_storage
        ),
        opts,
    )
    accounts = ServiceAccounts(
        "service-accounts", ServiceAccountsArgs(namespaces=namespaces, identities=IDENTITIES), opts
    ).names
    told = endpoints.lake.environments
    secrets: Mapping[tuple[str, str], pulumi.Output[str]] = {}
    if told:
        secrets = LakeSecrets("lake-secrets", LakeSecretsArgs(namespaces=namespaces, environments=told), opts).names
    spark = naming.NAMESPACE_SPARK
    Rbac("rbac", RbacArgs(spark_namespace=namespaces[spark], spark_driver=accounts[spark, "spark-driver"]), opts)
    Spark("spark", SparkArgs(namespace=namespaces[spark], lake_secrets=secrets), opts)
    services = Services(
        namespaces=namespaces,
        service_accounts=accounts,
        claims=storage.claims,
        lake_secrets=secrets,
        database_setup=None,
        ready=(made, policies),
    )
    mlflow = _run_mlflow(config, endpoints, services, opts)
    _run_ray(config, endpoints, services, opts)
    return replace(services, database_setup=mlflow.database_setup if mlflow else None)


def _run_mlflow(
    config: ServiceSettings, endpoints: Endpoints, services: Services, opts: pulumi.ResourceOptions
) -> Mlflow | None:
    image = find_image(endpoints, "mlflow_tracking", "MLflow")
    if image is None:
        return None
    return Mlflow(
        "mlflow",
        MlflowArgs(
            settings=config.mlflow,
            image=image,
            namespace=services.namespaces[naming.NAMESPACE_MLFLOW],
            service_accounts=services.service_accounts,
            database=endpoints.database,
            artifacts=endpoints.lake.areas["artifacts"],
            lake_secrets=services.lake_secrets,
            ready=endpoints.ready,
        ),
        opts,
    )


def _run_ray(config: ServiceSettings, endpoints: Endpoints, services: Services, opts: pulumi.ResourceOptions) -> None:
    namespace = naming.NAMESPACE_RAY
    ready: Sequence[pulumi.Resource] = endpoints.ready
    if endpoints.kube_ray == "chart":
        operator = RayOperator(
            "ray-operator", RayOperatorArgs(ray_namespace=services.namespaces[namespace], ready=ready), opts
        )
        ready = (operator.release,)
    image = find_image(endpoints, "ray_training", "The Ray cluster")
    if image is None:
        return
    for app in (HEAD, TRAINING):
        refuse_evictions(f"ray-{app.removeprefix('ray-')}-budget", services.namespaces[namespace], app, opts)
    pods = RayPods(
        settings=config.ray,
        image=image,
        service_account=services.service_accounts[namespace, RAY_ACCOUNT],
        claims=services.claims,
        lake_secrets=services.lake_secrets,
        waits=endpoints.kube_ray == "chart",
    )
    if endpoints.ray_token is None:
        RayCluster("ray", RayClusterArgs(pods=pods, namespace=services.namespaces[namespace], ready=ready), opts)
    else:
        FixedRayCluster(
            "ray",
            FixedRayClusterArgs(
                pods=pods, namespace=services.namespaces[namespace], token=endpoints.ray_token, ready=ready
            ),
            opts,
        )
