"""Where Bentos are kept, and which of them is the current one. Imports nothing heavy: 'up to date?' must be quick."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platform_contract
from platform_contract import PlatformContract
from pydantic import BaseModel, ConfigDict, ValidationError

import bento_serving
from bento_serving.errors import ServingError

MODEL_API: Final = "model-api"
SERVICES: Final = {
    MODEL_API: "bento_serving.flight_model:FlightDelayModel",
    "flight-api-embedded": "bento_serving.flight_api_embedded:FlightDelayEmbedded",
    "flight-api-shared": "bento_serving.flight_api_shared:FlightDelayShared",
}
"""Name on the command line → BentoML's import string."""

BENTO_NAMES: Final = {
    MODEL_API: "flight_delay_model",
    "flight-api-embedded": "flight_delay_embedded",
    "flight-api-shared": "flight_delay_shared",
}
STORED_MODEL: Final = "flight_delay"
"""Name of the model in BentoML's store."""


class Receipt(BaseModel):
    """What was built from what; written last, so that what it names is whole."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str
    model: str
    bentos: dict[str, str]


@dataclass(frozen=True)
class Store:
    """A BentoML home of our own, beside the folder of models that all share: ``<shared_files.models>/../bentoml``.

    Nothing is written to ``~/bentoml``.
    """

    home: Path

    @classmethod
    def of(cls, contract: PlatformContract) -> Store:
        """The store of an environment."""
        return cls(contract.shared_files.models.parent / "bentoml")

    def bento(self, tag: str) -> Path:
        """The folder of a Bento ``name:version``."""
        name, _, version = tag.partition(":")
        return self.home / "bentos" / name / version

    def model(self, tag: str) -> Path:
        """The folder of a model ``name:version``."""
        name, _, version = tag.partition(":")
        return self.home / "models" / name / version

    def receipt(self, digest: str) -> Receipt | None:
        """The receipt of a build, if all that it names is there."""
        receipt = self._read(self.home / "receipts" / f"{digest}.json")
        whole = receipt and all((self.bento(tag) / "bento.yaml").exists() for tag in receipt.bentos.values())
        return receipt if whole else None

    def write_receipt(self, digest: str, receipt: Receipt) -> None:
        """Ends a build."""
        _replace(self.home / "receipts" / f"{digest}.json", receipt.model_dump_json())

    def current(self) -> Receipt:
        """What 'serve' takes.

        Raises:
            ServingError: nothing has been built.
        """
        receipt = self._read(self.home / "current.json")
        if receipt is None or not self.bento(receipt.bentos[MODEL_API]).is_dir():
            raise ServingError(f"No Bento of the model is built in {self.home}: run 'flight-serving build' first.")
        return receipt

    def make_current(self, receipt: Receipt) -> None:
        """From now on 'serve' takes this."""
        if self._read(self.home / "current.json") != receipt:
            _replace(self.home / "current.json", receipt.model_dump_json())

    def server_home(self, service: str, port: int) -> Path:
        """BentoML's home of one server: servers clear the folder of metrics in theirs, so each has its own."""
        return self.home / "servers" / f"{service}-{port}"

    @staticmethod
    def _read(path: Path) -> Receipt | None:
        try:
            return Receipt.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None


def source_folders() -> tuple[Path, Path]:
    """The packages that go into a Bento, as source."""
    return Path(bento_serving.__file__).parent, Path(platform_contract.__file__).parent


def lock_file() -> Path:
    """The lock file of this package.

    Raises:
        ServingError: it is not there, as in an image: Bentos are built in a clone of the repository.
    """
    path = Path(bento_serving.__file__).parents[2] / "requirements.lock"
    if not path.is_file():
        raise ServingError(f"Bentos are built in a clone of the repository: there is no {path}.")
    return path


def build_digest(model_digest: str) -> str:
    """Stands for all that a build depends on: the model, the source, the packages, Python."""
    parts = [model_digest, sys.version]
    for name, path in _sources():
        parts.append(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def bento_version(model_version: str, digest: str) -> str:
    """A version that BentoML accepts: the model's, with as much of the digest as tells builds apart."""
    return f"{re.sub(r'[^a-z0-9_.]+', '-', model_version.lower()).strip('-_.')[:60] or 'model'}-{digest[:12]}"


def _sources() -> Iterator[tuple[str, Path]]:
    yield "requirements.lock", lock_file()
    for folder in source_folders():
        for path in sorted(folder.rglob("*.py")):
            yield str(path.relative_to(folder.parent)), path


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name for all builds, of which there is one at a time: what a killed one left is written over.
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
