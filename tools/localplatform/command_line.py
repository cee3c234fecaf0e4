"""The command line: `up`, `pipeline`, `status` and `down`."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from offline_providers.faults import OfflineError
from offline_providers.official import installed_plugin

from tools.endings import end_for_people
from tools.images.builders import find_builder
from tools.images.catalogue import ImagesError
from tools.localcluster import cleaning, processes
from tools.localcluster.command_line import chosen, start
from tools.localcluster.layout import LocalClusterError
from tools.localplatform.images import push_images
from tools.localplatform.pipeline import run_pipeline
from tools.localplatform.site import PlatformError, Site, site_of
from tools.localplatform.stack import counted, deploy, destroy

HELP = """\
The stack 'local': the platform's own program, with a database, a broker and an object store in pods, on a Kubernetes
of this machine or on the one that CONTEXT names.

What is written: .local/up, .local/images, .local/localcluster; what `make cluster` writes elsewhere, `down` removes.
exit status: 0 done; 2 something is wrong, and a sentence says what; 130 stopped, and `up` or `pipeline` goes on.
"""


def tell(line: str) -> None:
    print(line, flush=True)


def up(site: Site, *, build: bool) -> None:
    """The cluster, the images, the stack."""
    began = time.monotonic()

    def step(title: str) -> None:
        tell(f"{time.monotonic() - began:6.1f} s  {title}")

    if build:
        find_builder(None)  # what is missing is told before anything is started
    if site.is_own:
        step("the cluster")
        start(chosen(None))
    if build or not site.images():
        step("the images: those that changed")
        push_images(site)
    own = installed_plugin("kubernetes")
    step(f"the platform, by this machine's provider: {own.path}" if own else "the platform")
    outcome = deploy(site)
    step(f"the platform is up: {counted(outcome)}")


def down(site: Site) -> None:
    """Everything that `up` has made; the images in the registry stay, so that the next `up` is quick."""
    if site.is_own and not processes.all_run():
        tell("the cluster does not run: what it had is gone with it")
    else:
        outcome = destroy(site)
        tell(f"the platform is down: {counted(outcome)}" if outcome else "nothing was deployed on this cluster")
    if site.is_own:
        cleaning.clean()
        tell("the cluster is stopped")
    site.empty_volumes()
    for name in ("cluster", "password-seed", "summary.json"):
        (site.kept / name).unlink(missing_ok=True)
    for name in ("state", "mlplatform", "data", "logs"):
        shutil.rmtree(site.kept / name, ignore_errors=True)


def pipeline(site: Site, raw_files: Path | None) -> None:
    told = run_pipeline(site, tell, raw_files)
    metrics = told["metrics"]
    tell(
        f"\n{told['rows_in']:,} flights in, {told['rows_out']:,} out; AUC {metrics['auc']:.4f}, log loss"
        f" {metrics['log_loss']:.4f} (logistic regression {metrics['logistic_auc']:.4f},"
        f" {metrics['logistic_log_loss']:.4f})"
    )
    tell(
        f"{told['flights_asked']:,} held-out flights: both patterns answer as the batch predictions do, to within"
        f" {told['largest_difference']:.1e}. {told['seconds']:.0f} s in all."
    )


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="localplatform", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "up": "the cluster, the images, the stack",
        "pipeline": "the main job in its pods",
        "down": "remove the stack with its data, and stop the cluster",
    }.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--context", help="of your kubeconfig, in place of a cluster of this machine")
        command.add_argument("--registry", help="with --context: where its nodes pull from, and this machine pushes to")
        command.add_argument("--folder", help="with --context: a folder of all its nodes, for volumes")
        if name == "up":
            command.add_argument("--no-build", action="store_true", help="take the images that were pushed last")
        elif name == "pipeline":
            command.add_argument("--raw-files", type=Path, metavar="FOLDER", help="a delivery (else: that of 2013)")
    return parser.parse_args(arguments)


def run(parsed: argparse.Namespace) -> None:
    site = site_of(parsed.context, parsed.registry, parsed.folder)
    if parsed.command == "up":
        up(site, build=not parsed.no_build)
    elif parsed.command == "pipeline":
        pipeline(site, parsed.raw_files)
    else:
        down(site)


def main(arguments: Sequence[str]) -> int:
    parsed = parse(arguments)
    return end_for_people(
        "localplatform", lambda: run(parsed), PlatformError, LocalClusterError, OfflineError, ImagesError
    )
