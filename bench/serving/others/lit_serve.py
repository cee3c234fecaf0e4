"""LitServe: ``python lit_serve.py MODEL PORT``, with one worker, as its documentation begins."""

# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator, attr-defined, misc, unused-ignore"
# Types are checked in the environment of BentoML, which lacks what this one runs with.
import sys
from typing import Any

import litserve
import numpy as np
import xgboost


class Delays(litserve.LitAPI):  # type: ignore[misc]  # no types
    """The booster."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's
        self.booster = xgboost.Booster(params={"nthread": 1}, model_file=sys.argv[1])

    def decode_request(self, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - LitServe reads types
        return np.array(request["rows"], dtype=np.float32)

    def predict(self, rows: Any) -> Any:  # noqa: ANN401 - an array
        return self.booster.inplace_predict(rows)

    def encode_response(self, found: Any) -> dict[str, list[float]]:  # noqa: ANN401 - an array
        return {"predictions": found.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Delays(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
