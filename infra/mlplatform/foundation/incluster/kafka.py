"""One Kafka broker in a pod (KRaft: no ZooKeeper), in place of MSK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi

from mlplatform import naming
from mlplatform.foundation.incluster.pods import DATA, StandIn, StandInArgs
from mlplatform.kubernetes.network_flows import KAFKA_PEER

APP: Final = "kafka"
PORT: Final = 9092
OWN_PORT: Final = 9094
"""Where the pod itself asks for its topics: clients are sent to the service's name, which it may not reach."""
CLUSTER_ID: Final = "bWxwbGF0Zm9ybS1sb2NhbA"
"""Kafka wants 16 bytes in base64: those of ``mlplatform-local``."""
PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": "1@127.0.0.1:9093",
    "listeners": f"PLAINTEXT://:{PORT},CONTROLLER://127.0.0.1:9093,OWN://127.0.0.1:{OWN_PORT}",
    "advertised.listeners": f"PLAINTEXT://{APP}.{naming.NAMESPACE_DATA}.svc.cluster.local:{PORT},"
    f"OWN://127.0.0.1:{OWN_PORT}",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OWN:PLAINTEXT",
    "log.dirs": f"{DATA}/log",
    # A topic is made on purpose, as on AWS.
    "auto.create.topics.enable": "false",
    # There is one broker to keep copies.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
MADE: Final = "/tmp/topics-made"  # noqa: S108 - in the pod
"""There when all topics are."""
# -f: the star is for Java, which would otherwise be given the names of all files. The other options are for a start
# with a fifth of a processor: a simple collector, a compiler that is soon done, no second Java where a format is there.
SCRIPT: Final = f"""\
set -euf
printenv SERVER_PROPERTIES > /tmp/server.properties
run="java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError"
run="$run -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties -cp /opt/kafka/libs/*"
if [ ! -e "{DATA}/log/meta.properties" ]; then
  $run kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config /tmp/server.properties
fi
$run kafka.Kafka /tmp/server.properties &
broker=$!
trap 'kill -TERM "$broker"' TERM INT
admin="java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties"
admin="$admin -cp /opt/kafka/libs/* org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:{OWN_PORT}"
printenv TOPICS > /tmp/topics
while read -r topic partitions; do
  until $admin --create --if-not-exists --topic "$topic" --partitions "$partitions" < /dev/null; do
    kill -0 "$broker"
    sleep 1
  done
done < /tmp/topics
touch {MADE}
status=0
wait "$broker" || status=$?
while kill -0 "$broker" 2> /dev/null; do
  wait "$broker" || status=$?
done
exit "$status"
"""


@dataclass(frozen=True, kw_only=True)
class KafkaArgs:
    """Inputs of `Kafka`."""

    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    image: str
    folder: str


class Kafka(pulumi.ComponentResource):
    """The broker and its network policy."""

    bootstrap_servers: pulumi.Output[str]

    def __init__(self, name: str, args: KafkaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:incluster:Kafka", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        server = StandIn(
            APP,
            StandInArgs(
                namespace=args.namespace,
                image=args.image,
                service_account=args.service_account,
                folder=args.folder,
                port=PORT,
                peer=KAFKA_PEER,
                script=SCRIPT,
                environment={
                    "CLUSTER_ID": CLUSTER_ID,
                    "SERVER_PROPERTIES": "".join(f"{key}={value}\n" for key, value in PROPERTIES.items()),
                    # `printenv` ends the last line.
                    "TOPICS": "\n".join(f"{topic} {partitions}" for topic, partitions in naming.TOPICS.items()),
                },
                probe=["/bin/bash", "-c", f"test -e {MADE} && exec 3<>/dev/tcp/127.0.0.1/{PORT}"],
            ),
            child,
        )
        self.bootstrap_servers = server.address.apply(lambda address: f"{address}:{PORT}")
        self.register_outputs({"bootstrap_servers": self.bootstrap_servers})
