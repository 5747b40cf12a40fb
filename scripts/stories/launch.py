"""X2, the launch: a shop introduces a product by a radio spot and the local newspaper, in the north and not in the south.

Nobody can trace either. Who bought is asked how they heard of it; that, and how many bought where, before and after, is all there is. A
survey tool asks at the till; a few buyers are asked by the surveys, and answer on their page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from scripts.stories.writing import Event, Teller, earlier

STORY: Final = "launch"
NORTH, SOUTH = "store-north", "store-south"
BEFORE, AFTER = (44, 57), (72, 85)
"""First and last day of the fortnights that are compared."""
SPOT_DAY: Final = 64
INITIATIVE: Final = "radio_and_newspaper"
COST_CENTS: Final = 260_000
ASKED_BY_US: Final = 4
"""So many of the northern buyers after the spot."""
QUESTION: Final = {"question": "heard_of_us", "question_version": "1", "kpi": "heard_of_us", "scope": "relational"}
"""As the catalogue has it: answers to the same words are one number, whoever asked."""
TOUCHPOINTS: Final = {"friend": "word_of_mouth", "search": "search_engine"}
"""What an option declares, where it is not called the same."""


class Buyers(NamedTuple):
    """The buyers of a store in a fortnight: how many say what, when asked how they heard of it."""

    place: str
    days: tuple[int, int]
    said: dict[str, int]

    @property
    def n(self) -> int:
        """All of them: each is asked, and answers."""
        return sum(self.said.values())


CELLS: Final = (
    Buyers(NORTH, BEFORE, {"radio": 1, "friend": 12, "search": 11}),
    Buyers(NORTH, AFTER, {"radio": 24, "newspaper": 12, "friend": 14, "search": 10}),
    Buyers(SOUTH, BEFORE, {"radio": 1, "friend": 13, "search": 10}),
    Buyers(SOUTH, AFTER, {"radio": 2, "friend": 14, "search": 10}),
)


class Said(NamedTuple):
    """Who says what (an option of the question) about which purchase; `is_asked_by_us`, or by the tool at the till."""

    who: str
    purchase: Event
    option: str
    is_asked_by_us: bool


def events(begins: date) -> list[Event]:
    """The campaign, who bought, and what the tool at the till was told."""
    tell = Teller(STORY, begins)
    told = [tell.changed(INITIATIVE, SPOT_DAY, "radio", COST_CENTS, "Marketing", "heard_of_us")]
    for one in answers(begins):
        told.append(one.purchase)
        told += [tell.may_be_called(one.who, BEFORE[0])] if one.is_asked_by_us else _told(one)
    return told


def answers(begins: date) -> list[Said]:
    """What each buyer says when asked."""
    tell = Teller(STORY, begins)
    return [said for cell in CELLS for said in _of_cell(tell, cell)]


def _of_cell(tell: Teller, cell: Buyers) -> Iterator[Said]:
    first, last = cell.days
    options = [option for option, count in cell.said.items() for _ in range(count)]
    for number, option in enumerate(options):
        who = f"{cell.place}-{first}-{number}"
        bought = tell.paid(who, first + number % (last - first + 1), "store_purchase", 4_900, place=cell.place)
        yield Said(who, bought, option, (cell.place, cell.days) == (NORTH, AFTER) and number < ASKED_BY_US)


def _told(said: Said) -> list[Event]:
    """The answer, and the touchpoint that it declares, named after it."""
    common = {name: said.purchase[name] for name in ("source", "simulated", "zone", "time", "place", "identifiers")}
    ask = f"{said.purchase['id']}-heard"
    about = {"touchpoint": "store_purchase", "source": said.purchase["source"], "event_id": said.purchase["id"]}
    answer = {
        "type": "touchline.answer.v1",
        "id": ask,
        "about": about,
        "survey": "at_the_till",
        "scale_min": 0,
        "scale_max": 1,
        **QUESTION,
    }
    declared = {
        "type": "touchline.touchpoint.v1", "id": f"{ask}.{said.option}", "touchpoint": TOUCHPOINTS.get(said.option, said.option),
        "action": "heard_of_us", "provenance": "declared", "time": earlier(said.purchase["time"]),
    }  # fmt: skip
    return [{**common, **answer}, {**common, **declared}]
