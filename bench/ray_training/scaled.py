"""The data set with its rows many times over."""

from __future__ import annotations

import hashlib
from pathlib import Path

from platform_contract import DatasetPointer, FileDigest

from ray_training.data.dataset import DATASET, Dataset, find_dataset

ROWS_PER_GROUP = 250_000


def scaled(features: str, scale: int, scratch: Path) -> str:
    """A place like ``lake.features`` whose data set has each file's rows `scale` times; made once."""
    dataset = find_dataset(features)
    if scale == 1:
        return features
    place = scratch / f"x{scale}-{dataset.manifest.fingerprint[:16]}"
    if not (place / DATASET / "LATEST.json").exists():
        _write(dataset, scale, place / DATASET)
    return str(place)


def _write(dataset: Dataset, scale: int, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fingerprint = hashlib.sha256(f"{dataset.manifest.fingerprint} x {scale}".encode()).hexdigest()
    version = folder / f"v-{fingerprint}"
    files = []
    for file, source in zip(dataset.manifest.files, dataset.paths, strict=True):
        target = version / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        table = pq.read_table(source)
        with pq.ParquetWriter(target, table.schema, compression="snappy") as writer:
            pending: list[pa.Table] = []
            for copy in range(scale):
                pending.append(table)
                if sum(part.num_rows for part in pending) >= ROWS_PER_GROUP or copy == scale - 1:
                    writer.write_table(pa.concat_tables(pending), row_group_size=ROWS_PER_GROUP)
                    pending = []
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        files.append(FileDigest(path=file.path, rows=file.rows * scale, bytes=target.stat().st_size, sha256=digest))
    manifest = dataset.manifest.model_copy(
        update={
            "fingerprint": fingerprint,
            "files": tuple(files),
            "rows_in": dataset.manifest.rows_in * scale,
            "rows_out": dataset.manifest.rows_out * scale,
            "months": {month: rows * scale for month, rows in dataset.manifest.months.items()},
            "quarantined": {reason: rows * scale for reason, rows in dataset.manifest.quarantined.items()},
        }
    )
    (version / "manifest.json").write_text(manifest.model_dump_json())
    (folder / "LATEST.json").write_text(DatasetPointer(version=version.name).model_dump_json())
