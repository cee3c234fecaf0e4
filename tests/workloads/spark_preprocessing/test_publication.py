"""One suite for every store: whole or not at all, whoever reads, whoever else runs, and whenever a run is killed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from publishing_site import Place, files_of, forget_dead_holders, killed_before, stage
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing import lease
from spark_preprocessing.publishing.lease import Lease
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.publishing.publication import edition

OLD, NEW = "a" * 16, "b" * 16
SITUATIONS = ("nothing", "another version", "the same version", "the same version, damaged")
VERY_MANY = 400
"""More changes than a publication makes."""


def test_a_version_is_published_with_its_quarantine_and_nothing_is_left_of_the_work(place: Place) -> None:
    assert place.published() is None
    name = place.publish(OLD)
    manifest = place.published()
    assert manifest is not None
    assert manifest.fingerprint == OLD
    assert place.files() == files_of(name)


def test_readers_see_one_whole_version_or_the_other_while_one_takes_the_others_place(place: Place) -> None:
    place.publish(OLD)
    seen, ended = set(), threading.Event()

    def read_on() -> None:
        while not ended.is_set():
            manifest = place.published()
            seen.add(manifest.fingerprint if manifest else "")

    def look(_: str) -> None:
        manifest = place.published()
        seen.add(manifest.fingerprint if manifest else "")

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_on)
        try:
            for mark in (NEW, OLD, NEW):
                place.publish(mark, pause=look)
        finally:
            ended.set()
        reading.result()  # a reader that failed has not looked on
    assert seen == {OLD, NEW}
    assert place.files() == files_of(f"v-{OLD}", f"v-{NEW}")


@pytest.mark.parametrize("before", SITUATIONS)
def test_a_run_that_is_killed_at_any_moment_loses_nothing_and_the_next_one_leaves_no_orphan(
    place: Place, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_dead_holders(monkeypatch)
    versions = {f"v-{NEW}"}
    if before == "another version":
        versions.add(place.publish(OLD))
    elif before != "nothing":
        place.publish(NEW)
    # A server is slower to ask: there each of the four looks at every fourth call, together at all of them.
    stride = 4 if place.root.startswith("s3://") else 1
    step = SITUATIONS.index(before) + 1 - stride
    while True:
        step += stride
        if before.endswith("damaged"):
            damage(place, NEW)
        killed = killed_before(step, place, lambda: place.publish(NEW))
        if not before.endswith("damaged"):
            place.published()  # whole, whichever it is
        if not killed:
            break
        assert step < VERY_MANY
        place.publish(NEW)
        manifest = place.published()
        assert manifest is not None
        assert manifest.fingerprint == NEW
        assert place.files() == files_of(*versions)
        if before in {"nothing", "another version"}:
            for folder in (place.features, place.quarantine):
                store_of(folder).remove(f"{folder}/v-{NEW}")
            store_of(place.features).remove(f"{place.features}/LATEST.json")
            if before == "another version":
                place.publish(OLD)
    assert step > 5


def damage(place: Place, mark: str) -> None:
    """A file of the version is not what it was, and one is surplus."""
    store, data = store_of(place.features), f"{place.features}/v-{mark}/data"
    store.write(f"{data}/part-00001.parquet", b"other")
    store.write(f"{data}/part-00002.parquet", b"surplus")


def test_a_run_of_other_files_sweeps_what_a_dead_run_had_begun_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_dead_holders(monkeypatch)

    def dies() -> None:
        with edition(place.features, place.quarantine, print) as run:
            run.install(f"{run.staged}/version", f"{run.refused}/version", stage(run, OLD, "rows"))

    step, left = 0, set[str]()
    while not any("/v-" in file for file in left) or f"features/flight_delay/v-{OLD}/manifest.json" in left:
        step += 1
        assert killed_before(step, place, dies), "it was through before it had begun to install"
        left = place.files()
    place.publish(NEW)
    assert place.files() == files_of(f"v-{NEW}")


def test_a_forced_run_leaves_a_version_alone_that_is_whole_and_makes_a_damaged_one_anew(place: Place) -> None:
    place.publish(OLD, "the first rows")
    before = place.published()
    place.publish(OLD, "the same rows, in other bytes")
    assert place.published() == before
    damage(place, OLD)
    place.publish(OLD, "the same rows, in other bytes")
    assert place.published() != before
    assert place.files() == files_of(f"v-{OLD}")


def test_a_run_waits_for_the_one_before_it_and_leaves_its_work_alone(place: Place) -> None:
    started, told = threading.Event(), threading.Event()

    def first() -> None:
        def pause(phase: str) -> None:
            if phase == "installing":
                started.set()
                assert told.wait(300)

        place.publish(OLD, pause=pause)

    pool = ThreadPoolExecutor(1)
    running = pool.submit(first)
    assert started.wait(300)
    said: list[str] = []

    def say(words: str) -> None:
        said.append(words)
        told.set()

    with edition(place.features, place.quarantine, say) as run:
        manifest = place.published()
        assert manifest is not None, "the first one was through before the second one began"
        run.commit(run.install(f"{run.staged}/version", f"{run.refused}/version", stage(run, NEW, "rows")))
    running.result()
    assert len(said) == 1
    assert "waiting for it" in said[0]
    assert place.files() == files_of(f"v-{OLD}", f"v-{NEW}")


def test_a_pointer_that_somebody_else_has_moved_stays(on_s3: Place) -> None:

    def meddle(phase: str) -> None:
        if phase == "committing":
            store_of(on_s3.features).write(f"{on_s3.features}/LATEST.json", b"theirs")

    on_s3.publish(OLD)
    with pytest.raises(PreprocessingError, match=r"LATEST\.json was changed by somebody else .* Run it again"):
        on_s3.publish(NEW, pause=meddle)
    assert store_of(on_s3.features).read(f"{on_s3.features}/LATEST.json") == b"theirs"


def test_who_has_lost_the_lease_commits_nothing(on_s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    on_s3.publish(OLD)
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.05)
    with edition(on_s3.features, on_s3.quarantine, print) as run:
        manifest = stage(run, NEW, "rows")
        hold = run.hold
        assert isinstance(hold, Lease)
        store_of(on_s3.features).write(hold._location, b'{"owner": "another"}')
        hold._beats.join(60)
        with pytest.raises(PreprocessingError, match=r"another may publish by now\. Nothing was published"):
            run.install(f"{run.staged}/version", f"{run.refused}/version", manifest)
        with pytest.raises(PreprocessingError, match="another may publish by now"):
            run.commit(manifest)
    found = on_s3.published()
    assert found is not None
    assert found.fingerprint == OLD


def test_the_lease_of_a_dead_run_runs_out_and_that_of_a_live_one_does_not(
    on_s3: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.1)
    assert killed_before(12, on_s3, lambda: on_s3.publish(OLD))
    said: list[str] = []

    def waits(words: str) -> None:
        said.append(words)
        monkeypatch.setattr(lease, "LEASE_SECONDS", 3.0)

    with edition(on_s3.features, on_s3.quarantine, waits) as run:
        assert len(said) == 1, "it had to wait"
        # Twice as long as a lease lasts, and still the holder's.
        threading.Event().wait(6)
        run.hold.check()
        other = Lease(on_s3.features)
        assert not other._take()
