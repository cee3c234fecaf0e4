"""What can go wrong, in sentences for a person."""

from __future__ import annotations


class ServingError(Exception):
    """A model, a lookup table, a port or a setting cannot be used. The message says where, why and what to do."""


class NotReadyError(Exception):
    """There is nothing to answer with yet, or no longer; the caller may try again later."""


class ModelChangedError(Exception):
    """The model that a question was made for is no longer there: ask again, for the new one."""
