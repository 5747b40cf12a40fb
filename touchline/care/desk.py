"""One look at what changed: whose cases are others now, what is to be told, and how far that was.

The order makes kills harmless: alerts are on the disk before their events are sent, events are safe before the cursor moves. Whatever was
done and not remembered is decided again, with the same ids.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from touchline.care.cases import Change, Wanted, changes, next_look_us, wanted_cases
from touchline.care.facts import PersonFacts
from touchline.care.reader import Changed, Cursor, Event, Standing
from touchline.care.rules import CareRules
from touchline.care.store import CareStore
from touchline.care.telling import Alert, alert_of, changed_event, opened_event, withdrawn_alert

LOOKS_AT_ONCE: Final = 1_000
INSERTS_AT_ONCE: Final = 20
"""Of each stream: what one look reads stays small, also where the whole past is new."""
Offers = Callable[[str, str], dict[str, list[str]]]
"""Touchpoint and stage -> what the map offers there."""


class Facts(Protocol):
    """What the desk reads; `reader.py` reads it from ClickHouse."""

    def newest(self) -> Cursor:
        """The last insert of each stream."""

    def changed_since(self, since: Mapping[str, int], until: Mapping[str, int]) -> Changed:
        """What came between the two."""

    def persons(self, identifiers: Iterable[str]) -> dict[str, PersonFacts]:
        """The persons to whom these identifiers lead."""

    def holders(self, events: Collection[Event]) -> set[str]:
        """Identifiers under which these events stand now."""

    def standing(self) -> dict[str, Standing]:
        """All cases that rules opened."""


class Post(Protocol):
    """Where events go; the producer with an outbox."""

    def __call__(self, events: Sequence[dict[str, Any]]) -> None:
        """Returns when they are safe."""


class Looked(NamedTuple):
    """What one look found."""

    persons: int
    changes: int
    alerts: int
    is_behind: bool = False
    """There is more that was not looked at."""


class _Decided(NamedTuple):
    event: dict[str, Any]
    alert: Alert
    after: Standing


class CareDesk:
    """Decides and tells. `now_us` is the clock; `sinks` maps the names of sinks to the kinds of cases that they take."""

    def __init__(
        self,
        facts: Facts,
        store: CareStore,
        post: Post,
        rules: CareRules,
        sinks: Mapping[str, frozenset[str]],
        offers: Offers,
        source: str,
        now_us: Callable[[], int],
    ) -> None:
        self._facts = facts
        self._store = store
        self._post = post
        self._rules = rules
        self._sinks = sinks
        self._offers = offers
        self._source = source
        self._now_us = now_us
        self._kinds = {one.id: one.kind for one in rules.rules}
        self._standing: dict[str, Standing] = {}
        self._by_reason: defaultdict[Event, set[str]] = defaultdict(set)
        self._posted: set[str] = set()
        """Events of cases that were sent, and not yet seen in the ledger."""
        self._learn()

    def look(self) -> Looked:
        """Deals with what came since the last look, and with those whose moment has come."""
        now_us, since, newest = self._now_us(), self._store.cursor(), self._facts.newest()
        until = {name: min(last, since.get(name, 0) + INSERTS_AT_ONCE) for name, last in newest.items()}
        changed = self._facts.changed_since(since, until)
        reasons = changed.events | self._strange(changed.of_cases)
        due = self._store.to_look_at(now_us, LOOKS_AT_ONCE)
        persons = self._persons({*changed.identifiers, *due}, reasons)
        decided = self._decide(persons, reasons, now_us)
        alerts = [(sink, one.alert) for one in decided for sink in self._takers(one.alert)]
        told = self._store.put(alerts, now_us) if alerts else 0
        if decided:
            self._post([one.event for one in decided])
        for one in decided:
            self._posted.add(one.event["id"])
            self._remember(one.after)
        moments = {person: next_look_us(facts, self._rules, now_us) for person, facts in persons.items()}
        if moments or due:
            self._store.look_again(dict.fromkeys(due) | moments)
        if until != since:
            self._store.advance(until)
        return Looked(len(persons), len(decided), told, until != newest)

    def _persons(self, identifiers: Collection[str], reasons: Collection[Event]) -> dict[str, PersonFacts]:
        """Those to whom the identifiers lead, and those who have the reasons of cases now: an event may have moved to somebody else."""
        persons = self._facts.persons(identifiers) if identifiers else {}
        seen = {(one.source, one.event_id) for facts in persons.values() for one in facts.facts}
        missing = [one for one in reasons if one in self._by_reason and one not in seen]
        elsewhere = self._facts.holders(missing) if missing else set()
        return persons | (self._facts.persons(elsewhere) if elsewhere else {})

    def _strange(self, of_cases: frozenset[str]) -> set[Event]:
        """The reasons of cases of which the ledger knows more: said by a process before this one, and stored after this one began."""
        strange = of_cases - self._posted
        self._posted -= of_cases
        return self._learn() if strange else set()

    def _learn(self) -> set[Event]:
        """Takes what the ledger knows of cases where that is more; returns their reasons."""
        more = [
            case
            for case in self._facts.standing().values()
            if case.case not in self._standing or case.changes > self._standing[case.case].changes
        ]
        for case in more:
            self._remember(case)
        return {(case.source, case.event_id) for case in more}

    def _takers(self, alert: Alert) -> list[str]:
        return [name for name, kinds in self._sinks.items() if alert.kind in kinds]

    def _remember(self, case: Standing) -> None:
        self._standing[case.case] = case
        self._by_reason[case.source, case.event_id].add(case.case)

    def _decide(self, persons: Mapping[str, PersonFacts], reasons: Collection[Event], now_us: int) -> list[_Decided]:
        wanted: dict[str, tuple[Wanted, str, PersonFacts]] = {}
        touched = set(reasons)
        for person, facts in persons.items():
            for name, case in wanted_cases(facts, self._rules, now_us).items():
                wanted[name] = (case, person, facts)
            touched.update((one.source, one.event_id) for one in facts.facts)
        standing = {
            name: self._standing[name].is_standing
            for reason in touched
            for name in self._by_reason.get(reason, ())
            if self._standing[name].rule_version == str(self._rules.version)
        }
        said = changes({name: case for name, (case, *_) in wanted.items()}, standing)
        return [
            self._opened(*wanted[name]) if change == "opened" else self._changed(name, change, now_us)
            for name, change in said
        ]

    def _opened(self, case: Wanted, person: str, facts: PersonFacts) -> _Decided:
        types = dict(facts.identifiers)
        key = person if person in types else facts.identifiers[0][0]
        reason, version = case.reason, self._rules.version
        event = opened_event(case, key, types[key], version, self._source)
        alert = alert_of(case, person, self._offers(reason.touchpoint, reason.stage))
        about = (reason.source, reason.event_id, key, types[key], reason.touchpoint)
        return _Decided(event, alert, Standing(case.case, case.rule.id, str(version), *about, 0, True))

    def _changed(self, name: str, change: Change, now_us: int) -> _Decided:
        case = self._standing[name]
        kind = self._kinds.get(case.rule, "recovery")
        after = case._replace(is_standing=change == "restored", changes=case.changes + 1)
        return _Decided(
            changed_event(case, change, now_us, self._source), withdrawn_alert(case, change, kind, now_us), after
        )
