"""Imports a model file into BentoML's store and builds the Bentos, unless they are built already."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform_contract.model_file import MODEL_FILE_NAME, sha256_of

from bento_serving.errors import ServingError
from bento_serving.served_model import inspect_model, read_model_file
from bento_serving.stores import (
    BENTO_NAMES,
    MODEL_API,
    SERVICES,
    STORED_MODEL,
    Receipt,
    Store,
    bento_version,
    build_digest,
    lock_file,
    source_folders,
)
from bento_serving.surroundings import quiet_environment


@dataclass(frozen=True)
class Built:
    """What a build came to."""

    receipt: Receipt
    reused: bool


def build(store: Store, model_file: Path, say: Callable[[str], None]) -> Built:
    """Builds the Bento of the model API with a model embedded, and the Bentos of both flight APIs.

    The same model, source and packages are built once.

    Args:
        store: where to.
        model_file: one XGBoost booster, with its digest beside it; see `platform_contract.model_file`.
        say: told what goes on.

    Raises:
        ServingError: the file is not fit to be served, or the store cannot be written.
    """
    content = read_model_file(model_file)
    digest = build_digest(sha256_of(content))
    try:
        with _only_build(store.home):
            if receipt := store.receipt(digest):
                store.make_current(receipt)
                return Built(receipt, reused=True)
            say(f"looking at {model_file}")
            file = inspect_model(content, f"The model file {model_file}")
            say(f"{file.report.trees} trees, {len(content) / 1e6:.1f} MB")
            receipt = _receipt(file.report.model_version, digest)
            _discard(store, receipt)
            os.environ.update(quiet_environment(store.home))  # BentoML reads it when it is imported
            _store_model(receipt, file.digest, content)
            _build(store, receipt, say)
            store.write_receipt(digest, receipt)
            store.make_current(receipt)
    except OSError as error:
        raise ServingError(f"The Bentos cannot be written to {store.home}: {error.strerror}.") from error
    return Built(receipt, reused=False)


def _receipt(model_version: str, digest: str) -> Receipt:
    version = bento_version(model_version, digest)
    bentos = {service: f"{name}:{version}" for service, name in BENTO_NAMES.items()}
    return Receipt(model_version=model_version, model=f"{STORED_MODEL}:{version}", bentos=bentos)


def _discard(store: Store, receipt: Receipt) -> None:
    """What a build that was killed has left would be taken for what is to be built."""
    for left in (store.model(receipt.model), *map(store.bento, receipt.bentos.values())):
        shutil.rmtree(left, ignore_errors=True)


def _store_model(receipt: Receipt, file_digest: str, content: bytes) -> None:
    import bentoml

    metadata = {"digest": file_digest, "model_version": receipt.model_version}
    with bentoml.models.create(receipt.model, metadata=metadata) as stored:
        Path(stored.path_of(MODEL_FILE_NAME)).write_bytes(content)


def _build(store: Store, receipt: Receipt, say: Callable[[str], None]) -> None:
    import bentoml
    from bentoml.models import BentoModel

    with _source() as folder:
        for service, tag in receipt.bentos.items():
            say(f"Bento {tag}")
            name, _, version = tag.partition(":")
            arguments = {"model_tag": receipt.model} if service == MODEL_API else {}
            bentoml.bentos.build(SERVICES[service], name=name, version=version, build_ctx=str(folder), args=arguments)
    # Into the Bento itself, as 'bentoml export' and 'bentoml containerize' do: it then needs no store.
    BentoModel(receipt.model).resolve(store.bento(receipt.bentos[MODEL_API]) / "models")


@contextmanager
def _source() -> Iterator[Path]:
    """The source of a Bento: both packages and the lock file."""
    with tempfile.TemporaryDirectory(prefix="flight-serving-") as name:
        folder = Path(name)
        for package in source_folders():
            shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(lock_file(), folder)
        yield folder


@contextmanager
def _only_build(home: Path) -> Iterator[None]:
    """Two builds at once would write to the same places: the second waits."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
