"""Reads what lies at a location of the contract: an absolute path or ``s3://BUCKET/PREFIX``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from platform_contract.object_store import answer_of, arrow_options, in_s3, is_refusal, read_again
from pyarrow import fs

TRIES: Final = 3
"""Of a call that is throttled or gets no answer. Few: a service looks again in seconds, and a process does not end
while pyarrow's client tries a call again."""


def read_bytes(location: str) -> bytes:
    """The content of a small file.

    Raises:
        OSError: it cannot be read; what S3 refuses says so in the first line.
    """
    if not in_s3(location):
        return Path(location).read_bytes()
    try:
        filesystem, path = _open_location(location)
        with filesystem.open_input_file(path) as handle:
            return read_again(lambda: bytes(handle.read_at(handle.size(), 0)), tries=TRIES)
    except FileNotFoundError:
        raise
    except OSError as error:
        told = answer_of(error)
        if is_refusal(error):
            raise PermissionError(
                f"S3 refuses this identity: is it the service's, and may it read there? {told}"
            ) from error
        raise OSError(f"S3 does not answer as it should: {told}") from error


def _open_location(location: str) -> tuple[fs.FileSystem, str]:
    """The file system of a location in S3, and the path there.

    pyarrow's own client reads S3 with nothing to install, and asks for a pod's credentials as the AWS SDK does.
    """
    options = arrow_options()
    if "region" not in options:  # pyarrow asks S3 where the bucket is, which wants a way to all of S3
        filesystem, path = fs.FileSystem.from_uri(location)
        return filesystem, str(path)
    return _client(tuple(options.items())), location.removeprefix("s3://")


@cache
def _client(options: tuple[tuple[str, str], ...]) -> fs.S3FileSystem:
    """One for the process: it renews its credentials itself, and each new one would ask for its own."""
    return fs.S3FileSystem(**dict(options), retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES))


def parse_parquet(content: bytes, columns: list[str]) -> pa.Table:
    """Some columns of a Parquet file.

    Raises:
        pa.ArrowException: the file is broken, or there is no such column.
    """
    return pq.read_table(pa.BufferReader(content), columns=columns)
