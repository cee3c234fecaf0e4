"""A node: its network, its containerd and its kubelet."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from tools.localcluster import certificates, processes
from tools.localcluster.layout import BASE, DNS_SERVICE, LABEL, PROGRAMS, REGISTRY_PORT, LocalClusterError, Node

CONTROLLERS = Path("/sys/fs/cgroup")
PAUSE = "localcluster/pause:1"
PAUSE_SOURCE = """package main
import ("os"; "os/signal"; "syscall")
func main() { c := make(chan os.Signal, 1); signal.Notify(c, syscall.SIGTERM, syscall.SIGINT); <-c }
"""


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def image_from_program(program: Path, name: str, target: Path) -> None:
    """An image of one static program and nothing else."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        _add(archive, program.name, program.read_bytes(), 0o755)
    digest = sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": "arm64" if os.uname().machine == "aarch64" else "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/{program.name}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as archive:
        _add(archive, "layer.tar", layer.getvalue())
        _add(archive, "config.json", json.dumps(config).encode())
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def make_pause() -> Path:
    target = BASE / "pause.tar"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pause.go"
        source.write_text(PAUSE_SOURCE)
        processes.run(
            "env", "CGO_ENABLED=0", "GO111MODULE=off", "go", "build", "-ldflags=-s -w", "-o", f"{folder}/pause",
            str(source),
        )  # fmt: skip
        image_from_program(Path(folder) / "pause", f"docker.io/{PAUSE}", target)
    return target


def containerd_config(node: Node) -> str:
    """A containerd that shares nothing with another."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{node.folder}/containerd"
state = "{node.folder}/state"
[grpc]
address = "{node.socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{node.folder}/opt"
[{cri}]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
sandbox_image = "docker.io/{PAUSE}"
[{cri}.cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{node.folder}/cni"
[{cri}.registry]
config_path = "{BASE}/etc/registries"
"""


def kubelet_config(node: Node, machine_bytes: int) -> dict[str, object]:
    """A kubelet that promises only its node's share of the machine."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "port": 10250,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "authentication": {
            "x509": {"clientCAFile": str(certificates.FOLDER / "ca.crt")},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificates.FOLDER / f"{node.name}.crt"),
        "tlsPrivateKeyFile": str(certificates.FOLDER / f"{node.name}.key"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_SERVICE],
        "containerRuntimeEndpoint": f"unix://{node.socket}",
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(node.folder / "pods"),
        "volumePluginDir": str(node.folder / "plugins"),
        "systemReserved": {"memory": str(max(0, machine_bytes - node.memory_gib * 2**30 - 100 * 2**20))},
        # One disk for everybody, of which the defaults want 15 % free. An image that was taken away for room would be
        # fetched again, but for that of the sandboxes, which no registry has: so none is (100 is "never").
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "500Mi", "imagefs.available": "500Mi"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "registerWithTaints": [node.taint],
    }  # fmt: skip


def cni_config(node: Node) -> dict[str, object]:
    subnet = f"10.244.{node.number}.0/24"
    ipam = {"type": "host-local", "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(node.folder / "addresses")}  # fmt: skip
    bridge = {"type": "bridge", "bridge": node.bridge, "isGateway": True, "hairpinMode": True, "ipam": ipam}
    mapping = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": node.name, "plugins": [bridge, mapping]}


def start(node: Node, pause: Path) -> None:
    for part in ("cni", "kubelet", "pods", "plugins"):
        (node.folder / part).mkdir(parents=True, exist_ok=True)
    (node.folder / "containerd.toml").write_text(containerd_config(node))
    (node.folder / "cni" / "10-bridge.conflist").write_text(json.dumps(cni_config(node)))
    machine = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    (node.folder / "kubelet.yaml").write_text(json.dumps(kubelet_config(node, machine)))
    registry = f"localhost:{REGISTRY_PORT}"
    hosts = BASE / "etc" / "registries" / registry / "hosts.toml"
    hosts.parent.mkdir(parents=True, exist_ok=True)
    hosts.write_text(f'[host."http://127.0.0.1:{REGISTRY_PORT}"]\ncapabilities = ["pull", "resolve"]\n')
    for controller in CONTROLLERS.iterdir():
        if controller.name == "unified" or not (controller / "cgroup.procs").exists():
            continue
        group = controller / node.name
        group.mkdir(exist_ok=True)
        if controller.name == "cpuset":
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / file).write_text((controller / file).read_text())
    processes.start(f"containerd-{node.key}", ["containerd", "-c", str(node.folder / "containerd.toml")])
    ctr = ("ctr", "-a", str(node.socket), "-n", "k8s.io")
    until = time.monotonic() + 30
    while not processes.run(*ctr, "version", check=False).count("Server"):
        if time.monotonic() > until:
            raise LocalClusterError(f"containerd of {node.name} does not answer: see {BASE / 'logs'}.")
        time.sleep(0.3)
    processes.run(*ctr, "images", "import", str(pause))
    labels = f"{LABEL}={node.service_type},topology.kubernetes.io/zone=local-a"
    processes.start(
        f"kubelet-{node.key}",
        [str(PROGRAMS / "kubelet"), f"--config={node.folder / 'kubelet.yaml'}", f"--root-dir={node.folder / 'kubelet'}",
         f"--kubeconfig={node.folder / 'kubeconfig'}", f"--hostname-override={node.name}", f"--node-ip={node.address}",
         f"--cert-dir={node.folder / 'pki'}", f"--node-labels={labels}"],
    )  # fmt: skip
