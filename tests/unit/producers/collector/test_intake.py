"""Many requests share one producer: each hears of its own events, and a fault of one is not its neighbours'."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from kafka.errors import MessageSizeTooLargeError

from touchline.errors import EngineUnreachable, TouchlineError
from touchline.producers.collector.intake import Intake, Taken
from touchline.producers.deliveries import OnDelivery
from touchline.producers.errors import DeliveryFailed, OutboxFull
from touchline.producers.memory import InMemoryProducer
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source

Result = TypeVar("Result")


def event(number: int, **fields: object) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1", "id": f"e{number}", "source": "shop", "time": "2026-03-03T10:15:00Z",
        "touchpoint": "x", **fields,
    }  # fmt: skip


class SmallOutbox(InMemoryProducer):
    """Takes so many events; then it is full."""

    _events_at_once = 2

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        if len(records) > self.room:
            raise OutboxFull.by_limit(Path("outbox"), 1, 0)
        self.room -= len(records)
        super()._send(records, on_delivery)


class StuckKafka(InMemoryProducer):
    """Acknowledges nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(max_unacknowledged=1)
        self.let_go = threading.Event()

    def _settle(self, timeout_seconds: float | None) -> None:
        self.let_go.wait(30)
        super()._settle(timeout_seconds)


class Buggy(InMemoryProducer):
    """Has a bug that one event meets."""

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        if any(record.event_id == "e13" for record in records):
            raise RuntimeError
        super()._send(records, on_delivery)


def with_intake(
    producer: EventProducer, use: Callable[[Intake], Coroutine[Any, Any, Result]], *, has_outbox: bool = True
) -> Result:
    async def run() -> Result:
        intake = Intake(producer, has_outbox=has_outbox)
        try:
            return await use(intake)
        finally:
            await intake.close(5)

    return asyncio.run(run())


def kept(producer: InMemoryProducer) -> list[str]:
    """Ids of what stands in the quarantine then, as often as it does."""
    producer._settle(None)
    return [one["id"] for one in producer.events if one["id"].startswith("bad")]


async def take_all(intake: Intake, requests: Sequence[list[dict[str, Any]]]) -> list[Taken | BaseException]:
    return await asyncio.gather(*(intake.take(events, 5, lambda: None) for events in requests), return_exceptions=True)


@pytest.mark.parametrize("has_outbox", [True, False])
def test_each_request_hears_of_its_own_events(has_outbox: bool) -> None:
    producer = InMemoryProducer(max_unacknowledged=1)
    requests = [[event(10 * one), event(10 * one + 1, time=5), event(10 * one + 2)] for one in range(20)]
    taken = with_intake(producer, lambda intake: take_all(intake, [*requests, []]), has_outbox=has_outbox)
    for one in taken[:-1]:
        assert isinstance(one, Taken)
        assert (one.accepted, {number: error.field for number, error in one.rejected.items()}) == (2, {1: "time"})
    assert taken[-1] == Taken(0, {})
    assert sorted(one["id"] for one in producer.events) == sorted(
        each["id"] for events in requests for each in events if each["time"] != 5
    )


@pytest.mark.parametrize("has_outbox", [True, False])
def test_events_that_will_be_suppressed_are_counted_apart_from_the_accepted(has_outbox: bool) -> None:
    shop, web = Source(legal_basis="contract"), Source(legal_basis="consent")
    producer = InMemoryProducer(max_unacknowledged=1, sources={"shop": shop, "web": web})
    grant = {"id": "c1", "purposes": ["analytics"]}
    requests = [
        [event(1), event(2, source="web"), event(3, time=5)],
        [event(4, source="web", consent=grant), event(5, source="web", consent={"id": "c1"})],
    ]
    taken = with_intake(producer, lambda intake: take_all(intake, requests), has_outbox=has_outbox)
    outcomes = [one for one in taken if isinstance(one, Taken)]
    assert [(one.accepted, one.suppressed, len(one.rejected)) for one in outcomes] == [(1, 1, 1), (1, 1, 0)]
    assert producer.suppressed == 2


