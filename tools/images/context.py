"""What goes into an image: the files, laid out in a folder of their own, and the digest of all of it.

A builder sees nothing of the repository but this folder, in which every file has the same time and one of two modes:
neither a stray file nor the umask of whoever cloned it makes another image.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.images.catalogue import EPOCH, ROOT, Image, ImagesError
from tools.images.maven import put
from tools.images.programs import PLACE, program_of

INSTALLER = (ROOT / "tools" / "images" / "install.sh", ROOT / "tools" / "uv.lock")
"""What decides how packages are installed, beside their lock files."""
PARTS = ROOT / "tools" / "images" / "parts"
"""What the packages' Containerfiles have in common."""
INCLUDED = re.compile(r'^#include "(?P<name>[^"/]+)"$', re.MULTILINE)
"""As buildah writes it in a ``Containerfile.in``; Docker knows no such thing, so the text is joined here."""
PACKAGE_FILES = ("pyproject.toml", "requirements.lock", "maven.sha256", "src", "image")
REBUILD = "'make run' builds it anew, or 'flight-serving build'"


def input_files(image: Image, bento: Path | None) -> dict[str, Path]:
    """Path in the context → file, sorted.

    Raises ImagesError when the package is not there yet.
    """
    if image.stand_in:
        own = {path.relative_to(image.folder).as_posix(): path for path in _files_below(image.folder)}
        program = program_of(image)
        return own | ({f"{PLACE}/{image.program}": program} if program else {})
    files = {"tools/build.lock": ROOT / "tools" / "build.lock"}
    for package in ("platform_contract", image.package):
        folder = ROOT / "workloads" / package
        for name in PACKAGE_FILES:
            for path in _files_below(folder / name):
                files[path.relative_to(ROOT).as_posix()] = path
    for name in (f"workloads/{image.package}/requirements.lock", f"workloads/{image.package}/pyproject.toml"):
        if name not in files:
            raise ImagesError(f"{image.name}: there is no {name}: is this clone whole?")
    if bento:
        files |= {f"bento/{path.relative_to(bento).as_posix()}": path for path in _files_below(bento)}
    return dict(sorted(files.items()))


def containerfile(image: Image) -> str:
    """The text of the image's Containerfile, with that of the parts which it includes.

    Raises ImagesError when there is none, or no such part.
    """
    path = image.folder / "Containerfile"
    if not path.is_file():
        raise ImagesError(f"{image.name}: there is no {path.relative_to(ROOT)}.")
    return joined(path)


def joined(path: Path) -> str:
    """The text of a Containerfile, each line that includes a part replaced by it.

    Raises ImagesError when there is no such part.
    """

    def part(line: re.Match[str]) -> str:
        try:
            return (PARTS / line["name"]).read_text("utf-8").rstrip("\n")
        except FileNotFoundError as error:
            raise ImagesError(f"{path} includes {line['name']}, and there is none in {PARTS}.") from error

    return INCLUDED.sub(part, path.read_text("utf-8"))


def installer_digest() -> str:
    """Stands for how packages are installed."""
    return _digest_of({path.name: path for path in INSTALLER})


def digest_of(image: Image, bento: Path | None, settings: Mapping[str, str]) -> str:
    """Of all that decides what is in the image.

    Args:
        settings: what is no file: the base, the processor.
    """
    return _digest_of(
        input_files(image, bento),
        containerfile(image),
        json.dumps(
            {"installer": installer_digest(), "target": image.target, "epoch": EPOCH, **settings}, sort_keys=True
        ),
    )


def lay_out(image: Image, bento: Path | None, uv: Path, folder: Path, jars: Sequence[Path] = ()) -> None:
    """Makes `folder` the context of a build, with its Containerfile, and the programs that it takes below `.build`.

    Args:
        jars: what the image's lock file of Maven Central names.
    """
    shutil.rmtree(folder, ignore_errors=True)
    tools = {".build/uv": uv, ".build/install.sh": INSTALLER[0]}
    for name, source in {**input_files(image, bento), **tools}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if _is_program(source) else 0o644)
    put(image, jars, folder)
    (folder / "Containerfile").write_text(containerfile(image), "utf-8")
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or _is_program(path) else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def find_bento(given: Path | None, home: Path) -> Path:
    """The Bento that goes into the model API's image: the one given, or the store's current one.

    Raises ImagesError when there is none, or when it was built from other sources than those here.
    """
    bento = given or _current(home)
    if not (bento / "bento.yaml").is_file():
        raise ImagesError(f"{bento} is not a Bento's folder (it has no bento.yaml).")
    if not any((bento / "models").glob("*/*/model.yaml")):
        raise ImagesError(f"The Bento {bento} has no model in it: name the model API's, not a flight API's.")
    serving = ROOT / "workloads" / "bento_serving"
    sources = {"requirements.lock": serving / "requirements.lock"}
    for package in (serving / "src", ROOT / "workloads" / "platform_contract" / "src"):
        sources |= {
            path.relative_to(package).as_posix(): path for path in _files_below(package) if path.suffix == ".py"
        }
    for name, path in sources.items():
        inside = bento / "src" / name
        if not inside.is_file() or inside.read_bytes() != path.read_bytes():
            raise ImagesError(f"The Bento {bento} was built from another {name} than the one here: {REBUILD}.")
    return bento


def _current(home: Path) -> Path:
    try:
        tag = json.loads((home / "current.json").read_text())["bentos"]["model-api"]
        name, _, version = str(tag).partition(":")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImagesError(f"bento_model_api: no Bento is built yet in {home}: {REBUILD}.") from error
    folder = home / "bentos" / name / version
    if not folder.is_dir():
        raise ImagesError(f"bento_model_api: the Bento {tag} is no longer in {home}: {REBUILD}.")
    return folder


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for found in sorted(path.rglob("*")):
            if found.is_file() and "__pycache__" not in found.parts and found.suffix != ".pyc":
                yield found


def _is_program(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


def _digest_of(files: Mapping[str, Path], *texts: str) -> str:
    whole = hashlib.sha256()
    for name, path in files.items():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{content} {'x' if _is_program(path) else '-'} {name}\n".encode())
    for text in texts:
        whole.update(text.encode() + b"\n")
    return whole.hexdigest()
