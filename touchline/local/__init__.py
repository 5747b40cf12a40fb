"""The local stack: real Kafka and the real ClickHouse engine on this machine, without Docker and without root.

`stack.py` holds the whole: it chains `java.py` (jars by Maven), `kafka.py`, `clickhouse/` (the engine behind a server shim) and
workers into one thing that starts and ends together. `process.py` is one part of it, `identity.py` the reason why no
stranger's process is ever ended.
"""
