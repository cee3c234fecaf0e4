"""A real PostgreSQL for tests, on a free port of loopback, with TLS.

The program is the one that Zonky publishes for tests in Maven Central: a plain archive, of the major version that RDS
runs (`infra/mlplatform/foundation/aws/engine_versions.py`). Debian's package would start a server of its own and comes
in whichever version the release has; the wheels on PyPI make a system user, and open the folders above them, when root
runs them.
"""

from __future__ import annotations

import hashlib
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tools.images.maven import unpack

VERSION = "17.11.0"
MAVEN = "https://repo1.maven.org/maven2/io/zonky/test/postgres"
ARCHIVES = {
    "x86_64": ("linux-amd64", "0dd7b72b6f335b8ecfb355fa24c5781e8a93edd09880bb77eb52ebbf29b3e96d"),
    "aarch64": ("linux-arm64v8", "8b042e0ea418b1927d95399207950da0734d27fe01e29503ade3bdc464ad4c2b"),
}
"""Machine → Zonky's name of it, and the SHA-256 of the archive, as Maven Central publishes it beside the file."""
CACHE = Path(__file__).resolve().parents[3] / ".local" / "postgresql"
SUPERUSER = "boot"
SUPERUSER_PASSWORD = "boot-password"  # noqa: S105 - of a server that lives as long as the tests


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    port: int
    ca: Path
    """Certificate that signed the server's, which is for ``localhost``."""
    log: Path

    def connect(
        self, user: str = SUPERUSER, password: str = SUPERUSER_PASSWORD, database: str = "postgres"
    ) -> psycopg.Connection[Any]:
        """A connection in autocommit mode."""
        return psycopg.connect(
            host="localhost", port=self.port, user=user, password=password, dbname=database, autocommit=True
        )

    def run(self, statement: str, *values: object, database: str = "postgres") -> list[Any]:
        """Runs one statement as the superuser; its rows."""
        with self.connect(database=database) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


def archive() -> Path:
    """The archive below `.local/`, fetched if need be, with the digest that is pinned here."""
    system, digest = ARCHIVES[platform.machine()]
    name = f"embedded-postgres-binaries-{system}"
    path = CACHE / f"{name}-{VERSION}.jar"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as part:
            with urllib.request.urlopen(f"{MAVEN}/{name}/{VERSION}/{path.name}", timeout=60) as answer:  # noqa: S310
                shutil.copyfileobj(answer, part)
            Path(part.name).rename(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        path.unlink()
        raise AssertionError(f"{path} had the digest {found}, not {digest}: it is removed")
    return path


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Starts a server and stops it. PostgreSQL refuses root, who runs it as ``nobody`` in a folder of its own."""
    demoted: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        unpack(archive(), folder / "program")
        data, certificates = folder / "data", folder / "certificates"
        data.mkdir(mode=0o700)
        write_certificates(certificates)
        (folder / "password").write_text(SUPERUSER_PASSWORD)
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            demoted = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (folder, data, certificates / "server.key", folder / "password"):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        program = folder / "program" / "bin"
        options = ["-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"]
        done = subprocess.run(
            [str(program / "initdb"), "-D", str(data), *options, f"--pwfile={folder / 'password'}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **demoted,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        log = folder / "server.log"
        with log.open("w") as output:
            yield from _run(program, folder, demoted, output, log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: Path, folder: Path, demoted: dict[str, Any], output: IO[str], log: Path) -> Iterator[PostgresServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "listen_addresses": "localhost",
        "unix_socket_directories": "",
        "port": port,
        "ssl": "on",
        "ssl_cert_file": folder / "certificates" / "server.crt",
        "ssl_key_file": folder / "certificates" / "server.key",
        "fsync": "off",
        "log_statement": "all",
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # Where there is this command (Linux), the server ends with the tests, however they end.
    tied = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*tied, str(program / "postgres"), "-D", str(folder / "data"), *words],
        cwd=folder,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **demoted,
    )
    server = PostgresServer(port, folder / "certificates" / "ca.crt", log)
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                server.connect().close()
                break
            except psycopg.OperationalError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)  # PostgreSQL's "immediate": nothing need be saved
        process.wait(timeout=300)


def write_certificates(folder: Path, ca_name_text: str = "test CA") -> None:
    """A CA, and a server's certificate for ``localhost`` that it signed."""
    folder.mkdir()
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (ca_name_text, "localhost")
    )

    def signed(
        subject: x509.Name, public: ec.EllipticCurvePublicKey, extension: x509.ExtensionType, *, critical: bool
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(extension, critical=critical)
            .sign(ca_key, hashes.SHA256())
        )

    ca = signed(ca_name, ca_key.public_key(), x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = signed(name, key.public_key(), names, critical=False)
    (folder / "ca.crt").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "server.key").chmod(0o600)
