"""The serving deployments of both patterns, as plain Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming, service_types
from mlplatform.config.workload_sections import Service as ServiceSettings
from mlplatform.config.workload_sections import Serving as ServingSettings
from mlplatform.endpoints import LoadBalancers
from mlplatform.kubernetes.network_flows import SERVING as PORT
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    TEMPORARY,
    claim_volume,
    contract_volume,
    core,
    environment,
    http_probe,
    lake_environment,
    metadata,
    pod_labels,
    pod_template,
    resources,
    temporary_volume,
)

EMBEDDED_BENTO: Final = "/home/bentoml/bento"
"""Where BentoML puts a Bento in the image that it builds (``bentoml containerize``)."""
DRAIN_SECONDS: Final = 15
"""How long a pod that is to go still answers: until load balancers and nodes no longer send it requests."""
GRACE_SECONDS: Final = 10
"""How long requests under way may then take (`workloads/bento_serving`, `SHUTDOWN_SECONDS`)."""
START_SECONDS: Final = 300
"""Longest start: a new node's first pull of the image comes before it, imports of XGBoost within it."""
SCALE_DOWN_SECONDS: Final = 300
ENVIRONMENT: Final = {
    # What BentoML must find when it is imported (`bento_serving.surroundings`).
    "BENTOML_HOME": f"{TEMPORARY}/bentoml",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONSAFEPATH": "1",
}


@dataclass(frozen=True)
class ServedApp:
    """One of the three deployments."""

    name: str
    """Deployment and service; with it the address in the contract."""
    field: str
    """Of the configuration's `serving`, and of the contract's."""
    image: str
    """Field of `Images`."""
    service_account: str
    target: str
    """What the server is given (`workloads/bento_serving`, ``server.py``): a Bento's folder, or an import string."""
    mounts_models: bool
    balanced: bool
    """Whether it is for people and programs outside the cluster."""
    waits_for_data: bool
    """Whether it can only get ready after the pipeline has run once."""


