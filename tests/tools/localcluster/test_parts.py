"""What needs no cluster: certificates, configurations, processes' identity, taken ports."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3
from cryptography import x509
from free_ports import free_port_base
from live_traces import traces
from mlplatform.service_types import SERVICE_TYPES
from urllib3.exceptions import NewConnectionError, ProtocolError, SSLError

from tools.localcluster import certificates, command_line, control_plane, machine, node, processes
from tools.localcluster.layout import LABEL, NODES, PROGRAMS, ROOT, LocalClusterError


def test_all_that_the_kernel_refuses_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_failure", lambda *_: "Operation not permitted")
    monkeypatch.setattr(machine, "CONTROL_GROUPS", Path("/proc/no-such"))
    with pytest.raises(LocalClusterError) as refused:
        command_line.check_machine(built=False)
    for part in ("no network interface can be made", "no rules", "nothing can be mounted", "no control group"):
        assert part in str(refused.value)


def test_a_full_disk_is_told_with_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=3 * 10**9))
    assert machine.faults() == [
        f"3.0 GB are free on the disk of {ROOT}, and its nodes need {machine.DISK_GB} GB: make room"
    ]


def test_a_machine_is_looked_at_without_a_trace() -> None:
    before = traces()
    assert machine.faults() == []
    assert traces() == before


def test_labels_and_taints_are_those_of_the_service_types() -> None:
    types = {one.name: one for one in SERVICE_TYPES}
    for one in NODES:
        known = types[one.service_type]
        assert known.labels == {LABEL: one.service_type}
        assert [(one.taint["key"], one.taint["value"], one.taint["effect"])] == [
            (taint.key, taint.value, taint.effect) for taint in known.taints
        ]


def test_certificates_are_signed_by_the_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "FOLDER", tmp_path)
    certificates.issue("ca", "authority")
    certificates.issue("one", "system:node:one", "system:nodes", ("10.99.0.1", "one"))
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    made = x509.load_pem_x509_certificate((tmp_path / "one.crt").read_bytes())
    made.verify_directly_issued_by(authority)
    assert (tmp_path / "one.key").stat().st_mode & 0o777 == 0o600


REFUSED = r"(?i)certificate required|unknown ca|bad certificate|EOF occurred|reset by peer"
"""A server that ends the handshake is heard by what it says, or by its silence."""


def test_etcd_speaks_with_nobody_but_the_api_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All Secrets are in it, and every user of the machine reaches it."""
    monkeypatch.setattr(certificates, "FOLDER", tmp_path)
    certificates.issue("ca", "local-authority")
    certificates.issue("node", "system:node:one", "system:nodes")
    control_plane.make_store_certificates()
    port = free_port_base(30000, 32000)
    options = control_plane.store_options(tmp_path, tmp_path / "data", port, port + 1)

    def ask(certificate: str | None, at: int = port) -> bytes:
        authority = str(tmp_path / f"{control_plane.STORE_AUTHORITY}.crt")
        own, key = (str(tmp_path / f"{certificate}.{end}") if certificate else None for end in ("crt", "key"))
        server = urllib3.HTTPSConnectionPool(
            "127.0.0.1", at, ca_certs=authority, cert_file=own, key_file=key, retries=False, timeout=10
        )
        return server.request("POST", "/v3/kv/range", json={"key": "AA==", "range_end": "AA=="}).data

    with subprocess.Popen(
        [str(PROGRAMS / "etcd"), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as etcd:
        try:
            end, told = time.monotonic() + 300, b""
            while not told:
                assert time.monotonic() < end
                with suppress(NewConnectionError):
                    told = ask("apiserver-etcd")
            assert b"raft_term" in told
            for stranger, at in ((None, port), ("node", port), (None, port + 1), ("node", port + 1)):
                with pytest.raises((SSLError, ProtocolError), match=REFUSED):
                    ask(stranger, at)
            plain = urllib3.HTTPConnectionPool("127.0.0.1", port, retries=False, timeout=10)
            with pytest.raises(ProtocolError, match="closed connection"):
                plain.request("GET", "/version")
        finally:
            etcd.terminate()


def test_a_node_promises_its_share_of_the_machine() -> None:
    config = node.kubelet_config(NODES[0], 24 * 2**30)
    assert config["systemReserved"] == {"memory": str(24 * 2**30 - 4 * 2**30 - 100 * 2**20)}


def test_no_two_nodes_share_a_thing() -> None:
    for of in ("name", "address", "bridge", "folder", "socket"):
        assert len({getattr(one, of) for one in NODES}) == len(NODES)


def test_a_recycled_process_is_not_taken_for_ours(tmp_path: Path) -> None:
    file = tmp_path / "one.pid"
    file.write_text(f"{os.getpid()} {processes.start_time(os.getpid())}")
    assert processes.pid_of(file) == os.getpid()
    file.write_text(f"{os.getpid()} 1")
    assert processes.pid_of(file) is None


def test_a_taken_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(command_line, "REGISTRY_PORT", port)
        with pytest.raises(LocalClusterError, match=rf"Port {port} is taken"):
            command_line.check_ports()


def test_an_unknown_node_is_told() -> None:
    with pytest.raises(LocalClusterError, match="No node is called nodes: there are system"):
        command_line.chosen("system,nodes")
