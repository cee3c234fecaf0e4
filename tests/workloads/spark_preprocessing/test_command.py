"""The command: whole or not at all, the same again, and in sentences."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest
from identity_agent import TOKEN, identity_agent
from object_store import ObjectStore, put_jars
from platform_contract.document import Lake
from publishing_site import Place
from raw_flights import raw_files, some_flights
from spark_preprocessing.publishing.opening import store_of
from spark_site import COMMAND, Site, contract_in

FLIGHTS = some_flights()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site on which the command has run once; tests leave it as they find it."""
    folder = tmp_path_factory.mktemp("command")
    contract = contract_in(folder / "data")
    (folder / "contract.json").write_text(contract.model_dump_json())
    site = Site(folder, contract)
    raw_files(FLIGHTS).write(site.raw)
    status, out, err = site.call("run")
    assert status == 0, err
    assert site.summary(out)["reused"] is False
    return site


def _version(site: Site) -> Path:
    """The version that readers are sent to."""
    return site.dataset / str(json.loads((site.dataset / "LATEST.json").read_text())["version"])


def _files(site: Site) -> list[Path]:
    """Every file that readers are sent to, and those of the quarantine beside it."""
    version = _version(site)
    refused = Path(site.contract.lake.quarantine) / "flight_delay" / version.name
    return sorted(path for folder in (version, refused) for path in folder.rglob("*") if path.is_file())


def _bytes(site: Site) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(site)}


def _content(site: Site) -> dict[Path, object]:
    """What is in every file: a table's schema and its rows in their order.

    Not its bytes: a Parquet footer lists a column's encodings in the order of a Java hash set, which is another one in
    every JVM. So the digests in the manifest are not compared either.
    """
    content: dict[Path, object] = {
        path: pyarrow.parquet.ParquetFile(path).read() for path in _files(site) if path.suffix == ".parquet"
    }
    manifest = re.sub(r'"sha256": "[0-9a-f]{64}"', "", (_version(site) / "manifest.json").read_text())
    return {**content, _version(site) / "manifest.json": manifest}


def _left_over(site: Site) -> list[Path]:
    folders = (site.dataset, Path(site.contract.lake.quarantine) / "flight_delay")
    return [path for folder in folders for path in folder.glob(".staging-*")]


