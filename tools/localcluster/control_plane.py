"""etcd, the API server, the controllers, the scheduler, CoreDNS and the registry.

When nodes are there: kube-proxy, what enforces network policies, and KubeRay's operator.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from tools.localcluster import certificates, processes
from tools.localcluster.layout import (
    API_PORT,
    BASE,
    DNS_ADDRESS,
    DNS_SERVICE,
    ETCD_PEER_PORT,
    ETCD_PORT,
    KUBECONFIG,
    PODS_RANGE,
    POLICIES_CHAIN,
    PROGRAMS,
    REGISTRY_PORT,
    SERVER_ADDRESS,
    SERVICE_RANGE,
    SHARE,
    LocalClusterError,
    Node,
)

PKI = certificates.FOLDER
STORE_AUTHORITY = "etcd-ca"
WORK_SECONDS = 60
"""That a program has to begin its work."""
POLICIES = "network-policies"
KUBERAY = "kuberay-operator"
POLICIES_TABLE = "mlplatform-localcluster"
LOOPBACK = "127.0.0.1"
STATUS_PORTS = PROXY_METRICS_PORT, PROXY_HEALTH_PORT, KUBERAY_PORT = 10249, 10256, 10258
"""Of what says how it is, on loopback."""
RBAC = "rbac.authorization.k8s.io"
QUEUE = 100
QUEUES = Path("/proc/net/netfilter/nfnetlink_queue")
"""Netfilter's queues in use; not there where the kernel has none."""


def make_certificates(nodes: Sequence[Node]) -> None:
    certificates.issue("ca", "local-authority")
    hosts = (SERVER_ADDRESS, "10.96.0.1", LOOPBACK, "kubernetes", "kubernetes.default.svc", "localhost")
    certificates.issue("apiserver", "kube-apiserver", "system:masters", hosts)
    make_store_certificates()
    certificates.issue("admin", "admin", "system:masters")
    certificates.issue("accounts", "accounts")
    for user in ("kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", POLICIES, KUBERAY):
        certificates.issue(user, f"system:{user}")
        certificates.kubeconfig(user, BASE / "etc" / f"{user}.kubeconfig")
    for node in nodes:
        certificates.issue(node.name, f"system:node:{node.name}", "system:nodes", (node.address, node.name))
        certificates.kubeconfig(node.name, node.folder / "kubeconfig")
    certificates.kubeconfig("admin", KUBECONFIG)


def make_store_certificates() -> None:
    """For etcd, by an authority of its own, as kubeadm has it: what the cluster's authority signs, every node's
    certificate among it, does not open the database in which all Secrets are."""
    certificates.issue(STORE_AUTHORITY, "local-store-authority", by=STORE_AUTHORITY)
    certificates.issue("etcd", "etcd", hosts=(LOOPBACK,), by=STORE_AUTHORITY)
    certificates.issue("apiserver-etcd", "kube-apiserver", by=STORE_AUTHORITY)


def store_options(pki: Path, data: Path, port: int, peer_port: int) -> list[str]:
    """Of an etcd that speaks with whoever has a certificate of its own authority."""
    store, peer = f"https://{LOOPBACK}:{port}", f"https://{LOOPBACK}:{peer_port}"
    authority, certificate, key = pki / f"{STORE_AUTHORITY}.crt", pki / "etcd.crt", pki / "etcd.key"
    return [
        f"--data-dir={data}", f"--listen-client-urls={store}", f"--advertise-client-urls={store}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        f"--cert-file={certificate}", f"--key-file={key}", "--client-cert-auth", f"--trusted-ca-file={authority}",
        f"--peer-cert-file={certificate}", f"--peer-key-file={key}", "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={authority}", "--unsafe-no-fsync",
    ]  # fmt: skip


def _start(name: str, *options: str) -> None:
    processes.start(name, [str(PROGRAMS / name), *options])


def _await(name: str, works: Callable[[], bool], otherwise: str) -> None:
    """Returns when a program that was started does its work.

    Raises:
        LocalClusterError: it has ended, or does not after a minute; `otherwise` says what that means.
    """
    until = time.monotonic() + WORK_SECONDS
    while not works():
        if time.monotonic() > until or processes.table()[name] is None:
            raise LocalClusterError(f"{otherwise}: see {BASE / 'logs' / f'{name}.log'}.")
        time.sleep(0.2)


