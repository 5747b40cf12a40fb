"""What the events of a person say of consent, read where somebody withdrew one: by it links may count for nothing.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clickhouse_driver import Client

from touchline.identity.components import Components
from touchline.identity.grants import Told, counting
from touchline.identity.links import Identifier, Link, Pair
from touchline.identity.persons import Persons
from touchline.person.ask import ask_of_keys
from touchline.person.evidence import time_us
from touchline.schemas.events import CONSENT
from touchline.schemas.identifiers import DEVICE_TYPES
from touchline.schemas.permission import PROFILING
from touchline.sql.ledger.rows import NET_ROWS


def links_by_consent(
    client: Client, found: Components, said: Iterable[Link], persons: Persons
) -> dict[Pair, list[int]]:
    """The links that count, of those that would count if nobody had withdrawn a consent, as whom `persons` are; with all times of each."""
    linked = {one.key: one for pair in found.links for one in pair}
    withdrew = {found.component_of[linked[key]] for (key,) in ask_of_keys(client, _WITHDRAWN, sorted(linked))}
    if not withdrew:
        return found.links
    known = {key: one for key, one in linked.items() if found.component_of[one] in withdrew}
    links = {pair: times_us for pair, times_us in found.links.items() if pair[0].key in known}
    told = [_told(row, known) for row in ask_of_keys(client, _TOLD, sorted(known))]
    counted = counting(links, said, told, persons, PROFILING, DEVICE_TYPES)
    return {pair: times_us for pair, times_us in found.links.items() if pair not in links} | counted


def _told(row: Sequence[Any], known: Mapping[str, Identifier]) -> Told:
    source, event_id, event_type, key, at, grant, purposes, is_under_consent, action, from_at = row
    is_statement = event_type == CONSENT
    return Told(
        (source, event_id),
        known[key],
        time_us(at),
        grant,
        frozenset(purposes),
        bool(is_under_consent) and not is_statement,
        action if is_statement else "",
        time_us(from_at),
    )


_OF_PERSON = f"kind = 'received' AND fate = 'stored' AND identifier IN %(keys)s AND {NET_ROWS}"
_WITHDRAWN = f"""
SELECT DISTINCT identifier FROM journey_raw.ledger
WHERE {_OF_PERSON} AND event_type = '{CONSENT}' AND action = 'withdrawn'"""
_TOLD = f"""
SELECT toString(source), event_id, toString(event_type), identifier, event_time, consent_id,
    if(purposes = '', emptyArrayString(), splitByChar(',', toString(purposes))),
    source IN (SELECT id FROM journey.dim_source WHERE legal_basis = 'consent'), toString(action), about_time
FROM journey_raw.ledger WHERE {_OF_PERSON}"""
