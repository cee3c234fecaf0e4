"""The environment `local`: what its file leaves to the machine, and what is refused of it."""

from __future__ import annotations

from typing import Any

import pytest
from infra_configs import EXAMPLE_CLUSTER, Bad, local_config, message_of, refusal, stack_file
from infra_configs import bad_local as bad
from mlplatform.config.checks import LOCAL_CHECKS
from mlplatform.config.checks import local as local_checks
from mlplatform.config.checks.fitting import Need
from mlplatform.foundation.incluster import pods as stand_ins

CASES = [
    bad(
        {"inCluster.passwordSeed": "hunter2"},
        "inCluster.passwordSeed: is too short: use at least 16 character",
    ),
    bad(
        {"inCluster.folder": "/srv"},
        "inCluster.folder: is a folder right below the root, which pods would write to (given: /srv): use one of its"
        " own, as /srv/mlplatform",
    ),
    bad(
        {"inCluster.standIns.postgresql": "postgres:17"},
        "inCluster.standIns.postgresql: is not written as it must be (given: postgres:17): write it like"
        f" localhost:5000/mlplatform/postgresql@sha256:{'0123456789abcdef' * 4}",
    ),
    bad(
        {"spark.executor.localDir": {"kind": "claim", "sizeGib": 4}},
        "spark.executor.localDir.kind: is nothing that this environment has (given: claim): use emptyDir",
    ),
    bad(
        {"spark.executor.localDir.sizeGib": 21},
        "spark.executor.localDir.sizeGib: needs 42 GiB for the 2 executors that fit a node, but a node has 20"
        " for pods (given: 21): use at most 10, or a larger nodeGroups.sparkExecutor.diskGib",
    ),
    bad(
        {"spark.executor.instances": 3},
        "spark.executor.instances: is more than the 2 executors that the 1 nodes of nodeGroups.sparkExecutor hold"
        " (given: 3): use at most 2, or raise nodeGroups.sparkExecutor.maxSize",
    ),
    bad(
        {"spark.driverMemoryMib": 2400},
        "spark.driverMemoryMib: makes a pod of 3360 MiB with Python's overhead, but a node leaves 2560 "
        "(given: 2400): use at most 1828, or larger nodes in nodeGroups.sparkDriver",
    ),
    bad(
        {"nodeGroups.ray.maxSize": 1},
        "nodeGroups.ray.maxSize: is too small for all workers of ray.workerGroups and the head (given: 1): "
        "use at least 2, or lower maxWorkers of ray.workerGroups",
    ),
    bad(
        {"nodeGroups.system.maxSize": 1},
        "nodeGroups.system.maxSize: is too small for MLflow, its databases' job and the stand-ins (given: 1):"
        " use at least 2, or lower mlflow.replicas",
    ),
    bad(
        {"nodeGroups.system.maxSize": 0},
        "nodeGroups.system.maxSize: may not be 0: MLflow and the database run there (given: 0): use at least 1",
    ),
    bad(
        {"nodeGroups.system.memoryMib": 2000},
        "nodeGroups.system.memoryMib: is too small for MLflow's server (given: 2000): use at least 2048",
    ),
    bad(
        {"nodeGroups.serving.memoryMib": 700},
        *(
            f"serving.{key}.memoryMib: is more than a node leaves a pod, 1200 millicores and 700 MiB (given: 768):"
            " use at most 700, or larger nodes in nodeGroups.serving"
            for key in ("flightApiEmbedded", "flightApiShared", "modelApi")
        ),
    ),
    bad(
        {"aws": {"region": "eu-central-1"}},
        "aws: is not a key of the configuration: remove it, or use one of inCluster, nodeGroups, mlflow, ray,"
        " spark, serving, images",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_local_configuration_that_cannot_work_is_refused_with_all_its_faults(case: Bad) -> None:
    assert message_of(case) == case.message


def test_a_seed_that_is_refused_is_not_shown() -> None:
    assert "hunter2" not in (refusal("local", local_config({"inCluster.passwordSeed": "hunter2"})) or "hunter2")
    assert "hunter2" not in (refusal("local", local_config({"inCluster.passwordSeed": ["hunter2"]})) or "hunter2")


def test_the_file_is_complete_but_for_what_differs_from_machine_to_machine() -> None:
    values = {key.removeprefix("mlplatform:"): value for key, value in stack_file("local")["config"].items()}
    lines = (refusal("local", values) or "").splitlines()
    assert [line.split(": ")[0].strip() for line in lines[1:]] == [
        f"mlplatform:inCluster.{key}" for key in ("folder", "registry", "passwordSeed")
    ]
    assert refusal("local", local_config({})) is None
    assert EXAMPLE_CLUSTER.keys() > {"folder", "registry", "passwordSeed"}


@pytest.mark.parametrize("folder", ["/home/ml/.local/localcluster/volumes", "/srv/ml-platform_1.2", "/srv/.x/y"])
def test_a_folder_of_a_clone_is_taken_hidden_ones_too(folder: str) -> None:
    assert refusal("local", local_config({"inCluster.folder": folder})) is None


def test_the_check_counts_a_stand_in_as_large_as_its_pod_is() -> None:
    assert Need(stand_ins.MEMORY_MIB, stand_ins.CPU_MILLICORES) == local_checks.STAND_IN


def test_no_check_of_the_environment_asks_for_what_only_aws_has() -> None:
    from mlplatform.config.local_model import LocalConfig

    known = {"environment", *LocalConfig.model_fields}
    for check in LOCAL_CHECKS:
        wanted: Any = set(check.__code__.co_varnames[: check.__code__.co_argcount])
        assert wanted <= known, check.__name__
