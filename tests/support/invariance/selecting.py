"""What is asked of views with arguments: each map version over some periods and filters, each form of a question once, some persons."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Final, NamedTuple

from clickhouse_driver import Client

from tests.support.invariance.events import BEGIN_US, DAYS
from touchline.sql.all_views import ALL_VIEWS
from touchline.sql.language.parameterized import ParameterizedView

PERSONS: Final = 5
FORMS: Final = {
    "grain": ("day", "month"),
    "mode": ("in_order", "any"),
    "by": ("touchpoint", "stage"),
    "steps": ("4",),
    "top": ("10",),
    "kpi": ("nps",),
    "variant": ("standard",),
    "scope": ("transactional",),
    "answers": ("bad",),
    "grouped": ("cohort", "stage"),
    "days": ("20",),
}
"""Values of the arguments that are no selection; texts are quoted where the view takes text."""
SPLIT_BY: Final = dict.fromkeys(("survey_split", "survey_response", "survey_weighted"), ("channel", "place"))
_BEGIN: Final = datetime.fromtimestamp(BEGIN_US / 1e6, UTC).date()
SELECTIONS: Final = (
    (0, DAYS + 1, "map()"),
    (0, DAYS + 1, "map('place', ['north', ''], 'stage', ['purchase'])"),
    (DAYS // 3, DAYS // 2, "map('channel', ['web'])"),
)
"""First and last day, from the first of all on, and the filter."""
_BY_PERSON: Final = ("person", "cycle")


class Question(NamedTuple):
    """A view, and what stands behind FROM: the view with its arguments, if it has some."""

    view: str
    source: str


def asked_of(client: Client, seed: int) -> Iterator[Question]:
    """Of every view all that is asked of it; `client` is that of a ledger at rest."""
    maps = client.execute("SELECT map, map_version FROM journey.map_versions WHERE state = 'applied' ORDER BY 1, 2")
    persons = list(_persons(client, seed))
    for view in ALL_VIEWS:
        if not isinstance(view, ParameterizedView):
            yield Question(name := _named(view.ddl()), name)
            continue
        names = view.parameters.keys()
        forms = {one: _values(view, one) for one in names if one in FORMS}
        selections = list(_selections()) if "date_from" in names else [{}]
        of_persons = persons if "person" in names else [{}]
        asked = {
            view.called(**{one: given[one] for one in names}): None
            for (name, version), selection, person, *values in product(maps, selections, of_persons, *forms.values())
            for given in [
                {
                    "map": f"'{name}'",
                    "map_version": str(version),
                    **selection,
                    **person,
                    **dict(zip(forms, values, strict=True)),
                }
            ]
        }
        yield from (Question(view.full_name, one) for one in asked)


def some_of(questions: Sequence[Question], seed: int, each: int) -> list[Question]:
    """Of each view so many questions at most, in their order."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        places[question.view].append(place)
    chance = random.Random(seed)
    chosen = {one for of_view in places.values() for one in chance.sample(of_view, min(each, len(of_view)))}
    return [question for place, question in enumerate(questions) if place in chosen]


def _named(ddl: str) -> str:
    return ddl.split("VIEW ", 1)[1].split(None, 1)[0]


def _values(view: ParameterizedView, name: str) -> list[str]:
    values = SPLIT_BY.get(view.name, FORMS[name]) if name == "by" else FORMS[name]
    is_text = "String" in view.parameters[name].type
    return [f"'{one}'" if is_text else one for one in values]


def _selections() -> Iterator[dict[str, str]]:
    for first, last, chosen in SELECTIONS:
        days = last - first
        yield {
            "date_from": _day(first),
            "date_to": _day(last),
            "before_from": _day(first - days),
            "before_to": _day(first - 1),
            "as_of": f"'{_BEGIN + timedelta(days=last + 10)} 12:00:00'",
            "filter": chosen,
        }


def _day(number: int) -> str:
    day: date = _BEGIN + timedelta(days=number)
    return f"'{day}'"


def _persons(client: Client, seed: int) -> Iterator[dict[str, str]]:
    rows = client.execute(
        "SELECT person FROM journey.identifiers GROUP BY person ORDER BY count() DESC, person LIMIT 200"
    )
    found = [person for (person,) in rows]
    for person in random.Random(seed).sample(found, min(PERSONS, len(found))):
        yield dict(zip(_BY_PERSON, (f"'{person}'", "1"), strict=True))
