"""The views of selected journeys recounted in plain Python from the events as sent: by the definitions in words, over rows of the oracle.

Percentiles are those of statsmodels.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from tests.contract.sql.recount import EXPONENT, Cells, Placed, Recount

Filter = Mapping[str, Sequence[str]]
OPEN, CLOSED, CONVERTED = "open", "closed", "converted"
_ENDS = (CONVERTED, CLOSED, OPEN)
"""What becomes of a journey that goes no further: completed, dropped, open."""


class Selection(NamedTuple):
    """What a reader selects, and from when they look."""

    date_from: date
    date_to: date
    filter: Filter
    as_of: datetime


class Journey(NamedTuple):
    """A person's cycle: its rows in order, whether the reader selects each of them, and whether it is open."""

    person: str
    cycle: int
    rows: list[Placed]
    chosen: list[bool]
    is_open: bool
    is_window_over: bool

    @property
    def has_converted(self) -> bool:
        return any(one.row["is_conversion"] for one in self.rows)

    @property
    def state(self) -> str:
        return OPEN if self.is_open else CONVERTED if self.has_converted else CLOSED

    def passed(self, column: str) -> int:
        return max(int(one.row[column]) for one in self.rows)

    def stays(self, by: str) -> list[tuple[str, datetime]]:
        """Name and begin of each stay."""
        if by == "touchpoint":
            return [(one.h()[0], one.time) for one in self.rows]
        mapped = [(one.row["stage"], one.time) for one in self.rows if one.row["stage"]]
        return [stay for before, stay in pairwise([("", datetime.min), *mapped]) if stay[0] != before[0]]


NOWHERE: Final = (None, None)
"""In place of touchpoint and stage: all of them together."""


def place_of(one: Placed) -> tuple[str, str | None]:
    """Touchpoint and stage of an event."""
    return one.h()[0], one.row["stage"] or None


def values_of(one: Placed) -> dict[str, str]:
    """What the keys of the filter compare: text, empty for unknown."""
    touchpoint, channel, is_online, is_simulated, brand, place, persona, segment = one.d()
    known = {
        "touchpoint": touchpoint, "channel": channel, "is_online": is_online, "is_simulated": is_simulated, "brand": brand,
        "place": place, "persona": persona, "segment": segment, "stage": one.row["stage"],
    }  # fmt: skip
    return {key: "" if value is None else str(value) for key, value in known.items()}


