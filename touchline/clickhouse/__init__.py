"""Access to ClickHouse: connections over both protocols, and what its errors mean.

    login (password, address) -> connect (native protocol) / http (one query, streamed); the dashboard brings its own async client
    answer (an error in mid-answer) -> errors (code -> kind -> remedy), for all of them

Why it is so: docs/decisions/0183-one-ground-for-services.md.
"""
