"""Two states of one event through the real ways in, Kafka, a worker and ClickHouse: which one counts, and what an import says of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.collectors import collector
from tests.support.engines import Ledger, own_face_with_worker
from tests.support.till_file import TILL_MAPPING
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

RECEIPTS = 20
ANSWERS = 40


@pytest.fixture(scope="module")
def shop(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with own_face_with_worker(stack, tmp_path_factory.mktemp("versions")) as ledger:
        yield ledger


def ask(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    client = connect(ledger.settings)
    try:
        rows: list[tuple[Any, ...]] = client.execute(query)
        return rows
    finally:
        client.disconnect()


def wait_until_stored(ledger: Ledger) -> None:
    deadline = time.monotonic() + 90
    while lag(ledger.settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def run(ledger: Ledger, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "touchline", *words]
    outcome = subprocess.run(command, env=ledger.environment, capture_output=True, text=True, check=False)
    return outcome.returncode, outcome.stdout, outcome.stderr


def export(path: Path, total: str, receipts: int = RECEIPTS) -> str:
    rows = [f"{number},2026-03-02 18:{number:02}:00,card {number},{total}" for number in range(receipts)]
    path.write_text("\n".join(["receipt,sold_at,card,total", *rows, ""]))
    return str(path)


def test_a_corrected_export_sent_at_once_after_the_first_is_told_and_counts_when_it_says_so(
    shop: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "tills.yaml").write_text(TILL_MAPPING)
    words = ("--mapping", str(tmp_path / "tills.yaml"))
    first, corrected = export(tmp_path / "first.csv", "10.00"), export(tmp_path / "corrected.csv", "20.00")
    total = "SELECT count(), toFloat64(sum(amount)) FROM journey.orders WHERE source = 'retail-pos'"

    assert run(shop, "import", first, *words) == (0, f"{first}: sent 20 events\n", "")
    dry = run(shop, "import", corrected, *words, "--dry-run")
    status, out, err = run(shop, "import", corrected, *words)
    assert (status, out) == (4, f"{corrected}: sent 20 events\n")
    said, hint = err.splitlines()
    assert dry == (4, f"{corrected}: checked 20 events\n", err.replace(" now count ", " would count "))
    assert said.startswith(f"{corrected}: {RECEIPTS} known ids came with other contents and no later revision. ")
    assert "--revision 1" in hint
    wait_until_stored(shop)
    as_sent = int(said.partition("later revision. ")[2].split()[0])
    assert ask(shop, total) == [(RECEIPTS, 10.0 * RECEIPTS + 10 * as_sent)]

    assert run(shop, "import", corrected, *words, "--revision", "1") == (0, f"{corrected}: sent 20 events\n", "")
    wait_until_stored(shop)
    assert ask(shop, total) == [(RECEIPTS, 20.0 * RECEIPTS)]
    assert ask(shop, "SELECT count() FROM journey.quarantine") == [(0,)]
    assert ask(shop, "SELECT min(is_balanced) FROM journey.account") == [(1,)]


def test_answers_that_are_sent_again_as_complete_all_count_so_whichever_came_first(
    stack: LocalStack, shop: Ledger, tmp_path: Path
) -> None:
    keys = tmp_path / "write_keys"
    keys.write_text(f"all.{'a' * 64} *\n")

    def answer(number: int, disposition: str, minute: int, score: int) -> dict[str, Any]:
        return {
            "type": "touchline.answer.v1", "source": "survey-tool", "id": f"answer-{number}", "time": f"2026-03-02T18:{minute:02}:00Z",
            "about": {"touchpoint": "store_purchase"}, "survey": "after_purchase", "question": "recommend", "kpi": "nps",
            "scope": "transactional", "scale_min": 0, "scale_max": 10, "disposition": disposition, "score": score,
            "identifiers": [{"type": "loyalty", "value": f"card {number}"}],
        }  # fmt: skip

    partial = [answer(number, "partial", 0, 3) for number in range(ANSWERS)]
    complete = [answer(number, "complete", 2, 9) for number in range(ANSWERS)]
    half = ANSWERS // 2
    with collector(shop.settings.with_changes(write_keys_file=keys), tmp_path) as running:
        for batch in ([*partial[:half], *complete[half:]], [*complete[:half], *partial[half:]]):
            assert running.post_json(batch).json()["accepted"] == ANSWERS
            wait_until_stored(shop)
    answers = "FROM journey.answers WHERE survey = 'after_purchase'"
    assert ask(shop, f"SELECT disposition, score, count() {answers} GROUP BY ALL") == [("complete", 9.0, ANSWERS)]
    nps = "SELECT sum(numerator) / sum(denominator) * 100 FROM journey.kpi_survey_1d WHERE kpi = 'nps'"
    assert ask(shop, nps) == [(100.0,)]
    assert ask(shop, "SELECT sum(superseded), sum(quarantined) FROM journey.account")[0][1] == 0
    status, out, _ = run(shop, "trace", "survey-tool", "answer-1")
    assert (status, "a more complete answer at" in " ".join(out.split())) == (0, True)
