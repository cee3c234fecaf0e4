"""What is wrong with a configuration, as lines for a person: the key, what is wrong, the value, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from mlplatform.naming import PLATFORM

LONGEST_VALUE: Final = 80
"""Characters of a value that a message shows; a longer one is cut."""


class NotGiven:
    """No value was given."""


NOT_GIVEN: Final = NotGiven()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    key: str
    """As in the file, below ``mlplatform:``, ``nodeGroups.ray.maxSize``."""
    what: str
    """What is wrong, without the value."""
    given: Any
    """The value, or `NOT_GIVEN`."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        """One line: ``mlplatform:<key>: <what> (given: <value>): <remedy>``."""
        return f"{PLATFORM}:{self.key}: {self.what}{self._value()}: {self.remedy}"

    @property
    def asks_the_owner(self) -> bool:
        """Whether nothing is wrong but that the owner has not said yet what nobody else knows."""
        return self.given is NOT_GIVEN and self.key in OWNER_QUESTIONS

    def _value(self) -> str:
        if self.given is NOT_GIVEN:
            return ""
        # A line end in a value would end the message's line.
        plain = isinstance(self.given, str) and self.given.isprintable() and not _reads_as_something_else(self.given)
        text = self.given if plain else json.dumps(self.given, ensure_ascii=False)
        return f" (given: {text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + '…'})"


def _reads_as_something_else(text: str) -> bool:
    """Whether a text would be taken for a number, a truth value or nothing if it stood there without quotes."""
    try:
        json.loads(text or "null")
    except json.JSONDecodeError:
        return False
    return True


class ConfigError(pulumi.RunError):
    """The configuration cannot be used. The message names every fault; the engine prints it without a traceback."""


OWNER_QUESTIONS: Final = {
    "owner.accountId": "<the 12 digits of the AWS account>",
    "owner.alertEmail": "<who gets alarms, as on-call@example.org>",
}
"""Keys that only the owner of an environment can fill in, and what to type there."""


def describe(environment: str, faults: Iterable[Fault]) -> str:
    """All faults as one message; what only the owner knows is asked for as commands."""
    found = list(faults)
    missing = [fault.key for fault in found if fault.asks_the_owner]
    others = [fault for fault in found if fault.key not in missing]
    parts = []
    if missing:
        commands = [
            f"  pulumi config set --stack {environment} --path '{PLATFORM}:{key}' '{OWNER_QUESTIONS[key]}'"
            for key in OWNER_QUESTIONS
            if key in missing
        ]
        parts.append(f"Pulumi.{environment}.yaml lacks what only its owner knows. Type:\n" + "\n".join(commands))
    if others:
        count = "1 fault" if len(others) == 1 else f"{len(others)} faults"
        parts.append(f"Pulumi.{environment}.yaml has {count}:\n" + "\n".join(f"  {fault}" for fault in others))
    return "\n".join(parts)
