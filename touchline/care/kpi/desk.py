"""Looks at KPIs in steps: reads what the views show, finds the days that are a reason, and tells what has changed of their cases.

A step reads one question a look, so that alerts of persons do not wait for it. What it came to is on the disk at once or not at all; ids
are the same whoever decides. Days that are judged again may lose their reason, or win one: late answers came. A case lapses when its reason
is still gone in a later step.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, Protocol

from touchline.care.cases import Change, changes, still_gone
from touchline.care.desk import Looked, Offers, changed_case, is_told_again
from touchline.care.kpi.reader import Series, ShownMap, Span
from touchline.care.kpi.rules import KpiBelowTarget, UnusualDay
from touchline.care.kpi.series import (
    Cell,
    Formula,
    Found,
    days_below,
    first_needed,
    judged_days,
    kpi_case_id,
    last_day,
    unusual_days,
    unusual_volumes,
)
from touchline.care.kpi.telling import KpiWanted, kpi_alert, kpi_event
from touchline.care.reader import Standing
from touchline.care.rules import CareRules, CaseRule
from touchline.care.store import CareStore, Kept
from touchline.care.telling import Alert
from touchline.sql.language.catalogue import load_catalogue

STEP_US: Final = 15 * 60 * 1_000_000
_STEP: Final = "kpis"
_NOTHING: Final = Looked(0, 0, 0)
_Step = Generator[None, None, Looked]
_Finding = Generator[None, None, list[KpiWanted]]


class Numbers(Protocol):
    """What the desk reads; `reader.py` reads it from the views."""

    def shown_map(self) -> ShownMap | None: ...
    def targets(self, shown: ShownMap, span: Span) -> Mapping[Cell, float | None]: ...
    def series(self, shown: ShownMap, span: Span, touchpoint: str, stage: str | None, days: int) -> Series: ...
    def events(self, shown: ShownMap, span: Span) -> Mapping[Cell, Mapping[date, int]]: ...
    def standing(self) -> Mapping[str, tuple[Standing, date]]: ...


class KpiDesk:
    """Decides and tells. `post` brings away what the store has of events; days before `since_us` are never a reason."""

    def __init__(
        self,
        numbers: Numbers,
        store: CareStore,
        post: Callable[[], None],
        rules: CareRules,
        sinks: Mapping[str, frozenset[str]],
        offers: Offers,
        source: str,
        now_us: Callable[[], int],
        since_us: int = 0,
    ) -> None:
        self._numbers = numbers
        self._store = store
        self._post = post
        self._version = rules.version
        self._rules = {one.id: one for one in rules.rules if one.of_kpi is not None}
        self._sinks = sinks
        self._offers = offers
        self._source = source
        self._now_us = now_us
        self._first = datetime.fromtimestamp(since_us / 1_000_000, UTC).date()
        self._going: _Step | None = None
        self._said: dict[str, tuple[Standing, date]] = {}
        """What this desk has decided on, and may not be stored yet."""

    def look(self) -> Looked:
        """One question of a step that goes on or is due; what the step came to, with its last one."""
        if self._going is None:
            now_us, last = self._now_us(), self._store.last_step(_STEP)
            if not self._rules or (last is not None and now_us < last + STEP_US):
                return _NOTHING
            self._going = self._step(now_us - now_us % STEP_US, now_us, is_first=last is None)
        try:
            next(self._going)
        except StopIteration as ended:
            self._going = None
            looked: Looked = ended.value
            return looked
        return _NOTHING

    def _step(self, step_us: int, now_us: int, *, is_first: bool) -> _Step:
        shown = self._numbers.shown_map()
        wanted: dict[str, KpiWanted] = {}
        if shown is not None:
            for rule in self._rules.values():
                wanted |= {one.case: one for one in (yield from self._found(rule, shown, now_us))}
        known = self._known()
        standing = {case: one.is_standing for case, (one, day) in known.items() if self._is_judged(one, day, now_us)}
        said: dict[str, Change | None] = dict.fromkeys(standing) | dict(changes(wanted, standing))
        held = still_gone(said, self._store.gone(), now_us, STEP_US)
        alerts, events = list[Alert](), list[dict[str, Any]]()
        for case, change in said.items():
            if change is not None and held.get(case) is None:
                event, alert = self._told(case, change, wanted, known, step_us, now_us)
                events.append(event)
                alerts.append(alert)
        # With a new folder it is not known what sinks were told.
        again = [case for case, (one, _) in known.items() if is_first and is_told_again(one, now_us)]
        alerts += [self._alert(wanted[case], known[case][0].said_us) for case in again if case in wanted]
        taken = [(sink, one) for one in alerts for sink, kinds in self._sinks.items() if one.kind in kinds]
        told = self._store.keep(Kept(taken, events, {}, {}, held), now_us)
        self._store.keep_step(_STEP, step_us)
        if events:
            self._post()
        return Looked(0, len(events), told)

    def _found(self, rule: CaseRule, shown: ShownMap, now_us: int) -> _Finding:
        """The cases that there are to be by one rule. Between two questions others may look."""
        asked = rule.of_kpi
        assert asked is not None  # only such rules come here
        days, span = judged_days(asked, now_us, self._first), Span(first_needed(asked, now_us), last_day(asked, now_us))
        found: list[tuple[Cell, Found]] = []
        if not days:
            return []
        if isinstance(asked, UnusualDay) and asked.volume:
            for cell, events in self._numbers.events(shown, span).items():
                found += [
                    (cell, one) for one in unusual_volumes(asked, events, days) if _is_asked(cell, asked.touchpoint)
                ]
            yield
        elif isinstance(asked, UnusualDay):
            touchpoints = {cell.touchpoint for cell in self._asked(rule, shown, span)}
            for touchpoint in sorted(touchpoints):
                yield
                for cell, readings in self._numbers.series(shown, span, touchpoint, None, 1).items():
                    formula = _formula(cell)
                    if formula is not None and (asked.kpi is None or cell.kpi in asked.kpi):
                        found += [(cell, one) for one in unusual_days(asked, readings, formula.kind, days)]
        else:
            found = yield from self._below(rule, asked, shown, span, days)
        return [
            KpiWanted(kpi_case_id(rule.id, self._version, cell, one.day), rule, cell, one, shown) for cell, one in found
        ]

    def _below(
        self, rule: CaseRule, asked: KpiBelowTarget, shown: ShownMap, span: Span, days: list[date]
    ) -> Generator[None, None, list[tuple[Cell, Found]]]:
        targets = {cell: target for cell, target in self._asked(rule, shown, span).items() if target is not None}
        found: list[tuple[Cell, Found]] = []
        for touchpoint, stage in sorted({(cell.touchpoint, cell.stage) for cell in targets}):
            yield
            for cell, readings in self._numbers.series(shown, span, touchpoint, stage, asked.days).items():
                formula, target = _formula(cell), targets.get(cell)
                if formula is not None and target is not None:
                    below = days_below(asked, readings, target, formula.is_low_good, days, self._first)
                    found += [(cell, one) for one in below]
        return found

    def _asked(self, rule: CaseRule, shown: ShownMap, span: Span) -> dict[Cell, float | None]:
        """What was answered that the rule asks about, each with its target."""
        asked = rule.of_kpi
        assert asked is not None  # only such rules come here
        return {
            cell: target
            for cell, target in self._numbers.targets(shown, span).items()
            if _is_asked(cell, asked.touchpoint) and (asked.kpi is None or cell.kpi in asked.kpi)
        }

    def _known(self) -> dict[str, tuple[Standing, date]]:
        """Cases as the ledger has them, or as this desk has said since."""
        known = dict(self._numbers.standing())
        self._said = {
            case: one
            for case, one in self._said.items()
            if case not in known or known[case][0].changes < one[0].changes
        }
        return known | self._said

    def _is_judged(self, case: Standing, day: date, now_us: int) -> bool:
        """Whether this step says what becomes of the case: of its rule and version, and of a day that was judged."""
        rule = self._rules.get(case.rule)
        if rule is None or rule.of_kpi is None or case.rule_version != str(self._version):
            return False
        return day in judged_days(rule.of_kpi, now_us, self._first)

    def _told(
        self, name: str, change: Change, wanted: Mapping[str, KpiWanted], known: Mapping[str, tuple[Standing, date]],
        step_us: int, now_us: int,
    ) -> tuple[dict[str, Any], Alert]:  # fmt: skip
        if change == "opened":
            case = wanted[name]
            about = ("", "", "", "", case.cell.touchpoint)
            after = Standing(name, case.rule.id, str(self._version), *about, 0, step_us, False, True)
            self._said[name] = (after, case.found.day)
            return kpi_event(case, step_us, self._version, self._source), self._alert(case, step_us)
        before, day = known[name]
        decided = changed_case(before, change, self._rules[before.rule].kind, now_us, self._source)
        self._said[name] = (decided.after, day)
        return decided.event, decided.alert

    def _alert(self, case: KpiWanted, at_us: int) -> Alert:
        return kpi_alert(case, at_us, self._offers(case.cell.touchpoint, case.cell.stage))


def _is_asked(cell: Cell, touchpoints: Iterable[str] | None) -> bool:
    return touchpoints is None or cell.touchpoint in touchpoints


def _formula(cell: Cell) -> Formula | None:
    return _formulas().get((cell.kpi, cell.variant))


@cache
def _formulas() -> Mapping[tuple[str, str], Formula]:
    return {
        (kpi.id, variant.id): Formula(variant.kind, variant.is_low_good) for kpi, variant in load_catalogue().variants()
    }
