"""One look at what changed: whose cases are others now, what is to be told, and how far that was.

The order makes kills harmless: alerts are on the disk before their events are sent, events are safe before the cursor moves. Whatever was
done and not remembered is decided again, with the same ids.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from touchline.care.cases import Change, Wanted, changes, next_look_us, wanted_cases
from touchline.care.facts import PersonFacts
from touchline.care.reader import Changed, Cursor, Standing
from touchline.care.rules import CareRules
from touchline.care.store import CareStore
from touchline.care.telling import Alert, alert_of, changed_event, opened_event, withdrawn_alert

LOOKS_AT_ONCE: Final = 1_000
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
        self._standing = facts.standing()
        self._by_reason: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for case in self._standing.values():
            self._by_reason[case.source, case.event_id].add(case.case)

    def look(self) -> Looked:
        """Deals with what came since the last look, and with those whose moment has come."""
        now_us, since, until = self._now_us(), self._store.cursor(), self._facts.newest()
        changed = self._facts.changed_since(since, until)
        due = self._store.to_look_at(now_us, LOOKS_AT_ONCE)
        persons = self._facts.persons({*changed.identifiers, *due}) if changed.identifiers or due else {}
        alerts, events = self._decide(persons, changed, now_us)
        told = self._store.put([(sink, one) for one in alerts for sink in self._takers(one)], now_us) if alerts else 0
        if events:
            self._post([event for event, _ in events])
            for _, after in events:
                self._remember(after)
        moments = {person: next_look_us(facts, self._rules, now_us) for person, facts in persons.items()}
        if moments or due:
            self._store.look_again(dict.fromkeys(due) | moments)
        if until != since:
            self._store.advance(until)
        return Looked(len(persons), len(events), told)

    def _takers(self, alert: Alert) -> list[str]:
        return [name for name, kinds in self._sinks.items() if alert.kind in kinds]

    def _remember(self, case: Standing) -> None:
        self._standing[case.case] = case
        self._by_reason[case.source, case.event_id].add(case.case)

    def _decide(
        self, persons: Mapping[str, PersonFacts], changed: Changed, now_us: int
    ) -> tuple[list[Alert], list[tuple[dict[str, Any], Standing]]]:
        wanted: dict[str, tuple[Wanted, str, PersonFacts]] = {}
        touched = set(changed.events)
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
        alerts: list[Alert] = []
        events: list[tuple[dict[str, Any], Standing]] = []
        for name, change in changes({name: case for name, (case, *_) in wanted.items()}, standing):
            alert, event, after = (
                self._opened(*wanted[name]) if change == "opened" else self._changed(name, change, now_us)
            )
            alerts.append(alert)
            events.append((event, after))
        return alerts, events

    def _opened(self, case: Wanted, person: str, facts: PersonFacts) -> tuple[Alert, dict[str, Any], Standing]:
        key_type = dict(facts.identifiers).get(person) or facts.identifiers[0][1]
        key = person if person in dict(facts.identifiers) else facts.identifiers[0][0]
        reason = case.reason
        event = opened_event(case, key, key_type, self._rules.version, self._source)
        alert = alert_of(case, person, self._offers(reason.touchpoint, reason.stage))
        rule, version = case.rule.id, str(self._rules.version)
        return (
            alert,
            event,
            Standing(case.case, rule, version, reason.source, reason.event_id, key, key_type, reason.touchpoint, True),
        )

    def _changed(self, name: str, change: Change, now_us: int) -> tuple[Alert, dict[str, Any], Standing]:
        case = self._standing[name]
        kind = self._kinds.get(case.rule, "recovery")
        after = case._replace(is_standing=change == "restored")
        return withdrawn_alert(case, change, kind, now_us), changed_event(case, change, now_us, self._source), after
