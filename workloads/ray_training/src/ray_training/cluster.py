"""The Ray cluster: one of this process, on loopback, gone with it; or the one that the contract names."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from platform_contract.document import Ray

from ray_training.errors import TrainingError
from ray_training.timing import Stopwatch

DATA_CPUS: Final = 2
"""Logical CPUs of a local cluster beside the training workers', for the tasks of Ray Data that feed them."""

FOLDER: Final = "/tmp"  # noqa: S108 - for mkdtemp, and short
PREFIX: Final = "ray-train-"

ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    # The controller looks after its workers this often, in seconds: a report waits for its next look.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    # One Python process less each: nothing preempts a machine, and nobody reads metrics without a dashboard.
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Read by Ray when it is imported."""

LOCAL_ENVIRONMENT: Final = {
    # Ray turns 127.0.0.1 into the machine's outer address unless it is told that there is one node only.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@contextmanager
def ray_cluster(settings: Ray, watch: Stopwatch) -> Iterator[None]:
    """Ray is up inside the block and, if it was started here, is gone after it, however the block ends.

    A local cluster's files (sockets, logs, token) are in a folder below /tmp, because the path of a Unix socket may
    have 107 bytes only; it is removed at the end. If this process is killed, Ray's servers die with it (Linux's
    parent-death signal), its workers some seconds later and its two agents after a minute; the next cluster ends what
    it still finds of them and removes the folder.

    Raises:
        TrainingError: the cluster cannot be started or reached.
    """
    os.environ.update(ENVIRONMENT)
    if settings.address != "local":
        with _connected(watch, {"address": settings.address}):
            yield
        return
    os.environ.update(LOCAL_ENVIRONMENT)
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=FOLDER))
    try:
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(token)
        options = {
            "address": "local",
            "num_cpus": settings.workers * settings.cpus_per_worker + DATA_CPUS,
            "object_store_memory": settings.object_store_mib * 2**20,
            "include_dashboard": False,
            "_temp_dir": str(folder),
            "_node_ip_address": "127.0.0.1",
        }
        with _connected(watch, options):
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _connected(watch: Stopwatch, options: dict[str, Any]) -> Iterator[None]:
    import logging

    with watch.part("imports"):
        import ray

    try:
        try:
            with watch.part("ray_start"):
                ray.init(log_to_driver=False, logging_level=logging.ERROR, configure_logging=True, **options)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            where = options["address"]
            what = "start Ray on this machine" if where == "local" else f"reach the Ray cluster at {where}"
            raise TrainingError(f"Cannot {what}: {error}") from error
        yield
    finally:
        with watch.part("ray_stop"):
            ray.shutdown()


def remove_leftovers() -> None:
    """Ends what is left of clusters whose process was killed, and removes their folders."""
    for folder in Path(FOLDER).glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-\w+", folder.name)
        if owner and not _runs(int(owner[1])) and folder.stat().st_uid == os.getuid():
            for pid in _users_of(folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _users_of(folder: Path) -> list[int]:
    """Processes of this user that have a file of the folder open (Linux only): logs, mostly."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(folder in handle.readlink().parents for handle in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found
