"""Views as `touchline.sql` defines them, for tests of what is asked of them; and a way to ask by a query string."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

from touchline.dashboards.server.asking.catalogue import AskedView, catalogue
from touchline.dashboards.server.asking.maps import KnownMap
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.question import Question, read_question
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.views import View

NOW = datetime(2026, 3, 10, 9, 30, 45, tzinfo=UTC)
MAPS = (
    KnownMap("retail", 3, "Retail", True, date(2026, 1, 1), date(2026, 2, 28), date(2026, 2, 28), 900, 0),
    KnownMap("retail", 2, "Retail", False, None, None, None, 0, 0),
    KnownMap("web_shop", 1, "Web shop", False, date(2024, 1, 4), date(2024, 6, 29), date(2024, 6, 29), 31, 0),
)


def arguments(**types: str) -> dict[str, Column]:
    """Arguments of a view: those that all have, and some more."""
    return {**SELECTION, **{name: Column(type_, "") for name, type_ in types.items()}}


def columns(**types: str) -> dict[str, tuple[Column, str]]:
    return {name: (Column(type_, ""), name) for name, type_ in types.items()}


PLAIN = View("plain", "", columns(map="String", events="Int64"), "journey_raw.ledger")
SELECTING = ParameterizedView(
    "selecting",
    "",
    arguments(
        as_of="DateTime('UTC')", before_from="Date", before_to="Date", grain="String", steps="UInt8", person="String"
    ),
    columns(
        touchpoint="LowCardinality(String)",
        place="LowCardinality(Nullable(String))",
        score="Float64",
        note="Nullable(String)",
        day="Date",
        at="DateTime64(6, 'UTC')",
        path="Array(String)",
    ),
    "journey_raw.ledger",
)
JOURNEYS = ParameterizedView(
    "journeys",
    "",
    arguments(as_of="DateTime('UTC')"),
    columns(
        person="String",
        cycle="UInt32",
        state="LowCardinality(String)",
        depth="UInt8",
        path="Array(String)",
        stage_path="Array(String)",
    ),
    "journey_raw.ledger",
)
PATHS = ParameterizedView(
    "paths",
    "",
    arguments(as_of="DateTime('UTC')", by="String", steps="UInt8", top="UInt8"),
    columns(step="UInt8", from_node="String", to_node="String"),
    "journey_raw.ledger",
)
VIEWS: dict[str, AskedView] = catalogue((SELECTING, PLAIN, JOURNEYS, PATHS))


def asked(name: str, query: str = "", *, is_whole: bool = False) -> Question:
    """The question of a query string; `person` is given where the view needs it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if name == "selecting" and "person=" not in query:
        pairs.append(("person", "k1:a"))
    return read_question(name, VIEWS, Parameters(pairs), MAPS, NOW, is_whole=is_whole)
