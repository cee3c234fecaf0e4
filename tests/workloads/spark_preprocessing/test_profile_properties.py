"""Every property that a contract renders to is one that this Spark has, with a value that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from platform_contract import (
    ClaimVolume,
    Decommissioning,
    EmptyDirVolume,
    ExecutorProfile,
    HostPathVolume,
    NodeShape,
    SparkClient,
    SparkLocal,
)
from py4j.java_gateway import JavaObject
from pyspark.sql import SparkSession
from spark_preprocessing.spark.profile_properties import profile_properties
from spark_preprocessing.spark.properties import shuffle_partitions, spark_properties
from spark_site import contract_in

VOLUMES = "spark.kubernetes.executor.volumes."
NODE = NodeShape(
    name="m6id.2xlarge", allocatable_cpu_millicores=7910, allocatable_memory_mib=29 * 1024, local_disk_gib=400
)
CLIENT = {
    "master": "k8s://https://127.0.0.1:6443",
    "namespace": "spark",
    "service_account": "spark-executor",
    "executor_image": f"registry.example/spark@sha256:{'0' * 64}",
    "executor_pod_template": "/etc/spark/executor.yaml",
}

local_dirs = st.one_of(
    st.builds(EmptyDirVolume, size_gib=st.integers(1, 400)),
    st.builds(HostPathVolume, size_gib=st.integers(1, 400), path=st.just("/mnt/k8s-disks/0/spark")),
    st.builds(ClaimVolume, size_gib=st.integers(1, 16384), storage_class=st.just("gp3"), reuse=st.booleans()),
)


@st.composite
def profiles(draw: st.DrawFn) -> ExecutorProfile:
    """Profiles that fit the node."""
    instances = draw(st.integers(1, 500))
    sizes = [draw(st.integers(450, 20000)), draw(st.integers(384, 8000)), *(draw(st.integers(0, 4000)) for _ in "12")]
    assume(sum(sizes) <= NODE.allocatable_memory_mib)
    return ExecutorProfile(
        name="drawn",
        node=NODE,
        cores=draw(st.integers(1, 7)),
        heap_mib=sizes[0],
        overhead_mib=sizes[1],
        off_heap_mib=sizes[2],
        pyspark_memory_mib=sizes[3],
        local_dir=draw(local_dirs),
        instances=instances,
        max_instances=draw(st.none() | st.integers(instances, 1000)),
        min_registered_resources_ratio=draw(st.floats(0.01, 1)),
        max_registered_resources_waiting_seconds=draw(st.integers(1, 10**6)),
        allocation_batch_size=draw(st.integers(1, 1000)),
        decommissioning=draw(
            st.none()
            | st.builds(
                Decommissioning,
                grace_period_seconds=st.integers(1, 119),
                fallback_storage=st.none() | st.just("s3://lake/shuffle"),
            )
        ),
    )


class Registry:
    """What the JVM's Spark knows of its properties."""

    def __init__(self, spark: SparkSession) -> None:
        assert spark._jvm is not None
        self.jvm: Any = spark._jvm
        # Scala registers an object's entries when the object is first used.
        for name in (
            "org.apache.spark.internal.config.package$",
            "org.apache.spark.internal.config.UI$",
            "org.apache.spark.internal.config.Python$",
            "org.apache.spark.deploy.k8s.Config$",
            "org.apache.spark.sql.internal.SQLConf$",
            "org.apache.spark.sql.internal.StaticSQLConf$",
        ):
            self.jvm.java.lang.Class.forName(name)

    def fault(self, properties: dict[str, str], name: str) -> str | None:
        """What is wrong with one of the properties; none if Spark knows it and takes its value."""
        if name.startswith("spark.hadoop."):
            marker = (
                self.jvm.org.apache.hadoop.mapreduce.lib.output.FileOutputCommitter.SUCCESSFUL_JOB_OUTPUT_DIR_MARKER
            )
            return None if name == f"spark.hadoop.{marker}" else f"{name} is no property of Hadoop's that is used here"
        if name in {"spark.master", "spark.app.name"}:  # not entries, but arguments that every SparkConf must have
            return None
        if name == "spark.local.dir":  # read by a method, and registered nowhere
            found = self.jvm.org.apache.spark.util.Utils.getConfiguredLocalDirs(self.conf(properties))
            return None if list(found) == [properties[name]] else f"{name} is {list(found)} to Spark"
        if name.startswith(VOLUMES):
            return None  # asked for together, by `volumes`
        entry = self.jvm.org.apache.spark.internal.config.ConfigEntry.findEntry(name)
        if entry is None:
            return f"{name} is no property of this Spark"
        try:
            self.conf(properties).get(entry)
        except Exception as error:  # noqa: BLE001 - whatever the JVM throws
            return f"{name}={properties[name]}: {error}"
        return None

    def conf(self, properties: dict[str, str]) -> JavaObject:
        conf = self.jvm.org.apache.spark.SparkConf(False)
        for name, value in properties.items():
            conf.set(name, value)
        return conf

    def executor_pod(self, properties: dict[str, str]) -> JavaObject:
        """What Spark asks Kubernetes for, as its own code sums it up: heap, overhead, off-heap and Python's workers."""
        nothing = self._companion("scala.collection.immutable.Map").empty()
        profile = self._companion("org.apache.spark.resource.ResourceProfile")
        conf = self.conf(properties)
        try:
            asked = profile.reInitDefaultProfile(conf).executorResources()
            return profile.getResourcesForClusterManager(0, asked, 384, 0.1, conf, True, nothing)
        finally:
            profile.clearDefaultProfile()  # the next to ask makes the session's own anew

    def _companion(self, name: str) -> JavaObject:
        return self.jvm.java.lang.Class.forName(f"{name}$").getField("MODULE$").get(None)

    def volumes(self, properties: dict[str, str]) -> list[JavaObject]:
        """The executors' volumes, as Spark's own parser reads them."""
        parse = self.jvm.org.apache.spark.deploy.k8s.KubernetesVolumeUtils.parseVolumesWithPrefix
        found = parse(self.conf(properties), VOLUMES)
        return [found.apply(index) for index in range(found.size())]


