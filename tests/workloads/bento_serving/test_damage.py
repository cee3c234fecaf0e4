"""Any single bit of what is published: serving refuses the model or the table, and says which file it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from bento_serving.errors import ServingError
from bento_serving.features.lookups import load_lookups
from bento_serving.served_model import read_model_file
from hypothesis import given, settings
from hypothesis import strategies as st
from platform_contract.model_file import digest_path
from serving_site import Site, make_site, put_model, train
from synthetic_dataset import SCHEMA

EACH = settings(max_examples=80, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Something to damage; every test mends what it has damaged."""
    site = make_site(tmp_path_factory.mktemp("damaged"), rows=1200)
    site.publish(train(site, "1", trees=5))
    return site


def refused(path: Path, position: int, bit: int, take: object, words: str) -> None:
    """Flips one bit of a file, sees that it is refused, and flips it back."""
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[position % len(whole)] ^= 1 << bit
    path.write_bytes(changed)
    try:
        with pytest.raises(ServingError, match=words):
            take()  # type: ignore[operator]
    finally:
        path.write_bytes(whole)
    take()  # type: ignore[operator]


@EACH
@given(position=st.integers(0, 2**40), bit=st.integers(0, 7))
def test_any_bit_of_a_model_file(published: Site, position: int, bit: int) -> None:
    file = published.model_file
    refused(file, position, bit, lambda: read_model_file(file), "is not what was published, or was damaged since")


@EACH
@given(position=st.integers(0, 2**40), bit=st.integers(0, 7))
def test_any_bit_of_the_digest_beside_it(published: Site, position: int, bit: int) -> None:
    file = published.model_file
    refused(digest_path(file), position, bit, lambda: read_model_file(file), "The model file .* is refused: it is not")


@EACH
@given(table=st.sampled_from(SCHEMA.lookups), position=st.integers(0, 2**40), bit=st.integers(0, 7))
def test_any_bit_of_a_lookup_table(published: Site, table: object, position: int, bit: int) -> None:
    name = table.name  # type: ignore[attr-defined]
    version = published.features / "flight_delay" / f"v-{published.manifest.fingerprint}"
    file = version / "lookups" / name / "part-00000.parquet"
    where = str(published.features)
    refused(
        file, position, bit, lambda: load_lookups(where, SCHEMA), f"{name}/part-00000.parquet is refused: it is not"
    )


def test_a_model_without_a_digest_is_refused_and_what_sha256sum_writes_is_one(published: Site, tmp_path: Path) -> None:
    own = tmp_path / "own.ubj"
    own.write_bytes(published.model_file.read_bytes())
    with pytest.raises(
        ServingError, match=r"it has no digest beside it \(own\.ubj\.sha256\).*sha256sum own\.ubj > own"
    ):
        read_model_file(own)
    with digest_path(own).open("wb") as output:
        subprocess.run(["sha256sum", own.name], cwd=tmp_path, stdout=output, check=True)
    assert read_model_file(own) == own.read_bytes()
    put_model(own, b"another")
    subprocess.run(["sha256sum", "--check", "--strict", digest_path(own).name], cwd=tmp_path, check=True)


def test_a_table_that_the_manifest_does_not_name_is_refused(published: Site) -> None:
    manifest = published.features / "flight_delay" / f"v-{published.manifest.fingerprint}" / "manifest.json"
    whole = manifest.read_text()
    emptied = published.manifest.model_copy(update={"lookup_files": {**published.manifest.lookup_files, "route": ()}})
    manifest.write_text(emptied.model_dump_json())
    try:
        with pytest.raises(ServingError, match="lookups/route is refused: the manifest names no file of it"):
            load_lookups(str(published.features), SCHEMA)
        manifest.write_text(whole[:-1])
        with pytest.raises(ServingError, match=r"manifest\.json cannot be read"):
            load_lookups(str(published.features), SCHEMA)
    finally:
        manifest.write_text(whole)