def start() -> None:
    """Everything that needs no node; returns when the API server answers."""
    _start("etcd", *store_options(PKI, BASE / "etcd", ETCD_PORT, ETCD_PEER_PORT))
    _start(
        "kube-apiserver", f"--etcd-servers=https://{LOOPBACK}:{ETCD_PORT}",
        f"--etcd-cafile={PKI / f'{STORE_AUTHORITY}.crt'}",
        f"--etcd-certfile={PKI / 'apiserver-etcd.crt'}", f"--etcd-keyfile={PKI / 'apiserver-etcd.key'}",
        f"--bind-address={SERVER_ADDRESS}",
        f"--advertise-address={SERVER_ADDRESS}", f"--secure-port={API_PORT}", f"--client-ca-file={PKI / 'ca.crt'}",
        f"--tls-cert-file={PKI / 'apiserver.crt'}", f"--tls-private-key-file={PKI / 'apiserver.key'}",
        f"--kubelet-client-certificate={PKI / 'apiserver.crt'}", f"--kubelet-client-key={PKI / 'apiserver.key'}",
        f"--kubelet-certificate-authority={PKI / 'ca.crt'}", "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={PKI / 'accounts.crt'}",
        f"--service-account-signing-key-file={PKI / 'accounts.key'}", f"--service-cluster-ip-range={SERVICE_RANGE}",
    )  # fmt: skip
    _await(
        "kube-apiserver",
        lambda: kubectl("get", "--raw=/readyz", check=False).strip() == "ok",
        "The API server is not ready",
    )
    _start(
        "kube-controller-manager", f"--kubeconfig={BASE / 'etc' / 'kube-controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={PKI / 'accounts.key'}", f"--root-ca-file={PKI / 'ca.crt'}",
        "--use-service-account-credentials=true", "--allocate-node-cidrs=false", "--leader-elect=false",
        "--secure-port=0",
    )  # fmt: skip
    _start("kube-scheduler", f"--kubeconfig={BASE / 'etc' / 'kube-scheduler.kubeconfig'}", "--leader-elect=false",
           "--secure-port=0")  # fmt: skip
    _start_dns()
    start_registry()


def start_proxy(node: Node) -> None:
    """The rules of all services, for all nodes: they share the machine's network. Returns when they are there.

    Args:
        node: that it calls itself, and which has registered: under the name of no node, kube-proxy tries for half a
            minute to find out its address before it writes a single rule.
    """
    proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables",
        "clientConnection": {"kubeconfig": str(BASE / "etc" / "kube-proxy.kubeconfig")}, "hostnameOverride": node.name,
        "conntrack": {"maxPerCore": 0}, "clusterCIDR": PODS_RANGE, "iptables": {"masqueradeAll": True},
        # They say how many rules there are and that it lives, to whoever asks: no pod need.
        "metricsBindAddress": f"{LOOPBACK}:{PROXY_METRICS_PORT}",
        "healthzBindAddress": f"{LOOPBACK}:{PROXY_HEALTH_PORT}",
    }  # fmt: skip
    (BASE / "etc" / "kube-proxy.yaml").write_text(json.dumps(proxy))
    _start("kube-proxy", f"--config={BASE / 'etc' / 'kube-proxy.yaml'}")
    _await(
        "kube-proxy",
        lambda: "KUBE-SERVICES" in processes.run("iptables-save", "--table", "nat", check=False),
        "kube-proxy writes no rules",
    )


