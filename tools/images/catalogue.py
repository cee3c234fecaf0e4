"""The images, their bases, and where everything is kept."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local" / "images"
"""All that is written, the storage of buildah and podman included."""
BENTO_HOME = ROOT / ".local" / "data" / "shared" / "bentoml"
"""Where `make run` has Bentos built."""
EPOCH = 1735689600
"""2025-01-01: when every file of an image says that it was changed. The same sources then give the same image."""
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ImagesError(Exception):
    """What is wrong and what to do, for a person."""


@dataclass(frozen=True)
class Base:
    """What images start from: Debian with few packages and one user."""

    name: str
    packages: tuple[str, ...]
    folders: tuple[str, ...] = ()
    """What a package fails without while it is installed."""


@dataclass(frozen=True)
class Image:
    """One image of `Images` in the stack's configuration."""

    name: str
    """The field's name."""
    package: str
    """The folder below `workloads/`; of a stand-in, below `tools/images/stand_ins/`."""
    title: str
    base: str = "python"
    target: str = ""
    """The stage of the Containerfile; empty: the only one."""
    holds_bento: bool = False
    unpacked: bool = False
    """Whether what it takes from Maven Central is an archive, not jars."""
    program: str = ""
    """What it takes of the toolchain, which Go builds for this machine's processor; empty: nothing."""
    stand_in: bool = False
    """Whether it takes the place of a service of AWS, in the environment `local` alone."""

    @property
    def folder(self) -> Path:
        return ROOT / ("tools/images/stand_ins" if self.stand_in else "workloads") / self.package

    @property
    def repository(self) -> str:
        """The last part of its address in a registry."""
        return self.name.replace("_", "-")

    @property
    def key(self) -> str:
        """Its key below `mlplatform:` in the stack's configuration."""
        first, *others = self.name.split("_")
        section = "inCluster.standIns" if self.stand_in else "images"
        return f"{section}.{first}" + "".join(word.capitalize() for word in others)


# Compiled packages want the C++ library, and time zones have no other home.
PYTHON = ("ca-certificates", "libstdc++6", "python3", "tini", "tzdata")
BASES = {
    base.name: base
    for base in (
        Base("python", PYTHON),
        # It links manual pages, which are left out, into their folder.
        Base("java", ("openjdk-17-jre-headless", *PYTHON), folders=("/usr/share/man/man1",)),
        # For programs that bring their own libraries.
        Base("minimal", ("libstdc++6", "tini")),
    )
}
IMAGES = {
    image.name: image
    for image in (
        Image("mlflow_tracking", "mlflow_tracking", "MLflow's tracking server"),
        Image("spark_preprocessing", "spark_preprocessing", "Spark's driver and executors", base="java"),
        Image("ray_training", "ray_training", "Ray's head, workers and training"),
        Image("bento_flight_api", "bento_serving", "The flight APIs of both patterns", target="flight-api"),
        Image("bento_model_api", "bento_serving", "The model API with its model", target="model-api", holds_bento=True),
    )
}
STAND_INS = {
    image.name: image
    for image in (
        Image(
            "postgresql",
            "postgresql",
            "The database, where it is a pod",
            base="minimal",
            unpacked=True,
            stand_in=True,
        ),
        Image(
            "object_store",
            "object_store",
            "The object store, where it is a pod",
            base="minimal",
            program="versitygw",
            stand_in=True,
        ),
        Image("kafka", "kafka", "The Kafka broker, where it is a pod", base="java", stand_in=True),
    )
}


def known_image(name: str) -> Image:
    """The image of that name, in either spelling.

    Raises ImagesError that lists the names when there is none.
    """
    known = {**IMAGES, **STAND_INS}
    found = known.get(name.replace("-", "_"))
    if found is None:
        raise ImagesError(f"no such image: {name} (there is {', '.join(known)})")
    return found


def own_architecture() -> str:
    """This machine's, as image indexes call it.

    Raises ImagesError when images are not built for it.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise ImagesError(f"This machine's processor is {machine}: images are built for amd64 and arm64 only.")
    return ARCHITECTURES[machine]
