"""What AWS, Kubernetes, MLflow or a pod of the platform would refuse later is refused at once, each with its remedy."""

from __future__ import annotations

import pytest
from infra_configs import Bad, bad, bad_local, changed, message_of, refusal

QUOTES = "is no text: without quotes YAML has read it as something else"
NOWHERE = (
    "has a range from which nobody comes over the internet: private, loopback, link-local, a carrier's own, multicast"
    " or reserved"
)
OPEN = {"cluster.endpointPublicAccess": True}
CREDITS = "slower or charged for once its CPU credits are used up"
ADMINS = "arn:aws:iam::123456789012:role/admins"
LIKE_A_ROLE = "write it like arn:aws:iam::123456789012:role/platform-admins"

CASES = (
    # YAML's own traps: 0042, 0815, 2026-01-01, 012345670123 and no, without quotes.
    bad("dev", {"owner.costCentre": 34}, f"owner.costCentre: {QUOTES} (given: 34): put what you wrote in quotes"),
    bad("dev", {"owner.team": 815}, f"owner.team: {QUOTES} (given: 815): put what you wrote in quotes"),
    bad("dev", {"owner.team": False}, f"owner.team: {QUOTES} (given: false): put what you wrote in quotes"),
    bad(
        "dev",
        {"mlflow.experiment": "2026-01-01T00:00:00Z"},
        f"mlflow.experiment: {QUOTES} (given: 2026-01-01T00:00:00Z): put what you wrote in quotes",
    ),
    bad(
        "dev",
        {"owner.accountId": 1402433619},
        f"owner.accountId: {QUOTES} (given: 1402433619): put what you wrote in quotes",
    ),
    # Names in MLflow.
    *(
        bad("dev", {key: name}, f"{key}: is not written as it must be (given: {shown}): write it like flight-delay")
        for key in ("mlflow.experiment", "mlflow.registeredModel")
        for name, shown in ((" ", " "), ("a\nb", '"a\\nb"'), ("a:b", "a:b"), ("a/b", "a/b"), ("..", ".."), ("a ", "a "))
    ),
    # Addresses of e-mail.
    *(
        bad(
            "dev",
            {"owner.alertEmail": address},
            f"owner.alertEmail: is not written as it must be (given: {address}): write it like on-call@example.org",
        )
        for address in ("a..b@example.org", "a@example..org", "a@example.org,b@example.org", ".a@example.org")
    ),
    # Roles.
    bad(
        "dev",
        {"cluster.adminRoleArns": ["arn:aws:iam::210987654321:role/admins"]},
        "cluster.adminRoleArns: names a role of another account than owner.accountId, 123456789012 (given:"
        f" arn:aws:iam::210987654321:role/admins): name one of this account, as {ADMINS}",
    ),
    bad(
        "dev",
        {"cluster.viewerRoleArns": ["arn:aws-cn:iam::123456789012:role/admins"]},
        "cluster.viewerRoleArns[0]: is not written as it must be (given: arn:aws-cn:iam::123456789012:role/admins):"
        f" {LIKE_A_ROLE}",
    ),
    # Where nobody comes from.
    *(
        bad(
            "dev",
            {**OPEN, "cluster.publicAccessCidrs": [one]},
            f"cluster.publicAccessCidrs: {NOWHERE} (given: {one}): name public addresses",
        )
        for one in ("127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "100.64.0.0/16", "240.0.0.0/16", "172.20.0.0/16")
    ),
    # Numbers without end, and volumes larger than there are.
    bad(
        "dev",
        {"monitoring.monthlyBudgetUsd": 10**30},
        f"monitoring.monthlyBudgetUsd: is too large (given: {10**30}): use at most 10000000",
    ),
    bad(
        "dev",
        {"spark.executor.allocationBatchSize": 2**31},
        f"spark.executor.allocationBatchSize: is too large (given: {2**31}): use at most 1000",
    ),
    bad(
        "dev",
        {"ray.idleTimeoutSeconds": 2**31},
        f"ray.idleTimeoutSeconds: is too large (given: {2**31}): use at most 604800",
    ),
    bad(
        "dev",
        {"spark.executor.localDir": {"kind": "claim", "sizeGib": 16385}},
        "spark.executor.localDir.sizeGib: is too large (given: 16385): use at most 16384",
    ),
    bad(
        "dev",
        {"database.storageGib": 59579, "database.maxStorageGib": 65536},
        "database.storageGib: is too large (given: 59579): use at most 59578",
    ),
    bad(
        "dev",
        {"nodeGroups.ray.diskGib": 20},
        "nodeGroups.ray.diskGib: is too small for the operating system, the images of a roll-out's two versions and"
        " what the kubelet keeps free (given: 20): use at least 30",
    ),
    # Services that ask each other.
    bad(
        "dev",
        {"serving.modelApi.enabled": False},
        "serving.modelApi.enabled: is off, but serving.flightApiEmbedded is on, which asks it (given: false): use true,"
        " or turn serving.flightApiEmbedded off",
    ),
    # Regions.
    bad(
        "dev",
        {"aws.region": "ap-southeast-4"},
        "emr.virtualCluster: is on, but EMR on EKS is not in ap-southeast-4 (given: true): use false, or"
        " another region",
    ),
    bad(
        "dev",
        {"aws.region": "us-west-1", "aws.zones": ["a", "b"], "kafka.brokers": 2},
        "aws.zones: names a zone that us-west-1 does not have (given: b): use some of a, c",
    ),
    # Roll-outs, and the kubelet's places.
    bad(
        "staging",
        {
            "nodeGroups.system.minSize": 1,
            "nodeGroups.system.maxSize": 1,
        },
        "nodeGroups.system.maxSize: is too small for the controllers and the 2 of mlflow.replicas, with one more while"
        " they are rolled out (given: 1): use at least 2, or lower mlflow.replicas",
    ),
    bad(
        "dev",
        {
            **{
                f"serving.{name}.{key}": value
                for name in ("modelApi", "flightApiEmbedded", "flightApiShared")
                for key, value in (("cpuMillicores", 100), ("memoryMib", 512), ("maxReplicas", 25))
            },
            "nodeGroups.serving.instanceTypes": ["m7i.2xlarge"],
            "nodeGroups.serving.maxSize": 1,
        },
        "nodeGroups.serving.maxSize: is too small for all services at their maxReplicas, with one pod more while they"
        " are rolled out (given: 1): use at least 2, or lower maxReplicas of serving",
    ),
    bad(
        "dev",
        {"serving.modelApi.maxReplicas": 2000},
        "nodeGroups.serving.maxSize: is too small for all services at their maxReplicas, with one pod more while they"
        " are rolled out (given: 4): lower maxReplicas of serving: they would need 669 nodes, and there can be 450 at"
        " most",
    ),
    # Addresses: a node of 32 vCPUs has 234 pods.
    bad(
        "dev",
        {
            "network.cidr": "10.20.0.0/18",
            "nodeGroups.notebook.instanceTypes": ["m7i.8xlarge"],
            "nodeGroups.notebook.maxSize": 50,
        },
        "network.cidr: has 12273 addresses for nodes and pods in the 3 zones of aws.zones, but all of nodeGroups at"
        " their maximum may take 12812 (given: 10.20.0.0/18): use a larger range, as 10.20.0.0/17, or lower"
        " maxSize",
    ),
    # One rule on credits.
    bad(
        "dev",
        {"nodeGroups.ray.instanceTypes": ["t3.2xlarge", "t3a.2xlarge"]},
        f"nodeGroups.ray.instanceTypes: is burstable, {CREDITS}: Ray's workers compute without a pause (given:"
        ' ["t3.2xlarge", "t3a.2xlarge"]): use m, c or r types',
    ),
    bad(
        "dev",
        {"nodeGroups.sparkExecutor.instanceTypes": ["t3.2xlarge", "t3a.2xlarge"]},
        f"nodeGroups.sparkExecutor.instanceTypes: is burstable, {CREDITS}: executors compute without a pause (given:"
        ' ["t3.2xlarge", "t3a.2xlarge"]): use m, c or r types',
    ),
    bad(
        "prod",
        {"nodeGroups.serving.instanceTypes": ["t3.xlarge"]},
        f"nodeGroups.serving.instanceTypes: is burstable, {CREDITS}: prod has none (given: ["
        '"t3.xlarge"]): use m, c or r types',
    ),
    # One line for one mistake, with the key that it is.
    bad(
        "dev",
        {"imageBuild.architecture": "arm64"},
        "imageBuild.architecture: is of no node: all of nodeGroups are of amd64 (given: arm64): use amd64",
    ),
    bad_local(
        {"nodeGroups.system.cpuMillicores": 500},
        "nodeGroups.system.cpuMillicores: is too small for MLflow's server (given: 500): use at least 1000",
    ),
    bad_local(
        {"nodeGroups.rayGpu": {"cpuMillicores": 1000}},
        "nodeGroups.rayGpu: is not a key of the configuration: remove it, or use one of system, sparkDriver,"
        " sparkExecutor, ray, serving, notebook",
    ),
    bad_local(
        {"inCluster.standIns": {}, "nodeGroups.ray.maxSize": 0},
        *(
            f"inCluster.standIns.{key}: is missing, and {why}: 'make images STAND_INS=1' builds its image and says how"
            " to set it"
            for key, why in (
                ("postgresql", "MLflow needs a database"),
                ("objectStore", "the lake needs an object store"),
            )
        ),
        "nodeGroups.ray.maxSize: may not be 0: Ray's head runs there (given: 0): use at least 1",
    ),
    *(
        bad_local(
            {f"nodeGroups.{key}.maxSize": 0},
            f"nodeGroups.{key}.maxSize: may not be 0: Spark's {what} run there (given: 0): use at least 1",
        )
        for key, what in (("sparkDriver", "drivers"), ("sparkExecutor", "executors"))
    ),
    *(
        bad_local(
            {"inCluster.folder": folder},
            f"inCluster.folder: is not written as it must be (given: {folder}): write it like /srv/mlplatform",
        )
        for folder in ("/srv/../etc", "/srv//x", "/srv/./x", "srv/x")
    ),
    bad_local(
        {"inCluster.folder": "/etc/mlplatform"},
        "inCluster.folder: is below /etc, where the system of the nodes has its own files (given: /etc/mlplatform): use"
        " one of its own, as /srv/mlplatform",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_would_be_refused_later_is_refused_at_once(case: Bad) -> None:
    assert message_of(case) == case.message


@pytest.mark.parametrize("change", [{"inCluster.passwordSed": "hunter2"}, {"inCluster": ["hunter2"]}])
def test_a_misspelt_or_misplaced_secret_is_not_shown(change: dict[str, object]) -> None:
    from infra_configs import local_config

    message = refusal("local", local_config(change))
    assert message is not None
    assert "hunter2" not in message


@pytest.mark.parametrize("region", ["mx-central-1", "ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"])
def test_a_young_region_is_known_and_what_it_lacks_is_said(region: str) -> None:
    """AWS has them; what the platform lacks there is certificates of its databases, until its bundle has them."""
    message = refusal("dev", changed("dev", {"aws.region": region, "emr.virtualCluster": False}))
    assert message is not None
    assert "is not a region of AWS" not in message
    assert "aws.region: is a region of which the platform has no certificates to know its databases by" in message


def test_twelve_digits_are_an_account_with_and_without_quotes() -> None:
    """`pulumi config set --path` writes them without."""
    assert refusal("dev", changed("dev", {"owner.accountId": 123456789012})) is None
    assert refusal("dev", changed("dev", {"owner.accountId": "012345670123"})) is None


def test_no_zones_are_one_fault_of_the_zones() -> None:
    """Not of the range, which had no addresses in no zones, nor of the groups, of which none was in one of no zones."""
    message = refusal("dev", changed("dev", {"aws.zones": []})) or ""
    assert message.splitlines()[1:] == [
        "  mlplatform:aws.zones: has fewer than 2 zones, which EKS, RDS and MSK want (given: []): use 2 of a, b, c"
    ]


def test_a_region_of_two_zones_is_none_for_prod() -> None:
    values = changed("prod", {"aws.region": "us-west-1", "aws.zones": ["a", "c"], "emr.virtualCluster": False})
    assert "mlplatform:aws.zones: has fewer than the 3 zones that prod spreads over" in (refusal("prod", values) or "")
    assert (refusal("prod", values) or "").count("choose a region with 3 zones") == 1


def test_nodes_for_which_no_range_is_large_enough_are_to_be_fewer() -> None:
    nodes = {"nodeGroups.notebook.instanceTypes": ["m7i.8xlarge"], "nodeGroups.notebook.maxSize": 450}
    message = refusal("dev", changed("dev", nodes)) or ""
    assert message.endswith("(given: 10.20.0.0/16): lower maxSize: a range of /16 has 49137")
