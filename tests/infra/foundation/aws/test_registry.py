"""The registry: what runs is named by digest, and a tag is never given twice."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import pytest
from aws_account import KEY, assert_explicit_providers, record
from cloudformation import schemas
from mlplatform.config.sections import Protection
from mlplatform.config.workload_sections import Images
from mlplatform.foundation.aws.registry import Registry, RegistryArgs
from mlplatform.naming import Names
from recorder import Recorder, build

REPOSITORY = "aws:ecr/repository:Repository"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
NAMES = Names("staging", "123456789012", "eu-central-1")


def arguments(*, protect: bool = True) -> RegistryArgs:
    return RegistryArgs(
        repositories={image: NAMES.repository(image.replace("_", "-")) for image in Images.model_fields},
        digests=Images(ray_training=DIGEST),
        key_arn=KEY,
        protection=Protection(protect=protect),
    )


@functools.cache
def recorded(*, protect: bool = True) -> Recorder:
    return record(lambda opts: Registry("registry", arguments(protect=protect), opts))


def test_every_image_has_a_repository_with_a_name_that_ecr_takes() -> None:
    pattern = schemas("AWS::ECR::Repository")[0]["properties"]["RepositoryName"]["pattern"]
    names = [one.inputs["name"] for one in recorded().of_type(REPOSITORY)]
    assert len(names) == len(Images.model_fields)
    assert all(re.fullmatch(pattern, name) for name in names), names


def test_images_are_scanned_immutable_and_encrypted_with_our_key() -> None:
    for one in recorded().of_type(REPOSITORY):
        assert one.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert one.inputs["imageTagMutability"] == "IMMUTABLE"
        assert one.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]


def test_old_images_and_layers_of_unfinished_builds_go() -> None:
    policies = recorded().of_type("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert len(policies) == len(Images.model_fields)
    for one in policies:
        first, second = json.loads(one.inputs["policy"])["rules"]
        assert (first["selection"]["tagStatus"], first["selection"]["countNumber"]) == ("untagged", 14)
        # ECR wants the rule for any tag to be the last.
        assert second["selection"]["tagStatus"] == "any"
        assert first["rulePriority"] < second["rulePriority"]


@pytest.mark.parametrize("protect", [True, False])
def test_a_repository_goes_with_its_images_only_where_data_is_not_protected(protect: bool) -> None:
    assert {one.inputs["forceDelete"] for one in recorded(protect=protect).of_type(REPOSITORY)} == {not protect}


def test_only_images_with_a_digest_can_run() -> None:
    found: dict[str, Any] = {}
    urls: list[str] = []

    def program() -> None:
        registry = Registry("registry", arguments())
        urls.extend(registry.repository_urls)
        for image, reference in registry.images.items():
            reference.apply(functools.partial(found.__setitem__, image))

    build(program)
    account = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    assert found == {"ray_training": f"{account}/registry-ray-training@{DIGEST}"}
    assert urls == list(Images.model_fields)


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
