#!/usr/bin/env bash
# Software: kafka-python 3.0.12 (PyPI), Kafka 4.3.1
# Behaviour: An idempotent producer does not come back from a record that the broker refuses: every later record of
#   that producer fails with the refused one's error, whatever its size, for as long as the producer lives.
# Seen: a topic with max.message.bytes=20000 and records of 100, 27000, 100, 100 bytes: with enable_idempotence=True
#   only the first is stored, the two small ones at the end fail with MessageSizeTooLargeError. With False all three
#   small ones are stored.
# Expected: one refused record, as without idempotence.
# Known: no public issue found.
# Touchline: with an outbox a failed link is closed and opened anew and the record set aside; without one, a thread opens
#   a fresh producer and sends again what failed with the refused record.
set -euo pipefail

work=$(mktemp -d)
broker=
trap '[[ -z $broker ]] || { kill "$broker" && wait "$broker"; } || true; rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet kafka-python==3.0.12 \
  || { echo "could not install" >&2; exit 2; }

cat >"$work/pom.xml" <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.1</version></dependency>
  </dependencies>
</project>
XML
mvn -B -q -Dstyle.color=never -f "$work/pom.xml" -DoutputDirectory="$work/jars" -DincludeScope=runtime \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies || { echo "could not install Kafka" >&2; exit 2; }

read -r port controller < <(python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in sockets))')
cat >"$work/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:$controller
listeners=BROKER://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=BROKER://127.0.0.1:$port
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs=$work/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
PROPERTIES
java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true -cp "$work/jars/*")
"${java[@]}" kafka.tools.StorageTool format --standalone --cluster-id findings-kafka-0000001 \
  --config "$work/server.properties" >"$work/broker.log" 2>&1
"${java[@]}" kafka.Kafka "$work/server.properties" >>"$work/broker.log" 2>&1 &
broker=$!

"$work/venv/bin/python" - "127.0.0.1:$port" <<'PYTHON'
import sys

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

bootstrap = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=60_000)
admin.create_topics([NewTopic("small-records", 1, 1, topic_configs={"max.message.bytes": "20000"})])


def outcomes(idempotent: bool) -> list[str]:
    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=idempotent)
    found = []
    for size in (100, 27_000, 100, 100):
        try:
            producer.send("small-records", b"x" * size).get(30)
            found.append("stored")
        except KafkaError as error:
            found.append(type(error).__name__)
        print(f"idempotence {idempotent}, {size} bytes: {found[-1]}")
    producer.close(timeout=5)
    return found


refused = "MessageSizeTooLargeError"
plain, idempotent = outcomes(False), outcomes(True)
if plain != ["stored", refused, "stored", "stored"] or idempotent != ["stored", refused, refused, refused]:
    sys.exit("changed: other records are stored")
PYTHON