def _in_session(process: subprocess.Popen[str]) -> list[int]:
    """Processes of the command's session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, *_ = entry.joinpath("stat").read_text().rpartition(")")[2].split()
            if os.getsid(int(entry.name)) == process.pid and state != "Z":
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _wait_until_staged(site: Site, process: subprocess.Popen[str], before: list[Path]) -> None:
    """Until the command has begun to write features; what dead runs have left in `before` does not count."""
    while not [path for path in _left_over(site) if path not in before and any(path.glob("work/*/*.parquet"))]:
        assert process.poll() is None, "the command ended before it could be disturbed"
        time.sleep(0.05)


def test_a_second_run_does_nothing_and_a_forced_one_makes_the_same(shared: Site) -> None:
    before = _content(shared)
    assert len(before) == 15

    status, out, _ = shared.call("run")
    assert (status, shared.summary(out)["reused"]) == (0, True)

    status, out, err = shared.call("run", "--force")
    assert status == 0, err
    summary = shared.summary(out)
    assert summary["reused"] is False
    assert summary["rows_in"] == len(FLIGHTS) == summary["rows_out"] + sum(summary["quarantined"].values())
    assert _content(shared) == before
    assert _left_over(shared) == []


def test_the_same_is_published_in_s3_by_a_pod_with_an_identity_and_no_secret_is_told(
    shared: Site, servers: Callable[[str], ObjectStore], tmp_path: Path
) -> None:
    put_jars()
    # moto's server: the gateway takes no credentials that are a role's.
    with identity_agent(servers("moto"), tmp_path) as (environ, asked):
        on_s3 = Place("s3://lake/command", servers("moto").environ)
        with pytest.MonkeyPatch.context() as patch:
            on_s3.enter(patch)
            for path in shared.raw.rglob("*.csv"):
                store_of(on_s3.root).write(f"{on_s3.root}/raw/{path.relative_to(shared.raw)}", path.read_bytes())
        areas = {name: f"{on_s3.root}/{name}" for name in ("raw", "features", "quarantine", "predictions")}
        site = Site(tmp_path, contract_in(tmp_path / "data").model_copy(update={"lake": Lake(**areas)}))
        (tmp_path / "contract.json").write_text(site.contract.model_dump_json())
        status, out, err = site.call("run", **environ)
        assert status == 0, err
        assert servers("moto").secret_key not in out + err
    summary = site.summary(out)
    version = _version(shared)
    assert summary["dataset"] == f"{on_s3.features}/{version.name}"
    assert len(asked) >= 2, "Hadoop's client and boto3 ask the agent each for itself"
    assert set(asked) == {TOKEN}
    with pytest.MonkeyPatch.context() as patch:
        on_s3.enter(patch)
        found = {name: store_of(on_s3.root).read(f"{on_s3.root}/{name}") for name in on_s3.files()}
    folders = Path(shared.contract.lake.features).parent
    wanted = {str(path.relative_to(folders)): content for path, content in _content(shared).items()}
    assert _named_content(found) == wanted


def _named_content(files: dict[str, bytes]) -> dict[str, object]:
    """As `_content`, of files in memory, but for the pointer."""
    content: dict[str, object] = {}
    for name, data in files.items():
        if name.endswith(".parquet"):
            content[name] = pyarrow.parquet.ParquetFile(io.BytesIO(data)).read()
        elif name.endswith("manifest.json"):
            content[name] = re.sub(r'"sha256": "[0-9a-f]{64}"', "", data.decode())
    return content


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_run_that_is_ended_half_way_publishes_nothing_and_the_one_before_stays(
    shared: Site, signum: signal.Signals
) -> None:
    before, left = _bytes(shared), _left_over(shared)
    with shared.start("run", "--force") as process:
        _wait_until_staged(shared, process, left)
        process.send_signal(signum)
        _, err = process.communicate()

    assert process.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143}.get(signum, process.returncode) != 0
    assert "Traceback" not in err
    assert _bytes(shared) == before
    deadline = time.monotonic() + 300
    while _in_session(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _in_session(process) == [], "the JVM ends with the command"
    if signum is not signal.SIGKILL:
        assert set(_left_over(shared)) <= set(left)


def test_a_file_that_was_damaged_is_made_again_and_a_dead_run_is_cleaned_up_after(shared: Site) -> None:
    before = _content(shared)
    damaged = next(_version(shared).glob("data/*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    left = shared.dataset / ".staging-0123"
    left.mkdir()

    status, out, err = shared.call("run")

    assert status == 0, err
    assert shared.summary(out)["reused"] is False
    assert _content(shared) == before
    assert _left_over(shared) == []


def test_changed_columns_are_one_message_and_nothing_is_started(site: Site) -> None:
    folder = raw_files(FLIGHTS[:5]).write(site.raw)
    text = (folder / "flights.csv").read_text()
    (folder / "flights.csv").write_text(text.replace("carrier", "airline", 1))

    status, out, err = site.call("run", JAVA_HOME="/nowhere")

    assert (status, out) == (2, "")
    assert "flights.csv: missing: 'carrier'; surplus: 'airline'" in err
    assert "Traceback" not in err
    assert not site.dataset.exists()


def test_a_place_that_cannot_be_written_to_is_named(site: Site) -> None:
    raw_files(FLIGHTS[:5]).write(site.raw)
    site.dataset.parent.parent.mkdir(parents=True, exist_ok=True)
    site.dataset.parent.write_text("a file where a folder should be")

    status, _, err = site.call("run")

    assert status == 2
    assert str(site.dataset.parent) in err
    assert "nothing was published" in err
    assert "Traceback" not in err


def test_help_imports_no_spark(site: Site) -> None:
    for words in ([], ["run"], ["properties"]):
        command = [sys.executable, "-X", "importtime", COMMAND, *words, "--help"]
        done = subprocess.run(command, env=site.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert "Usage: spark-preprocess" in done.stdout
        assert "pyspark" not in done.stderr


def test_the_properties_can_be_shown(site: Site) -> None:
    status, out, _ = site.call("properties", "--json")
    assert status == 0
    assert json.loads(out)["spark.driver.bindAddress"] == "127.0.0.1"
    status, out, _ = site.call("properties")
    assert ["spark.driver.memory", "1024m"] in [line.split() for line in out.splitlines()]
