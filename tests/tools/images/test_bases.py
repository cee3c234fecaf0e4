"""Where a base comes from, and what it has."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.images import bases
from tools.images.base.even_keystore import evened, seal
from tools.images.bases import (
    RECIPES,
    kind_of_base,
    mmdebstrap,
    package_sources,
    public_registry_is_reached,
    recipe_of,
    registry_arguments,
    require_processor,
)
from tools.images.catalogue import BASES, EPOCH, ImagesError, own_architecture

Programs = Callable[..., Path]
MACHINE = """\
http://mirror.example.test/debian/ bookworm main
http://mirror.example.test/debian/ bookworm contrib
http://mirror.example.test/debian-security/ bookworm-security main
https://deb.nodesource.com/node_20.x nodistro main
"""


def test_a_reached_registry_gives_the_base_and_otherwise_the_machines_packages(only_programs: Programs) -> None:
    only_programs(mmdebstrap="exit 0")
    assert kind_of_base("auto", lambda: True) == "registry"
    assert kind_of_base("auto", lambda: False) == "debian"


def test_what_was_asked_for_is_not_second_guessed(only_programs: Programs) -> None:
    only_programs(mmdebstrap="exit 0")
    assert kind_of_base("debian", lambda: pytest.fail("asked a registry")) == "debian"
    assert kind_of_base("registry", lambda: pytest.fail("asked a registry")) == "registry"


def test_with_neither_it_is_said_what_to_install(only_programs: Programs) -> None:
    only_programs()
    with pytest.raises(ImagesError, match=r"^No public registry is reached, and mmdebstrap, .* is not on PATH"):
        kind_of_base("auto", lambda: False)
    with pytest.raises(ImagesError, match=r"^mmdebstrap, .* is not on PATH"):
        kind_of_base("debian")


def test_a_registry_that_does_not_answer_is_not_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not public_registry_is_reached(f"http://127.0.0.1:{port}/v2/", 1)


def test_the_machines_own_mirror_is_used_and_only_debians_suites() -> None:
    assert package_sources("", MACHINE) == [
        "deb http://mirror.example.test/debian/ bookworm main",
        "deb http://mirror.example.test/debian-security/ bookworm-security main",
    ]


def test_a_machine_that_is_not_this_debian_takes_debians_mirrors() -> None:
    assert package_sources("", "http://archive.ubuntu.com/ubuntu noble main\n") == [
        "deb http://deb.debian.org/debian bookworm main",
        "deb http://deb.debian.org/debian-security bookworm-security main",
    ]


def test_a_snapshot_pins_both_archives() -> None:
    assert all("/20260101T000000Z bookworm" in line for line in package_sources("20260101T000000Z", MACHINE))


def test_a_base_has_what_is_named_and_no_more() -> None:
    command = mmdebstrap(BASES["java"], "amd64", "", Path("/base.tar"))
    assert "--variant=essential" in command
    assert '--aptopt=APT::Install-Recommends "false"' in command
    assert any(word.startswith("--hook-dir=") and word.endswith("/merged-usr") for word in command)
    assert "--include=openjdk-17-jre-headless,ca-certificates,libstdc++6,python3,tini,tzdata" in command
    assert command[command.index("bookworm") + 1] == "/base.tar"


def test_java_finds_the_folder_of_manual_pages_that_it_fails_without() -> None:
    assert '--essential-hook=mkdir -p "$1/usr/share/man/man1"' in mmdebstrap(BASES["java"], "amd64", "", Path("/b"))
    assert registry_arguments(BASES["java"], "")["FOLDERS"] == "/usr/share/man/man1"
    assert not any("essential-hook" in word for word in mmdebstrap(BASES["python"], "amd64", "", Path("/b")))


def keystore(*entries: tuple[bytes, int, bytes]) -> bytes:
    """As Java writes one: name, milliseconds and certificate of each entry."""
    content = struct.pack(">III", 0xFEEDFEED, 2, len(entries))
    for name, time, certificate in entries:
        content += struct.pack(">IH", 2, len(name)) + name + struct.pack(">QH", time, 5) + b"X.509"
        content += struct.pack(">I", len(certificate)) + certificate
    return content + seal(content)


def test_javas_keystore_is_the_same_whenever_it_was_written() -> None:
    first = keystore((b"a", 1, b"certificate a"), (b"b", 2, b"longer certificate b"))
    second = keystore((b"b", 3, b"longer certificate b"), (b"a", 4, b"certificate a"))
    assert evened(first, EPOCH) == evened(second, EPOCH)
    assert evened(first, EPOCH) == keystore(
        (b"a", EPOCH * 1000, b"certificate a"), (b"b", EPOCH * 1000, b"longer certificate b")
    )


@pytest.mark.parametrize("damaged", [b"x" * 40, keystore((b"a", 1, b"c"))[:-1] + b"?"])
def test_a_damaged_keystore_ends_the_making_of_a_base(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="no keystore of Java's, or it is damaged"):
        evened(damaged, EPOCH)


def test_the_time_in_a_keystore_is_that_of_all_files() -> None:
    assert f"cacerts {EPOCH}" in (RECIPES / "finish.sh").read_text()


@pytest.mark.parametrize(
    ("kind", "architecture", "snapshot"),
    [("registry", "amd64", ""), ("debian", "arm64", ""), ("debian", "amd64", "20260101T000000Z")],
)
def test_a_base_of_another_recipe_is_made_anew(kind: str, architecture: str, snapshot: str) -> None:
    base = BASES["python"]
    assert recipe_of(base, kind, architecture, snapshot) != recipe_of(base, "debian", "amd64", "")
    assert recipe_of(BASES["java"], "debian", "amd64", "") != recipe_of(base, "debian", "amd64", "")


def test_a_processor_that_this_machine_cannot_run_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = "arm64" if own_architecture() == "amd64" else "amd64"
    monkeypatch.setattr(bases, "EMULATORS", tmp_path)
    with pytest.raises(ImagesError, match=f"cannot run programs for {other}.*qemu-user-static"):
        require_processor(other)
    require_processor(own_architecture())


def test_a_processor_with_an_emulator_is_built_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bases, "EMULATORS", tmp_path)
    for name in ("qemu-x86_64", "qemu-aarch64"):
        (tmp_path / name).touch()
    require_processor("arm64")
    require_processor("amd64")


def test_the_time_of_all_files_is_a_whole_day() -> None:
    assert EPOCH % 86400 == 0
