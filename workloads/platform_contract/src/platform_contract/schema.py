"""The JSON Schemas of the contract and of the feature manifest, as they are published in the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from platform_contract.document import PlatformContract
from platform_contract.feature_manifest import FeatureManifest
from platform_contract.loading import ContractError

PUBLISHED: Final[dict[str, type[BaseModel]]] = {
    "platform-contract": PlatformContract,
    "feature-manifest": FeatureManifest,
}

VERSION_FIELDS: Final = {"platform-contract": "contract_version", "feature-manifest": "manifest_version"}


def json_schema(name: str) -> str:
    """The JSON Schema (draft 2020-12) of a published document, as text that ends with a newline."""
    schema = PUBLISHED[name].model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def published_path(folder: Path, name: str) -> Path:
    """Where the schema of the present version of a document is published below `folder`."""
    version = PUBLISHED[name].model_fields[VERSION_FIELDS[name]].default
    return folder / f"{name}-{version}.json"


def publish(folder: Path) -> list[Path]:
    """Writes the schemas that are not published yet; those that are must be what they were.

    Raises:
        ContractError: a document changed and its version did not.
    """
    written = []
    for name in PUBLISHED:
        path, text = published_path(folder, name), json_schema(name)
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise ContractError(
                f"{name} is not what {path} says, and that version is published: give the document a new version"
                " (the second number for an added optional key, the first for anything else) and publish again."
            )
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written
