"""A cluster of two nodes: pods, services, names, healing, and nothing left behind. Needs root."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from live_traces import traces

from tools.localcluster import processes
from tools.localcluster.control_plane import QUEUES, kubectl
from tools.localcluster.layout import LABEL, NODES, ROOT
from tools.localcluster.node import image_from_program

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
WEB = """package main
import ("fmt"; "io"; "net/http"; "os"; "time")
func main() {
    if len(os.Args) > 1 {
        client := http.Client{Timeout: 5 * time.Second}
        answer, err := client.Get(os.Args[1])
        if err != nil { fmt.Println(err); os.Exit(1) }
        io.Copy(os.Stdout, answer.Body)
        return
    }
    fmt.Println("serving")
    http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
    http.ListenAndServe(":8080", nil)
}
"""


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "localcluster"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def before() -> Iterator[dict[str, set[str]]]:
    if processes.table():
        pytest.skip("a cluster runs here: make cluster-stop")
    seen = traces()
    started = tool("start", "--nodes", "system,serving")
    assert started.returncode == 0, started.stdout + started.stderr
    yield seen
    tool("stop", "--all")


def pod(name: str, service_type: str, tolerations: list[dict[str, str]]) -> dict[str, Any]:
    container = {"name": "web", "image": "docker.io/test/web:1", "imagePullPolicy": "Never"}
    spec = {"nodeSelector": {LABEL: service_type}, "tolerations": tolerations, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


@pytest.fixture(scope="module")
def pods(before: dict[str, set[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server with a service, a caller on another node, a neighbour on the server's, and a stranger to all nodes."""
    assert before
    folder = tmp_path_factory.mktemp("web")
    (folder / "web.go").write_text(WEB)
    processes.run("env", "CGO_ENABLED=0", "GO111MODULE=off", "go", "build", "-o", f"{folder}/web", f"{folder}/web.go")
    image_from_program(folder / "web", "docker.io/test/web:1", folder / "web.tar")
    for one in NODES:
        if one.service_type in ("system", "serving"):
            socket = str(one.socket)
            processes.run("ctr", "-a", socket, "-n", "k8s.io", "images", "import", str(folder / "web.tar"))
    anywhere = [{"operator": "Exists"}]
    service = {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]}
    apply(
        pod("server", "serving", anywhere),
        pod("caller", "system", anywhere),
        pod("neighbour", "serving", anywhere),
        pod("stranger", "serving", []),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "server"}, "spec": service},
    )
    kubectl("wait", "pod/server", "pod/caller", "pod/neighbour", "--for=condition=Ready", "--timeout=30s")


def apply(*items: dict[str, Any]) -> None:
    kubectl("apply", "-f", "-", said=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def call(caller: str) -> str:
    """What the service answers to a pod, or why it does not."""
    return kubectl("exec", caller, "--", "/web", "http://server.default.svc.cluster.local", check=False)


def is_refused(caller: str) -> bool:
    return "context deadline exceeded" in call(caller)


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 300
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.3)
    return found


@pytest.mark.usefixtures("pods")
def test_pods_run_where_they_may_and_reach_each_other() -> None:
    assert eventually(lambda: call("caller") == "hello")
    assert eventually(lambda: call("neighbour") == "hello")
    assert kubectl("logs", "server") == "serving\n"
    assert kubectl("get", "pod", "stranger", "-o", "jsonpath={.status.phase}") == "Pending"
    assert kubectl("get", "pod", "server", "-o", "jsonpath={.spec.nodeName}") == "local-serving"


@pytest.mark.usefixtures("pods")
@pytest.mark.skipif(not QUEUES.exists(), reason="this kernel has no netfilter queues")
def test_a_network_policy_is_enforced_between_nodes_and_on_one() -> None:
    def policy(*callers: str) -> dict[str, Any]:
        allowed = [{"from": [{"podSelector": {"matchLabels": {"app": name}}}]} for name in callers]
        spec = {"podSelector": {"matchLabels": {"app": "server"}}, "policyTypes": ["Ingress"], "ingress": allowed}
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec}

    for allowed, refused in (("caller", "neighbour"), ("neighbour", "caller")):
        apply(policy(allowed))
        assert eventually(partial(is_refused, refused)), refused
        assert call(allowed) == "hello"
    kubectl("delete", "networkpolicy", "p")
    assert eventually(lambda: call("caller") == "hello")


@pytest.mark.usefixtures("before")
def test_a_second_start_says_that_it_runs() -> None:
    assert "already running" in tool("start").stdout


@pytest.mark.usefixtures("before")
def test_what_was_killed_is_healed() -> None:
    for pid in filter(None, processes.table().values()):
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    assert tool("status").returncode == 3
    healed = tool("start", "--nodes", "system,serving")
    assert healed.returncode == 0, healed.stdout + healed.stderr
    wanted = [one for one in NODES if one.service_type in ("system", "serving")]
    assert kubectl("get", "nodes").count(" Ready ") == len(wanted)


def test_stop_leaves_nothing(before: dict[str, set[str]]) -> None:
    assert tool("stop", "--all").returncode == 0
    after = traces()
    assert {key: after[key] - seen for key, seen in before.items()} == {key: set() for key in before}
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if b".local/localcluster/" in p.read_bytes()]
