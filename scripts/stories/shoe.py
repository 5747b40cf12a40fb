"""X1, the running shoe: a colleague's shoe, a poster, forum and reviews, the maker's site, trying it on, the till, and on.

Ten more runners are asked after the search and after the purchase: the same answers are read under three maps, each with a policy of its
own (what to ask where).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from scripts.stories.writing import Event, Teller

STORY: Final = "shoe"
RUNNER: Final = "runner"
DECLARED: Final = {"provenance": "declared"}
WAY: Final[tuple[tuple[int, str, dict[str, Any]], ...]] = (
    (51, "word_of_mouth", DECLARED),
    (53, "poster", DECLARED),
    (55, "forum", DECLARED),
    (58, "website", {"action": "compare"}),
    (60, "try_on", {"place": "store-12"}),
)
"""Day, touchpoint and more, up to the till."""
ANSWERS: Final = (
    ("website", "ces", "transactional", (7, 6, 5, 5, 4, 3, 6, 7, 2, 5)),
    ("website", "csat", "transactional", (5, 5, 4, 4, 3, 3, 4, 5, 2, 3)),
    ("website", "nps", "transactional", (9, 8, 7, 9, 6, 5, 10, 8, 2, 7)),
    ("store_purchase", "nps", "transactional", (10, 9, 9, 8, 7, 6, 10, 9, 3, 10)),
    ("store_purchase", "csat", "transactional", (5, 5, 5, 4, 4, 5, 4, 5, 3, 5)),
    ("store_purchase", "csat", "relational", (5, 4, 4, 3, 2, 5, 5, 4, 1, 4)),
)
"""Touchpoint, KPI and scope, and the scores of ten runners."""


def events(begins: date) -> list[Event]:
    """All that happens."""
    tell = Teller(STORY, begins)
    told = [tell.met(RUNNER, day, touchpoint, **more) for day, touchpoint, more in WAY]
    told.append(tell.paid(RUNNER, 60, "store_purchase", 12_990, hour=12.5, place="store-12"))
    told.append(tell.met(RUNNER, 64, "product_use", provenance="declared"))
    told.append(tell.met(RUNNER, 68, "hotline", action="call"))
    for number in range(10):
        who = f"{RUNNER}-{number}"
        met = {"website": tell.met(who, 58, "website", hour=9 + number / 4, action="compare")}
        met["store_purchase"] = tell.paid(who, 59, "store_purchase", 9_990, hour=9 + number / 4, place="store-12")
        told += met.values()
        told += [
            tell.rated(met[touchpoint], kpi, scores[number], scope=scope) for touchpoint, kpi, scope, scores in ANSWERS
        ]
    return told
