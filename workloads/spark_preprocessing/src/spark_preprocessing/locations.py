"""How the engines spell a location of the contract."""

from __future__ import annotations


def spark_path(location: str) -> str:
    """A location as Spark takes it: a path names its file system, whatever Hadoop's default is.

    Hadoop's client for S3 goes by the name ``s3a``.
    """
    return f"file://{location}" if location.startswith("/") else f"s3a://{location.removeprefix('s3://')}"
