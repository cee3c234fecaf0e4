"""The Spark properties that a contract renders to. Plain text to plain text: no Spark is needed to see them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from platform_contract import PlatformContract, SparkClient, SparkLocal

from spark_preprocessing.spark.profile_properties import profile_properties
from spark_preprocessing.spark.s3_properties import s3_properties

LOOPBACK: Final = "127.0.0.1"

LEAST_SHUFFLE_PARTITIONS: Final = 64
"""Adaptive execution merges those that are small, to parts of a MiB and more. It never divides them further: where
there is much data, each must fit a core's share of the heap."""

SHUFFLE_PARTITIONS_PER_CORE: Final = 3
"""Two to three tasks per core (source: Spark's documentation, "Tuning Spark", level of parallelism)."""

SERVICE_ACCOUNT_FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Kubernetes mounts it into every pod."""


def spark_properties(contract: PlatformContract, app_name: str) -> dict[str, str]:
    """All properties with which a session of this contract starts, by name."""
    spark = contract.spark
    mode = _local(spark) if isinstance(spark, SparkLocal) else _client(spark)
    return {
        **_common(app_name, spark.driver_memory_mib, shuffle_partitions(spark)),
        **mode,
        **s3_properties(contract),
    }


def shuffle_partitions(spark: SparkLocal | SparkClient) -> int:
    """Into how many parts a shuffle is first divided: enough for all cores that there can ever be."""
    if isinstance(spark, SparkLocal):
        cores = (os.cpu_count() or 1) if spark.threads == "*" else spark.threads
    else:
        cores = spark.profile.cores * (spark.profile.max_instances or spark.profile.instances)
    return max(LEAST_SHUFFLE_PARTITIONS, SHUFFLE_PARTITIONS_PER_CORE * cores)


def _common(app_name: str, driver_memory_mib: int, partitions: int) -> dict[str, str]:
    return {
        "spark.app.name": app_name,
        "spark.driver.memory": f"{driver_memory_mib}m",
        "spark.ui.showConsoleProgress": "false",
        # The driver, its block manager and executors speak with nobody who does not know the secret that each session
        # makes for itself: what they are sent are Java objects, and whoever may send some runs code.
        "spark.authenticate": "true",
        "spark.network.crypto.enabled": "true",
        # Moments are UTC wherever the machine stands; local clocks are asked for by name.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.shuffle.partitions": str(partitions),
        # A folder holds Parquet files and nothing else.
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    }


def _local(spark: SparkLocal) -> dict[str, str]:
    return {
        "spark.master": f"local[{spark.threads}]",
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.ui.enabled": "false",
        # The collector that spends least, for a JVM that lives a minute and whose pauses nobody waits for.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        "spark.local.dir": str(spark.local_dir),
        "spark.sql.warehouse.dir": str(spark.local_dir / "warehouse"),
    }


def _client(spark: SparkClient) -> dict[str, str]:
    properties = {
        "spark.master": spark.master,
        # The address that executors dial. The bind address is left to follow it: bound to 0.0.0.0, Spark tells its
        # executors to dial that.
        "spark.driver.host": _own_address(spark.master),
        "spark.ui.enabled": "false",
        "spark.kubernetes.namespace": spark.namespace,
        "spark.kubernetes.container.image": spark.executor_image,
        "spark.kubernetes.authenticate.executor.serviceAccountName": spark.service_account,
        **profile_properties(spark.profile),
    }
    if spark.executor_pod_template is not None:
        properties["spark.kubernetes.executor.podTemplateFile"] = str(spark.executor_pod_template)
    if SERVICE_ACCOUNT_FOLDER.is_dir():
        # Executors belong to the driver's pod, so that Kubernetes removes them (and their claims) when it goes.
        properties["spark.kubernetes.driver.pod.name"] = socket.gethostname()
    return properties


def _own_address(master: str) -> str:
    """This machine's or pod's address, as those see it that the master's address leads to."""
    target = urlsplit(master.removeprefix("k8s://"))
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((target.hostname or LOOPBACK, port))  # chooses a route; sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return LOOPBACK
