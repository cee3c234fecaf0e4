"""Ray Data's way to the Parquet files, and from its blocks to the matrix that XGBoost takes.

Ray Data 2.60 reads Parquet through 32 `FooterReader` actors, each a Python process, to learn how many rows a file
has; its older reader samples the files to guess their size. Both cost seconds before the first row. The manifest
already says how many rows and bytes there are, so a `Datasource` of our own plans the reading without a look at them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from platform_contract.object_store import TRIES, is_short_read
from ray.data import Dataset as RayDataset
from ray.data import Datasource, ReadTask, read_datasource
from ray.data._internal.execution.execution_callback import ExecutionCallback
from ray.data.block import BlockMetadata

from ray_training.data.dataset import Dataset

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import DataContext
    from ray.data._internal.execution.streaming_executor import StreamingExecutor

FloatMatrix = npt.NDArray[np.float32]

ROWS_PER_BATCH: Final = 2**17
TASK_BYTES: Final = 512 * 2**20
"""Of the values in memory, about. A task gives its rows away in blocks, so it never holds as much."""

PAUSE_SECONDS: Final = 0.005
"""A block takes twenty times that."""
ROWS_PER_COPY: Final = 4096
"""Rows whose values fit the cache while columns are turned into rows."""


class Pause(ExecutionCallback):
    """A pause after each step of Ray Data's scheduler.

    While there is more to read than the reader takes, the scheduler of 2.60 asks again without one, and takes a CPU
    from the reader (`StreamingExecutor._scheduling_loop_step`: an output that is ready and may not be fetched yet ends
    `ray.wait` at once). With it the hand-off of ten million rows takes 73 s of CPU in place of 90 (`bench/results`).
    """

    def on_execution_step(self, executor: StreamingExecutor) -> None:  # noqa: ARG002 - Ray Data's signature
        """Called after each step, in the scheduler's own thread."""
        time.sleep(PAUSE_SECONDS)


class FeatureFiles(Datasource):
    """The rows of some months, with some columns, in the files' order.

    Args:
        dataset: where the files are.
        columns: what to read of them.
        months: the rows to keep; row groups that hold no such month are not read.
    """

    def __init__(self, dataset: Dataset, columns: Sequence[str], months: Sequence[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray does not type it
        self._dataset = dataset
        self._columns = tuple(columns)
        self._months = tuple(months)

    @property
    def count(self) -> int:
        """Tasks that read. One, unless there is a lot to read: a second process takes seconds to start."""
        wanted = math.ceil(self.estimate_inmemory_data_size() / TASK_BYTES)
        return sum(1 for _ in _groups(self._dataset, max(1, wanted)))

    def estimate_inmemory_data_size(self) -> int:
        """Bytes if every value had four and every month were asked for."""
        return self._dataset.manifest.rows_out * len(self._columns) * 4

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002 - Ray Data's signature
        per_task_row_limit: int | None = None,
        data_context: DataContext | None = None,  # noqa: ARG002 - as above
    ) -> list[ReadTask]:
        """Splits the files, in their order, into `count` tasks of like size, whatever Ray Data would like."""
        tasks = []
        for paths, rows in _groups(self._dataset, self.count):
            metadata = BlockMetadata(
                num_rows=None, size_bytes=rows * len(self._columns) * 4, input_files=tuple(paths), exec_stats=None
            )
            read = partial(read_files, paths, self._columns, self._dataset.manifest.month, self._months)
            tasks.append(ReadTask(read, metadata, per_task_row_limit=per_task_row_limit))
        return tasks


def read(dataset: Dataset, columns: Sequence[str], months: Sequence[int]) -> RayDataset:
    """The rows of some months as a Ray data set; nothing is read yet."""
    files = FeatureFiles(dataset, columns, months)
    # Given fewer tasks than it would like, Ray Data cuts each block into as many pieces as are missing: thousands of
    # tiny blocks, each of which costs more than to read it.
    rows: RayDataset = read_datasource(files, override_num_blocks=files.count)
    rows.context.custom_execution_callback_classes = [Pause]
    return rows


def _groups(dataset: Dataset, count: int) -> Iterator[tuple[list[str], int]]:
    share = dataset.manifest.rows_out / count
    paths: list[str] = []
    rows = read = 0
    for path, file in zip(dataset.paths, dataset.manifest.files, strict=True):
        paths.append(path)
        rows += file.rows
        if read + rows >= share * (read // share + 1) - 0.5:
            yield paths, rows
            read += rows
            paths, rows = [], 0
    if paths:
        yield paths, rows


def read_files(paths: Sequence[str], columns: Sequence[str], month: str, months: Sequence[int]) -> Iterator[pa.Table]:
    """The rows of `months` in the files, in their order, as tables of at most `ROWS_PER_BATCH` rows."""
    import pyarrow as pa

    for path in paths:
        for batch in _batches(path, columns, month, months):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])


