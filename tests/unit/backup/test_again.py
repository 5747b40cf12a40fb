"""Whom a restored ledger holds although they were erased: who is asked for again, and what is kept of the others."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from tests.unit.backup.test_register import EPOCH, START, register
from touchline.backup.again import Held, is_meant, plan, require_secret
from touchline.backup.register import Erasure, ErasureState
from touchline.errors import WrongUsage
from touchline.schemas.erasure import ErasureSecret

SECRET = ErasureSecret(bytes(32))
NOW = START + timedelta(days=30)
NAMES = ("k1:a", "k1:b", "k1:c", "k1:d")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def erased(
    name: str, request: str = "r1", after: datetime = EPOCH, until: datetime = START, how: str = "erase"
) -> Erasure:
    return Erasure(
        request=request, how=how, identifier_type="login", digest=SECRET.of_identifier(name).hex(), secret_id=SECRET.id,
        after_time=after, until_time=until, asked_at=START,
    )  # fmt: skip


ERASURES = st.lists(
    st.builds(erased, st.sampled_from(NAMES), st.sampled_from(("r1", "r2")), until=st.integers(0, 3).map(day)),
    max_size=5,
    unique_by=lambda one: one.key,
)
HELD = st.lists(
    st.builds(Held, st.sampled_from(NAMES), st.just("card"), st.just(day(-1)), st.just(day(5))),
    max_size=4,
    unique_by=lambda one: one.identifier,
)


@given(ERASURES, ERASURES, HELD, st.integers(0, 5))
def test_every_request_stands_after_a_restore_and_whoever_is_back_is_named_again(
    in_tables: list[Erasure], in_register: list[Erasure], back: list[Held], newest: int
) -> None:
    tables = register(*in_tables)
    known = tables.joined(register(*in_register))
    again = plan(tables, known, iter(back), SECRET, set(), NOW, newest)
    assert [one.number for one in again.rows] == list(range(newest + 1, again.newest + 1))
    named = {(one.identifier, one.request, one.until_time) for one in again.rows if one.identifier}
    names = {one.identifier: SECRET.of_identifier(one.identifier).hex() for one in back}
    assert named == {
        (name, one.request, one.until_time)
        for name, digest in names.items()
        for one in known.erasures
        if one.digest == digest
    }
    there = {one.key for one in in_tables} | {
        (one.request, one.how, one.digest, one.secret_id, one.after_time, one.until_time) for one in again.rows
    }
    assert there == {one.key for one in known.erasures}
    assert {one.identifier_type for one in again.rows if one.identifier} <= {"card"}
    assert {one.request for one in again.states} == {one.request for one in again.rows if one.identifier}


@given(ERASURES)
def test_a_ledger_that_holds_nobody_of_them_asks_for_nothing_new(known: list[Erasure]) -> None:
    other = Held("k1:other", "login", day(-9), day(9))
    again = plan(register(*known), register(*known), iter([other]), SECRET, set(), NOW, 7)
    assert (again.rows, again.states, again.newest, again.identifiers) == ([], [], 7, 0)


def test_a_request_that_the_register_calls_done_is_open_again_where_rows_of_it_are_back() -> None:
    done = [ErasureState(request=name, state="done", at=day(1), certificate="{}") for name in ("r1", "r2", "r3")]
    known = register(erased(NAMES[0], "r1"), erased(NAMES[1], "r2"), erased(NAMES[2], "r3"), states=tuple(done))
    back = [Held(NAMES[0], "login", day(-1), day(-1))]
    again = plan(register(), known, iter(back), SECRET, {"r3"}, NOW, 0)
    asked = [ErasureState(request=name, state="asked", at=NOW, certificate="{}") for name in ("r1", "r3")]
    assert list(again.states) == [*done, *asked]
    (late,) = plan(register(), known, iter(back), SECRET, set(), day(0), 0).states[3:]
    assert late.at > day(1)  # although this machine's clock is behind that of the one that erased


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(day(1), day(2), True), (day(-5), day(1), True), (day(3), day(9), True), (day(4), day(9), False), (day(-5), day(0), False),
     (EPOCH, EPOCH, True)],
)  # fmt: skip
def test_only_what_may_lie_in_the_time_that_was_meant_is_asked_for_again(
    first: datetime, last: datetime, expected: bool
) -> None:
    """So that a person who came back after the request is not asked for at each restore."""
    assert is_meant(erased(NAMES[0], after=day(0), until=day(3)), Held(NAMES[0], "login", first, last)) is expected


def test_with_another_secret_or_none_nobody_can_be_found_and_that_is_said() -> None:
    for secret in (None, ErasureSecret(bytes(31) + b"1")):
        with pytest.raises(WrongUsage) as refused:
            require_secret(register(erased(NAMES[0])), secret)
        assert "erasure_secret_file" in str(refused.value) + refused.value.hint
    assert require_secret(register(erased(NAMES[0])), SECRET) is SECRET
