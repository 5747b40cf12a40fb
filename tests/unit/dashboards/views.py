"""Views as `touchline.sql` defines them, for tests of what is asked of them; and a way to ask by a query string."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

from touchline.dashboards.server.asking.catalogue import AskedView, catalogue
from touchline.dashboards.server.asking.maps import KnownMap
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.question import Question, read_question
from touchline.sql.selection import SELECTED
from touchline.sql.views import View, own

NOW = datetime(2026, 3, 10, 9, 30, 45, tzinfo=UTC)
MAPS = (
    KnownMap("retail", 3, "Retail", True, date(2026, 1, 1), date(2026, 2, 28), 900),
    KnownMap("retail", 2, "Retail", False, None, None, 0),
    KnownMap("web_shop", 1, "Web shop", False, date(2024, 1, 4), date(2024, 6, 29), 31),
)
SELECTING = View(
    "selecting",
    "A view with the arguments that all have, and some more",
    own(
        {
            "touchpoint": ("LowCardinality(String)", "", ""),
            "place": ("LowCardinality(Nullable(String))", "", ""),
            "score": ("Float64", "", ""),
            "note": ("Nullable(String)", "", ""),
            "day": ("Date", "", ""),
            "path": ("Array(String)", "", ""),
        }
    ),
    f"journey_raw.ledger WHERE {SELECTED} AND event_time < {{as_of:DateTime('UTC')}} AND {{before_from:Date}} < {{before_to:Date}} "
    "AND {grain:String} != '' AND {steps:UInt8} > 0 AND {person:String} != ''",
    "journey_api",
)
PLAIN = View("plain", "", own({"map": ("String", "", ""), "events": ("Int64", "", "")}), "journey_raw.ledger")
JOURNEYS = View(
    "journeys",
    "",
    own(
        {
            "person": ("String", "", ""),
            "cycle": ("UInt32", "", ""),
            "state": ("LowCardinality(String)", "", ""),
            "depth": ("UInt8", "", ""),
            "path": ("Array(String)", "", ""),
            "stage_path": ("Array(String)", "", ""),
        }
    ),
    f"journey_raw.ledger WHERE {SELECTED}",
    "journey_api",
)
PATHS = View(
    "paths",
    "",
    own({"step": ("UInt8", "", ""), "from_node": ("String", "", ""), "to_node": ("String", "", "")}),
    f"journey_raw.ledger WHERE {SELECTED} AND {{by:String}} != '' AND {{steps:UInt8}} > 0 AND {{top:UInt8}} > 0",
    "journey_api",
)
VIEWS: dict[str, AskedView] = catalogue((SELECTING, PLAIN, JOURNEYS, PATHS))


def asked(name: str, query: str = "", *, is_whole: bool = False) -> Question:
    """The question of a query string; `person` is given where the view needs it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if name == "selecting" and "person=" not in query:
        pairs.append(("person", "k1:a"))
    return read_question(name, VIEWS, Parameters(pairs), MAPS, NOW, is_whole=is_whole)
