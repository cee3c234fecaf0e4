"""Makes the certificates that Java trusts the same bytes whenever they were gathered.

Java's keystore says of each certificate when it was put there, in the order in which that happened. `finish.sh` runs
this inside a base, with nothing but Python.

    python3 even_keystore.py /etc/ssl/certs/java/cacerts 1735689600
"""

import hashlib
import struct
import sys
from pathlib import Path

MAGIC, VERSION, CERTIFICATE = 0xFEEDFEED, 2, 2
PASSWORD = "changeit"  # noqa: S105 - everybody's: it only shows that the file is whole


def seal(content: bytes) -> bytes:
    """The digest at the file's end, with the words that Java puts before it."""
    return hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + content).digest()  # noqa: S324 - Java's


def evened(store: bytes, seconds: int) -> bytes:
    """The same keystore, sorted by name, all certificates of one time.

    Raises ValueError when it is not one of certificates alone, or when it is not whole.
    """
    content = store[:-20]
    magic, version, count = struct.unpack_from(">III", content)
    if (magic, version) != (MAGIC, VERSION) or seal(content) != store[-20:]:
        raise ValueError("this is no keystore of Java's, or it is damaged")
    entries, place = [], 12
    for _ in range(count):
        tag, length = struct.unpack_from(">IH", content, place)
        if tag != CERTIFICATE:
            raise ValueError("this keystore has more than certificates")
        name = content[place + 6 : place + 6 + length]
        place += 6 + length + 8
        (length,) = struct.unpack_from(">H", content, place)
        (size,) = struct.unpack_from(">I", content, place + 2 + length)
        end = place + 2 + length + 4 + size
        entries.append((name, content[place:end]))
        place = end
    parts = [struct.pack(">III", MAGIC, VERSION, count)]
    for name, certificate in sorted(entries):
        parts += [struct.pack(">IH", CERTIFICATE, len(name)), name, struct.pack(">Q", seconds * 1000), certificate]
    result = b"".join(parts)
    return result + seal(result)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_bytes(evened(path.read_bytes(), int(sys.argv[2])))
