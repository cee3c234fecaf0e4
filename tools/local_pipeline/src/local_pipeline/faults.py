"""What went wrong, told to a person."""

from __future__ import annotations


class PipelineError(Exception):
    """What is wrong, where, and what to do. Shown as it is, with no traceback."""
