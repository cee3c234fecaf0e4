"""What the commit of a version leans on, of both servers that take S3's part in the tests."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from object_store import WITH_GO, ObjectStore


@pytest.fixture
def client(store: ObjectStore) -> Any:
    import boto3

    keys = {"aws_access_key_id": store.access_key, "aws_secret_access_key": store.secret_key}
    return boto3.client("s3", endpoint_url=store.endpoint, region_name="us-east-1", **keys)


def test_an_object_is_made_once_and_replaced_only_by_who_has_seen_it(client: Any) -> None:
    first = client.put_object(Bucket="lake", Key="once/pointer", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="lake", Key="once/pointer", Body=b"2", IfNoneMatch="*")
    second = client.put_object(Bucket="lake", Key="once/pointer", Body=b"3", IfMatch=first)["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="lake", Key="once/pointer", Body=b"4", IfMatch=first)
    assert client.get_object(Bucket="lake", Key="once/pointer")["Body"].read() == b"3"
    assert second != first


def test_the_age_of_an_object_is_told_by_the_clock_that_stamped_it(client: Any) -> None:
    client.put_object(Bucket="lake", Key="age/object", Body=b"")
    told = client.head_object(Bucket="lake", Key="age/object")
    assert told["ResponseMetadata"]["HTTPHeaders"]["date"].endswith("GMT")
    assert told["LastModified"].tzinfo is not None


@WITH_GO
def test_who_does_not_sign_gets_nothing() -> None:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from object_store import gateway

    with gateway("lake") as store:
        stranger = boto3.client(
            "s3",
            endpoint_url=store.endpoint,
            region_name="us-east-1",
            config=Config(signature_version=UNSIGNED),
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            stranger.put_object(Bucket="lake", Key="taken", Body=b"")
