"""An answer to "how did you hear of us" as a touchpoint event that somebody declared: kept, and told apart from what was observed.

When it happened nobody knows to the day: the event stands at the end of the time in which it can have been, `span_days` say how long that
is, and `confidence` how far the owner trusts what people remember.

Why: docs/decisions/0208.
"""

from __future__ import annotations

from typing import Any, Final

from clickhouse_driver import Client

from touchline.person.ask import ask as ask_ledger
from touchline.person.evidence import time_us
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.times import format_time
from touchline.sql.ledger.rows import NET_ROWS
from touchline.surveys.asks import Ask
from touchline.surveys.questions import Option

ACTION: Final = "heard_of_us"
CONFIDENCE: Final = "confidence"
SPAN_DAYS: Final = "span_days"


def declared_event(ask: Ask, option: Option, source: str, until_us: int) -> dict[str, Any]:
    """The touchpoint that choosing the option declares, as a producer takes it. `until_us` is by when it had happened; the id is that of
    the ask and the option, so an answer that comes twice declares once."""
    event: dict[str, Any] = {
        "type": TOUCHPOINT,
        "id": f"{ask.id}.{option.id}",
        "source": source,
        "time": format_time(until_us),
        "persons": [{"type": kind, "key": key} for kind, key in ask.persons],
        "touchpoint": option.touchpoint or option.id,
        "action": ACTION,
        "provenance": "declared",
        "properties": {CONFIDENCE: option.confidence, SPAN_DAYS: option.span_days},
    }
    if ask.is_simulated:
        event["simulated"] = True
    return event


def read_time(client: Client, source: str, event_id: str) -> int | None:
    """When an event was, in microseconds since 1970; None where the ledger has none of that id (yet)."""
    rows = ask_ledger(client, _TIME, source=source, event_id=event_id)
    return time_us(rows[0][0]) if rows else None


_TIME: Final = f"""
SELECT min(event_time) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND source = %(source)s AND event_id = %(event_id)s AND {NET_ROWS}
GROUP BY event_id"""
