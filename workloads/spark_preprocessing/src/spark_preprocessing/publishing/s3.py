"""Calls of S3, of which every failure is a sentence.

Where S3 is and as whom to sign are told as all SDKs of AWS are told: by the pod's identity, a profile, or the
environment (``AWS_ENDPOINT_URL_S3`` names a server in S3's place).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from platform_contract.object_store import TRIES, endpoint

from spark_preprocessing.errors import PreprocessingError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60

S3Client: TypeAlias = Any
"""boto3 makes the classes of its clients when it runs."""


@cache
def _session() -> Any:  # noqa: ANN401 - boto3 is not typed
    """One for the process: what it reads of S3's model takes longer than a call."""
    import boto3

    return boto3.session.Session()


def make_client(*, tries: int | None = None, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> S3Client:
    """A client of S3; safe to be shared by threads."""
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # A server in S3's place has one name; S3 itself has one for each bucket.
    style = "path" if endpoint() else "auto"
    config = Config(
        retries={"mode": "standard", "total_max_attempts": tries or TRIES},
        connect_timeout=connect,
        read_timeout=read,
        s3={"addressing_style": style},
    )
    try:
        return _session().client("s3", config=config)
    except BotoCoreError as error:
        raise PreprocessingError(f"S3 cannot be used: {error}") from error


def split(location: str) -> tuple[str, str]:
    """Bucket and key of ``s3://BUCKET/KEY``."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


@contextmanager
def explained(location: str) -> Iterator[None]:
    """Turns what S3 and its client say inside the block into errors for people.

    Raises:
        FileNotFoundError: there is no such object.
        PreprocessingError: anything else.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        _explain(error, location)
    except NoCredentialsError as error:
        raise PreprocessingError(
            f"{location}: there are no credentials for S3. In a pod they come from its identity (EKS Pod Identity), on"
            " a machine from a profile: sign in, and run again."
        ) from error
    except (BotoCoreError, Boto3Error, OSError) as error:
        raise PreprocessingError(
            f"{location}: S3{_at()} does not answer ({_first_line(error)}). Nothing is lost and the version that was"
            " published stays; run again when it is reached."
        ) from error


def _explain(error: ClientError, location: str) -> None:
    told = error.response.get("Error", {})
    code, status = str(told.get("Code", "")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in {"NoSuchKey", "404", "NotFound"}:
        raise FileNotFoundError(2, "No such object", location) from error
    if code == "NoSuchBucket":
        raise PreprocessingError(f"{location}: there is no such bucket. Is the contract's location right?") from error
    if status == 403 or code in {"AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}:
        raise PreprocessingError(
            f"{location}: S3{_at()} refuses this identity ({code}: {told.get('Message', '')}). Is it the workload's,"
            " and may it read and write there?"
        ) from error
    if status >= 500 or code in {"SlowDown", "RequestTimeout", "Throttling"}:
        raise PreprocessingError(
            f"{location}: S3{_at()} is overloaded or ill ({code or status}), also after {TRIES} tries. Nothing is lost"
            " and the version that was published stays; run again later."
        ) from error
    raise PreprocessingError(f"{location}: S3{_at()} refuses ({code}: {told.get('Message', '')}).") from error


def _at() -> str:
    return f" at {endpoint()}" if endpoint() else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def read_whole(location: str, get: Callable[[], dict[str, Any]]) -> tuple[bytes, dict[str, Any]]:
    """Content of an object, and the answer that it came with: the SDK tries a call again, but not an answer that
    breaks off or is not what its checksum says.

    Args:
        location: for messages.
        get: asks for the object.
    """
    from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError, ResponseStreamingError

    torn = (FlexibleChecksumError, HTTPClientError, IncompleteReadError, ResponseStreamingError, OSError)
    for left in reversed(range(TRIES)):
        time.sleep(0 if left == TRIES - 1 else 1)
        with explained(location):
            answer = get()
            try:
                return answer["Body"].read(), answer
            except torn:
                if not left:
                    raise
    raise AssertionError("the last try returns or raises")
