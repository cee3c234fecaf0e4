"""Every port that anything of ours opens on a machine, who may reach it, and how it knows whom it serves.

The table is data: ``python3 -m tools.listeners`` prints it as ``docs/listeners.md`` has it, and tests compare it with
what really listens while ``make run KEEP=1`` is at work and on the stack ``local``, in every pod's network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

LOOPBACK: Final = "loopback"
NODES: Final = "nodes' addresses"
POD: Final = "the pod's address"
Where = Literal["loopback", "nodes' addresses", "the pod's address"]

RUN: Final = "`make run`"
KEPT: Final = "`make run KEEP=1`"
CLUSTER: Final = "the cluster of this machine"


@dataclass(frozen=True)
class Listener:
    """One kind of port."""

    place: str
    """Of what it is part: a command, the local cluster, or ``pod`` and the pod's app."""
    program: str
    known_by: str
    """Regular expression that the command line of its process has somewhere."""
    where: Where
    ports: tuple[int, ...]
    """None: the system chooses one, or the contract names it."""
    reached_by: str
    signs_in: str
    """How it knows who asks, or why it need not."""
    always: bool = True
    """Whether it is there in every run: a test looks for it."""

    def is_it(self, command: str, address: str, port: int) -> bool:
        """Whether what listens there is one of these."""
        here = address.removeprefix("::ffff:")
        is_loopback = here.startswith("127.") or here == "::1"
        return (
            re.search(self.known_by, command) is not None
            and (not self.ports or port in self.ports)
            and (is_loopback or self.where != LOOPBACK)
        )


USERS: Final = "every user of this machine"
OWN_PODS: Final = "the pods that `network_flows.py` lets; no user of the machine but root"
OF_THE_TRAINING: Final = "the token of that training, in a file that its owner alone can read"
RAY_PODS: Final = "Ray's pods; notebooks and KubeRay's operator at 8265, notebooks and trainings at 10001"
FIGURES: Final = "nobody: it has figures of Prometheus and takes no orders"

