"""Which identifiers are erased at which times, and which requests are left to be followed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from tests.support.erasures import SECRET, erasures_of, request
from touchline.errors import WrongUsage
from touchline.processors.ledger.ledger import ErasureRequest
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.state.erasures import ANONYMISE, ERASE, Erasures, how_of
from touchline.schemas.erasure import ErasureSecret


def test_an_identifier_is_erased_from_the_beginning_until_the_time_and_nobody_else_is() -> None:
    erasures = erasures_of(request(1, "k1", 10))
    assert [erasures.covers("k1", time_us) for time_us in (0, 10, 11)] == [True, True, False]
    assert not erasures.covers("k2", 5)
    assert (erasures.newest, erasures.until_us) == (1, 10)


def test_a_device_is_erased_in_its_spans_only() -> None:
    erasures = erasures_of(request(1, "k1", 9, after_us=5), request(2, "k1", 20, after_us=15))
    assert erasures.spans_of("k1") == ((5, 9, ERASE), (15, 20, ERASE))
    assert [time_us for time_us in range(25) if erasures.covers("k1", time_us)] == [6, 7, 8, 9, 16, 17, 18, 19, 20]


def test_a_request_that_is_done_is_known_by_its_digest_and_asks_nothing_more() -> None:
    erasures = erasures_of(request(1, "k1", 10), request(2, "k2", 12, is_done=True), request(3, "k3", 9))
    assert erasures.covers("k2", 12)
    assert [one.number for one in erasures.after(0)] == [1, 3]
    assert [one.number for one in erasures.after(1)] == [3]
    assert (erasures.newest, erasures.until_us, erasures.after(3)) == (3, 12, [])


def test_each_look_reads_only_what_has_come_since() -> None:
    ledger, erasures = MemoryLedger(), Erasures(SECRET)
    for number in (1, 2):
        ledger.erasures.append(request(number, f"k{number}", number))
        erasures.look(ledger)
        erasures.look(ledger)
        assert [one.number for one in erasures.after(0)] == list(range(1, number + 1))
        assert erasures.spans_of(f"k{number}") == ((-1, number, ERASE),)


@pytest.mark.parametrize("secret", [None, ErasureSecret(bytes(32))])
def test_a_worker_without_the_secret_of_a_request_refuses_to_go_on(secret: ErasureSecret | None) -> None:
    ledger, erasures = MemoryLedger(), Erasures(secret)
    erasures.look(ledger)
    ledger.erasures.append(request(1, "k1", 10))
    with pytest.raises(WrongUsage, match="another erasure secret"):
        erasures.look(ledger)


def test_without_requests_no_secret_is_needed_and_nothing_is_erased() -> None:
    erasures = Erasures(None)
    erasures.look(MemoryLedger())
    assert (erasures.spans_of("k1"), erasures.covers("k1", 0), erasures.after(0)) == ((), False, [])


requests = st.lists(
    st.builds(
        lambda one, after_us, length, how, is_done: (one, after_us, after_us + length, how, is_done),
        st.sampled_from(["k1", "k2"]),
        st.integers(-1, 8),
        st.integers(1, 5),
        st.sampled_from([ERASE, ANONYMISE]),
        st.booleans(),
    ),
    max_size=5,
)


@given(requests)
def test_what_is_erased_does_not_depend_on_the_order_of_requests_and_erasing_outdoes_anonymising(
    asked: Sequence[tuple[str, int, int, str, bool]],
) -> None:
    def rows(order: Sequence[tuple[str, int, int, str, bool]]) -> list[ErasureRequest]:
        return [
            request(number, one, until_us, how=how, after_us=after_us, is_done=is_done)
            for number, (one, after_us, until_us, how, is_done) in enumerate(order, 1)
        ]

    erasures, others = erasures_of(*rows(asked)), erasures_of(*rows(asked[::-1]))
    for key in ("k1", "k2"):
        assert erasures.spans_of(key) == others.spans_of(key)
        for time_us in range(15):
            hows = {how for one, after_us, until_us, how, _ in asked if one == key and after_us < time_us <= until_us}
            assert how_of(erasures.spans_of(key), time_us) == (
                min(hows, key=[ERASE, ANONYMISE].index) if hows else None
            )
            assert erasures.covers(key, time_us) is bool(hows)
