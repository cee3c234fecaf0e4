"""How a bad request is answered: a 4xx that names every faulty field and where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, Field, ValidationError
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


class FaultDetail(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where it is.", examples=["flights[2].dest"])
    problem: str = Field(description="What is wrong with it.", examples=["'XXX' is not known to the model"])


class Refusal(BaseModel):
    """The answer to a request that is not served."""

    error: str = Field(description="The first fault, as a sentence for a person.")
    faults: list[FaultDetail] | None = Field(
        default=None,
        max_length=MOST_FAULTS,
        description="The faults of the body, in their order: the first ones, if there are many.",
    )


def refusal(faults: Sequence[Fault], count: int | None = None) -> Response:
    """The answer to a bad request: one sentence with the first fault, and a list of them.

    Args:
        faults: the first ones.
        count: how many there are, if there are more.
    """
    others = max(count or 0, len(faults)) - 1
    body = {
        "error": f"{faults[0]} (and {others} more)" if others else str(faults[0]),
        "faults": [{"field": fault.field, "problem": fault.problem} for fault in faults[:MOST_FAULTS]],
    }
    return JSONResponse(body, status_code=HTTPStatus.BAD_REQUEST)


def failure(sentence: str, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    """The answer where the request as a whole, or the service, is at fault."""
    return JSONResponse({"error": sentence}, status_code=status, headers=headers)
