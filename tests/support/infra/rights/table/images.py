"""What nodes fetch from S3 without signing it themselves: layers of images, and packages of the system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.image_sources import K8S_BUCKETS
from rights.requests import Elsewhere, Row, Who, asks, may, may_not

NOBODY_INSIDE: Final = Who(inside=True)
ECR: Final = Who(arn="arn:aws:iam::602401143452:role/ecr", everything=True, inside=True)
"""ECR hands out addresses that it has signed itself."""
REGION: Final = "eu-central-1"
"""Of the recorded environments; `tests/infra/rights/test_images.py` goes through all."""


def rows() -> Iterator[Row]:
    """Of nodes."""
    bucket, _ = K8S_BUCKETS[REGION]
    layers = f"arn:aws:s3:::{bucket}/containers/images/sha256:0123"
    aws = Elsewhere("602401143452")
    yield may(
        NOBODY_INSIDE,
        "pulls images of registry.k8s.io: its layers are asked for by nobody",
        *asks(layers, "s3:GetObject", owner=Elsewhere()),
        source="kubernetes/registry.k8s.io 093d55a, cmd/archeio/docs/request-handling.md",
    )
    for who in (NOBODY_INSIDE, ECR):
        yield may(
            who,
            "pulls images of ECR: ours, of add-ons, of EMR",
            *asks("arn:aws:s3:::prod-{region}-starport-layer-bucket/ab/sha256", "s3:GetObject", owner=aws),
            source="ECR user guide, 'Minimum Amazon S3 Bucket Permissions for Amazon ECR'",
        )
    yield may(
        NOBODY_INSIDE,
        "installs packages of Amazon Linux and EMR",
        *asks("arn:aws:s3:::al2023-repos-{region}-de612dc2/core/x.rpm", "s3:GetObject", owner=aws),
        *asks("arn:aws:s3:::repo.{region}.emr.amazonaws.com/apps-repository/x.rpm", "s3:GetObject", owner=aws),
        *asks("arn:aws:s3:::prod.{region}.appinfo.src/releases/x", "s3:GetObject", owner=aws),
        *asks("arn:aws:s3:::{region}.elasticmapreduce/libs/x.jar", "s3:GetObject", owner=aws),
        source="Amazon Linux 2023 user guide, 'repositories'; EMR guide, 'Minimum Amazon S3 policy for private subnet'",
    )
    yield may_not(
        NOBODY_INSIDE,
        "writes where layers and packages are, or lists",
        *asks(layers, "s3:PutObject", "s3:DeleteObject", owner=Elsewhere()),
        *asks(f"arn:aws:s3:::{bucket}", "s3:ListBucket", owner=Elsewhere()),
        *asks("arn:aws:s3:::prod-{region}-starport-layer-bucket/x", "s3:PutObject", owner=aws),
        *asks("arn:aws:s3:::al2023-repos-{region}-de612dc2/x", "s3:PutObject", owner=aws),
        source="reads alone",
    )
