"""Where S3 is, as all SDKs of AWS read it from the environment, and how pyarrow's client of it is told.

Nothing here imports pyarrow: whoever reads S3 by it has it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

TRIES: Final = 8
"""Of a call that is throttled or gets no answer: with the SDK's pauses, about a minute (its mode "standard")."""


def in_s3(location: str) -> bool:
    """Whether a location of the contract is in S3, and not a path."""
    return location.startswith("s3://")


def endpoint() -> str | None:
    """The address of a server that takes S3's place; None: S3 itself."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def region() -> str | None:
    """The region that calls are signed for."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def arrow_options() -> dict[str, str]:
    """What `pyarrow.fs.S3FileSystem` is told: it heeds the environment's endpoint only where it is given a URI.

    Without a region it cannot be made: pyarrow then has to ask S3 where the bucket is (`FileSystem.from_uri`).
    """
    options = {}
    if named := region():
        options["region"] = named
    if server := endpoint():
        address = urlsplit(server)
        options |= {"endpoint_override": address.netloc, "scheme": address.scheme}
    return options


def is_short_read(error: OSError) -> bool:
    """Whether pyarrow's client has given up on a call only since its answer did not fit.

    The SDK writes an answer into a buffer of as many bytes as were asked for. That of a throttled call (some 300 bytes)
    does not fit where fewer were, and the SDK then takes the failure for one that trying again does not mend.
    """
    return "INTERNAL_FAILURE" in str(error)


def answer_of(error: OSError) -> str:
    """What S3 or its client has answered: the first line of what pyarrow says."""
    return (str(error).strip().splitlines() or [""])[0]


def is_refusal(error: OSError) -> bool:
    """Whether S3 refuses whoever has signed."""
    answer = answer_of(error)
    return "ACCESS_DENIED" in answer or "HTTP status 403" in answer


def read_again(read: Callable[[], T], *, tries: int = TRIES, pause: float = 1) -> T:
    """What `read` returns; it is called again where pyarrow's client has given up early.

    Raises:
        OSError: it is something else, or it was tried `tries` times.
    """
    for left in reversed(range(tries)):
        try:
            return read()
        except OSError as error:
            if not left or not is_short_read(error):
                raise
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")
