"""Every view recounted from the events as sent, in plain Python: by the definitions in words, without signs, sums or SQL.

Which version counts, how a journey goes (by the oracle of attach, which shares no code with it), and what each KPI is, are written out
once more. Times are naive UTC, as a row is read that holds a DateTime.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.unit.journey.oracle import oracle
from touchline.journey.values import JourneyEvent
from touchline.schemas.canonical import payload_hash
from touchline.schemas.journey.model import JourneyMap

Event = Mapping[str, Any]
Cells = dict[tuple[Any, ...], Any]
EXPONENT = {"EUR": 2, "JPY": 0, "KWD": 3}
# Good and bad scores, and how the value is made of them, of the default variants and of those that answers name.
VARIANTS: dict[tuple[str, str, int, int], tuple[str, set[int], set[int], str]] = {
    ("nps", "", 0, 10): ("standard", {9, 10}, {0, 1, 2, 3, 4, 5, 6}, "net"),
    ("csat", "", 1, 5): ("top_2_box", {4, 5}, {1, 2}, "share"),
    ("csat", "", 5, 1): ("top_2_box_reversed", {1, 2}, {4, 5}, "share"),
    ("csat", "", 1, 7): ("top_2_box_of_7", {6, 7}, {1, 2, 3}, "share"),
    ("csat", "", 1, 3): ("top_box_of_3", {3}, {1}, "share"),
    ("csat", "", 1, 4): ("top_2_box_of_4", {3, 4}, {1, 2}, "share"),
    ("csat", "", 1, 10): ("top_2_box_of_10", {9, 10}, {1, 2, 3, 4}, "share"),
    ("csat", "", 0, 100): ("mean_of_100", set(range(75, 101)), set(range(26)), "mean"),
    ("ces", "", 1, 7): ("mean", {5, 6, 7}, {1, 2, 3}, "mean"),
    ("ces", "mean", 1, 7): ("mean", {5, 6, 7}, {1, 2, 3}, "mean"),
    ("ces", "top_3_box", 1, 7): ("top_3_box", {5, 6, 7}, {1, 2, 3}, "share"),
    ("ces", "net", 1, 7): ("net", {6, 7}, {1, 2, 3}, "net"),
    ("ces", "", 7, 1): ("mean_reversed", {1, 2, 3}, {5, 6, 7}, "mean"),
    ("ces", "", 1, 5): ("effort_mean", {1, 2}, {4, 5}, "mean"),
    ("ces", "ease_mean", 1, 5): ("ease_mean", {4, 5}, {1, 2}, "mean"),
    ("ces", "", 1, 10): ("mean_of_10", {8, 9, 10}, {1, 2, 3, 4}, "mean"),
    ("emotion", "", 1, 7): ("net", {6, 7}, {1, 2, 3}, "net"),
    ("emotion", "", 1, 3): ("net_of_3", {3}, {1}, "net"),
    ("emotion", "", 7, 1): ("net_reversed", {1, 2}, {5, 6, 7}, "net"),
}


class Placed(NamedTuple):
    """An event that counts, and its row by the oracle."""

    event: Event
    time: datetime
    about_time: datetime
    day: Any
    row: dict[str, Any]

    @property
    def person(self) -> str | None:
        return person_of(self.event)

    def h(self) -> tuple[Any, ...]:
        touchpoint = self.event["about"]["touchpoint"] if is_answer(self.event) else self.event["touchpoint"]
        return (
            touchpoint,
            self.row["channel"] or None,
            int(self.row["is_online"]),
            int(self.event.get("simulated", False)),
        )

    def d(self) -> tuple[Any, ...]:
        event, row = self.event, self.row
        return (*self.h(), event.get("brand"), event.get("place"), row["persona"] or None, row["segment"] or None)

    @property
    def is_declared(self) -> int:
        return int(self.event.get("provenance") == "declared")

    def m(self, journey_map: JourneyMap) -> tuple[Any, ...]:
        return (journey_map.map, journey_map.version, self.row["stage"] or None, self.row["stage_order"] or None)


def is_answer(event: Event) -> bool:
    return bool(event["type"] == "touchline.answer.v1")


def person_of(event: Event) -> str | None:
    return event["persons"][0]["key"] if event["persons"] else None


def _completeness(event: Event) -> tuple[int, int, datetime]:
    """Of an answer: how far it got, how much it says, and when; nothing tells other events of one revision apart."""
    if not is_answer(event):
        return (0, 0, datetime.min)
    said = sum(value not in (None, "", []) for name, value in event.items() if name != "revision")
    return (("dismissed", "partial", "complete").index(event["disposition"]), said, _utc(event["time"]))


def _rank(event: Event) -> tuple[int, tuple[int, int, datetime]]:
    return (event.get("revision", 0), _completeness(event))


def _hash(event: Event) -> int:
    return payload_hash(json.loads(json.dumps(event)))


def that_count(events: Iterable[Event]) -> list[Event]:
    """Of each (source, id) the highest revision, of that the most complete answer, of those the smallest hash."""
    versions: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        versions[event["source"], event["id"]].append(event)
    return [min((one for one in same if _rank(one) == max(map(_rank, same))), key=_hash) for same in versions.values()]


def fates(events: Iterable[Event]) -> Counter[str]:
    """Number of records by fate."""
    versions: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        versions[event["source"], event["id"]].append(event)
    counts: Counter[str] = Counter()
    for same in versions.values():
        different = {(one.get("revision", 0), _hash(one)): _rank(one) for one in same}
        top = max(different.values())
        counts["stored"] += 1
        counts["superseded"] += sum(rank < top for rank in different.values())
        counts["quarantined"] += sum(rank == top for rank in different.values()) - 1
        counts["duplicate"] += len(same) - len(different)
    return counts


def place(events: Iterable[Event], journey_map: JourneyMap) -> list[Placed]:
    """The events that count, each where the oracle puts it."""
    by_person: dict[str | None, list[tuple[JourneyEvent, Event]]] = defaultdict(list)
    for event in that_count(events):
        person = person_of(event)
        by_person[person].append((_journey_event(event), event))
    placed = []
    for person, own in by_person.items():
        own.sort(key=lambda pair: pair[0][:3])
        if person is None:
            rows = [_of_nobody(oracle([one], journey_map)[0]) for one, _ in own]
        else:
            rows = oracle([one for one, _ in own], journey_map)
        for (_, event), row in zip(own, rows, strict=True):
            placed.append(Placed(event, _utc(event["time"]), _about_time(event), _day(event), row))
    return placed


def _journey_event(event: Event) -> JourneyEvent:
    touchpoint = event["about"]["touchpoint"] if is_answer(event) else event["touchpoint"]
    action = "answer" if is_answer(event) else event.get("action", "")
    time_us = int(_utc(event["time"]).replace(tzinfo=UTC).timestamp()) * 1_000_000
    return JourneyEvent(
        time_us,
        event["source"],
        event["id"],
        touchpoint,
        action,
        "",
        _day(event).toordinal(),
        "",
        "",
        {},
        not is_answer(event),
    )


def _of_nobody(row: dict[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("cycle", "touchpoint_number", "first_of", "stage_max_before", "stage_max", "funnel_before", "funnel_depth"), 0
    )
    return row | nothing | {"transition": ""}


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _about_time(event: Event) -> datetime:
    return _utc(event["about"].get("occurred_at") or event["time"]) if is_answer(event) else _utc(event["time"])


def _day(event: Event) -> Any:
    return _about_time(event).replace(tzinfo=UTC).astimezone(ZoneInfo(event.get("zone", "UTC"))).date()


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


class Recount:
    """The views of one map, each as a dictionary from a row's dimensions to its numbers, or as a list of rows."""

    def __init__(self, events: Sequence[Event], journey_map: JourneyMap) -> None:
        self.map = journey_map
        placed = place(events, journey_map)
        self.touchpoints = [one for one in placed if not is_answer(one.event)]
        self.answers = [one for one in placed if is_answer(one.event)]
        self.moving = [one for one in self.touchpoints if one.person]

    def volume(self, *, hourly: bool) -> Cells:
        return Counter(
            ((_hour(one.time), *one.h()) if hourly else (one.day, *one.d())) + (one.is_declared, *one.m(self.map))
            for one in self.touchpoints
        )

    def persons(self, grain: str) -> Cells:
        people: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
        journeys: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
        for one in self.moving:
            value = {"touchpoint": one.h()[0], "stage": one.row["stage"] or None, "channel": one.h()[1]}[grain]
            if grain == "stage" and value is None:
                continue
            key = (one.day, self.map.map, self.map.version, value)
            people[key].add(one.person)
            if one.row["cycle"]:
                journeys[key].add((one.person, one.row["cycle"]))
        return {key: (len(found), len(journeys[key])) for key, found in people.items()}

    def surveys(self, *, hourly: bool) -> Cells:
        scores: dict[tuple[Any, ...], list[float]] = defaultdict(list)
        kinds = {}
        for one in self.answers:
            event = one.event
            known = VARIANTS.get((event["kpi"], event.get("variant", ""), event["scale_min"], event["scale_max"]))
            if known is None or event["score"] is None or event["disposition"] not in ("complete", "partial"):
                continue
            bucket = (_hour(one.about_time), *one.h()) if hourly else (one.day, *one.d())
            key = (*bucket, *one.m(self.map), event["kpi"], known[0], event["scope"])
            scores[key].append(event["score"])
            kinds[key] = known
        return {key: _survey_row(found, *kinds[key][1:]) for key, found in scores.items()}

    def unclassified(self) -> Cells:
        """Answers with a score that no formula counts, with the lowest and the highest one."""
        scores: dict[tuple[Any, ...], list[float]] = defaultdict(list)
        for one in self.answers:
            event = one.event
            scale = (event["scale_min"], event["scale_max"])
            is_given = event["score"] is not None and event["disposition"] in ("complete", "partial")
            if is_given and (event["kpi"], event.get("variant", ""), *scale) not in VARIANTS:
                touchpoint, _, _, simulated = one.h()
                scores[
                    touchpoint, simulated, event["kpi"], event.get("variant") or None, event["scope"], *scale
                ].append(event["score"])
        return {key: (len(found), min(found), max(found)) for key, found in scores.items()}

    def funnel(self, column: str) -> Cells:
        """`column` of each journey's farthest row: the number of stages that it came to."""
        farthest: dict[tuple[Any, ...], int] = defaultdict(int)
        for one in self.moving:
            if one.row["cycle"]:
                journey = (one.person, one.row["cycle"])
                farthest[journey] = max(farthest[journey], one.row[column])
        reached = [sum(depth >= order for depth in farthest.values()) for order in range(1, len(self.map.stages) + 1)]
        following: list[int | None] = [*reached[1:], None]
        return {
            (self.map.map, self.map.version, stage.id, order): (here, later)
            for order, (stage, here, later) in enumerate(zip(self.map.stages, reached, following, strict=True), start=1)
        }

    def revenue(self) -> Cells:
        sums: Cells = {}
        for one in self.touchpoints:
            money = one.event.get("amount")
            if money:
                kind = one.event["order"]["kind"] if one.event.get("order") else None
                key = (one.day, *one.d(), *one.m(self.map), money["currency"], kind)
                orders, amount = sums.get(key, (0, Decimal(0)))
                sums[key] = (orders + 1, amount + Decimal(money["amount_minor"]).scaleb(-EXPONENT[money["currency"]]))
        return sums

    def waits(self) -> Cells:
        counts: Counter[tuple[Any, ...]] = Counter()
        for one in self.moving:
            if one.row["touchpoint_number"] > 1:
                seconds = one.row["wait_us"] // 1_000_000
                low = 1 << (seconds.bit_length() - 1) if seconds else 0
                row = (one.day, self.map.map, self.map.version, one.row["stage"] or None, one.h()[0], one.h()[1])
                counts[(*row, low, 2 * low or 1)] += 1
        return counts

    def unmapped(self) -> Cells:
        return Counter(
            (one.event["source"], one.event["touchpoint"], one.event.get("action") or None)
            for one in self.touchpoints
            if not one.row["is_mapped"]
        )

    def journeys(self) -> Cells:
        rows: dict[tuple[Any, ...], list[Placed]] = defaultdict(list)
        for one in self.moving:
            if one.row["cycle"]:
                rows[one.person, self.map.map, self.map.version, one.row["cycle"]].append(one)
        return {
            key: (
                min(one.time for one in own),
                max(one.time for one in own),
                min((one.time for one in own if one.row["is_conversion"]), default=None),
                max(one.row["stage_order"] for one in own) or None,
                len(own),
            )
            for key, own in rows.items()
        }

    def attachments(self) -> Cells:
        return {
            (one.event["source"], one.event["id"]): (
                one.time, one.day, one.event.get("revision", 0), one.person, *one.d(), one.event.get("action") or None, *one.m(self.map),
                int(one.row["is_mapped"]), one.row["cycle"] or None, one.row["transition"] or None,
                one.row["wait_us"] / 1_000_000 if one.row["touchpoint_number"] > 1 else None, int(one.row["is_conversion"]),
                one.row["rule"] or None,
            )
            for one in self.touchpoints
        }  # fmt: skip

    def of_answers(self) -> Cells:
        return {
            (one.event["source"], one.event["id"]): (
                one.time, one.about_time, one.person, *one.d(), *one.m(self.map), one.event["kpi"], one.event["scope"],
                one.event["scale_min"], one.event["scale_max"], one.event["score"], one.event["disposition"],
            )
            for one in self.answers
        }  # fmt: skip

    def orders(self) -> Cells:
        found: Cells = {}
        for one in self.touchpoints:
            money, order = one.event.get("amount"), one.event.get("order")
            if money or order:
                amount = Decimal(money["amount_minor"]).scaleb(-EXPONENT[money["currency"]]) if money else None
                named = (order["id"], order["kind"]) if order else (None, None)
                found[one.event["source"], one.event["id"]] = (
                    *named,
                    amount,
                    money["currency"] if money else None,
                    one.person,
                )
        return found


def _survey_row(scores: list[float], good: set[int], bad: set[int], kind: str) -> tuple[Any, ...]:
    n, positive, negative = len(scores), sum(score in good for score in scores), sum(score in bad for score in scores)
    numerator, value = {
        "net": (positive - negative, 100 * (positive - negative) / n),
        "share": (positive, 100 * positive / n),
        "mean": (sum(scores), statistics.fmean(scores)),
    }[kind]
    return n, positive, n - positive - negative, negative, numerator, n, round(value, 9)
