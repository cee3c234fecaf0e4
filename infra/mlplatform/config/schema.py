"""The JSON Schemas of stack files, for editors: ``python -m mlplatform.config.schema`` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo

from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import models_within
from mlplatform.naming import PLATFORM

VERSION, LOCAL_VERSION = 2, 3
"""Each is raised when a key is removed or means something else."""
FOLDER: Final = Path(__file__).resolve().parents[2] / "schemas"
SCHEMA_FILES: Final[dict[type[PlatformConfig | LocalConfig], Path]] = {
    PlatformConfig: FOLDER / f"config-{VERSION}.schema.json",
    LocalConfig: FOLDER / f"local-config-{LOCAL_VERSION}.schema.json",
}
OPEN: Final = {"Owner", "InCluster"}
"""Sections of which a stack file in a repository leaves something to its owner, or to the machine."""


def stack_file_schema(config: type[PlatformConfig | LocalConfig]) -> dict[str, Any]:
    """The schema of the whole of ``Pulumi.<env>.yaml``.

    What only the owner of an environment knows is not required: the file is complete without it in a repository.
    """
    model = config.model_json_schema(by_alias=True, mode="validation")
    definitions, properties = model["$defs"], model["properties"]
    properties.pop("environment")
    for part in definitions.values():
        _tidy(part)
    for name in OPEN & definitions.keys():
        definitions[name].pop("required")
    # A secret is in the file as the engine has encrypted it.
    for part in definitions.values():
        for name, value in part.get("properties", {}).items():
            if value.get("format") == "password":
                secret = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}
                part["properties"][name] = {"description": value["description"], **secret}
    required = [key for key in model["required"] if key not in ("environment", "owner")]
    keys = {f"{PLATFORM}:{key}": _without_title(value) for key, value in properties.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pulumi.<env>.yaml of the ML platform",
        "description": "Written by `python -m mlplatform.config.schema` from the model in infra/mlplatform/config.",
        "type": "object",
        "required": ["config"],
        "properties": {
            "encryptionsalt": {"type": "string", "description": "Pulumi's own, with a passphrase."},
            "secretsprovider": {"type": "string", "description": "Pulumi's own, as awskms://alias/…"},
            "encryptedkey": {"type": "string", "description": "Pulumi's own, with a secrets provider."},
            "environment": {"description": "Pulumi's own: ESC environments that the stack imports."},
            "config": {
                "type": "object",
                "description": "One key for each section.",
                "properties": keys,
                "required": [f"{PLATFORM}:{key}" for key in required],
                # Other namespaces are Pulumi's and the providers'.
                "patternProperties": {f"^(?!{PLATFORM}:)[^:]+:": {}},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def undocumented() -> list[str]:
    """Keys of the configuration that no description explains."""
    found = []

    def walk(path: str, field: FieldInfo) -> None:
        if not field.description:
            found.append(path)
        for model in models_within(field.annotation):
            for name, inner in model.model_fields.items():
                walk(f"{path}.{name}", inner)

    for config in SCHEMA_FILES:
        for name, field in config.model_fields.items():
            walk(name, field)
    return found


def _tidy(part: dict[str, Any]) -> None:
    part.pop("title", None)
    for name, value in part.get("properties", {}).items():
        part["properties"][name] = _without_title(value)


def _without_title(value: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key != "title"}


def text(config: type[PlatformConfig | LocalConfig]) -> str:
    """The file's content."""
    return json.dumps(stack_file_schema(config), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for config, path in SCHEMA_FILES.items():
        path.write_text(text(config), encoding="utf-8")
        sys.stdout.write(f"{path} is written\n")
