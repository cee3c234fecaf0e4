"""The Ray cluster: one of this process, on loopback, gone with it; or the one that the contract names."""

from __future__ import annotations

import importlib
import os
import re
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from platform_contract.document import Ray

from ray_training.errors import TrainingError
from ray_training.timing import Stopwatch

DATA_CPUS: Final = 2
"""Logical CPUs of a local cluster beside the training workers', for the tasks of Ray Data that feed them."""

REMOTE_TRIES: Final = 3
RETRY_SECONDS: Final = 5.0

FOLDER: Final = "/tmp"  # noqa: S108 - for mkdtemp, and short
PREFIX: Final = "ray-train-"

TOKEN_PATH: Final = "RAY_AUTH_TOKEN_PATH"  # noqa: S105 - the variable's name

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
    # Ray starts Python processes before anybody has work for them. A training's are others, with variables of their
    # own: without the first ones it is ready a fifth sooner on two cores.
    "RAY_prestart_worker_first_driver": "0",
}


@contextmanager
def ray_cluster(settings: Ray, watch: Stopwatch) -> Iterator[None]:
    """Ray is up inside the block and, if it was started here, is gone after it.

    If the block fails, nothing is stopped: the caller is to end the process with `end_process`. `ray.shutdown` while
    another thread is inside Ray aborts the whole process, and nothing makes such a thread come out: Ray waits a minute
    for a worker that was killed before it had reported, then starts another, and so on for ever.

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
    folder = Path(tempfile.mkdtemp(prefix=own_prefix(), dir=FOLDER))
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    os.environ[TOKEN_PATH] = str(token)
    options = {
        "address": "local",
        "num_cpus": settings.workers * settings.cpus_per_worker + DATA_CPUS,
        "object_store_memory": settings.object_store_mib * 2**20,
        "include_dashboard": False,
        "_temp_dir": str(folder),
        "_node_ip_address": "127.0.0.1",
    }
    if (quoted := shlex.quote(sys.executable)) != sys.executable:
        # Ray gives this path to a shell as it is (`RuntimeEnvContext.exec_worker`): in a folder of a name with a space
        # no worker that has a variable of its own would ever start.
        options["runtime_env"] = {"py_executable": quoted}
    with _connected(watch, options):
        yield
    _remove(folder)


@contextmanager
def _connected(watch: Stopwatch, options: dict[str, Any]) -> Iterator[None]:
    with watch.part("imports"):
        import ray

    local = options["address"] == "local"
    try:
        with watch.part("ray_start"), ThreadPoolExecutor(1) as beside:
            # Ray's processes take seconds to start: time for the import that comes next.
            beside.submit(importlib.import_module, "ray.train.xgboost")
            _init(options, tries=1 if local else REMOTE_TRIES)
            if not local:
                _keep_statistics_on_the_head()
    except Exception as error:  # Ray raises just this if its servers take longer than half a minute
        where = options["address"]
        what = "start Ray on this machine" if local else f"reach the Ray cluster at {where}"
        raise TrainingError(f"Cannot {what}: {error}") from error
    yield
    with watch.part("ray_stop"):
        ray.shutdown()


def _keep_statistics_on_the_head() -> None:
    """Asks for Ray Data's statistics here, before a worker does.

    They live in an actor that outlasts its driver, on the node that asks first. A worker that has it is never idle, so
    that the autoscaler would keep it for ever. Through Ray's client, which is on the head, it is made there.
    """
    import ray
    from ray.data._internal.stats import get_or_create_stats_actor

    ray.get(get_or_create_stats_actor().__ray_ready__.remote())


def _init(options: dict[str, Any], tries: int) -> None:
    """Starts or reaches the cluster; a head that is busy may fail to start a driver's server in its half minute."""
    import logging

    import ray

    for left in reversed(range(tries)):
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, configure_logging=True, **options)
        except (ConnectionError, RuntimeError):
            if not left:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def own_prefix() -> str:
    """Of this process's folders below /tmp: they are removed with it, or by the next training after its death."""
    return f"{PREFIX}{os.getpid()}-"


def end_process(status: int) -> NoReturn:
    """Ends this process with all that it has started and its folders, whatever its threads are doing.

    What is due must have been said. Nothing is waited for that could refuse to end.
    """
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it ends already
        signal.alarm(0)  # Ray's handler of SIGTERM, if that was still in the way, wants to be through in 3 seconds
        for folder in Path(FOLDER).glob(f"{own_prefix()}*"):
            _remove(folder, leaving=True)
    finally:
        os._exit(status)


def remove_leftovers() -> None:
    """Ends what is left of clusters whose process was killed, and removes their folders."""
    for folder in Path(FOLDER).glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-\w+", folder.name)
        if owner and not _runs(int(owner[1])) and folder.stat().st_uid == os.getuid():
            _remove(folder)


def _remove(folder: Path, *, leaving: bool = False) -> None:
    """Removes a folder and ends who is left of its cluster: Ray's own stop does not wait for all agents.

    If this process is `leaving`, its own children, Ray's servers, are only held, and die with it: Ray ends this process
    with a status of its own as soon as it sees the raylet die.
    """
    end = time.monotonic() + 5  # a process that the kernel holds on to is left to it
    while time.monotonic() < end:
        processes = _processes_of(folder)
        held = {pid for pid, parent in processes.items() if leaving and parent == os.getpid()}
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP if pid in held else signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)  # not at once, if one of them was still writing
        if processes.keys() == held and not folder.exists():
            break
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether a process is at work. One that was killed, and that nobody has asked after, is not: in a container
    without an init it stays in the table of processes for as long as the container."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    with suppress(OSError):  # it has just ended, or there is no /proc
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _processes_of(folder: Path) -> dict[int, int]:
    """The living processes of the cluster that has this folder, from their first moment on, and their parents (Linux).

    All have inherited the path of the token; the raylet's children, which may write their title over it, the raylet's
    logs.
    """
    variable = f"{TOKEN_PATH}={folder / 'token'}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is another user's
            titled = (process / "cmdline").read_bytes().startswith(b"ray::")
            if variable in (process / "environ").read_bytes().split(b"\0") or (
                titled and any(folder in file.readlink().parents for file in (process / "fd").iterdir())
            ):
                found[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return found
