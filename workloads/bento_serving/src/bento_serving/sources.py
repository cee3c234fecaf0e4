"""The two places that a flight API has its model from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
from platform_contract import FeatureSchema
from platform_contract.model_file import digest_path
from pydantic import ValidationError

from bento_serving.errors import ServingError
from bento_serving.served_model import ServedModel, inspect_model, load_model, read_model_file
from bento_serving.vectors import VectorModelInfo
from bento_serving.watching import Source


class SharedFileSource(Source[ServedModel]):
    """Pattern B: the model file on shared storage, with its digest beside it."""

    def __init__(self, features: str, path: Path, count: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(features, count)
        self._path = path

    def mark(self) -> str | None:
        marks = [_mark(self._path), _mark(digest_path(self._path))]
        return " ".join(str(mark) for mark in marks) if any(marks) else None

    def fetch(self) -> tuple[str, ServedModel]:
        mark = self.mark()
        file = inspect_model(read_model_file(self._path), f"The model file {self._path}")
        return mark or "", load_model(file.model, file.digest)


def _mark(path: Path) -> str | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"


@dataclass(frozen=True)
class RemoteModel:
    """A model that another process holds.

    Attributes:
        tag: the model API's entity tag: a question that names it is answered by this very model or not at all.
    """

    tag: str
    model_version: str
    data_fingerprint: str
    schema: FeatureSchema


class ModelApiSource(Source[RemoteModel]):
    """Pattern A: the model API, which says itself which features its model takes."""

    def __init__(self, features: str, address: str, count: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(features, count)
        self._address = address
        # A proxy of the environment is not for a neighbour.
        self._client = httpx.Client(base_url=address, timeout=5, trust_env=False)

    def mark(self) -> str | None:
        try:
            response = self._client.get("/model")
        except httpx.HTTPError:
            return None
        return response.headers.get("etag") if response.status_code == HTTPStatus.OK else None

    def fetch(self) -> tuple[str, RemoteModel]:
        try:
            response = self._client.get("/model").raise_for_status()
            tag = response.headers["etag"]
            found = VectorModelInfo.model_validate_json(response.content)
        except (httpx.HTTPError, KeyError, ValidationError) as error:
            raise ServingError(
                f"The model API at {self._address} tells of no model ({type(error).__name__}). Is it up?"
            ) from error
        return tag, RemoteModel(tag, found.model_version, found.data_fingerprint, found.feature_schema)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
