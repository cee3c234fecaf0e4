"""Bodies that are made to cost a server much: shapes, repeated until they reach a size."""

from __future__ import annotations

from collections.abc import Iterator

OPENINGS = (
    *(b"", b"[", b"{", b'{"rows":', b'{"rows":[', b'{"rows":[['),
    *(b'{"flights":', b'{"flights":[', b'{"flights":[{'),
)
PIECES = (
    *(b'"",', b"[],", b"{},", b"[", b"[[],[]],", b'["",""],', b'{"a":', b'{"":', b'{"a":1},', b'"a":1,', b'"a":{},'),
    *(b"null,", b"true,", b"0,", b"-0,", b"1.5,", b"1e400,", b"9" * 400 + b",", b"9" * 4300 + b","),
    *(b"0." + b"7" * 900 + b",", b'"' + b"x" * 900 + b'",', b'"\\u0041",', b'"\\ud800",', b'"\xed\xa0\x80",'),
    *(b"\xff", b" ", b"\n\t", b",", b":", b'{"carrier":"UA"},'),
    b'{"carrier":"UA","flight_number":1,"origin":"EWR","dest":"BOS","tailnum":"' + b"[" * 16 + b'"},',
)
"""What is repeated."""

CLOSINGS = (b"", b"0]]}", b"]}", b"}]}", b'""]]}', b"]")


def filled(opening: bytes, piece: bytes, closing: bytes, size: int) -> bytes:
    """A body of about `size` bytes, and not more."""
    times = max(0, size - len(opening) - len(closing)) // len(piece)
    return opening + piece * times + closing


def unknown_keys(size: int) -> bytes:
    """A flight of distinct keys that nobody knows."""
    keys = b",".join(b'"%x":0' % number for number in range(size // 10))
    return b'{"flights":[{' + keys + b"}]}"


def rows_of_faults(rows: int, width: int) -> bytes:
    """As many faults as a question may have values."""
    row = b"[" + b",".join([b'""'] * width) + b"]"
    return b'{"rows":[' + b",".join([row] * rows) + b"]}"


def all_shapes(size: int) -> Iterator[bytes]:
    """Every combination, once."""
    for opening in OPENINGS:
        for piece in PIECES:
            for closing in CLOSINGS[:3]:
                yield filled(opening, piece, closing, size)
