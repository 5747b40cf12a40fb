"""A loop by hand over aiokafka: `getmany`, the insert in a thread, the commit behind it.

https://aiokafka.readthedocs.io/en/stable/consumer.html ("Manual vs automatic committing"; "Fetching Messages" for `getmany`).
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer

from bench.peer import job


async def main() -> None:
    """Read, gather, insert, commit, for ever."""
    consumer = AIOKafkaConsumer(
        job.topic(),
        bootstrap_servers=job.bootstrap(),
        group_id=job.group(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    table, loop = job.Table(), asyncio.get_running_loop()
    rows: list[job.Row] = []
    due = loop.time() + job.BATCH_SECONDS
    while True:
        wait_ms = max(0, round((due - loop.time()) * 1000))
        fetched = await consumer.getmany(timeout_ms=wait_ms, max_records=job.BATCH_EVENTS)
        for records in fetched.values():
            rows += [job.to_row(record.value) for record in records]
        if len(rows) >= job.BATCH_EVENTS or loop.time() >= due:
            if rows:
                await asyncio.to_thread(table.insert, rows)
                await consumer.commit()
            rows, due = [], loop.time() + job.BATCH_SECONDS


if __name__ == "__main__":
    asyncio.run(main())
