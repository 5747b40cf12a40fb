"""ClickHouse's native protocol and HTTP before the in-process chDB engine, for development and tests without a server.

    python -m touchline.local.clickhouse --path DIR --port 9000 --http-port 8123 --user U --password-file FILE

A request runs through `native.py` or `http.py` (wire), `statements.py` (what kind of statement is it), `engine.py` (chDB);
`watch.py` kills the query of a client that cancels or goes away. What the face is not: docs/decisions/0010.
"""
