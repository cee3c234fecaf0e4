"""The step ``publish``: the champion's model file goes to shared storage, with its digest beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_contract import PlatformContract
from platform_contract.model_file import (
    VERSION_ATTRIBUTE,
    digest_lines,
    digest_path,
    sha256_of,
    shared_model_path,
    stated_digests,
)

from ray_training.errors import TrainingError
from ray_training.receipt import Receipt, find_receipt, keep_receipt, publish_identity, registry_state

if TYPE_CHECKING:
    from ray_training.tracking.registry import Registry


def publish(contract: PlatformContract, say: Callable[[str], None]) -> dict[str, Any]:
    """Replaces the shared model file by the champion's in one step, unless it is the same; the step's summary.

    A registry in a database that was not written to since the last time is not even opened.

    Raises:
        TrainingError: there is no champion, its file is not what it should be, or MLflow or the shared storage cannot
            be reached.
    """
    settings, storage = contract.mlflow, contract.ray.storage
    target = shared_model_path(contract.shared_files.models)
    identity = publish_identity(contract, target, registry_state(settings.tracking_uri))
    if identity and (receipt := find_receipt(storage, identity)):
        summary = {**receipt.summary, "reused": True}
    else:
        from ray_training.tracking.registry import Registry

        registry = Registry(settings)
        # The champion that is found is of this state or of a later one, never of an earlier one.
        state = registry_state(settings.tracking_uri)
        summary = _put_champion(registry, target)
        if identity := publish_identity(contract, target, state):
            keep_receipt(storage, identity, Receipt(summary=summary, files=[]))
    say(f"version {summary['model_version']} {'is already' if summary['reused'] else 'is now'} at {target}")
    return summary


def _put_champion(registry: Registry, target: Path) -> dict[str, Any]:
    from ray_training.tracking.registry import DIGEST_TAG

    settings = registry.settings
    champion = registry.champion()
    if champion is None:
        raise TrainingError(
            f"No version of the model '{settings.registered_model}' has the alias '{settings.champion_alias}' in"
            f" {settings.tracking_uri}. Run 'ray-train train' first."
        )
    version = str(champion.version)
    with tempfile.TemporaryDirectory() as folder:
        file = registry.model_file(version, Path(folder))
        content = file.read_bytes()
        stated = champion.tags.get(DIGEST_TAG, sha256_of(content))
        if stated != sha256_of(content):
            raise TrainingError(
                f"The file of version {version} of '{settings.registered_model}' is not the one that was registered:"
                f" its SHA-256 is {sha256_of(content)}, and the version's tag '{DIGEST_TAG}' says {stated}. It was"
                " damaged or replaced in the artifact store; move the alias to another version, or train again."
            )
        reused = _is_published(target, content)
        if not reused:
            _check(file, version, settings.registered_model)
            replace_model(target, content)
    return {"step": "publish", "model_version": version, "path": str(target), "reused": reused}


def _is_published(target: Path, content: bytes) -> bool:
    stated = digest_lines(target.name, sha256_of(content)).encode()
    try:
        return target.read_bytes() == content and digest_path(target).read_bytes() == stated
    except OSError:
        return False


def replace_model(target: Path, content: bytes) -> None:
    """Replaces a model file and the digest beside it, which agree at every moment (`platform_contract.model_file`).

    Raises:
        TrainingError: the folder cannot be written to.
    """
    beside, new = digest_path(target), sha256_of(content)
    # The old digest as it was stated, and not as the file there has it by now: that may have been damaged since.
    old = (
        stated_digests(beside.read_text(encoding="utf-8", errors="replace"), target.name) if beside.exists() else set()
    )
    replace(beside, digest_lines(target.name, new, *sorted(old - {new})).encode())
    replace(target, content)
    replace(beside, digest_lines(target.name, new).encode())


def _check(file: Path, version: str, name: str) -> None:
    import xgboost

    try:
        written = xgboost.Booster(model_file=file).attr(VERSION_ATTRIBUTE)
    except xgboost.core.XGBoostError as error:
        raise TrainingError(f"The file of version {version} of '{name}' is no booster. Train again.") from error
    if written != version:
        raise TrainingError(
            f"The file of version {version} of '{name}' says that it is version {written}. It was not registered by"
            " 'ray-train train'; move the alias to a version that was."
        )


def replace(target: Path, content: bytes) -> None:
    """Writes a file whole or not at all; whoever reads it sees the old content or the new, never a part.

    Raises:
        TrainingError: the folder cannot be written to.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            beside.rename(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(f"Cannot write {target}: {error.strerror}. The file there is what it was.") from error
