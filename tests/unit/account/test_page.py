"""What `touchline reconcile` says."""

from __future__ import annotations

from touchline.account.accounts import BALANCE, ROWS
from touchline.account.differences import Mismatch, Reconciliation
from touchline.account.page import as_object, reconciliation_lines
from touchline.account.reconcile import HINTS

FOUND = Reconciliation((BALANCE, ROWS), (Mismatch(ROWS, "events/id/0", "3 stored by the marks, 2 by the rows"),))


def test_a_check_that_holds_is_one_line_and_one_that_does_not_has_its_hint() -> None:
    assert list(reconciliation_lines(FOUND)) == [
        f"ok         {BALANCE}",
        f"NOT CLEAN  {ROWS}",
        "           events/id/0: 3 stored by the marks, 2 by the rows",
        f"           hint: {HINTS[ROWS]}",
    ]


def test_json_has_each_difference_with_its_hint() -> None:
    found = as_object(FOUND)
    assert (found["is_clean"], found["checks"]) == (False, (BALANCE, ROWS))
    assert found["differences"] == [FOUND.differences[0]._asdict() | {"hint": HINTS[ROWS]}]
