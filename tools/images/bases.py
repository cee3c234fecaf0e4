"""The bases of the images: Debian with Python and little else, out of one of two places.

- A public registry, where one is reached: Debian's own slim image, pinned by digest, and Debian's packages on top.
- This machine's own package source, where none is: mmdebstrap makes the same out of packages alone. Debian signs what
  they are; a mirror keeps only the newest of each, so a base is pinned by being kept: it stays as it is until
  `--refresh-base` or a change of its recipe makes it anew. `--snapshot` pins the packages themselves, where
  snapshot.debian.org is reached.

In both cases /var/lib/dpkg/status in the image says which versions it has.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tools.images.builders import Build, Builder
from tools.images.catalogue import EPOCH, Base, ImagesError, own_architecture
from tools.images.processes import answer_of, run_logged

SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
MIRRORS = {SUITE: "http://deb.debian.org/debian", f"{SUITE}-security": "http://deb.debian.org/debian-security"}
SNAPSHOTS = "https://snapshot.debian.org/archive"
RECIPES = Path(__file__).resolve().parent / "base"
REGISTRY = "https://registry-1.docker.io/v2/"
EMULATORS = Path("/proc/sys/fs/binfmt_misc")
# Of Debian's packages, what is only read by people who sit before the machine.
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")
KEPT = "/usr/share/doc/*/copyright"
MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Makes /bin a link to /usr/bin from the start: the package that does it later wants all of Perl (47 MB)."""


def public_registry_is_reached(url: str = REGISTRY, seconds: float = 5) -> bool:
    """Whether images can be pulled: a registry that wants a sign-in first is one that answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds):  # noqa: S310 - https, and our own word
            return True
    except urllib.error.HTTPError as answer:
        return answer.code == 401
    except OSError:
        return False


def kind_of_base(wanted: str, reached: Callable[[], bool] = public_registry_is_reached) -> str:
    """'registry' or 'debian', whichever was asked for or can be had.

    Raises ImagesError when neither can.
    """
    if wanted == "registry" or (wanted == "auto" and reached()):
        return "registry"
    if shutil.which("mmdebstrap") is None:
        reason = "" if wanted == "debian" else "No public registry is reached, and "
        raise ImagesError(
            f"{reason}mmdebstrap, which makes a base of this machine's own packages, is not on PATH"
            " (Debian and Ubuntu: 'apt-get install --no-install-recommends mmdebstrap')."
        )
    return "debian"


def recipe_of(base: Base, kind: str, architecture: str, snapshot: str) -> str:
    """Stands for all that decides what is in a base, but for the versions that the mirror has."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(RECIPES.glob("*.*"))}
    settings = [
        kind,
        architecture,
        snapshot,
        EPOCH,
        SUITE,
        sorted(base.packages),
        base.folders,
        EXCLUDED,
        KEPT,
        MERGED_USR,
        files,
    ]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def package_sources(snapshot: str, machine: str | None = None) -> list[str]:
    """Lines of Debian's suites for mmdebstrap: the snapshot's, the machine's own, or else Debian's.

    Args:
        machine: what `apt-get indextargets` says, as lines of address, suite and component.
    """
    if snapshot:
        return [
            f"deb {SNAPSHOTS}/debian/{snapshot} {SUITE} main",
            f"deb {SNAPSHOTS}/debian-security/{snapshot} {SUITE}-security main",
        ]
    if machine is None:
        asked = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
        machine = answer_of(["apt-get", "indextargets", "--format", asked, "Created-By: Packages"], {}) or ""
    found = dict.fromkeys(tuple(line.split()) for line in machine.splitlines())
    own = [
        f"deb {address} {suite} main" for address, suite, component in found if suite in SUITES and component == "main"
    ]
    return own or [f"deb {address} {suite} main" for suite, address in MIRRORS.items()]


def mmdebstrap(base: Base, architecture: str, snapshot: str, archive: Path) -> list[str]:
    """Makes the archive of a base."""
    options = ['Acquire::Check-Valid-Until "false"', 'APT::Install-Recommends "false"']
    # A power cut may leave half a base: it is not used then, so nothing needs to be written to the disk at once.
    paths = [*(f"path-exclude={path}" for path in EXCLUDED), f"path-include={KEPT}", "force-unsafe-io"]
    return [
        "mmdebstrap",
        "--variant=essential",
        f"--hook-dir={MERGED_USR}",
        f"--architectures={architecture}",
        f"--include={','.join(base.packages)}",
        *(f"--aptopt={option}" for option in options),
        *(f"--dpkgopt={path}" for path in paths),
        *(f'--essential-hook=mkdir -p "$1{path}"' for path in base.folders),
        f"--customize-hook=copy-in {RECIPES} /",
        '--customize-hook=chroot "$1" sh /base/finish.sh',
        '--customize-hook=rm -r "$1/base"',
        "--format=tar",
        SUITE,
        str(archive),
        *package_sources(snapshot),
    ]


def registry_arguments(base: Base, snapshot: str) -> dict[str, str]:
    """What the Containerfile of the registry's base is told."""
    return {"PACKAGES": " ".join(base.packages), "FOLDERS": " ".join(base.folders), "SNAPSHOT": snapshot}


def require_processor(architecture: str) -> None:
    """Raises ImagesError when this machine cannot run what it is to build for."""
    if architecture == own_architecture():
        return
    emulator = {"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}[architecture]
    if not (EMULATORS / emulator).exists():
        raise ImagesError(
            f"This machine cannot run programs for {architecture}, which a build must: build on one that has it, or"
            " install an emulator (Debian and Ubuntu: 'apt-get install qemu-user-static binfmt-support')."
        )


def make_base(
    base: Base, kind: str, snapshot: str, *, build: Build, builder: Builder, tick: Callable[[float, str], None]
) -> None:
    """Makes a base under the tag of `build`, whose context is a folder that may be emptied.

    Raises ImagesError when it fails.
    """
    shutil.rmtree(build.context, ignore_errors=True)
    build.context.mkdir(parents=True)
    log, variables = builder.folder / "logs" / f"base-{base.name}.log", builder.variables
    if kind == "debian":
        command = mmdebstrap(base, build.architecture, snapshot, build.context / "base.tar")
        run_logged(command, f"Making the base '{base.name}'", log, {**variables, "SOURCE_DATE_EPOCH": str(EPOCH)}, tick)
    else:
        for name in ("finish.sh", "even_keystore.py"):
            shutil.copyfile(RECIPES / name, build.context / name)
    run_logged(builder.build(build), f"Building the base '{base.name}'", log, variables, tick)
    shutil.rmtree(build.context)
