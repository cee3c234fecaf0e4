"""From nothing to served predictions in pods, and what must hold of the platform while it is up."""

from __future__ import annotations

import json
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from kubernetes import client
from live_lake import downloaded
from live_platform import Platform
from live_probes import reached, room_for_a_notebook
from mlplatform.service_types import LABEL
from offline_providers.report import counts, planned
from other_image import other_image
from platform_contract.model_file import digest_lines, digest_path, sha256_of, shared_model_path
from steady_load import SteadyLoad

from tools.images.catalogue import known_image
from tools.localcluster.control_plane import QUEUES
from tools.localcluster.layout import NODES, ROOT
from tools.localplatform.pipeline import service_address
from tools.localplatform.stack import deploy

SEED_SPREAD = 0.009
"""Of the AUC: row order and seed alone move it by so much (`tests/end_to_end`)."""


def test_an_up_that_is_killed_half_way_is_healed_by_the_next(platform: Platform) -> None:
    assert "the platform is up: " in platform.healed
    assert " same" in platform.healed, "what was there is not made again"


def test_the_pipeline_in_pods_takes_every_flight_to_a_served_prediction(platform: Platform) -> None:
    found, local = platform.pipeline, platform.local_run
    assert found["rows_in"] == local["rows_in"] == found["rows_out"] + sum(found["quarantined"].values())
    assert found["rows_out"] == local["rows_out"]
    assert found["flights_asked"] >= 1000
    assert found["largest_difference"] <= 1e-6
    for noise in ("WARN", "log4j", "incubator", "native-hadoop"):  # Java's and Spark's own: in the step's log
        assert noise not in platform.told, noise
    shown, log = platform.told.count("spark-preprocess: "), platform.site.kept / "logs" / "spark-preprocess.log"
    assert 0 < shown < len(log.read_text().splitlines())


def test_its_metrics_lie_within_the_spread_of_seeds_around_those_of_make_run(platform: Platform) -> None:
    found, local = platform.pipeline["metrics"], platform.local_run["metrics"]
    assert abs(found["auc"] - local["auc"]) <= SEED_SPREAD
    assert found["rows_train"] == local["rows_train"]
    assert found["auc"] > found["logistic_auc"]


def test_spark_ran_on_executors_in_pods_of_their_own(platform: Platform) -> None:
    events = client.CoreV1Api(platform.api()).list_namespaced_event("spark").items
    placed = {
        event.involved_object.name: event.message.rpartition(" to ")[2]
        for event in events
        if event.reason == "Scheduled" and "-exec-" in event.involved_object.name
    }
    assert len(placed) >= 2
    assert set(placed.values()) == {"local-spark-executor"}


def test_no_executor_was_lost(platform: Platform) -> None:
    """The kernel kills one whose overhead is too small: the run ends well, and takes twice as long."""
    events = client.CoreV1Api(platform.api()).list_namespaced_event("spark").items
    names = {event.involved_object.name for event in events if "-exec-" in event.involved_object.name}
    # Spark counts them: another in the place of one that was lost is the third.
    assert {name.rpartition("-")[2] for name in names} == {"1", "2"}


# In the environment that has pyarrow: each file's departures (UTC is not asked for: all origins have one time zone).
DEPARTURES = """
import json, sys
from pathlib import Path
import pyarrow.parquet as pq
version = Path(sys.argv[1])
files = json.loads((version / "manifest.json").read_text())["files"]
rows = [pq.read_table(version / file["path"], columns=["scheduled_departure", "flight_id"]) for file in files]
print(json.dumps([[*map(list, zip(*(table[name].to_pylist() for name in table.column_names)))] for table in rows]))
"""


def test_the_files_that_executors_in_pods_wrote_are_in_the_order_of_departure(
    platform: Platform, tmp_path: Path
) -> None:
    version = downloaded(platform.site, platform.pipeline["dataset"], tmp_path)
    python = ROOT / ".local" / "envs" / "local_pipeline" / "bin" / "python"
    told = subprocess.run([python, "-c", DEPARTURES, version], stdout=subprocess.PIPE, text=True, check=True).stdout
    files = json.loads(told)
    rows = [row for file in files for row in file]
    assert len(files) == 12
    assert len(rows) == platform.pipeline["rows_out"]
    assert rows == sorted(rows)


def test_every_pod_is_on_a_node_of_its_service_type(platform: Platform) -> None:
    nodes = {
        node.metadata.name: node.metadata.labels[LABEL] for node in client.CoreV1Api(platform.api()).list_node().items
    }
    assert len(nodes) == len(NODES)
    found = platform.pods()
    assert {pod.metadata.labels[LABEL] for pod in found} >= {"system", "ray", "serving", "spark-driver"}
    misplaced = {
        pod.metadata.name: pod.spec.node_name
        for pod in found
        if nodes[pod.spec.node_name] != pod.metadata.labels[LABEL]
    }
    assert misplaced == {}


