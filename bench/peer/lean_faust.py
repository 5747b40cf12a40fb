"""Stock Faust at its leanest: raw values, batches by `take`, the insert in a thread.

https://faust-streaming.github.io/faust/userguide/streams.html ("take - Buffer up values in the stream"). `bench/stock_faust.py` is a fuller
Faust program, which checks events by the contract's models and follows persons.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import faust

from bench.peer import job

app = faust.App(
    os.environ.get("BENCH_PEER", "lean_faust"),
    broker=f"kafka://{os.environ.get('BENCH_KAFKA', '')}",
    store="memory://",
    value_serializer="raw",
    topic_disable_leader=True,
    web_enabled=False,
)
topic = app.topic(os.environ.get("BENCH_TOPIC", "events"), value_type=bytes, key_type=bytes)


@app.agent(topic)
async def store(stream: Any) -> None:
    table, loop = job.Table(), asyncio.get_running_loop()
    async for values in stream.take(job.BATCH_EVENTS, within=job.BATCH_SECONDS):
        await loop.run_in_executor(None, table.insert, [job.to_row(value) for value in values])


if __name__ == "__main__":
    app.main()
