"""The lake in the object store: what a killed pipeline leaves, and what each workload's account may do in its pods."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest
from live_lake import BUCKET, all_keys, lake_client, left_over
from live_platform import Platform
from live_probes import said_by
from mlplatform.foundation.incluster import object_store

# In the image of the flight APIs, with what its own pods have in their environment. Errors of S3 are told by name.
TRIED = """
import json, os, sys
from urllib.parse import urlsplit
from pyarrow import fs
server = urlsplit(os.environ["AWS_ENDPOINT_URL_S3"])
files = fs.S3FileSystem(
    endpoint_override=server.netloc, scheme=server.scheme, region=os.environ["AWS_REGION"], allow_delayed_open=True
)
def outcome(work):
    try:
        work()
    except OSError as error:
        return "refused" if "ACCESS_DENIED" in str(error) else str(error)
    return "done"
def read(key):
    with files.open_input_file(key) as stream:
        stream.read(1)
def write(key):
    with files.open_output_stream(key) as stream:
        stream.write(b"x")
print(json.dumps({
    "read": {key: outcome(lambda: read(key)) for key in json.loads(sys.argv[1])},
    "write": {key: outcome(lambda: write(key)) for key in json.loads(sys.argv[2])},
}))
"""


def test_a_pipeline_that_was_killed_is_taken_up_by_the_next_with_the_version_of_make_run(platform: Platform) -> None:
    version = Path(platform.pipeline["dataset"]).name
    assert version == Path(platform.local_run["dataset"]).name, f"killed at {platform.killed_at}"
    assert platform.reader.found == [version]


def test_no_reader_ever_saw_half_a_version(platform: Platform) -> None:
    assert platform.reader.looks > 0
    assert platform.reader.halves == [], f"killed at {platform.killed_at}"


def test_nothing_is_left_of_the_killed_one_beside_the_version(platform: Platform) -> None:
    assert left_over(platform.site, platform.pipeline) == [], f"killed at {platform.killed_at}"
    assert not [key for key in all_keys(platform.site) if "/.staging-" in key]


def test_all_that_is_in_s3_on_aws_is_in_the_object_store(platform: Platform) -> None:
    keys = all_keys(platform.site)
    for area in ("raw", "features", "quarantine", "predictions", "artifacts", "ray"):
        assert [key for key in keys if key.startswith(f"{area}/")], area
    for place in ("dataset", "predictions"):
        assert str(platform.pipeline[place]).startswith(f"s3://{BUCKET}/")


@dataclass(frozen=True)
class Workload:
    """Pods of an app, and the areas of its account."""

    namespace: str
    app: str
    secret: str
    reads: Collection[str]
    writes: Collection[str] = ()


@pytest.mark.parametrize(
    "one",
    [
        Workload("serving", "flight-api-embedded", "lake-flight-api", reads={"features"}),
        Workload(
            "ray",
            "ray-training",
            "lake-ray",
            reads={"features", "artifacts", "ray", "predictions"},
            writes={"artifacts", "ray", "predictions"},
        ),
    ],
    ids=lambda one: one.app,
)
def test_a_pod_reads_and_writes_the_areas_of_its_account_and_no_other(platform: Platform, one: Workload) -> None:
    areas = ("raw", "features", "quarantine", "predictions", "artifacts", "ray")
    keys = all_keys(platform.site)
    # A folder's own object, which pyarrow leaves behind, is none to it.
    there = {area: next(key for key in keys if key.startswith(f"{area}/") and not key.endswith("/")) for area in areas}
    words = ([f"{BUCKET}/{key}" for key in there.values()], [f"{BUCKET}/{area}/tried" for area in areas])
    said = said_by(platform.site, one.namespace, one.app, TRIED, *map(json.dumps, words), secret=one.secret)
    found, root = json.loads(said), lake_client(platform.site, object_store.ROOT)
    for area in areas:
        root.delete_object(Bucket=BUCKET, Key=f"{area}/tried")
    for what, allowed in (("read", one.reads), ("write", one.writes)):
        outcomes = {key.split("/")[1]: outcome for key, outcome in found[what].items()}
        assert outcomes == {area: "done" if area in allowed else "refused" for area in areas}, what
