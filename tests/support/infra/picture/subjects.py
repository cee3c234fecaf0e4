"""What the picture shows of the recorded resources: numbers, sizes and names of workloads are those of their inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from mlplatform.service_types import LABEL
from recorder import Recorded, Recorder

from picture.shapes import Card

BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#2f6fde", "#e8833a", "#3a9d5d", "#8257c6", "#d64545", "#7b8794"
COLOURS: Final = {
    "system": GREY,
    "spark-driver": ORANGE,
    "spark-executor": ORANGE,
    "ray": BLUE,
    "serving": GREEN,
    "notebook": PURPLE,
}
STEPS: Final = {"spark-executor": 2, "ray": 3, "serving": 5}
"""Where the main job comes by: see `WAY`."""
WAY: Final = (
    "raw files land in the lake",
    "Spark's executors make features of them, in the lake",
    "Ray trains on them, tracked by MLflow",
    "the champion's file is published on EFS",
    "BentoML serves it over HTTP",
)
GUESTS: Final = {"spark-driver": "drivers", "spark-executor": "executors", "notebook": "notebooks"}
"""What no resource of the program is, but its users start: their namespace's service accounts are."""


def node_groups(found: Recorder) -> list[Card]:
    """A card for each group of nodes, with what runs there."""
    pods = sorted(_placed(found))
    cards = []
    for group in found.of_type("aws:eks/nodeGroup:NodeGroup"):
        kind = group.inputs["labels"][LABEL]
        sizes, spot = group.inputs["scalingConfig"], group.inputs["capacityType"] == "SPOT"
        chips = [name for name, at in pods if at == kind]
        if kind == "system":
            chips += _controllers(found)
        if kind in GUESTS:
            chips.append(GUESTS[kind] if kind == "notebook" else f"Spark {GUESTS[kind]}")
        cards.append(
            Card(
                name=kind,
                lines=(
                    " or ".join(group.inputs["instanceTypes"][:2]),
                    f"{sizes['minSize']:.0f} to {sizes['maxSize']:.0f} nodes, {'spot' if spot else 'on demand'}",
                ),
                colour=COLOURS[kind],
                step=STEPS.get(kind, 0),
                chips=chips,
            )
        )
    order = list(COLOURS)
    return sorted(cards, key=lambda card: order.index(card.name))


def _placed(found: Recorder) -> Iterator[tuple[str, str]]:
    """What runs → the service type of its nodes, as its own manifest selects them."""
    names = {"mlflow": "MLflow"}
    for one in found.of_type("kubernetes:apps/v1:Deployment"):
        pod = one.inputs["spec"]["template"]["spec"]
        app = one.inputs["metadata"]["labels"]["app.kubernetes.io/name"]
        yield names.get(app, app), pod["nodeSelector"][LABEL]
    for one in found.of_type("kubernetes:ray.io/v1:RayCluster"):
        groups = [one.inputs["spec"]["headGroupSpec"], *one.inputs["spec"]["workerGroupSpecs"]]
        for number, group in enumerate(groups):
            yield f"Ray {'workers' if number else 'head'}", group["template"]["spec"]["nodeSelector"][LABEL]


def _controllers(found: Recorder) -> list[str]:
    charts = [one.inputs["chart"].rpartition("/")[2] for one in found.of_type("kubernetes:helm.sh/v3:Release")]
    addons = [one.inputs["addonName"] for one in found.of_type("aws:eks/addon:Addon")]
    return [f"{len(charts)} controllers, {len(addons)} add-ons of EKS"] if charts else []


def data_services(found: Recorder) -> list[Card]:
    """What keeps data inside the VPC."""
    database = _only(found, "aws:rds/instance:Instance")
    brokers = _only(found, "aws:msk/cluster:Cluster")
    files = _only(found, "aws:efs/fileSystem:FileSystem")
    emr = _only(found, "aws:emr/cluster:Cluster")
    points = len(found.of_type("aws:efs/accessPoint:AccessPoint"))
    return [
        Card(
            "RDS for PostgreSQL",
            (database["instanceClass"], f"{database['allocatedStorage']:.0f} GiB, {_zones(database)}",
             "runs of MLflow, Hive's metastore"),
            BLUE,
        ),
        Card(
            "EFS",
            (f"{points} access points, {files['throughputMode']}", "model files and notebooks' homes"),
            GREEN,
            step=4,
        ),
        Card(
            "MSK",
            (f"{brokers['numberOfBrokerNodes']:.0f} x {brokers['brokerNodeGroupInfo']['instanceType']}",
             f"Kafka {brokers['kafkaVersion']}, IAM over TLS"),
            ORANGE,
        ),
        Card("EMR on EC2", (emr["releaseLabel"], "Spark and Hive on YARN"), ORANGE),
        Card(
            "EMR on EKS",
            (f"in namespace {_namespace_of_emr(found)}", "on the nodes for Spark"),
            ORANGE,
        ),
    ]  # fmt: skip


def regional_services(found: Recorder) -> list[Card]:
    """What is no part of the VPC."""
    images = [one.name.removeprefix("registry-") for one in found.of_type("aws:ecr/repository:Repository")]
    alarms = len(found.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"))
    budget = _only(found, "aws:budgets/budget:Budget")
    roles = len(found.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation"))
    keys = len(found.of_type("aws:kms/key:Key"))
    return [
        Card("S3: the lake", ("raw files, features in Parquet,", "models, checkpoints, quarantine"), GREEN, step=1),
        Card("ECR", (f"{len(images)} images, by digest",), GREY),
        Card("IAM", (f"{roles} Pod Identity associations",), RED),
        Card("KMS", (f"{keys} customer managed keys",), RED),
        Card("Secrets Manager", ("passwords that RDS and EMR keep",), RED),
        Card("CloudWatch, SNS", (f"{alarms} alarms, logs",), PURPLE),
        Card("Budgets", (f"{float(budget['limitAmount']):,.0f} {budget['limitUnit']} a month",), PURPLE),
    ]


def network(found: Recorder) -> tuple[str, Sequence[str]]:
    """The VPC's heading, and what leads out of it."""
    vpc = _only(found, "aws:ec2/vpc:Vpc")
    zones = len({one.inputs["availabilityZone"] for one in found.of_type("aws:ec2/subnet:Subnet")})
    gateways = len(found.of_type("aws:ec2/natGateway:NatGateway"))
    ways = len(found.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"))
    policies = len(found.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy"))
    return (
        f"VPC {vpc['cidrBlock']}, {zones} availability zones",
        (f"{gateways} NAT gateway{'s' * (gateways > 1)}", f"{ways} VPC endpoints", f"{policies} network policies"),
    )


def cluster(found: Recorder) -> str:
    """The control plane's heading."""
    plane = _only(found, "eks:index:Cluster")
    return f"EKS {plane['version']}, {'public' if plane['endpointPublicAccess'] else 'private'} endpoint"


def _zones(database: dict[str, Any]) -> str:
    return "two zones" if database.get("multiAz") else "one zone"


def _namespace_of_emr(found: Recorder) -> str:
    virtual = _only(found, "aws:emrcontainers/virtualCluster:VirtualCluster")
    return str(virtual["containerProvider"]["info"]["eksInfo"]["namespace"])


def _only(found: Recorder, kind: str) -> dict[str, Any]:
    one: Recorded = found.one(kind)
    return dict(one.inputs)
