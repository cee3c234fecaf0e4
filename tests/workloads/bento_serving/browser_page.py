"""Opens a service's page in a real browser: ``python tests/workloads/bento_serving/browser_page.py http://127.0.0.1:3003/``.

Chromium finds no host but this machine, writes down every request, and keeps a picture. Fails when Swagger UI did not
draw the service's title and its question, when the page asked another host, or when the browser blocked something.
Where there is no Chromium the tests hold the same by the addresses in the page and its Content-Security-Policy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import click

QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-domain-reliability"),
    *("--disable-features=OptimizationHints,MediaRouter,Translate", "--window-size=1200,1400"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=20000"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@click.command()
@click.argument("address")
@click.option("--picture", type=click.Path(path_type=Path), help="PNG file for a picture of the page.")
def main(address: str, picture: Path | None) -> None:
    """See the module."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("There is no Chromium: 'apt-get install chromium' (Debian) brings it.")
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        log = Path(folder, "net.json")
        common = [chromium, *QUIET, f"--user-data-dir={folder}/profile"]
        done = subprocess.run(
            [*common, f"--log-net-log={log}", "--dump-dom", address],
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        hosts = _hosts(log, address)
        if picture is not None:
            subprocess.run(
                [*common, f"--screenshot={picture.absolute()}", address], capture_output=True, check=True, timeout=180
            )
    faults = [f"the page asked {host}" for host in sorted(hosts) if host != urlsplit(address).netloc]
    if not hosts:
        faults.append("no request of the page was seen")
    faults += [f"the page has no {words!r}" for words in ("Flight delays: ", "/predict") if words not in done.stdout]
    faults += [line for line in done.stderr.splitlines() if "CONSOLE" in line and "Content Security Policy" in line]
    print(f"{address}: {len(done.stdout):,} characters drawn; hosts asked: {', '.join(sorted(hosts))}")
    if faults:
        sys.exit("\n".join(faults))


def _hosts(log: Path, page: str) -> set[str]:
    """The hosts of all requests that the page began: Chromium's own have no page as their initiator."""
    parts = urlsplit(page)
    origin = f"{parts.scheme}://{parts.netloc}"
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    return {urlsplit(one["url"]).netloc for one in events if "url" in one and one.get("initiator") == origin}


if __name__ == "__main__":
    main()