class JourneyRecount:
    """The views with arguments for one selection."""

    def __init__(self, recount: Recount, selection: Selection) -> None:
        self.map = recount.map
        self.as_of = selection.as_of
        self.selection = selection
        self.events = [one for one in recount.touchpoints if self._is_selected(one)]
        self.journeys = self._journeys(recount.moving)

    def _is_selected(self, one: Placed) -> bool:
        known = values_of(one)
        is_in = all(known[key] in allowed for key, allowed in self.selection.filter.items() if allowed)
        return is_in and self.selection.date_from <= one.day <= self.selection.date_to

    def _journeys(self, moving: Iterable[Placed]) -> list[Journey]:
        rows: dict[tuple[str, int], list[Placed]] = defaultdict(list)
        for one in moving:
            if one.row["cycle"]:
                rows[str(one.person), one.row["cycle"]].append(one)
        last = {person: max(cycle for who, cycle in rows if who == person) for person, _ in rows}
        found = []
        for (person, cycle), own in rows.items():
            own.sort(key=lambda one: one.row["touchpoint_number"])
            due = datetime.fromtimestamp(own[-1].row["churn_due_at_s"], UTC).replace(tzinfo=None)
            is_open = cycle == last[person] and (not own[-1].row["churn_due_at_s"] or due > self.as_of)
            found.append(
                Journey(person, cycle, own, [self._is_selected(one) for one in own], is_open, self._is_over(own))
            )
        return [one for one in found if any(one.chosen)]

    def _is_over(self, rows: list[Placed]) -> bool:
        """Whether the map's term has passed since the first of these rows, also of a journey that began with its end."""
        days = self.map.churn.inactivity_days if self.map.churn else None
        return not days or rows[0].time + timedelta(days=days) <= self.as_of

    def volume(self) -> Cells:
        return Counter(
            (one.h()[0], one.row["stage"] or None, one.row["stage_order"] or None, *one.h()[1:]) for one in self.events
        )

    def over_time(self, grain: str) -> Cells:
        return Counter((_bucket(grain, one), one.h()[0], one.h()[3]) for one in self.events)

    def revenue(self) -> Cells:
        sums: dict[tuple[str, str | None, str, int], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
        for one in self.events:
            if money := one.event.get("amount"):
                cell = sums[*place_of(one), money["currency"], one.h()[3]]
                cell[0] += 1
                cell[1] += Decimal(money["amount_minor"]).scaleb(-EXPONENT[money["currency"]])
        return {key: tuple(cell) for key, cell in sums.items()}

    def persons(self) -> Cells:
        found: Cells = {}
        for here in {NOWHERE, *(place_of(one) for one in self.events if one.person)}:
            people = {one.person for one in self.events if one.person and here in (NOWHERE, place_of(one))}
            met = [
                one
                for one in self.journeys
                if here is NOWHERE
                or here in [place_of(row) for row, chosen in zip(one.rows, one.chosen, strict=True) if chosen]
            ]
            closed = [one for one in met if not one.is_open]
            dropped = [one for one in closed if not one.has_converted and here in (NOWHERE, place_of(one.rows[-1]))]
            converted = sum(one.has_converted for one in met)
            judged = [
                one
                for one in self.journeys
                if any(
                    chosen and here in (NOWHERE, place_of(row)) and self._is_over([row])
                    for row, chosen in zip(one.rows, one.chosen, strict=True)
                )
            ]
            lost = [one for one in judged if one in dropped and self._is_over(one.rows[-1:])]
            found[here] = (len(people), len(met), converted, len(dropped), len(lost), len(judged))
        return found if found[NOWHERE][0] else {}

    def funnel(self, mode: str) -> Cells:
        """reached, advanced, completed, dropped, open; then of those whose window is over the same in another order: advanced, all,
        completed, dropped, open."""
        column = {"in_order": "funnel_depth", "any": "stage_max"}[mode]
        found = {}
        for order, stage in enumerate(self.map.stages, start=1):
            reached = [one for one in self.journeys if one.passed(column) >= order]
            judged = [one for one in reached if one.is_window_over]
            (went_on, *rest), counts = (
                (
                    sum(one.passed(column) > order for one in journeys),
                    *(sum(one.state == state for one in journeys if one.passed(column) == order) for state in _ENDS),
                )
                for journeys in (judged, reached)
            )
            found[stage.id, order] = (len(reached), *counts, went_on, len(judged), *rest)
        return found

    def list(self) -> Cells:
        return {
            (one.person, one.cycle): (
                one.rows[0].time,
                one.rows[-1].time,
                min((row.time for row in one.rows if row.row["is_conversion"]), default=None),
                one.passed("stage_max"),
                one.passed("funnel_depth"),
                len(one.rows),
                one.rows[-1].row["stage"] or None,
                one.state,
                one.is_window_over,
                self._is_over(one.rows[-1:]),
                max(row.h()[3] for row in one.rows),
                [name for name, _ in one.stays("touchpoint")],
                [name for name, _ in one.stays("stage")],
            )
            for one in self.journeys
        }

    def waits(self, by: str) -> dict[str, tuple[Any, ...]]:
        """Value -> followed, open, last, and the three percentiles in seconds."""
        followed, still, last = Counter[str](), Counter[str](), Counter[str]()
        times: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for one in self.journeys:
            stays = one.stays(by)
            for (value, begin), (_, end) in pairwise(stays):
                followed[value] += 1
                times[value].append(((end - begin).total_seconds(), 1))
            value, begin = stays[-1]
            if one.is_open:
                still[value] += 1
                times[value].append((max((self.as_of - begin).total_seconds(), 0), 0))
            else:
                last[value] += 1
        return {
            value: (followed[value], still[value], last[value], *survival_quantiles(times[value]))
            for value in {*followed, *still, *last}
        }

    def edges(self, by: str, steps: int, top: int) -> Cells:
        """(step, from, to) -> journeys."""
        ways = []
        for one in self.journeys:
            names = [name for name, _ in one.stays(by)][:steps]
            ways.append(["(start)", *names, *["(open)" if one.is_open else "(end)"] * (steps - len(names))])
        named = [_named(Counter(way[place] for way in ways), top) for place in range(steps + 1)]
        shown = [[names.get(node, "(other)") for node, names in zip(way, named, strict=True)] for way in ways]
        return Counter((step, way[step], way[step + 1]) for way in shown for step in range(steps))


def _named(counts: Counter[str], top: int) -> dict[str, str]:
    """The nodes that keep their name: the most frequent ones, and marks."""
    marks = [node for node in counts if node.startswith("(")]
    ranked = sorted((node for node in counts if node not in marks), key=lambda node: (-counts[node], node))
    return {node: node for node in (*ranked[:top], *marks)}


def _bucket(grain: str, one: Placed) -> datetime:
    if grain == "hour":
        return one.time.replace(minute=0, second=0, microsecond=0)
    day = {"day": one.day, "week": one.day - timedelta(days=one.day.weekday()), "month": one.day.replace(day=1)}[grain]
    return datetime(day.year, day.month, day.day)


def survival_quantiles(times: Sequence[tuple[float, int]]) -> list[float | None]:
    """(duration, 1 if it ended, 0 if it was still going on) -> quantiles 0.5, 0.75, 0.9 of the curve of statsmodels; None where not
    reached. Where exactly 1 - p is left, p has ended by then, however it was rounded."""
    from statsmodels.duration.survfunc import SurvfuncRight

    if not any(ended for _, ended in times):
        return [None] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its standard errors, which are not used
        curve = SurvfuncRight(np.array([time for time, _ in times]), np.array([ended for _, ended in times]))
    reached = [np.flatnonzero(curve.surv_prob <= 1 - share + 1e-9) for share in (0.5, 0.75, 0.9)]
    return [float(curve.surv_times[index[0]]) if len(index) else None for index in reached]
