"""The main job on the real flights, as ``make run`` does it: every engine is the real one."""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pyarrow.parquet as pq
import pytest
from listening import heard
from pipeline_site import HEARD, Site
from platform_contract import read_contract

from tools import listeners

FLIGHTS = 336_776


def addresses(site: Site) -> dict[str, str]:
    contract = read_contract(site.contract)
    return {**contract.serving.model_dump(), "mlflow_ui": str(contract.mlflow_ui)}


def test_every_flight_is_trained_on_tested_on_or_quarantined_with_a_reason(site: Site) -> None:
    summary = site.summary()
    assert summary["rows_in"] == FLIGHTS
    assert summary["rows_in"] == summary["rows_out"] + sum(summary["quarantined"].values())
    assert summary["rows_out"] == 327_346  # those with a recorded arrival
    assert 0 < summary["metrics"]["rows_heldout"] < summary["metrics"]["rows_train"] < summary["rows_out"]


def test_the_model_is_clearly_better_than_the_base_rate_and_than_a_logistic_regression(site: Site) -> None:
    metrics = site.summary()["metrics"]
    # Row order and seed alone move the AUC by about 0.009.
    assert metrics["auc"] > metrics["logistic_auc"] + 0.01
    assert metrics["auc"] > 0.7
    assert metrics["log_loss"] < metrics["logistic_log_loss"] - 0.005
    assert metrics["log_loss"] < metrics["base_log_loss"] - 0.03


def test_both_patterns_answer_as_the_batch_predictions_do_for_a_thousand_flights(site: Site) -> None:
    summary = site.summary()
    assert summary["flights_asked"] >= 1000
    assert summary["largest_difference"] <= 1e-6
    table = pq.read_table(summary["predictions"])
    assert set(table["month"].unique().to_pylist()) == {201311, 201312}


def test_the_run_prints_what_a_person_wants_to_know(site: Site) -> None:
    told = (site.folder / "first-run.txt").read_text()
    for words in ("[7/7]", "336,776 in = 327,346 out", "logistic regression", "peak memory", "really", "KEEP=1"):
        assert words in told, words
    for noise in ("WARN", "log4j", "incubator", "native-hadoop"):  # Java's and Spark's own: in the step's log
        assert noise not in told, noise
    assert "log4j" in (site.records / "logs" / "spark-preprocess-run.log").read_text()
    plots = [Path(plot) for plot in site.summary()["plots"]]
    assert len(plots) >= 3
    assert all(plot.read_bytes().startswith(b"\x89PNG") for plot in plots)


def test_a_run_leaves_no_process_and_writes_nothing_into_the_home_folder(site: Site) -> None:
    assert site.processes() == []
    assert list(site.home.iterdir()) == []
    # Its name has a space and an @: nobody makes a folder of a name that is percent-encoded.
    # (pytest itself makes a link to the newest.)
    beside = [path for path in site.folder.parent.iterdir() if "site" in path.name and not path.is_symlink()]
    assert beside == [site.folder]


def test_whatever_listens_while_a_run_is_at_work_stands_in_the_table_of_listeners(site: Site) -> None:
    sockets = [(command, address, port) for command, address, port in json.loads((site.folder / HEARD).read_text())]
    assert listeners.unknown(sockets, listeners.rows_of(listeners.RUN)) == []
    assert listeners.silent(sockets, listeners.rows_of(listeners.RUN)) == []


def test_a_second_run_reuses_all_that_has_not_changed(site: Site) -> None:
    before = site.summary()
    status, told = site.call("run")
    assert status == 0, told
    after = site.summary()
    assert after["reused_steps"] == 5
    assert {key: after[key] for key in ("run_id", "model_version", "fingerprint", "bento")} == {
        key: before[key] for key in ("run_id", "model_version", "fingerprint", "bento")
    }


def test_kept_servers_answer_on_loopback_alone_until_they_are_stopped(site: Site) -> None:
    status, told = site.call("run", "--keep")
    assert status == 0, told
    for name, address in addresses(site).items():
        page = httpx.get(f"{address}/", trust_env=False, follow_redirects=True)
        assert page.status_code == 200, name
        assert ("MLflow" if name == "mlflow_ui" else "swagger") in page.text, name
    sockets = heard(process.pid for process in site.processes())
    # No supervisor, controller or job consumer of theirs listens beside them.
    assert {f"http://{one.address}:{one.port}" for one in sockets} == set(addresses(site).values())
    kept = [(one.command, one.address, one.port) for one in sockets]
    assert listeners.unknown(kept, listeners.rows_of(listeners.RUN, listeners.KEPT)) == []
    assert listeners.silent(kept, listeners.rows_of(listeners.KEPT)) == []
    assert [told for process in site.processes() if "mlflow.server.jobs" in (told := " ".join(process.cmdline()))] == []

    status, told = site.call("stop")
    assert status == 0
    assert "flight-api-shared" in told
    assert site.processes() == []
    for address in addresses(site).values():
        with pytest.raises(httpx.ConnectError, match="refused"):
            httpx.get(address, trust_env=False)


def test_a_taken_port_is_told_before_anything_is_started(site: Site) -> None:
    port = urlsplit(addresses(site)["flight_api_shared"]).port
    with socket.socket() as holder:
        # The servers of the test before have closed connections that the kernel still remembers.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port or 0))
        holder.listen()
        status, told = site.call("run")
    assert status == 2
    assert f"Port {port} is taken by" in told
    assert "[1/7]" not in told
    assert "Traceback" not in told


def test_two_runs_at_once_are_refused(site: Site) -> None:
    with site.start("run") as first:
        assert first.stdout is not None
        first.stdout.readline()
        status, told = site.call("run")
        first.send_signal(signal.SIGINT)
        first.communicate()
    assert status == 2
    assert "Another 'make run' is at work" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_stops_everything_that_was_started_and_the_next_run_goes_on(
    fresh_site: Site, number: signal.Signals
) -> None:
    with fresh_site.start("run") as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("[2/7]"):
                break
        wait_for_java(fresh_site)
        running.send_signal(number)
        told, _ = running.communicate()
    assert running.returncode == 128 + number
    assert "Stopped: everything that was started has ended" in told
    assert "Traceback" not in told
    assert fresh_site.processes() == []


def test_what_a_killed_run_has_left_is_stopped_by_the_next(fresh_site: Site) -> None:
    with fresh_site.start("run") as running:
        wait_for_java(fresh_site)
        # A step that can no longer tell anyone how far it is would end by itself.
        for process in fresh_site.processes():
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        running.kill()
    assert fresh_site.processes()
    status, told = fresh_site.call("stop")
    assert status == 0
    assert told == "stopped spark-preprocess-run\n"
    assert fresh_site.processes() == []


def wait_for_java(site: Site) -> None:
    """Until the run has started Spark's Java, two generations below it, and not just asked for Java's version."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        # A process that was listed may have ended since.
        with suppress(psutil.NoSuchProcess):
            if any(process.name() == "java" and "spark" in " ".join(process.cmdline()) for process in site.processes()):
                return
        time.sleep(0.2)
    raise AssertionError("no Java was started")
