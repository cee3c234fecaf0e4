"""Official provider plugins that a machine has: the engine starts them itself, and finds them on PATH."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plugin:
    """A provider's program."""

    path: Path
    kubeconfig: str = ""
    """For a provider resource that names none."""

    @property
    def variables(self) -> dict[str, str]:
        """What the engine must be told: it takes a plugin on PATH before any other."""
        path = os.pathsep.join((str(self.path.parent), os.environ.get("PATH", "")))
        return {"PATH": path, **({"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {})}


def installed_plugin(provider: str, environ: Mapping[str, str] = os.environ) -> Plugin | None:
    """The one on PATH, as the engine prefers it; or the newest that `pulumi plugin install` has put below its home."""
    name = f"pulumi-resource-{provider}"
    if own := shutil.which(name, path=environ.get("PATH")):
        return Plugin(Path(own))
    home = Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME", "/")) / ".pulumi")
    release = re.compile(rf"resource-{re.escape(provider)}-v(\d+)\.(\d+)\.(\d+)")
    found = {
        tuple(map(int, match.groups())): folder / name
        for folder in home.glob(f"plugins/resource-{provider}-v*")
        if (match := release.fullmatch(folder.name)) and os.access(folder / name, os.X_OK)
    }
    return Plugin(found[max(found)]) if found else None
