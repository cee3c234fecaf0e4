"""Dev, deployed to the simulated cloud: what the engine keeps of it, and who builds on it."""

from __future__ import annotations

import base64
import json
import runpy
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import pytest
from engine_clouds import Cloud, Ran, own_kinds, secrets_in
from golden import path_of
from infra_configs import EXAMPLE_CLUSTER, REPOSITORY
from mlplatform.outputs import OUTPUTS
from offline_providers.kubernetes.plan import KubernetesPlan
from offline_providers.provider import State, Target
from offline_providers.report import OWN_PROVIDER
from offline_providers.sdk.schema import Sdk
from offline_providers.wire import Properties, plain
from whole_program import complete_config

CONSUMER = REPOSITORY / "examples" / "consumer"
KUBECONFIG_WORDS = ("current-context", "get-token")
"""Words that are in every kubeconfig of EKS, and in nothing else that the program makes."""
NOT_KNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's stand-in for what is not known yet."""


@dataclass(frozen=True)
class Local:
    """The environment whose passwords the program makes itself."""

    ran: Ran
    secrets: Mapping[str, list[str]]
    """Name of each Kubernetes secret → all that is in it, as the cluster was told."""


OF_THE_LAKE = {
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
}
"""What a pod's environment has of the lake beside a secret key, in the same object."""


