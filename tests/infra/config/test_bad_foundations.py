"""Zones, network, cluster, database, brokers and EMR that AWS would refuse, each with the whole message."""

from __future__ import annotations

import pytest
from infra_configs import Bad, bad, message_of

CASES = (
    bad(
        "dev",
        {"aws.region": "eu-central-9"},
        "aws.region: is not a region of AWS (given: eu-central-9): use one of af-south-1, ap-east-1, "
        "ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-south-1, ap-south-2, ap-southeast-1, "
        "ap-southeast-2, ap-southeast-3, ap-southeast-4, ca-central-1, eu-central-1, eu-central-2, "
        "eu-north-1, eu-south-1, eu-south-2, eu-west-1, eu-west-2, eu-west-3, me-central-1, me-south-1, "
        "sa-east-1, us-east-1, us-east-2, us-west-1, us-west-2",
    ),
    bad(
        "dev",
        {"aws.zones": ["a"], "kafka.brokers": 3},
        'aws.zones: has fewer than 2 zones, which EKS, RDS and MSK want (given: ["a"]): use 2 of a, b, c',
    ),
    bad(
        "dev",
        {"aws.zones": ["a", "b", "c", "d"], "kafka.brokers": 4},
        'aws.zones: has more than the 3 zones that the address plan has room for (given: ["a", "b", "c", '
        '"d"]): use 3 of a, b, c',
        "aws.zones: names a zone that eu-central-1 does not have (given: d): use some of a, b, c",
    ),
    bad(
        "dev", {"aws.zones": ["a", "a", "b"]}, 'aws.zones: names a zone twice (given: ["a", "a", "b"]): name each once'
    ),
    bad(
        "dev",
        {"network.cidr": "10.20.0.0/19"},
        "network.cidr: has a size that the address plan cannot divide (given: 10.20.0.0/19): use a range "
        "from /16 to /18, as 10.20.0.0/18",
    ),
    bad(
        "dev",
        {"network.cidr": "10.20.0.0/15"},
        "network.cidr: has a size that the address plan cannot divide (given: 10.20.0.0/15): use a range "
        "from /16 to /18, as 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "52.20.0.0/16"},
        "network.cidr: is not private (given: 52.20.0.0/16): take a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16,"
        " as 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "10.20.1.0/16"},
        "network.cidr: is an address within a range, not the range (given: 10.20.1.0/16): write 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "10.300.0.0/16"},
        "network.cidr: is not a range of IPv4 addresses (given: 10.300.0.0/16): write it like 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "10.20.0.0/40"},
        "network.cidr: has a length that no range has (given: 10.20.0.0/40): write it like 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "172.17.0.0/16"},
        "network.cidr: overlaps 172.17.0.0/16, Docker's own bridge on the machines that build and on "
        "EMR's nodes (given: 172.17.0.0/16): use another range, as 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.cidr": "10.100.128.0/17"},
        "network.cidr: overlaps 10.100.0.0/16, EKS's addresses of services (given: 10.100.128.0/17): use another range,"
        " as 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.interfaceEndpoints": ["ecr.api", "ecr"]},
        "network.interfaceEndpoints: names no interface endpoint that is known (given: ecr): use some of "
        "airflow.api, application-autoscaling, athena, autoscaling, cloudformation, ec2, ec2messages, "
        "ecr.api, ecr.dkr, eks, eks-auth, elasticfilesystem, elasticloadbalancing, elasticmapreduce, "
        "emr-containers, events, glue, kinesis-streams, kms, lambda, logs, monitoring, rds, "
        "sagemaker.api, sagemaker.runtime, secretsmanager, sns, sqs, ssm, ssmmessages, states, sts, xray",
    ),
    bad(
        "dev",
        {"network.interfaceEndpoints": ["s3"]},
        "network.interfaceEndpoints: names a service that is reached through a gateway endpoint (given: s3): remove it",
    ),
    bad(
        "dev",
        {"network.interfaceEndpoints": ["sts", "sts"]},
        "network.interfaceEndpoints: names an endpoint twice (given: sts): name it once",
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": True},
        "cluster.publicAccessCidrs: is empty, and the public endpoint would answer everybody (given: "
        "[]): name your own ranges",
    ),
    bad(
        "dev",
        {"cluster.publicAccessCidrs": ["203.0.113.0/24"]},
        'cluster.publicAccessCidrs: is set, but there is no public endpoint (given: ["203.0.113.0/24"]): '
        "remove it, or turn cluster.endpointPublicAccess on",
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": True, "cluster.publicAccessCidrs": ["203.0.113.0/24", "203.0.113.0/24"]},
        'cluster.publicAccessCidrs: names a range twice (given: ["203.0.113.0/24", "203.0.113.0/24"]): name each once',
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": True, "cluster.publicAccessCidrs": ["0.0.0.0/0"]},
        "cluster.publicAccessCidrs: opens the Kubernetes API to a large part of the internet (given: "
        "0.0.0.0/0): name ranges of /16 or smaller",
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": True, "cluster.publicAccessCidrs": ["10.0.0.0/8"]},
        "cluster.publicAccessCidrs: has a range from which nobody comes over the internet: private, loopback,"
        " link-local, a carrier's own, multicast or reserved (given: 10.0.0.0/8): name public addresses",
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": True, "cluster.publicAccessCidrs": ["203.0.113.7/24"]},
        "cluster.publicAccessCidrs: has an entry that is not a range of IPv4 addresses (given: "
        "203.0.113.7/24): write it like 203.0.113.0/24",
    ),
    bad(
        "dev",
        {
            "cluster.adminRoleArns": ["arn:aws:iam::123456789012:role/admins"],
            "cluster.viewerRoleArns": ["arn:aws:iam::123456789012:role/admins"],
        },
        "cluster.viewerRoleArns: names a role that administers the cluster already (given: "
        "arn:aws:iam::123456789012:role/admins): remove it here",
    ),
    bad(
        "dev",
        {"cluster.adminRoleArns": ["arn:aws:iam::123456789012:role/admins", "arn:aws:iam::123456789012:role/admins"]},
        "cluster.adminRoleArns: names a role twice (given: arn:aws:iam::123456789012:role/admins): name it once",
    ),
    bad(
        "dev",
        {
            "cluster.adminRoleArns": [
                "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
            ]
        },
        "cluster.adminRoleArns: names a role of an AWS service, which EKS refuses (given: "
        "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRole…): name a role "
        "of people",
    ),
    bad(
        "dev",
        {"database.instanceClass": "db.z9.large"},
        "database.instanceClass: is of no family that RDS has for PostgreSQL (given: db.z9.large): use "
        "one of db.t3, db.t4g, db.m6g, db.m6i, db.m7g, db.m7i, db.m8g, db.r6g, db.r6i, db.r7g, db.r7i, "
        "db.r8g, as db.m6g.large",
    ),
    bad(
        "dev",
        {"database.instanceClass": "db.m7g.huge"},
        "database.instanceClass: is of no size that RDS has for PostgreSQL (given: db.m7g.huge): use one "
        "of db.m7g.large, db.m7g.xlarge, db.m7g.2xlarge, db.m7g.4xlarge, db.m7g.8xlarge, "
        "db.m7g.12xlarge, db.m7g.16xlarge",
    ),
    bad(
        "dev",
        {"database.storageGib": 100, "database.maxStorageGib": 105},
        "database.maxStorageGib: leaves storageGib, 100, less than the 10 % that RDS wants to grow by "
        "(given: 105): use at least 110",
    ),
    bad(
        "dev",
        {"kafka.instanceType": "kafka.m6g.large"},
        "kafka.instanceType: is of no family that MSK has for brokers (given: kafka.m6g.large): use one "
        "of kafka.t3, kafka.m5, kafka.m7g, as kafka.m5.large",
    ),
    bad(
        "dev",
        {"kafka.instanceType": "kafka.t3.medium"},
        "kafka.instanceType: is of no size that MSK has for brokers (given: kafka.t3.medium): use one of "
        "kafka.t3.small",
    ),
    bad(
        "dev",
        {"kafka.brokers": 4},
        "kafka.brokers: is not a multiple of the 3 zones in aws.zones (given: 4): use 6, or other zones",
    ),
    bad(
        "dev", {"kafka.storageGib": 300}, "kafka.maxStorageGib: is below storageGib, 300 (given: 100): use at least 300"
    ),
    bad(
        "dev", {"emr.coreUnits": 5}, "emr.coreUnits: is above maxUnits, 4 (given: 5): use at most 4, or raise maxUnits"
    ),
    bad(
        "dev",
        {"emr.coreInstanceType": "m7g.large"},
        "emr.coreInstanceType: names a type that EMR does not have (given: m7g.large): use m, c or r types "
        "from xlarge up, as m7g.xlarge",
    ),
    bad(
        "dev",
        {"emr.primaryInstanceType": "t4g.xlarge"},
        "emr.primaryInstanceType: names a type that EMR does not have (given: t4g.xlarge): use m, c or r "
        "types from xlarge up, as m7g.xlarge",
    ),
    bad(
        "dev",
        {"emr.taskInstanceTypes": ["m7i.xlarge"]},
        "emr.taskInstanceTypes: names a type of amd64, but the primary node, m7g.xlarge, is of arm64 "
        "(given: m7i.xlarge): use types of arm64",
    ),
    bad(
        "dev",
        {"emr.taskInstanceTypes": ["m7g.xlarge", "m7g.xlarge"]},
        "emr.taskInstanceTypes: names a type twice (given: m7g.xlarge): name it once",
    ),
    bad(
        "dev",
        {"emr.coreInstanceType": "m9.xlarge"},
        "emr.coreInstanceType: names an instance type that is not in infra/mlplatform/instance_types.py "
        "(given: m9.xlarge): use one that is, as m8g.xlarge, or add it there",
    ),
    bad(
        "dev",
        {"network.cidr": "10.20.0.0/18", "nodeGroups.notebook.maxSize": 250},
        "network.cidr: has 12273 addresses for nodes and pods in the 3 zones of aws.zones, but all of "
        "nodeGroups at their maximum may take 15812 (given: 10.20.0.0/18): use a larger range, as 10.20.0.0/17, "
        "or lower maxSize",
    ),
    bad(
        "dev",
        {
            "cluster.endpointPublicAccess": True,
            "cluster.publicAccessCidrs": [f"203.0.{number}.0/24" for number in range(41)],
        },
        "cluster.publicAccessCidrs: has more than the 40 ranges that EKS allows (given: 41): merge some",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_aws_would_refuse_is_named_with_its_key_and_a_remedy(case: Bad) -> None:
    assert message_of(case) == case.message
