"""An environment whose making was killed is made anew by the next call, whatever was there of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NAME = "platform_contract"
NEEDED = ("tools/environments.py", "tools/build.lock", "tools/uv.lock", f"workloads/{NAME}")
OWN_UV = ROOT / ".local" / "envs" / "uv" / "bin"

DEADLY_UV = """#!/bin/sh
# The real uv, but for one of its calls, in which the whole process group is killed.
echo "$1 $2" >> "$CALLS"
if [ "$(wc -l < "$CALLS")" -ne "$DEADLY" ]; then exec "$UV" "$@"; fi
[ "$MOMENT" = before ] || "$UV" "$@"
case $MOMENT in
    within-venv) rm "$ENVIRONMENT/pyvenv.cfg" ;;
    within-sync)
        # One package is there in part, another without the list of its files, and one is known by its folder alone.
        cd "$ENVIRONMENT"/lib/python*/site-packages
        rm -r pydantic/main.py pydantic_core/*.so
        rm annotated_types-*.dist-info/RECORD
        rm typing_extensions-*.dist-info/* typing_extensions.py ;;
esac
kill -9 0
"""
CALL = {"venv": 1, "sync": 2, "install": 3}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What of a clone makes one environment, in a folder of an awkward name."""
    folder = tmp_path / "a clone @home"
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, target)
    return folder


def sync(clone: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/environments.py", "sync", NAME]
    return subprocess.run(
        command, cwd=clone, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("call", "moment"),
    [("venv", "within-venv"), ("sync", "before"), ("sync", "within-sync"), ("install", "before"), ("install", "after")],
)
def test_an_environment_that_was_killed_half_way_is_made_anew(clone: Path, call: str, moment: str) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(OWN_UV))
    assert uv, "the environment of this test was made by one"
    deadly = clone / "bin" / "uv"
    deadly.parent.mkdir()
    deadly.write_text(DEADLY_UV)
    deadly.chmod(0o755)
    made = clone / ".local" / "envs" / NAME
    ended = sync(
        clone,
        PATH=f"{deadly.parent}{os.pathsep}{os.environ['PATH']}",
        UV=uv,
        CALLS=str(clone / "calls"),
        DEADLY=str(CALL[call]),
        MOMENT=moment,
        ENVIRONMENT=str(made),
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not (made / ".lock-digest").exists()

    healed = sync(clone, PATH=f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}")
    assert healed.returncode == 0, healed.stdout + healed.stderr
    python = str(made / "bin" / "python")
    subprocess.run([python, "-c", f"import pydantic, {NAME}; {NAME}.PlatformContract"], check=True)
    told = subprocess.run([uv, "pip", "check", "--python", python], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
