"""The dimensions `dim_*`: id, name, and what is known of it."""

from __future__ import annotations

from touchline.sql.language.catalogue import Catalogue, load_catalogue
from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.usual import PERIOD_DAYS
from touchline.sql.language.views import View, layered, literal, own
from touchline.sql.ledger.projections import SURVEY_1D, VOLUME_1D
from touchline.sql.ledger.rows import is_default_map, is_newest_shown, is_shown

_TEXT = "LowCardinality(String)"
_OPTIONAL = "LowCardinality(Nullable(String))"
_LONG = "Nullable(String)"
_MAP_KEY = {
    "map": (_TEXT, COLUMNS["map"].comment, ""),
    "map_version": ("UInt32", "Version of the journey map", "version"),
}

DIM_MAP = View(
    "dim_map",
    "Journey maps, one row per map and version",
    own(
        {
            "id": (_TEXT, "Id of the map (column map elsewhere)", "map"),
            "name": ("String", "Title of the map", "title"),
            "map_version": ("UInt32", "Version of the map", "version"),
            "is_default": (
                "UInt8",
                "1 for the map by which touchpoints, answers and orders are shown",
                is_default_map("version"),
            ),
            "is_shown": (
                "UInt8",
                "1 for the version of its map that readers see who name none; others stand beside it until they are dropped",
                is_newest_shown(),
            ),
            "stages": ("UInt8", "Number of stages", ""),
            "description": (_LONG, "What the map is for; NULL when not said", "nullIf(description, '')"),
            "content_hash": ("String", "Hash of the map's content: it never changes under one version", ""),
            "registered_at": (
                "DateTime64(6, 'UTC')",
                "When it, or a change of its annotations, was registered (UTC)",
                "",
            ),
            "content": (
                "String",
                "The whole map as JSON, with all that people wrote down about it, annotations as registered last",
                "",
            ),
        }
    ),
    f"\n(\n    SELECT * FROM journey_raw.maps WHERE {is_shown('version')} ORDER BY registered_at DESC LIMIT 1 BY map, version\n)",
)
DIM_STAGE = View(
    "dim_stage",
    "Stages, one row per map, version and stage",
    own(
        {
            "id": (_TEXT, "Id of the stage (column stage elsewhere)", "stage"),
            "name": ("String", "Name of the stage", ""),
            **_MAP_KEY,
            "stage_order": ("UInt8", "Place in the map, from 1", ""),
            "description": (_LONG, "What happens there; NULL when not said", "nullIf(description, '')"),
        }
    ),
    f"\n(\n    SELECT * FROM journey_raw.stages WHERE {is_shown('version')} LIMIT 1 BY map, version, stage\n)",
)
DIM_TOUCHPOINT = View(
    "dim_touchpoint",
    "Touchpoints that the maps know, one row per map, version and touchpoint",
    own(
        {
            "id": (_TEXT, "Id of the touchpoint (column touchpoint elsewhere)", "touchpoint"),
            "name": ("String", "Name of the touchpoint", ""),
            **_MAP_KEY,
            "channel": (_TEXT, "Its channel", ""),
            "is_online": ("UInt8", "1 when online", ""),
            "ownership": (_TEXT, "owned, earned or paid", ""),
            "observability": (_TEXT, "traceable, survey_only or unobservable", ""),
            "owner": (_LONG, "Who answers for it; NULL when not said", "nullIf(owner, '')"),
            "description": (_LONG, "What it is; NULL when not said", "nullIf(description, '')"),
        }
    ),
    f"\n(\n    SELECT * FROM journey_raw.touchpoints WHERE {is_shown('version')} LIMIT 1 BY map, version, touchpoint\n)",
)
DIM_PLACE = View(
    "dim_place",
    "Places",
    own(
        {
            "id": (_TEXT, "Id of the place (column place elsewhere)", "place"),
            "name": ("String", "Name of the place; its id when it has none", "if(name = '', place, name)"),
            "kind": (_OPTIONAL, "shop, kiosk, branch, ...; NULL when not said", "nullIf(kind, '')"),
            "zone": (_OPTIONAL, "IANA zone of its local days; NULL when the company's counts", "nullIf(zone, '')"),
            "city": (_LONG, "City; NULL when not said", "nullIf(city, '')"),
            "region": (_LONG, "State or region; NULL when not said", "nullIf(region, '')"),
            "country": (_OPTIONAL, "ISO 3166 country; NULL when not said", "nullIf(country, '')"),
        }
    ),
    "\n(\n    SELECT * FROM journey_raw.places ORDER BY registered_at DESC LIMIT 1 BY place\n)",
)
DIM_SOURCE = View(
    "dim_source",
    "Sources of events",
    own(
        {
            "id": (_TEXT, "Id of the source (column source elsewhere)", "source"),
            "name": ("String", "Name of the source; its id when it has none", "if(name = '', source, name)"),
            "zone": (_OPTIONAL, "IANA zone of its times without offset; NULL when they need one", "nullIf(zone, '')"),
            "legal_basis": (_TEXT, "Legal basis on which its events are kept", ""),
            "brand": (_OPTIONAL, "Brand of its events; NULL when not said", "nullIf(brand, '')"),
            "channel": (_OPTIONAL, "Channel of its events; NULL when not said", "nullIf(channel, '')"),
            "retention_days": (
                "Nullable(UInt32)",
                "Term after which its events go; NULL for none",
                "nullIf(retention_days, 0)",
            ),
        }
    ),
    "\n(\n    SELECT * FROM journey_raw.sources ORDER BY registered_at DESC LIMIT 1 BY source\n)",
)


