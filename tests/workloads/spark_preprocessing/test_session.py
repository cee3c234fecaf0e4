"""A session ends with its block, and its JVM with it; what cannot start is told in a sentence."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.spark.java import require_java
from spark_site import Site

BLOCK = """
import os
from platform_contract import load_contract
from pyspark import SparkContext
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.spark.session import spark_session

jvms = []
for body in ("raise KeyError('by the caller')", "spark.sql('select 1 / 0').collect()",
             "spark_session(load_contract(), 'b').__enter__()"):
    try:
        with spark_session(load_contract(), "a") as spark:
            jvms.append(SparkContext._gateway.proc.pid)
            assert spark.range(10).count() == 10
            exec(body)
    except (KeyError, PreprocessingError) as error:
        print(type(error).__name__, str(error).splitlines()[0])
    alive = [pid for pid in jvms if os.path.exists(f"/proc/{pid}")]
    print("alive:", alive, "variables:", os.environ.get("SPARK_LOCAL_IP"), os.environ.get("SPARK_CONF_DIR"))
"""


def test_a_session_and_its_jvm_end_with_the_block_however_it_ends(site: Site) -> None:
    environ = {**site.environ, "SPARK_CONF_DIR": "/nowhere", "PYSPARK_SUBMIT_ARGS": "nonsense"}
    environ.pop("SPARK_LOCAL_IP", None)  # set while this process has a session of its own
    done = subprocess.run([sys.executable, "-c", BLOCK], env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line]
    assert [line for line in lines if line.startswith("alive")] == ["alive: [] variables: None /nowhere"] * 3
    told = [line for line in lines if not line.startswith("alive")]
    assert told[0] == "KeyError 'by the caller'"
    assert told[1].startswith("PreprocessingError Spark could not go on: [DIVIDE_BY_ZERO]")
    assert told[2] == ("PreprocessingError A Spark session is running in this process already: stop it first.")


def test_a_session_has_no_file_in_a_folder_that_a_kill_would_leave_it_in(spark: SparkSession) -> None:
    """HotSpot's own (``hsperfdata_USER/PID``) is in /tmp, whatever java.io.tmpdir says."""
    jvm: Any = spark.sparkContext._jvm
    pid = int(jvm.java.lang.ProcessHandle.current().pid())
    assert Path(f"/proc/{pid}").exists()
    assert list(Path("/tmp").glob(f"hsperfdata_*/{pid}")) == []  # noqa: S108 - where it would be


def test_a_stranger_on_this_machine_is_not_listened_to_by_a_session(spark: SparkSession) -> None:
    """Spark reads Java objects from whoever may speak to it: a user of the machine could run code as the session's."""
    context = spark.sparkContext
    jvm: Any = context._jvm
    none = jvm.scala.Option.empty()
    unknowing = jvm.org.apache.spark.SparkConf(False)
    unknowing.set("spark.rpc.askTimeout", "20s")
    # Scala's name of a constructor's default: which entry names the file of a secret.
    entry = getattr(jvm.org.apache.spark.SecurityManager, "$lessinit$greater$default$3")()
    manager = jvm.org.apache.spark.SecurityManager(unknowing, none, entry)
    stranger = jvm.org.apache.spark.rpc.RpcEnv.create("stranger", "127.0.0.1", 0, unknowing, manager, True)
    port = int(context.getConf().get("spark.driver.port", ""))
    try:
        with pytest.raises(Py4JJavaError, match="Expected SaslMessage"):
            stranger.setupEndpointRef(jvm.org.apache.spark.rpc.RpcAddress("127.0.0.1", port), "HeartbeatReceiver")
    finally:
        stranger.shutdown()


def test_py4j_does_not_log_the_trace_of_a_connection_that_ctrl_c_has_cut(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends the connection of an interrupted call in words to the JVM, which gets the Ctrl-C too and may be gone."""
    gateway: Any = spark.sparkContext._gateway
    with ThreadPoolExecutor(1) as other_thread:  # a connection is its thread's
        connection = other_thread.submit(gateway._gateway_client._create_new_connection).result()
    connection.socket.shutdown(socket.SHUT_WR)
    connection.shutdown_socket(0, 0)
    logging.getLogger().error("KeyboardInterrupt while sending command.")
    assert caplog.text == ""


def _java(folder: Path, says: str, status: int = 0) -> Path:
    """A JAVA_HOME whose java does nothing but say its version."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {status}\n")
    java.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (
            'openjdk version "11.0.22" 2024-01-16',
            r"Spark needs Java 17 or newer and \S+/java is Java 11: install Java 17",
        ),
        ('java version "1.8.0_401"', r"Spark needs Java 17 or newer and \S+/java is Java 8: install"),
        ("Error: could not find libjava.so", r"Spark needs Java and \S+/java does not run: install Java 17"),
    ],
)
def test_a_java_that_is_too_old_or_broken_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, message: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "jdk", says)))
    with pytest.raises(PreprocessingError, match=message):
        require_java()


def test_a_java_that_is_newer_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "jdk", 'openjdk version "25" 2025-09-16')))
    assert require_java() == 25


def test_without_java_the_command_says_what_to_install(site: Site, tmp_path: Path) -> None:
    from raw_flights import raw_files, some_flights

    raw_files(some_flights()[:5]).write(site.raw)
    status, _, err = site.call("run", PATH=str(tmp_path), JAVA_HOME="")

    assert status == 2
    assert err.startswith("Error: Spark needs Java and none is on the PATH: install Java 17")
    assert "Traceback" not in err
    assert not list(site.dataset.glob("v-*"))


def test_java_home_is_looked_into_first(site: Site, tmp_path: Path) -> None:
    from raw_flights import raw_files, some_flights

    raw_files(some_flights()[:5]).write(site.raw)
    status, _, err = site.call("run", JAVA_HOME=str(tmp_path), PATH=os.environ["PATH"])

    assert status == 2
    assert f"none is in JAVA_HOME ({tmp_path})" in err
