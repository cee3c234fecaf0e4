"""Two authorities, that of the cluster and that of its database, and the certificates of servers and users."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools.localcluster.layout import API_PORT, BASE, CONTEXT, SERVER_ADDRESS

FOLDER = BASE / "pki"


def _name(common: str, group: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if group:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(parts)


def _write_key(name: str, key: ec.EllipticCurvePrivateKey) -> None:
    path = FOLDER / f"{name}.key"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def issue(name: str, common: str, group: str | None = None, hosts: Sequence[str] = (), by: str = "ca") -> None:
    """A certificate ``pki/<name>.crt`` with its key.

    Args:
        name: of the files; an authority's is `by` itself.
        common: whose it is, as Kubernetes and etcd read it.
        group: that a user is in.
        hosts: names and addresses of a server.
        by: the authority.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(name, key)
    now = dt.datetime.now(dt.UTC)
    subject = _name(common, group)
    issuer, signer = subject, key
    if name != by:
        issuer = x509.load_pem_x509_certificate((FOLDER / f"{by}.crt").read_bytes()).subject
        loaded = serialization.load_pem_private_key((FOLDER / f"{by}.key").read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is no elliptic curve")
        signer = loaded
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=name == by, path_length=None), critical=True)
    )  # fmt: skip
    if hosts:
        names = [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = made.sign(signer, hashes.SHA256())
    (FOLDER / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def kubeconfig(name: str, path: Path) -> Path:
    """A kubeconfig of the user whose certificate is `name`."""
    server = {"server": f"https://{SERVER_ADDRESS}:{API_PORT}", "certificate-authority": str(FOLDER / "ca.crt")}
    user = {"client-certificate": str(FOLDER / f"{name}.crt"), "client-key": str(FOLDER / f"{name}.key")}
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": server}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": name}}],
        "current-context": CONTEXT,
    }
    path.write_text(json.dumps(content, indent=2))
    return path
