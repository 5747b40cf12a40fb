"""A backup from before an erasure comes back, under workers that run: the erased person does not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import own_face_with_worker, touchline
from tests.support.opened_files import files_with
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from touchline.kafka.offsets import lag
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

CUSTOMERS = 8
ERASED = 3
BUYERS = "SELECT uniqExact(person), count() FROM journey.orders"
NAMED = "SELECT countIf(identifier = %(key)s), (SELECT count() FROM journey_raw.erasures WHERE identifier != '') FROM journey_raw.ledger"


def receipt(number: int, customer: int) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1", "id": f"r{number}", "source": "retail-pos", "zone": "UTC",
        "time": f"2026-03-01T11:{number:02}:00Z", "identifiers": [{"type": "loyalty", "value": f"card {customer}"}],
        "touchpoint": "store_purchase", "action": "purchase",
        "amount": {"amount_minor": 2_500, "currency": "USD"},
    }  # fmt: skip


def send(settings: Settings, numbers: range) -> None:
    """Receipts of all customers in turn, until none waits in Kafka."""
    with TouchpointProducer.from_settings(settings) as producer:
        for number in numbers:
            producer.emit(receipt(number, number % CUSTOMERS))
    deadline = time.monotonic() + 60
    while lag(settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_who_was_erased_stays_away_when_an_older_backup_comes_back_and_without_the_register_it_does_not(
    stack: LocalStack, tmp_path: Path
) -> None:
    with own_face_with_worker(stack, tmp_path / "face", partitions=2, tick_seconds=0.5) as ledger:
        settings, backup = ledger.settings, tmp_path / "backups" / "monday"
        send(settings, range(CUSTOMERS))
        wait_until_at_rest(settings)
        touchline(ledger, "backup", str(backup))
        touchline(ledger, "erase", f"loyalty:card {ERASED}", "--yes")
        assert ask(settings, BUYERS) == [(CUSTOMERS - 1, CUSTOMERS - 1)]

        ledger.face.kill()
        shutil.rmtree(settings.local_dir / "clickhouse")
        ledger.face.start()
        registers = [settings.erasure_register_file, backup.parent / "erasures.json"]
        for path in registers:
            path.rename(path.with_suffix(".away"))
        command = [sys.executable, "-m", "touchline", "restore", str(backup)]
        refused = subprocess.run(command, env=ledger.environment, capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert "there is no register of erasures" in refused.stderr
        assert "--without-erasures" in refused.stderr
        for path in registers:
            path.with_suffix(".away").rename(path)

        told = json.loads(touchline(ledger, "restore", str(backup), "--json"))
        assert told["erasures"] == {"requests": 1, "identifiers_again": 1, "is_followed": True}
        assert ask(settings, BUYERS) == [(CUSTOMERS - 1, CUSTOMERS - 1)]
        send(settings, range(2 * CUSTOMERS))  # all of it again, and as much that is new
        wait_until_at_rest(settings)
        assert ask(settings, BUYERS) == [(CUSTOMERS - 1, 2 * (CUSTOMERS - 1))]
        key = PersonKeys.from_file(settings.person_key_file).key("loyalty", f"card {ERASED}")
        ((rows, requests),) = ask(settings, NAMED, key=key)
        assert (rows > 0, requests) == (True, 1)
        touchline(ledger, "erase", "--resume")
        assert ask(settings, NAMED, key=key) == [(0, 0)]
        assert ask(settings, BUYERS) == [(CUSTOMERS - 1, 2 * (CUSTOMERS - 1))]
        touchline(ledger, "reconcile", "--wait", "60")
        touchline(ledger, "backup", str(backup.with_name("tuesday")))
        assert files_with(backup, key)
        assert not files_with(backup.with_name("tuesday"), key)