def test_of_requests_that_share_a_full_outbox_those_are_promised_that_are_in_it() -> None:
    producer = SmallOutbox(room=6)
    requests = [[event(10 * one + number) for number in range(3)] for one in range(4)]
    taken = with_intake(producer, lambda intake: take_all(intake, requests))
    promised = [
        one["id"]
        for events, outcome in zip(requests, taken, strict=True)
        if isinstance(outcome, Taken)
        for one in events
    ]
    assert promised
    assert set(promised) <= {one["id"] for one in producer.events} | {
        record.event_id for record, _ in producer._pending
    }
    assert any(isinstance(outcome, OutboxFull) for outcome in taken)


def test_a_bug_that_one_request_meets_is_not_its_neighbours() -> None:
    requests = [[event(number)] for number in range(10, 16)]
    taken = with_intake(Buggy(), lambda intake: take_all(intake, requests))
    assert [type(one) for one in taken] == [Taken, Taken, Taken, RuntimeError, Taken, Taken]


def test_what_kafka_does_not_acknowledge_is_not_promised() -> None:
    producer = InMemoryProducer(max_unacknowledged=1)
    producer.fail_with = TimeoutError()
    (taken,) = with_intake(producer, lambda intake: take_all(intake, [[event(1)]]), has_outbox=False)
    assert isinstance(taken, DeliveryFailed)


def test_an_event_that_its_topic_refuses_is_rejected_by_itself() -> None:
    class SmallTopic(InMemoryProducer):
        def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
            for record in records:
                error = MessageSizeTooLargeError() if record.event_id == "e2" else None
                self._deliveries.start()
                self._deliveries.finish(record.event_id, error, on_delivery)

    requests = [[event(1), event(2, touchpoint=5), event(2), event(3)], [event(2)], [event(4)]]
    taken = with_intake(SmallTopic(), lambda intake: take_all(intake, requests), has_outbox=False)
    outcomes = [one for one in taken if isinstance(one, Taken)]
    assert [(one.accepted, sorted(one.rejected)) for one in outcomes] == [(2, [1, 2]), (0, [0]), (1, [])]
    assert outcomes[0].rejected[2].reason == Reason.TOO_LARGE


def test_a_request_that_waits_too_long_is_told_so_and_its_bytes_are_held_until_they_are_gone() -> None:
    producer, over = StuckKafka(), list[int]()

    async def use(intake: Intake) -> None:
        with pytest.raises(EngineUnreachable):
            await intake.take([event(1)], 0.1, lambda: over.append(1))
        assert over == []
        assert not intake.is_well
        producer.let_go.set()
        while not over:
            await asyncio.sleep(0.01)

    with_intake(producer, use, has_outbox=False)
    assert over == [1]


def test_the_loop_is_not_held_up_while_kafka_is_stuck() -> None:
    producer = StuckKafka()

    async def use(intake: Intake) -> int:
        waiting = [asyncio.create_task(intake.take([event(number)], 20, lambda: None)) for number in range(50)]
        ticks = 0
        for _ in range(20):
            await asyncio.sleep(0.005)
            ticks += 1
        assert not any(task.done() for task in waiting)
        producer.let_go.set()
        assert all(one.accepted == 1 for one in await asyncio.gather(*waiting))
        return ticks

    assert with_intake(producer, use, has_outbox=False) == 20


