"""What a reader makes of a contract of another version than its own.

The second number of a version is raised for an optional key more. A reader of an earlier one takes such a document and
leaves out what it does not know, with a note; keys that its own version does not know, or an earlier one, are mistakes
and are refused. Another first number means another document.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any, Final, cast

from pydantic import ValidationError

from platform_contract.document import CONTRACT_VERSION, PlatformContract

LOG: Final = logging.getLogger(__name__)
VERSION: Final = re.compile(r"([0-9]+)\.([0-9]+)")


class VersionError(ValueError):
    """The document is of no version that this reader can take. The message names both."""


def read_document(document: object) -> PlatformContract:
    """The contract in a document, as JSON has it.

    Raises:
        VersionError: it says no version, or one with another first number.
        pydantic.ValidationError: it breaks the schema.
    """
    minor = _minor(document)
    assert isinstance(document, dict)  # noqa: S101 - it has a version
    newer = minor > int(CONTRACT_VERSION.split(".")[1])
    document = {**document, "contract_version": CONTRACT_VERSION} if newer else document
    try:
        return PlatformContract.model_validate_json(json.dumps(document))
    except ValidationError as error:
        unknown = [fault["loc"] for fault in error.errors(include_url=False) if fault["type"] == "extra_forbidden"]
        if not (newer and unknown):
            raise
    known = json.loads(json.dumps(document))
    left_out = sorted(_remove(known, place) for place in unknown)
    LOG.warning(
        "The contract is of a newer version, and this reader knows %s: it leaves out %s.",
        CONTRACT_VERSION,
        ", ".join(left_out),
    )
    return PlatformContract.model_validate_json(json.dumps(known))


def _minor(document: object) -> int:
    """The second number of the document's version, of which the first is the reader's own."""
    if not isinstance(document, dict) or "contract_version" not in document:
        raise VersionError(
            f"it has no contract_version, and this reader knows {CONTRACT_VERSION}: is it a contract of the platform?"
        )
    given = document["contract_version"]
    found = VERSION.fullmatch(given) if isinstance(given, str) else None
    if found is None or found[1] != CONTRACT_VERSION.split(".")[0]:
        raise VersionError(
            f"it is of version {given}, and this reader knows {CONTRACT_VERSION}: update platform_contract, and what"
            " uses it, to the platform's release"
        )
    return int(found[2])


def _remove(document: dict[str, Any], place: tuple[int | str, ...]) -> str:
    """Takes a key out, and returns its path."""
    path, inside = [], cast("Any", document)
    for part in place[:-1]:
        # The kind of a part that has several is in the place, too, and no key.
        if isinstance(part, int) or part in inside:
            inside = inside[part]
            path.append(str(part))
    inside.pop(place[-1], None)
    return ".".join([*path, str(place[-1])])
