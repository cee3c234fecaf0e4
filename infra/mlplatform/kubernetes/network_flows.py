"""Who may speak to whom. Everything else is refused, in both directions: the table below is all of it.

Kubernetes lets the kubelet reach the pods of its own node whatever a policy says, so probes are not in the table.
Volumes of the shared file system are mounted by the node, not by the pod.

On EKS the table holds from the moment at which the node has learnt a new pod's policies. Until then, for a second or
two, the pod may speak to anybody that security groups let it speak to, and what answers it then may go on answering
(amazon-vpc- cni-k8s, README, `NETWORK_POLICY_ENFORCING_MODE`). So a password or a token is what protects a service, and
never the table alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from mlplatform import naming

PeerName = Literal["database", "kafka", "object_store", "private", "https", "kubernetes_api", "credentials"]

HTTPS: Final = (443,)
KUBERNETES_API: Final = (443, 6443)
"""Of its service, and of a server that stands by itself."""
CREDENTIALS: Final = (80,)
KAFKA: Final = (9092, 9094, 9096, 9098)
"""Plain, TLS, SCRAM and IAM; the broker's own security group or policy opens the one that it uses."""
OBJECT_STORE: Final = 7070
"""Where it is a server of the cluster; in a cloud it answers at `HTTPS`."""
DNS: Final = 53
MLFLOW: Final = 5000
SERVING: Final = 3000
RAY_CLIENT: Final = 10001
RAY_DASHBOARD: Final = 8265
KUBELET: Final = 10250
WEBHOOK: Final = 9443
EVERY_PORT: Final[tuple[int, ...]] = ()


@dataclass(frozen=True, order=True)
class Pods:
    """Pods of a namespace: all, or those of one app (`mlplatform.kubernetes.pods.APP_LABEL`)."""

    namespace: str
    app: str = ""


@dataclass(frozen=True, order=True)
class Peer:
    """Something outside the cluster: a field of `mlplatform.endpoints.Peers`."""

    name: PeerName


Party = Pods | Peer


@dataclass(frozen=True)
class Flow:
    """Connections that one party may open to another."""

    source: Party
    target: Party
    ports: tuple[int, ...]
    """TCP; `EVERY_PORT` for all."""
    why: str


MLFLOW_SERVER: Final = Pods(naming.NAMESPACE_MLFLOW, "mlflow")
DATABASE_SETUP: Final = Pods(naming.NAMESPACE_MLFLOW, "database-setup")
SPARK: Final = Pods(naming.NAMESPACE_SPARK)
SPARK_DRIVER: Final = Pods(naming.NAMESPACE_SPARK, "spark-driver")
RAY: Final = Pods(naming.NAMESPACE_RAY)
RAY_HEAD: Final = Pods(naming.NAMESPACE_RAY, "ray-head")
NOTEBOOKS: Final = Pods(naming.NAMESPACE_NOTEBOOKS)
MODEL_API: Final = Pods(naming.NAMESPACE_SERVING, "model-api")
EMBEDDED: Final = Pods(naming.NAMESPACE_SERVING, "flight-api-embedded")
SHARED: Final = Pods(naming.NAMESPACE_SERVING, "flight-api-shared")
EMR: Final = Pods(naming.NAMESPACE_EMR)
OPERATORS: Final = Pods(naming.NAMESPACE_SYSTEM)
DATABASE_PEER, KAFKA_PEER, PRIVATE = Peer("database"), Peer("kafka"), Peer("private")
OBJECT_STORE_PEER = Peer("object_store")
LAKE, API, CREDENTIAL_PEER = Peer("https"), Peer("kubernetes_api"), Peer("credentials")


def flows(database_port: int) -> tuple[Flow, ...]:
    """The table."""
    database = (database_port,)
    of_the_lake = (MLFLOW_SERVER, SPARK, RAY, NOTEBOOKS, EMBEDDED, SHARED)
    in_the_cloud = (MLFLOW_SERVER, DATABASE_SETUP, SPARK, RAY, NOTEBOOKS, EMBEDDED, SHARED, OPERATORS)
    return (
        Flow(MLFLOW_SERVER, DATABASE_PEER, database, "runs, metrics and the registry"),
        Flow(DATABASE_SETUP, DATABASE_PEER, database, "makes databases and users"),
        Flow(RAY, MLFLOW_SERVER, (MLFLOW,), "training logs its runs and registers models"),
        Flow(NOTEBOOKS, MLFLOW_SERVER, (MLFLOW,), "people look at runs and models"),
        Flow(SPARK, SPARK, EVERY_PORT, "driver and executors choose their ports as they start; shuffle blocks"),
        Flow(SPARK, KAFKA_PEER, KAFKA, "events"),
        Flow(SPARK_DRIVER, API, KUBERNETES_API, "asks for executors"),
        Flow(RAY, RAY, EVERY_PORT, "head and workers choose their ports as they start; objects"),
        Flow(RAY_HEAD, API, KUBERNETES_API, "the autoscaler asks for workers"),
        Flow(OPERATORS, RAY_HEAD, (RAY_DASHBOARD,), "KubeRay looks after jobs"),
        Flow(NOTEBOOKS, RAY_HEAD, (RAY_CLIENT, RAY_DASHBOARD), "a notebook trains on the cluster"),
        Flow(EMBEDDED, MODEL_API, (SERVING,), "pattern A: the wrapping API asks the model's"),
        Flow(NOTEBOOKS, EMBEDDED, (SERVING,), "people try a model in service"),
        Flow(NOTEBOOKS, SHARED, (SERVING,), "people try a model in service"),
        Flow(PRIVATE, EMBEDDED, (SERVING,), "the internal load balancer and who is behind it"),
        Flow(PRIVATE, SHARED, (SERVING,), "the internal load balancer and who is behind it"),
        Flow(OPERATORS, API, KUBERNETES_API, "operators watch and write objects"),
        Flow(OPERATORS, PRIVATE, (KUBELET,), "pod metrics, for the autoscalers of deployments"),
        Flow(PRIVATE, OPERATORS, (WEBHOOK, KUBELET), "the Kubernetes API asks webhooks and the metrics API"),
        *(Flow(pods, OBJECT_STORE_PEER, (OBJECT_STORE,), "the lake, without a cloud") for pods in of_the_lake),
        *(Flow(pods, LAKE, HTTPS, "the lake, secrets and the cloud's own API") for pods in in_the_cloud),
        *(Flow(pods, CREDENTIAL_PEER, CREDENTIALS, "credentials of the service account") for pods in in_the_cloud),
    )


def emr_flows() -> tuple[Flow, ...]:
    """The table of the namespace of EMR on EKS. Nobody else asks its pods for anything."""
    return (
        Flow(EMR, EMR, EVERY_PORT, "submitter, driver and executors choose their ports as they start; shuffle blocks"),
        Flow(EMR, API, KUBERNETES_API, "the submitter asks for a driver, and the driver for executors"),
        Flow(EMR, LAKE, HTTPS, "the lake, and the cloud's own API"),
        Flow(EMR, CREDENTIAL_PEER, CREDENTIALS, "credentials of the job's role"),
    )


def of_pods(table: Iterable[Flow], pods: Pods, side: Literal["source", "target"]) -> list[Flow]:
    """The flows in which these pods, named just so, are on that side."""
    return [flow for flow in table if getattr(flow, side) == pods]
