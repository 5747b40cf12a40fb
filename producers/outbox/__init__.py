"""The durable outbox: a bounded queue of records on disk between `emit` and Kafka, shared by processes, threads and
forks.

    emit -> wire (bytes of one record) -> writer (one write, under a lock) -> segments on disk
         -> drain (one process at a time) -> reader -> link (whole batches to kafka-python) -> position, segments deleted

What is on disk counts; the page of shared numbers beside it only saves looking.

Why: docs/decisions/0070.
"""
