#!/usr/bin/env bash
# Software: kafka-python 3.0.12 (PyPI), Kafka 4.3.1
# Behaviour: A batch that is larger than the topic allows is split by the producer and sent again, as its log says.
#   But flush() loses track of it: it raises UnknownError (Future not done) at once, while all records are stored a
#   moment later.
# Seen: 40 records of 1 kB, batch_size 100000, max.message.bytes=20000: flush(30) raises within a second; then 40
#   futures succeed and the partition ends at 40.
# Expected: flush() waits until the records are sent, as its description says.
# Known: no public issue found for this client; Kafka's Java client had the like (KAFKA-9312).
# Touchline: the outbox splits batches itself, so that kafka-python never does; 3.0.12 is pinned by tests of the
#   private names that this needs.
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
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

bootstrap = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=60_000)
admin.create_topics([NewTopic("small-batches", 1, 1, topic_configs={"max.message.bytes": "20000"})])

producer = KafkaProducer(bootstrap_servers=bootstrap, batch_size=100_000, linger_ms=500)
futures = [producer.send("small-batches", b"x" * 1_000) for _ in range(40)]
begun = time.monotonic()
try:
    producer.flush(30)
    flushed = "returned"
except KafkaError as error:
    flushed = f"raised {error}"
print(f"flush {flushed} after {time.monotonic() - begun:.2f} s; futures done: {sum(one.is_done for one in futures)} of 40")

for future in futures:
    future.get(30)
partition = TopicPartition("small-batches", 0)
end = KafkaConsumer(bootstrap_servers=bootstrap).end_offsets([partition])[partition]
print(f"a moment later: futures succeeded: {sum(one.succeeded() for one in futures)} of 40; records stored: {end}")
if "Future not done" not in flushed or end != 40:
    sys.exit("changed: flush treats a split batch otherwise")
PYTHON
