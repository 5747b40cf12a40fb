"""The fact views: one row per real thing, of what stands."""

from __future__ import annotations

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import FACTS, MAP
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.behind import ONE, behind, rows_behind
from touchline.sql.ledger.projections import ANSWER_ROWS, TOUCHPOINT_ROWS, UNMAPPED
from touchline.sql.ledger.rows import AMOUNT, DEFAULT_MAP, NET_ROWS, amount_class, rows_of_ledger
from touchline.sql.ledger.simulated import label, labelled
from touchline.sql.subjects.surveys.scores import classified, variant_key

_ATTACHED = chosen(
    *("event_time", "local_date", "source", "event_id", "revision", "person", *FACTS, *MAP),
    *("is_mapped", "cycle", "transition", "wait_seconds", "is_conversion", "rule", "evidence", "is_declared"),
)
_DEFAULT_ROWS = f"{TOUCHPOINT_ROWS}\n      AND {NET_ROWS}\n      AND {DEFAULT_MAP}"

TOUCHPOINTS = View(
    "touchpoints",
    "One row per touchpoint event, as the default map attaches it",
    _ATTACHED,
    rows_of_ledger(_DEFAULT_ROWS),
)
ATTACHMENTS = View(
    "attachments",
    "One row per touchpoint event and journey map",
    _ATTACHED,
    rows_of_ledger(f"{TOUCHPOINT_ROWS}\n      AND {NET_ROWS}"),
)
ANSWERS = View(
    "answers",
    "One row per survey answer, at the stage of its touchpoint in the default map, with the event that it names (its occasion)",
    chosen(
        *(
            "answered_at",
            "answered_date",
            "about_time",
            "about_date",
            "about_source",
            "about_event_id",
            "source",
            "event_id",
            "person",
            *FACTS,
            *MAP,
            "survey",
            "question",
            "kpi",
            "variant",
        ),
        *("scope", "scale_min", "scale_max", "score", "disposition", "is_classified"),
        *("about_amount", "about_currency", "amount_class"),
        about_amount=f"if(currency != '', {AMOUNT}, NULL)",
        amount_class=amount_class(),
    ),
    rows_of_ledger(
        f"{ANSWER_ROWS}\n      AND {NET_ROWS}\n      AND {DEFAULT_MAP}",
        f",\n    {variant_key(load_catalogue())} AS kpi_variant,\n    {classified(load_catalogue())} AS is_classified",
    ),
)
ORDERS = View(
    "orders",
    "One row per event that names an order or an amount; refunds are negative",
    chosen(
        *("event_time", "local_date", "source", "event_id", "order_id", "kind", "amount", "currency", "person", *FACTS),
        amount=f"if(currency != '', {AMOUNT}, NULL)",
    ),
    rows_of_ledger(f"{_DEFAULT_ROWS}\n      AND (currency != '' OR order_id != '')"),
)
JOURNEYS = View(
    "journeys",
    "One row per person, map and journey cycle",
    chosen("person", "map", "map_version", "cycle", person="person", cycle="cycle")
    | own(
        {
            "started_at": ("DateTime64(6, 'UTC')", "First touchpoint of the cycle (UTC)", ""),
            "last_at": ("DateTime64(6, 'UTC')", "Last touchpoint of the cycle so far (UTC)", ""),
            "converted_at": ("Nullable(DateTime64(6, 'UTC'))", "First conversion of the cycle; NULL when none yet", ""),
            "max_stage_order": (
                "Nullable(UInt8)",
                "Highest stage reached; NULL when no touchpoint is mapped",
                "nullIf(highest, 0)",
            ),
            "touchpoints": ("UInt64", "Number of touchpoints (additivity: sum)", ""),
            "is_simulated": (
                "UInt8",
                "1 when a touchpoint of it is simulated: label it wherever it is shown",
                "simulated",
            ),
        }
    ),
    f"""
(
    SELECT
        person, map, map_version, cycle, min(event_time) AS started_at, max(event_time) AS last_at,
        minOrNullIf(event_time, is_conversion = 1) AS converted_at, max(stage_order) AS highest, count() AS touchpoints,
        max(is_simulated) AS simulated
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND person != '' AND cycle > 0
      AND {NET_ROWS}
    GROUP BY person, map, map_version, cycle
)""",
)
_OF_TOUCHPOINT = {name: name for name in ("map", "map_version", "touchpoint")}
_IS_SIMULATED = "is_simulated = 1 AND stage = ''"
UNMAPPED_EVENTS = View(
    "unmapped",
    "Touchpoint events to which the default map gives no stage (additivity: sum)",
    chosen("source", "touchpoint", "action", "events")
    | label("an event of that touchpoint which the map does not place is simulated"),
    f"{labelled(UNMAPPED.reading(''), _OF_TOUCHPOINT, _IS_SIMULATED)}\nWHERE events != 0 AND {DEFAULT_MAP}",
)
UNMAPPED_BEHIND = behind(UNMAPPED_EVENTS, {"events": ONE}, rows_behind(UNMAPPED, f"\n      AND {DEFAULT_MAP}"))

FACT_VIEWS = (TOUCHPOINTS, ATTACHMENTS, ANSWERS, ORDERS, JOURNEYS, UNMAPPED_EVENTS)
