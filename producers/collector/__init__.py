"""The HTTP way in: what other systems post becomes events that are safe before they are answered.

    request -> access (write key) -> rate -> body (bounded, unzipped) -> front (parse to items) -> allowed sources
            -> intake (one thread, one producer: outbox or Kafka) -> front (verdicts to an answer)

A front is one wire form at one path. Another one (a vendor's webhook, a browser tag) brings its own parsing and its own answer;
limits, keys and emitting are the same for all.
"""
