"""Words that several texts need."""

from __future__ import annotations

import pytest

from touchline.wording import counted, waiting_note


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1_234_567, "1,234,567 events")]
)
def test_one_of_a_thing_is_said_in_the_singular(count: int, said: str) -> None:
    assert counted(count, "event") == said


def test_a_plural_that_is_no_s_is_given() -> None:
    assert [counted(count, "entry is", "entries are") for count in (1, 2)] == ["1 entry is", "2 entries are"]


def test_nothing_is_said_of_an_empty_outbox() -> None:
    assert waiting_note(0) == ""
    assert waiting_note(1).startswith("; 1 waits in the outbox")
    assert waiting_note(1_000).startswith("; 1,000 wait in the outbox")
