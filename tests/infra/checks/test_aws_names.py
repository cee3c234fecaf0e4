"""Names of AWS' own, and versions that AWS, a chart's repository or a driver has: looked up in a dated list of them.

The services' models, which the other checks use, know the forms of these and not which there are
(`tests/support/infra/aws_catalogue/names.yaml`).
"""

from __future__ import annotations

import re

import pytest
from aws_catalogue.names import names
from mlplatform.config.base import AwsEnvironment
from mlplatform.kubernetes import chart_versions
from recorder import Recorder
from whole_program import ENVIRONMENTS, record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)


@pytest.fixture
def recorder(environment: AwsEnvironment) -> Recorder:
    return record(environment)


def test_every_list_says_where_it_is_from_and_of_which_day(environment: AwsEnvironment) -> None:  # noqa: ARG001
    assert all(re.match(r"\d{4}-\d\d-\d\d$", one["of"]) and one["source"] for one in names().values())


def test_the_release_of_emr_exists(recorder: Recorder) -> None:
    assert {one.inputs["releaseLabel"] for one in recorder.of_type("aws:emr/cluster:Cluster")} <= set(
        names()["emrReleases"]["spark"]
    )


def test_the_add_ons_are_of_the_clusters_kubernetes(recorder: Recorder) -> None:
    [cluster] = recorder.of_type("eks:index:Cluster")
    offered = names()["eksAddOns"]["byKubernetes"][cluster.inputs["version"]]
    found = {one.inputs["addonName"]: one.inputs["addonVersion"] for one in recorder.of_type("aws:eks/addon:Addon")}
    assert set(found) == set(offered)
    assert {name: version for name, version in found.items() if version not in offered[name]} == {}


def test_a_drivers_role_is_for_the_account_that_its_add_on_makes(recorder: Recorder) -> None:
    found = {
        one.inputs["addonName"]: [its["serviceAccount"] for its in one.inputs["podIdentityAssociations"]]
        for one in recorder.of_type("aws:eks/addon:Addon")
        if one.inputs.get("podIdentityAssociations")
    }
    assert found == {name: [account] for name, account in names()["driverAccounts"]["names"].items()}


def test_a_chart_is_in_its_makers_repository(recorder: Recorder) -> None:
    known, wrong = names()["charts"], []
    for one in recorder.of_type("kubernetes:helm.sh/v3:Release"):
        chart = known["byName"].get(one.inputs["chart"])
        if chart is None or one.inputs["repositoryOpts"]["repo"] != chart["repository"]:
            wrong.append((one.name, one.inputs["repositoryOpts"]["repo"]))
        elif not one.inputs["version"].startswith(f"{chart['line']}."):
            wrong.append((one.name, one.inputs["version"]))
    assert wrong == []


def test_no_chart_is_newer_than_what_was_seen(environment: AwsEnvironment) -> None:  # noqa: ARG001
    """Of all charts, those that no environment takes (GPUs) too."""
    charts = [one for one in vars(chart_versions).values() if isinstance(one, chart_versions.Chart)]
    known = names()["charts"]
    assert {one.name: one.version for one in charts} == {name: str(value) for name, value in known["newest"].items()}
    assert {one.name: one.repository for one in charts} == {
        name: row["repository"] for name, row in known["byName"].items()
    }


def test_kafka_is_a_version_that_msk_offers(recorder: Recorder) -> None:
    clusters = recorder.of_type("aws:msk/cluster:Cluster")
    assert {one.inputs["kafkaVersion"] for one in clusters} <= {str(one) for one in names()["kafkaVersions"]["names"]}


def test_the_database_has_an_authority_an_engine_and_a_user_that_there_are(recorder: Recorder) -> None:
    [database] = recorder.of_type("aws:rds/instance:Instance")
    [group] = recorder.of_type("aws:rds/parameterGroup:ParameterGroup")
    assert database.inputs["caCertIdentifier"] in names()["databaseAuthorities"]["names"]
    assert group.inputs["family"] == f"{database.inputs['engine']}{database.inputs['engineVersion'].split('.')[0]}"
    assert database.inputs["username"] not in names()["databaseReserved"]["names"]
    # The shortest that RDS takes is half an hour (RDS user guide, "Backup window").
    hours = [int(part[:2]) * 60 + int(part[3:]) for part in database.inputs["backupWindow"].split("-")]
    assert hours[1] - hours[0] >= 30


def test_the_databases_parameters_are_parameters_of_rds(recorder: Recorder) -> None:
    [group] = recorder.of_type("aws:rds/parameterGroup:ParameterGroup")
    known, wrong = names()["databaseParameters"]["dynamic"], []
    for one in group.inputs["parameters"]:
        allowed = known.get(one["name"])
        fits = re.fullmatch(r"-?\d+", one["value"]) if isinstance(allowed, str) else one["value"] in (allowed or ())
        # What needs a restart cannot be applied at once; `pending-reboot` is right for every one.
        if not fits or one["applyMethod"] not in {"immediate", "pending-reboot"}:
            wrong.append((one["name"], one["value"], one["applyMethod"]))
    assert wrong == []


def test_an_endpoint_is_of_a_service_that_has_one(recorder: Recorder) -> None:
    wrong = []
    for one in recorder.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        found = re.fullmatch(r"com\.amazonaws\.eu-central-1\.([a-z0-9.-]+)", one.inputs["serviceName"])
        if found is None or found[1] not in names()["endpoints"]["names"]:
            wrong.append((one.name, one.inputs["serviceName"]))
    assert wrong == []


def test_people_get_access_policies_that_there_are(recorder: Recorder) -> None:
    [cluster] = recorder.of_type("eks:index:Cluster")
    arns = [
        policy["policyArn"]
        for entry in (cluster.inputs.get("accessEntries") or {}).values()
        for policy in entry["accessPolicies"].values()
    ]
    known = {f"arn:aws:eks::aws:cluster-access-policy/{name}" for name in names()["accessPolicies"]["names"]}
    assert set(arns) - known == set()


def test_the_load_balancer_controller_knows_what_a_service_asks_of_it(recorder: Recorder) -> None:
    classes = {
        one.inputs["spec"]["loadBalancerClass"]
        for one in recorder.of_type("kubernetes:core/v1:Service")
        if one.inputs["spec"].get("loadBalancerClass")
    }
    assert classes <= set(names()["loadBalancerClasses"]["names"])
    labels = {
        key: value
        for one in recorder.of_type("kubernetes:core/v1:Namespace")
        for key, value in one.inputs["metadata"].get("labels", {}).items()
        if key.startswith("elbv2.k8s.aws/")
    }
    assert labels == names()["controllerLabels"]["names"]


def test_a_storage_class_asks_its_driver_for_what_it_offers(recorder: Recorder) -> None:
    known = names()["storageParameters"]
    for one in recorder.of_type("kubernetes:storage.k8s.io/v1:StorageClass"):
        assert one.inputs["provisioner"] == known["provisioner"]
        assert set(one.inputs["parameters"]) <= set(known["names"])
        assert one.inputs["parameters"].get("csi.storage.k8s.io/fstype", "ext4") in known["fstype"]
        # A volume made before its pod has a node may be in another zone than the node (EKS best practices).
        assert one.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
