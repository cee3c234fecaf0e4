"""The programs that build images, and what each is told."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.images.catalogue import EPOCH, FOLDER, ImagesError
from tools.images.processes import answer_of

NAMES = ("buildah", "podman", "docker")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(/|$)")
"""The beginning of an image's address in a registry on this machine, which is spoken to without encryption."""


@dataclass(frozen=True)
class Build:
    """One image to be built."""

    tag: str
    file: Path
    context: Path
    architecture: str
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    installs_python: bool = True
    """Whether it is given the machine's certificates and package index while it is built."""
    pulls: bool = False
    """Whether what it starts from comes from a registry."""


@dataclass(frozen=True)
class Builder:
    """A program, and where it keeps what it builds."""

    name: str
    folder: Path = FOLDER

    @property
    def variables(self) -> dict[str, str]:
        """Of its environment."""
        if self.name == "docker":
            return {"DOCKER_BUILDKIT": "1", "SOURCE_DATE_EPOCH": str(EPOCH)}
        # Work in progress, and the caches that Containerfiles mount.
        return {"TMPDIR": str(self.folder / "tmp")}

    @property
    def _command(self) -> list[str]:
        if self.name == "docker":
            return ["docker"]
        places = ["--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run")]
        # Without it the storage stays mounted on itself, and no `rm -rf` can remove it.
        return [self.name, *places, "--storage-opt", "overlay.skip_mount_home=true"]

    def build(self, build: Build) -> list[str]:
        """Builds an image under its tag."""
        command = [*self._command, "build", "--file", str(build.file), "--tag", build.tag]
        command += ["--platform", f"linux/{build.architecture}", "--network", "host"]
        if self.name == "docker":
            command += ["--progress", "plain", "--provenance=false"]
        else:
            command += ["--layers", "--timestamp", str(EPOCH), f"--pull={'missing' if build.pulls else 'never'}"]
        if self.name == "buildah":
            # Works inside a container and without a runtime, too.
            command += ["--isolation", "chroot"]
        if build.target:
            command += ["--target", build.target]
        for name, value in build.arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, value in build.labels.items():
            command += ["--label", f"{name}={value}"]
        if build.installs_python:
            for secret in _secrets():
                command += ["--secret", secret]
        return [*command, str(build.context)]

    def push(self, tag: str, target: str, digest_file: Path) -> list[list[str]]:
        """Pushes an image; buildah and podman write its digest into the file."""
        if self.name == "docker":
            return [["docker", "tag", tag, target], ["docker", "push", "--quiet", target]]
        plain = ["--tls-verify=false"] if LOOPBACK.match(target) else []
        scheme = "docker://" if self.name == "buildah" else ""
        return [[*self._command, "push", *plain, "--digestfile", str(digest_file), tag, f"{scheme}{target}"]]

    def save(self, tag: str, archive: Path, digest_file: Path) -> list[list[str]]:
        """Writes an image into a file: an OCI archive, of docker one of its own kind."""
        if self.name == "buildah":
            target = f"oci-archive:{archive}:{tag}"
            return [[*self._command, "push", "--digestfile", str(digest_file), tag, target]]
        kind = ["--format", "oci-archive"] if self.name == "podman" else []
        return [[*self._command, "save", *kind, "--output", str(archive), tag]]

    def find(self, tag: str) -> tuple[str, int] | None:
        """Id and bytes of an image that was built; None when it is not there."""
        if self.name != "buildah":
            said = answer_of([*self._command, "image", "inspect", tag], self.variables)
            if said is None:
                return None
            facts = json.loads(said)[0]
            return str(facts["Id"]).removeprefix("sha256:"), int(facts["Size"])
        said = answer_of([*self._command, "inspect", "--type", "image", tag], self.variables)
        if said is None:
            return None
        facts = json.loads(said)
        # Layers lie here as they are, not compressed.
        layers = json.loads(facts["Manifest"])["layers"]
        return str(facts["FromImageID"]), sum(int(layer["size"]) for layer in layers)

    def discard_work(self) -> None:
        """Removes what a build that was stopped has left mounted."""
        if self.name == "buildah" and answer_of([*self._command, "containers", "--quiet"], self.variables):
            answer_of([*self._command, "rm", "--all"], self.variables)

    def discard_replaced(self) -> None:
        """Removes images that have no name any more, as another has it; docker's are not ours to remove."""
        prune = {"buildah": ["rmi", "--prune"], "podman": ["image", "prune", "--force"]}.get(self.name)
        if prune:
            answer_of([*self._command, *prune], self.variables)

    def pushed_digest(self, target: str) -> str | None:
        """What docker knows of an image that it has pushed."""
        said = answer_of(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", target], {})
        repository = target.rpartition(":")[0]
        for one in json.loads(said) if said else ():
            name, _, digest = str(one).partition("@")
            if name == repository:
                return digest
        return None


def find_builder(wanted: str | None) -> Builder:
    """The builder that was asked for, or the first that the machine has.

    Raises ImagesError when there is none, or when docker has no engine.
    """
    for name in (wanted,) if wanted else NAMES:
        if shutil.which(name) is None:
            continue
        # A client of docker without an engine is no builder.
        if name == "docker" and answer_of(["docker", "version", "--format", "{{.Server.Version}}"], {}) is None:
            if wanted:
                raise ImagesError("docker is on PATH, but its engine does not answer: start it, or use buildah.")
            continue
        return Builder(name)
    if wanted:
        raise ImagesError(f"{wanted} is not on PATH (Debian and Ubuntu: 'apt-get install {wanted}').")
    raise ImagesError(
        "There is nothing that builds images: neither buildah nor podman is on PATH, and no docker engine answers"
        " (Debian and Ubuntu: 'apt-get install --no-install-recommends buildah mmdebstrap')."
    )


def _secrets() -> list[str]:
    """What a build may read and does not keep."""
    certificates = Path(os.environ.get("SSL_CERT_FILE") or CERTIFICATES)
    found = [f"id=certificates,src={certificates}"] if certificates.is_file() else []
    if index := next((name for name in INDEXES if os.environ.get(name)), None):
        # By the variable's name: an address may have a password in it.
        found.append(f"id=index,env={index}")
    return found
