"""The registry: a repository for each image, and the references by digest that the cluster runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from mlplatform.config.sections import Protection
from mlplatform.config.workload_sections import Images

KEPT_IMAGES: Final = 50
"""Of each repository. A pod whose image is older than the last 50 builds could not start again."""
UNTAGGED_DAYS: Final = 14
"""Untagged images are layers of a build that was not finished."""


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Inputs of `Registry`."""

    repositories: Mapping[str, str]
    """Image (field of `Images`) → name of its repository."""
    digests: Images
    key_arn: pulumi.Input[str]
    protection: Protection


class Registry(pulumi.ComponentResource):
    """The repositories: encrypted with our key, scanned when pushed to, and a tag names one image for ever."""

    images: Mapping[str, pulumi.Output[str]]
    """Image → ``registry/repository@sha256:…``; only those that have a digest."""
    repository_urls: Mapping[str, pulumi.Output[str]]
    """Image → where to push it."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        images: dict[str, pulumi.Output[str]] = {}
        urls: dict[str, pulumi.Output[str]] = {}
        for image, repository_name in args.repositories.items():
            repository = aws.ecr.Repository(
                f"{name}-{image.replace('_', '-')}",
                name=repository_name,
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.key_arn)
                ],
                # Images can be built again; where data is protected, whoever runs them is spared the surprise.
                force_delete=not args.protection.protect,
                opts=child,
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{image.replace('_', '-')}-lifecycle",
                repository=repository.name,
                policy=pulumi.Output.json_dumps(LIFECYCLE),
                opts=child,
            )
            urls[image] = repository.repository_url
            digest: str | None = getattr(args.digests, image)
            if digest is not None:
                images[image] = pulumi.Output.concat(repository.repository_url, "@", digest)
        self.images, self.repository_urls = images, urls
        self.register_outputs({})


LIFECYCLE: Final[Mapping[str, Any]] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Layers of unfinished builds",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "All but the latest images",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
            "action": {"type": "expire"},
        },
    ]
}
"""As ECR reads it."""
