"""What stand-ins take from Maven Central: pinned, fetched once, refused when it is something else."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.images import context, jars, locking, maven
from tools.images.catalogue import ARCHITECTURES, EPOCH, IMAGES, STAND_INS, Image, ImagesError
from tools.images.catalogue import ROOT as REPOSITORY
from tools.images.command_line import main
from tools.images.context import digest_of, lay_out
from tools.images.locking import lock, parsed
from tools.images.maven import LOCK, Artifact, fetched, locked, locked_for

Programs = Callable[..., Path]
Write = Callable[[Path, str], Path]
SETTINGS = {"base": "id", "architecture": "amd64"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Repository:
    """Path → content, and the paths that it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.short = False

    def has(self, name: str, content: bytes) -> Artifact:
        one = Artifact("org.example", name, "1.0", sha256(content))
        self.files[f"/{one.path}"] = content
        return one


@pytest.fixture
def central(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    repository = Repository()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository.asked.append(self.path)
            content = repository.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"") + repository.short))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(maven.VARIABLE, f"http://127.0.0.1:{server.server_port}/")
        yield repository
        server.shutdown()


@pytest.fixture
def stand_in(clone: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> Image:
    """An image of the clone that takes jars."""
    for module in (maven, locking):
        monkeypatch.setattr(module, "ROOT", clone)
    image = Image("broker", "broker", "A broker", stand_in=True)
    write(image.folder / "Containerfile", "FROM ${BASE}")
    return image


def test_a_file_is_fetched_once_and_what_goes_on_is_told(central: Repository, tmp_path: Path) -> None:
    wanted, said = [central.has("a", b"jar a"), central.has("b", b"jar b")], list[str]()
    for _ in range(2):
        paths = fetched(wanted, tmp_path / "cache", "kafka", said.append)
        assert [path.read_bytes() for path in paths] == [b"jar a", b"jar b"]
    assert central.asked == ["/org/example/a/1.0/a-1.0.jar", "/org/example/b/1.0/b-1.0.jar"]
    assert said == ["kafka: getting 2 files from 127.0.0.1", "kafka: got 0 MB in 0 s"]


def test_another_file_than_the_lock_names_is_refused_and_does_not_stay(central: Repository, tmp_path: Path) -> None:
    wanted = central.has("a", b"jar a")
    central.files[f"/{wanted.path}"] = b"something else"
    with pytest.raises(ImagesError, match=rf"(?s)a-1\.0\.jar is not the file .*{sha256(b'something else')}.*Do not go"):
        fetched([wanted], tmp_path, "kafka", print)
    assert not list(tmp_path.iterdir())


def test_a_cached_file_that_has_changed_is_fetched_anew(central: Repository, tmp_path: Path) -> None:
    wanted = central.has("a", b"jar a")
    (tmp_path / wanted.file).write_bytes(b"damaged")
    (path,) = fetched([wanted], tmp_path, "kafka", print)
    assert path.read_bytes() == b"jar a"


def test_a_file_that_is_not_there_is_named_with_what_the_server_says(central: Repository, tmp_path: Path) -> None:
    wanted = central.has("a", b"jar a")
    central.files.clear()
    with pytest.raises(
        ImagesError, match=r"kafka: a-1\.0\.jar cannot be had: 127\.0\.0\.1 says 404 .*MAVEN_REPOSITORY"
    ):
        fetched([wanted], tmp_path, "kafka", print)


def test_an_answer_that_breaks_off_is_no_file(central: Repository, tmp_path: Path) -> None:
    wanted, central.short = central.has("a", b"jar a"), True
    with pytest.raises(ImagesError, match=r"a-1\.0\.jar .*Run it again|a-1\.0\.jar cannot be had"):
        fetched([wanted], tmp_path, "kafka", print)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://registry.invalid/maven", "no address"])
def test_a_repository_that_is_not_reached_is_one_sentence(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(maven.VARIABLE, address)
    with pytest.raises(ImagesError, match=r"a-1\.jar cannot be had: .* was not reached .* Is the network there\?"):
        fetched([Artifact("org.example", "a", "1", "0" * 64)], tmp_path, "kafka", print)


def test_a_lock_file_is_read_as_it_is_written(stand_in: Image, write: Write) -> None:
    lines = [f"{'a' * 64}  org.example:a_2.13:1.0", f"{'b' * 64}  org.example:b:2-x  arm64"]
    write(stand_in.folder / LOCK, "\n".join(lines) + "\n")
    assert [one.line for one in locked(stand_in)] == lines
    assert [one.name for one in locked_for(stand_in, "amd64")] == ["a_2.13"]
    assert [one.name for one in locked_for(stand_in, "arm64")] == ["a_2.13", "b"]


@pytest.mark.parametrize("line", ["", "org.example:a:1", f"{'a' * 63}  org.example:a:1", f"{'a' * 64} org.example:a:1"])
def test_a_line_without_a_whole_digest_is_refused(stand_in: Image, write: Write, line: str) -> None:
    write(stand_in.folder / LOCK, f"{'a' * 64}  org.example:a:1\n{line}\n")
    with pytest.raises(ImagesError, match=r"stand_ins/broker/maven\.sha256, line 2: not a SHA-256"):
        locked(stand_in)


def test_an_image_changes_with_a_digest_of_its_lock_file_and_asks_no_server_for_it(
    stand_in: Image, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(maven.VARIABLE, "http://127.0.0.1:1")
    write(stand_in.folder / LOCK, f"{'a' * 64}  org.example:a:1\n")
    before = digest_of(stand_in, None, SETTINGS)
    write(stand_in.folder / LOCK, f"{'b' * 64}  org.example:a:1\n")
    assert digest_of(stand_in, None, SETTINGS) != before


def test_jars_are_laid_out_with_the_time_and_mode_of_all_files(clone: Path, stand_in: Image, tmp_path: Path) -> None:
    jar = tmp_path / "a-1.jar"
    jar.write_bytes(b"jar")
    jar.chmod(0o600)
    lay_out(stand_in, None, clone / "tools" / "uv.lock", tmp_path / "context", [jar])
    status = (tmp_path / "context" / "jars" / "a-1.jar").stat()
    assert (status.st_mtime, status.st_mode & 0o777) == (EPOCH, 0o644)


def archive_in_a_jar(path: Path) -> Path:
    """A program and a library with two names, as Zonky packs them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for name, mode in (("bin/postgres", 0o700), ("lib/libpq.so.5.17", 0o600)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = 3, mode, 1
            archive.addfile(entry, io.BytesIO(b"elf"))
        link = tarfile.TarInfo("lib/libpq.so.5")
        link.type, link.linkname = tarfile.SYMTYPE, "libpq.so.5.17"
        archive.addfile(link)
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "")
        jar.writestr("postgres-linux.txz", packed.getvalue())
    return path


def test_an_archive_is_laid_out_unpacked_its_programs_and_links_as_such(clone: Path, tmp_path: Path) -> None:
    image = Image("database", "ray_training", "A database", unpacked=True)
    jar = archive_in_a_jar(tmp_path / "a.jar")
    lay_out(image, None, clone / "tools" / "uv.lock", tmp_path / "context", [jar])
    folder = tmp_path / "context" / "archive"
    assert (folder / "lib/libpq.so.5").is_symlink()
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.rglob("*") if path.is_file()}
    assert modes == {"postgres": "0o755", "libpq.so.5.17": "0o644", "libpq.so.5": "0o644"}
    assert {path.lstat().st_mtime for path in folder.rglob("*")} == {EPOCH}


def test_a_python_without_filters_of_archives_unpacks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian 12 has 3.11.2, and filters came with 3.11.4: whoever names one there gets a TypeError."""
    jar = archive_in_a_jar(tmp_path / "a.jar")
    maven.unpack(jar, tmp_path / "filtered")
    named: list[str] = []
    extract = tarfile.TarFile.extractall

    def extractall(*given: Any, **options: Any) -> None:
        named.extend(options)
        extract(*given, **options)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    maven.unpack(jar, tmp_path / "plain")
    assert named == []
    assert tree(tmp_path / "plain") == tree(tmp_path / "filtered") != {}


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Path → mode, owner and group."""
    found = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}
    return {name: (stat.st_mode, stat.st_uid, stat.st_gid) for name, stat in found.items()}


def test_a_jar_without_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "")
    with pytest.raises(ImagesError, match=r"a\.jar has no archive in it"):
        maven.unpack(tmp_path / "a.jar", tmp_path / "out")


RESOLVED = """
The following files have been resolved:
   org.example:b:jar:1.0:runtime -- module b (auto)
   org.example:a_2.13:jar:1.0:compile\x1b[0m
"""


def test_what_maven_resolves_is_read_in_one_order() -> None:
    assert [one.file for one in parsed(RESOLVED)] == ["a_2.13-1.0.jar", "b-1.0.jar"]
    with pytest.raises(ImagesError, match=r"no plain jar: org\.example:c:jar:linux:1\.0:runtime"):
        parsed("   org.example:c:jar:linux:1.0:runtime\n")


@pytest.fixture
def maven_program(only_programs: Programs, tmp_path: Path) -> None:
    """A `mvn` that has resolved what `RESOLVED` says."""
    answer = tmp_path / "resolved"
    answer.write_text(RESOLVED)
    only_programs(mvn=f'for word; do case $word in -DoutputFile=*) /bin/cat {answer} > "${{word#*=}}";; esac; done')


@pytest.mark.usefixtures("maven_program")
def test_a_lock_file_is_written_with_the_digest_of_each_file_and_no_address(
    central: Repository, stand_in: Image, write: Write, tmp_path: Path
) -> None:
    write(stand_in.folder / "pom.xml", "<project/>")
    a, b = central.has("a_2.13", b"jar a"), central.has("b", b"jar b")
    assert "is written: 2 files" in lock(stand_in, tmp_path / "images", print)
    assert (stand_in.folder / LOCK).read_text() == f"{a.line}\n{b.line}\n"
    assert "says so already" in lock(stand_in, tmp_path / "images", print)


@pytest.mark.usefixtures("maven_program")
def test_a_known_version_with_other_content_is_not_locked(
    central: Repository, stand_in: Image, write: Write, tmp_path: Path
) -> None:
    write(stand_in.folder / "pom.xml", "<project/>")
    central.has("a_2.13", b"jar a")
    central.has("b", b"jar b")
    lock(stand_in, tmp_path / "images", print)
    before = (stand_in.folder / LOCK).read_text()
    central.has("b", b"another jar b")
    with pytest.raises(ImagesError, match=r"b-1\.0\.jar is not the file that maven\.sha256 names"):
        lock(stand_in, tmp_path / "images", print)
    assert (stand_in.folder / LOCK).read_text() == before


def test_a_machine_without_maven_is_told_so(
    stand_in: Image, write: Write, tmp_path: Path, only_programs: Programs
) -> None:
    only_programs()
    write(stand_in.folder / "pom.xml", "<project/>")
    with pytest.raises(ImagesError, match=r"mvn is not on PATH .*apt-get install .*maven"):
        lock(stand_in, tmp_path / "images", print)


def test_what_has_no_pom_is_not_locked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "postgresql"]) == 2
    assert "there is no tools/images/stand_ins/postgresql/pom.xml" in capsys.readouterr().err


FROM_CENTRAL = [image for image in STAND_INS.values() if not image.program]


@pytest.mark.parametrize("image", FROM_CENTRAL, ids=lambda image: image.name)
def test_every_stand_in_has_a_lock_file_for_each_processor_that_names_no_address(image: Image) -> None:
    text = (image.folder / LOCK).read_text()
    assert "://" not in text
    for architecture in set(ARCHITECTURES.values()):
        files = [one.file for one in locked_for(image, architecture)]
        assert files
        assert len(files) == len(set(files)), "one would overwrite another"
        assert len(files) == 1 or not image.unpacked


def test_the_broker_is_of_one_version_and_the_one_that_its_pom_wants() -> None:
    image = STAND_INS["kafka"]
    wanted = re.findall(r"<(kafka|log4j)>([\d.]+)<", (image.folder / "pom.xml").read_text())
    groups = {"kafka": "org.apache.kafka", "log4j": "org.apache.logging.log4j"}
    for name, version in wanted:
        assert {one.version for one in locked(image) if one.group == groups[name]} == {version}
    assert {"kafka_2.13", "kafka-tools", "log4j-slf4j-impl"} <= {one.name for one in locked(image)}
    assert len(wanted) == 2


def test_the_database_is_the_one_that_tests_run_on() -> None:
    text = (REPOSITORY / "tests/support/workloads/postgres_server.py").read_text()
    pinned = dict(re.findall(r'\("(linux-\w+)", "([0-9a-f]{64})"\)', text))
    version = re.search(r'^VERSION = "([\d.]+)"', text, re.MULTILINE)
    assert version
    found = {one.name.removeprefix("embedded-postgres-binaries-"): one for one in locked(STAND_INS["postgresql"])}
    assert {name: one.digest for name, one in found.items()} == pinned
    assert {one.version for one in found.values()} == {version[1]}
    assert f'MAVEN = "{maven.CENTRAL}/' in text


def test_a_stand_in_takes_its_programs_from_where_they_are_put() -> None:
    for image in FROM_CENTRAL:
        copied = "archive/" if image.unpacked else "jars/"
        assert f"COPY {copied} /opt/" in context.containerfile(image)


def test_the_environment_of_a_package_gets_its_jars_and_keeps_no_others(
    central: Repository, clone: Path, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maven, "ROOT", clone)
    monkeypatch.setattr(jars, "FOLDER", tmp_path / "images")
    image = Image("engine", "engine", "An engine")
    one = central.has("client", b"jar")
    write(image.folder / LOCK, f"{one.line}\n")
    with pytest.raises(ImagesError, match=r"is not there: run 'python3 tools/environments\.py sync engine' first"):
        jars.place_jars(image, print, tmp_path / "envs")
    old = write(tmp_path / "envs" / "engine" / jars.PLACE / "client-0.9.jar", "old")
    assert "has 1 files now" in jars.place_jars(image, print, tmp_path / "envs")
    assert {path.name: path.read_bytes() for path in old.parent.iterdir()} == {"client-1.0.jar": b"jar"}
    assert "already" in jars.place_jars(image, print, tmp_path / "envs")
    assert len(central.asked) == 1


def test_sparks_image_has_its_client_for_s3_where_the_package_looks_for_it() -> None:
    spark = IMAGES["spark_preprocessing"]
    text = (REPOSITORY / "workloads" / "spark_preprocessing" / "Containerfile").read_text()
    assert f"COPY jars/ /opt/venv/{jars.PLACE}/" in text
    assert LOCK in context.PACKAGE_FILES, "a change of it makes another image"
    assert locked_for(spark, "amd64")
