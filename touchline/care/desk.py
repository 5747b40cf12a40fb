"""One look at what changed: whose cases are others now, what is to be told, and how far that was.

What a look came to is on the disk at once or not at all: alerts, events and how far it has read. Then events are posted, and forgotten when
they are safe. So a kill at any moment repeats, and neither loses nor says another thing: ids are the same whoever decides.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from touchline.care.cases import Change, Wanted, changes, next_look_us, still_gone, wanted_cases
from touchline.care.facts import PersonFacts
from touchline.care.reader import Event, News, Standing
from touchline.care.rules import CareRules
from touchline.care.store import CareStore, Kept
from touchline.care.telling import Alert, alert_of, changed_event, opened_event, withdrawn_alert

LOOKS_AT_ONCE: Final = 1_000
TOLD_AGAIN_US: Final = 72 * 3_600_000_000
"""Where nothing is known of what sinks were told, since the folder is new, they are told of the cases of so long that nobody has worked."""
LAPSE_AFTER_US: Final = 10_000_000
Offers = Callable[[str, str], dict[str, list[str]]]
"""Touchpoint and stage -> what the map offers there."""


class Facts(Protocol):
    """What the desk reads; `reader.py` reads it from ClickHouse."""

    def news(self, since: Mapping[str, int]) -> News:
        """What came after these inserts."""

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


_Wanted = tuple[Wanted, str, PersonFacts]
"""A case that there is to be, its person's key, and all that is known of that person."""


class Decided(NamedTuple):
    """What is said of a case: the event, the alert, and how the case stands then."""

    event: dict[str, Any]
    alert: Alert
    after: Standing


def changed_case(case: Standing, change: Change, kind: str, now_us: int, source: str) -> Decided:
    """The case lapses or is restored. Never before what it answers, however clocks differ."""
    at_us = max(now_us, case.said_us + 1)
    after = case._replace(is_standing=change == "restored", changes=case.changes + 1, said_us=at_us)
    return Decided(changed_event(case, change, at_us, source), withdrawn_alert(case, change, kind, at_us), after)


def is_told_again(case: Standing, now_us: int) -> bool:
    """Whether sinks are told again where it is not known what they were told: the case is new enough, and nobody works on it."""
    return case.is_standing and not case.is_worked and case.said_us > now_us - TOLD_AGAIN_US


