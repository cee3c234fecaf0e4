"""Stack files read without an engine: what only their owner knows may be missing, all else is refused in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from infra_configs import REPOSITORY, stack_file
from mlplatform.config.faults import ConfigError
from mlplatform.config.stack_files import read_stack_file
from mlplatform_cost.__main__ import main

ADMIN = "arn:aws:iam::123456789012:role/admins"
ALIEN = "arn:aws:iam::210987654321:role/admins"


def written(folder: Path, **sections: Any) -> Path:
    """A folder with dev's stack file, and these sections in it."""
    read = stack_file("dev")
    read["config"] |= {f"mlplatform:{key}": value for key, value in sections.items()}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(read))
    return folder


def refused(folder: Path, text: str) -> str:
    (folder / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_stack_file(folder, "dev")
    return str(error.value)


def test_the_shipped_files_name_no_account() -> None:
    config, named = read_stack_file(REPOSITORY, "prod")
    assert config.environment == "prod"
    assert not named


def test_roles_of_an_account_that_the_file_leaves_to_its_owner_are_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, cluster={"adminRoleArns": [ADMIN]}, owner={"costCentre": "ML-1"})
    config, named = read_stack_file(folder, "dev")
    assert config.cluster.admin_role_arns == (ADMIN,)
    assert not named
    assert main(["dev", "--stacks", str(folder)]) == 0
    assert "000000000000" not in capsys.readouterr().out


def test_an_account_that_is_named_counts_without_an_address_for_alarms(tmp_path: Path) -> None:
    config, named = read_stack_file(written(tmp_path, owner={"accountId": "123456789012"}), "dev")
    assert config.owner.account_id == "123456789012"
    assert named


def test_a_fault_is_told_and_no_account_is_made_up(tmp_path: Path) -> None:
    owner = {"accountId": "123456789012", "alertEmail": "on-call@example.org"}
    with pytest.raises(ConfigError, match=r"another account than owner.accountId, 123456789012"):
        read_stack_file(written(tmp_path, owner=owner, cluster={"adminRoleArns": [ALIEN]}), "dev")
    with pytest.raises(ConfigError) as error:
        read_stack_file(written(tmp_path, monitoring={}, cluster={"adminRoleArns": [ALIEN]}), "dev")
    assert str(error.value).splitlines() == [
        "Pulumi.dev.yaml has 1 fault:",
        "  mlplatform:monitoring.monthlyBudgetUsd: is missing: add it (The AWS budget; warnings go out at 80 % forecast"
        " and 100 % actual)",
    ]


@pytest.mark.parametrize("owner", [None, [], "me", {"accountId": 1}])
def test_an_owner_who_is_none_is_refused(tmp_path: Path, owner: Any) -> None:
    with pytest.raises(ConfigError, match=r"mlplatform:owner"):
        read_stack_file(written(tmp_path, owner=owner), "dev")


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x"])
def test_what_is_no_yaml_is_one_sentence(tmp_path: Path, text: str) -> None:
    message = refused(tmp_path, text)
    assert message.startswith("Pulumi.dev.yaml is no YAML: ")
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "config:", "config: []", "- x"])
def test_a_file_without_a_configuration_is_one_sentence(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text) == "Pulumi.dev.yaml has no section 'config', in which the keys mlplatform:… are."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01 10:00:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00+02:00"),
    ],
)
def test_a_date_without_quotes_is_what_the_engine_makes_of_it(tmp_path: Path, text: str, shown: str) -> None:
    """The same words as those of `pulumi up`: a date was a traceback here."""
    file = (REPOSITORY / "Pulumi.dev.yaml").read_text() + f"\n  mlplatform:mlflow:\n    experiment: {text}\n"
    assert (
        f"mlplatform:mlflow.experiment: is no text: without quotes YAML has read it as something else (given: {shown}):"
        " put what you wrote in quotes" in refused(tmp_path, file)
    )
