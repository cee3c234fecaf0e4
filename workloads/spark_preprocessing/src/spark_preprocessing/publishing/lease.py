"""The right to publish in a prefix of S3, which has no locks: an object that its holder renews.

A run becomes the holder by a put with a condition: that there is no lease yet (``If-None-Match: *``), or that it is
still the one that was found free or run out (``If-Match``). The holder renews it every `BEAT_SECONDS`, each time with
the same condition, so it learns at once when another has taken it over. A lease that was not renewed for
`LEASE_SECONDS` has run out: its holder is dead, or has been out of reach for so long that it has given up by itself.
Whether it has is told by the store's clock alone, which stamps objects and answers.
"""

from __future__ import annotations

import email.utils
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.s3 import S3Client, explained, make_client, read_whole, split
from spark_preprocessing.publishing.store import Hold, Say

LEASE_SECONDS: Final = 30.0
BEAT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
"""How often one who waits looks again."""

NAME: Final = ".lease"


class Lease(Hold):
    """A lease that this process may hold. Not to be used again once it was given up."""

    def __init__(self, folder: str) -> None:
        self._location = f"{folder}/{NAME}"
        self._bucket, self._key = split(self._location)
        # A renewal that hangs must fail before the lease runs out.
        self._client = make_client(tries=1, connect=BEAT_SECONDS, read=BEAT_SECONDS)
        self._patient = make_client()
        self._owner = uuid.uuid4().hex
        self._tag = ""
        self._renewed = 0.0
        self._lost = False
        self._ended = threading.Event()
        self._beats = threading.Thread(target=self._keep, name="lease", daemon=True)

    def check(self) -> None:
        if self._lost or time.monotonic() - self._renewed >= LEASE_SECONDS:
            raise PreprocessingError(
                f"{self._location}: this run could not reach S3 for {LEASE_SECONDS:.0f} seconds or was stopped for so"
                " long, and another may publish by now. Nothing was published by this one; run it again."
            )

    @contextmanager
    def held(self, say: Say) -> Iterator[Hold]:
        """Waits until the lease is free, and keeps it inside the block."""
        told = False
        while not self._take():
            if not told:
                say(
                    f"another run holds {self._location}: waiting for it, or at most {LEASE_SECONDS:.0f} s if it is"
                    " dead"
                )
                told = True
            time.sleep(LOOK_SECONDS)
        self._beats.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._beats.join()
            if not self._lost:
                # Should it fail, the lease runs out.
                with suppress(PreprocessingError, FileNotFoundError), explained(self._location):
                    self._put(self._client, owner=None, IfMatch=self._tag)

    def _take(self) -> bool:
        """Tries once."""
        with explained(self._location):
            found = self._found()
            if found is None:
                condition = {"IfNoneMatch": "*"}
            else:
                owner, tag, age = found
                if owner == self._owner:  # the answer to an earlier try was lost on its way
                    self._tag, self._renewed = tag, time.monotonic() - age
                    return True
                if owner is not None and age < LEASE_SECONDS:
                    return False
                condition = {"IfMatch": tag}
            return self._put(self._patient, owner=self._owner, **condition)

    def _found(self) -> tuple[str | None, str, float] | None:
        """Holder, entity tag and age in seconds of the lease; None if there is none yet."""
        try:
            content, answer = read_whole(
                self._location, lambda: self._patient.get_object(Bucket=self._bucket, Key=self._key)
            )
        except FileNotFoundError:
            return None
        now = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        age = (now - answer["LastModified"]).total_seconds()
        return json.loads(content)["owner"], str(answer["ETag"]), age

    def _put(self, client: S3Client, *, owner: str | None, **condition: str) -> bool:
        """Writes the lease if the condition holds; whether it did."""
        from botocore.exceptions import ClientError

        asked = time.monotonic()
        # Never the same content twice: a tag stands for one renewal.
        content = {"owner": owner, "host": socket.gethostname(), "pid": os.getpid(), "beat": uuid.uuid4().hex}
        try:
            answer = client.put_object(
                Bucket=self._bucket, Key=self._key, Body=json.dumps(content).encode(), **condition
            )
        except ClientError as error:
            # 412: it is another one by now. 409: another was writing it at this moment. 404: it is gone.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in {404, 409, 412}:
                return False
            raise
        self._tag, self._renewed = str(answer["ETag"]), asked
        return True

    def _keep(self) -> None:
        """Renews it until it is given up or lost."""
        while not self._ended.wait(BEAT_SECONDS):
            with suppress(PreprocessingError, FileNotFoundError), explained(self._location):
                if not self._put(self._client, owner=self._owner, IfMatch=self._tag) and not self._is_ours():
                    self._lost = True
            if self._lost or time.monotonic() - self._renewed >= LEASE_SECONDS:
                self._lost = True
                return

    def _is_ours(self) -> bool:
        """After a refused renewal: an earlier one may have been written whose answer was lost on its way."""
        found = self._found()
        if found is None or found[0] != self._owner:
            return False
        self._tag = found[1]
        return True
