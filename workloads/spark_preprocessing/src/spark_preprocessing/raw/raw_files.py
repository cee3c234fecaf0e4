"""The check of the raw files before Spark is started: are they text in UTF-8, with the columns that they should have?

A file is read once, piece by piece, whatever its size; nothing of it is kept but the header.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.raw.raw_tables import RAW_FOLDER, RAW_TABLES, RawFile, RawTable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES: Final = 1 << 20

LONGEST_LINE: Final = 1 << 14
"""Characters. The longest line of 2013 has 110; a file without line breaks must not be held as one line, and Spark's
parser gives up at a line of 20,480 columns."""

_BLANK: Final = "".join(map(chr, range(ord(" ") + 1)))
"""What Java's ``trim`` takes away: a line of nothing else is passed over by Spark too."""

_TO_UTF8: Final = "convert it ('iconv -f {} -t UTF-8 FILE > NEW'), or have it delivered as UTF-8"

_SIGNATURES: Final = (
    (b"\x1f\x8b", "is compressed by gzip: unpack it ('gunzip')"),
    (b"PK\x03\x04", "is a zip archive: unpack it ('unzip')"),
    (b"PK\x05\x06", "is an empty zip archive: deliver the file itself"),
    (b"BZh", "is compressed by bzip2: unpack it ('bunzip2')"),
    (b"\xfd7zXZ\x00", "is compressed by xz: unpack it ('unxz')"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd: unpack it ('unzstd')"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive: unpack it ('7z x')"),
    (b"PAR1", "is a Parquet file: have it delivered as CSV"),
    (b"ORC", "is an ORC file: have it delivered as CSV"),
    (b"Obj\x01", "is an Avro file: have it delivered as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook: save it as CSV (UTF-8)"),
    (b"SQLite format 3\x00", "is an SQLite database: have it delivered as CSV"),
    (b"%PDF", "is a PDF document: have it delivered as CSV"),
    (codecs.BOM_UTF32_LE, "is text in UTF-32: " + _TO_UTF8.format("UTF-32")),
    (codecs.BOM_UTF32_BE, "is text in UTF-32: " + _TO_UTF8.format("UTF-32")),
    (codecs.BOM_UTF16_LE, "is text in UTF-16: " + _TO_UTF8.format("UTF-16")),
    (codecs.BOM_UTF16_BE, "is text in UTF-16: " + _TO_UTF8.format("UTF-16")),
)
"""How files begin that are no text in UTF-8, and what to do (source: ``magic`` of the program file(1)).

The longer marks stand before those that they begin with."""


class _NotReadableError(Exception):
    """What is wrong with a file, and what to do."""


def inspect_raw_files(raw: str) -> dict[str, RawFile]:
    """Finds the raw files below `raw` (the contract's ``lake.raw``), by table name, and checks them.

    The columns may stand in any order.

    Raises:
        PreprocessingError: files are missing, are not CSV in UTF-8, hold no row, or lack columns or have surplus ones;
            every difference of every file is named at once.
    """
    folder = f"{raw}/{RAW_FOLDER}"
    faults: list[str] = []
    found: dict[str, RawFile] = {}
    for table in RAW_TABLES:
        path = f"{folder}/{table.file}"
        try:
            found[table.name] = _inspect(table, path)
        except _NotReadableError as error:
            faults.append(f"{table.file}: {error}")
        except IsADirectoryError:
            faults.append(f"{table.file}: is a folder: put the file itself there")
        except OSError as error:
            faults.append(f"{table.file}: cannot be read ({error.strerror or error})")
    if faults:
        raise PreprocessingError(
            f"The raw files in {folder} are not those that features can be made of; nothing was published.\n"
            + "\n".join(f"  {fault}" for fault in faults)
            + "\nDeliver the files again, or teach the package the new columns."
        )
    return found


def _inspect(table: RawTable, path: str) -> RawFile:
    with _text(path) as (lines, read):
        first = next(lines, "")
        if "\0" in first:
            raise _NotReadableError("has NUL characters in its header, as UTF-16 has: " + _TO_UTF8.format("UTF-16"))
        header = tuple(next(csv.reader([first]), []))
        if differences := _differences(table, header):
            raise _NotReadableError("; ".join(differences))
        rows, across = 0, False
        for line in lines:
            rows += line.strip(_BLANK) != ""
            across = across or line.count('"') % 2 == 1
        digest = read.digest.hexdigest()
    records = _records(path, len(header)) if across else None
    if not rows:
        raise _NotReadableError("has its header and no row: deliver it with its rows")
    return RawFile(table, path, header, digest, records or rows, multiline=records is not None)


def _records(path: str, width: int) -> int | None:
    """The records of a file of which a quoted value goes over several lines, as RFC 4180 allows.

    None if it is not well-formed as a whole. Then a record is a line, so that a quote which nobody closed costs one
    line, and not the rest of the file.
    """
    with _text(path) as (lines, _):
        records = 0
        try:
            for record in csv.reader(lines, strict=True):
                records += bool(record)
                if record and len(record) != width:
                    return None
        except csv.Error:
            return None
    return records - 1


class _Hashed(io.RawIOBase):
    """A stream that also makes the digest of all that was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        piece = self._stream.read(memoryview(buffer).nbytes)
        self.digest.update(piece)
        memoryview(buffer)[: len(piece)] = piece
        return len(piece)


@contextmanager
def _text(path: str) -> Iterator[tuple[Iterator[str], _Hashed]]:
    """The lines of a file as Spark tells them apart (ended by LF, CR LF or CR), and the stream below them.

    Raises:
        _NotReadableError: at once or on the way, if it is no text in UTF-8.
    """
    with store_of(path).open(path) as stream:
        read = _Hashed(stream)
        buffered = io.BufferedReader(read, PIECE_BYTES)
        start = buffered.peek(16)[:16]
        for signature, fault in _SIGNATURES:
            if start.startswith(signature):
                raise _NotReadableError(fault)
        text = io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="strict", newline=None)
        yield _lines(text), read


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while True:
        try:
            line = text.readline(LONGEST_LINE)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise _NotReadableError(
                f"is not in UTF-8: byte 0x{byte:02X} soon after line {number} (is it Latin-1 or Windows-1252?): "
                + _TO_UTF8.format("WINDOWS-1252")
            ) from error
        if not line:
            return
        number += 1
        if len(line) == LONGEST_LINE:
            raise _NotReadableError(f"has more than {LONGEST_LINE:,} characters in line {number}: it is no CSV")
        yield line


def _differences(table: RawTable, header: tuple[str, ...]) -> list[str]:
    expected = set(table.names)
    differences = []
    for word, names in (
        ("missing", [name for name in table.names if name not in header]),
        ("surplus", [name for name in header if name not in expected]),
        ("more than once", sorted({name for name in header if header.count(name) > 1})),
    ):
        if names:
            differences.append(f"{word}: {', '.join(repr(name) for name in names)}")
    if differences and len(header) == 1:
        differences.append("its header is one column: are the columns separated by commas?")
    return differences