TABLE: Final[Sequence[Listener]] = (
    Listener(RUN, "Spark's driver and block manager", r"/java .*pyspark|jspawnhelper", LOOPBACK, (), USERS,
             "the session's own secret (`spark.authenticate`), and AES on the wire"),
    Listener(RUN, "PySpark's accumulators", r"spark-preprocess", LOOPBACK, (), USERS,
             "a token of the session's, which only its Java has"),
    Listener(RUN, "Ray's control store", r"/gcs_server ", LOOPBACK, (), USERS, OF_THE_TRAINING),
    Listener(RUN, "Ray's raylet and object manager", r"/raylet ", LOOPBACK, (), USERS, OF_THE_TRAINING),
    Listener(RUN, "Ray's dashboard", r"ray/dashboard/dashboard\.py", LOOPBACK, (), USERS, OF_THE_TRAINING),
    Listener(RUN, "Ray's agents",
             r"^ray::(Dashboard|RuntimeEnv)Agent|ray/dashboard/agent\.py|ray/_private/runtime_env/agent/main\.py",
             LOOPBACK, (), USERS, f"{OF_THE_TRAINING}; at the port of its figures {FIGURES}", always=False),
    Listener(RUN, "Ray's autoscaler", r"ray/autoscaler/_private/monitor\.py", LOOPBACK, (), USERS, FIGURES,
             always=False),
    Listener(RUN, "Ray's workers and the training itself", r"^ray::|ray-train train", LOOPBACK, (), USERS,
             OF_THE_TRAINING),
    Listener(RUN, "XGBoost's collective, in each training worker", r"^ray::RayTrainWorker", NODES, (),
             "whoever reaches this machine, for as long as it trains",
             "nobody: XGBoost binds every address and knows no sign-in; by it workers add up their gradients, so a"
             " machine in a network of strangers wants a firewall", always=False),
    Listener(RUN, "the services", r"bento_serving\.server", LOOPBACK, (), USERS,
             "nobody: they answer questions within limits, and take no orders"),
    Listener(KEPT, "MLflow's pages", r"mlflow", LOOPBACK, (), USERS,
             "nobody, as `mlflow server` by itself: whoever has an account here may read and change runs, and which"
             " version is the champion. It is up only when asked for: not where strangers have accounts"),
    Listener("`make run LAKE=s3`", "Versity's gateway", r"versitygw", LOOPBACK, (), USERS,
             "AWS' signatures, with keys that are made for the run and are in its environment alone", always=False),
    Listener(CLUSTER, "etcd", r"/etcd ", LOOPBACK, (12379, 12380), USERS,
             "certificates of an authority of its own, of which the API server has the only one"),
    Listener(CLUSTER, "the API server", r"/kube-apiserver ", NODES, (6443,), "pods and every user of this machine",
             "certificates and tokens of service accounts; RBAC"),
    Listener(CLUSTER, "kubelets", r"/kubelet ", NODES, (10250,), "pods and every user of this machine",
             "certificates, which the API server is asked about; no anonymous requests, no read-only port"),
    Listener(CLUSTER, "kubelets' streams", r"containerd( |$)", LOOPBACK, (), USERS,
             "an address of chance for each stream, which the kubelet is told and which is gone after a minute"),
    Listener(CLUSTER, "kube-proxy", r"/kube-proxy ", LOOPBACK, (10249, 10256), USERS, FIGURES),
    Listener(CLUSTER, "CoreDNS", r"/coredns ", NODES, (53,), "pods and every user of this machine",
             "nobody: names of services are no secret"),
    Listener(CLUSTER, "the registry", r"/registry serve", LOOPBACK, (5000,), USERS,
             "nobody: pods and the stack name images by their digests, so that another image under a tag changes"
             " nothing; a user of this machine may read images, which hold no secret, and fill the disk"),
    Listener(CLUSTER, "KubeRay's operator", r"/kuberay-operator ", LOOPBACK, (10258,), USERS,
             "nobody: it says that it lives"),
    Listener("pod postgresql", "PostgreSQL", r"postgres", POD, (5432,), OWN_PODS, "passwords, by SCRAM-SHA-256"),
    Listener("pod object-store", "Versity's gateway", r"versitygw", POD, (7070,), OWN_PODS,
             "signatures of S3, with the keys of an account"),
    Listener("pod kafka", "the broker, and its controller and admin on loopback", r"kafka\.Kafka", POD,
             (9092, 9093, 9094), OWN_PODS, "nobody: it is a stand-in with made-up events; on AWS MSK asks IAM"),
    Listener("pod mlflow", "MLflow", r"mlflow|uvicorn|gunicorn|multiprocessing\.spawn", POD, (5000,), OWN_PODS,
             "nobody: trainings and notebooks write runs; the champion is published by a training's pod alone"),
    Listener("pod ray-head", "Ray", r"ray", POD, (), RAY_PODS,
             f"the cluster's token; at the ports of figures {FIGURES}"),
    Listener("pod ray-worker", "Ray", r"ray", POD, (), "Ray's pods",
             f"the cluster's token; at the ports of figures {FIGURES}", always=False),
    Listener("pod ray-training", "the training's driver", r"ray", POD, (), "Ray's pods", "the cluster's token",
             always=False),
    Listener("pod model-api", "the model API", r"bento", POD, (3000,), OWN_PODS,
             "nobody: it answers questions within limits, and takes no orders"),
    Listener("pod flight-api-embedded", "the flight API", r"bento", POD, (3000,), OWN_PODS, "as the model API"),
    Listener("pod flight-api-shared", "the flight API", r"bento", POD, (3000,), OWN_PODS, "as the model API"),
    Listener("pod spark-driver", "Spark's driver and block manager, PySpark's gateway", r"java|python|spark", POD, (),
             "Spark's pods", "the session's own secret (`spark.authenticate`), and AES on the wire", always=False),
    Listener("pod spark-executor", "an executor's block manager", r"java", POD, (), "Spark's pods",
             "the session's own secret, which the driver gives its executors", always=False),
)  # fmt: skip


Heard = tuple[str, str, int]
"""Command line, address and port of what listens."""


def rows_of(*places: str) -> list[Listener]:
    """What may listen there."""
    return [row for row in TABLE if row.place in places]


def unknown(heard: Iterable[Heard], rows: Sequence[Listener]) -> list[str]:
    """What listens and stands in none of the rows."""
    strange = (one for one in heard if not any(row.is_it(*one) for row in rows))
    return sorted({f"{address}:{port} by {command[:160]}" for command, address, port in strange})


def silent(heard: Iterable[Heard], rows: Sequence[Listener]) -> list[str]:
    """Programs of rows that should be there in every run, at which nothing listens."""
    seen = list(heard)
    return [row.program for row in rows if row.always and not any(row.is_it(*one) for one in seen)]


def page() -> str:
    """The table as a document."""
    lines = [
        "# Who listens",
        "",
        "Every port that anything of ours opens on a machine. `tests/end_to_end` compares the table with what listens",
        "while `make run KEEP=1` is at work, and `tests/platform` with what listens on the stack `local`, in every",
        "pod's network. `python3 -m tools.listeners` prints this page.",
        "",
        "| of | what | at | reached by | asks for |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in TABLE:
        ports = ", ".join(map(str, row.ports)) if row.ports else "any"
        lines.append(f"| {row.place} | {row.program} | {row.where}: {ports} | {row.reached_by} | {row.signs_in} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(page(), end="")
