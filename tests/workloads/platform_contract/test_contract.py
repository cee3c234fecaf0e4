"""The contract: what it accepts, what it refuses, and how it tells a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import (
    ContractError,
    PlatformContract,
    VersionError,
    load_contract,
    local_contract,
    read_contract,
    read_document,
)
from platform_contract.cli import main
from platform_contract.loading import PORTS_USED
from platform_contract.schema import json_schema

CLIENT_SPARK = {
    "mode": "client",
    "master": "k8s://https://kubernetes.default.svc",
    "namespace": "spark",
    "service_account": "spark-driver",
    "executor_image": "registry.example/spark@sha256:" + "0" * 64,
    "profile": {
        "name": "medium",
        "node": {
            "name": "r6id.xlarge",
            "allocatable_cpu_millicores": 3920,
            "allocatable_memory_mib": 30000,
            "local_disk_gib": 200,
        },
        "cores": 3,
        "heap_mib": 16000,
        "overhead_mib": 6400,
        "local_dir": {"kind": "emptyDir", "size_gib": 100},
    },
}


def document(**changes: Any) -> dict[str, Any]:
    """A valid contract as a person would write it, with some keys replaced."""
    base: dict[str, Any] = json.loads(local_contract(Path("/data")).model_dump_json())
    return {**base, **changes}


def written(folder: Path, content: object) -> Path:
    path = folder / "contract.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_embedded_default_keeps_everything_under_one_ignored_folder_of_the_repository() -> None:
    contract = load_contract({})
    text = contract.model_dump_json()
    root = Path(contract.lake.raw).parents[2]
    assert root.name == ".local"
    assert (root.parent / ".gitignore").read_text().splitlines()[0] == ".local/"
    paths = [part for part in text.split('"') if "/" in part and not part.startswith(("http", "sqlite"))]
    assert paths
    assert all(path.startswith(f"{root}/data") for path in paths)
    assert contract.mlflow.tracking_uri.startswith(f"sqlite:///{root}/data/")


def test_every_server_of_the_embedded_default_is_on_loopback_with_a_port_of_its_own() -> None:
    contract = local_contract(Path("/data"), port_base=4000)
    serving = contract.serving
    addresses = [serving.model_api, serving.flight_api_embedded, serving.flight_api_shared, contract.mlflow_ui]
    assert addresses == [f"http://127.0.0.1:{port}" for port in range(4000, 4000 + PORTS_USED)]


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    folder = tmp_path / "ml of 100 % @home?"
    contract = local_contract(folder)
    assert read_contract(written(tmp_path, json.loads(contract.model_dump_json()))) == contract
    assert unquote(contract.mlflow.tracking_uri) == f"sqlite:///{folder}/mlflow/mlflow.db"
    assert contract.ray.storage == f"{folder}/ray"


def test_the_file_that_the_variable_names_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, document(environment="staging", spark=CLIENT_SPARK))
    contract = load_contract({"PLATFORM_CONTRACT": str(path)})
    assert contract.environment == "staging"
    assert contract.spark.mode == "client"


@given(port=st.integers(1024, 65000), folder=st.from_regex(r"/[a-z][a-z0-9/]{0,20}[a-z]", fullmatch=True))
def test_a_contract_survives_the_round_trip_through_its_file(port: int, folder: str) -> None:
    contract = local_contract(Path(folder), port)
    assert PlatformContract.model_validate_json(contract.model_dump_json()) == contract


@given(key=st.sampled_from(sorted(document())), junk=st.text(min_size=1, max_size=8))
def test_an_unknown_key_is_refused_and_named_wherever_it_stands(key: str, junk: str) -> None:
    value = document()[key]
    broken = document()
    if isinstance(value, dict):
        broken[key] = {**value, f"x{junk}": 1}
    else:
        broken[f"x{junk}"] = 1
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        PlatformContract.model_validate(broken)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"environment": "qa"}, r"environment: Input should be 'local', 'dev', 'staging' or 'prod' \(given: 'qa'\)"),
        ({"contract_version": "2.0"}, r"it is of version 2\.0, and this reader knows 1\.0: update"),
        ({"lake": {**document()["lake"], "raw": "data/raw"}}, r"lake.raw: a location is an absolute path .* or an S3"),
        ({"lake": {**document()["lake"], "raw": "s3:///x"}}, r"lake.raw: an S3 location needs a bucket"),
        ({"lake": {**document()["lake"], "raw": "/x/"}}, r"lake.raw: a location has no '/' at its end"),
        ({"shared_files": {"models": "m", "notebooks": "/n"}}, r"shared_files.models: shared files are mounted"),
        (
            {"mlflow": {**document()["mlflow"], "tracking_uri": "postgresql://user:secret@db/mlflow"}},
            r"mlflow.tracking_uri: String should match pattern",
        ),
        ({"ray": {**document()["ray"], "workers": 0}}, r"ray.workers: Input should be greater than 0"),
        ({"ray": {**document()["ray"], "address": "http://x"}}, r"ray.address: String should match pattern"),
        ({"spark": {"mode": "yarn"}}, r"spark: Input tag 'yarn' found using 'mode' does not match"),
        (
            {"spark": {**CLIENT_SPARK, "executor_image": "spark:latest"}},
            r"spark.client.executor_image: String should match pattern",
        ),
        (
            {"serving": dict.fromkeys(document()["serving"], "http://127.0.0.1:3001")},
            r"serving: each service needs an address of its own",
        ),
        (
            {"kafka": {"bootstrap_servers": ["b-1:9098"], "security_protocol": "SASL_SSL"}},
            r"kafka: sasl_mechanism goes with security_protocol SASL_SSL",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_what_is_right(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read_contract(written(tmp_path, document(**changes)))


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    broken = document(environment="qa", ray={**document()["ray"], "workers": -1})
    del broken["lake"]
    with pytest.raises(ContractError) as caught:
        read_contract(written(tmp_path, broken))
    for key in ("environment:", "ray.workers:", "lake:"):
        assert key in str(caught.value)


def test_a_contract_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValueError, match="Instance is frozen"):
        load_contract({}).environment = "prod"


def test_a_file_that_is_missing_or_no_json_ends_in_one_message_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none.json")]) == 2
    assert "Cannot read the contract" in capsys.readouterr().err
    assert main(["check", str(written(tmp_path, "{not json"))]) == 2
    assert "is no JSON" in capsys.readouterr().err
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert main(["check", str(tmp_path / "binary")]) == 2
    assert "it is not UTF-8 text" in capsys.readouterr().err


def test_outside_a_clone_a_contract_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platform_contract.loading.__file__", str(tmp_path / "site" / "loading.py"))
    with pytest.raises(ContractError, match="set PLATFORM_CONTRACT to a contract file"):
        load_contract({})


def test_the_command_shows_checks_and_makes_contracts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "--folder", str(tmp_path), "--port-base", "4100"]) == 0
    path = written(tmp_path, capsys.readouterr().out)
    assert read_contract(path) == local_contract(tmp_path, 4100)
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: a valid contract\n"
    assert main(["local", "--port-base", "80"]) == 2
    assert "choose 1024 to" in capsys.readouterr().err


def test_the_published_schema_accepts_what_the_model_accepts_and_refuses_an_unknown_key() -> None:
    schema = json.loads(json_schema("platform-contract"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document(spark=CLIENT_SPARK), schema)
    with pytest.raises(jsonschema.ValidationError, match="Additional properties are not allowed"):
        jsonschema.validate(document(surprise=1), schema)


def test_no_key_of_the_contract_can_hold_a_password() -> None:
    names = set(json.loads(json_schema("platform-contract"))["$defs"]["Database"]["properties"])
    assert names == {"host", "port", "tls", "secret", "databases"}
    assert "ARN or name" in json_schema("platform-contract")


@given(
    place=st.sampled_from(["", "lake", "mlflow", "ray", "serving"]),
    key=st.text(min_size=1, max_size=8).map(lambda text: f"x{text}"),
    minor=st.integers(1, 99),
)
def test_a_key_of_a_newer_minor_version_is_left_out(place: str, key: str, minor: int) -> None:
    newer = document(contract_version=f"1.{minor}")
    if place:
        newer[place] = {**newer[place], key: {"a": 1}}
    else:
        newer[key] = 1
    assert read_document(newer) == read_document(document())


def test_what_is_left_out_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    newer = document(contract_version="1.1", spark={**CLIENT_SPARK, "zone": "a"}, cache="x")
    assert read_document(newer).spark == read_document(document(spark=CLIENT_SPARK)).spark
    assert "this reader knows 1.0: it leaves out cache, spark.zone" in caplog.text


def test_a_newer_version_may_add_keys_and_nothing_else() -> None:
    with pytest.raises(ValueError, match=r"ray\.workers|Input should be greater than 0"):
        read_document(document(contract_version="1.1", ray={**document()["ray"], "workers": 0}, cache="x"))


def test_a_document_without_a_version_is_no_contract() -> None:
    unversioned = {key: value for key, value in document().items() if key != "contract_version"}
    wrong: list[object] = [unversioned, [], "x", document(contract_version=1.0), document(contract_version="2.0")]
    for one in wrong:
        with pytest.raises(VersionError, match=r"this reader knows 1\.0"):
            read_document(one)
