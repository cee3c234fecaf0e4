"""Namespaces, quotas, service accounts, rights and volumes."""

from __future__ import annotations

from functools import cache

from infra_endpoints import example_config, manifests, pods, recorded, run_anew, run_with
from mlplatform import naming, versions
from mlplatform.config.workload_sections import Mlflow
from mlplatform.endpoints import NodeFolder, SharedVolume, VolumeUse
from mlplatform.identities import IDENTITIES
from mlplatform.services.mlflow import POD
from mlplatform.services.tenancy.capacity import namespace_capacity
from recorder import Recorder

LEVEL = "pod-security.kubernetes.io/enforce"


def test_every_workload_namespace_refuses_pods_with_rights() -> None:
    found = [one.inputs["metadata"] for one in manifests(recorded(), "Namespace")]
    assert {one["name"] for one in found} == set(naming.WORKLOAD_NAMESPACES)
    assert {one["labels"][LEVEL] for one in found} == {"restricted"}
    assert {one["labels"][f"{LEVEL}-version"] for one in found} == {f"v{versions.KUBERNETES}"}


def test_a_namespace_with_load_balancers_is_labelled_for_them_and_no_other() -> None:
    labelled = {
        one.inputs["metadata"]["name"]
        for one in manifests(recorded(), "Namespace")
        if "elbv2.k8s.aws/pod-readiness-gate-inject" in one.inputs["metadata"]["labels"]
    }
    assert labelled == {"serving"}


def test_a_quota_is_what_the_nodes_of_the_namespace_can_give_at_their_maximum() -> None:
    # Six m7i.xlarge: 4 vCPUs less 80 millicores each; 16,384 MiB less 11 x 58 + 255 + 100 MiB each.
    quota = recorded().one("kubernetes:core/v1:ResourceQuota", "namespaces-serving-quota").inputs["spec"]["hard"]
    assert quota["requests.cpu"] == f"{6 * 3920}m"
    assert quota["requests.memory"] == quota["limits.memory"] == f"{6 * (16384 - 11 * 58 - 255 - 100)}Mi"


def test_a_quota_grows_with_its_node_groups() -> None:
    config = example_config()
    larger = config.node_groups.spark_executor.model_copy(update={"max_size": 8})
    grown = config.model_copy(update={"node_groups": config.node_groups.model_copy(update={"spark_executor": larger})})
    before, after = namespace_capacity(config, POD), namespace_capacity(grown, POD)
    assert after["spark"].cpu_millicores > before["spark"].cpu_millicores
    assert {name for name in before if before[name] != after[name]} == {"spark"}


def test_a_disabled_node_group_gives_nothing() -> None:
    config = example_config()
    off = config.node_groups.notebook.model_copy(update={"enabled": False})
    without = config.model_copy(update={"node_groups": config.node_groups.model_copy(update={"notebook": off})})
    assert namespace_capacity(without, POD)["notebooks"].pods == 0


def test_a_roll_out_of_mlflow_fits_its_quota() -> None:
    config = example_config(mlflow=Mlflow(replicas=3))
    assert namespace_capacity(config, POD)["mlflow"].memory_mib == 7 * POD.memory_mib


def test_load_balancers_cost_money_and_are_counted() -> None:
    counted = {
        one.name: one.inputs["spec"]["hard"]["services.loadbalancers"] for one in manifests(recorded(), "ResourceQuota")
    }
    assert {name for name, count in counted.items() if count != "0"} == {"namespaces-serving-quota"}
    made = [one for one in manifests(recorded(), "Service") if one.inputs["spec"].get("type") == "LoadBalancer"]
    assert counted["namespaces-serving-quota"] == str(len(made))


def test_no_limit_range_limits_the_cpu_which_would_refuse_executors() -> None:
    for one in manifests(recorded(), "LimitRange"):
        (limit,) = one.inputs["spec"]["limits"]
        assert "cpu" not in limit["default"]


def test_there_is_one_service_account_per_identity() -> None:
    made = {
        (one.inputs["metadata"]["namespace"], one.inputs["metadata"]["name"])
        for one in manifests(recorded(), "ServiceAccount")
    }
    assert made == {(one.namespace, one.service_account) for one in IDENTITIES}


def test_every_pod_runs_as_a_service_account_that_is_made() -> None:
    made = {one.inputs["metadata"]["name"] for one in manifests(recorded(), "ServiceAccount")}
    named = {pod["spec"].get("serviceAccountName", "spark-executor") for pod in pods(recorded()).values()}
    assert named < made


