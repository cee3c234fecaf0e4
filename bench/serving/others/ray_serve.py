"""Ray Serve: ``python ray_serve.py MODEL PORT``, one replica behind its own proxy."""

# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator, attr-defined, misc, unused-ignore"
# Types are checked in the environment of BentoML, which lacks what this one runs with.
from __future__ import annotations

import signal
import sys
import threading
from typing import Any

import numpy as np
import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=100, ray_actor_options={"num_cpus": 1})
class Delays:
    """The booster."""

    def __init__(self, model: str) -> None:
        import xgboost

        self.booster = xgboost.Booster(params={"nthread": 1}, model_file=model)

    async def __call__(self, request: Any) -> list[float]:  # noqa: ANN401 - Starlette's
        if request.method == "GET":
            return []
        rows = (await request.json())["rows"]
        found: list[float] = self.booster.inplace_predict(np.array(rows, dtype=np.float32)).tolist()
        return found


if __name__ == "__main__":
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ray.init(num_cpus=2, include_dashboard=False, logging_level="warning")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
    serve.run(Delays.bind(sys.argv[1]), route_prefix="/")
    ended.wait()
    serve.shutdown()
    ray.shutdown()