def _dim_kpi(catalogue: Catalogue) -> View:
    structure = (
        "id String, name String, variant Nullable(String), is_default Nullable(UInt8), unit String, additivity String, formula String, "
        "scale_min Nullable(Int16), scale_max Nullable(Int16), is_low_good Nullable(UInt8), ci_method Nullable(String), source String"
    )
    unsaid = (None, None, None)  # a count has no variants, no scale and no good end
    rows = [
        (kpi.id, kpi.name, *unsaid[:2], kpi.unit, kpi.additivity, kpi.formula, *unsaid, kpi.interval, kpi.source)
        for kpi in catalogue.counts
    ] + [
        (
            *(
                kpi.id,
                kpi.name,
                variant.id,
                int(variant in kpi.defaults().values()),
                variant.unit,
                "derived",
                variant.formula,
            ),
            *(*variant.scale, int(variant.is_low_good), variant.interval, variant.source),
        )
        for kpi, variant in catalogue.variants()
    ]
    values = ",\n    ".join(f"({', '.join(map(literal, row))})" for row in rows)
    columns = own(
        {
            "id": (_TEXT, "Id of the KPI (column kpi elsewhere)", ""),
            "name": ("String", "Name of the KPI", ""),
            "variant": (_OPTIONAL, "Formula variant of a survey KPI; NULL for others", ""),
            "is_default": (
                "Nullable(UInt8)",
                "1 for the variant of answers on its scale that name none; NULL without variants",
                "",
            ),
            "unit": (_TEXT, "Unit of the value", ""),
            "additivity": (
                _TEXT,
                "sum, distinct, histogram or derived: how values of several rows may be put together",
                "",
            ),
            "formula": ("String", "Formula in words", ""),
            "scale_min": ("Nullable(Int16)", "Bad end of the scale on which the variant is defined", ""),
            "scale_max": ("Nullable(Int16)", "Good end of that scale; below scale_min where low scores are good", ""),
            "is_low_good": (
                "Nullable(UInt8)",
                "1 when low values are good, as of an effort; NULL for plain counts, of which the catalogue does not say",
                "",
            ),
            "ci_method": (_OPTIONAL, "How its interval is computed; NULL for plain counts", ""),
            "source": ("String", "Where the formula comes from", ""),
        }
    )
    return View(
        "dim_kpi",
        "The KPI catalogue, one row per KPI and formula variant",
        columns,
        f"values('{structure}',\n    {values})",
    )


_OF_DAY = {name: name for name in ("map", "map_version", "local_date")}
_PLACED = VOLUME_1D.selecting("stage != ''", _OF_DAY)
_ANSWERED = SURVEY_1D.selecting("kpi != ''", _OF_DAY)
_DAYS = f"""
(
    SELECT map, map_version, arrayMap(day -> day.1, days) AS on_days, arrayMap(day -> toInt64(day.2), days) AS on_day_events
    FROM
    (
        SELECT map, map_version, arraySort(groupArray((local_date, events_of_day))) AS days
        FROM
        (
            SELECT map, map_version, local_date, sum(placed) AS events_of_day
            FROM
            (
                SELECT map, map_version, local_date, events AS placed FROM (
{_PLACED}
                ) WHERE events != 0
                UNION ALL
                SELECT map, map_version, local_date, 0 AS placed FROM (
{_ANSWERED}
                ) WHERE answers != 0
            )
            GROUP BY map, map_version, local_date
        )
        GROUP BY map, map_version
    )
)"""
# Days between two gaps are a run; the first one is usual whatever it holds.
_STARTS = f"arrayFilter(at -> at = 1 OR on_days[at] - on_days[at - 1] > {PERIOD_DAYS}, arrayEnumerate(on_days))"
_ENDS = "arrayPushBack(arrayMap(at -> toUInt32(at - 1), arrayPopFront(starts)), toUInt32(length(on_days)))"
_IS_USUAL = """arrayMap(
        (start, end) -> start = 1 OR arraySum(arraySlice(on_day_events, start, end - start + 1))
            >= arrayReduce('quantileExactLow', arrayFilter(of_day -> of_day > 0, arraySlice(on_day_events, 1, start - 1))),
        starts, ends
    )"""
MAP_DAYS = View(
    "map_days",
    "Which local days each version of a map covers: those of the events that it gives a stage, and of answers with a score",
    {name: (COLUMNS[name], name) for name in ("map", "map_version")}
    | own(
        {
            "first_day": (
                "Date",
                "First local day on which it places an event or has an answer with a score",
                "on_days[1]",
            ),
            "last_day": (
                "Date",
                "Last local day on which it places an event or has an answer with a score",
                "on_days[-1]",
            ),
            "usual_day": (
                "Date",
                f"The day with which the default period ends: the last one, but that a gap of more than {PERIOD_DAYS} days without an "
                "event hides the few events behind it, until they are as many as on a usual day (the median) before the gap",
                "on_days[usual_at]",
            ),
            "events": ("Int64", "Touchpoint events that it places (additivity: sum)", "arraySum(on_day_events)"),
            "later_events": (
                "Int64",
                "Of those the ones after usual_day (additivity: sum)",
                "arraySum(arraySlice(on_day_events, usual_at + 1))",
            ),
        }
    ),
    layered(
        _DAYS,
        {"starts": _STARTS},
        {"ends": _ENDS},
        {"usual_at": f"ends[arrayLastIndex(is_usual -> is_usual, {_IS_USUAL})]"},
    ),
)

DIMENSION_VIEWS = (DIM_MAP, DIM_STAGE, DIM_TOUCHPOINT, DIM_PLACE, DIM_SOURCE, _dim_kpi(load_catalogue()))
