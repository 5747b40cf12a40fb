"""Reads what rules look at: which persons changed since an insert, and the cases that stand.

Persons change by journey rows of either sign (a new fact, a correction, a merge), by statements of consent, and by links, which say for
whom these hold. Nothing is read of persons
of whom no rule can speak.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.care.facts import PersonFacts
from touchline.care.linked import linked_with, who_spoke_of_consent, with_consents_of_all
from touchline.care.people import read_persons
from touchline.care.rules import CareRules
from touchline.person.ask import ask
from touchline.schemas.events import CASE, CONSENT
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS

Event = tuple[str, str]
"""Source and id."""
Cursor = dict[str, int]
"""Stream -> number of the last insert that was looked at."""


class Standing(NamedTuple):
    """A case that was opened: its reason, the identifier that it was opened under, and whether its reason stood when that was last said."""

    case: str
    rule: str
    rule_version: str
    source: str
    event_id: str
    identifier: str
    identifier_type: str
    touchpoint: str
    changes: int
    """Number of the newest event by which it lapsed or was restored; 0 without one."""
    said_us: int
    """Time of the newest event of the rules."""
    is_worked: bool
    """Whether people have said something of it."""
    is_standing: bool


class Changed(NamedTuple):
    """What new inserts hold for rules: identifiers whose persons are to be looked at, (source, id) of the events that changed, and ids of
    events of cases."""

    identifiers: frozenset[str] = frozenset()
    events: frozenset[Event] = frozenset()
    of_cases: frozenset[str] = frozenset()


class LedgerFacts:
    """The facts of the ledger, as the desk asks for them."""

    def __init__(self, client: Client, rules: CareRules) -> None:
        self._client = client
        self._rules = rules

    def newest(self) -> Cursor:
        """The last insert of each stream."""
        return newest(self._client)

    def changed_since(self, since: Mapping[str, int], until: Mapping[str, int]) -> Changed:
        """What came between the two."""
        return changed_since(self._client, since, until, self._rules)

    def persons(self, identifiers: Iterable[str]) -> dict[str, PersonFacts]:
        """The persons to whom these identifiers lead."""
        asked = set(identifiers)
        persons = read_persons(self._client, asked)
        # Who only gave or withdrew a consent under an identifier has no journey by it: the links lead to whom it is about.
        found = {key for one in persons.values() for key, _ in one.identifiers} | persons.keys()
        if elsewhere := linked_with(self._client, asked - found) - found:
            persons |= read_persons(self._client, elsewhere)
        return with_consents_of_all(self._client, persons) if persons else {}

    def holders(self, events: Collection[Event]) -> set[str]:
        """Identifiers under which these events stand now."""
        rows = ask(self._client, _HOLDERS, events=sorted(events)) if events else []
        return {identifier for (identifier,) in rows}

    def standing(self) -> dict[str, Standing]:
        """All cases that rules opened."""
        return read_standing(self._client)


def newest(client: Client) -> Cursor:
    """The last insert of each stream."""
    return dict(client.execute(_NEWEST))


def changed_since(client: Client, since: Mapping[str, int], until: Mapping[str, int], rules: CareRules) -> Changed:
    """What came in the inserts after `since`, up to and including `until`."""
    spans = [(name, since.get(name, 0), last) for name, last in until.items() if since.get(name, 0) < last]
    if not spans:
        return Changed()
    kpis, touchpoints = _asked_by(rules)
    values: dict[str, object] = {"kpis": kpis or [""], "touchpoints": touchpoints or [""]}
    for number, (stream, first, last) in enumerate(spans):
        values |= {f"s{number}": stream, f"a{number}": first, f"u{number}": last}
    within = " OR ".join(
        f"(stream = %(s{number})s AND insert_number > %(a{number})s AND insert_number <= %(u{number})s)"
        for number in range(len(spans))
    )
    every = "1" if any(one.overdue for one in rules.rules) else _MATTERS
    identifiers: set[str] = set()
    events: set[Event] = set()
    of_cases: set[str] = set()
    ends: set[str] = set()
    for identifier, person, source, event_id, is_case, is_link in client.execute(
        _CHANGED.format(within=within, every=every), values
    ):
        if is_case:
            of_cases.add(event_id)
        elif is_link:
            ends.update((identifier, person))
        else:
            identifiers.update((identifier, person))
            events.add((source, event_id))
    identifiers |= who_spoke_of_consent(client, ends)
    return Changed(frozenset(identifiers - {""}), frozenset(events), frozenset(of_cases))


def read_standing(client: Client) -> dict[str, Standing]:
    """All cases that rules opened, whatever became of them."""
    found = (Standing._make((*said, bool(worked), bool(stands))) for *said, worked, stands in client.execute(_STANDING))
    return {one.case: one for one in found}


def _asked_by(rules: CareRules) -> tuple[list[str], list[str]]:
    """KPIs and touchpoints that some rule asks about."""
    kpis = {kpi for one in rules.rules if one.answer for kpi in one.answer.kpi}
    touchpoints = {name for one in rules.rules if one.event for name in one.event.touchpoint}
    return sorted(kpis), sorted(touchpoints)


_NEWEST: Final = (
    "SELECT toString(stream), toUInt64(max(insert_number)) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
)
_MATTERS: Final = "(sign = -1 OR person != identifier OR kpi IN %(kpis)s OR touchpoint IN %(touchpoints)s)"
"""Whatever is taken back, and whatever stands with a merged person, may change who has consented, and whose facts those of rules are."""
_CHANGED: Final = f"""
SELECT identifier, if(kind = 'attached', person, linked_identifier), toString(source), event_id, event_type = '{CASE}',
    kind IN ('link', 'unlink')
FROM journey_raw.ledger
WHERE ({{within}}) AND ((kind = 'attached' AND identifier != '' AND {DEFAULT_MAP} AND {{every}})
    OR (kind = 'received' AND event_type = '{CONSENT}' AND identifier != '')
    OR kind IN ('link', 'unlink')
    OR (kind = 'received' AND event_type = '{CASE}' AND action IN ('opened', 'lapsed', 'restored')))
SETTINGS optimize_use_projections = 0"""
_ATTACHED: Final = f"kind = 'attached' AND {DEFAULT_MAP} AND {NET_ROWS}"
_HOLDERS: Final = (
    f"SELECT DISTINCT identifier FROM journey_raw.ledger WHERE {_ATTACHED} AND (source, event_id) IN %(events)s"
)
_STANDING: Final = f"""
SELECT properties['case'] AS name, argMin(properties['rule'], at), argMin(properties['rule_version'], at),
    argMin(properties['about_source'], at), argMin(properties['about_event_id'], at), argMin(identifier, at),
    argMin(identifier_type, at), argMin(touchpoint, at), max(number), toUnixTimestamp64Micro(maxIf(greatest(at, received), NOT is_worked)),
    max(is_worked), argMaxIf(state != 'lapsed', (number, at), NOT is_worked)
FROM
(
    SELECT event_time AS at, received_time AS received, toUInt32OrZero(splitByChar('/', event_id)[3]) AS number, toString(action) AS state,
        action NOT IN ('opened', 'lapsed', 'restored') AS is_worked, properties, identifier,
        toString(identifier_type) AS identifier_type, toString(touchpoint) AS touchpoint FROM journey_raw.ledger
    WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CASE}' AND {NET_ROWS}
) GROUP BY name HAVING countIf(state = 'opened') > 0"""
