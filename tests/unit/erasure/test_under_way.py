"""What people and programs are told of requests to erase that are not done."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from touchline.erasure.under_way import OpenRequests

SINCE = datetime(2026, 3, 1, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            OpenRequests("asked", 1, 2, SINCE, ["events/T/3"]),
            "1 request to erase is open since 2026-03-01 09:12 UTC (asked); it waits for the worker of partition 3",
        ),
        (
            OpenRequests("asked", 2, 3, SINCE),
            "2 requests to erase are open, the oldest since 2026-03-01 09:12 UTC (asked); they wait for `touchline erase --resume`",
        ),
        (
            OpenRequests("retracted", 1, 2, SINCE),
            "1 request to erase is open since 2026-03-01 09:12 UTC (retracted: nothing counts of it any more); "
            "it waits for `touchline erase --resume`",
        ),
    ],
)
def test_a_sentence_says_how_many_since_when_in_which_state_and_what_is_waited_for(
    one: OpenRequests, said: str
) -> None:
    assert one.sentence == said


def test_programs_get_the_same_as_an_object() -> None:
    one = OpenRequests("asked", 2, 3, SINCE, ["events/T/3", "events/T/4"])
    assert json.loads(json.dumps(one.as_object())) == {
        "state": "asked",
        "requests": 2,
        "identifiers": 3,
        "since": "2026-03-01T09:12:00+00:00",
        "waits_for": "the worker of partition 3, 4",
    }
