from __future__ import annotations

import threading
from pathlib import Path

from tests.unit.producers.outbox.rig import record
from touchline.producers.deliveries import Deliveries
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.transport import OutboxTransport


def test_an_emit_beside_a_close_starts_no_second_drainer(tmp_path: Path) -> None:
    before = threading.active_count()
    way = OutboxTransport(OutboxConfig(tmp_path), Deliveries(1), "127.0.0.1:1", "events", 0.1, 1.0, {}, lambda: 0)
    append = way._writer.append

    def append_then_be_closed(records: list[bytes]) -> tuple[int, int]:
        written = append(records)
        way.disconnect()
        return written

    way._writer.append = append_then_be_closed  # type: ignore[assignment, method-assign]
    way.send([record(1)], None)

    assert threading.active_count() == before
