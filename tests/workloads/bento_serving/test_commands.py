"""The command ``flight-serving``: builds once, refuses with a sentence, and leaves no process behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from bento_serving.stores import Store
from serving_site import (
    COMMAND,
    Server,
    Site,
    as_flights,
    elsewhere,
    held_out,
    last_json,
    make_site,
    put_model,
    running,
    start,
    train,
)


def test_the_help_names_every_command_and_imports_nothing_heavy() -> None:
    heavy = "{'bentoml', 'xgboost', 'pyarrow', 'numpy', 'scipy'}"
    code = f"import sys, bento_serving.cli, bento_serving.stores; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    told = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert "build" in told
    assert "serve" in told


def test_a_build_is_reused_until_the_model_changes(tmp_path: Path) -> None:
    site = make_site(tmp_path, rows=1200)
    site.publish(train(site, "7", trees=3))
    first, again = site.run("build"), site.run("build")
    told, told_again = last_json(first.stdout), last_json(again.stdout)
    assert told["step"] == "build"
    assert told["model_version"] == told_again["model_version"] == "7"
    assert told["bento"].startswith("flight_delay_model:7-")
    assert (told["reused"], told_again["reused"]) == (False, True)
    assert told_again["bento"] == told["bento"]
    site.publish(train(site, "8", trees=4))
    changed = last_json(site.run("build").stdout)
    assert changed["reused"] is False
    assert changed["bento"].startswith("flight_delay_model:8-")
    assert Store.of(site.contract).current().model_version == "8"
    older = tmp_path / "older.ubj"
    put_model(older, train(site, "7", trees=3))
    back = last_json(site.run("build", "--model-file", str(older)).stdout)
    assert (back["reused"], back["bento"]) == (True, told["bento"])
    assert Store.of(site.contract).current().model_version == "7"


def test_a_build_that_was_killed_is_done_again(built: Site, tmp_path: Path) -> None:
    site = make_site(tmp_path, rows=1200)
    site.publish(built.model_file.read_bytes())
    bento = Store.of(site.contract).bento(last_json(built.run("build").stdout)["bento"])
    bento.mkdir(parents=True)
    (bento / "bento.yaml").write_text("half of i")
    done = site.run("build")
    assert done.returncode == 0, done.stderr
    assert "name: flight_delay_model" in (bento / "bento.yaml").read_text()


def test_a_bento_holds_its_model_its_source_and_the_locked_packages(built: Site) -> None:
    store = Store.of(built.contract)
    receipt = store.current()
    bento = store.bento(receipt.bentos["model-api"])
    embedded = list(bento.glob("models/flight_delay/*/flight_delay.ubj"))
    assert [path.read_bytes() for path in embedded] == [built.model_file.read_bytes()]
    for tag in receipt.bentos.values():
        folder = store.bento(tag)
        assert (folder / "src" / "bento_serving" / "front" / "gate.py").exists()
        assert (folder / "src" / "platform_contract" / "document.py").exists()
        wanted = (folder / "env" / "python" / "requirements.txt").read_text()
        assert wanted == (folder / "src" / "requirements.lock").read_text()
        assert "bentoml==1.4.39" in wanted
        assert "--hash=sha256:" in wanted


def test_a_model_that_is_not_fit_is_not_built(tmp_path: Path) -> None:
    site = make_site(tmp_path, rows=200)
    nothing = site.run("build")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "cannot be read: No such file or directory. Train and publish a model first." in nothing.stderr
    site.publish(b"{")
    bad = site.run("build")
    assert bad.returncode == 2
    assert "is refused: it is no XGBoost model in UBJSON" in bad.stderr
    assert "Traceback" not in nothing.stderr + bad.stderr


def test_the_model_api_is_not_served_before_it_is_built(tmp_path: Path) -> None:
    done = make_site(tmp_path, rows=200).run("serve", "model-api")
    assert done.returncode == 2
    assert "run 'flight-serving build' first" in done.stderr


@pytest.mark.parametrize("service", ["flight-api-shared", "flight-api-embedded", "model-api"])
def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, service: str) -> None:
    site = make_site(tmp_path, rows=200)
    addresses = site.contract.serving.model_dump()
    port = int(addresses[service.replace("-", "_")].rpartition(":")[2])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = site.run("serve", service)
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: Port {port} of 127.0.0.1 is taken: stop what uses it, or name another address in the contract"
        " ('serving').\n"
    )


def test_a_service_is_one_process_which_ctrl_c_stops(built: Site, tmp_path: Path) -> None:
    with running(elsewhere(built, tmp_path), "flight-api-shared") as (server,):
        family = server.family()
        assert len(family) == 1
        assert server.stop(signal.SIGINT) == 0
        assert psutil.wait_procs(family, timeout=120)[1] == []
        assert "Traceback" not in server.log.read_text()


def test_pattern_a_says_when_the_model_api_is_down_and_follows_it_to_a_new_model(built: Site, tmp_path: Path) -> None:
    site = elsewhere(built, tmp_path)
    body = {"flights": as_flights(held_out(site).slice(0, 5))}
    wrapper = start(site, "flight-api-embedded")
    try:
        wrapper.await_status("/livez", 200)
        with wrapper.client() as client:
            assert client.get("/readyz").status_code == 503
            assert client.post("/predict", json=body).status_code == 503
            with running(site, "model-api"):
                wrapper.await_ready()
                assert versions(client.post("/predict", json=body)) == {"1"}
            wrapper.await_status("/readyz", 503)
            answer = client.post("/predict", json=body)
            assert answer.status_code == 503
            address = site.contract.serving.model_api
            assert answer.json()["error"].startswith(f"The model API at {address} does not answer")
            newer = with_another_store(site, tmp_path / "newer")
            newer.publish(train(site, "2", trees=5))
            assert newer.run("build").returncode == 0
            with running(newer, "model-api"):
                wrapper.await_ready()
                assert versions(client.post("/predict", json=body)) == {"2"}
    finally:
        wrapper.stop()


def versions(response: httpx.Response) -> set[str]:
    assert response.status_code == httpx.codes.OK, response.text
    return {flight["model_version"] for flight in response.json()}


def with_another_store(site: Site, folder: Path) -> Site:
    """The same data and addresses, other shared files."""
    folder.mkdir()
    shared = site.contract.shared_files.model_copy(update={"models": folder / "models"})
    contract = site.contract.model_copy(update={"shared_files": shared})
    (folder / "contract.json").write_text(contract.model_dump_json())
    return Site(folder, contract, site.manifest)


def test_a_bento_also_runs_under_bentos_own_server(built: Site, tmp_path: Path) -> None:
    site = elsewhere(built, tmp_path)
    bento = Store.of(built.contract).bento(Store.of(built.contract).current().bentos["model-api"])
    address = site.contract.serving.model_api
    log = tmp_path / "bentoml.log"
    words = [sys.executable, "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1"]
    environ = {**site.environ, "BENTOML_HOME": str(tmp_path / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*words, "--port", address.rpartition(":")[2]],
            env=environ,
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(process, address, log)
    try:
        server.await_ready()
        with server.client() as client:
            assert len(client.post("/predict", json={"rows": [[None] * 9]}).raise_for_status().json()) == 1
            assert client.get("/docs.json").json()["info"]["version"] == "1"
            assert 'endpoint="/predict",http_response_code="200"' in client.get("/metrics").text
    finally:
        server.stop()
