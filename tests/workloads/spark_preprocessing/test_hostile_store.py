"""A store that throttles, drops, dawdles and fails: nothing is lost, and what is said helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import FlexibleChecksumError
from hostile_store import Fate, Hostility, hostile
from object_store import ObjectStore
from platform_contract.object_store import TRIES
from publishing_site import Place, files_of, forget_dead_holders
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing import s3

OLD, NEW = "a" * 16, "b" * 16


@pytest.fixture
def bad_day(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Place, Hostility]]:
    """A place in which a version is published, behind the proxy."""
    with hostile(store) as (behind, hostility):
        place = Place(f"s3://lake/{tmp_path.name}", behind.environ)
        place.enter(monkeypatch)
        place.publish(OLD)
        hostility.met.clear()
        yield place, hostility


def every(number: int, *fates: Fate) -> Callable[[int], Fate]:
    """Each `number`-th call meets one of the fates in turn; the SDK tries again, and the next one is served."""
    return lambda call: fates[call // number % len(fates)] if call % number == 0 else Fate.SERVED


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.SERVED], ids=lambda fate: fate.name.lower())
def test_a_store_that_fails_now_and_then_loses_nothing(bad_day: tuple[Place, Hostility], fate: Fate) -> None:
    place, hostility = bad_day
    hostility.decide = every(4, fate)
    place.publish(NEW)
    hostility.decide = lambda _: Fate.SERVED
    assert hostility.met[fate] > 5
    manifest = place.published()
    assert manifest is not None
    assert manifest.fingerprint == NEW
    assert place.files() == files_of(f"v-{OLD}", f"v-{NEW}")


@pytest.mark.parametrize("fate", [Fate.THROTTLED, Fate.DROPPED], ids=lambda fate: fate.name.lower())
def test_a_store_that_fails_for_good_is_told_and_what_was_published_stays(
    bad_day: tuple[Place, Hostility], fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, hostility = bad_day
    monkeypatch.setattr(s3, "TRIES", 2)
    forget_dead_holders(monkeypatch)
    place.enter(monkeypatch)

    def from_then_on(phase: str) -> None:
        if phase == "installing":
            begun = hostility.calls
            hostility.decide = lambda call: fate if call > begun + 6 else Fate.SERVED

    told = r"^s3://.*: S3 at http.* (overloaded or ill|does not answer).* Nothing is lost.* run again"
    with pytest.raises(PreprocessingError, match=told):
        place.publish(NEW, pause=from_then_on)
    hostility.decide = lambda _: Fate.SERVED
    manifest = place.published()
    assert manifest is not None
    assert manifest.fingerprint == OLD
    place.publish(NEW)
    assert place.files() == files_of(f"v-{OLD}", f"v-{NEW}")


@pytest.mark.parametrize(
    ("location", "environ", "told"),
    [
        (
            "s3://lake/x",
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            r"refuses this identity \(Signature.*the workload's",
        ),
        ("s3://nowhere/x", {}, r"no such bucket\. Is the contract's location right"),
        ("s3://lake/x", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, r"at http://127\.0\.0\.1:1 does not answer"),
    ],
    ids=["another's key", "no bucket", "no server"],
)
def test_what_a_person_can_mend_is_one_sentence(
    servers: Callable[[str], ObjectStore],
    monkeypatch: pytest.MonkeyPatch,
    location: str,
    environ: dict[str, str],
    told: str,
) -> None:
    monkeypatch.setattr(s3, "TRIES", 1)
    place = Place(location, {**servers("gateway").environ, **environ})
    place.enter(monkeypatch)
    with pytest.raises(PreprocessingError, match=told):
        place.publish(OLD)


def test_an_answer_that_is_not_what_its_checksum_says_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in S3's place may answer with one object's checksum and the content of the one that replaces it."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    wrong = FlexibleChecksumError(error_msg="Expected checksum 3RJwUw== did not match calculated checksum: 03qMfw==")

    class Body:
        def __init__(self, *answers: bytes | Exception) -> None:
            self._answers = list(answers)

        def read(self) -> bytes:
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    body = Body(wrong, b"whole")
    assert s3.read_whole("s3://lake/pointer", lambda: {"Body": body})[0] == b"whole"
    body = Body(*[wrong] * TRIES)
    with pytest.raises(PreprocessingError, match=r"s3://lake/pointer: S3.* does not answer \(Expected checksum"):
        s3.read_whole("s3://lake/pointer", lambda: {"Body": body})
