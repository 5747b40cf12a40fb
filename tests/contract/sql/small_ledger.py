"""A small ledger of the map `shop` with something for every view: what charts are tried on."""

from __future__ import annotations

from typing import Any

from tests.contract.sql.stored import answer
from tests.unit.processors.loop.world import event


def ledger_events() -> list[dict[str, Any]]:
    """Thirty journeys: poster, site, till with an amount, an answer to each sale and to some visits; one event is not on the map."""
    events: list[dict[str, Any]] = []
    for person in range(30):
        start, number = person * 600, person * 10
        who = {"persona": "it's me" if person % 2 else "other"}
        events.append(event(number, person, start, "poster", **who))
        events.append(event(number + 1, person, start + 5, "site", **who))
        if person % 3:
            paid = {
                "amount": {"amount_minor": 1_000 + person, "currency": "EUR"},
                "order": {"id": f"o{person}", "kind": "purchase"},
            }
            events.append(event(number + 2, person, start + 90, "till", **who, **paid))
            events.append(answer(number + 3, person, start + 100, score=person % 11))
        events.append(answer(number + 4, person, start + 200, "site", score=person % 11))
    return [*events, event(999, None, 2_000, "elsewhere")]
