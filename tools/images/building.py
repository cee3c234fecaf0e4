"""Builds what has changed, and knows what it has built.

A stamp beside the storage says what each image was built from; it is written last, and counts only as long as the
builder still has the image. Everything lies below one folder, so removing that is all it takes to begin anew:

    storage/, run/, tmp/    of buildah and podman (docker keeps its own)
    stamps/<image>-….json   what each was built from, and where it was pushed to
    contexts/<image>/       what a builder is given
    logs/<image>.log        what it said the last time
    archives/<image>.tar    images as files
    maven/                  what stand-ins take from Maven Central
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.environments import SetupError, find_uv
from tools.environments import run as run_quietly
from tools.images.bases import RECIPES, kind_of_base, make_base, recipe_of, registry_arguments, require_processor
from tools.images.builders import LOOPBACK, Build, Builder
from tools.images.catalogue import BASES, BENTO_HOME, ROOT, Base, Image, ImagesError
from tools.images.context import containerfile, digest_of, find_bento, installer_digest, lay_out
from tools.images.maven import fetched, locked_for
from tools.images.processes import run_logged
from tools.images.programs import ensure_program

INTERVAL = 30.0
"""Seconds between two lines about a build that goes on."""
TRIPLES = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Options:
    """What the person who runs it has asked for."""

    architecture: str
    base: str = "auto"
    snapshot: str = ""
    refresh_base: bool = False
    bento: Path | None = None
    push: str = ""
    archive: bool = False


@dataclass
class Stamp:
    """What an image was built from, and what became of it."""

    inputs: str = ""
    id: str = ""
    bytes: int = 0
    seconds: float = 0
    pushed: dict[str, str] = field(default_factory=dict)
    """Where it was pushed to → digest."""


@dataclass
class Result:
    """One image after a run."""

    image: Image
    tag: str
    stamp: Stamp
    built: bool
    digest: str | None = None
    archive: Path | None = None


class Site:
    """One builder at work on images for one processor."""

    def __init__(self, builder: Builder, options: Options, say: Callable[[str], None]) -> None:
        self._builder, self._options, self._say = builder, options, say
        self._folder = builder.folder

    def build(self, images: Sequence[Image]) -> Iterator[Result]:
        """Builds each image unless it is there, and pushes or archives it as asked.

        Raises ImagesError at the first that cannot be had; those before it stay.
        """
        require_processor(self._options.architecture)
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
        # What needs no build must not fail after an hour of them.
        bentos = {image.name: self._bento(image) for image in images}
        for image in images:
            containerfile(image)
            locked_for(image, self._options.architecture)
            ensure_program(image, self._options.architecture, self._say)
        with only_one(self._folder / ".lock", self._say), self._tidied():
            for image in images:
                result = self._image(image, bentos[image.name], self._base(BASES[image.base]))
                self._deliver(result)
                yield result
            self._builder.discard_replaced()

    def state(self, image: Image) -> tuple[str, Stamp]:
        """Whether the image is there and up to date, in words; builds nothing."""
        stamp = self._read(image.name)
        if not stamp.id or self._builder.find(self._tag(image.name)) is None:
            return "not built", Stamp()
        base = self._read(f"base-{image.base}")
        try:
            wanted = digest_of(image, self._bento(image), self._settings(base.id))
        except ImagesError:
            return "built; its inputs are gone or have changed", stamp
        return ("up to date" if stamp.inputs == wanted else "changed since it was built"), stamp

    @contextmanager
    def _tidied(self) -> Iterator[None]:
        """What a stopped build leaves mounted is removed: at its end or, if that was a sudden one, by the next.

        After a good end there is nothing, and containers that somebody looks into an image with are left alone.
        """
        unfinished = self._folder / ".unfinished"
        if unfinished.exists():
            self._builder.discard_work()
        unfinished.touch()
        try:
            yield
        except BaseException:
            self._builder.discard_work()
            raise
        finally:
            unfinished.unlink(missing_ok=True)

    def _bento(self, image: Image) -> Path | None:
        return find_bento(self._options.bento, BENTO_HOME) if image.holds_bento else None

    def _base(self, base: Base) -> tuple[str, str]:
        """Tag and id of a base, made if need be."""
        name, tag = f"base-{base.name}", self._tag(f"base-{base.name}")
        stamp, there = self._read(name), self._builder.find(tag)
        kinds = ("debian", "registry") if self._options.base == "auto" else (self._options.base,)
        recipes = [recipe_of(base, kind, self._options.architecture, self._options.snapshot) for kind in kinds]
        # A base that is there is used, whether or not a registry is reached today.
        if there and there[0] == stamp.id and stamp.inputs in recipes and not self._options.refresh_base:
            return tag, stamp.id
        kind = kind_of_base(self._options.base)
        build = Build(
            tag=tag,
            file=RECIPES / f"{kind}.Containerfile",
            context=self._folder / "contexts" / name,
            architecture=self._options.architecture,
            arguments=registry_arguments(base, self._options.snapshot) if kind == "registry" else {},
            installs_python=False,
            pulls=kind == "registry",
        )
        where = "a public registry" if kind == "registry" else "this machine's package source, with mmdebstrap"
        self._say(f"base {base.name}: making it from {where}")
        recipe = recipe_of(base, kind, self._options.architecture, self._options.snapshot)
        stamp = self._timed(
            name,
            tag,
            recipe,
            lambda tick: make_base(base, kind, self._options.snapshot, build=build, builder=self._builder, tick=tick),
        )
        return tag, stamp.id

    def _image(self, image: Image, bento: Path | None, base: tuple[str, str]) -> Result:
        tag = self._tag(image.name)
        inputs = digest_of(image, bento, self._settings(base[1]))
        stamp, there = self._read(image.name), self._builder.find(tag)
        if there and there[0] == stamp.id and stamp.inputs == inputs:
            self._say(f"{image.name}: nothing has changed")
            return Result(image, tag, stamp, built=False)
        self._say(f"{image.name}: {'building' if not stamp.id else 'building anew what has changed'}")
        context = self._folder / "contexts" / image.name
        cache = self._folder / "maven"
        jars = fetched(locked_for(image, self._options.architecture), cache, image.name, self._say)
        lay_out(image, bento, self._uv(), context, jars)
        build = Build(
            tag=tag,
            file=context / "Containerfile",
            context=context,
            architecture=self._options.architecture,
            target=image.target,
            arguments={"BASE": base[0], "INSTALLER": installer_digest()},
            labels={
                "org.opencontainers.image.title": image.name,
                "org.opencontainers.image.description": image.title,
                "org.opencontainers.image.base.name": f"mlplatform/base-{image.base}",
                "io.mlplatform.base": f"sha256:{base[1]}",
                "io.mlplatform.inputs": f"sha256:{inputs}",
            },
        )
        log = self._folder / "logs" / f"{image.name}.log"
        command, variables = self._builder.build(build), self._builder.variables
        stamp = self._timed(
            image.name, tag, inputs, lambda tick: run_logged(command, f"Building {image.name}", log, variables, tick)
        )
        shutil.rmtree(context)
        return Result(image, tag, stamp, built=True)

    def _deliver(self, result: Result) -> None:
        image, builder = result.image, self._builder
        digest_file, log = (
            self._folder / "tmp" / f"{image.name}.digest",
            self._folder / "logs" / f"{image.name}-push.log",
        )
        digest_file.unlink(missing_ok=True)
        if self._options.archive:
            result.archive = self._folder / "archives" / f"{image.name}-{self._options.architecture}.tar"
            result.archive.parent.mkdir(exist_ok=True)
            result.archive.unlink(missing_ok=True)
            self._say(f"{image.name}: writing {result.archive.relative_to(ROOT)}")
            for command in builder.save(result.tag, result.archive, digest_file):
                run_logged(command, f"Writing {result.archive}", log, builder.variables, self._ticker(image.name))
            result.digest = digest_file.read_text().strip() if digest_file.exists() else None
        if not self._options.push:
            return
        # A tag that says what is in it never has to be moved, which the environments' registries forbid.
        repository = f"{self._options.push.rstrip('/')}/{image.repository}"
        target = f"{repository}:{result.stamp.id[:12]}"
        known = result.stamp.pushed.get(repository)
        if known and registry_has(repository, known) is not False:
            self._say(f"{image.name}: is in {self._options.push} already")
            result.digest = known
            return
        self._say(f"{image.name}: pushing to {target}")
        for command in builder.push(result.tag, target, digest_file):
            run_logged(command, f"Pushing {target}", log, builder.variables, self._ticker(image.name))
        digest = digest_file.read_text().strip() if digest_file.exists() else builder.pushed_digest(target)
        if not digest:
            raise ImagesError(f"{target} was pushed, but {builder.name} does not tell its digest: see {log}.")
        result.digest = result.stamp.pushed[repository] = digest
        self._write(image.name, result.stamp)

    def _timed(self, name: str, tag: str, inputs: str, work: Callable[[Callable[[float, str], None]], None]) -> Stamp:
        started = time.monotonic()
        self._stamp(name).unlink(missing_ok=True)
        work(self._ticker(name))
        found = self._builder.find(tag)
        if found is None:
            raise ImagesError(f"{self._builder.name} has ended well, but there is no image {tag}.")
        stamp = Stamp(inputs, *found, round(time.monotonic() - started, 1))
        self._write(name, stamp)
        self._say(f"{name}: ready after {stamp.seconds:.0f} s, {stamp.bytes / 1e6:.0f} MB")
        return stamp

    def _ticker(self, name: str) -> Callable[[float, str], None]:
        told = 0.0

        def tick(seconds: float, line: str) -> None:
            nonlocal told
            if seconds - told >= INTERVAL:
                told = seconds
                self._say(f"{name}: {seconds:.0f} s … {line[:90]}")

        return tick

    def _uv(self) -> Path:
        """The uv that installs within the image: of the images' processor, not this machine's."""
        folder = self._folder / f"uv-{self._options.architecture}"
        stamp, lock = folder / ".lock-digest", ROOT / "tools" / "uv.lock"
        if stamp.exists() and stamp.read_text() == installer_digest():
            return folder / "bin" / "uv"
        shutil.rmtree(folder, ignore_errors=True)
        options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--python", sys.executable]
        options += ["--python-platform", TRIPLES[self._options.architecture], "--target", str(folder)]
        try:
            run_quietly([str(find_uv()), "pip", "install", *options, "-r", str(lock)], "Getting uv for the images")
        except SetupError as fault:
            raise ImagesError(str(fault)) from fault
        stamp.write_text(installer_digest())
        return folder / "bin" / "uv"

    def _settings(self, base_id: str) -> dict[str, str]:
        return {"base": base_id, "architecture": self._options.architecture}

    def _tag(self, name: str) -> str:
        return f"localhost/mlplatform/{name.replace('_', '-')}:{self._options.architecture}"

    def _stamp(self, name: str) -> Path:
        return self._folder / "stamps" / f"{name}-{self._options.architecture}-{self._builder.name}.json"

    def _read(self, name: str) -> Stamp:
        try:
            return Stamp(**json.loads(self._stamp(name).read_text()))
        except (OSError, ValueError, TypeError):
            return Stamp()

    def _write(self, name: str, stamp: Stamp) -> None:
        path = self._stamp(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(stamp), indent=2) + "\n")
        draft.replace(path)


def registry_has(repository: str, digest: str) -> bool | None:
    """Whether a registry still has a manifest; None when it would not say."""
    host, _, name = repository.partition("/")
    scheme = "http" if LOOPBACK.match(host) else "https"
    request = urllib.request.Request(  # noqa: S310 - one of the two schemes
        f"{scheme}://{host}/v2/{name}/manifests/{digest}", method="HEAD", headers={"Accept": MANIFESTS}
    )
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return True
    except urllib.error.HTTPError as answer:
        return False if answer.code == 404 else None
    except OSError:
        return None


@contextmanager
def only_one(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Two builds at once would write into one storage: the second waits."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is at work in this clone: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
