"""A version of the data set appears whole or not at all, also when the machine is switched off in between.

The protocol, in phases; every store (`spark_preprocessing.publishing.store`) keeps to it:

1. **Hold.** One run at a time may publish a data set; another waits. On a file system that is a lock, which dies with
   its process; on S3 a lease, which runs out when its holder no longer renews it. With it the run notes what
   ``LATEST.json`` says.
2. **Sweep.** Whoever holds is alone: what is staged there was left by a run that is dead, and is removed; so is a
   version that the dead run had begun to install and that has no manifest.
3. **Stage.** Everything is written into ``.staging-<run>``, beside the versions.
4. **Install.** A note in the staging folder says which version it will be. Then the quarantine and the version, its
   manifest last, get their final names: on a file system by one rename each, which moves aside what has the name and
   is damaged; on S3, which has no rename, by copying object by object. A version that has the name and is intact is
   left as it is, also by ``--force``: it was made of the same files by the same code, and somebody may be reading it.
5. **Commit.** ``LATEST.json`` is replaced in one step, provided that it still says what it said in phase 1. Before
   that no reader has seen anything of this run.
6. **Leave.** What was staged is removed, and the hold is given up.

A run that is killed in phase 3 or 4 has changed nothing for readers, and the next one sweeps. One that is killed after
phase 4 leaves a whole version that nobody is sent to; the next run of the same input installs and commits it again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from platform_contract import DatasetPointer, FeatureManifest, FileDigest
from pydantic import ValidationError

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.publishing.store import MANIFEST, Hold, Say, Seen

POINTER: Final = "LATEST.json"
STAGING: Final = ".staging-"
NOTE: Final = "installing"
"""In a staging folder: the name of the version that its run has begun to install."""


@dataclass(frozen=True)
class Edition:
    """One run's way from the hold to the commit. Exists inside `edition` alone."""

    features: str
    """The data set's folder below ``lake.features``."""
    quarantine: str
    """Its folder below ``lake.quarantine``."""
    name: str
    """Of the run."""
    hold: Hold
    pointer: Seen

    @property
    def staged(self) -> str:
        """Where features are staged."""
        return f"{self.features}/{STAGING}{self.name}"

    @property
    def refused(self) -> str:
        """Where refused rows are staged."""
        return f"{self.quarantine}/{STAGING}{self.name}"

    def install(self, version: str, refused: str, manifest: FeatureManifest) -> FeatureManifest:
        """Phase 4.

        Args:
            version: the staged folder with all files of the version but its manifest.
            refused: the staged folder with the refused rows.
            manifest: of the version.

        Returns:
            The manifest that is there now.
        """
        store, beside, name = store_of(self.features), store_of(self.quarantine), version_name(manifest)
        target, quarantined = f"{self.features}/{name}", f"{self.quarantine}/{name}"
        store.write(f"{version}/{MANIFEST}", f"{manifest.model_dump_json(indent=2)}\n".encode())
        there = intact_manifest(target)
        self.hold.check()
        store.write(f"{self.staged}/{NOTE}", name.encode())
        if there is None or not beside.files(quarantined):
            beside.install(refused, quarantined, f"{self.refused}/old", self.hold)
        if there is None:
            store.install(version, target, f"{self.staged}/old", self.hold)
        return there or manifest

    def keep_refused(self, refused: str, name: str) -> str:
        """Keeps the refused rows of a delivery that is not published, for somebody to look at; where they are then."""
        target = f"{self.quarantine}/{name}"
        store_of(self.quarantine).install(refused, target, f"{self.refused}/old", self.hold)
        return target

    def commit(self, manifest: FeatureManifest) -> None:
        """Phase 5.

        Raises:
            PreprocessingError: another run has published in the meantime, or may have.
        """
        text = DatasetPointer(version=version_name(manifest)).model_dump_json(indent=2) + "\n"
        location = f"{self.features}/{POINTER}"
        self.hold.check()
        if not store_of(self.features).replace(location, text.encode(), self.pointer):
            raise PreprocessingError(
                f"{location} was changed by somebody else while this run was at work, and stays as it is. Run it again."
            )


@contextmanager
def edition(features: str, quarantine: str, say: Say) -> Iterator[Edition]:
    """Phases 1, 2 and, at the end of the block, 6."""
    store, beside = store_of(features), store_of(quarantine)
    with store.hold(features, say) as hold, ExitStack() as leave:
        _sweep(features, quarantine)
        made = Edition(features, quarantine, uuid.uuid4().hex, hold, store.see(f"{features}/{POINTER}"))
        leave.callback(_leave, made, say)
        for place, folder in ((store, made.staged), (beside, made.refused)):
            place.make_folder(folder)
        yield made


def _leave(made: Edition, say: Say) -> None:
    """What cannot be removed now is left to the next run: this one has ended well, or has something else to tell.

    A store that does not answer is not asked twice: each question of it takes a minute.
    """
    try:
        for folder in (made.refused, made.staged):
            store_of(folder).remove(folder)
    except (PreprocessingError, OSError) as error:
        say(f"what was staged is left to the next run: {error}")


def _sweep(features: str, quarantine: str) -> None:
    store, beside = store_of(features), store_of(quarantine)
    for left in store.folders(features, STAGING):
        noted = store.see(f"{left}/{NOTE}").content
        name = noted.decode() if noted else ""
        if name and store.see(f"{features}/{name}/{MANIFEST}").content is None:
            beside.remove(f"{quarantine}/{name}")
            store.remove(f"{features}/{name}")
        store.remove(left)
    for left in beside.folders(quarantine, STAGING):
        beside.remove(left)


def version_name(manifest: FeatureManifest) -> str:
    """The name of a version's folder: after what it was made of."""
    return f"v-{manifest.fingerprint}"


def take_parts(written: str, target: str, first: int = 0) -> list[str]:
    """Moves the Parquet files that Spark wrote into `target`, under names that tell their order, from `first` on."""
    store = store_of(target)
    store.make_folder(target)
    parts = []
    written_parts = (file for file in store.files(written) if file.endswith(".parquet"))
    for number, part in enumerate(written_parts, start=first):
        name = f"{target}/part-{number:05}.parquet"
        store.move(part, name)
        parts.append(name)
    store.remove(written)
    return parts


def digest(version: str, location: str, rows: int) -> FileDigest:
    """What a manifest says of a file of a version."""
    content = store_of(location).read(location)
    relative = location.removeprefix(f"{version}/")
    return FileDigest(path=relative, rows=rows, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def current_version(features: str) -> str | None:
    """The version that readers are sent to; none if there is none or the pointer cannot be read."""
    try:
        return DatasetPointer.model_validate_json(store_of(features).read(f"{features}/{POINTER}")).version
    except (OSError, ValidationError):
        return None


def intact_manifest(version: str) -> FeatureManifest | None:
    """The manifest of a version in which every file is what it was when it was written, and no other file is there.

    (Readers take all files of a lookup table's folder.)
    """
    store = store_of(version)
    try:
        manifest = FeatureManifest.model_validate_json(store.read(f"{version}/{MANIFEST}"))
        files = [*manifest.files, *(file for part in manifest.lookup_files.values() for file in part)]
        names = {f"{version}/{name}" for name in (MANIFEST, *(file.path for file in files))}
        intact = set(store.files(version)) == names and all(
            digest(version, f"{version}/{file.path}", file.rows) == file for file in files
        )
    except (OSError, ValidationError):
        return None
    return manifest if intact else None
