"""Where a machine has HashiCorp's provider for AWS."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offline_providers.faults import OfflineError

NAME: Final = "terraform-provider-aws"
MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Found:
    """A provider's program."""

    path: Path
    version: str
    """As the table of replacements keeps it."""


def find_provider(named: Path | None, repository: Path, environ: Mapping[str, str] = os.environ) -> Found:
    """The one that is named; the newest of Terraform's plugin cache; or the toolchain's, built where it is not there.

    Raises:
        OfflineError: it cannot be built.
    """
    if named is not None:
        # A provider tells no version: its digest says which it was.
        digest = hashlib.sha256(named.read_bytes()).hexdigest() if named.is_file() else ""
        return Found(named, f"{named.name} sha256:{digest}")
    return _cached(environ) or _built(repository)


def _cached(environ: Mapping[str, str]) -> Found | None:
    """Of the cache that Terraform shares between folders (its page "CLI configuration", `plugin_cache_dir`)."""
    home = environ.get("TF_PLUGIN_CACHE_DIR") or Path(environ.get("HOME", "/"), ".terraform.d", "plugin-cache")
    machine = MACHINES.get(platform.machine(), platform.machine())
    place = f"registry.terraform.io/hashicorp/aws/*/{platform.system().lower()}_{machine}/{NAME}_v*"
    found = {
        tuple(map(int, match.groups())): path
        for path in Path(home).glob(place)
        if (match := re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", path.parents[1].name)) and os.access(path, os.X_OK)
    }
    if not found:
        return None
    newest = max(found)
    return Found(found[newest], f"registry.terraform.io/hashicorp/aws {'.'.join(map(str, newest))}")


def _built(repository: Path) -> Found:
    tools = repository / "tools" / "toolchain"
    path = repository / ".local" / "toolchain" / "bin" / NAME
    if not path.exists():
        print(f"judge: {NAME} is built once from its Go module: an hour or more on 2 cores", file=sys.stderr)
    done = subprocess.run([sys.executable, str(tools / "toolchain.py"), "ensure", NAME], check=False)
    if done.returncode != 0:
        raise OfflineError(f"{NAME} could not be built. JUDGE_PROVIDER=… names one that is there.")
    pinned = re.search(
        rf"(github\.com/hashicorp/{NAME}) (v\S+)", (tools / "modules" / NAME / "go.mod").read_text("utf-8")
    )
    if pinned is None:
        raise OfflineError(f"{tools / 'modules' / NAME / 'go.mod'} requires no {NAME}.")
    return Found(path, f"{pinned[1]} {pinned[2]}")
