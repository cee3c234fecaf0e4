"""The stack `local` under the real engine: deployed, healed, and destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from offline_providers.engine import OfflineStack, Outcome, Project, load_program, offline_stack
from offline_providers.kubernetes.apply import KubernetesApply
from offline_providers.official import installed_plugin
from offline_providers.report import counts, errors, planned

from tools.localcluster.layout import ROOT
from tools.localplatform.jobs import STEPS
from tools.localplatform.running import remove_jobs
from tools.localplatform.site import PlatformError, Site

STACK = "local"
PROGRAM = "mlplatform.program:main"


def settings(site: Site, *, kuberay: bool) -> dict[str, str]:
    """What ``Pulumi.local.yaml`` leaves open.

    Args:
        kuberay: whether KubeRay's operator is there.
    """
    keys = {"inCluster.folder": str(site.volumes), "inCluster.registry": site.registry, **site.images()}
    if site.context:
        keys["inCluster.context"] = site.context
    if kuberay:
        keys["inCluster.kubeRay"] = "present"
    keys["inCluster.passwordSeed"] = site.seed()
    return {f"mlplatform:{key}": value for key, value in keys.items()}


@contextmanager
def opened(site: Site) -> Iterator[OfflineStack]:
    """The stack with its state, and the cluster to apply it to."""
    project = Project.at(ROOT, site.kept, settings(site, kuberay=site.serves_kuberay()))
    own = installed_plugin("kubernetes")
    provider = (
        replace(own, kubeconfig=str(site.kubeconfig)) if own else KubernetesApply(str(site.kubeconfig), site.context)
    )
    with offline_stack(project, STACK, load_program(PROGRAM), provider) as stack:
        yield stack


def deploy(site: Site) -> Outcome:
    """Makes the cluster as the program says.

    What an `up` that was killed has left is looked at first, see `heal`.

    Raises:
        PlatformError: something was refused or does not get ready; every fault is named.
    """
    with opened(site) as stack:
        if not site.is_the_same_cluster():
            stack.forget()
            site.remember_cluster()
        heal(stack)
        outcome = stack.run("up")
    _require(outcome, "The platform is not up")
    return outcome


def destroy(site: Site) -> Outcome | None:
    """Removes every object of the stack; None when there is nothing of it.

    Raises:
        PlatformError: an object does not go.
    """
    with opened(site) as stack:
        if not site.is_the_same_cluster():
            stack.forget()
            return None
        heal(stack)
        remove_jobs(site, STEPS)
        outcome = stack.run("destroy")
        _require(outcome, "The platform is not down")
        stack.forget()
    return outcome


def heal(stack: OfflineStack) -> None:
    """Takes up what a killed engine has left.

    What it was making may be there already: an object's name follows from its resource's, so the next `up` applies to
    the one that is there. To remove it first would be wrong: a volume never takes a second claim.
    """
    stack.unlock()
    if stack.export().get("pending_operations"):
        stack.run("refresh", clear_pending_creates=True)


def _require(outcome: Outcome, what: str) -> None:
    if outcome.failed:
        faults = errors(outcome) or [str(outcome.program_fault)]
        raise PlatformError(f"{what}:\n" + "\n".join(f"  {fault}" for fault in faults))


def counted(outcome: Outcome) -> str:
    """What the engine has done, in a line."""
    told = ", ".join(f"{number} {name}" for name, number in sorted(counts(planned(outcome.steps)).items()))
    return f"{told or 'nothing'} in {outcome.seconds:.1f} s"
