"""The command line: `build`, `list`, `lock` and `clean`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.endings import end_for_people
from tools.images.builders import NAMES, find_builder
from tools.images.building import Options, Result, Site
from tools.images.catalogue import (
    ARCHITECTURES,
    FOLDER,
    IMAGES,
    STAND_INS,
    Image,
    ImagesError,
    known_image,
    own_architecture,
)
from tools.images.cleaning import clean
from tools.images.jars import place_jars
from tools.images.locking import lock

HELP = f"""\
Builds the container images of the workloads, only what has changed, and pushes them.

images:
  {", ".join(IMAGES)}
and, for the environment local alone:
  {", ".join(STAND_INS)}

Each has a Containerfile in its package below workloads/. They run as user 1000 on a read-only root file system with
/tmp writable. The same sources, lock files and base give the same image.
A stand-in's programs and Spark's client for S3 come from Maven Central, each as the maven.sha256 beside the
Containerfile says; `lock` writes that anew from the pom.xml there. The object store's is built by tools/toolchain.

What is written: everything below .local/images (docker keeps its images itself).
What is read of the environment: SSL_CERT_FILE, UV_DEFAULT_INDEX or PIP_INDEX_URL, http_proxy and the like while
packages are installed (none of it is in the image); MAVEN_REPOSITORY, a mirror of Maven Central; STORAGE_DRIVER of
buildah and podman.

exit status: 0 done; 2 something is wrong, and a sentence says what; 130 stopped.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def setting(result: Result, pushed: str) -> str:
    """What the configuration is told: a workload's digest, for the stack knows its registry; a stand-in's address."""
    if not result.image.stand_in:
        return str(result.digest)
    return f"{pushed.rstrip('/')}/{result.image.repository}@{result.digest}"


def configuration_commands(results: Sequence[Result], pushed: str, stack: str) -> list[str]:
    """What puts pushed images under a stack's configuration."""
    option = f"--stack {stack} " if stack else ""
    return [
        f"pulumi config set {option}--path 'mlplatform:{result.image.key}' {setting(result, pushed)}"
        for result in results
        if result.digest
    ]


def size(count: int) -> str:
    """Bytes in MB, as registries and disks count."""
    return f"{count / 1e6:,.0f} MB" if count else "-"


def told(results: Sequence[Result], pushed: str, stack: str) -> str:
    """What came of a build, for a person."""
    rows = [
        (
            result.image.name,
            size(result.stamp.bytes),
            f"{result.stamp.seconds:.0f} s" if result.built else "-",
            "built" if result.built else "nothing has changed",
            result.digest or f"sha256:{result.stamp.id} (image id)",
        )
        for result in results
    ]
    parts = [table(("image", "size", "took", "what", "digest"), rows)]
    if archives := [str(result.archive) for result in results if result.archive]:
        parts.append("Archives:\n" + "\n".join(f"  {path}" for path in archives))
    if pushed:
        commands = "\n".join(f"  {line}" for line in configuration_commands(results, pushed, stack))
        parts.append(f"They are in {pushed}. A stack runs them after:\n{commands}")
    return "\n\n".join(parts)


def as_json(results: Sequence[Result], pushed: str, stack: str) -> str:
    """The same for a program."""
    images: list[dict[str, Any]] = [
        {
            "name": result.image.name,
            "built": result.built,
            "bytes": result.stamp.bytes,
            "seconds": result.stamp.seconds,
            "id": f"sha256:{result.stamp.id}",
            "digest": result.digest,
            "reference": f"{pushed.rstrip('/')}/{result.image.repository}@{result.digest}" if pushed else None,
            "archive": str(result.archive) if result.archive else None,
        }
        for result in results
    ]
    commands = configuration_commands(results, pushed, stack) if pushed else []
    return json.dumps({"images": images, "commands": commands}, indent=2)


