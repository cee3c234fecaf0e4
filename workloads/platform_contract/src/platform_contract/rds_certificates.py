"""The certificate authorities of Amazon RDS, against which a client checks the certificate of its database.

No public authority signs those certificates, so that neither an operating system nor a JVM knows them. AWS publishes
them for download (RDS user guide, "Using SSL/TLS to encrypt a connection to a DB instance"); `rds-global-bundle.pem`
has those that are in force, three for each region, one for each kind of key. `python3 tools/rds_certificates.py` makes
the file, from a package whose digest it knows.
"""

from __future__ import annotations

import re
import ssl
from functools import cache
from pathlib import Path
from typing import Final

BUNDLE: Final = Path(__file__).with_name("rds-global-bundle.pem")
"""All regions' certificates, as libpq's `sslrootcert` and a JDBC driver's take them."""
CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n")
NAME: Final = re.compile(rb"Amazon RDS ([a-z]{2}(?:-[a-z]+)+-\d) Root CA (?:RSA2048|RSA4096|ECC384) G1")
"""Common name of an authority, as it stands in the certificate itself."""


def region_of(certificate: str) -> str | None:
    """The region whose databases an authority signs for; None for a certificate of another kind.

    Args:
        certificate: in PEM.
    """
    names = set(NAME.findall(ssl.PEM_cert_to_DER_cert(certificate)))
    return names.pop().decode() if len(names) == 1 else None


@cache
def certificates() -> dict[str, str]:
    """Region → its authorities, in PEM."""
    found: dict[str, str] = {}
    for certificate in CERTIFICATE.findall(BUNDLE.read_text(encoding="ascii")):
        region = region_of(certificate)
        if region is not None:
            found[region] = found.get(region, "") + certificate
    return found
