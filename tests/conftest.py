"""Drawn examples are the same on every machine and at every run: a failure is seen by whoever caused it.

How long one takes is asserted nowhere: a machine that has other things to do fails no test.
"""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):  # not every environment draws examples
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    settings.load_profile("steady")
