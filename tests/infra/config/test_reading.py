"""How a configuration is read: all faults at once, what only the owner knows, and what the command line writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from infra_configs import ENVIRONMENTS, REMOVED, changed, platform_config, refusal, stack_config, stack_file
from mlplatform.config import reading
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.faults import NOT_GIVEN, Fault
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_config, sections_of

PROGRAM = Path(reading.__file__).parents[2]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_file_is_complete_but_for_what_only_its_owner_knows(environment: AwsEnvironment) -> None:
    values = {key.removeprefix("mlplatform:"): value for key, value in stack_file(environment)["config"].items()}
    assert refusal(environment, values) == (
        f"Pulumi.{environment}.yaml lacks what only its owner knows. Type:\n"
        f"  pulumi config set --stack {environment} --path 'mlplatform:owner.accountId'"
        " '<the 12 digits of the AWS account>'\n"
        f"  pulumi config set --stack {environment} --path 'mlplatform:owner.alertEmail'"
        " '<who gets alarms, as on-call@example.org>'"
    )


def test_the_commands_of_that_message_complete_the_file() -> None:
    # What `pulumi config set --path` writes: digits become a number.
    assert changed("dev", {"owner.accountId": 123456789012})["owner"]["accountId"] == 123456789012
    assert read_config("dev", changed("dev", {"owner.accountId": 123456789012})) == platform_config("dev")


def test_faults_everywhere_are_all_named_at_once() -> None:
    changes = {
        "owner.alertEmail": REMOVED,
        "kafak": {},
        "nodeGroups.ray.minSize": "two",
        "kafka.brokers": 4,
        "database.maxStorageGib": 20,
        "ray.trainingWorkers": 50,
        "serving.modelApi.minReplicas": 9,
    }
    assert refusal("dev", changed("dev", changes)) == (
        "Pulumi.dev.yaml lacks what only its owner knows. Type:\n"
        "  pulumi config set --stack dev --path 'mlplatform:owner.alertEmail' '<who gets alarms, as"
        " on-call@example.org>'\n"
        "Pulumi.dev.yaml has 6 faults:\n"
        "  mlplatform:kafak: is not a key of the configuration: did you mean kafka?\n"
        "  mlplatform:nodeGroups.ray.minSize: is not a whole number (given: two): write a whole number\n"
        "  mlplatform:database.maxStorageGib: leaves storageGib, 20, less than the 10 % that RDS wants to grow by"
        " (given: 20): use at least 22\n"
        "  mlplatform:kafka.brokers: is not a multiple of the 3 zones in aws.zones (given: 4): use 6, or other zones\n"
        "  mlplatform:ray.trainingWorkers: is more than ray.workerGroups can hold of 4 CPUs each (given: 50): use at"
        " most 3, or raise maxWorkers\n"
        "  mlplatform:serving.modelApi.maxReplicas: is below minReplicas, 9 (given: 3): use at least 9, or lower"
        " minReplicas"
    )


def test_an_empty_file_is_told_every_section_that_it_needs() -> None:
    message = refusal("dev", {}) or ""
    for key in ("aws.region", "network.cidr", "nodeGroups.system", "database.instanceClass", "ray.workerGroups"):
        assert f"mlplatform:{key}: is missing: add it (" in message
    assert "mlplatform:kafka" not in message, "a section with defaults alone may be left out"


def test_a_configuration_is_made_where_it_is_checked_and_nowhere_else() -> None:
    makers = re.compile(r"\b(?:(?:PlatformConfig|LocalConfig)(?:\.model_\w+)?|model\.model_(?:validate|construct))\(")
    lines = ((path.name, line) for path in PROGRAM.rglob("*.py") for line in path.read_text().splitlines())
    found = [name for name, line in lines if makers.search(line) and not line.startswith("class ")]
    assert found == ["reading.py"]


SECTIONS_BY_FIELD = [name for name in PlatformConfig.model_fields if name != "environment"]


def test_each_field_of_the_model_is_a_key_of_the_file() -> None:
    sections = sections_of(PlatformConfig)
    assert len(sections) == len(SECTIONS_BY_FIELD)
    assert sections["nodeGroups"] is PlatformConfig.model_fields["node_groups"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("abc", " (given: abc)"),
        ("4", ' (given: "4")'),
        ("", ' (given: "")'),
        ("true", ' (given: "true")'),
        (None, " (given: null)"),
        ([1, "ü"], ' (given: [1, "ü"])'),
        ("x" * 81, f" (given: {'x' * 80}…)"),
        (NOT_GIVEN, ""),
    ],
)
def test_a_message_shows_the_value_as_the_file_has_it(given: Any, shown: str) -> None:
    assert str(Fault("a.b", "is wrong", given, "correct it")) == f"mlplatform:a.b: is wrong{shown}: correct it"


def test_the_networks_of_the_environments_can_be_peered() -> None:
    import ipaddress

    networks = [ipaddress.ip_network(stack_config(one)["network"]["cidr"]) for one in ENVIRONMENTS]
    assert not any(a.overlaps(b) for index, a in enumerate(networks) for b in networks[:index])
