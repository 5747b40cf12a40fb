"""A loop by hand over confluent-kafka: `consume` of many, the insert, the commit behind it.

https://docs.confluent.io/kafka-clients/python/current/overview.html ("Synchronous commits") and, for `consume`,
https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/index.html.
"""

from __future__ import annotations

from confluent_kafka import Consumer

from bench.peer import job


def main() -> None:
    """Read, insert, commit, for ever."""
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap(),
            "group.id": job.group(),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([job.topic()])
    table = job.Table()
    while True:
        messages = consumer.consume(num_messages=job.BATCH_EVENTS, timeout=job.BATCH_SECONDS)
        for message in messages:
            if message.error():
                raise SystemExit(str(message.error()))
        if messages:
            table.insert([job.to_row(message.value() or b"") for message in messages])
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main()
