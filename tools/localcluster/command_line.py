"""The command line: `start`, `status` and `stop`."""

from __future__ import annotations

import argparse
import os
import socket
import time
from collections.abc import Sequence

from tools.endings import end_for_people
from tools.localcluster import cleaning, control_plane, machine, node, processes
from tools.localcluster.layout import (
    BASE,
    DNS_ADDRESS,
    ETCD_PEER_PORT,
    ETCD_PORT,
    KUBECONFIG,
    NODES,
    PROGRAMS,
    REGISTRY_PORT,
    SERVER_ADDRESS,
    VOLUMES,
    LocalClusterError,
    Node,
)

OURS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl",
        "coredns", "registry", "network-policies", "kuberay-operator")  # fmt: skip
READY_SECONDS = 90
NOT_RUNNING = 3
HELP = """\
A Kubernetes on this machine, with a real node for each service type. It needs root.

exit status: 0 done; 2 something is wrong, and a sentence says what; 3 `status`: it does not run; 130 stopped.
"""


def check_machine(*, built: bool = True) -> None:
    """Everything that is missing, in one message.

    Args:
        built: whether the programs of the toolchain must be there already.
    """
    found = machine.faults()
    unbuilt = [name for name in OURS if not (PROGRAMS / name).exists()]
    if built and unbuilt:
        found.append(f"{', '.join(unbuilt)}: make toolchain")
    if found:
        raise LocalClusterError("This machine cannot run the cluster: " + "; ".join(found) + ".")


def check_ports() -> None:
    """A taken port is told with the process that has it."""
    for port in (ETCD_PORT, ETCD_PEER_PORT, REGISTRY_PORT, *control_plane.STATUS_PORTS):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError as error:
                holder = processes.run("ss", "-Hltnp", f"sport = :{port}", check=False).split("users:")[-1].strip()
                raise LocalClusterError(f"Port {port} is taken by {holder or 'another process'}: stop it.") from error


def start(nodes: Sequence[Node]) -> None:
    if processes.all_run():
        print("The cluster is already running.")
        status_table()
        return
    check_machine()
    if BASE.exists():
        print("cleaning what an earlier run has left", flush=True)
        cleaning.clean()
    check_ports()
    began = time.monotonic()
    try:
        _start(nodes, began)
    except BaseException:
        # Ctrl-C too: nothing half started stays.
        print("cleaning up", flush=True)
        cleaning.clean()
        raise
    status_table()
    print(f"export KUBECONFIG={KUBECONFIG}")


def _start(nodes: Sequence[Node], began: float) -> None:
    def tell(step: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {step}", flush=True)

    tell("certificates, addresses, volumes")
    control_plane.make_certificates(nodes)
    for address in (SERVER_ADDRESS, DNS_ADDRESS, *(one.address for one in nodes)):
        processes.run("ip", "address", "add", f"{address}/32", "dev", "lo")
    (BASE / "ip_forward").write_text(cleaning.FORWARDING.read_text())
    cleaning.FORWARDING.write_text("1")
    for name in VOLUMES:
        folder = BASE / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 1000, 1000)
        folder.chmod(0o2775)
    tell("control plane, DNS, registry")
    control_plane.start()
    pause = node.make_pause()
    for one in nodes:
        tell(one.name)
        node.start(one, pause)
    tell("waiting until every node is Ready")
    until = time.monotonic() + READY_SECONDS
    ready = "jsonpath={range .items[*]}{.status.conditions[?(@.type=='Ready')].status}{'\\n'}{end}"
    while control_plane.kubectl("get", "nodes", "-o", ready, check=False).split().count("True") < len(nodes):
        if time.monotonic() > until:
            raise LocalClusterError(f"Not every node is Ready after {READY_SECONDS} s: see {BASE / 'logs'}.")
        time.sleep(0.5)
    tell("every node is Ready: rules for services")
    control_plane.start_proxy(nodes[0])
    if not control_plane.start_policies():
        tell("network policies are not enforced: this kernel has no netfilter queues")
    tell("KubeRay's operator")
    control_plane.start_kuberay()
    tell("the cluster is up")


def status_table() -> None:
    for name, pid in processes.table().items():
        print(f"  {name:<28}{pid or 'has ended'}")
    print(control_plane.kubectl("get", "nodes", "-L", "mlplatform.io/service-type", check=False), end="")


def chosen(text: str | None) -> list[Node]:
    wanted = text.split(",") if text else [one.service_type for one in NODES]
    unknown = set(wanted) - {one.service_type for one in NODES}
    if unknown:
        raise LocalClusterError(
            f"No node is called {', '.join(sorted(unknown))}: there are {', '.join(one.service_type for one in NODES)}."
        )
    return [one for one in NODES if one.service_type in wanted]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="localcluster", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start it, or heal it")
    starting.add_argument("--nodes", metavar="TYPES", help="service types, by commas; all when left out")
    commands.add_parser("status", help="processes and nodes")
    commands.add_parser("check", help="whether this machine can run it, but for the programs of `make toolchain`")
    stopping = commands.add_parser("stop", help="stop it; the registry's images and the volumes stay")
    stopping.add_argument("--all", action="store_true", help="remove those too")
    return parser.parse_args(arguments)


def run(parsed: argparse.Namespace) -> None:
    if parsed.command == "start":
        start(chosen(parsed.nodes))
    elif parsed.command == "stop":
        cleaning.clean(everything=parsed.all)
    elif parsed.command == "check":
        check_machine(built=False)
        print("This machine can run the cluster.")
    else:
        status_table()


def main(arguments: Sequence[str]) -> int:
    parsed = parse(arguments)
    if parsed.command == "status" and not processes.all_run():
        print("The cluster is not running.")
        return NOT_RUNNING
    return end_for_people("localcluster", lambda: run(parsed), LocalClusterError)
