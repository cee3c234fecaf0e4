"""Which store a location is in."""

from __future__ import annotations

from functools import cache

from platform_contract.object_store import in_s3

from spark_preprocessing.publishing.folders import Folders
from spark_preprocessing.publishing.objects import Objects
from spark_preprocessing.publishing.store import Store


def store_of(location: str) -> Store:
    """The store that a location is in."""
    return _objects() if in_s3(location) else _folders()


@cache
def _objects() -> Store:
    """One for the process: a client of S3 takes a second to be made."""
    return Objects()


@cache
def _folders() -> Store:
    return Folders()
