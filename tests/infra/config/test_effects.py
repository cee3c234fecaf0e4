"""No key is without effect: the program reads each of them in some environment, or it is said here who else does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from mlplatform import program
from mlplatform.config.base import Environment, Section
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import models_within, read_config
from pydantic import BaseModel
from recorder import build
from whole_program import complete_config

READ_ELSEWHERE = {
    "PlatformConfig.image_build": "`make images` builds for its processor, and the checks hold the nodes to it",
    "ImageBuild.architecture": "`make images` builds for it, and the checks hold the nodes to it",
    "LocalNodeGroups.system": "the checks fit MLflow and the stand-ins to these nodes, which nobody makes here",
}
CHANGES: dict[Environment, dict[str, Any]] = {
    "local": {},
    # What no shipped file has: a public endpoint, and claims for shuffle files.
    "dev": {
        "cluster": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
        "localDir": {"kind": "claim", "sizeGib": 10},
    },
    "prod": {},
}


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Model and field of every key of a stack file."""
    for name, field in model.model_fields.items():
        if name != "environment":
            yield f"{model.__name__}.{name}"
        for inner in models_within(field.annotation):
            yield from keys(inner)


def read_by_the_program(environment: Environment) -> set[str]:
    """What is asked of the configuration after it was checked."""
    values = complete_config(environment)
    asked: set[str] = set()
    changes = CHANGES[environment]
    if "cluster" in changes:
        values["cluster"] = changes["cluster"]
    values["spark"]["executor"]["localDir"] = changes.get("localDir", values["spark"]["executor"]["localDir"])
    config = read_config(environment, values)
    plain = Section.__getattribute__

    def noted(self: Section, name: str) -> object:
        if name in type(self).model_fields:
            asked.add(f"{type(self).__name__}.{name}")
        return plain(self, name)

    with patch.object(program, "load_config", lambda: config), patch.object(Section, "__getattribute__", noted):
        build(program.main, values, environment)
    return asked


def test_every_key_has_an_effect() -> None:
    known = {*keys(PlatformConfig), *keys(LocalConfig)}
    asked = {one for environment in CHANGES for one in read_by_the_program(environment)}
    assert known - asked == READ_ELSEWHERE.keys()


@pytest.mark.parametrize("gone", ["Owner.domain", "Spark.driver_cpu", "PlatformConfig.notebooks"])
def test_keys_that_named_nothing_are_gone(gone: str) -> None:
    assert gone not in {*keys(PlatformConfig), *keys(LocalConfig)}
