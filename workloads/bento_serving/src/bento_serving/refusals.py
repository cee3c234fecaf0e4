"""How a bad request is answered: a 4xx that names every faulty field and where it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

MOST_FAULTS: Final = 20
"""Faults that one answer names."""

_MESSAGES: Final = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "finite_number": "must be a finite number",
    "json_invalid": "is no valid JSON",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a request."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


def field_name(location: Iterable[str | int]) -> str:
    """``("flights", 3, "origin")`` as a person writes it: ``flights[3].origin``."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name[:200] or "(body)"


def faults_of(error: ValidationError) -> list[Fault]:
    """The faults that pydantic found, with what was given where that helps."""
    faults = []
    for found in error.errors(include_url=False, include_context=False):
        kind, given = found["type"], found["input"]
        problem = _MESSAGES.get(kind, found["msg"][:1].lower() + found["msg"][1:])
        if kind == "string_pattern_mismatch" and isinstance(given, str):
            problem = (
                f"{shortened(given)} is not a local time as 2013-11-05T18:30:00. Give the time at the origin, with no"
                " zone and no offset"
            )
        elif kind == "json_invalid":
            problem = f"{problem}: {found['msg'].removeprefix('Invalid JSON: ')}"
        faults.append(Fault(field_name(found["loc"]), problem))
    return faults


def shortened(value: str) -> str:
    """A text that somebody sent, quoted, in ASCII, and short enough for a message."""
    return ascii(value if len(value) <= 40 else f"{value[:40]}…")


def refusal(faults: Sequence[Fault], status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    """The answer to a bad request: one sentence with the first fault, and a list of them."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    body = {
        "error": f"{faults[0]}{more}",
        "faults": [{"field": fault.field, "problem": fault.problem} for fault in faults[:MOST_FAULTS]],
    }
    return JSONResponse(body, status_code=status)


def failure(sentence: str, status: HTTPStatus) -> Response:
    """The answer where the request as a whole, or the service, is at fault."""
    return JSONResponse({"error": sentence}, status_code=status)
