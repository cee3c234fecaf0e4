"""A Kubernetes without nodes, and with pretended ones: etcd, the API server, controllers, the scheduler and kwok."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from free_ports import free_port_base
from kubernetes import client, config

PROGRAMS: Final = Path(__file__).resolve().parents[3] / ".local" / "toolchain" / "bin"
WANTED: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
START_SECONDS: Final = 300
PRETENDED: Final = "test/pretended"
"""Label of the nodes that kwok looks after."""
STAGES: Final = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-is-ready}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions:
    - {key: '.status.conditions.[] | select(.type == "Ready") | .status', operator: NotIn, values: ["True"]}
  next:
    statusTemplate: |
      conditions:
      - {type: Ready, status: "True", reason: Pretended, lastHeartbeatTime: {{ Now | Quote }},
         lastTransitionTime: {{ Now | Quote }}}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-runs}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: In, values: [Pending]}
    - {key: .status.startTime, operator: DoesNotExist}
  next:
    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      conditions:
      - {type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }}}
      - {type: ContainersReady, status: "True", lastTransitionTime: {{ Now | Quote }}}
      - {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: true
        restartCount: 0
        state: {running: {startedAt: {{ Now | Quote }}}}
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-is-gone}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: Exists}
  next:
    finalizers: {empty: true}
    delete: true
"""
JOBS_END: Final = """\
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-of-a-job-has-ended}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: In, values: [Running]}
    - {key: '.metadata.ownerReferences.[].kind', operator: In, values: [Job]}
  next:
    statusTemplate: |
      phase: Succeeded
      conditions:
      - {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
"""
"""One stage more: whatever a job's pod is meant to do, it has done."""


@dataclass(frozen=True)
class ControlPlane:
    """One that runs."""

    folder: Path
    address: str
    tokens: Mapping[str, str]
    """User → token; ``admin`` may do everything."""
    pids: dict[str, int] = field(default_factory=dict)
    """Program → its process."""

    def cpu_seconds(self) -> dict[str, float]:
        """Program → the CPU that it has taken so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        found = {}
        for name, pid in self.pids.items():
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            found[name] = sum(map(int, times)) / ticks
        return found

    def kubeconfig(self, user: str = "admin") -> Path:
        """A kubeconfig of that user's."""
        authority = str(self.folder / "apiserver" / "apiserver.crt")
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.address, "certificate-authority": authority}}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        path = self.folder / f"{user}.kubeconfig"
        if not path.exists():
            # Whole or not at all: programs that have just been started read it.
            beside = path.with_suffix(".new")
            beside.write_text(json.dumps(content))
            beside.replace(path)
        return path

    def core(self) -> client.CoreV1Api:
        """The API, as `admin`."""
        return client.CoreV1Api(config.new_client_from_config(str(self.kubeconfig())))

    def add_node(self, name: str, labels: Mapping[str, str] | None = None, *, pretended: bool = True) -> None:
        """A node that kwok pretends: pods on it run at once, and nothing is in them.

        Or one that nobody looks after: the scheduler leaves it alone, for no pod would ever run on it, and a test that
        wants one there names the node.
        """
        size = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": {"kubernetes.io/hostname": name, PRETENDED: str(pretended).lower(), **(labels or {})},
            },
            "spec": {"unschedulable": not pretended},
            "status": {"allocatable": size, "capacity": size},
        }
        self.core().create_node(node)


@contextmanager
def control_plane(
    folder: Path, *users: str, jobs_end: bool = False, requests_per_second: int | None = None
) -> Iterator[ControlPlane]:
    """One for as long as the block lasts; `users` may do what the test gives them.

    Args:
        folder: where its data, keys and logs go.
        users: have a token beside `admin`, and no rights.
        jobs_end: whether a job's pods succeed as soon as they run; they run for ever otherwise.
        requests_per_second: that the scheduler and the controllers may make: their own limits of 50 and 20 are for
            clusters that must share an API server, and with a thousand nodes the limit would be all that is measured.

    Raises:
        AssertionError: a program is missing, or ends before it is ready.
    """
    missing = [name for name in WANTED if not (PROGRAMS / name).is_file()]
    assert not missing, f"{', '.join(missing)}: make toolchain"
    folder.mkdir(parents=True, exist_ok=True)
    etcd, peer, port = (free_port_base(30000, 40000) + number for number in range(3))
    tokens = {user: secrets.token_hex(16) for user in ("admin", *users)}
    lines = [f"{token},{user},{user}{',system:masters' if user == 'admin' else ''}" for user, token in tokens.items()]
    (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "accounts.key").write_bytes(private)
    made = ControlPlane(folder, f"https://127.0.0.1:{port}", tokens)
    store, listening = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
    with ExitStack() as running:
        running.enter_context(
            _program(
                made,
                "etcd",
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls={store}",
                f"--advertise-client-urls={store}",
                f"--listen-peer-urls={listening}",
                f"--initial-advertise-peer-urls={listening}",
                f"--initial-cluster=default={listening}",
                "--unsafe-no-fsync",
            )
        )
        server = running.enter_context(
            _program(
                made,
                "kube-apiserver",
                f"--etcd-servers={store}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--cert-dir={folder / 'apiserver'}",
                f"--token-auth-file={folder / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={folder / 'accounts.key'}",
                f"--service-account-signing-key-file={folder / 'accounts.key'}",
                "--service-cluster-ip-range=10.96.0.0/16",
            )
        )
        _await(made, server, folder / "kube-apiserver.log")
        kubeconfig, stages = made.kubeconfig(), folder / "stages.yaml"
        stages.write_text(STAGES + (JOBS_END if jobs_end else ""))
        authority = folder / "apiserver" / "apiserver.crt"
        limit = requests_per_second
        limits = () if limit is None else (f"--kube-api-qps={limit}", f"--kube-api-burst={2 * limit}")
        others: dict[str, subprocess.Popen[bytes]] = {}
        for name, options in (
            (
                "kube-controller-manager",
                (
                    f"--service-account-private-key-file={folder / 'accounts.key'}",
                    f"--root-ca-file={authority}",
                    "--use-service-account-credentials=false",
                    "--leader-elect=false",
                    "--secure-port=0",
                    # Pretended nodes send no sign of life: they would be lost, with their pods, within a minute.
                    "--node-monitor-grace-period=24h",
                    *limits,
                ),
            ),
            ("kube-scheduler", ("--leader-elect=false", "--secure-port=0", *limits)),
            ("kwok", (f"--config={stages}", f"--manage-nodes-with-label-selector={PRETENDED}=true")),
        ):
            others[name] = running.enter_context(_program(made, name, f"--kubeconfig={kubeconfig}", *options))
        time.sleep(1)  # whoever cannot start has ended by then
        for name, process in others.items():
            assert process.poll() is None, f"{name} has ended:\n{(folder / f'{name}.log').read_text()[-2000:]}"
        yield made


@contextmanager
def _program(plane: ControlPlane, name: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    folder = plane.folder
    # Memory is there, and Go's collector is an eighth of the API server's work when pods come by the thousand.
    environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "GOGC": "400"}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAMS / name), *options], stdout=log, stderr=log, env=environ, cwd=folder)
        plane.pids[name] = process.pid
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(made: ControlPlane, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, f"the API server has ended:\n{log.read_text()[-2000:]}"
        try:
            made.core().read_namespace("default")
        except (client.ApiException, urllib3.exceptions.HTTPError, OSError, config.ConfigException):
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"the API server does not answer:\n{log.read_text()[-2000:]}")
