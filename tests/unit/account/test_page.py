"""What `touchline reconcile` says."""

from __future__ import annotations

from touchline.account.accounts import BALANCE, ROWS
from touchline.account.differences import Mismatch, Reconciliation
from touchline.account.page import as_object, reconciliation_lines

FOUND = Reconciliation(
    (BALANCE, ROWS),
    (
        Mismatch(ROWS, "events/id/0", "3 stored by the marks, 2 by the rows", "look for the rows"),
        Mismatch(ROWS, "events/id/1", "1 stored by the marks, 2 by the rows", "look for the rows"),
        Mismatch(ROWS, "events/id/1", "offset 1 has 2 fates instead of one", "look for the hand"),
    ),
)


def test_a_check_that_holds_is_one_line_and_one_that_does_not_has_each_hint_once() -> None:
    assert list(reconciliation_lines(FOUND)) == [
        f"ok         {BALANCE}",
        f"NOT CLEAN  {ROWS}",
        "           events/id/0: 3 stored by the marks, 2 by the rows",
        "           events/id/1: 1 stored by the marks, 2 by the rows",
        "           events/id/1: offset 1 has 2 fates instead of one",
        "           hint: look for the rows",
        "           hint: look for the hand",
    ]


def test_json_has_each_difference_with_its_hint() -> None:
    found = as_object(FOUND)
    assert (found["is_clean"], found["checks"]) == (False, (BALANCE, ROWS))
    assert found["differences"] == [one._asdict() for one in FOUND.differences]
