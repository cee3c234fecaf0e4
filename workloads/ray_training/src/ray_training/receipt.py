"""What a finished step left behind, so that the same work need not be done twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from platform_contract import PlatformContract
from platform_contract.model_file import digest_path
from pydantic import BaseModel, ConfigDict, ValidationError

from ray_training.data.dataset import Dataset
from ray_training.data.places import read_bytes, size_of, write_bytes
from ray_training.settings import BoostingSettings, code_digest

SQLITE: Final = "sqlite:///"
"""How the tracking URI of a database on this machine begins; its path is percent-encoded, as paths in URIs are."""


class Receipt(BaseModel):
    """The summary of a step, and the files that must still be there for it to count."""

    model_config = ConfigDict(extra="forbid")

    summary: dict[str, Any]
    files: list[str]


def run_identity(dataset: Dataset, settings: BoostingSettings, contract: PlatformContract) -> str:
    """A digest of all that decides the trees. Ray's run is named after it."""
    return _digest(
        dataset.manifest.fingerprint,
        settings.model_dump(),
        code_digest(),
        [contract.ray.workers, contract.ray.cpus_per_worker],
    )


def training_identity(dataset: Dataset, settings: BoostingSettings, trials: int, contract: PlatformContract) -> str:
    """A digest of all that decides what a training leaves behind, and where."""
    return _digest(run_identity(dataset, settings, contract), trials, contract.mlflow.model_dump())


def database_file(tracking_uri: str) -> Path | None:
    """The file that a tracking URI names; None of a server's."""
    return Path(unquote(tracking_uri.removeprefix(SQLITE))) if tracking_uri.startswith(SQLITE) else None


def uri_for_mlflow(tracking_uri: str) -> str:
    """The same database as MLflow is to be told of it: with nothing percent-encoded that need not be.

    MLflow 3.17 makes the folder of a database before it opens it, and takes its name as it stands in the URI
    (`mlflow.store.db.utils._make_parent_dirs_if_sqlite`): beside ``a clone`` there was an ``a%20clone``, or no training
    where no folder may be made there.
    """
    database = database_file(tracking_uri)
    if database is None:
        return tracking_uri
    return SQLITE + str(database).replace("%", "%25").replace("?", "%3F")


def registry_state(tracking_uri: str) -> list[int] | None:
    """Numbers that any writing to the registry's database changes; None if the registry is a server."""
    database = database_file(tracking_uri)
    if database is None:
        return None
    # Beside the database SQLite may keep what it has not yet written into it.
    files = [
        file.stat() for end in ("", "-wal", "-journal") if (file := database.with_name(database.name + end)).exists()
    ]
    return [number for file in files for number in (file.st_ino, file.st_size, file.st_mtime_ns)]


def publish_identity(contract: PlatformContract, published: Path, registry: list[int] | None) -> str | None:
    """A digest of the registry's state and of what is published: while it is the same, so is the champion there.

    None if one of them cannot be told.
    """
    beside = digest_path(published)
    if not registry or not published.exists() or not beside.exists():
        return None
    content = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (published, beside)]
    return _digest("publish", contract.mlflow.model_dump(), registry, str(published), *content, code_digest())


def _digest(*parts: str | int | list[int] | dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def find_receipt(storage: str, identity: str) -> Receipt | None:
    """The receipt of that work, if it was finished and its files are still there."""
    try:
        receipt = Receipt.model_validate_json(read_bytes(_path(storage, identity)))
    except (FileNotFoundError, ValidationError):
        return None
    return receipt if all(size_of(file) is not None for file in receipt.files) else None


def keep_receipt(storage: str, identity: str, receipt: Receipt) -> None:
    """Writes it in one step."""
    write_bytes(_path(storage, identity), receipt.model_dump_json(indent=2).encode())


def _path(storage: str, identity: str) -> str:
    return f"{storage}/receipts/{identity}.json"
