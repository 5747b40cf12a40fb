"""Events whose term is over leave every table, or count on as nobody's; whatever comes first, and however often the workers sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.support.erasures import SECRET
from tests.unit.processors.across import Known, identify, known_as
from tests.unit.processors.loop.partition import Event, tables_of
from tests.unit.processors.loop.test_consent import said, visit
from tests.unit.processors.loop.two_partitions import (
    PARTITIONS,
    Workers,
    answer,
    attached_of,
    receipt,
    records_by_partition,
)
from tests.unit.processors.loop.world import (
    SOURCES,
    TOPIC,
    fates,
    journey_rows,
    make_loop,
    make_pipeline,
    person_key,
    quick_folder,
    records_of,
    store_all,
)
from touchline.metrics.declared import EVENTS_EXPIRED, RETENTION_SWEPT, WORKER
from touchline.metrics.meter import Meter
from touchline.processors.ledger.ledger import Ledger
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of
from touchline.processors.state.erasures import Erasures
from touchline.processors.values.protocol import Assigned
from touchline.schemas.erasure import ERASED_PREFIX
from touchline.schemas.retention import ClassTerms
from touchline.schemas.sources import Source, Sources

DAY_MINUTES = 1_440
FIRST_DAY = datetime(2025, 6, 1, tzinfo=UTC)
LOGIN: Known = ("login", 2)
CARD: Known = ("loyalty", 1_003)
OTHER: Known = ("login", 4)
TERM = 3
LATEST = 12


def sources(how: str | None, by_class: ClassTerms | None = None) -> Sources:
    """Shop and web with a term of three days."""
    declared = {"retention_days": TERM, "retention": by_class, "when_expired": how}
    return {name: Source.model_validate({**one.model_dump(), **declared}) for name, one in SOURCES.items()}


class Sweeping(Workers):
    """Workers with a clock that stands on a day; between two ticks of it there is time for another look."""

    def __init__(self, folder: Path, events: Sequence[Event], declared: Sources, ledger: Ledger | None = None) -> None:
        self.ms = 0
        self.kept = ledger if isinstance(ledger, MemoryLedger) else MemoryLedger()
        super().__init__(
            ledger or self.kept,
            folder,
            records_by_partition(events),
            sources=declared,
            now_ms=lambda: self.ms,
        )

    def on(self, day: int) -> None:
        """It is now that day, unless it is later already; 0 is the first of June."""
        self.ms = max(self.ms, int((FIRST_DAY + timedelta(days=day)).timestamp()) * 1_000)

    def tick(self, number: int) -> None:
        self.ms += 300_001
        super().tick(number)

    def settle(self) -> None:
        """Ticks until nothing waits."""
        for number in [*range(PARTITIONS)] * 8:
            self.tick(number)


def swept(
    events: Sequence[Event], folder: Path, how: str | None, day: int = LATEST, by_class: ClassTerms | None = None
) -> MemoryLedger:
    """All events come before the first sweep, which is on that day."""
    workers = Sweeping(folder, events, sources(how, by_class))
    for number in range(PARTITIONS):
        workers.deliver(number, 1_000)
    workers.settle()
    workers.on(day)
    workers.settle()
    workers.finish()
    return workers.kept


def on_day(day: int, minute: int = 0) -> int:
    """The minute of the world."""
    return day * DAY_MINUTES + minute


def ids(ledger: MemoryLedger) -> list[str]:
    """Event ids that readers see, of those who are hidden the prefix alone."""
    return sorted({one["event_id"].partition(":")[0] for one in ledger.standing("attached")})


STORY = [
    known_as(1, [LOGIN], on_day(0), "poster"),
    known_as(2, [LOGIN], on_day(9), "site"),
    receipt(3, 3, on_day(1)),
    receipt(4, 3, on_day(10)),
    known_as(5, [], on_day(2), "site"),
]


def test_what_is_older_than_its_term_leaves_every_table_and_the_rest_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    ledger = swept(STORY, tmp_path / "all", "erase")
    assert ids(ledger) == ["e2", "e4"]
    kept = swept([STORY[1], STORY[3]], tmp_path / "kept", None)
    assert tables_of(ledger) == tables_of(kept)
    assert fates(ledger) == {"received": 5, "stored": 2, "erased": 3}


def test_of_what_was_anonymised_volumes_stay_and_nobody_is_in_them(tmp_path: Path) -> None:
    ledger = swept(STORY, tmp_path, "anonymise")
    assert ids(ledger) == ["e2", "e4", "erased"]
    hidden = ledger.standing("attached", lambda row: row["event_id"].startswith(ERASED_PREFIX))
    assert sorted(value_of(row, "touchpoint") for row in hidden) == ["poster", "site", "till"]
    assert {value_of(row, name) for row in hidden for name in ("identifier", "person", "order_id")} == {""}
    assert {value_of(row, "cycle") for row in hidden} == {0}
    (till,) = [row for row in hidden if value_of(row, "touchpoint") == "till"]
    assert till["amount_minor"] == 1_999
    assert attached_of(ledger, "e2")["touchpoint_number"] == 1
    assert fates(ledger) == {"received": 5, "stored": 5}


def test_what_was_anonymised_goes_when_its_source_erases_from_now_on(tmp_path: Path) -> None:
    ledger = swept(STORY, tmp_path / "anonymised", "anonymise")
    assert "erased" in ids(ledger)
    workers = Sweeping(tmp_path / "erased", [], sources("erase"), ledger)
    for number in range(PARTITIONS):
        workers.restart(number, "close")
    workers.on(LATEST)
    workers.settle()
    workers.finish()
    assert ids(ledger) == ["e2", "e4"]
    assert fates(ledger) == {"received": 5, "stored": 2, "erased": 3}


def test_where_nothing_is_declared_nothing_ends(tmp_path: Path) -> None:
    ledger = swept(STORY, tmp_path, None, day=9_000)
    assert ids(ledger) == ["e1", "e2", "e3", "e4", "e5"]


def test_terms_hold_by_class_of_event(tmp_path: Path) -> None:
    told = [receipt(1, 2, on_day(4)), answer(2, 2, on_day(4, 5), None), receipt(3, 2, on_day(8))]
    by_class = ClassTerms(touchpoints=6, answers=10)
    assert ids(swept(told, tmp_path, "erase", 12, by_class)) == ["e2", "e3"]


def test_versions_and_repetitions_of_an_event_end_with_it_and_none_of_them_comes_back(tmp_path: Path) -> None:
    first = known_as(1, [LOGIN], on_day(0), revision=0)
    better = known_as(1, [LOGIN], on_day(0), "till", revision=1)
    told = [first, better, better, known_as(2, [LOGIN], on_day(11)), known_as(2, [LOGIN], on_day(11), "till")]
    workers = Sweeping(
        tmp_path, [*told, better, first, known_as(1, [LOGIN], on_day(0), "poster", revision=2)], sources("erase")
    )
    workers.deliver(0, len(told))
    workers.on(LATEST)
    workers.settle()
    assert fates(workers.kept) == {"received": 5, "stored": 1, "quarantined": 1, "erased": 3}
    workers.deliver(0, 3)  # the same again, the lesser one, and a better one
    workers.settle()
    workers.finish()
    assert ids(workers.kept) == ["e2"]
    assert fates(workers.kept) == {"received": 8, "stored": 1, "quarantined": 1, "erased": 6}


def test_an_event_that_was_anonymised_counts_once_however_often_it_comes_again(tmp_path: Path) -> None:
    first = known_as(1, [LOGIN], on_day(0), revision=0)
    better = known_as(1, [LOGIN], on_day(0), "till", revision=1)
    workers = Sweeping(tmp_path, [first, first, better], sources("anonymise"))
    workers.on(LATEST)
    for place in range(3):
        workers.deliver(0, 1)
        workers.settle()
        (row,) = workers.kept.standing("attached")
        assert row["event_id"].startswith(ERASED_PREFIX)
        assert row["touchpoint"] == ("till" if place == 2 else "site")
    workers.finish()


def test_a_link_stays_as_long_as_the_longest_term_of_its_source_and_parts_who_it_joined_then(tmp_path: Path) -> None:
    told = [identify(1, [LOGIN, CARD], on_day(0)), known_as(2, [LOGIN], on_day(11)), known_as(3, [CARD], on_day(11))]
    by_class = ClassTerms(answers=20)
    for day, persons in ((18, 1), (21, 2)):
        ledger = swept(told, tmp_path / str(day), "erase", day, by_class.model_copy(update={"touchpoints": 15}))
        assert len({value_of(row, "person") for row in ledger.standing("attached")}) == persons
        assert len(ledger.standing("link")) == 2 - persons


def test_a_withdrawal_holds_for_ever_and_what_it_withholds_never_counts_again(tmp_path: Path) -> None:
    told = [
        visit(1, LOGIN, on_day(0)),
        said(2, LOGIN, on_day(0, 1), "withdrawn"),
        visit(3, LOGIN, on_day(1)),
        visit(4, LOGIN, on_day(11)),
    ]
    assert ids(swept(told, tmp_path / "erase", "erase")) == []
    ledger = swept(told, tmp_path / "anonymise", "anonymise")
    (row,) = ledger.standing("attached")  # the first visit; the second one was withheld, and is erased
    assert (row["event_id"], row["local_date"]) == (
        SECRET.hidden_id("web", "e1"),
        (FIRST_DAY - datetime(1970, 1, 1, tzinfo=UTC)).days,
    )
    assert fates(ledger) == {"received": 4, "stored": 3, "erased": 1}
    assert len(ledger.standing("received", lambda row: value_of(row, "action") == "withdrawn")) == 1


def test_who_is_linked_no_more_with_somebody_who_withdrew_counts_on_as_nobody(tmp_path: Path) -> None:
    both = visit(2, LOGIN, on_day(0, 2), consent={"id": "c1", "purposes": ["analytics", "profiling"]})
    both["persons"] = [*both["persons"], *visit(0, CARD, 0)["persons"]]
    told = [
        said(1, LOGIN, on_day(0, 1), "withdrawn", purposes=["analytics", "profiling"]),
        both,
        visit(3, CARD, on_day(1), "c2"),
    ]
    ledger = swept(told, tmp_path, "anonymise")
    assert [row["event_id"] for row in ledger.standing("attached")] == [SECRET.hidden_id("web", "e3")]
    assert fates(ledger) == {"received": 3, "stored": 2, "erased": 1}


@pytest.mark.parametrize("is_occasion_first", [True, False])
def test_an_answer_that_is_kept_longer_than_its_occasion_keeps_what_it_took_from_it_where_that_is_nobodys_now(
    is_occasion_first: bool, tmp_path: Path
) -> None:
    told = [receipt(1, 2, on_day(0), place="kiosk"), answer(2, 2, on_day(11), 1)]
    by_class = ClassTerms(answers=30)
    workers = Sweeping(tmp_path / "late", told, sources("anonymise", by_class))
    workers.deliver(0, 1 if is_occasion_first else 2)
    workers.on(LATEST)
    workers.settle()
    workers.deliver(0, 1)
    workers.settle()
    workers.finish()
    ledger = workers.kept
    assert ids(ledger) == ["e2", "erased"]
    row = attached_of(ledger, "e2")
    assert (row["place"], row["local_date"], value_of(row, "cycle")) == ("kiosk", 20_240, 0)
    alone = swept(told, tmp_path / "erase", "erase", LATEST, by_class)
    assert value_of(attached_of(alone, "e2"), "place") == ""


def test_a_late_event_that_is_past_its_term_ends_with_the_next_sweep(tmp_path: Path) -> None:
    workers = Sweeping(tmp_path, [known_as(1, [LOGIN], on_day(10)), known_as(2, [LOGIN], on_day(0))], sources("erase"))
    workers.on(LATEST)
    workers.deliver(0, 1)
    workers.settle()
    workers.deliver(0, 1)
    assert ids(workers.kept) == ["e1", "e2"]
    workers.tick(0)
    assert ids(workers.kept) == ["e1"]
    workers.finish()


def test_between_two_looks_the_ledger_is_not_asked(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    class Counting(MemoryLedger):
        def expired(self, partition: int, cutoffs: Any, after: int, until: int, count: int) -> Any:
            asked.append((after, until))
            return super().expired(partition, cutoffs, after, until, count)

    workers = Sweeping(tmp_path, STORY, sources("erase"), Counting())
    workers.on(LATEST)
    workers.deliver(0, 1)
    for _ in range(4):
        workers.tick(0)
    before = len(asked)
    for _ in range(20):
        Workers.tick(workers, 0)  # the clock stands still
    workers.tick(0)  # later, and nothing has come
    assert len(asked) == before
    workers.deliver(0, 1)
    workers.tick(0)
    assert len(asked) == before + 1
    assert asked[-1][0] >= asked[before - 1][1]  # only what came since
    workers.on(LATEST + 1)
    workers.tick(0)
    assert asked[-1][0] == 0  # what came of age
    workers.close()


@pytest.mark.parametrize("how", ["erase", "anonymise"])
def test_steps_are_bounded_and_a_worker_that_ends_between_them_changes_nothing(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("touchline.processors.expiring.AT_ONCE", 3)
    told = [
        known_as(number, [LOGIN, OTHER][number % 2 : number % 2 + 1], on_day(number % 12, number))
        for number in range(60)
    ]
    wanted = swept(told, tmp_path / "once", how)
    for steps in range(1, 9):
        workers = Sweeping(tmp_path / f"{steps}", told, sources(how))
        workers.deliver(0, 100)
        workers.on(LATEST)
        moved = 0
        for _ in range(steps):
            workers.tick(0)
            done = sum(
                row["event_id"].startswith(ERASED_PREFIX) or row["fate"] == "erased"
                for row in workers.kept.standing("received")
            )
            assert done - moved <= 3
            moved = done
        workers.restart(0, "kill")
        workers.settle()
        workers.settle()
        workers.finish()
        assert tables_of(workers.kept) == tables_of(wanted)


@pytest.mark.parametrize(("how", "erased", "anonymised"), [("erase", 3, 0), ("anonymise", 0, 3)])
def test_what_ended_and_when_nothing_was_left_is_counted(
    how: str, erased: int, anonymised: int, tmp_path: Path
) -> None:
    ms = 0
    meter = Meter(WORKER)
    options: dict[str, Any] = {"sources": sources(how), "erasures": Erasures(SECRET), "now_ms": lambda: ms}
    loop = make_loop(MemoryLedger(), tmp_path, pipeline=make_pipeline(**options), now_ms=options["now_ms"], meter=meter)
    store_all(loop, records_of(STORY))
    loop.tick(Assigned(TOPIC, 0, 1))
    assert meter.value(EVENTS_EXPIRED, "erased") == 0
    ms = int((FIRST_DAY + timedelta(days=LATEST)).timestamp()) * 1_000
    for _ in range(3):
        ms += 1_000
        loop.tick(Assigned(TOPIC, 0, 1))
    found = {outcome: meter.value(EVENTS_EXPIRED, outcome) for outcome in ("erased", "anonymised")}
    assert found == {"erased": erased, "anonymised": anonymised}
    assert meter.value(RETENTION_SWEPT, "0") == ms // 1_000
    loop.close()


def test_without_a_secret_nothing_ends(tmp_path: Path) -> None:
    ledger, late = MemoryLedger(), int((FIRST_DAY + timedelta(days=900)).timestamp()) * 1_000
    loop = make_loop(ledger, tmp_path, pipeline=make_pipeline(sources=sources("erase")), now_ms=lambda: late)
    store_all(loop, records_of(STORY))
    loop.tick(Assigned(TOPIC, 0, 1))
    assert len(ids(ledger)) == 5
    loop.close()


WHO = st.sampled_from([LOGIN, CARD, OTHER, ("loyalty", 7)])
MINUTES = st.integers(0, on_day(LATEST) - 1)
TOLD = st.one_of(
    st.tuples(st.just(visit), WHO, MINUTES, st.sampled_from(["c1", "c2"])),
    st.tuples(st.just(known_as), WHO, MINUTES, st.sampled_from(["till", "poster", "site"])),
    st.tuples(st.just(known_as), WHO, MINUTES, st.sampled_from(["till", "poster", "site"])),
    st.tuples(st.just(said), WHO, MINUTES, st.sampled_from(["granted", "withdrawn"]), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just(identify), st.sets(WHO, min_size=2, max_size=2).map(sorted), MINUTES),
    st.tuples(st.just(answer), st.sampled_from([2, 4, None]), MINUTES, st.integers(0, 6) | st.none()),
)


def _told(number: int, one: tuple[Any, ...]) -> Event:
    make: Callable[..., Event]
    make, who, minute, *rest = one
    if make is known_as:
        return known_as(number, [who], minute, rest[0])
    return make(number, who, minute, *rest)


def _better(one: Event, random: Any) -> Event:
    """A revision of the event, maybe of somebody else."""
    somebody = [{"type": "login", "key": person_key(random.randrange(2, 6))}]
    return one | {"revision": 1, "touchpoint": "till", "persons": random.choice([one["persons"], somebody])}


def is_kept(one: Event) -> bool:
    """By the terms of three days on the latest day."""
    return "state" in one or one["time"] >= (FIRST_DAY + timedelta(days=LATEST - TERM)).isoformat()[:10]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(1, 3),
        st.integers(0, LATEST),
        st.sampled_from([True, True, False]),
        st.sampled_from([""] * 6 + ["close", "kill", "lose state"]),
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.parametrize("how", ["erase", "anonymise"])
@settings(max_examples=60, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(st.lists(TOLD, min_size=3, max_size=14), st.randoms(use_true_random=False), STEPS)
def test_any_order_of_arrival_and_of_sweeps_gives_the_tables_of_one_sweep_at_the_end(
    how: str, told: list[tuple[Any, ...]], random: Any, steps: list[tuple[int, int, int, bool, str]]
) -> None:
    events = [_told(number, one) for number, one in enumerate(told)]
    if how == "anonymise":
        # What is nobody's already, no withdrawal can reach any more.
        events = [one for one in events if one.get("state") != "withdrawn"]
    events += [_better(one, random) for one in events if "touchpoint" in one and random.random() < 0.3]
    arriving = [*events, *random.sample(events, len(events) // 3)]
    random.shuffle(arriving)
    with quick_folder() as folder:
        workers = Sweeping(folder / "any", arriving, sources(how))
        for number, count, day, is_ticked, accident in steps:
            workers.on(min(day, LATEST))
            workers.deliver(number, count)
            if is_ticked:
                workers.tick(number)
            if accident:
                workers.restart(number, accident)
        for number in range(PARTITIONS):
            workers.deliver(number, 1_000)
        workers.on(LATEST)
        workers.settle()
        workers.finish()
        wanted = swept(sorted(events, key=lambda one: one["time"]), folder / "once", how)
        assert tables_of(workers.kept) == tables_of(wanted)
        if how == "erase":
            kept = [one for one in events if is_kept(one)]
            alone = swept(sorted(kept, key=lambda one: one["time"]), folder / "kept", None)
            assert journey_rows(workers.kept) == journey_rows(alone)
