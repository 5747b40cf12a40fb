"""X3, the wait: product, order and a support that never closes are liked, and people wait until they go elsewhere.

Twelve of 24 customers wait long at the hotline, call again and again, find it hard, and ten of them do not come back; those who are helped
at once do. Three of the twelve may be called. One of them is asked now, by the surveys, called back, and asked again.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from scripts.stories.writing import DAYS, Event, Teller

STORY: Final = "wait"
CUSTOMERS: Final = 24
WAITED: Final = 12
"""The first ones wait."""
LOST_OF_THOSE, LOST_OF_OTHERS = 10, 2
MAY_BE_CALLED: Final = ("customer-0", "customer-1")
BEN: Final = "ben"
CALL_DAY: Final = 76
CALLED_BACK: Final = "call_back"


def events(begins: date) -> list[Event]:
    """What happens before Ben is asked."""
    tell = Teller(STORY, begins)
    told = [tell.may_be_called(who, 70) for who in (*MAY_BE_CALLED, BEN)]
    for number in range(CUSTOMERS):
        told += _customer(tell, number)
    told.append(tell.paid(BEN, 92, "web_order", 7_900))
    told += [_call(tell, BEN, day, 25) for day in (95, 97)]
    return told


def last_call(begins: date) -> Event:
    """Ben's third call within a week, after which he is asked."""
    return _call(Teller(STORY, begins), BEN, 98, 31)


def call_back(begins: date) -> Event:
    """What came of his case: he is called, and waits for nobody."""
    return Teller(STORY, begins).met(BEN, DAYS - 1, "hotline", action=CALLED_BACK, properties={"wait_minutes": 0})


def _customer(tell: Teller, number: int) -> list[Event]:
    who, waits = f"customer-{number}", number < WAITED
    ordered = tell.paid(who, 72, "web_order", 7_900, hour=8 + number / 4)
    used = tell.met(who, 74, "product_use", hour=8 + number / 4, provenance="declared")
    told = [
        ordered,
        tell.rated(ordered, "csat", 5 if number % 3 else 4),
        used,
        tell.rated(used, "csat", 5 if number % 4 else 4),
    ]
    calls = [
        _call(tell, who, day, 20 + number if waits else 1)
        for day in ((CALL_DAY - 2, CALL_DAY - 1, CALL_DAY) if waits else (CALL_DAY,))
    ]
    told += [*calls, tell.rated(calls[-1], "ces", 2 if waits else 6)]
    lost = number < LOST_OF_THOSE if waits else number >= CUSTOMERS - LOST_OF_OTHERS
    return told if lost else [*told, tell.paid(who, 84, "web_order", 7_900, hour=8 + number / 4)]


def _call(tell: Teller, who: str, day: int, minutes: int) -> Event:
    return tell.met(who, day, "hotline", hour=15, action="call", properties={"wait_minutes": minutes})
