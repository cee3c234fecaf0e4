"""MLflow: the tracking server on the database and the lake, and the job that makes the databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.config.workload_sections import Mlflow as MlflowSettings
from mlplatform.endpoints import PASSWORD_SECRET, DatabaseEndpoint
from mlplatform.kubernetes.network_flows import MLFLOW as PORT
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    Mounted,
    contract_volume,
    core,
    environment,
    http_probe,
    lake_environment,
    metadata,
    pod_labels,
    pod_template,
    resources,
    secret_volume,
    temporary_volume,
)
from mlplatform.services.tenancy.capacity import Capacity

APP: Final = "mlflow"
SETUP: Final = "database-setup"
ADDRESS: Final = naming.service_address(APP, naming.NAMESPACE_MLFLOW, PORT)

POD: Final = Capacity(cpu_millicores=1000, memory_mib=2048, pods=1)
"""The server and the job. To import MLflow takes a CPU for 16 s (measured on the local pipeline); the memory is an
assumption for a server with four workers."""
START_SECONDS: Final = 300
"""Longest first start: waiting for the database, and bringing its schema up to date."""
PASSWORD_MOUNT: Final = "/etc/mlplatform-database"  # noqa: S105 - a folder


@dataclass(frozen=True, kw_only=True)
class MlflowArgs:
    """Inputs of `Mlflow`."""

    settings: MlflowSettings
    image: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_accounts: Mapping[tuple[str, str], pulumi.Input[str]]
    database: DatabaseEndpoint
    artifacts: pulumi.Input[str]
    """Where runs keep their files; a change restarts the server, which reads the contract when it starts."""
    lake_secrets: Mapping[tuple[str, str], pulumi.Input[str]]
    """(namespace, service account) → name of its Secret."""
    ready: Sequence[pulumi.Resource]


class Mlflow(pulumi.ComponentResource):
    """The server behind a service of the cluster, started once the databases are made."""

    address: str
    """Inside the cluster."""
    database_setup: k8s.batch.v1.Job
    """Makes databases and their users."""

    def __init__(self, name: str, args: MlflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:mlflow:Mlflow", name, None, opts)
        self.address = ADDRESS
        signs_in: list[pulumi.Resource] = []
        if args.database.authentication == "passwordFile":
            secret = core.Secret(
                f"{name}-database-passwords",
                metadata=metadata(args.namespace, name=PASSWORD_SECRET),
                string_data=dict(args.database.passwords),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            signs_in = [secret]
        setup = k8s.batch.v1.Job(
            f"{name}-{SETUP}",
            metadata=metadata(args.namespace, labels={APP_LABEL: SETUP}),
            spec=k8s.batch.v1.JobSpecArgs(
                # The database may still be starting.
                backoff_limit=6,
                active_deadline_seconds=900,
                # Without a time to live: Pulumi would miss the job and make it again.
                template=self._pod(args, SETUP, ["mlflow-tracking", "create-databases", *_metastore(args.database)]),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.ready, *signs_in]),
        )
        self.database_setup = setup
        labels = pod_labels(APP, service_types.SYSTEM)
        selector = k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: APP})
        server = k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata(args.namespace, labels=labels),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=args.settings.replicas,
                selector=selector,
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=self._pod(
                    args,
                    APP,
                    ["mlflow-tracking", "serve", "--host", "0.0.0.0", "--port", str(PORT)],  # noqa: S104
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[setup]),
        )
        core.Service(
            f"{name}-service",
            metadata=metadata(args.namespace, name=APP, labels=labels),
            spec=core.ServiceSpecArgs(
                selector={APP_LABEL: APP}, ports=[core.ServicePortArgs(name="http", port=PORT, target_port="http")]
            ),
            # Pulumi waits ten minutes for a pod behind a service: not while the databases are made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[server], delete_before_replace=True),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata=metadata(args.namespace, labels=labels),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=selector),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"address": self.address})

    def _pod(self, args: MlflowArgs, app: str, command: list[pulumi.Input[str]]) -> k8s.core.v1.PodTemplateSpecArgs:
        serves = app == APP
        container = core.ContainerArgs(
            name=app,
            image=args.image,
            command=command,
            env=environment({"MLFLOW_TRACKING_DATABASE_AUTH": args.database.authentication}),
            env_from=lake_environment(args.lake_secrets, naming.NAMESPACE_MLFLOW, app),
            resources=resources(POD.cpu_millicores, POD.memory_mib),
        )
        if serves:
            container.ports = [core.ContainerPortArgs(name="http", container_port=PORT)]
            container.startup_probe = http_probe("/health", period=5, failures=START_SECONDS // 5)
            container.readiness_probe = http_probe("/health", period=10, failures=2)
            container.liveness_probe = http_probe("/health", period=20, failures=3, timeout=10)
        return pod_template(
            app=app,
            service_type=service_types.SYSTEM,
            service_account=args.service_accounts[naming.NAMESPACE_MLFLOW, app],
            container=container,
            mounted=[
                contract_volume(),
                temporary_volume(1024),
                *self._passwords(args, app),
            ],
            annotations={"mlplatform.io/database": args.database.host, "mlplatform.io/artifacts": args.artifacts},
            restart_policy=None if serves else "Never",
            spread_pods=serves,
        )

    @staticmethod
    def _passwords(args: MlflowArgs, app: str) -> list[Mounted]:
        """The passwords of those users that the app signs in as, as files: they can be changed under a running pod."""
        if args.database.authentication != "passwordFile":
            return []
        volume = secret_volume(
            "database-passwords",
            PASSWORD_SECRET,
            PASSWORD_MOUNT,
            # The server needs its own user's alone.
            items=[core.KeyToPathArgs(key=APP, path=APP)] if app == APP else None,
        )
        return [volume]


def _metastore(database: DatabaseEndpoint) -> list[pulumi.Input[str]]:
    """Hive's metastore signs in with a password, which the job keeps in a secret; it cannot use tokens."""
    if database.metastore_secret is None:
        return []
    user = naming.DATABASES["metastore"]
    return ["--password-secret", pulumi.Output.concat(f"{user}=", database.metastore_secret)]
