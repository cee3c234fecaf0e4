"""The JSON Schemas of the contract and of the feature manifest, as they are published in the repository."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel

from platform_contract.document import PlatformContract
from platform_contract.feature_manifest import FeatureManifest

PUBLISHED: Final[dict[str, type[BaseModel]]] = {
    "platform-contract": PlatformContract,
    "feature-manifest": FeatureManifest,
}


def json_schema(name: str) -> str:
    """The JSON Schema (draft 2020-12) of a published document, as text that ends with a newline."""
    schema = PUBLISHED[name].model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
