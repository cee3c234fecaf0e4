"""Drawn examples are the same on every machine and at every run: a failure is seen by whoever caused it."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-examples", derandomize=True)
settings.load_profile("same-examples")
