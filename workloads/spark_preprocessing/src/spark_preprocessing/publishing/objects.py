"""Objects of S3. There is no rename and there are no folders: a key is there, whole, or it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from typing import IO, Final

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.lease import Lease
from spark_preprocessing.publishing.s3 import S3Client, explained, make_client, read_whole, split
from spark_preprocessing.publishing.store import MANIFEST, Hold, Say, Seen, Store

REMOVED_AT_ONCE: Final = 1000
"""As many keys as a DeleteObjects takes (source: S3's API reference)."""


class Objects(Store):
    """Locations are ``s3://BUCKET/KEY``."""

    @cached_property
    def _client(self) -> S3Client:
        return make_client()

    def hold(self, folder: str, say: Say) -> AbstractContextManager[Hold]:
        return Lease(folder).held(say)

    def read(self, location: str) -> bytes:
        bucket, key = split(location)
        return read_whole(location, lambda: self._client.get_object(Bucket=bucket, Key=key))[0]

    @contextmanager
    def open(self, location: str) -> Iterator[IO[bytes]]:
        bucket, key = split(location)
        with explained(location), closing(self._client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            yield body

    def write(self, location: str, content: bytes) -> None:
        bucket, key = split(location)
        with explained(location):
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def see(self, location: str) -> Seen:
        bucket, key = split(location)
        try:
            content, answer = read_whole(location, lambda: self._client.get_object(Bucket=bucket, Key=key))
        except FileNotFoundError:
            return Seen(None)
        return Seen(content, str(answer["ETag"]))

    def replace(self, location: str, content: bytes, seen: Seen) -> bool:
        from botocore.exceptions import ClientError

        bucket, key = split(location)
        condition = {"IfNoneMatch": "*"} if seen.content is None else {"IfMatch": seen.tag}
        with explained(location):
            try:
                self._client.put_object(Bucket=bucket, Key=key, Body=content, **condition)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in {404, 409, 412}:
                    raise
            else:
                return True
        # The client may have tried twice, and the first answer may have been lost on its way.
        return self.see(location).content == content

    def files(self, folder: str) -> list[str]:
        bucket, _ = split(folder)
        return [f"s3://{bucket}/{key}" for key in self._keys(folder) if not key.endswith("/")]

    def folders(self, folder: str, prefix: str) -> list[str]:
        bucket, above = split(folder)
        with explained(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"{above}/{prefix}", Delimiter="/"
            )
            found = [common["Prefix"].rstrip("/") for page in pages for common in page.get("CommonPrefixes", [])]
        return sorted(f"s3://{bucket}/{key}" for key in found)

    def make_folder(self, folder: str) -> None:
        """Nothing to do."""

    def move(self, source: str, target: str) -> None:
        self._copy(source, target)
        bucket, key = split(source)
        with explained(source):
            self._client.delete_object(Bucket=bucket, Key=key)

    def remove(self, location: str) -> None:
        bucket, key = split(location)
        keys = [key, *self._keys(location)]
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            batch = [{"Key": one} for one in keys[start : start + REMOVED_AT_ONCE]]
            with explained(location):
                answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            if faults := answer.get("Errors"):
                first = faults[0]
                raise PreprocessingError(
                    f"s3://{bucket}/{first['Key']} cannot be removed ({first['Code']}: {first['Message']})."
                    " May this identity delete there?"
                )

    def install(self, staged: str, target: str, aside: str, hold: Hold) -> None:  # noqa: ARG002 - for stores that rename
        """Copies object by object; each is whole at once. What `target` had beside them is removed at the end."""
        found = {location.removeprefix(f"{staged}/"): location for location in self.files(staged)}
        for name in sorted(found, key=lambda name: (name == MANIFEST, name)):
            hold.check()
            self._copy(found[name], f"{target}/{name}")
        for location in self.files(target):
            if location.removeprefix(f"{target}/") not in found:
                hold.check()
                self.remove(location)

    def _copy(self, source: str, target: str) -> None:
        (bucket, key), (to_bucket, to_key) = split(source), split(target)
        with explained(target):
            # The SDK's own transfer: what is larger than one call may copy goes in parts.
            self._client.copy({"Bucket": bucket, "Key": key}, to_bucket, to_key)

    def _keys(self, folder: str) -> Iterator[str]:
        """All keys below a prefix, those that only stand for a folder included."""
        bucket, key = split(folder)
        with explained(folder):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key}/"):
                for entry in page.get("Contents", []):
                    yield entry["Key"]
