"""The platform's lake as tests see it: a reader that looks all the time, and what is left over in the end."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from mlplatform.foundation.incluster import object_store
from platform_contract import DatasetPointer, FeatureManifest

from tools.localplatform.lake import READER, lake_environment
from tools.localplatform.site import Site

BUCKET: Final = object_store.BUCKET
DATASET: Final = "features/flight_delay"
LOOK_SECONDS: Final = 1.0


def lake_client(site: Site, account: str = READER) -> Any:
    """A client of the object store, as one of its accounts."""
    told = lake_environment(site, account)
    return boto3.client(
        "s3",
        endpoint_url=told["AWS_ENDPOINT_URL_S3"],
        region_name=told["AWS_REGION"],
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )


def all_keys(site: Site) -> list[str]:
    """Every object of the lake."""
    root = lake_client(site, object_store.ROOT)
    pages = root.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return sorted(one["Key"] for page in pages for one in page.get("Contents", ()))


def read_object(store: Any, key: str) -> bytes | None:
    """Its content; None when there is none."""
    try:
        return bytes(store.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise


def manifest_of(store: Any, version: str) -> FeatureManifest | None:
    """What a version says of itself; None when it says nothing."""
    text = read_object(store, f"{DATASET}/{version}/manifest.json")
    return FeatureManifest.model_validate_json(text) if text else None


def files_of(manifest: FeatureManifest) -> dict[str, str]:
    """Path in the version → SHA-256."""
    parts = [*manifest.files, *(file for table in manifest.lookup_files.values() for file in table)]
    return {part.path: part.sha256 for part in parts}


@dataclass
class Reader:
    """Follows ``LATEST.json`` as every reader does, and looks at once whether all that it leads to is there."""

    site: Site
    looks: int = 0
    found: list[str] = field(default_factory=list)
    """Versions that it was sent to, in their order."""
    halves: list[str] = field(default_factory=list)
    """What was wrong; nothing, if all is well."""

    def look(self, store: Any) -> None:
        """Once."""
        pointer = read_object(store, f"{DATASET}/LATEST.json")
        self.looks += 1
        if pointer is None:
            return
        version = DatasetPointer.model_validate_json(pointer).version
        manifest = manifest_of(store, version)
        if manifest is None:
            self.halves.append(f"{version} has no manifest")
            return
        for path, digest in files_of(manifest).items():
            content = read_object(store, f"{DATASET}/{version}/{path}")
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                self.halves.append(f"{version}/{path} is {'not there' if content is None else 'another'}")
        if not self.found or self.found[-1] != version:
            self.found.append(version)


@contextmanager
def reading(site: Site) -> Iterator[Reader]:
    """A reader that looks all the time, as long as the block lasts."""
    reader, ended = Reader(site), threading.Event()

    def work() -> None:
        store = lake_client(site)
        while True:
            try:
                reader.look(store)
            except Exception as error:  # noqa: BLE001 - whatever it is: a reader was refused
                reader.halves.append(f"{type(error).__name__}: {error}")
            if ended.wait(LOOK_SECONDS):
                return

    thread = threading.Thread(target=work, name="reader")
    thread.start()
    try:
        yield reader
    finally:
        ended.set()
        thread.join()


def left_over(site: Site, summary: Mapping[str, Any]) -> list[str]:
    """Objects of data sets, refused rows and predictions that do not belong to the one version that is there.

    Args:
        site: where the platform is up.
        summary: of the pipeline that ended well.
    """
    store = lake_client(site, object_store.ROOT)
    prefix = f"s3://{BUCKET}/"
    folder = str(summary["dataset"]).removeprefix(prefix)
    manifest = manifest_of(store, Path(folder).name)
    assert manifest is not None, f"{folder} has no manifest"
    expected = {f"{folder}/manifest.json", *(f"{folder}/{path}" for path in files_of(manifest))}
    # The right to publish is an object that stays when nobody has it.
    expected |= {f"{DATASET}/LATEST.json", f"{DATASET}/.lease", str(summary["predictions"]).removeprefix(prefix)}
    refused = f"{folder.replace('features/', 'quarantine/', 1)}/"
    return [
        key
        for key in all_keys(site)
        if key.startswith(("features/", "quarantine/", "predictions/"))
        and key not in expected
        and not key.startswith(refused)
    ]


def emptied(site: Site) -> None:
    """Removes data sets, predictions and what Ray keeps of trainings: the next pipeline has everything to do."""
    root = lake_client(site, object_store.ROOT)
    for key in all_keys(site):
        if key.startswith(("features/", "quarantine/", "predictions/", "ray/")):
            root.delete_object(Bucket=BUCKET, Key=key)


def downloaded(site: Site, location: str, folder: Path) -> Path:
    """A folder of the lake as a folder of this machine."""
    store, place = lake_client(site), location.removeprefix(f"s3://{BUCKET}/")
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{place}/")
    for one in (one for page in pages for one in page.get("Contents", ())):
        target = folder / one["Key"].removeprefix(f"{place}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_object(store, one["Key"]) or b"")
    return folder
