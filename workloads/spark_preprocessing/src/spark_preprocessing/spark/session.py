"""A Spark session that ends with its block, whatever happens in it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import pyspark
from platform_contract import PlatformContract, SparkLocal
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.spark.java import require_java
from spark_preprocessing.spark.properties import LOOPBACK, spark_properties
from spark_preprocessing.spark.s3_properties import require_jars
from spark_preprocessing.spark.scratch import scratch_folder

BUFFERS: Final = "spark.hadoop.fs.s3a.buffer.dir"
JAVA_OPTIONS: Final = "spark.driver.extraJavaOptions"
NO_PERF_DATA: Final = "-XX:-UsePerfData"
"""Without the file in /tmp/hsperfdata_USER, wherever temporary files are, by which tools of Java find it."""
STOP_SECONDS: Final = 30
"""How long the JVM may take to end by itself before it is killed."""


@contextmanager
def spark_session(contract: PlatformContract, app_name: str) -> Iterator[SparkSession]:
    """The one Spark session of this process, in the contract's mode; at the end its JVM is gone as well.

    Raises:
        PreprocessingError: there is no usable Java, a session is running already, or Spark failed in the block.
    """
    require_java()
    require_jars(contract)
    _quiet_py4j()
    if SparkContext._active_spark_context is not None:  # noqa: SLF001 - Spark has no other way to ask
        raise PreprocessingError("A Spark session is running in this process already: stop it first.")
    local = isinstance(contract.spark, SparkLocal)
    properties: dict[str, bool | float | int | str | None] = dict(spark_properties(contract, app_name))
    with ExitStack() as folders, _environment(_launch_variables(local=local)):
        if isinstance(contract.spark, SparkLocal):
            own = folders.enter_context(scratch_folder(contract.spark.local_dir))
            properties["spark.local.dir"] = str(own)
            if BUFFERS in properties:
                properties[BUFFERS] = str(own / "s3a")
            # Java itself, and what it unpacks and loads, would leave files in /tmp when it is killed.
            properties[JAVA_OPTIONS] = f'{properties[JAVA_OPTIONS]} {NO_PERF_DATA} -Djava.io.tmpdir="{own}"'
        try:
            with _ctrl_c_kept():
                session = SparkSession.builder.config(map=properties).getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
            yield session
        except (Py4JError, PySparkException) as error:
            raise PreprocessingError(_explain(error)) from error
        finally:
            _stop()


@contextmanager
def _ctrl_c_kept() -> Iterator[None]:
    """Takes back PySpark's handler of Ctrl-C: it calls the JVM over a connection that is in use, and fails on screen.

    Without it Ctrl-C ends the session's block, and the session, and all that runs in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers are the main thread's
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _quiet_py4j() -> None:
    """Keeps Py4J's traces of a lost connection off the screen: Ctrl-C would show them, and what matters is raised."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_says_more_than_py4j)


def _says_more_than_py4j(record: logging.LogRecord) -> bool:
    """Whether a record is not one of those that Py4J writes to the root logger instead of its own."""
    return not str(record.msg).endswith("while sending command.")


def _launch_variables(*, local: bool) -> dict[str, str | None]:
    """What the JVM is started with: the Spark that is installed beside this package, and nobody's leftover settings."""
    variables: dict[str, str | None] = {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_CONF_DIR": None,
        "PYSPARK_SUBMIT_ARGS": None,
        "SPARK_LOCAL_DIRS": None,
    }
    # A Java of its own reads the options of the one that is started.
    return {**variables, "SPARK_LOCAL_IP": LOOPBACK, "SPARK_LAUNCHER_OPTS": NO_PERF_DATA} if local else variables


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Variables of this process for the time of the block; None leaves one out."""
    before = {name: os.environ.get(name) for name in variables}
    _set_variables(variables)
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _stop() -> None:
    """Stops the session and the JVM. PySpark leaves the JVM running until Python ends."""
    context, gateway = SparkContext._active_spark_context, SparkContext._gateway  # noqa: SLF001 - no public way
    with suppress(Exception):  # the JVM may be dead, which is what is wanted
        active = SparkSession.getActiveSession()
        if active is not None:
            active.stop()
        elif context is not None:
            context.stop()
    if gateway is None:
        return
    with suppress(Exception):
        gateway.shutdown()
    process: subprocess.Popen[bytes] = gateway.proc
    if process.stdin is not None:
        process.stdin.close()  # the JVM ends when it can no longer read from us
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None  # noqa: SLF001 - as above
    SparkSession._instantiatedSession = None  # noqa: SLF001 - as above


def _explain(error: Exception) -> str:
    """What stopped Spark, in a sentence: the cause at the bottom, without the JVM's traces."""
    if isinstance(error, Py4JJavaError):
        cause = error.java_exception
        while (deeper := cause.getCause()) is not None:
            cause = deeper
        told = str(cause.toString())
    elif isinstance(error, PySparkException):
        told = str(error)
    else:
        return (
            "Spark's JVM has gone, most often for want of memory: give it more (spark.driver_memory_mib) and run again."
        )
    told = told.strip().splitlines()[0]
    if "No space left on device" in told:
        return f"A disk is full ({told}): make room where spark.local_dir and the lake are, and run again."
    return f"Spark could not go on: {told}"
