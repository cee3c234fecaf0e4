"""Reads what lies at a location of the contract: an absolute path or ``s3://BUCKET/PREFIX``."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs


def open_location(location: str) -> tuple[Any, str]:
    """The file system of a location, and its path there.

    pyarrow's own file systems read S3 with nothing to install, and close over pods' roles as the AWS SDK does.
    """
    filesystem, path = fs.FileSystem.from_uri(location)
    return filesystem, str(path)


def read_bytes(location: str) -> bytes:
    """The content of a small file.

    Raises:
        OSError: it cannot be read.
    """
    filesystem, path = open_location(location)
    with filesystem.open_input_file(path) as handle:
        return bytes(handle.read())


def parse_parquet(content: bytes, columns: list[str]) -> pa.Table:
    """Some columns of a Parquet file.

    Raises:
        pa.ArrowException: the file is broken, or there is no such column.
    """
    return pq.read_table(pa.BufferReader(content), columns=columns)
