"""The table of who may do what: every row means something, and nobody is granted more by accident."""

from __future__ import annotations

from mlplatform import naming
from mlplatform.identities import IDENTITIES, Identity
from mlplatform.service_types import LABEL, SERVICE_TYPES

BY_NAME = {one.name: one for one in IDENTITIES}


def test_every_identity_is_in_a_namespace_of_workloads_and_named_once() -> None:
    assert len(BY_NAME) == len(IDENTITIES)
    assert {one.namespace for one in IDENTITIES} == set(naming.WORKLOAD_NAMESPACES)


def test_role_names_keep_the_limit_of_iam() -> None:
    for one in IDENTITIES:
        assert len(f"{naming.PLATFORM}-staging-{one.name}") <= 64


def test_needs_name_what_exists() -> None:
    for one in IDENTITIES:
        assert {*one.reads, *one.writes} <= set(naming.LAKE_AREAS), one.name
        assert set(one.database_users) <= set(naming.DATABASES.values()), one.name
        assert not set(one.reads) & set(one.writes), f"{one.name}: writing includes reading"


def test_the_master_secret_is_read_by_the_set_up_job_alone_and_it_does_nothing_else() -> None:
    assert [one.name for one in IDENTITIES if one.database_master] == ["mlflow-database-setup"]
    assert BY_NAME["mlflow-database-setup"] == Identity(
        namespace="mlflow", service_account="database-setup", database_master=True
    )


def test_only_spark_reaches_events_and_only_its_own_topics() -> None:
    assert {one.namespace for one in IDENTITIES if one.kafka_topics} == {"spark"}
    assert all("*" not in one.kafka_topics for one in IDENTITIES)


def test_what_answers_requests_writes_nothing() -> None:
    for one in IDENTITIES:
        if one.namespace in ("serving", "notebooks"):
            assert (one.writes, one.database_users, one.database_master) == ((), (), False), one.name


def test_only_spark_writes_prepared_data_and_nobody_writes_raw_files() -> None:
    assert {one.namespace for one in IDENTITIES if "features" in one.writes} == {"spark"}
    assert not [one.name for one in IDENTITIES if "raw" in one.writes]


def test_every_area_has_an_owner() -> None:
    written = {area for one in IDENTITIES for area in one.writes}
    # Raw files are delivered from outside; EMR has a role of its own.
    assert written | {"raw", "emr"} == set(naming.LAKE_AREAS)


def test_a_pod_of_one_service_type_tolerates_no_other_type() -> None:
    for one in SERVICE_TYPES:
        for other in SERVICE_TYPES:
            tolerated = {(taint["key"], taint["value"]) for taint in one.tolerations}
            taints = {(taint.key, taint.value) for taint in other.taints}
            assert taints <= tolerated if one is other else not taints <= tolerated, (one.name, other.name)
    assert len({one.labels[LABEL] for one in SERVICE_TYPES}) == len(SERVICE_TYPES)
