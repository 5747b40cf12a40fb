"""Workers on quiet partitions: nothing to read is no fault, and a ledger that fell back is filled without a new record."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from tests.support.engines import Ledger, fresh_topic
from tests.support.real_worker import ask, real_worker
from tests.support.workers import committed, send, wait_for, worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

STALL_SECONDS = 5.0
WALKED = """
SELECT countIf(walked_to = 'end')
FROM (SELECT argMax(walked_to, insert_number) AS walked_to FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream)
"""


def test_topic_whose_records_have_all_expired_is_no_stall(stack: LocalStack, tmp_path: Path) -> None:
    topic = fresh_topic(stack)
    settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}", stall_seconds=STALL_SECONDS)
    send(settings, 40)
    with KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap) as admin:
        admin.delete_records({TopicPartition(topic, number): 10 for number in range(4)})
    with worker(settings, tmp_path) as process:
        process.wait_ready()
        time.sleep(STALL_SECONDS + 3)
        assert "stalled" not in process.log
        assert "state=ready" in process.ready_file.read_text()
        send(settings, 4)
        process.wait_stored(4)


def test_ledger_that_fell_back_is_filled_although_no_record_comes(ledger: Ledger, tmp_path: Path) -> None:
    settings = ledger.settings
    send(settings, 40)
    with real_worker(settings, tmp_path) as process:
        process.wait_stored(40)
        wait_for(lambda: committed(settings) == dict.fromkeys(range(4), 10), lambda: process.log)
        # The end of the walk for the first map leaves a mark, too.
        wait_for(lambda: ask(settings, WALKED) == [(4,)], lambda: process.log)
        ask(settings, "TRUNCATE TABLE journey_raw.ledger")
        process.wait_stored(40)
        assert process.log.count("event=ledger_fell_back") == 4
    assert ask(settings, "SELECT sum(received), min(is_balanced) FROM journey.account") == [(40, 1)]
