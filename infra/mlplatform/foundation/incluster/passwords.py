"""The passwords of an environment that has no service to keep them: all derived from the stack's one secret."""

from __future__ import annotations

import hashlib
import hmac

import pulumi


def derived(seed: str, what: str) -> pulumi.Output[str]:
    """A password of 256 bits that no other password tells, the same at every `up` (HMAC-SHA-256 of its name).

    Args:
        seed: the stack's secret.
        what: what it is for; another name gives another password.
    """
    return pulumi.Output.secret(password(seed, what))


def password(seed: str, what: str) -> str:
    """The same, in plain text: for whoever has the seed and is outside of the program."""
    return hmac.new(seed.encode(), what.encode(), hashlib.sha256).hexdigest()
