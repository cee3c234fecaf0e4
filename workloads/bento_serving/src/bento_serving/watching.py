"""Keeps up with what a flight API answers from: a model and the lookup tables, each of which others replace.

Network file systems (EFS, NFS) tell nobody of a change, so a thread looks about twice a second. What is new is fetched
and checked aside, and then one reference is replaced: a request works with what it began with. What is not fit is
refused, logged and shown, and the old stays.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, Protocol, TypeVar

from platform_contract import FeatureSchema

from bento_serving.errors import NotReadyError, ServingError
from bento_serving.features.builder import FeatureBuilder
from bento_serving.features.lookups import latest_version, load_lookups

LOOK_SECONDS: Final = 0.5
FIRST_DATASET: Final = "flight_delay"
"""Whose `LATEST.json` is watched until a model has named its own data set."""

logger = logging.getLogger("bentoml.flight_serving")  # below BentoML's own, so that its format and level hold


class Model(Protocol):
    """What all sources' models have in common."""

    @property
    def schema(self) -> FeatureSchema: ...
    @property
    def model_version(self) -> str: ...
    @property
    def data_fingerprint(self) -> str: ...


M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Ready(Generic[M]):
    """A model and the tables that go with it: all that an answer is made from."""

    mark: str
    model: M
    builder: FeatureBuilder
    since: datetime


@dataclass(frozen=True)
class Refused:
    """Something new that was not taken."""

    reason: str
    at: datetime


class Source(ABC, Generic[M]):
    """Where a flight API has its model from."""

    def __init__(self, features: str, count: Callable[[str], None] = lambda _: None) -> None:
        """
        Args:
            features: the contract's ``lake.features``.
            count: told 'taken' or 'refused' each time.
        """
        self._features = features
        self._count = count
        self._dataset = FIRST_DATASET
        self._seen: tuple[str | None, str | None] | None = None
        self._tried: tuple[str | None, str | None] | None = None
        self._lock = threading.Lock()
        self.current: Ready[M] | None = None
        self.refused: Refused | None = None

    @abstractmethod
    def mark(self) -> str | None:
        """What tells one model from the next, quick to get; None when there is no model now."""

    @abstractmethod
    def fetch(self) -> tuple[str, M]:
        """The model that is there now, checked, with its mark.

        Raises:
            ServingError: there is none that is fit to be served.
        """

    def ready(self) -> Ready[M]:
        """What to answer from.

        Raises:
            NotReadyError: there is nothing yet, with the reason.
        """
        if self.current is None:
            raise NotReadyError(self.refused.reason if self.refused else "No model has been loaded yet.")
        return self.current

    def look(self, *, settled: bool = True) -> None:
        """Takes what is new, if anything is.

        Args:
            settled: leave alone what has changed since the last look, as somebody may still be writing it.
        """
        with self._lock:
            now = (self.mark(), self._version())
            if now == self._tried:
                return
            if settled and now != self._seen and self.current is not None:
                self._seen = now
                return
            self._seen = self._tried = now
            try:
                self.current = self._take()
                self.refused = None
            except ServingError as error:
                kept = f"; version {self.current.model.model_version} stays" if self.current else ""
                logger.warning("Not taken: %s%s", error, kept)
                self.refused = Refused(str(error), datetime.now(UTC))
                self._count("refused")
            else:
                schema, lookups = self.current.model.schema, self.current.builder.lookups
                told = (self.current.model.model_version, schema.dataset, lookups.version, lookups.rows)
                logger.info("Serving model version %s with %s %s (%d rows looked up)", *told)
                self._count("taken")

    def _version(self) -> str | None:
        try:
            return latest_version(self._features, self._dataset)
        except ServingError:
            return None

    def _take(self) -> Ready[M]:
        old = self.current
        if old is not None and old.mark == self.mark():
            mark, model = old.mark, old.model
        else:
            mark, model = self.fetch()
        self._dataset = model.schema.dataset
        if old is not None and old.model.schema == model.schema and old.builder.lookups.version == self._version():
            builder = old.builder
        else:
            builder = FeatureBuilder(model.schema, load_lookups(self._features, model.schema))
        return Ready(mark, model, builder, datetime.now(UTC))


class Watcher(threading.Thread):
    """Looks again and again, until it is stopped."""

    def __init__(self, source: Source[M]) -> None:
        super().__init__(name="watcher", daemon=True)
        self._source = source
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                self._source.look()
            except Exception:
                # Whatever it is (a share that hangs and comes back, say), the next look may go well.
                logger.exception("Looking for a new model or new tables failed")
            self._stop_asked.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Ends it; waits no longer than a look may take."""
        self._stop_asked.set()
        self.join(timeout=5)
