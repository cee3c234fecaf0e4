"""The VPC's flow logs: who talked to whom, for the day on which somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config.base import LogRetentionDays
from mlplatform.iam_policies import Statement, policy, trust_service

AGGREGATION_SECONDS: Final = 600
"""Over how long packets are counted together: the longer of the two that AWS offers, and the cheaper."""


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Inputs of `FlowLogs`."""

    vpc_id: pulumi.Input[str]
    account_id: str
    region: str
    log_group_name: str
    log_key_arn: pulumi.Input[str]
    retention_days: LogRetentionDays


class FlowLogs(pulumi.ComponentResource):
    """Flow logs of all traffic in an encrypted log group."""

    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:flow_logs:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=args.log_group_name,
            kms_key_id=args.log_key_arn,
            retention_in_days=args.retention_days,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust_service(
                "vpc-flow-logs.amazonaws.com",
                StringEquals={"aws:SourceAccount": args.account_id},
                ArnLike={"aws:SourceArn": f"arn:aws:ec2:{args.region}:{args.account_id}:vpc-flow-log/*"},
            ),
            opts=child,
        )
        write = Statement(
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[group.arn, pulumi.Output.concat(group.arn, ":*")],
        )
        # The service looks for its group among all of them.
        find = Statement(actions=["logs:DescribeLogGroups"], resources=["*"])
        rights = aws.iam.RolePolicy(f"{name}-role-policy", role=role.name, policy=policy(write, find), opts=child)
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=AGGREGATION_SECONDS,
            # EC2 refuses a second one of a VPC to the same destination, and none can be changed.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights], delete_before_replace=True),
        )
        self.log_group_name = group.name
        self.register_outputs({"logGroupName": self.log_group_name})