class Told(KubernetesPlan):
    """A cluster that remembers what secrets it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, list[str]] = {}

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        if not preview and target.token == "kubernetes:core/v1:Secret":  # noqa: S105 - a type
            told = plain(inputs)["stringData"].items()
            self.secrets[target.name] = [text for key, text in told if key not in OF_THE_LAKE]
        return super().create(target, inputs, preview=preview)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Local:
    cluster = Told()
    ran = Cloud(tmp_path_factory.mktemp("local")).run("local", "up", complete_config("local"), cluster)
    assert not ran.outcome.failed, ran.errors
    return Local(ran, cluster.secrets)


def needed_by(entry: dict[str, Any]) -> set[str]:
    """URNs of all that must be there before a resource is."""
    through_values = (urn for urns in (entry.get("propertyDependencies") or {}).values() for urn in urns or [])
    provider = str(entry.get("provider", "")).rpartition("::")[0]
    named = {*(entry.get("dependencies") or []), *through_values, str(entry.get("parent", "")), provider}
    return {urn for urn in [*named, str(entry.get("deletedWith", ""))] if urn}


def test_the_state_has_every_promised_resource_and_each_one_once(deployed: Ran) -> None:
    found = own_kinds(
        [
            (entry["urn"], entry["type"], entry["urn"].rpartition("::")[2], entry.get("parent", ""))
            for entry in deployed.entries
        ]
    )
    lines = path_of("dev").read_text(encoding="utf-8").splitlines()
    assert found == Counter((kind, name) for kind, _, name in (line.partition(" ") for line in lines))
    assert len({entry["urn"] for entry in deployed.entries}) == len(deployed.entries)
    identities = Counter((entry["type"], entry["id"]) for entry in deployed.entries if entry.get("id"))
    assert [identity for identity, number in identities.items() if number > 1] == []


def test_what_needs_what_has_no_cycle_and_no_loose_end(deployed: Ran) -> None:
    graph = {entry["urn"]: needed_by(entry) for entry in deployed.entries}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(graph), "something is needed that is not there"


def test_every_resource_has_an_explicit_provider(deployed: Ran) -> None:
    used = {str(entry["provider"]) for entry in deployed.entries if entry.get("provider")}
    assert used, "which providers are there?"
    assert [provider for provider in used if "::default" in provider] == []
    names = [entry["urn"] for entry in deployed.entries if "::default" in entry["urn"]]
    assert [urn for urn in names if OWN_PROVIDER not in urn] == []


def test_what_the_sdk_calls_a_secret_is_ciphertext(deployed: Ran) -> None:
    sdk = Sdk("pulumi_aws")
    checked = 0
    for entry in deployed.entries:
        schema = sdk.schema(entry["type"])
        names = {*(schema.secret_outputs if schema else ()), *(entry.get("additionalSecretOutputs") or ())}
        for part in ("inputs", "outputs"):
            values = entry.get(part) or {}
            bare = [name for name in names if values.get(name) and not list(secrets_in(values[name]))]
            assert bare == [], f"{entry['urn']} {part}"
        checked += len(names)
    assert checked, "no resource of dev has a secret property: is the SDK read rightly?"


def test_a_kubeconfig_is_ciphertext_wherever_the_state_has_it(deployed: Ran) -> None:
    places = {
        (entry["urn"].rpartition("::")[2], part, place)
        for entry in deployed.entries
        for part in ("inputs", "outputs")
        for place, _ in secrets_in(entry.get(part))
    }
    assert {("cluster", "outputs", "kubeconfig"), ("cluster-kubernetes", "inputs", "kubeconfig")} <= places
    assert [word for word in KUBECONFIG_WORDS if word in deployed.text] == []


def test_no_password_that_the_program_makes_is_in_a_state_in_plain_text(local: Local) -> None:
    assert {"database-master", "mlflow-database-passwords", "ray-token", "lake-accounts"} <= set(local.secrets)
    seed = EXAMPLE_CLUSTER["passwordSeed"]
    assert isinstance(seed, str)
    for made in (seed, *(text for texts in local.secrets.values() for text in texts)):
        assert len(made) >= 16, "too short to be looked for"
        assert made not in local.ran.text
        assert base64.b64encode(made.encode()).decode() not in local.ran.text


def test_no_output_is_a_secret_and_all_of_the_catalogue_are_known(deployed: Ran, local: Local) -> None:
    for ran in (deployed, local.ran):
        assert set(ran.outcome.outputs) == {output.name for output in OUTPUTS}
        assert [name for name, output in ran.outcome.outputs.items() if output.secret] == []
        text = json.dumps({name: output.value for name, output in ran.outcome.outputs.items()})
        assert [word for word in (*KUBECONFIG_WORDS, NOT_KNOWN) if word in text] == []
    assert deployed.outcome.outputs["pendingImages"].value == []


def test_a_second_up_changes_nothing(shared_cloud: Cloud, deployed_values: dict[str, Any]) -> None:
    again = shared_cloud.run("dev", "up", deployed_values)
    assert not again.outcome.failed, again.errors
    assert again.operations == {"same"}


def test_a_refresh_finds_nothing(
    own_cloud: Cloud, deployed: Ran, deployed_values: dict[str, Any], faults: Callable[[str], None]
) -> None:
    quiet = own_cloud.run("dev", "refresh", deployed_values)
    assert not quiet.outcome.failed, quiet.errors
    assert quiet.operations == {"refresh"}

    def known(ran: Ran) -> dict[str, tuple[Any, Any]]:
        return {entry["urn"]: (entry.get("id"), _without_ciphertext(entry.get("outputs"))) for entry in ran.entries}

    assert known(quiet) == known(deployed)
    faults("gone:nodes-ray")
    missed = own_cloud.run("dev", "refresh", deployed_values)
    assert len(missed.entries) < len(quiet.entries), (
        "a refresh that sees nothing would say the same of a lost node group"
    )


def _without_ciphertext(value: Any) -> Any:
    """Each encryption of the same secret is another text."""
    if isinstance(value, dict):
        return {key: _without_ciphertext(inner) for key, inner in value.items() if key != "ciphertext"}
    return [_without_ciphertext(inner) for inner in value] if isinstance(value, list) else value


def test_another_teams_stack_finds_the_platform_by_its_outputs(shared_cloud: Cloud, deployed: Ran) -> None:
    program: Callable[[], None] = runpy.run_path(str(CONSUMER / "delay_reports.py"))["main"]
    plan = shared_cloud.run_project(CONSUMER, program, "preview")
    assert not plan.outcome.failed, plan.errors
    inputs = {step.urn.rpartition("::")[2]: step.new.inputs or {} for step in plan.outcome.steps if step.new}
    outputs = {name: output.value for name, output in deployed.outcome.outputs.items()}
    assert inputs["aws"]["region"] == outputs["region"]
    document = json.loads(inputs["delay-reports-reader"]["policy"])
    assert f"arn:aws:s3:::{outputs['lakeFeatures'].removeprefix('s3://')}/*" in document["Statement"][1]["Resource"]


def test_another_teams_stack_says_so_when_there_is_no_platform(empty_cloud: Cloud) -> None:
    program: Callable[[], None] = runpy.run_path(str(CONSUMER / "delay_reports.py"))["main"]
    plan = empty_cloud.run_project(CONSUMER, program, "preview")
    assert plan.outcome.failed
    assert "organization/mlplatform/dev" in plan.errors
