"""FastAPI with uvicorn: ``python plain_fastapi.py MODEL PORT``.

The function is `async`, which answers faster than one that FastAPI hands to a thread; uvicorn has its standard extras
(uvloop and httptools).
"""

# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator, attr-defined, misc, unused-ignore"
# Types are checked in the environment of BentoML, which lacks what this one runs with.
from __future__ import annotations

import sys

import numpy as np
import uvicorn
import xgboost
from fastapi import FastAPI
from pydantic import BaseModel

booster = xgboost.Booster(params={"nthread": 1}, model_file=sys.argv[1])
app = FastAPI()


class Question(BaseModel):
    """Feature vectors."""

    rows: list[list[float | None]]


@app.get("/ping")
async def ping() -> str:
    """Whether it is up."""
    return "pong"


@app.post("/predict")
async def predict(question: Question) -> list[float]:
    """The probability of each."""
    found: list[float] = booster.inplace_predict(np.array(question.rows, dtype=np.float32)).tolist()
    return found


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
