"""Who goes on from what is known, who waits for a tick, and who is followed again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.processors.loop.world import Record, event, make_validator, person_key, records_of
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.resolve import Placed, Resolved, resolve
from touchline.processors.steps.validate import Validated
from touchline.processors.values.person import APART, PersonTail, new_person

HOUR_US = 3_600_000_000
MIDNIGHT_US = 1_748_736_000_000_000
ANNA, BOB = person_key(2), person_key(3)


def resolved(events: list[dict[str, object]], tails: dict[str, PersonTail], at_home: tuple[str, ...]) -> Resolved:
    records: list[Record] = records_of(events)
    validated = Validated([], [], UnknownFields())
    make_validator().validate(records, decode(records), validated)
    return resolve(records, validated.outcomes, tails, lambda key: key.decode() in at_home)


def offsets(placed: Sequence[Placed]) -> list[int]:
    return [offset for offset, _ in placed]


def test_a_person_of_whom_nothing_is_known_is_plain_at_home_and_waits_elsewhere() -> None:
    found = resolved([event(1, 2, 0), event(2, 3, 0), event(3, 3, 5)], {}, (ANNA,))
    assert list(found.persons) == [ANNA]
    assert {key: offsets(placed) for key, placed in found.apart.items()} == {BOB: [1, 2]}
    assert offsets(found.facts) == [0, 1, 2]


@pytest.mark.parametrize(
    ("tail", "is_plain"), [(new_person(1), True), (PersonTail(0, (None,)), True), (PersonTail(0, APART), False)]
)
def test_what_is_known_of_a_person_decides_and_not_the_partition(tail: PersonTail, is_plain: bool) -> None:
    for at_home in ((), (ANNA,)):
        found = resolved([event(1, 2, 0)], {ANNA: tail}, at_home)
        assert (ANNA in found.persons, ANNA in found.apart) == (is_plain, not is_plain)


def test_the_partition_of_a_person_is_asked_once() -> None:
    asked: list[bytes] = []

    def is_at_home(key: bytes) -> bool:
        asked.append(key)
        return True

    records = records_of([event(number, 2, number) for number in range(5)])
    validated = Validated([], [], UnknownFields())
    make_validator().validate(records, decode(records), validated)
    resolve(records, validated.outcomes, {}, is_at_home)
    assert asked == [ANNA.encode()]


def test_events_of_nobody_are_never_apart() -> None:
    found = resolved([event(1, None, 0), event(2, None, 5)], {}, ())
    assert (list(found.persons), found.apart) == (["@shop"], {})


def test_an_event_not_later_than_what_is_stored_or_than_another_of_the_batch_is_late() -> None:
    tail = new_person(1)._replace(last_us=MIDNIGHT_US + HOUR_US)
    known = resolved([event(1, 2, 60), event(2, 2, 90), event(3, 2, 80)], {ANNA: tail}, ())
    assert offsets(known.late) == [0, 2]
    new = resolved([event(1, 2, 60), event(2, 2, 60), event(3, 2, 30)], {}, (ANNA,))
    assert offsets(new.late) == [2]


def test_late_events_of_those_who_wait_are_no_matter_of_the_batch() -> None:
    tail = PersonTail(MIDNIGHT_US + HOUR_US, APART)
    assert resolved([event(1, 2, 5), event(2, 2, 0)], {ANNA: tail}, ()).late == []
