"""Who listens on the stack: on the machine and in the network of every pod, beside the table of listeners."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from listening import everybody, heard
from live_platform import Platform
from mlplatform.kubernetes.pods import APP_LABEL

from tools import listeners
from tools.localcluster import processes


def pids_by_pod() -> dict[str, list[int]]:
    """UID of a pod → its processes, as their control groups say."""
    found = defaultdict(list)
    for pid in everybody():
        with suppress(OSError):  # it has just ended
            if named := re.search(r"/pod([0-9a-f-]{36})/", Path(f"/proc/{pid}/cgroup").read_text()):
                found[named[1]].append(pid)
    return found


def sockets(pids: list[int]) -> list[listeners.Heard]:
    return [(one.command, one.address, one.port) for one in heard(pids)]


def test_whatever_the_cluster_s_programs_listen_at_stands_in_the_table(platform: Platform) -> None:
    assert platform.pods()
    found = sockets([pid for pid in processes.table().values() if pid])
    rows = listeners.rows_of(listeners.CLUSTER)
    assert listeners.unknown(found, rows) == []
    assert listeners.silent(found, rows) == []


def test_whatever_listens_in_a_pod_stands_in_the_table(platform: Platform) -> None:
    pids, strange, missing = pids_by_pod(), {}, {}
    for pod in platform.pods():
        app, own = pod.metadata.labels[APP_LABEL], pids.get(pod.metadata.uid, [])
        rows = listeners.rows_of(f"pod {app}")
        found = sockets(own)
        if unknown := listeners.unknown(found, rows):
            strange[pod.metadata.name] = unknown
        if own and (silent := listeners.silent(found, rows)):
            missing[pod.metadata.name] = silent
    assert strange == {}
    assert missing == {}
