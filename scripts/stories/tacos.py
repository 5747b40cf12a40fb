"""X4, Vivan los Tacos: the best tacos, and waiters who spoil it each time, until a loyal guest goes elsewhere.

Rosa comes four weeks in a row: taste 5 of 5, service 2 of 5. The second time opens a case, before she stays away. More waiters are hired;
Rosa is called, comes back, and is served well. Thirty regulars rate a visit before and one after.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from scripts.stories.writing import Event, Teller

STORY: Final = "tacos"
ROSA: Final = "rosa"
VISITS: Final = (20, 27, 34, 41)
RETURN_DAY: Final = 80
REGULARS: Final = 30
COME_ON: Final = (20, 34, 48, 62, 76, 90)
RATED_BEFORE, RATED_AFTER = 48, 76
SATISFIED: Final = {RATED_BEFORE: {"meal": 27, "table_service": 12}, RATED_AFTER: {"meal": 27, "table_service": 24}}
"""Of the thirty, how many are content (4 or 5 of 5), by day and touchpoint."""
INITIATIVE: Final = "more_waiters"
INITIATIVE_DAY: Final = 60
COST_CENTS: Final = 120_000
TERM_DAYS: Final = 28
"""That of the map, after which somebody counts as lost."""


def regulars(begins: date) -> list[Event]:
    """The others, and the measure."""
    tell = Teller(STORY, begins)
    told = [tell.changed(INITIATIVE, INITIATIVE_DAY, "table_service", COST_CENTS, "Restaurant manager", "csat")]
    for number in range(REGULARS):
        who, hour = f"regular-{number}", 10 + number / 5
        for day in COME_ON:
            if day not in SATISFIED:
                told.append(_bill(tell, who, day, hour))
                continue
            scores = {touchpoint: 5 if number < content else 2 for touchpoint, content in SATISFIED[day].items()}
            told += _visit(tell, who, day, scores["meal"], scores["table_service"], hour)
    return told


def rosas_visits(begins: date) -> list[list[Event]]:
    """The four, one after the other; with the first what she agreed to."""
    tell = Teller(STORY, begins)
    visits = [_visit(tell, ROSA, day, 5, 2) for day in VISITS]
    visits[0].insert(0, tell.may_be_called(ROSA, VISITS[0]))
    return visits


def rosas_return(begins: date) -> list[Event]:
    """After the measure."""
    return _visit(Teller(STORY, begins), ROSA, RETURN_DAY, 5, 5)


def _visit(tell: Teller, who: str, day: int, taste: int, service: int, hour: float = 18.0) -> list[Event]:
    """Meal, service and bill. The taste is rated first: the last word on a visit is on the service."""
    meal = tell.met(who, day, "meal", hour, place="cantina")
    served = tell.met(who, day, "table_service", hour + 0.5, place="cantina")
    rated = [tell.rated(meal, "csat", taste, later_hours=1.5), tell.rated(served, "csat", service, later_hours=1.5)]
    return [meal, served, _bill(tell, who, day, hour + 1), *rated]


def _bill(tell: Teller, who: str, day: int, hour: float) -> Event:
    return tell.paid(who, day, "bill", 1_850, hour, place="cantina")
