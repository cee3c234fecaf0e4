"""What each environment tells: its outputs are the catalogue's, its ConfigMaps those of a table, its contract is whole,
and nothing but a Secret depends on a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from infra_configs import ENVIRONMENTS as AWS
from mlplatform import naming
from mlplatform.config.base import ENVIRONMENTS, AwsEnvironment, Environment
from mlplatform.foundation.incluster import kafka, postgresql
from mlplatform.outputs import OUTPUTS
from mlplatform.program import main
from platform_contract import PlatformContract
from pulumi.runtime import rpc
from pydantic import BaseModel
from recorder import Recorded, Recorder, Secret, build
from whole_program import complete_config, record

CONFIG_MAPS = {
    **{(namespace, "platform-contract"): {"contract.json"} for namespace in naming.WORKLOAD_NAMESPACES},
    ("spark", "spark-executor-template"): {"executor.json"},
}
"""Namespace and name → keys of the data. A ConfigMap more, or a key more, is entered here by whoever has looked at what
is in it: everybody who may look into the namespace reads it."""
NOT_TOLD: dict[Environment, set[str]] = {
    # No signing in at the stand-in of MSK; no node is taken away; the executors' number is fixed.
    "local": {"kafka.sasl_mechanism", "spark.profile.max_instances", "spark.profile.decommissioning"},
    "dev": set(),
    # Executors on demand: no node is taken away.
    "staging": {"spark.profile.decommissioning"},
    "prod": set(),
}
"""Keys of the contract that an environment has nothing to say about; every other key is told."""
TYPES: dict[str, type] = {
    "string": str,
    "integer": float,
    "array of strings": list,
    "object": dict,
    "object of strings": dict,
}


def config_maps(recorder: Recorder) -> list[Recorded]:
    return recorder.of_type("kubernetes:core/v1:ConfigMap")


def contract_of(environment: Environment) -> PlatformContract:
    return PlatformContract.model_validate_json(json.dumps(record(environment).outputs["contract"]))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_outputs_are_those_of_the_catalogue_and_of_its_types(environment: Environment) -> None:
    outputs = record(environment).outputs
    assert outputs.keys() == {output.name for output in OUTPUTS}
    assert {output.name for output in OUTPUTS if type(outputs[output.name]) is not TYPES[output.type]} == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_config_map_has_the_keys_that_were_looked_at_and_nothing_that_is_secret(environment: Environment) -> None:
    made = config_maps(record(environment))
    found = {(one.inputs["metadata"]["namespace"], one.inputs["metadata"]["name"]): one.inputs["data"] for one in made}
    assert len(found) == len(made)
    assert {place: set(data) for place, data in found.items()} == CONFIG_MAPS
    assert [
        one.name for one in made if "binaryData" in one.inputs or "4dabf18193072939515e22adb298388d" in str(one)
    ] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_contract_is_the_same_document_wherever_it_is_told(environment: Environment) -> None:
    output = record(environment).outputs["contract"]
    texts = {one.inputs["data"].get("contract.json") for one in config_maps(record(environment))} - {None}
    assert [json.loads(text) for text in texts] == [output]


def untold(part: BaseModel, path: str = "") -> Iterator[str]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if value is None:
            yield f"{path}{name}"
        elif isinstance(value, BaseModel):
            yield from untold(value, f"{path}{name}.")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_contract_tells_every_key_of_which_there_is_something_to_say(environment: Environment) -> None:
    contract = contract_of(environment)
    assert set(untold(contract)) == NOT_TOLD[environment]
    assert contract.database is not None
    assert contract.database.databases.keys() == naming.DATABASES.keys()


@pytest.mark.parametrize("environment", AWS)
def test_the_secret_of_the_database_is_named_by_its_arn_on_aws(environment: AwsEnvironment) -> None:
    database = contract_of(environment).database
    assert database is not None
    assert database.secret.startswith("arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!")
    assert record(environment).outputs["databaseSecret"] == database.secret


def test_the_secret_of_the_database_is_named_as_an_object_on_the_local_stack() -> None:
    database = contract_of("local").database
    assert database is not None
    secrets = record("local").of_type("kubernetes:core/v1:Secret")
    assert database.secret in {one.inputs["metadata"].get("name") for one in secrets}
    assert record("local").outputs["databaseSecret"] == database.secret


@pytest.mark.parametrize("environment", AWS)
def test_on_aws_the_contract_asks_for_tls_and_a_signature_as_the_servers_do(environment: AwsEnvironment) -> None:
    contract, recorder = contract_of(environment), record(environment)
    parameters = recorder.one("aws:rds/parameterGroup:ParameterGroup").inputs["parameters"]
    assert {"rds.force_ssl": "1"}.items() <= {one["name"]: one["value"] for one in parameters}.items()
    assert contract.database is not None
    assert contract.database.tls is True
    cluster = recorder.one("aws:msk/cluster:Cluster").inputs
    assert cluster["encryptionInfo"]["encryptionInTransit"]["clientBroker"] == "TLS"
    assert cluster["clientAuthentication"]["sasl"] == {"iam": True, "scram": False}
    assert contract.kafka is not None
    assert (contract.kafka.security_protocol, contract.kafka.sasl_mechanism) == ("SASL_SSL", "AWS_MSK_IAM")


def test_on_the_local_stack_it_asks_for_neither_as_the_stand_ins_have_neither() -> None:
    contract = contract_of("local")
    assert contract.database is not None
    assert contract.database.tls is False
    assert "ssl" not in postgresql.SCRIPT
    assert contract.kafka is not None
    assert contract.kafka.security_protocol == "PLAINTEXT"
    assert not [key for key in kafka.PROPERTIES if key.startswith(("ssl.", "sasl."))]


def with_seed(seed: str) -> Recorder:
    values = complete_config("local")
    return build(main, {**values, "inCluster": {**values["inCluster"], "passwordSeed": seed}}, "local")


def test_nothing_but_secrets_depends_on_the_password_seed() -> None:
    """Two seeds: what a secret derives from differs, whatever was made of it, and nothing else does."""
    one, other = (with_seed(seed) for seed in ("the-first-of-two-seeds", "and-another-one-of-the-two"))
    assert one.outputs == other.outputs
    assert not [name for name, value in one.outputs.items() if isinstance(value, Secret)]
    inputs = {resource.urn: resource for resource in other.resources}
    differ = [resource for resource in one.resources if resource.inputs != inputs[resource.urn].inputs]
    assert {resource.type for resource in differ} == {"kubernetes:core/v1:Secret"}
    for resource in differ:
        changed = {key for key, value in resource.inputs.items() if value != inputs[resource.urn].inputs[key]}
        assert changed == {"stringData"}
        assert rpc.is_rpc_secret(resource.inputs["stringData"]), "the engine would keep it in plain text"


@pytest.mark.parametrize("environment", AWS)
def test_the_provider_refuses_every_account_but_the_owners(environment: AwsEnvironment) -> None:
    """Its credentials may be anybody's; a stack that is put up with the wrong ones ends before its first call."""
    providers = record(environment).of_type("pulumi:providers:aws")
    assert {json.dumps(json.loads(one.inputs["allowedAccountIds"])) for one in providers} == {'["123456789012"]'}
