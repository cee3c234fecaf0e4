"""Damages a model file in many ways and tells what became of each: ``python damaged_models.py FILE SEED COUNT``.

Each damaged file is looked at in a fork of its own, as a service's inspection does in a process of its own; what the
inspection lets through is then read and asked, in another fork, as a service would. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import xgboost
from bento_serving.inspection import RefusedError, inspect
from bento_serving.served_model import load_model


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file that was cut off, or had some bytes changed, moved or filled with zeros."""
    changed = bytearray(content)
    match chance.randrange(4):
        case 0:
            return content[: chance.randrange(len(content))]
        case 1:
            start = chance.randrange(len(content))
            length = chance.randrange(1, 4096)
            changed[start : start + length] = bytes(len(changed[start : start + length]))
        case _:
            for _ in range(chance.choice([1, 1, 2, 5, 20])):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def in_fork(work: Callable[[], bytes]) -> tuple[str, bytes]:
    """What `work` gives: 'good' with its answer, 'refused', 'raised', or 'crashed'."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        status = 3
        try:
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(work())
            status = 0
        except RefusedError:
            status = 1
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {0: "good", 1: "refused", 3: "raised"}.get(status, "crashed"), answer


def inspected(file: bytes) -> bytes:
    """The model that the inspection hands to a service."""
    return inspect(file)[1]


def ask(model: bytes, rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> bytes:
    """Reads and asks a model as a service does."""
    answers = load_model(model, "").predict(rows)
    assert np.all((answers >= 0) & (answers <= 1))
    return b""


def main() -> None:
    content, count = Path(sys.argv[1]).read_bytes(), int(sys.argv[3])
    chance = random.Random(int(sys.argv[2]))  # noqa: S311 - the same damage each time is wanted
    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray(content))
    numbers = np.random.default_rng(0)
    rows = (numbers.normal(0, 1, (2000, booster.num_features())) * 10.0 ** numbers.integers(-2, 5, (2000, 1))).astype(
        "f4"
    )
    rows[numbers.random(rows.shape) < 0.2] = np.nan
    told: Counter[str] = Counter()
    for _ in range(count):
        file = damaged(content, chance)
        came, model = in_fork(partial(inspected, file))
        told[f"inspection {came}"] += 1
        if came == "good":
            told[f"service {in_fork(partial(ask, model, rows))[0]}"] += 1
    print(json.dumps(told))


if __name__ == "__main__":
    main()
