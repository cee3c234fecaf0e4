"""Looks at a model file in a process of its own, which may crash: ``python -m bento_serving.inspection``.

XGBoost's reader trusts what it reads. On a damaged file it ends the process, reads beyond its memory or asks for all of
it (seen: one in six files with a few bytes changed), and a tree whose nodes point to the wrong places does so later, in
the middle of a prediction. So a service never reads a file itself. This process does, within limits of memory and
time; it checks all that predictions rely on, and hands back the model as XGBoost itself writes it again.

The file comes in by standard input. Standard output gets one line of JSON (a `Report`), and after it, when the model is
good, the model as UBJSON.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from platform_contract import FeatureSchema
from platform_contract.loading import describe_faults
from platform_contract.model_file import FINGERPRINT_ATTRIBUTE, SCHEMA_ATTRIBUTE, VERSION_ATTRIBUTE
from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    import xgboost

MEMORY_BYTES: Final = 6 * 2**30
"""Address space. XGBoost and its libraries reserve 2 GiB of it before anything is read."""

CPU_SECONDS: Final = 120
TRIAL_ROWS: Final = 256


class Report(BaseModel):
    """What came of it: `refused` says why not, or the rest says what the model is."""

    refused: str | None = None
    model_version: str = ""
    trees: int = 0


class RefusedError(Exception):
    """The model is not fit to be served; the message says why."""


def inspect(content: bytes) -> tuple[Report, bytes]:
    """Checks a model file, and writes it anew.

    Raises:
        RefusedError: it is damaged, or it is no model of the kind that is served here.
    """
    import xgboost

    booster = xgboost.Booster(params={"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise RefusedError(f"it is no XGBoost model in UBJSON, or it is damaged ({_reason(error)})") from error
    version = _check_attributes(booster)
    trees = check_document(json.loads(booster.save_raw("json")), booster.num_features())
    _try_out(booster)
    return Report(model_version=version, trees=trees), bytes(booster.save_raw("ubj"))


def _check_attributes(booster: xgboost.Booster) -> str:
    """Checks the attributes that the model must carry, and that they are about this model; its version."""
    attributes = {name: booster.attr(name) for name in (SCHEMA_ATTRIBUTE, VERSION_ATTRIBUTE, FINGERPRINT_ATTRIBUTE)}
    missing = [name for name, value in attributes.items() if not value]
    if missing:
        raise RefusedError(f"it has no attribute {', '.join(missing)}")
    try:
        schema = FeatureSchema.model_validate_json(attributes[SCHEMA_ATTRIBUTE] or "")
    except ValidationError as error:
        raise RefusedError(f"its feature schema is wrong:\n{describe_faults(error)}") from error
    names = booster.feature_names
    if booster.num_features() != len(schema.names):
        raise RefusedError(f"it takes {booster.num_features()} features, its schema has {len(schema.names)}")
    if names is not None and tuple(names) != schema.names:
        at = next(i for i, pair in enumerate(zip(names, schema.names, strict=True)) if pair[0] != pair[1])
        raise RefusedError(f"its feature {at} is {names[at]!r}, and {schema.names[at]!r} in its schema")
    return attributes[VERSION_ATTRIBUTE] or ""


def check_document(document: dict[str, Any], features: int) -> int:
    """Checks all that predictions follow blindly, in the model as XGBoost writes it as JSON; the number of trees.

    Source of the format: https://github.com/dmlc/xgboost/blob/release_3.2.0/doc/model.schema

    Raises:
        RefusedError: a tree or a table of trees is not sound, or the model answers no single probability.
    """
    learner = document["learner"]
    booster, objective = learner["gradient_booster"], learner["objective"]["name"]
    if booster["name"] != "gbtree" or objective != "binary:logistic":
        raise RefusedError(f"it is a {booster['name']} model with {objective}, not gbtree with binary:logistic")
    parameters = learner["learner_model_param"]
    if int(parameters.get("num_class", 0)) > 1 or int(parameters.get("num_target", 1)) != 1:
        raise RefusedError("it answers more than one number")
    model = booster["model"]
    trees, groups, rounds = model["trees"], model["tree_info"], model["iteration_indptr"]
    if len(groups) != len(trees) or any(groups):
        raise RefusedError("its table of trees is damaged")
    if not rounds or rounds[0] != 0 or rounds[-1] != len(trees) or rounds != sorted(rounds):
        raise RefusedError("its table of rounds is damaged")
    for number, tree in enumerate(trees):
        if fault := tree_fault(tree, features):
            raise RefusedError(f"its tree {number} is damaged: {fault}")
    return len(trees)


def tree_fault(tree: dict[str, Any], features: int) -> str | None:
    """What is wrong with a tree; None when walking it always ends at a leaf with a number."""
    left, right = _integers(tree["left_children"]), _integers(tree["right_children"])
    split, kind = _integers(tree["split_indices"]), _integers(tree["split_type"])
    condition: npt.NDArray[np.float64] = np.array(tree["split_conditions"], dtype=np.float64)
    count = int(tree["tree_param"]["num_nodes"])
    if count < 1 or {len(column) for column in (left, right, split, kind, condition)} != {count}:
        return "its columns differ in length"
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        return "its leaves are vectors"
    leaf = left == -1
    if np.any(leaf != (right == -1)):
        return "a node has one child"
    children = np.concatenate([left[~leaf], right[~leaf]])
    # With the root nobody's child and every other node one's at most, what hangs on the root has no circle.
    if np.any((children < 1) | (children >= count)) or len(np.unique(children)) != len(children):
        return "its nodes do not form a tree"
    if np.any((split[~leaf] < 0) | (split[~leaf] >= features)):
        return "it asks for a feature that there is not"
    if np.any((kind < 0) | (kind > 1)):
        return "it splits in a way that is not known"
    if not np.all(np.isfinite(condition[leaf | (kind == 0)])):
        return "it has a number that is not finite"
    return _categories_fault(tree, count, np.flatnonzero((kind == 1) & ~leaf))


def _categories_fault(tree: dict[str, Any], count: int, categorical: npt.NDArray[np.intp]) -> str | None:
    nodes, sizes = _integers(tree["categories_nodes"]), _integers(tree["categories_sizes"])
    starts, values = _integers(tree["categories_segments"]), _integers(tree["categories"])
    if not len(nodes) == len(sizes) == len(starts) or not set(categorical) <= set(nodes):
        return "its categories are damaged"
    ends = starts + sizes
    bad = np.any((nodes < 0) | (nodes >= count) | (starts < 0) | (sizes < 0) | (ends > len(values)))
    return "its categories are damaged" if bad or np.any((values < 0) | (values >= 2**24)) else None


def _integers(values: list[int]) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _try_out(booster: xgboost.Booster) -> None:
    """Predicts for made-up rows, with and without missing values."""
    random = np.random.default_rng(0)
    rows = random.normal(0, 100, (TRIAL_ROWS, booster.num_features())).astype(np.float32)
    rows[random.random(rows.shape) < 0.3] = np.nan
    rows[0], rows[1] = np.nan, 0
    answers = np.asarray(booster.inplace_predict(rows))
    if answers.shape != (TRIAL_ROWS,) or not np.all((answers >= 0) & (answers <= 1)):
        raise RefusedError("what it predicts are no probabilities")


def _reason(error: Exception) -> str:
    """XGBoost's message without its stack and its source lines."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[0].rpartition("] ")[2][:200] if lines else type(error).__name__


def main() -> int:
    """Reads standard input, writes standard output; see the module."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    content = sys.stdin.buffer.read()
    try:
        report, model = inspect(content)
    except RefusedError as error:
        report, model = Report(refused=str(error)), b""
    except Exception as error:  # noqa: BLE001 - whatever a damaged file leads to, it is not fit
        report, model = Report(refused=f"it is damaged ({type(error).__name__}: {_reason(error)})"), b""
    sys.stdout.buffer.write(report.model_dump_json().encode() + b"\n" + model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
