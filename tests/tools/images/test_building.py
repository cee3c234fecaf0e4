"""Only what has changed is built and pushed. The builder is a script that notes what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.images import building
from tools.images.builders import Builder
from tools.images.building import Options, Result, Site, registry_has
from tools.images.catalogue import Base, Image, ImagesError, own_architecture

Programs = Callable[..., Path]
FAKE = r"""
echo "$@" >> {notes}
case " $* " in
*" containers "*) test ! -e {left} || echo abc ;;
*" rm --all "*) rm {left} ;;
*" inspect "*) test -e {there} && cat {there} ;;
*" build "*) echo STEP 1; test ! -e {broken} || {{ echo 'write: no space left on device'; exit 1; }}
  echo '{{"FromImageID": "'$(cat {notes} | wc -l)'", "Manifest": "{{\"layers\": [{{\"size\": 7}}]}}"}}' > {there} ;;
*" push "*) while [ $# -gt 0 ]; do [ "$1" != --digestfile ] || echo sha256:feed > "$2"; shift; done ;;
esac
"""


class Machine:
    """A builder that remembers one image, and a site that builds with it."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.folder, self.image = folder, image
        self.notes, self.there, self.broken = folder / "notes", folder / "there", folder / "broken"
        self.left = folder / "left"
        self.said: list[str] = []

    def build(self, **options: str | bool) -> Result:
        settings = Options(own_architecture(), base="debian", **options)  # type: ignore[arg-type]
        self.notes.write_text("")
        (result,) = Site(Builder("buildah", self.folder / "images"), settings, self.said.append).build([self.image])
        return result

    @property
    def commands(self) -> list[str]:
        """The works that the builder was told to do, questions left out."""
        words = [line.split() for line in self.notes.read_text().splitlines()]
        return [line[6] for line in words if line[6] in {"build", "push"}]


@pytest.fixture
def machine(
    clone: Path, image: Image, tmp_path: Path, only_programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    machine = Machine(tmp_path, image)
    script = FAKE.format(notes=machine.notes, there=machine.there, broken=machine.broken, left=machine.left)
    only_programs(buildah=f"PATH=/usr/bin:/bin\n{script}", mmdebstrap="exit 0")
    monkeypatch.setattr(building, "ROOT", clone)
    monkeypatch.setattr(Site, "_uv", lambda _: clone / "tools" / "uv.lock")
    monkeypatch.setattr(Site, "_base", lambda *_: ("localhost/base:amd64", "base-id"))
    return machine


REAL_BASE = Site._base


def test_a_base_is_made_once_and_anew_when_asked_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "_base", REAL_BASE)
    made: list[str] = []

    def make(base: Base, kind: str, snapshot: str, **_: object) -> None:
        made.append(f"{base.name} {kind} {snapshot}".strip())
        machine.there.write_text('{"FromImageID": "base", "Manifest": "{\\"layers\\": []}"}')

    monkeypatch.setattr(building, "make_base", make)
    machine.build()
    # The script remembers one image, which the base's is no longer.
    machine.there.write_text('{"FromImageID": "base", "Manifest": "{\\"layers\\": []}"}')
    machine.build()
    assert made == ["python debian"]
    machine.build(refresh_base=True)
    machine.build(snapshot="20260101T000000Z")
    assert made[1:] == ["python debian", "python debian 20260101T000000Z"]


def test_what_has_not_changed_is_not_built_again(machine: Machine) -> None:
    first, second = machine.build(), machine.build()
    assert (first.built, second.built) == (True, False)
    assert machine.commands == []
    assert machine.said[-1] == "ray_training: nothing has changed"
    assert second.stamp.bytes == 7


def test_a_changed_source_is_built_anew(machine: Machine, clone: Path) -> None:
    machine.build()
    (clone / "workloads/ray_training/src/ray_training/__init__.py").write_text("# changed")
    assert machine.build().built
    assert machine.commands == ["build"]


def test_an_image_that_the_builder_has_lost_is_built_anew(machine: Machine) -> None:
    machine.build()
    machine.there.unlink()
    assert machine.build().built


def test_a_build_that_fails_says_why_and_leaves_nothing_that_counts_as_built(machine: Machine, clone: Path) -> None:
    machine.build()
    (clone / "workloads/ray_training/src/ray_training/__init__.py").write_text("# changed")
    machine.broken.touch()
    with pytest.raises(ImagesError, match=r"(?s)Building ray_training failed.*no space left.*The disk is full"):
        machine.build()
    machine.broken.unlink()
    assert machine.build().built


def test_a_builder_that_goes_away_meanwhile_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.folder))
    with pytest.raises(ImagesError, match=r"Building ray_training failed: buildah is no longer on PATH\."):
        machine.build()


