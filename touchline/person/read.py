"""Reads one person: identifiers, evidence, what was published when. Nothing of the content of events is read.

What the links say is found by the same rules as the workers' (`touchline/identity`); what is published is read from the journey rows of the
default map. The two may differ for a tick or two.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_driver import Client

from touchline.person.ask import ask
from touchline.person.belongings import OF_MAP, read_belongings
from touchline.person.published import changes_of
from touchline.person.values import Handoff, Journey, Person


def read_person(client: Client, key: str) -> Person | None:
    """Everything about the person to whom an identifier leads; nothing where no event names it."""
    found = read_belongings(client, [key]).get(key)
    if found is None:
        return None
    ours = tuple(one.identifier for one in found.identifiers)
    changes, since = changes_of(ask(client, _HISTORY, keys=ours))
    return Person(
        found.asked,
        found.asked_type,
        found.persons,
        [one._replace(since=since.get(one.identifier)) for one in found.identifiers],
        found.evidence,
        changes,
        [Handoff(*row) for row in ask(client, _HANDOFFS, keys=ours)],
        found.hubs,
        found.shared,
        _journeys(client, found.persons),
    )


def _journeys(client: Client, persons: Sequence[str]) -> list[Journey]:
    """Of one person; whoever asks for a shared device asks for its persons one by one."""
    if len(persons) != 1:
        return []
    return [Journey(*row) for row in ask(client, _JOURNEYS, person=persons[0])]


_HISTORY = f"""
SELECT stored_time, identifier, person, toInt64(sum(sign)) AS net
FROM journey_raw.ledger WHERE {OF_MAP} AND identifier IN %(keys)s
GROUP BY stored_time, identifier, person HAVING net != 0 ORDER BY stored_time, identifier, person"""
_HANDOFFS = """
SELECT stored_time, identifier, handoff_number, toInt64(bitShiftRight(row_id, 52)), handoff_to
FROM journey_raw.ledger WHERE kind = 'handoff' AND identifier IN %(keys)s AND sign = 1 ORDER BY stored_time, identifier, handoff_number"""
_JOURNEYS = """
SELECT toString(map), map_version, cycle, started_at, last_at, converted_at, max_stage_order, toInt64(touchpoints)
FROM journey.journeys WHERE person = %(person)s ORDER BY map, map_version, cycle"""
