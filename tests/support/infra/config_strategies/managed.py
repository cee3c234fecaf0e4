"""The database, the brokers and EMR."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from mlplatform.aws_regions import REGIONS
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.checks import data, environments
from mlplatform.instance_types import BURSTABLE_FAMILIES, INSTANCE_TYPES

from config_strategies.nodes import Draw


def database(draw: Draw, environment: AwsEnvironment, log_days: int) -> dict[str, Any]:
    prod, storage = environment == "prod", draw(st.integers(20, 1000))
    families = [one for one in data.DATABASE_FAMILIES if not (prod and one in BURSTABLE_FAMILIES)]
    family = draw(st.sampled_from(families))
    insights = [one for one in (7, 31, 62, 93, 186, 372, 731) if one >= environments.INSIGHTS_DAYS[environment]]
    return {
        "instanceClass": f"db.{family}.{draw(st.sampled_from(data.DATABASE_FAMILIES[family]))}",
        "storageGib": storage,
        "maxStorageGib": draw(st.integers(-(-storage * 11 // 10), 65536)),
        "multiZone": prod or draw(st.booleans()),
        "backupRetentionDays": draw(st.integers(environments.BACKUP_DAYS[environment], 35)),
        "deletionProtection": prod or draw(st.booleans()),
        "performanceInsightsRetentionDays": draw(st.sampled_from(insights)),
        "logRetentionDays": log_days,
    }


def kafka(draw: Draw, environment: AwsEnvironment, zones: int, log_days: int) -> dict[str, Any]:
    prod, storage = environment == "prod", draw(st.integers(1, 1000))
    family = draw(st.sampled_from([one for one in data.BROKER_FAMILIES if not (prod and one in BURSTABLE_FAMILIES)]))
    return {
        "enabled": draw(st.booleans()),
        "instanceType": f"kafka.{family}.{draw(st.sampled_from(data.BROKER_FAMILIES[family]))}",
        "brokers": zones * draw(st.integers(1, 5)),
        "storageGib": storage,
        "maxStorageGib": draw(st.integers(storage, 16384)),
        "retentionHours": draw(st.integers(1, 8760)),
        "monitoring": draw(st.sampled_from(["PER_BROKER", "PER_TOPIC_PER_BROKER"] + ([] if prod else ["DEFAULT"]))),
        "logRetentionDays": log_days,
    }


def emr(draw: Draw, region: str) -> dict[str, Any]:
    architecture, units = draw(st.sampled_from(["amd64", "arm64"])), draw(st.integers(1, 20))
    names = [
        one.name
        for one in INSTANCE_TYPES.values()
        if one.architecture == architecture and not one.burstable and not one.gpus and not one.name.endswith(".large")
    ]
    return {
        "enabled": draw(st.booleans()),
        "primaryInstanceType": draw(st.sampled_from(names)),
        "coreInstanceType": draw(st.sampled_from(names)),
        "taskInstanceTypes": draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=5)),
        "coreUnits": units,
        "maxUnits": draw(st.integers(units, 40)),
        "idleTimeoutMinutes": draw(st.integers(1, 10080)),
        "virtualCluster": "emr-containers" not in REGIONS[region].lacks and draw(st.booleans()),
    }
