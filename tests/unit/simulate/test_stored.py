"""Persons of a simulation as workers publish them, beside those that the rules of identity find in the same events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from tests.unit.simulate.ledgers import ROOT, Line, lines_of
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Source
from touchline.simulate.parameters import SOURCE, Identities, SimulationParameters
from touchline.simulate.score import AS_TOUCHLINE_DOES, Scores
from touchline.simulate.stored import score_stored

MAP = "five_stages"
KEYS = PersonKeys("k1", bytes(32))
SOME = SimulationParameters(seed=1, persons=50, days=30)
BATCH = 20


def as_sent(line: Line) -> dict[str, Any]:
    """The event with person keys instead of identifiers."""
    event = dict(line["event"])
    named = event.pop("identifiers")
    return event | {"persons": [{"type": kind, "key": KEYS.key(kind, value)} for kind, value in named]}


def published(events: list[dict[str, Any]], folder: Path) -> list[tuple[str, str]]:
    """(event id, person) of all that two workers publish, whose ticks come between their batches."""
    ledger, log = MemoryLedger(), records_by_partition(events)
    text = (ROOT / "journeys" / f"{MAP}.yaml").read_text()
    workers = Workers(ledger, folder, log, text=text, sources={SOURCE: Source(legal_basis="contract")})
    for _ in range(0, max(map(len, log)), BATCH):
        for number in range(PARTITIONS):
            workers.deliver(number, BATCH)
            workers.tick(number)
    workers.finish()
    return [(row["event_id"], value_of(row, "person")) for row in ledger.standing("attached")]


@pytest.mark.parametrize("shared_share", [0.0, 0.5, 1.0])
def test_persons_as_published_are_those_of_the_rules_with_and_without_shared_devices(
    shared_share: float, tmp_path: Path
) -> None:
    scores = Scores()
    lines = scores.watching(lines_of(SOME._replace(identities=Identities(0.6, shared_share)), MAP))
    events = [as_sent(line) for line in lines if line["kind"] == "sent" and line["event"].get("identifiers")]
    found, missing = score_stored(scores.truth(), published(events, tmp_path))
    assert missing == 0
    assert found[1:] == next(one for one in scores.results() if one.rule == AS_TOUCHLINE_DOES)[1:]
    assert found.persons > 40
