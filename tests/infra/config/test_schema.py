"""The JSON Schema that editors use, and the files that it is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from infra_configs import ENVIRONMENTS, REPOSITORY, changed, stack_file
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.schema import SCHEMA_FILES, stack_file_schema, text, undocumented

MODELS: dict[str, type[PlatformConfig | LocalConfig]] = {
    "local": LocalConfig,
    **dict.fromkeys(ENVIRONMENTS, PlatformConfig),
}


@pytest.mark.parametrize("config", SCHEMA_FILES)
def test_the_schema_file_is_up_to_date(config: type[PlatformConfig | LocalConfig]) -> None:
    assert SCHEMA_FILES[config].read_text(encoding="utf-8") == text(config), "run python -m mlplatform.config.schema"


@pytest.mark.parametrize("config", SCHEMA_FILES)
def test_the_schema_is_one(config: type[PlatformConfig | LocalConfig]) -> None:
    jsonschema.Draft202012Validator.check_schema(stack_file_schema(config))


@pytest.mark.parametrize("environment", MODELS)
def test_a_stack_file_fits_the_schema_and_names_it(environment: str) -> None:
    model = MODELS[environment]
    jsonschema.validate(stack_file(environment), stack_file_schema(model))
    first = (REPOSITORY / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA_FILES[model].relative_to(REPOSITORY)}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kafka.broker": 3}, "'broker' was unexpected"),
        ({"kafka.brokers": "3"}, "'3' is not of type 'integer'"),
        ({"kafka.brokers": 31}, "31 is greater than the maximum of 30"),
        ({"kafak": {}}, "'mlplatform:kafak' does not match"),
        ({"network.natGateways": "two"}, "'two' is not one of"),
    ],
)
def test_an_editor_marks_what_the_program_would_refuse(change: dict[str, Any], said: str) -> None:
    values = {f"mlplatform:{key}": value for key, value in changed("dev", change).items()}
    with pytest.raises(jsonschema.ValidationError) as caught:
        jsonschema.validate({"config": values}, stack_file_schema(PlatformConfig))
    assert said in str(caught.value.message)


def test_every_key_is_documented() -> None:
    assert undocumented() == []


def test_every_key_that_has_a_pattern_has_an_example() -> None:
    """A message says "write it like …"."""

    def without(path: str, schema: dict[str, Any]) -> list[str]:
        found = [path] if "pattern" in schema and not schema.get("examples") else []
        for name, part in schema.items():
            if isinstance(part, dict) and name != "anyOf":
                found += without(f"{path}.{name}", part)
        return found

    for config in SCHEMA_FILES:
        assert without("", stack_file_schema(config)["$defs"]) == []


def project_file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))
    return read


def test_the_project_needs_the_official_cli_and_nothing_else() -> None:
    project = project_file()
    assert project["name"] == "mlplatform"
    assert "backend" not in project, "whoever runs it chooses where the state is"
    assert project["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "infra/.venv"}
    folder = REPOSITORY / project["main"]
    assert (folder / "__main__.py").is_file()
    lines = [line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["-r requirements.lock"]
    assert (folder / "requirements.lock").is_file()


def test_default_providers_are_off_in_every_stack() -> None:
    assert project_file()["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}
    for environment in ENVIRONMENTS:
        assert "pulumi:disable-default-providers" not in stack_file(environment)["config"], "it would override"


def test_the_schema_is_plain_json() -> None:
    assert json.loads(Path(SCHEMA_FILES[PlatformConfig]).read_text(encoding="utf-8"))["type"] == "object"
