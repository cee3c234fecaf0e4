"""The pipeline's steps as Kubernetes jobs: the driver of Spark, the driver of a training, and publishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlplatform import naming, service_types
from mlplatform.kubernetes.disruption import KEPT
from mlplatform.kubernetes.pods import (
    APP_LABEL,
    CONTAINER_SECURITY,
    ENVIRONMENT,
    POD_SECURITY,
    TEMPORARY,
    pod_labels,
)
from mlplatform.service_types import ServiceType
from mlplatform.services.ray.fixed import TOKEN_KEY
from mlplatform.services.ray.pods import CLUSTER, HEAD, TRAINING
from mlplatform.services.spark.client_mode import DRIVER, TEMPLATE_CONFIG_MAP, TEMPLATE_PATH, priority_class

LIFE_SECONDS: Final = 3600
"""A step that takes longer hangs."""


@dataclass(frozen=True)
class Step:
    """One step: a console command of a workload package, in its image."""

    name: str
    title: str
    command: tuple[str, ...]
    image: str
    """Field of `mlplatform.config.workload_sections.Images`."""
    namespace: str
    app: str
    service_account: str
    service_type: ServiceType
    cpu_millicores: int
    memory_mib: int
    environment: Sequence[Mapping[str, Any]] = ()
    volumes: Mapping[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    """Name → the volume's source, and where it is mounted."""
    token: bool = False
    priority: str | None = None
    beside: str | None = None
    """An app of the namespace that its pod shares a node with."""


_MODELS: Final = {"models": ({"persistentVolumeClaim": {"claimName": "models"}}, naming.MODELS_MOUNT)}
_RAY_TOKEN: Final = (
    {"name": "RAY_AUTH_MODE", "value": "token"},
    {"name": "RAY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": {"name": CLUSTER, "key": TOKEN_KEY}}},
)

PREPARE: Final = Step(
    name="spark-preprocess",
    title="Spark prepares the features: a driver's pod asks for executors",
    command=("spark-preprocess", "run"),
    image="spark_preprocessing",
    namespace=naming.NAMESPACE_SPARK,
    app=DRIVER,
    service_account=DRIVER,
    service_type=service_types.SPARK_DRIVER,
    cpu_millicores=1000,
    memory_mib=2048,
    volumes={"template": ({"configMap": {"name": TEMPLATE_CONFIG_MAP}}, TEMPLATE_PATH.rpartition("/")[0])},
    token=True,
    priority=priority_class(DRIVER),
)
TRAIN: Final = Step(
    name="ray-train",
    title="Ray trains on its workers, MLflow tracks",
    command=("ray-train", "train"),
    image="ray_training",
    namespace=naming.NAMESPACE_RAY,
    app=TRAINING,
    service_account="ray",
    service_type=service_types.RAY,
    # What the head and its autoscaler leave of a node with 2 cores; a worker takes the other node whole.
    cpu_millicores=500,
    memory_mib=2048,
    beside=HEAD,
    environment=_RAY_TOKEN,
    volumes=_MODELS,
)
PUBLISH: Final = Step(
    name="ray-publish",
    title="The champion goes to shared storage",
    command=("ray-train", "publish"),
    image="ray_training",
    namespace=naming.NAMESPACE_RAY,
    app=TRAINING,
    service_account="ray",
    service_type=service_types.RAY,
    cpu_millicores=500,
    memory_mib=1536,
    beside=HEAD,
    volumes=_MODELS,
)


STEPS: Final = (PREPARE, TRAIN, PUBLISH)
"""In their order."""


def job(step: Step, name: str, image: str) -> dict[str, Any]:
    """The manifest of a run of a step.

    Args:
        name: the job's, in the step's namespace.
        image: with its digest.
    """
    volumes = {
        "contract": ({"configMap": {"name": naming.CONTRACT_CONFIG_MAP}}, naming.CONTRACT_MOUNT),
        "tmp": ({"emptyDir": {"sizeLimit": "4Gi"}}, TEMPORARY),
        **step.volumes,
    }
    size = {"cpu": f"{step.cpu_millicores}m", "memory": f"{step.memory_mib}Mi"}
    labels = pod_labels(step.app, step.service_type)
    pod: dict[str, Any] = {
        "serviceAccountName": step.service_account,
        "automountServiceAccountToken": step.token,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "nodeSelector": step.service_type.labels,
        "tolerations": step.service_type.tolerations,
        "securityContext": dict(POD_SECURITY),
        "containers": [
            {
                "name": step.app,
                "image": image,
                # `args`: the image's own entry point reaps what the command leaves.
                "args": list(step.command),
                "envFrom": [{"secretRef": {"name": naming.lake_secret(step.service_account)}}],
                "env": [*({"name": key, "value": value} for key, value in ENVIRONMENT.items()), *step.environment],
                "resources": {"requests": size, "limits": size},
                "securityContext": dict(CONTAINER_SECURITY),
                "volumeMounts": [{"name": key, "mountPath": path} for key, (_, path) in volumes.items()],
            }
        ],
        "volumes": [{"name": key, **source} for key, (source, _) in volumes.items()],
    }
    if step.beside:
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {APP_LABEL: step.beside}}}
        pod["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    if step.priority:
        pod["priorityClassName"] = step.priority
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": step.namespace, "labels": {**labels, APP_LABEL: step.app}},
        "spec": {
            # Steps begin again by themselves where they were cut off; whether to is a person's decision here.
            "backoffLimit": 0,
            "activeDeadlineSeconds": LIFE_SECONDS,
            "template": {"metadata": {"labels": labels, "annotations": KEPT}, "spec": pod},
        },
    }
