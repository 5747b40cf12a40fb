"""A row is passed when the cursors of all other partitions are at its insert or beyond."""

from __future__ import annotations

from hypothesis import given, strategies as st

from touchline.identity.passed import LedgerPosition, passed

ROW = LedgerPosition(partition=1, insert_number=5)

positions = st.builds(LedgerPosition, st.integers(0, 3), st.integers(1, 6))
cursors = st.dictionaries(st.integers(0, 3), st.dictionaries(st.integers(0, 3), st.integers(0, 6)))


def test_a_row_is_passed_when_all_others_have_read_its_insert() -> None:
    assert passed([ROW], range(3), {0: {1: 5}, 2: {1: 9}}) == {ROW}


def test_one_partition_that_is_behind_holds_a_row_back() -> None:
    assert passed([ROW], range(3), {0: {1: 5}, 2: {1: 4}}) == set()


def test_a_partition_that_has_read_nothing_or_has_no_mark_holds_a_row_back() -> None:
    assert passed([ROW], range(3), {0: {1: 5}, 2: {0: 9}}) == set()
    assert passed([ROW], range(3), {0: {1: 5}}) == set()


def test_the_own_cursors_of_the_row_s_partition_do_not_matter() -> None:
    assert passed([ROW], range(2), {0: {1: 5}, 1: {0: 0, 1: 0}}) == {ROW}


def test_with_a_single_partition_every_row_is_passed() -> None:
    assert passed([ROW], [1], {}) == {ROW}


@given(st.lists(positions), cursors)
def test_each_position_is_decided_by_the_sentence(
    rows: list[LedgerPosition], cursors_of: dict[int, dict[int, int]]
) -> None:
    found = passed(rows, range(4), cursors_of)
    for row in rows:
        read = [cursors_of.get(other, {}).get(row.partition, 0) for other in range(4) if other != row.partition]
        assert (row in found) == all(cursor >= row.insert_number for cursor in read)
    assert found <= set(rows)
