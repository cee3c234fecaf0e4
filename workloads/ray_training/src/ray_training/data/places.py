"""Files at a location of the contract: an absolute path or ``s3://BUCKET/PREFIX``.

pyarrow's file systems, which Ray Train takes for its own storage as well: one client, with one behaviour, for all that
this package reads and writes. (MLflow brings boto3 for its artifacts.) On folders the small files need no pyarrow: a
step that finds its work done ends before an engine is imported.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platform_contract.object_store import TRIES, answer_of, arrow_options, in_s3, is_refusal, read_again

from ray_training.errors import TrainingError


def open_location(location: str) -> tuple[Any, str]:
    """The file system of a location, and its path there."""
    from pyarrow import fs

    if not in_s3(location):
        return fs.LocalFileSystem(), location
    options: dict[str, Any] = dict(arrow_options())
    if "region" not in options:  # pyarrow asks S3 where the bucket is, which wants a way to all of S3
        filesystem, path = fs.FileSystem.from_uri(location)
        return filesystem, str(path)
    options["retry_strategy"] = fs.AwsStandardS3RetryStrategy(max_attempts=TRIES)
    # A small file is one put, and not an upload in parts.
    options["allow_delayed_open"] = True
    return fs.S3FileSystem(**options), location.removeprefix("s3://")


def ray_storage(location: str) -> dict[str, Any]:
    """A location as Ray's `RunConfig` takes it. Ray brings the file system to its workers, credentials left out."""
    if not in_s3(location):
        return {"storage_path": location}
    from pyarrow import fs

    from ray_training.data.folderless import Folderless

    filesystem, path = open_location(location)
    return {"storage_path": path, "storage_filesystem": fs.PyFileSystem(Folderless(filesystem))}


def read_bytes(location: str) -> bytes:
    """The content of a small file; FileNotFoundError when there is none."""
    if not in_s3(location):
        return Path(location).read_bytes()
    filesystem, path = open_location(location)
    with _explained(location), filesystem.open_input_file(path) as handle:
        return read_again(lambda: bytes(handle.read_at(handle.size(), 0)))


def size_of(location: str) -> int | None:
    """Bytes of a file; None when there is none."""
    if not in_s3(location):
        path = Path(location)
        return path.stat().st_size if path.is_file() else None
    filesystem, key = open_location(location)
    with _explained(location):
        info = filesystem.get_file_info(key)
    return int(info.size) if info.is_file else None


def write_bytes(location: str, content: bytes) -> None:
    """Makes or replaces a file: whoever reads it sees the old content or the new, never a part."""
    if in_s3(location):
        filesystem, key = open_location(location)
        # One put, or parts that become an object at the end.
        with _explained(location), filesystem.open_output_stream(key) as stream:
            stream.write(content)
        return
    path = Path(location)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def remove_folder(location: str) -> None:
    """Removes all that is below a location; nothing happens if there is nothing."""
    if not in_s3(location):
        shutil.rmtree(location, ignore_errors=True)
        return
    filesystem, key = open_location(location)
    with _explained(location):
        if filesystem.get_file_info(key).type.name == "Directory":
            filesystem.delete_dir(key)


@contextmanager
def _explained(location: str) -> Iterator[None]:
    """Turns what S3 and its client say inside the block into errors for people.

    Raises:
        FileNotFoundError: there is no such file.
        TrainingError: S3 cannot be reached or refuses.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        told = answer_of(error)
        if error.errno == errno.ENOENT:
            raise FileNotFoundError(errno.ENOENT, told, location) from error
        if is_refusal(error):
            what = "S3 refuses this identity. Is it the workload's, and may it read and write there?"
        else:
            what = "S3 does not do what it is asked for. Nothing is lost; run again when it is reached."
        raise TrainingError(f"{location}: {what} ({told})") from error
