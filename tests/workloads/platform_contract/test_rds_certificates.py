"""The certificate authorities of RDS that come with the contract."""

from __future__ import annotations

import ssl

import pytest
from platform_contract.rds_certificates import BUNDLE, CERTIFICATE, certificates, region_of

IN_FORCE_UNTIL = "2061"
"""RSA 2048 authorities of 2021 end then, the others a century after they were made (RDS user guide)."""


def described() -> list[dict[str, object]]:
    """As OpenSSL reads the file, which loads nothing but authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(BUNDLE)
    return [dict(one) for one in context.get_ca_certs()]


def test_every_certificate_is_an_authority_that_openssl_takes() -> None:
    assert len(described()) == len(CERTIFICATE.findall(BUNDLE.read_text())) == BUNDLE.read_text().count("BEGIN")


def test_each_region_has_one_for_each_kind_of_key() -> None:
    names = [dict(part[0] for part in one["subject"])["commonName"] for one in described()]  # type: ignore[attr-defined]
    wanted = {
        f"Amazon RDS {region} Root CA {key} G1" for region in certificates() for key in ("RSA2048", "RSA4096", "ECC384")
    }
    assert len(names) == len(wanted)
    assert set(names) == wanted


def test_each_signs_for_itself_and_is_in_force_for_decades() -> None:
    for one in described():
        assert one["subject"] == one["issuer"]
        assert str(one["notAfter"]).split()[3] >= IN_FORCE_UNTIL


def test_a_regions_part_names_that_region_alone() -> None:
    for region, text in certificates().items():
        assert {region_of(certificate) for certificate in CERTIFICATE.findall(text)} == {region}
    assert "".join(certificates().values()) == BUNDLE.read_text()


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "ap-southeast-2"])
def test_regions_that_people_use_are_there(region: str) -> None:
    assert len(CERTIFICATE.findall(certificates()[region])) == 3
