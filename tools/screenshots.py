"""Takes the screenshots of the documents in a real browser, of what `make run KEEP=1` has left up: `make screenshots`.

Needs Chromium; the browser finds no host but this machine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
RUN: Final = ROOT / ".local" / "run"
"""Where a run keeps its contract and its summary; another folder may be named as an argument."""
PICTURES: Final = ROOT / "docs" / "pictures"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
MODEL_TRAINING: Final = "workflowType=machine_learning"
"""Without it MLflow's pages open as those of agents, for whoever comes for the first time."""
LARGEST: Final = 150 * 1024
"""Bytes of a picture: whoever clones the repository gets all that were ever committed."""
OPTIONS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=30000"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class ScreenshotError(Exception):
    """What is wrong and what to do, for a person."""


def pages(records: Path) -> dict[str, tuple[str, tuple[int, int]]]:
    """Name of a picture → the page's address, and the window's width and height in pixels.

    Raises ScreenshotError when nothing was left up.
    """
    try:
        contract, summary = (json.loads((records / name).read_text()) for name in ("contract.json", "summary.json"))
    except FileNotFoundError as error:
        raise ScreenshotError("There was no run yet: 'make run KEEP=1' leaves up what there is to see.") from error
    swagger, mlflow = contract["serving"]["flight_api_shared"], contract["mlflow_ui"]
    runs = f"{mlflow}/#/experiments/{summary['experiment_id']}/runs?{MODEL_TRAINING}"
    return {"swagger": (f"{swagger}/", (1100, 740)), "mlflow": (runs, (1100, 480))}


def _require_answer(address: str) -> None:
    try:
        urllib.request.urlopen(address, timeout=20).close()  # noqa: S310 - the contract's, on this machine
    except urllib.error.URLError as error:
        raise ScreenshotError(f"{address} does not answer ({error.reason}): run 'make run KEEP=1' first.") from error


def _browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise ScreenshotError("There is no Chromium: 'apt-get install chromium' (Debian) brings it.")
    return found


def take(browser: str, address: str, size: tuple[int, int], picture: Path) -> None:
    """Writes a screenshot of the page, when it has loaded all that it asks for.

    Raises ScreenshotError when there is none, or it is too large.
    """
    _require_answer(address)
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        new = Path(folder, "new.png")
        window = f"--window-size={size[0]},{size[1]}"
        words = [browser, *OPTIONS, window, f"--user-data-dir={folder}/profile", f"--screenshot={new}", address]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)
        if done.returncode != 0 or not new.exists():
            raise ScreenshotError(f"{browser} has made no picture of {address}:\n{done.stderr.strip()[-1000:]}")
        if new.stat().st_size > LARGEST:
            raise ScreenshotError(f"The picture of {address} has {new.stat().st_size:,} bytes, {LARGEST:,} at most.")
        picture.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(new, picture)


def main() -> int:
    try:
        browser = _browser()
        for name, (address, size) in pages(Path(sys.argv[1]) if sys.argv[1:] else RUN).items():
            take(browser, address, size, PICTURES / f"{name}.png")
            print(f"{address} → {(PICTURES / name).relative_to(ROOT)}.png")
    except ScreenshotError as fault:
        print(f"screenshots: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
