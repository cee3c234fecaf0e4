"""What can go wrong that a person can mend."""

from __future__ import annotations


class TrackingError(Exception):
    """A step cannot go on. The message says what, where and what to do, for a person; no secret is ever in it."""