def test_a_pushed_image_tells_its_digest_and_is_not_pushed_twice(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "registry_has", lambda *_: True)
    first = machine.build(push="127.0.0.1:5000/mlplatform-local")
    assert first.digest == "sha256:feed"
    assert machine.commands == ["build", "push"]
    assert f"docker://127.0.0.1:5000/mlplatform-local/ray-training:{first.stamp.id[:12]}" in machine.notes.read_text()
    assert machine.build(push="127.0.0.1:5000/mlplatform-local").digest == "sha256:feed"
    assert machine.commands == []


def test_a_registry_that_has_lost_an_image_gets_it_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "registry_has", lambda *_: False)
    machine.build(push="127.0.0.1:5000")
    machine.build(push="127.0.0.1:5000")
    assert machine.commands == ["push"]


def test_another_registry_gets_it_too(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "registry_has", lambda *_: True)
    machine.build(push="127.0.0.1:5000")
    machine.build(push="127.0.0.1:6000")
    assert machine.commands == ["push"]


def test_an_archive_is_written_where_no_registry_is(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "ROOT", machine.folder)
    result = machine.build(archive=True)
    assert machine.commands == ["build", "push"]
    assert result.archive is not None
    assert f"oci-archive:{result.archive}:" in machine.notes.read_text()


def test_the_list_tells_how_an_image_stands(machine: Machine, clone: Path) -> None:
    site = Site(Builder("buildah", machine.folder / "images"), Options(own_architecture()), machine.said.append)
    assert site.state(machine.image)[0] == "not built"
    machine.build()
    (clone / "workloads/ray_training/Containerfile").write_text("FROM ${BASE}\nUSER 1")
    assert site.state(machine.image)[0] == "changed since it was built"
    (clone / "workloads/ray_training/Containerfile").unlink()
    assert "its inputs are gone" in site.state(machine.image)[0]


def test_what_a_killed_build_has_left_mounted_is_removed_by_the_next(machine: Machine) -> None:
    machine.left.touch()
    (machine.folder / "images").mkdir()
    (machine.folder / "images" / ".unfinished").touch()
    machine.build()
    assert not machine.left.exists()


def test_a_build_that_fails_leaves_nothing_mounted(machine: Machine) -> None:
    machine.left.touch()
    machine.broken.touch()
    with pytest.raises(ImagesError):
        machine.build()
    assert not machine.left.exists()


def test_a_container_that_somebody_looks_into_an_image_with_is_left_alone(machine: Machine) -> None:
    machine.left.touch()
    machine.build()
    assert machine.left.exists()


def test_images_that_were_replaced_are_removed_at_the_end(machine: Machine) -> None:
    machine.build()
    assert any(line.endswith("rmi --prune") for line in machine.notes.read_text().splitlines())


class Registry(BaseHTTPRequestHandler):
    """Has one manifest, and one that it shows to nobody."""

    def do_HEAD(self) -> None:
        answers = {"/v2/a/b/manifests/sha256:1": 200, "/v2/a/b/manifests/sha256:2": 401}
        self.send_response(answers.get(self.path, 404))
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_registry_says_what_it_has_or_nothing(registry: str) -> None:
    assert registry_has(f"{registry}/a/b", "sha256:1") is True
    assert registry_has(f"{registry}/a/b", "sha256:2") is None
    assert registry_has(f"{registry}/a/b", "sha256:3") is False


def test_a_registry_that_is_not_reached_says_nothing(registry: str) -> None:
    assert registry
    assert registry_has("127.0.0.1:1/a/b", "sha256:1") is None
