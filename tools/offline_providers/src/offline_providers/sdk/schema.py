"""What a Pulumi SDK knows of its resources: their types, inputs, outputs and secrets.

The SDKs are generated from the providers' schemas, so their classes say nearly all of what the schema says. They are
imported as a resource of theirs first turns up: importing all of pulumi-aws takes a minute.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offline_providers.faults import OfflineError
from offline_providers.sdk.shapes import Field, fields_of

ARGUMENTS_CLASS: Final = re.compile(r"__props__ = (\w+)\.__new__")
SECRET_OUTPUTS: Final = re.compile(r"additional_secret_outputs=\[([^\]]*)\]")


@dataclass(frozen=True)
class ResourceSchema:
    """What is known of one resource type."""

    token: str
    cls: type
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    secret_outputs: frozenset[str]


class Sdk:
    """An SDK package such as `pulumi_aws`."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.version = importlib.metadata.version(module)
        self._classes = _registered_classes(module)

    @property
    def tokens(self) -> list[str]:
        """All resource types."""
        return sorted(self._classes)

    def schema(self, token: str) -> ResourceSchema | None:
        """What is known of a resource type; None when the SDK does not have it."""
        return _schema(token, *self._classes[token]) if token in self._classes else None

    def provider_fields(self) -> Mapping[str, Field]:
        """The provider's own configuration."""
        provider = importlib.import_module(f"{self.module}.provider")
        arguments: type = provider.ProviderArgs
        return fields_of(arguments)


def _registered_classes(module: str) -> dict[str, tuple[str, str]]:
    """Resource type to module and class, from the table that the SDK registers when it is imported."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise OfflineError(f"{module} is not installed here: run 'make setup' or sync the environment 'infra'.")
    tables = re.findall(r'resource_modules="""\n(.*?)\n"""', Path(spec.origin).read_text("utf-8"), re.DOTALL)
    return {
        token: (entry["fqn"], name)
        for table in tables
        for entry in json.loads(table)
        for token, name in entry["classes"].items()
    }


@functools.cache
def _schema(token: str, module: str, name: str) -> ResourceSchema:
    cls: type = getattr(importlib.import_module(module), name)
    source = inspect.getsource(cls._internal_init)  # type: ignore[attr-defined] # every generated class has it
    arguments = ARGUMENTS_CLASS.search(source)
    if arguments is None:
        raise OfflineError(f"{module}.{name} is not written as other resources are: {token} cannot be read.")
    secrets = SECRET_OUTPUTS.search(source)
    return ResourceSchema(
        token=token,
        cls=cls,
        inputs=fields_of(getattr(inspect.getmodule(cls), arguments.group(1))),
        outputs=fields_of(cls),
        secret_outputs=frozenset(re.findall(r'"(\w+)"', secrets.group(1))) if secrets else frozenset(),
    )
