"""The contract is what its readers accept, the same in every namespace, and known to be wrong before it is written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from infra_endpoints import ALL_IMAGES, example_config, manifests, recorded, run_with
from mlplatform import naming
from mlplatform.deployments.contract_document import Facts, contract_document
from platform_contract import PlatformContract

FACTS = Facts(
    areas={area: f"s3://lake/{area}" for area in naming.LAKE_AREAS},
    bootstrap_servers="b-1.example:9098,b-2.example:9098",
    security_protocol="SASL_SSL",
    sasl_mechanism="AWS_MSK_IAM",
    database_host="database.example",
    database_port=5432,
    database_tls=True,
    database_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:x",  # noqa: S106 - where it is
    api_server="k8s://https://kubernetes.default.svc",
    executor_image="registry.example/spark@sha256:" + "0" * 64,
)


def test_the_file_in_every_workload_namespace_is_a_contract_and_the_same_as_the_output() -> None:
    found = {
        one.inputs["metadata"]["namespace"]: json.loads(one.inputs["data"][naming.CONTRACT_FILE])
        for one in manifests(recorded(), "ConfigMap")
        if one.inputs["metadata"]["name"] == naming.CONTRACT_CONFIG_MAP
    }
    assert found.keys() == set(naming.WORKLOAD_NAMESPACES)
    for contract in found.values():
        assert contract == recorded().outputs["contract"]
        PlatformContract.model_validate_json(json.dumps(contract))


def test_whole_numbers_stay_whole_in_the_file() -> None:
    text = recorded().one("kubernetes:core/v1:ConfigMap", "contract-spark").inputs["data"][naming.CONTRACT_FILE]
    assert '"port": 5432' in text
    assert "5432.0" not in text


def test_every_address_in_the_contract_is_a_service_that_is_made() -> None:
    made = {
        (one.inputs["metadata"]["name"], one.inputs["metadata"]["namespace"], int(port["port"]))
        for one in manifests(recorded(), "Service")
        for port in one.inputs["spec"].get("ports", [])
    }
    contract: Any = recorded().outputs["contract"]
    named = [contract["mlflow"]["tracking_uri"], *contract["serving"].values()]
    for address in named:
        host, port = address.removeprefix("http://").split(":")
        service, namespace, *_ = host.split(".")
        assert (service, namespace, int(port)) in made


def test_executors_run_as_their_own_service_account() -> None:
    assert contract_document(example_config(), FACTS)["spark"]["service_account"] == "spark-executor"


def test_blocks_of_a_node_that_is_taken_away_may_go_to_the_lake() -> None:
    profile = contract_document(example_config(), FACTS)["spark"]["profile"]
    assert profile["decommissioning"]["fallback_storage"] == "s3://lake/spark-fallback"


def test_until_spark_has_an_image_the_contract_knows_its_local_mode_alone() -> None:
    contract = contract_document(example_config(), replace(FACTS, executor_image=None))
    assert contract["spark"]["mode"] == "local"
    without = recorded(tuple(one for one in ALL_IMAGES if one != "spark_preprocessing"))
    assert without.outputs["contract"] == contract | {"database": without.outputs["contract"]["database"]}


def test_an_environment_without_brokers_has_none_in_its_contract() -> None:
    assert run_with(kafka=None).outputs["contract"].get("kafka") is None


def test_a_wrong_value_ends_in_a_message_that_names_the_key() -> None:
    wrong = replace(FACTS, api_server="https://kubernetes.default.svc")
    with pytest.raises(pulumi.RunError, match=r"The contract of dev is wrong:\n  master: .*k8s"):
        contract_document(example_config(), wrong)


def test_a_missing_mechanism_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="sasl_mechanism goes with security_protocol SASL_SSL"):
        contract_document(example_config(), replace(FACTS, sasl_mechanism=None))
