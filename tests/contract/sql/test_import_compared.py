"""An import beside the real engine, without Kafka: the command compares what it sends with what a worker stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import SOURCES
from tests.unit.producers.imports.build import MAPPING, receipt, write_csv
from touchline.cli import importing
from touchline.cli.main import run
from touchline.local.parts import settings_environment
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings

NO_KAFKA = "127.0.0.1:1"
DECLARED = "sources:\n  shop: {legal_basis: contract}\n"


def test_a_corrected_file_is_compared_with_what_a_worker_stored_and_a_revision_ends_the_dispute(
    engine_settings: Settings,
    engine_client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    mapping, file, sources = tmp_path / "m.yaml", tmp_path / "till.csv", tmp_path / "sources.yaml"
    mapping.write_text(MAPPING.replace("source: retail-pos", "source: shop"))
    sources.write_text(DECLARED)
    settings = engine_settings.with_changes(kafka_bootstrap=NO_KAFKA, local_dir=tmp_path, sources_file=sources)
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    sent: list[dict[str, Any]] = []
    start_anew(engine_client)

    def imported(amount: str, *words: str) -> tuple[int, str]:
        """Import five receipts of that amount, and let a worker store all that was sent."""
        producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=SOURCES)
        monkeypatch.setattr(importing, "open_producer", lambda *_: producer)
        write_csv(file, [[*receipt(number)[:3], amount, *receipt(number)[4:]] for number in range(5)])
        status = run(("import", str(file), "--mapping", str(mapping), *words))
        sent.extend(producer.events)
        store(engine_settings, tmp_path / "state", sent)
        return status, capfd.readouterr().err

    amounts = (
        "SELECT amount_minor, sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' GROUP BY 1 HAVING sum(sign) > 0"
    )
    assert imported("10.00") == (0, "")
    status, err = imported("20.00")
    assert (status, "5 known ids came with other contents" in err) == (4, True)
    assert imported("20.00", "--revision", "1") == (0, "")
    assert engine_client.execute(amounts) == [(2000, 5)]
    status, err = imported("30.00")
    assert (status, "an earlier revision than the one that is stored (up to 1)" in err) == (4, True)
    for table in ("ledger", "fence"):
        engine_client.execute(f"TRUNCATE TABLE journey_raw.{table}")