@pytest.fixture(scope="module")
def registry(spark: SparkSession) -> Registry:
    return Registry(spark)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much], derandomize=True)
@given(profile=profiles())
def test_every_property_of_every_profile_is_known_to_spark_and_has_a_value_that_it_takes(
    registry: Registry, profile: ExecutorProfile
) -> None:
    properties = profile_properties(profile)

    assert [fault for name in properties if (fault := registry.fault(properties, name))] == []

    (volume,) = registry.volumes(properties)
    assert volume.mountPath() == "/var/data/spark-local-dir-1"
    assert volume.volumeName().startswith("spark-local-dir-"), "by this name it becomes spark.local.dir"
    assert not volume.mountReadOnly()
    kinds = {"emptyDir": "Empty", "hostPath": "Host", "persistentVolumeClaim": "PVC"}
    assert kinds[profile.local_dir.kind] in volume.volumeConf().getClass().getSimpleName()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much], derandomize=True)
@given(profile=profiles())
def test_the_pod_that_spark_asks_for_has_the_memory_that_the_profile_was_checked_with(
    registry: Registry, profile: ExecutorProfile
) -> None:
    asked = registry.executor_pod(profile_properties(profile))

    assert asked.totalMemMiB() == profile.pod_memory_mib <= NODE.allocatable_memory_mib
    assert asked.cores().get() == profile.cores


def test_every_property_of_a_session_is_known_to_spark(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    local = contract_in(tmp_path_factory.mktemp("contract"))
    profile = ExecutorProfile(
        name="standard", node=NODE, cores=4, heap_mib=8192, overhead_mib=1024, local_dir=EmptyDirVolume(size_gib=50)
    )
    client = local.model_copy(update={"spark": SparkClient.model_validate({**CLIENT, "profile": profile})})
    for contract in (local, client):
        properties = spark_properties(contract, "tests")
        assert [fault for name in properties if (fault := registry.fault(properties, name))] == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("spark.executor.heap", "1g", "is no property of this Spark"),
        ("spark.kubernetes.executor.decommissionGracePeriod", "10s", "is no property of this Spark"),
        ("spark.executor.memory", "much", "much"),
        ("spark.scheduler.minRegisteredResourcesRatio", "a half", "a half"),
    ],
)
def test_a_property_that_is_made_up_would_be_seen(registry: Registry, name: str, value: str, message: str) -> None:
    assert message in (registry.fault({name: value}, name) or "")


def test_a_shuffle_is_divided_for_all_cores_that_there_can_ever_be() -> None:
    profile = ExecutorProfile.model_validate(
        {
            "name": "large",
            "node": {
                "name": "node",
                "architecture": "amd64",
                "allocatable_cpu_millicores": 16_000,
                "allocatable_memory_mib": 60_000,
                "local_disk_gib": 100,
            },
            "cores": 4,
            "heap_mib": 8192,
            "overhead_mib": 2048,
            "local_dir": {"kind": "emptyDir", "size_gib": 50},
            "instances": 2,
            "max_instances": 80,
        }
    )
    client = SparkClient(
        master="k8s://https://kubernetes.default.svc",
        namespace="spark",
        service_account="spark",
        executor_image=f"spark@sha256:{'0' * 64}",
        profile=profile,
    )
    assert shuffle_partitions(client) == 3 * 4 * 80
    fixed = profile.model_copy(update={"max_instances": None})
    assert shuffle_partitions(client.model_copy(update={"profile": fixed})) == 64, "8 cores: never below"
    assert shuffle_partitions(SparkLocal(threads=2, local_dir=Path("/data/shuffle"))) == 64
    assert shuffle_partitions(SparkLocal(threads=96, local_dir=Path("/data/shuffle"))) == 288