def listed(site: Site, machine_readable: bool) -> str:
    """All images and how each stands."""
    states = [(image, *site.state(image)) for image in (IMAGES | STAND_INS).values()]
    if machine_readable:
        facts = [
            {"name": image.name, "key": image.key, "state": state, "bytes": stamp.bytes, "pushed": stamp.pushed}
            for image, state, stamp in states
        ]
        return json.dumps({"images": facts}, indent=2)
    rows = [(image.name, size(stamp.bytes), state, image.title) for image, state, stamp in states]
    return table(("image", "size", "state", "what it is"), rows)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="images.py", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build images, only what has changed")
    build.add_argument("images", nargs="*", metavar="IMAGE", help="none means all workloads'")
    build.add_argument("--stand-ins", action="store_true", help="also those of the environment local alone")
    build.add_argument("--push", metavar="REGISTRY", default="", help="push to REGISTRY/<image>, by digest")
    build.add_argument(
        "--archive", action="store_true", help="write each image into a file below .local/images/archives"
    )
    build.add_argument(
        "--bento", type=Path, metavar="FOLDER", help="the model API's Bento (else: the one of 'make run')"
    )
    build.add_argument(
        "--base",
        choices=("auto", "registry", "debian"),
        default="auto",
        help="a public registry's base or one of this machine's own packages (auto: what there is)",
    )
    build.add_argument("--snapshot", metavar="TIME", default="", help="Debian's packages of then, as 20260101T000000Z")
    build.add_argument("--refresh-base", action="store_true", help="make the base anew, with today's packages")
    build.add_argument("--stack", default="", help="named in the commands that are printed")
    locks = commands.add_parser("lock", help="write a lock file maven.sha256 anew (needs Maven)")
    locks.add_argument("image", metavar="IMAGE", help="kafka or spark_preprocessing, after a change of its pom.xml")
    jars = commands.add_parser("jars", help="put what an image takes from Maven Central into its package's environment")
    jars.add_argument("image", metavar="IMAGE", help="spark_preprocessing, for a lake that is in S3")
    commands.add_parser("clean", help="remove everything below .local/images")
    for command in (build, commands.add_parser("list", help="all images, and whether each is up to date")):
        command.add_argument("--architecture", choices=sorted(set(ARCHITECTURES.values())), help="else: this machine's")
        command.add_argument("--builder", choices=NAMES, help="else: the first of them that is there")
        command.add_argument("--json", action="store_true", dest="as_json")
    return parser.parse_args(arguments)


def options_of(parsed: argparse.Namespace) -> Options:
    """What was asked for, checked.

    Raises ImagesError.
    """
    architecture = parsed.architecture or own_architecture()
    if parsed.command == "list":
        return Options(architecture)
    if parsed.snapshot and not re.fullmatch(r"\d{8}T\d{6}Z", parsed.snapshot):
        raise ImagesError(f"--snapshot {parsed.snapshot}: write the time as 20260101T000000Z.")
    if "://" in parsed.push or parsed.push.endswith(":"):
        raise ImagesError(f"--push {parsed.push}: name a registry without a scheme, as in 127.0.0.1:5000.")
    bento = parsed.bento.absolute() if parsed.bento else None
    return Options(
        architecture, parsed.base, parsed.snapshot, parsed.refresh_base, bento, parsed.push, archive=parsed.archive
    )


def run(parsed: argparse.Namespace) -> str:
    """Does what was asked for; what is to be printed."""
    if parsed.command == "clean":
        return "images: removed" if clean(FOLDER) else "images: there is nothing to remove"
    if parsed.command == "lock":
        return lock(known_image(parsed.image), FOLDER, lambda text: print(f"images: {text}", flush=True))
    if parsed.command == "jars":
        return place_jars(known_image(parsed.image), lambda text: print(f"images: {text}", flush=True))
    options = options_of(parsed)
    names = [*(getattr(parsed, "images", ()) or IMAGES), *(STAND_INS if getattr(parsed, "stand_ins", False) else ())]
    images: list[Image] = [known_image(name) for name in dict.fromkeys(names)]
    # Lines about what goes on are no part of what a program reads.
    stream = sys.stderr if parsed.as_json else sys.stdout
    site = Site(find_builder(parsed.builder), options, lambda text: print(f"images: {text}", file=stream, flush=True))
    if parsed.command == "list":
        return listed(site, parsed.as_json)
    results = list(site.build(images))
    if parsed.as_json:
        return as_json(results, options.push, parsed.stack)
    return "\n" + told(results, options.push, parsed.stack)


def main(arguments: Sequence[str]) -> int:
    parsed = parse(arguments)
    return end_for_people("images", lambda: print(run(parsed), flush=True), ImagesError)