def _batches(path: str, columns: Sequence[str], month: str, months: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """The rows of one file, in their order.

    A column of a few rows is fewer bytes than S3's answer to a throttled call, which pyarrow's client then does not try
    again: the file is opened anew, and the rows that were given away already are left out.

    Raises:
        OSError: the file cannot be read.
    """
    import pyarrow.dataset as pads

    from ray_training.data.places import open_location

    given = 0
    for left in reversed(range(TRIES)):
        try:
            filesystem, inner = open_location(path)
            file = pads.dataset(inner, filesystem=filesystem, format="parquet")
            wanted = pads.field(month).isin(list(months))
            known = given
            for batch in file.to_batches(columns=list(columns), filter=wanted, batch_size=ROWS_PER_BATCH):
                fresh = batch.slice(min(known, batch.num_rows))
                known -= batch.num_rows - fresh.num_rows
                given += fresh.num_rows
                yield fresh
        except OSError as error:
            if not left or not is_short_read(error):
                raise
            time.sleep(1)
        else:
            return


class Matrix:
    """Features and labels of rows that come block by block; row-major, as XGBoost reads it.

    Args:
        names: the features, in the model's order.
        label: the column with 0 or 1.
        capacity: the most rows that can come. Memory is taken as rows come, not before.
    """

    def __init__(self, names: Sequence[str], label: str, capacity: int) -> None:
        self._names = names
        self._label = label
        self._features: FloatMatrix = np.empty((capacity, len(names)), dtype=np.float32)
        self._labels: npt.NDArray[np.float32] = np.empty(capacity, dtype=np.float32)
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Appends a block; a null becomes NaN, which XGBoost takes as missing."""
        for batch in table.to_batches(max_chunksize=ROWS_PER_COPY):
            start, end = self.rows, self.rows + batch.num_rows
            for position, name in enumerate(self._names):
                self._features[start:end, position] = batch.column(name).to_numpy(zero_copy_only=False)
            self._labels[start:end] = batch.column(self._label).to_numpy(zero_copy_only=False)
            self.rows = end

    @property
    def features(self) -> FloatMatrix:
        """The rows that have come."""
        return self._features[: self.rows]

    @property
    def labels(self) -> npt.NDArray[np.float32]:
        """0 or 1 of each row that has come."""
        return self._labels[: self.rows]


def fill(dataset: Dataset, tables: Iterable[pa.Table], parts: Sequence[Sequence[int]]) -> list[Matrix]:
    """Turns tables into one matrix for each set of months in `parts`; rows of other months are left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    manifest = dataset.manifest
    matrices = [Matrix(dataset.feature_names, manifest.label, manifest.rows_out) for _ in parts]
    for table in tables:
        for months, matrix in zip(parts, matrices, strict=True):
            wanted = pc.is_in(table.column(manifest.month), pa.array(months, table.schema.field(manifest.month).type))
            matrix.add(table if pc.all(wanted).as_py() else table.filter(wanted))
    return matrices