def start_policies() -> bool:
    """What enforces network policies, for the pods of all nodes. False where the kernel cannot.

    Returns when they are enforced.
    """
    if not QUEUES.exists():
        return False
    groups = {"": ["pods", "namespaces"], "networking.k8s.io": ["networkpolicies"]}
    rules = [
        {"apiGroups": [group], "resources": resources, "verbs": ["list", "watch"]}
        for group, resources in groups.items()
    ]
    _allow(POLICIES, rules)
    _start(
        POLICIES, f"-kubeconfig={BASE / 'etc' / f'{POLICIES}.kubeconfig'}", f"-queue={QUEUE}",
        f"-table={POLICIES_TABLE}",
    )  # fmt: skip
    _await(
        POLICIES,
        lambda: any(line.split()[0] == str(QUEUE) for line in QUEUES.read_text().splitlines()),
        "Network policies are not enforced",
    )
    # The controller's own rules are for the pods of one node, and for a kernel whose nftables can queue.
    chain = ("iptables", "--table", "mangle")
    processes.run(*chain, "--new-chain", POLICIES_CHAIN)
    for rule in (
        "--match owner --uid-owner 0 --jump RETURN",  # the kubelets' probes, and whoever is root here
        "--match conntrack --ctstate ESTABLISHED,RELATED --jump RETURN",
        f"--source {PODS_RANGE} --jump NFQUEUE --queue-num {QUEUE}",
        f"--destination {PODS_RANGE} --jump NFQUEUE --queue-num {QUEUE}",
    ):
        processes.run(*chain, "--append", POLICIES_CHAIN, *rule.split())
    processes.run(*chain, "--append", "POSTROUTING", "--jump", POLICIES_CHAIN)
    return True


def start_kuberay() -> None:
    """KubeRay's operator, with its kinds, and the rights that its makers give it. Returns when it is at work."""
    files = SHARE / KUBERAY
    kinds = [argument for path in sorted(files.glob("ray.io_*.yaml")) for argument in ("-f", str(path))]
    # They are too large for the annotation of an apply on the client's side.
    kubectl("apply", "--server-side", *kinds, "-f", str(files / "role.yaml"))
    kubectl("wait", "--for=condition=Established", "--timeout=60s", *kinds)
    _apply([_binding(KUBERAY, role=KUBERAY)])
    _start(
        KUBERAY, f"--kubeconfig={BASE / 'etc' / f'{KUBERAY}.kubeconfig'}", "--enable-leader-election=false",
        "--metrics-addr=0", f"--health-probe-bind-address={LOOPBACK}:{KUBERAY_PORT}",
    )  # fmt: skip
    _await(
        KUBERAY,
        lambda: _answers(f"http://{LOOPBACK}:{KUBERAY_PORT}/readyz"),
        "KubeRay's operator does not answer",
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an address of this machine
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def _allow(user: str, rules: Sequence[Mapping[str, object]]) -> None:
    """Lets a program of the cluster's do this much."""
    name = f"system:{user}"
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
    _apply([role, _binding(user, role=name)])


def _binding(user: str, role: str) -> dict[str, object]:
    name = f"system:{user}"
    return {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": name}],
    }  # fmt: skip


def _apply(objects: Sequence[object]) -> None:
    kubectl("apply", "-f", "-", said=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def kubectl(*arguments: str, said: str | None = None, check: bool = True) -> str:
    return processes.run(
        str(PROGRAMS / "kubectl"), f"--kubeconfig={KUBECONFIG}", *arguments, said=said, check=check
    )  # fmt: skip


def _start_dns() -> None:
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    _allow("coredns", rules)
    ports = [{"name": f"dns-{p.lower()}", "port": 53, "protocol": p} for p in ("UDP", "TCP")]
    objects = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
         "spec": {"clusterIP": DNS_SERVICE, "ports": ports}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": ports,
         "metadata": {"name": "kube-dns-host", "namespace": "kube-system",
                      "labels": {"kubernetes.io/service-name": "kube-dns"}},
         "endpoints": [{"addresses": [DNS_ADDRESS], "conditions": {"ready": True}}]},
    ]  # fmt: skip
    _apply(objects)
    corefile = BASE / "etc" / "Corefile"
    corefile.write_text(
        f".:53 {{\n bind {DNS_ADDRESS}\n errors\n kubernetes cluster.local in-addr.arpa {{\n"
        f"  kubeconfig {BASE / 'etc' / 'coredns.kubeconfig'}\n }}\n forward . /etc/resolv.conf\n cache 10\n}}\n"
    )
    _start("coredns", f"-conf={corefile}")


def start_registry() -> None:
    path = BASE / "etc" / "registry.yml"
    storage = {"filesystem": {"rootdirectory": str(BASE / "registry")}, "delete": {"enabled": False}}
    path.write_text(
        json.dumps({"version": 0.1, "storage": storage, "http": {"addr": f"{LOOPBACK}:{REGISTRY_PORT}"}})
    )  # fmt: skip
    _start("registry", "serve", str(path))
