"""The foundation out of pods: what the stack `local` registers, the whole program included."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest
from infra_configs import EXAMPLE_CLUSTER, local_config
from infra_endpoints import manifests
from mlplatform import naming, service_types
from mlplatform.config.faults import ConfigError
from mlplatform.foundation.incluster import kafka, postgresql
from mlplatform.foundation.incluster.passwords import derived
from mlplatform.program import main
from platform_contract import PlatformContract
from pulumi.runtime import rpc
from recorder import Recorder, Secret, build
from whole_program import complete_config, of_kinds, record

TYPES = {one.name: one for one in service_types.SERVICE_TYPES}


def templates(recorder: Recorder) -> dict[str, dict[str, Any]]:
    """Name of what makes it → pod template."""
    return {
        one.name: one.inputs["spec"]["template"] for kind in ("Deployment", "Job") for one in manifests(recorder, kind)
    }


def test_nothing_of_aws_is_asked_for() -> None:
    kinds = {one.type.split(":")[0] for one in record("local").resources}
    assert kinds == {"kubernetes", "mlplatform", "pulumi"}


def test_every_pod_is_kept_to_the_nodes_of_its_service_type_and_runs_without_rights() -> None:
    found = templates(record("local"))
    assert {
        "postgresql-server",
        "kafka-server",
        "object-store-server",
        "mlflow-server",
        "ray-head",
        "ray-worker-small",
    } < found.keys()
    for name, pod in found.items():
        kind = TYPES[pod["metadata"]["labels"][service_types.LABEL]]
        assert pod["spec"]["nodeSelector"] == kind.labels, name
        assert pod["spec"]["tolerations"] == kind.tolerations, name
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert container["resources"]["requests"] == container["resources"]["limits"], name
        assert pod["spec"]["automountServiceAccountToken"] is False, name


def test_the_contract_names_areas_of_the_lakes_bucket_and_services_of_the_cluster() -> None:
    contract = PlatformContract.model_validate(record("local").outputs["contract"])
    assert contract.environment == "local"
    assert contract.lake.raw == "s3://lake/raw"
    assert contract.mlflow.artifacts == "s3://lake/artifacts"
    assert contract.ray.storage == "s3://lake/ray"
    assert contract.database is not None
    assert contract.database.host == "postgresql.platform-data.svc.cluster.local"
    assert contract.kafka is not None
    assert contract.kafka.bootstrap_servers == ("kafka.platform-data.svc.cluster.local:9092",)
    assert record("local").outputs["pendingImages"] == []
    assert record("local").outputs["region"] == "local"


def test_images_come_from_the_given_registry_by_digest() -> None:
    for pod in templates(record("local")).values():
        (container,) = pod["spec"]["containers"]
        assert container["image"].startswith("localhost:5000/mlplatform/")
        assert "@sha256:" in container["image"]


def test_no_password_is_anywhere_but_in_a_secret() -> None:
    secrets = of_kinds(record("local"), "kubernetes:core/v1:Secret")
    given = [one.inputs["stringData"] for one in secrets]
    assert all(rpc.is_rpc_secret(data) for data in given), "the engine would keep it in plain text"
    told = [text for data in given for text in rpc.unwrap_rpc_secret(data).values()]
    passwords = {password for text in told for password in re.findall(r"\b[0-9a-f]{64}\b", text)}
    # Three users of the database, its master user, and Ray's processes; of the object store six identities, whoever
    # delivers, and the root account.
    assert len(passwords) == 5 + 8
    plain = json.dumps(
        [one.inputs for one in record("local").resources if one.inputs.get("kind") != "Secret"], default=str
    )
    assert not [password for password in passwords if password in plain]
    assert str(EXAMPLE_CLUSTER["passwordSeed"]) not in plain


def test_a_password_is_secret_wherever_it_goes() -> None:
    """The SDK marks what a Secret of Kubernetes holds, and nothing else."""
    recorder = build(lambda: pulumi.export("password", derived("a" * 16, "x")))
    assert isinstance(recorder.outputs["password"], Secret)


def test_a_password_is_its_own_and_the_same_at_every_up() -> None:
    found: list[str] = []

    def program() -> None:
        for seed, what in (("a" * 16, "x"), ("a" * 16, "x"), ("a" * 16, "y"), ("b" * 16, "x")):
            pulumi.Output.unsecret(derived(seed, what)).apply(found.append)

    build(program)
    assert len(found) == 4
    assert len(set(found)) == 3
    assert all(len(one) == 64 for one in found)


CALLERS = {
    "postgresql": {"mlflow"},
    "kafka": {"spark"},
    "object-store": {"mlflow", "spark", "ray", "serving", "notebooks"},
}


@pytest.mark.parametrize(("app", "port"), [("postgresql", 5432), ("kafka", 9092), ("object-store", 7070)])
def test_a_stand_in_answers_those_that_the_table_of_flows_lets_and_asks_nobody(app: str, port: int) -> None:
    policy = record("local").one("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{app}-policy").inputs["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert not policy.get("egress")
    (rule,) = policy["ingress"]
    assert [one["port"] for one in rule["ports"]] == [port]
    sources = {one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in rule["from"]}
    assert sources == CALLERS[app]


def test_an_outward_rule_names_the_stand_ins_pods() -> None:
    name = "network-policies-mlflow-mlflow-out"
    policy = record("local").one("kubernetes:networking.k8s.io/v1:NetworkPolicy", name).inputs["spec"]
    assert {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "platform-data"}},
        "podSelector": {"matchLabels": {"mlplatform.io/app": "postgresql"}},
    } in [peer for rule in policy["egress"] for peer in rule["to"]]


def test_two_servers_never_share_the_files_of_one() -> None:
    for app in CALLERS:
        server = record("local").one("kubernetes:apps/v1:Deployment", f"{app}-server").inputs["spec"]
        assert server["strategy"] == {"type": "Recreate"}
        assert server["replicas"] == 1
        claim = record("local").one("kubernetes:core/v1:PersistentVolumeClaim", f"{app}-claim").inputs["spec"]
        assert claim["accessModes"] == ["ReadWriteOncePod"]


def test_a_first_start_of_the_database_that_is_killed_is_begun_again() -> None:
    """The folder has its final name only when it is whole."""
    made = postgresql.SCRIPT.index('initdb --pgdata="$data.new"')
    assert postgresql.SCRIPT.index('rm -rf "$data.new"') < made
    assert made < postgresql.SCRIPT.index('mv "$data.new" "$data"')
    assert postgresql.SCRIPT.count("rm ") == 1, "what has its final name is never removed"


def test_the_database_is_ready_when_it_says_so_and_listens_and_no_program_is_needed_to_ask() -> None:
    """A file that a killed server has left says ready, too; but then nothing listens."""
    server = record("local").one("kubernetes:apps/v1:Deployment", "postgresql-server").inputs["spec"]["template"]
    (container,) = server["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe"):
        *shell, script = container[probe]["exec"]["command"]
        assert shell == ["/bin/bash", "-c"]
        said, listens = script.split(" && ")
        assert said == "grep -q '^ready' /var/lib/mlplatform/data/postmaster.pid"
        assert listens.endswith("/dev/tcp/127.0.0.1/5432")


def test_the_broker_is_formatted_once_and_its_script_leaves_nothing_to_be_filled_in() -> None:
    assert 'if [ ! -e "/var/lib/mlplatform/log/meta.properties" ]; then' in kafka.SCRIPT
    assert kafka.PROPERTIES["log.dirs"] == "/var/lib/mlplatform/log"
    assert kafka.SCRIPT.index("StorageTool format") < kafka.SCRIPT.index("$run kafka.Kafka /tmp")
    assert not set("{}") & set(kafka.SCRIPT)


def test_the_broker_is_ready_when_its_topics_are_there_and_makes_none_by_itself() -> None:
    server = record("local").one("kubernetes:apps/v1:Deployment", "kafka-server").inputs["spec"]["template"]
    (container,) = server["spec"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert given["TOPICS"].split("\n") == [f"{topic} {count}" for topic, count in naming.TOPICS.items()]
    assert "auto.create.topics.enable=false" in given["SERVER_PROPERTIES"].splitlines()
    assert container["readinessProbe"]["exec"]["command"][-1].startswith(f"test -e {kafka.MADE} && ")
    assert kafka.SCRIPT.index("--create --if-not-exists") < kafka.SCRIPT.index(f"touch {kafka.MADE}")


def test_without_an_image_of_kafka_there_is_no_kafka_and_the_contract_says_so() -> None:
    values = complete_config("local")
    values["inCluster"] = {
        **values["inCluster"],
        "standIns": {key: image for key, image in values["inCluster"]["standIns"].items() if key != "kafka"},
    }
    recorder = build(main, values, "local")
    assert not [one for one in recorder.resources if one.name.startswith("kafka")]
    assert "kafka" not in recorder.outputs["contract"]


def test_without_an_image_of_the_database_one_sentence_says_what_to_do() -> None:
    values = local_config({"inCluster.standIns": {}})
    with pytest.raises(ConfigError, match=r"standIns.postgresql: is missing, .* 'make images STAND_INS=1' builds"):
        build(main, values, "local")


@pytest.mark.parametrize(("kube_ray", "charts"), [("present", 0), ("chart", 1)])
def test_with_kuberay_the_operator_makes_the_cluster_and_its_token(kube_ray: str, charts: int) -> None:
    values = complete_config("local")
    values["inCluster"] = {**values["inCluster"], "kubeRay": kube_ray}
    recorder = build(main, values, "local")
    assert list(manifests(recorder, "RayCluster"))
    assert not [one for one in recorder.resources if one.name == "ray-token"]
    assert len(of_kinds(recorder, "kubernetes:helm.sh/v3:Release")) == charts


def test_without_kuberay_all_workers_are_always_there() -> None:
    worker = record("local").one("kubernetes:apps/v1:Deployment", "ray-worker-small").inputs["spec"]
    assert worker["replicas"] == 1
    assert "minWorkers" not in complete_config("local")["ray"]["workerGroups"][0]


def test_ray_processes_show_each_other_a_token_and_workers_look_for_the_head() -> None:
    found = templates(record("local"))
    for name in ("ray-head", "ray-worker-small"):
        (container,) = found[name]["spec"]["containers"]
        variables = {one["name"]: one for one in container["env"]}
        assert variables["RAY_AUTH_MODE"]["value"] == "token"
        assert variables["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "ray", "key": "auth_token"}
    (head,) = found["ray-head"]["spec"]["containers"]
    (worker,) = found["ray-worker-small"]["spec"]["containers"]
    assert {"--head", "--num-cpus=0", "--port=6379"} <= set(head["command"])
    assert "--address=ray-head-svc:6379" in worker["command"]