def test_closing_ends_after_what_was_taken() -> None:
    producer = InMemoryProducer(max_unacknowledged=1)

    async def use(intake: Intake) -> list[Taken | BaseException]:
        waiting = asyncio.create_task(take_all(intake, [[event(number)] for number in range(100)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await intake.close(5)
        return await waiting

    assert all(isinstance(one, Taken) for one in with_intake(producer, use, has_outbox=False))
    assert not any(isinstance(one, TouchlineError) for one in producer.events)
    assert len(producer.events) == 100


def test_a_source_that_was_declared_before_the_request_is_taken_without_a_restart() -> None:
    producer = InMemoryProducer(sources={"till": Source(legal_basis="contract")})
    looks = iter([{"till": Source(legal_basis="contract")}, {"shop": Source(legal_basis="contract")}])

    async def take() -> list[tuple[int, int]]:
        intake = Intake(producer, has_outbox=True, look=lambda: producer.declare(next(looks)))
        taken = [await intake.take([event(number)], 5.0, lambda: None) for number in range(2)]
        await intake.close(5.0)
        return [(one.accepted, len(one.rejected)) for one in taken]

    assert asyncio.run(take()) == [(0, 1), (1, 0)]


DEEP = json.loads("[" * 40 + "]" * 40)


@pytest.mark.parametrize("has_outbox", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"new": DEEP},
        {"order": DEEP},
        {"time": DEEP},
        {"identifiers": DEEP},
        {"source": "nobody", "new": DEEP},
        {"properties": {"a": DEEP}},
    ],
)
def test_that_an_event_nests_too_deep_is_said_before_all_else(fields: dict[str, Any], has_outbox: bool) -> None:
    producer = InMemoryProducer(max_unacknowledged=1, sources={"shop": Source(legal_basis="contract")})
    (taken,) = with_intake(
        producer, lambda intake: take_all(intake, [[event(1), event(2, **fields)]]), has_outbox=has_outbox
    )
    assert isinstance(taken, Taken)
    assert (taken.accepted, {number: (error.reason, error.shape) for number, error in taken.rejected.items()}) == (
        1,
        {1: (Reason.TOO_DEEP, "more than 32 levels")},
    )


def test_an_outcome_that_comes_at_the_last_moment_counts() -> None:
    async def use(intake: Intake) -> Taken:
        taking = asyncio.create_task(intake.take([event(1)], 30, lambda: None))
        await asyncio.sleep(0)
        intake._hand_over()
        while not intake._ended:  # the loop stands still meanwhile, so nobody was told
            time.sleep(0.001)
        (waiting,) = intake._deadlines._open
        intake._tell()
        waiting.end()
        return await taking

    assert with_intake(InMemoryProducer(), use).accepted == 1


BAD = [event(1), event(2, id="bad", touchpoint=5)]


@pytest.mark.parametrize("has_outbox", [True, False])
@pytest.mark.parametrize("events", [BAD, BAD[1:], []])
def test_what_is_refused_is_kept_before_the_request_is_answered(has_outbox: bool, events: list[dict[str, Any]]) -> None:
    producer = InMemoryProducer(max_unacknowledged=1)

    async def use(intake: Intake) -> list[str]:
        before = event(3, id="bad-before", time=5)
        await intake.take(events, 5, lambda: None, refused=[before], keeps_refused=True)
        return kept(producer)

    assert with_intake(producer, use, has_outbox=has_outbox) == ["bad-before", *(["bad"] if events else [])]


@pytest.mark.parametrize("has_outbox", [True, False])
def test_what_is_refused_is_told_only_where_nobody_asks_to_keep_it(has_outbox: bool) -> None:
    producer = InMemoryProducer(max_unacknowledged=1)
    (taken,) = with_intake(producer, lambda intake: take_all(intake, [BAD]), has_outbox=has_outbox)
    assert isinstance(taken, Taken)
    assert (list(taken.rejected), kept(producer)) == ([1], [])


def test_a_request_that_fails_again_and_again_is_kept_once_with_the_attempt_that_is_answered() -> None:
    producer = InMemoryProducer(max_unacknowledged=1)

    async def use(intake: Intake) -> list[str]:
        producer.fail_with = TimeoutError()
        for _ in range(3):
            with pytest.raises(DeliveryFailed):
                await intake.take(BAD, 5, lambda: None, refused=[event(3, id="bad-before", time=5)], keeps_refused=True)
        producer.fail_with = None
        await intake.take(BAD, 5, lambda: None, refused=[event(3, id="bad-before", time=5)], keeps_refused=True)
        return kept(producer)

    assert with_intake(producer, use, has_outbox=False) == ["bad-before", "bad"]


def test_a_request_that_took_too_long_is_not_kept_when_kafka_answers_at_last() -> None:
    producer, over = StuckKafka(), list[int]()

    async def use(intake: Intake) -> list[str]:
        with pytest.raises(EngineUnreachable):
            await intake.take(BAD, 0.1, lambda: over.append(1), keeps_refused=True)
        producer.let_go.set()
        while not over:
            await asyncio.sleep(0.01)
        await intake.take(BAD, 5, lambda: None, keeps_refused=True)
        return kept(producer)

    assert with_intake(producer, use, has_outbox=False) == ["bad"]
    assert over == [1]


def test_of_requests_that_share_a_full_outbox_what_is_refused_is_kept_of_those_that_are_in_it() -> None:
    class Emptied(SmallOutbox):
        """Is emptied once it was full."""

        def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
            try:
                super()._send(records, on_delivery)
            except OutboxFull:
                self.room = 100
                raise

    producer = Emptied(room=4)

    async def use(intake: Intake) -> list[bool]:
        requests = [[event(10 * one), event(10 * one + 1), event(0, id=f"bad{one}", time=5)] for one in range(3)]
        taking = (intake.take(events, 5, lambda: None, keeps_refused=True) for events in requests)
        done = await asyncio.gather(*taking, return_exceptions=True)
        return [isinstance(one, Taken) for one in done]

    taken = with_intake(producer, use)
    assert any(taken)
    assert not all(taken)
    assert kept(producer) == [f"bad{number}" for number, is_taken in enumerate(taken) if is_taken]


def test_a_quarantine_that_takes_nothing_costs_no_answer() -> None:
    class Full(InMemoryProducer):
        def emit_many_refused(self, events: object, /) -> int:
            raise OutboxFull.by_limit(Path("outbox"), 1, 0)

    async def use(intake: Intake) -> Taken:
        return await intake.take(BAD, 5, lambda: None, keeps_refused=True)

    assert with_intake(Full(), use).accepted == 1


def test_refused_events_that_do_not_get_into_the_quarantine_are_counted_and_their_senders_hear_of_them_all_the_same() -> (
    None
):
    lost: list[int] = []

    async def take() -> list[Taken]:
        intake = Intake(SmallOutbox(1), has_outbox=True, refused_not_kept=lost.append)
        wrong, huge = event(1, touchpoint=7), event(2, touchpoint="x" * (1 << 20))
        taken = [
            await intake.take([event(0), wrong], 10.0, lambda: None, keeps_refused=True),
            await intake.take([huge], 10.0, lambda: None, keeps_refused=True),
        ]
        await intake.close(5.0)
        return taken

    assert [(one.accepted, len(one.rejected)) for one in asyncio.run(take())] == [(1, 1), (0, 1)]
    assert lost == [1, 1]


@pytest.mark.parametrize("has_outbox", [True, False])
def test_how_long_the_first_request_waits_is_known_until_it_is_durable(has_outbox: bool) -> None:
    producer = StuckKafka()

    async def run() -> tuple[float, float, float]:
        now_s = 100.0
        intake = Intake(producer, has_outbox=has_outbox, clock_s=lambda: now_s)
        before = intake.waits_seconds
        waiting = [asyncio.create_task(intake.take([event(number)], 5, lambda: None)) for number in range(2)]
        await asyncio.sleep(0)
        now_s += 3.0
        during = intake.waits_seconds
        producer.let_go.set()
        await intake.close(5)
        await asyncio.gather(*waiting)
        return before, during, intake.waits_seconds

    assert asyncio.run(run()) == (0.0, 3.0, 0.0)


def test_a_request_that_nobody_waits_for_any_more_keeps_no_others_out() -> None:
    producer = StuckKafka()

    async def use(intake: Intake) -> float:
        with pytest.raises(EngineUnreachable):
            await intake.take([event(1)], 0.01, lambda: None)
        waits_seconds = intake.waits_seconds
        producer.let_go.set()
        return waits_seconds

    assert with_intake(producer, use) == 0.0
