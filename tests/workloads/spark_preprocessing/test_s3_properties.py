"""How Spark is told of S3, and what it takes beside PySpark's wheel."""

from __future__ import annotations

import re
from pathlib import Path

import pyspark
import pytest
from object_store import ROOT, put_jars
from platform_contract import PlatformContract
from platform_contract.document import Lake
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.spark import s3_properties as module
from spark_preprocessing.spark.properties import spark_properties
from spark_preprocessing.spark.session import spark_session
from spark_site import contract_in

LOCK = ROOT / "workloads" / "spark_preprocessing" / "maven.sha256"
SECRET = "a-secret-that-nobody-is-told"  # noqa: S105 - of nothing


@pytest.fixture
def in_s3(tmp_path: Path) -> PlatformContract:
    areas = {name: f"s3://lake/{name}" for name in ("raw", "features", "quarantine", "predictions")}
    return contract_in(tmp_path).model_copy(update={"lake": Lake(**areas)})


def _locked() -> dict[str, str]:
    """Artifact → version, as the lock file has it."""
    coordinates = [line.split()[1].split(":") for line in LOCK.read_text().splitlines()]
    return {name: version for _, name, version in coordinates}


def _jars(names: list[str]) -> dict[str, str]:
    """Artifact → version."""
    found = [re.fullmatch(r"(.+?)-(\d[\w.]*)\.jar", name) for name in names]
    return {match[1]: match[2] for match in found if match}


def test_the_client_is_of_sparks_own_hadoop_and_brings_nothing_twice() -> None:
    own = _jars([path.name for path in (Path(pyspark.__file__).parent / "jars").iterdir()])
    locked = _locked()
    assert locked["hadoop-aws"] == own["hadoop-client-api"]
    assert locked.keys() & own.keys() == set()
    # The SDK is in many jars, of the one version that Hadoop 3.5.0 was built with (source: the pom of hadoop-project).
    assert set(re.findall(r"\.awssdk:[^:]+:(\S+)", LOCK.read_text())) == {"2.35.4"}


def test_nothing_of_s3_is_said_where_the_lake_is_in_folders(tmp_path: Path) -> None:
    assert module.s3_properties(contract_in(tmp_path)) == {}


def test_a_server_in_s3s_place_is_named_and_no_secret_is(
    in_s3: PlatformContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:7070")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    properties = spark_properties(in_s3, "x")
    assert properties["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:7070"
    assert properties["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert properties["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert properties["spark.hadoop.fs.s3a.endpoint.region"] == "eu-central-1"
    assert SECRET not in str(properties)


def test_s3_itself_is_found_by_its_region_alone(in_s3: PlatformContract, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    assert not {name for name in spark_properties(in_s3, "x") if name.endswith(("endpoint", "access", "enabled"))} & {
        "spark.hadoop.fs.s3a.endpoint",
        "spark.hadoop.fs.s3a.path.style.access",
        "spark.hadoop.fs.s3a.connection.ssl.enabled",
    }


def test_a_spark_without_the_client_says_how_to_get_it(
    in_s3: PlatformContract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JARS", tmp_path / "none")
    told = r"Spark has no client for it: .*images\.py jars spark_preprocessing"
    with pytest.raises(PreprocessingError, match=told), spark_session(in_s3, "x"):
        pass


def test_the_environment_gets_what_the_lock_file_names() -> None:
    put_jars()
    wanted = {f"{name}-{version}.jar" for name, version in _locked().items()}
    assert {path.name for path in module.JARS.iterdir()} == wanted