class CareDesk:
    """Decides and tells. `now_us` is the clock; `sinks` maps the names of sinks to the kinds of cases that they take. Reasons of before
    `since_us` open no case; a case lapses when its reason has been gone for `lapse_after_us`: an event that moves between partitions is
    away for a moment. `on_told` is called when there is something new for sinks, before its events are posted."""

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
        since_us: int = 0,
        lapse_after_us: int = LAPSE_AFTER_US,
        on_told: Callable[[], None] = lambda: None,
    ) -> None:
        self._facts = facts
        self._store = store
        self._post = post
        self._rules = rules
        self._sinks = sinks
        self._offers = offers
        self._source = source
        self._now_us = now_us
        self._since_us = since_us
        self._lapse_after_us = lapse_after_us
        self._on_told = on_told
        self._kinds = {one.id: one.kind for one in rules.rules}
        self._standing: dict[str, Standing] = {}
        self._by_reason: defaultdict[Event, set[str]] = defaultdict(set)
        self._said: set[str] = set()
        """Ids of the events that this desk has decided on, and not yet seen in the ledger."""
        self.post()
        self._learn()

    def look(self) -> Looked:
        """Deals with what came since the last look, and with those whose moment has come."""
        now_us, since = self._now_us(), self._store.cursor()
        changed, until, is_behind = self._facts.news(since)
        strange = self._strange(changed.of_cases)
        again = self._to_tell_again(strange if since else self._standing, now_us)
        gone = self._store.gone()
        missed = {name for name, at_us in gone.items() if at_us <= now_us} & self._standing.keys()
        reasons = changed.events | {self._reason(name) for name in strange | again | missed}
        due = self._store.to_look_at(now_us, LOOKS_AT_ONCE)
        persons = self._persons({*changed.identifiers, *due}, reasons)
        said, wanted = self._said_of(persons, reasons, now_us)
        held = dict.fromkeys(missed) | still_gone(said, gone, now_us, self._lapse_after_us)
        decided = [
            self._opened(*wanted[name]) if change == "opened" else self._changed(name, change, now_us)
            for name, change in said.items()
            if change is not None and held.get(name) is None
        ]
        # Who was to be told again while the reason was away for a moment, is told now; whoever was told already is left out by the store.
        back = again | (gone.keys() & said.keys())
        repeated = [self._opened(*wanted[name]).alert for name in sorted(back) if name in wanted]
        told_of = [*(one.alert for one in decided), *repeated]
        alerts = [(sink, one) for one in told_of for sink in self._takers(one)]
        moments = {person: next_look_us(facts, self._rules, now_us) for person, facts in persons.items()}
        told = 0
        if decided or moments or due or held or until != since:
            kept = Kept(alerts, [one.event for one in decided], dict.fromkeys(due) | moments, until, held)
            told = self._store.keep(kept, now_us)
        for one in decided:
            self._said.add(one.event["id"])
            self._remember(one.after)
        if told:
            self._on_told()
        if decided:
            self.post()
        return Looked(len(persons), len(decided), told, is_behind)

    def post(self) -> None:
        """Brings events away that were kept; those of a process before this one, too."""
        while waiting := self._store.unposted():
            self._post([event for _, event in waiting])
            self._store.posted(waiting[-1][0])

    def _persons(self, identifiers: Collection[str], reasons: Collection[Event]) -> dict[str, PersonFacts]:
        """Those to whom the identifiers lead, and those who have the reasons of cases now: an event may have moved to somebody else."""
        persons = self._facts.persons(identifiers) if identifiers else {}
        seen = {(one.source, one.event_id) for facts in persons.values() for one in facts.facts}
        missing = [one for one in reasons if one in self._by_reason and one not in seen]
        elsewhere = self._facts.holders(missing) if missing else set()
        return persons | (self._facts.persons(elsewhere) if elsewhere else {})

    def _strange(self, of_cases: frozenset[str]) -> set[str]:
        """Cases of which another process, before this one, has said something. It was stored after what this one, or that one, had read of
        the reason by then; so the reason is to be looked at again. And that one's folder may be lost, so sinks are told again: what
        they were told by this folder is left out there."""
        strange = of_cases - self._said
        self._said -= of_cases
        if strange:
            self._learn()
        return {one.partition("/")[0] for one in strange} & self._standing.keys()

    def _learn(self) -> None:
        """Takes what the ledger knows of cases where that is more."""
        for case in self._facts.standing().values():
            # A case without an event as its reason is one of a KPI: another desk's.
            if not case.event_id:
                continue
            if case.case not in self._standing or case.changes > self._standing[case.case].changes:
                self._remember(case)

    def _to_tell_again(self, cases: Iterable[str], now_us: int) -> set[str]:
        return {name for name in cases if is_told_again(self._standing[name], now_us)}

    def _reason(self, name: str) -> Event:
        return self._standing[name].source, self._standing[name].event_id

    def _takers(self, alert: Alert) -> list[str]:
        return [name for name, kinds in self._sinks.items() if alert.kind in kinds]

    def _remember(self, case: Standing) -> None:
        self._standing[case.case] = case
        self._by_reason[case.source, case.event_id].add(case.case)

    def _said_of(
        self, persons: Mapping[str, PersonFacts], reasons: Collection[Event], now_us: int
    ) -> tuple[dict[str, Change | None], dict[str, _Wanted]]:
        """What is to be said of each case that is looked at (None: nothing), and those that there are to be."""
        wanted: dict[str, _Wanted] = {}
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
        cases = {name: case for name, (case, *_) in wanted.items()}
        told = {name: case for name, case in cases.items() if name in standing or case.happened_us >= self._since_us}
        return dict.fromkeys(standing) | dict(changes(told, standing)), wanted

    def _opened(self, case: Wanted, person: str, facts: PersonFacts) -> Decided:
        types = dict(facts.identifiers)
        key = person if person in types else facts.identifiers[0][0]
        reason, version = case.reason, self._rules.version
        event = opened_event(case, key, types[key], version, self._source)
        alert = alert_of(case, person, self._offers(reason.touchpoint, reason.stage))
        about = (reason.source, reason.event_id, key, types[key], reason.touchpoint)
        after = Standing(case.case, case.rule.id, str(version), *about, 0, case.begins_us, False, True)
        return Decided(event, alert, after)

    def _changed(self, name: str, change: Change, now_us: int) -> Decided:
        case = self._standing[name]
        return changed_case(case, change, self._kinds.get(case.rule, "recovery"), now_us, self._source)
