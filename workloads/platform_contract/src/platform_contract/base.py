"""What every part of the contract shares: strict, frozen models and the types of locations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A model that cannot change after it was read and that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _location(value: str) -> str:
    if value.startswith("s3://"):
        bucket = value.removeprefix("s3://").split("/", 1)[0]
        if not bucket:
            raise ValueError("an S3 location needs a bucket: s3://BUCKET/PREFIX")
    elif not value.startswith("/"):
        raise ValueError("a location is an absolute path (/…) or an S3 address (s3://BUCKET/PREFIX)")
    if value != "/" and value.endswith("/"):
        raise ValueError("a location has no '/' at its end")
    return value


def _absolute(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("shared files are mounted: the path must be absolute (/…)")
    return value


Location = Annotated[str, AfterValidator(_location), Field(examples=["s3://lake/features", "/data/features"])]
"""Where data lies: an absolute path or ``s3://BUCKET/PREFIX``. Spark, pyarrow, Ray and MLflow read both."""

MountedPath = Annotated[Path, AfterValidator(_absolute)]
"""An absolute path of a file system that is mounted wherever the workload runs (EFS on AWS)."""

Port = Annotated[int, Field(ge=1, le=65535)]
HostPort = Annotated[str, Field(pattern=r"^[^\s:/]+:[0-9]{1,5}$", examples=["broker-1.example:9098"])]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/:]+(:[0-9]{1,5})?$", examples=["http://127.0.0.1:3001"])]
"""Scheme, host and port of an HTTP server, with no path."""
