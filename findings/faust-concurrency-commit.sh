#!/usr/bin/env bash
# Software: faust-streaming 0.15.3 with aiokafka 0.14.0 (PyPI), Kafka 4.3.1
# Behaviour: An agent with concurrency=2 commits past an event that is still in the works: the offset goes on as the
#   other task finishes later events, so a crash loses the slow one.
# Seen: events slow, b, c, d: slow was begun and not stored, offset 4 is committed.
# Expected: no offset beyond the first event that is not done (the code's own comment says that it stops at a gap).
# Known: faust-streaming/faust#606 (open), faust-streaming/faust#312, robinhood/faust#355.
# Touchline: one serial agent, and commits follow what ClickHouse has.
set -euo pipefail

work=$(mktemp -d)
broker=
trap '[[ -z $broker ]] || { kill "$broker" && wait "$broker"; } || true; rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet faust-streaming==0.15.3 aiokafka==0.14.0 kafka-python==3.0.12 \
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

cat >"$work/app.py" <<'PYTHON'
import asyncio
import sys

import faust

topic, bootstrap = sys.argv.pop(1), sys.argv.pop(1)
app = faust.App(
    f"group-{topic}", broker=f"kafka://{bootstrap}", value_serializer="raw", topic_allow_declare=False,
    topic_disable_leader=True, broker_commit_interval=0.5, datadir=f"{sys.argv.pop(1)}/faust-{topic}",
)


@app.agent(app.topic(topic, value_serializer="raw"), concurrency=2)
async def store(events):
    async for event in events:
        print("begun", event.decode(), file=sys.__stdout__, flush=True)
        await asyncio.sleep(60 if event == b"slow" else 0)
        print("stored", event.decode(), file=sys.__stdout__, flush=True)


app.main()
PYTHON

"$work/venv/bin/python" - "$work" "127.0.0.1:$port" <<'PYTHON'
import subprocess
import sys
import time

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

work, bootstrap = sys.argv[1:]
admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=60_000)
admin.create_topics([NewTopic("visits", 1, 1)])
producer = KafkaProducer(bootstrap_servers=bootstrap)
for event in (b"slow", b"b", b"c", b"d"):
    producer.send("visits", event).get(30)

command = [sys.executable, f"{work}/app.py", "visits", bootstrap, work, "worker", "-l", "error", "--without-web"]
with open(f"{work}/worker.log", "w+") as log:
    worker = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            time.sleep(0.1)
            log.seek(0)
            if "stored d" in log.read():
                break
        time.sleep(3)  # commits are made every half second
    finally:
        worker.kill()
        worker.wait(30)
    log.seek(0)
    said = [line.strip() for line in log if line.startswith(("begun", "stored"))]

groups = admin.list_group_offsets("group-visits")
committed = [one.offset for offsets in groups.values() for one in offsets.values()]
print(", ".join(said))
print(f"committed offset: {committed}")
if "begun slow" not in said or "stored slow" in said or committed != [4]:
    sys.exit("changed: another offset is committed")
PYTHON
