"""ClickHouse's native protocol and HTTP before the in-process chDB engine: for development and tests on one machine.

`python -m touchline.local.clickhouse --help` runs it. A request goes through native.py or http.py (the wires) and
statements.py (what is it) to engine.py (chDB); watch.py kills the query of a client that cancels or goes away.
"""
