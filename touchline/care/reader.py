"""Reads what rules look at: which persons changed since an insert, and the cases that stand.

What is new is one question to the table itself, in its own order, since alerts wait for it and it is asked all the time. Persons change
by journey rows of either sign (a new fact, a correction, a merge), by statements of consent, and by links, which say for whom these hold.
Nothing is read of persons of whom no rule can speak.

Why: docs/decisions/0207.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.care.facts import PersonFacts
from touchline.care.linked import linked_with, who_spoke_of_consent, with_consents_of_all
from touchline.care.people import Shown, default_map, read_persons
from touchline.care.rules import CareRules
from touchline.person.ask import ask
from touchline.schemas.events import CASE, CONSENT
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS

INSERTS_AT_ONCE: Final = 20
"""Of each stream: what one look reads stays small, also where the whole past is new."""
STREAMS_SECONDS: Final = 1.0
"""So often it asks which streams there are; of those it knows each look finds what is new."""
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


class News(NamedTuple):
    """What came since an insert, up to and including `until`. `is_behind`: there is more."""

    changed: Changed
    until: Cursor
    is_behind: bool = False


class LedgerFacts:
    """The facts of the ledger, as the desk asks for them. `clock` gives seconds."""

    def __init__(self, client: Client, rules: CareRules, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._rules = rules
        self._clock = clock
        self._newest: Cursor = {}
        self._asked_s = float("-inf")
        self._shown: Shown | None = None

    def news(self, since: Mapping[str, int]) -> News:
        """What came after these inserts, of each stream at most INSERTS_AT_ONCE of them."""
        self._shown, now_s = None, self._clock()
        if now_s - self._asked_s >= STREAMS_SECONDS:
            self._newest, self._asked_s = newest(self._client), now_s
        rows = _new_rows(self._client, since, self._newest, self._rules) if self._newest else []
        for row in rows:
            if row.kind == "mark":
                self._newest[row.stream] = max(self._newest[row.stream], row.insert_number)
        until = {name: min(last, since.get(name, 0) + INSERTS_AT_ONCE) for name, last in self._newest.items()}
        complete = [row for row in rows if row.insert_number <= until[row.stream]]
        return News(_changed(self._client, complete, self._default), until, until != self._newest)

    def persons(self, identifiers: Iterable[str]) -> dict[str, PersonFacts]:
        """The persons to whom these identifiers lead."""
        asked = set(identifiers)
        persons = read_persons(self._client, asked, self._default)
        # Who only gave or withdrew a consent under an identifier has no journey by it: the links lead to whom it is about.
        found = {key for one in persons.values() for key, _ in one.identifiers} | persons.keys()
        if elsewhere := linked_with(self._client, asked - found) - found:
            persons |= read_persons(self._client, elsewhere, self._default)
        return with_consents_of_all(self._client, persons) if persons else {}

    def _default(self) -> Shown:
        """The map that readers see, asked for once a look."""
        if self._shown is None:
            self._shown = default_map(self._client)
        return self._shown

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


def read_standing(client: Client) -> dict[str, Standing]:
    """All cases that rules opened, whatever became of them."""
    found = (Standing._make((*said, bool(worked), bool(stands))) for *said, worked, stands in client.execute(_STANDING))
    return {one.case: one for one in found}


class _Row(NamedTuple):
    """What is read of a new row; the columns of the ledger."""

    stream: str
    insert_number: int
    kind: str
    identifier: str
    person: str
    linked_identifier: str
    source: str
    event_id: str
    event_type: str
    action: str
    map: str
    map_version: int


def _new_rows(client: Client, since: Mapping[str, int], streams: Iterable[str], rules: CareRules) -> list[_Row]:
    """Rows of the inserts that follow, their marks among them, of which rules may speak."""
    kpis, touchpoints = _asked_by(rules)
    values: dict[str, object] = {"kpis": kpis or [""], "touchpoints": touchpoints or [""]}
    spans = []
    for number, stream in enumerate(sorted(streams)):
        first = since.get(stream, 0)
        values |= {f"s{number}": stream, f"a{number}": first, f"u{number}": first + INSERTS_AT_ONCE}
        spans.append(f"stream = %(s{number})s AND insert_number > %(a{number})s AND insert_number <= %(u{number})s")
    every = "1" if any(one.overdue for one in rules.rules) else _MATTERS
    query = _NEW.format(within=" OR ".join(f"({one})" for one in spans), every=every)
    return [_Row._make(row) for row in client.execute(query, values)]


def _changed(client: Client, rows: Sequence[_Row], default: Callable[[], Shown]) -> Changed:
    """What these rows say has changed, as the default map has them now."""
    identifiers: set[str] = set()
    events: set[Event] = set()
    attached = [row for row in rows if row.kind == "attached" and row.identifier]
    if attached:
        shown = default()
        attached = [row for row in attached if (row.map, row.map_version) == shown]
    received = [row for row in rows if row.kind == "received"]
    for row in (*attached, *(row for row in received if row.event_type == CONSENT and row.identifier)):
        identifiers.update((row.identifier, row.person))
        events.add((row.source, row.event_id))
    ends = {end for row in rows if row.kind in _LINKS for end in (row.identifier, row.linked_identifier)}
    identifiers |= who_spoke_of_consent(client, ends)
    of_cases = {row.event_id for row in received if row.event_type == CASE and row.action in _OF_RULES}
    return Changed(frozenset(identifiers - {""}), frozenset(events), frozenset(of_cases))


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
_LINKS: Final = frozenset(("link", "unlink"))
_OF_RULES: Final = frozenset(("opened", "lapsed", "restored"))
_NEW: Final = f"""
SELECT {", ".join(_Row._fields)} FROM journey_raw.ledger PREWHERE {{within}}
WHERE kind IN ('mark', 'link', 'unlink') OR (kind = 'attached' AND {{every}})
    OR (kind = 'received' AND event_type IN ('{CONSENT}', '{CASE}'))
SETTINGS optimize_use_projections = 0, max_threads = 1"""
"""Plain columns and few conditions, since the engine is asked this many times a second: the rest is left out here."""
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