def test_a_driver_may_make_and_remove_executors_in_its_own_namespace_and_nothing_else() -> None:
    assert not [*manifests(recorded(), "ClusterRole"), *manifests(recorded(), "ClusterRoleBinding")]
    (role,) = manifests(recorded(), "Role")
    (binding,) = manifests(recorded(), "RoleBinding")
    assert role.inputs["metadata"]["namespace"] == binding.inputs["metadata"]["namespace"] == "spark"
    assert binding.inputs["subjects"] == [{"kind": "ServiceAccount", "name": "spark-driver", "namespace": "spark"}]
    rules = {resource: set(rule["verbs"]) for rule in role.inputs["rules"] for resource in rule["resources"]}
    assert rules.keys() == {"pods", "configmaps", "services", "persistentvolumeclaims"}
    # When it stops, Spark removes all of them by label.
    assert all({"create", "delete", "deletecollection"} <= verbs for verbs in rules.values())
    assert "watch" in rules["pods"]
    assert "*" not in {verb for verbs in rules.values() for verb in verbs}


def test_a_claim_is_bound_to_the_volume_that_is_meant_for_it() -> None:
    volumes = {one.name: one for one in manifests(recorded(), "PersistentVolume")}
    claims = list(manifests(recorded(), "PersistentVolumeClaim"))
    assert {(c.inputs["metadata"]["namespace"], c.inputs["metadata"]["name"]) for c in claims} == {
        ("ray", "models"),
        ("serving", "models"),
        ("notebooks", "models"),
        ("notebooks", "notebooks"),
    }
    for claim in claims:
        where = claim.inputs["metadata"]
        volume = volumes[claim.inputs["spec"]["volumeName"]].inputs["spec"]
        assert volume["claimRef"] == {"namespace": where["namespace"], "name": where["name"]}
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
        assert volume["csi"]["volumeHandle"] == f"fs-1::fsap-{where['name']}"
        assert volume["storageClassName"] == claim.inputs["spec"]["storageClassName"] == ""


@cache
def on_folders_of_the_nodes() -> Recorder:
    uses: tuple[VolumeUse, ...] = ("models", "notebooks")
    return run_anew(shared_volumes={use: SharedVolume(use=use, source=NodeFolder(path=f"/srv/{use}")) for use in uses})


def test_a_folder_of_the_nodes_must_be_there_and_is_never_made_on_one_of_them() -> None:
    for volume in manifests(on_folders_of_the_nodes(), "PersistentVolume"):
        where = volume.inputs["spec"]
        assert where["hostPath"] == {"path": f"/srv/{where['claimRef']['name']}", "type": "Directory"}
        assert "csi" not in where


def secrets_of(recorder: Recorder) -> dict[str, list[str]]:
    """Name of what makes a pod → the Secrets that its containers take into their environments."""
    return {
        name: [
            source["secretRef"]["name"]
            for container in pod["spec"]["containers"]
            for source in container.get("envFrom") or ()
        ]
        for name, pod in pods(recorder).items()
    }


def test_where_no_cloud_tells_them_pods_of_the_lake_are_told_where_it_is_and_as_whom_to_sign() -> None:
    told = {
        (one.namespace, one.service_account): {"AWS_ACCESS_KEY_ID": one.name}
        for one in IDENTITIES
        if one.reads or one.writes
    }
    found = secrets_of(run_anew(lake_environments=told))
    assert found == {
        "mlflow-database-setup": [],
        "mlflow-server": ["lake-mlflow"],
        "ray-head": ["lake-ray"],
        "ray-worker-standard": ["lake-ray"],
        "serving-model-api-server": [],
        "serving-flight-api-embedded-server": ["lake-flight-api"],
        "serving-flight-api-shared-server": ["lake-flight-api"],
        "spark-executor": ["lake-spark-executor"],
    }


def test_where_the_cloud_tells_them_no_pod_has_a_key() -> None:
    assert {name for name, secrets in secrets_of(recorded()).items() if secrets} == set()
    assert not [one for one in recorded().resources if one.name.startswith("lake-secrets-")]


def test_a_shuffle_volume_is_encrypted_and_waits_for_its_pod() -> None:
    (made,) = manifests(recorded(), "StorageClass")
    assert made.inputs["metadata"]["name"] == "mlplatform-shuffle"
    assert made.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert made.inputs["parameters"]["encrypted"] == "true"


def test_without_block_storage_there_is_no_storage_class() -> None:
    assert not list(manifests(run_with(block_storage=None), "StorageClass"))