APPS: Final = (
    ServedApp("model-api", "model_api", "bento_model_api", "model-api", EMBEDDED_BENTO, False, False, False),
    ServedApp(
        "flight-api-embedded",
        "flight_api_embedded",
        "bento_flight_api",
        "flight-api",
        "bento_serving.flight_api_embedded:FlightDelayEmbedded",
        mounts_models=False,
        balanced=True,
        waits_for_data=True,
    ),
    ServedApp(
        "flight-api-shared",
        "flight_api_shared",
        "bento_flight_api",
        "flight-api",
        "bento_serving.flight_api_shared:FlightDelayShared",
        mounts_models=True,
        balanced=True,
        waits_for_data=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class ServingArgs:
    """Inputs of `Serving`."""

    settings: ServingSettings
    images: Mapping[str, pulumi.Input[str]]
    """App (`ServedApp.name`) → image by digest: those that are deployed."""
    namespace: pulumi.Input[str]
    service_accounts: Mapping[tuple[str, str], pulumi.Input[str]]
    claims: Mapping[tuple[str, str], pulumi.Input[str]]
    """(namespace, part of the shared files) → name of the claim."""
    lake_secrets: Mapping[tuple[str, str], pulumi.Input[str]]
    """(namespace, service account) → name of its Secret."""
    contract_digest: pulumi.Input[str]
    """Changes with the contract: pods read it when they start, so they are replaced."""
    load_balancers: LoadBalancers | None
    private: Sequence[str]
    """Address ranges that a load balancer answers."""
    ready: Sequence[pulumi.Resource]


class Serving(pulumi.ComponentResource):
    """Deployment, service, autoscaler and disruption budget of each app that has an image."""

    def __init__(self, name: str, args: ServingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Serving", name, None, opts)
        self._args = args
        for app in APPS:
            if app.name in args.images:
                self._deploy(f"{name}-{app.name}", app, getattr(args.settings, app.field))
        self.register_outputs({})

    def _deploy(self, name: str, app: ServedApp, settings: ServiceSettings) -> None:
        labels = pod_labels(app.name, service_types.SERVING)
        selector = k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: app.name})
        child = pulumi.ResourceOptions(parent=self)
        deployment = k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata(self._args.namespace, labels=labels, annotations=_waiting(app)),
            # No number of replicas: the autoscaler's would be overwritten at every `up`.
            spec=k8s.apps.v1.DeploymentSpecArgs(
                selector=selector,
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=self._pod(app, settings),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._args.ready)),
        )
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-autoscaler",
            metadata=metadata(self._args.namespace, labels=labels),
            spec=_autoscaling(deployment.metadata.name, settings),
            opts=child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata=metadata(self._args.namespace, labels=labels),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=selector),
            opts=child,
        )
        self._service(name, app, labels)

    def _service(self, name: str, app: ServedApp, labels: Mapping[str, str]) -> None:
        """A load balancer goes before the controller that made it, which is among what must be ready."""
        balancers = self._args.load_balancers if app.balanced else None
        core.Service(
            f"{name}-service",
            metadata=metadata(
                self._args.namespace,
                name=app.name,
                labels=labels,
                annotations={**_waiting(app), **(balancers.annotations if balancers else {})},
            ),
            spec=core.ServiceSpecArgs(
                type="LoadBalancer" if balancers else "ClusterIP",
                selector={APP_LABEL: app.name},
                ports=[core.ServicePortArgs(name="http", port=PORT, target_port="http")],
                load_balancer_class=balancers.load_balancer_class if balancers else None,
                load_balancer_source_ranges=list(self._args.private) if balancers else None,
                # It reaches pods at their addresses; the namespace's quota has no node ports.
                allocate_load_balancer_node_ports=False if balancers else None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(self._args.ready) if balancers else [], delete_before_replace=True
            ),
        )

    def _pod(self, app: ServedApp, settings: ServiceSettings) -> k8s.core.v1.PodTemplateSpecArgs:
        command = ["python", "-m", "bento_serving.server", app.target, "--host", "0.0.0.0"]  # noqa: S104 - the pod's
        container = core.ContainerArgs(
            name=app.name,
            image=self._args.images[app.name],
            command=[*command, "--port", str(PORT), "--timeout-graceful-shutdown", str(GRACE_SECONDS)],
            # BentoML looks for code in the folder it is started in: an empty one.
            working_dir=TEMPORARY,
            env=environment(ENVIRONMENT),
            env_from=lake_environment(self._args.lake_secrets, naming.NAMESPACE_SERVING, app.service_account),
            ports=[core.ContainerPortArgs(name="http", container_port=PORT)],
            resources=resources(settings.cpu_millicores, settings.memory_mib),
            startup_probe=http_probe("/livez", period=5, failures=START_SECONDS // 5),
            liveness_probe=http_probe("/livez", period=10, failures=3, timeout=5),
            readiness_probe=http_probe("/readyz", period=5, failures=2, timeout=5),
            lifecycle=core.LifecycleArgs(
                pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=DRAIN_SECONDS))
            ),
        )
        mounted = [contract_volume(), temporary_volume(1024)]
        if app.mounts_models:
            models = self._args.claims[naming.NAMESPACE_SERVING, "models"]
            mounted.append(claim_volume("models", models, naming.MODELS_MOUNT, read_only=True))
        return pod_template(
            app=app.name,
            service_type=service_types.SERVING,
            service_account=self._args.service_accounts[naming.NAMESPACE_SERVING, app.service_account],
            container=container,
            mounted=mounted,
            annotations={"mlplatform.io/contract": self._args.contract_digest},
            grace_seconds=DRAIN_SECONDS + GRACE_SECONDS + 5,
            spread_pods=True,
        )


def _waiting(app: ServedApp) -> dict[str, str]:
    """An `up` does not wait for what the pipeline must run for first; the readiness probe keeps requests away."""
    return {"pulumi.com/skipAwait": "true"} if app.waits_for_data else {}


def _autoscaling(
    deployment: pulumi.Input[str], settings: ServiceSettings
) -> k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    scaling = k8s.autoscaling.v2
    return scaling.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=scaling.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=deployment
        ),
        min_replicas=settings.min_replicas,
        max_replicas=settings.max_replicas,
        metrics=[
            scaling.MetricSpecArgs(
                type="Resource",
                resource=scaling.ResourceMetricSourceArgs(
                    name="cpu",
                    target=scaling.MetricTargetArgs(
                        type="Utilization", average_utilization=settings.target_cpu_percent
                    ),
                ),
            )
        ],
        behavior=scaling.HorizontalPodAutoscalerBehaviorArgs(
            scale_down=scaling.HPAScalingRulesArgs(stabilization_window_seconds=SCALE_DOWN_SECONDS)
        ),
    )