def test_a_pod_without_the_toleration_stays_pending(platform: Platform) -> None:
    core = client.CoreV1Api(platform.api())
    spec = {"nodeSelector": {LABEL: "serving"}, "containers": [{"name": "any", "image": "localhost/any:1"}]}
    core.create_namespaced_pod("default", {"metadata": {"name": "stranger"}, "spec": spec})
    try:
        end, why = time.monotonic() + 300, ""
        while "untolerated taint" not in why and time.monotonic() < end:
            status = core.read_namespaced_pod("stranger", "default").status
            why = next((one.message or "" for one in status.conditions or () if one.type == "PodScheduled"), "")
            time.sleep(0.2)
        assert status.phase == "Pending"
        assert "untolerated taint" in why
    finally:
        core.delete_namespaced_pod("stranger", "default", grace_period_seconds=0)


def test_a_second_up_changes_nothing(platform: Platform) -> None:
    assert set(counts(planned(deploy(platform.site).steps))) == {"same"}


def _has_moved_on(load: SteadyLoad, old: object) -> bool:
    return old not in load.answers[-20:]


# In the environment that has xgboost: a model of fewer trees, with the attributes of the whole one.
FEWER_TREES = """
import sys
import xgboost
xgboost.Booster(model_file=sys.argv[1])[:20].save_model(sys.argv[2])
"""


def test_a_new_model_on_shared_storage_is_served_without_a_failed_request_and_as_make_run_serves_it(
    platform: Platform, tmp_path: Path
) -> None:
    address = service_address(platform.site, "flight-api-shared")
    models = platform.site.volumes / "models"
    target = models / shared_model_path(Path("/")).relative_to("/")
    trained = shared_model_path(ROOT / ".local" / "data" / "shared" / "models")
    smaller = tmp_path / "smaller.ubj"
    python = ROOT / ".local" / "envs" / "ray_training" / "bin" / "python"
    subprocess.run([python, "-c", FEWER_TREES, trained, smaller], check=True)
    before, stated = target.read_bytes(), digest_path(target).read_bytes()
    with SteadyLoad(address) as load:
        # The first is told by its answers from what is in service: the pods' own model may be, to the bit, that of
        # `make run`, whose training they repeat.
        for model in (smaller, trained):
            answer = load.answers[-1]
            put(digest_path(target), digest_lines(target.name, sha256_of(model.read_bytes())).encode())
            put(target, model.read_bytes())
            load.wait_until(partial(_has_moved_on, load, answer), f"every pod answers by {model.name}")
    assert load.failures == []
    command = [str(ROOT / ".local/envs/local_pipeline/bin/local-pipeline"), "ask"]
    asked = subprocess.run(
        [*command, platform.local_run["predictions"], address, address], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    put(digest_path(target), stated)
    put(target, before)


def put(path: Path, content: bytes) -> None:
    """A file with this content in place of the one that is there: readers see the one or the other."""
    beside = path.with_name(".dropped")
    beside.write_bytes(content)
    beside.replace(path)


@pytest.mark.parametrize("app", ["flight-api-embedded", "flight-api-shared"])
def test_a_changed_image_is_rolled_out_without_a_failed_request(platform: Platform, app: str) -> None:
    image, kept = known_image("bento_flight_api"), platform.site.images()
    with SteadyLoad(service_address(platform.site, app)) as load:
        made = other_image(platform.site.registry, image.repository, kept[image.key], label=app)
        platform.site.keep_images({**kept, image.key: made})
        try:
            outcome = deploy(platform.site)
            assert {one.name for one in planned(outcome.steps) if one.operation == "update"} >= {
                "serving-flight-api-embedded-server",
                "serving-flight-api-shared-server",
            }
            load.wait_until(lambda: serving_images(platform, app) == {made}, "all pods have the new image", 180)
        finally:
            platform.site.keep_images(kept)
        count = len(load.answers)
        load.wait_until(lambda: len(load.answers) > count + 20, "requests go on")
    assert load.failures == []


def serving_images(platform: Platform, app: str) -> set[str]:
    """Digests of the pods of an app that are there, those that end among them."""
    found = (
        client.CoreV1Api(platform.api()).list_namespaced_pod("serving", label_selector=f"mlplatform.io/app={app}").items
    )
    return {pod.spec.containers[0].image.rpartition("@")[2] for pod in found}


@pytest.mark.skipif(not QUEUES.exists(), reason="this kernel has no netfilter queues, so no policy is enforced")
def test_who_may_speak_to_whom_holds_and_a_notebook_does_not_reach_the_database(platform: Platform) -> None:
    """Connections that were opened before show the other half: the pipeline had all that it needs."""
    with room_for_a_notebook(platform.site):
        notebook = reached(platform.site, "notebooks", "notebook")
    assert notebook == {"mlflow", "ray-head", "flight-api", "object-store"}
    assert reached(platform.site, "spark", "spark-driver") == {"broker", "object-store"}
    assert reached(platform.site, "ray", "ray-training") == {"mlflow", "ray-head", "object-store"}
    assert reached(platform.site, "serving", "flight-api-embedded") == {"model-api", "object-store"}
    assert reached(platform.site, "serving", "model-api") == set()
    assert reached(platform.site, "mlflow", "mlflow") == {"database", "object-store"}
