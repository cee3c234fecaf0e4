"""Places for Spark's work: versions made in the test's own process, and runs of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset
from platform_contract import FeatureManifest, PlatformContract, local_contract
from pyspark.sql import DataFrame
from raw_flights import RawFiles
from spark_preprocessing.preparation import Workshop

COMMAND = str(Path(sys.executable).with_name("spark-preprocess"))


def contract_in(folder: Path) -> PlatformContract:
    """A contract for everything below `folder`, with a small Spark."""
    contract = local_contract(folder)
    return contract.model_copy(update={"spark": contract.spark.model_copy(update={"driver_memory_mib": 1024})})


@dataclass(frozen=True)
class RecordingWorkshop(Workshop):
    """A workshop that also keeps the plan of every table that is written."""

    plans: dict[str, str] = field(default_factory=dict)

    def settle(self, name: str, rows: DataFrame) -> DataFrame:
        self.plans[f"work/{name}"] = plan_of(rows)
        return super().settle(name, rows)

    def write(self, rows: DataFrame, target: str, first: int = 0) -> list[str]:
        self.plans[target.rpartition("/")[2]] = plan_of(rows)
        return super().write(rows, target, first)


def plan_of(rows: DataFrame) -> str:
    """The logical and physical plans, as ``explain(extended=True)`` shows them."""
    return str(rows._jdf.queryExecution().toString())


@dataclass(frozen=True)
class Made:
    """A version of the data set that was made in this process."""

    folder: Path
    manifest: FeatureManifest
    plans: dict[str, str]
    said: list[str]

    def data(self) -> list[dict[str, Any]]:
        """The rows in the order of their files."""
        files = [str(self.folder / "features" / "version" / file.path) for file in self.manifest.files]
        return _rows(files)

    def lookup(self, name: str) -> list[dict[str, Any]]:
        files = self.manifest.lookup_files[name]
        return _rows([str(self.folder / "features" / "version" / file.path) for file in files])

    def quarantined(self) -> list[dict[str, Any]]:
        folder = self.folder / "quarantine" / "version"
        rows = _rows([str(path) for path in sorted(folder.glob("*.parquet"))])
        return [{**row, "row": json.loads(row["row"])} for row in rows]


def _rows(files: list[str]) -> list[dict[str, Any]]:
    tables = [pyarrow.dataset.dataset(file, format="parquet").to_table() for file in files]
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist() if tables else []
    return rows


Make = Callable[[RawFiles], Made]


@dataclass(frozen=True)
class Site:
    """A place for runs of the command."""

    folder: Path
    contract: PlatformContract

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PLATFORM_CONTRACT": str(self.folder / "contract.json")}

    @property
    def dataset(self) -> Path:
        return Path(self.contract.lake.features) / "flight_delay"

    @property
    def raw(self) -> Path:
        return Path(self.contract.lake.raw)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *words],
            env={**self.environ, **environ},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def call(self, *words: str, **environ: str) -> tuple[int, str, str]:
        """Exit status, what was said, and what was said on stderr."""
        with self.start(*words, **environ) as process:
            out, err = process.communicate()
        return process.returncode, out, err

    def summary(self, out: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found
