"""The selected journeys one by one, and the events of one of them: what stands behind funnel, paths and waits."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.choices import Choice
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import Select, indented
from touchline.sql.language.selection import OF_MAP
from touchline.sql.language.views import chosen, own
from touchline.sql.ledger.projections import ANSWER_TYPE, LEDGER, TOUCHPOINT_TYPE
from touchline.sql.ledger.rows import AMOUNT, IS_SHOWN, NET_ROWS, rows_of_ledger
from touchline.sql.ledger.selected_journeys import (
    ALL_OF_MAP,
    FACTS,
    SELECTION,
    WINDOW_IS_OVER,
    selected_journeys,
)
from touchline.sql.ledger.stays import BY, nodes, stay_nodes, stays_of
from touchline.sql.subjects.experiences import EXPERIENCES, IS_BAD, IS_GOOD
from touchline.sql.subjects.surveys.scores import variant_key

_STAYS = {f"{by}_{name}": sql for by in BY.values for name, sql in stays_of(f"'{by}'").items() if name == "met"}
_TIME: Final = "DateTime64(6, 'UTC')"
_PATH: Final = "Array(LowCardinality(String))"


def _moment(microseconds: str) -> str:
    return f"fromUnixTimestamp64Micro({microseconds}, 'UTC')"


def _names(by: str) -> str:
    one = f"'{by}'"
    return f"arrayMap(node -> {nodes(one)}[node], {stay_nodes(one, f'{by}_met')})"


_COLUMNS = own(
    {
        "person": ("String", "Person key", "person_key"),
        "cycle": ("UInt32", "Journey cycle of the person, from 1", ""),
        "started_at": (_TIME, "First touchpoint of the cycle (UTC)", _moment("started_us")),
        "last_at": (_TIME, "Last touchpoint of the cycle so far (UTC)", _moment("ended_us")),
        "converted_at": (
            f"Nullable({_TIME})",
            "Conversion of the cycle (UTC); NULL when there is none",
            f"if(conversions > 0, {_moment('converted_us')}, NULL)",
        ),
        "stage_max": ("UInt8", "Highest stage reached, in any order", "highest"),
        "depth": ("UInt8", "Stages passed in order, from the first on", ""),
        "touchpoints": ("UInt64", "Number of touchpoints (additivity: sum)", ""),
        "stage_at_end": (
            "LowCardinality(Nullable(String))",
            "Stage of its last touchpoint; NULL where the map gives none",
            "nullIf(last_stage, '')",
        ),
        "state": (
            "LowCardinality(String)",
            "open; converted: over, with a conversion; closed: over without. A conversion alone does not end a journey",
            "multiIf(is_open, 'open', conversions > 0, 'converted', 'closed')",
        ),
        "is_window_over": (
            "UInt8",
            "1 when the map's churn term has passed since it began: rates count it; without a term always",
            WINDOW_IS_OVER,
        ),
        "is_end_known": (
            "UInt8",
            "1 when the map's churn term has passed since its last touchpoint: drop-off counts its end; without a term always",
            SELECTION.term_is_over("ended_us"),
        ),
        "is_simulated": ("UInt8", "1 when a touchpoint of it is simulated", "simulated > 0"),
        "path": (_PATH, "Its touchpoints in order", _names("touchpoint")),
        "stage_path": (
            _PATH,
            "Its stages in order, one after another the same once; unmapped touchpoints have none",
            _names("stage"),
        ),
    }
)
_FACTS = FACTS | {"person_key": "any(person)", "last_stage": "argMax(stage, touchpoint_number)"} | _STAYS
JOURNEYS = ParameterizedView(
    "journeys",
    "One row per selected journey, with all of its touchpoints; at as_of it is open, or over",
    ARGUMENTS | AS_OF,
    _COLUMNS,
    selected_journeys(SELECTION, _FACTS),
)
ANSWERS: Final = Choice(
    "answers",
    {
        "all": "every answer that the KPI counts",
        "good": "those of its good class",
        "neutral": "those of neither class",
        "bad": "those of its bad class",
    },
)
_KPI: Final = {
    "kpi": Column("String", "KPI (dim_kpi.id)"),
    "variant": Column("String", "Formula variant (dim_kpi.variant)"),
    "scope": Column("String", "relational or transactional"),
}
_ANSWERED: Final = f"""
    SELECT who, cycle
    FROM{indented(EXPERIENCES, "    ")}
    WHERE kpi = {{kpi:String}} AND kpi_variant = {{variant:String}} AND scope = {{scope:String}} AND {ANSWERS.is_known}
        AND multiIf(
            {ANSWERS.is_("good")}, {IS_GOOD}, {ANSWERS.is_("bad")}, {IS_BAD},
            {ANSWERS.is_("neutral")}, NOT ({IS_GOOD}) AND NOT ({IS_BAD}), 1
        )
    GROUP BY who, cycle
"""
JOURNEYS_OF_ANSWERS = ParameterizedView(
    "journeys_of_answers",
    "One row per journey that the selected answers of a KPI are about: the filter selects answers. A journey may have several, and answers "
    "of nobody known have none",
    ARGUMENTS | AS_OF | _KPI | ANSWERS.parameter,
    _COLUMNS,
    selected_journeys(ALL_OF_MAP, _FACTS, among=_ANSWERED),
)
_OF_JOURNEY = {name: ARGUMENTS[name] for name in ("map", "map_version")} | {
    "person": Column("String", "Person key"),
    "cycle": Column("UInt32", "Journey cycle; 0 for what belongs to no journey"),
}
_OF_PERSON: Final = f"kind = 'attached' AND {IS_SHOWN} AND {OF_MAP} AND person != '' AND person = {{person:String}}"
_ROWS = rows_of_ledger(
    f"{_OF_PERSON} AND cycle = {{cycle:UInt32}}\n      AND {NET_ROWS}",
    f",\n    event_type = '{ANSWER_TYPE}' AS is_answer, local_date AS day_of_row, about_event_id != '' AS is_about_event,"
    f" {variant_key(load_catalogue())} AS kpi_variant",
)
_ABOUT_DATE = "if(is_about_event, toNullable(day_of_row), NULL)"
# An identifier has one type; a row whose fate moved, and its retraction, repeat the identifier without it.
_TYPES = Select(
    {"typed": "identifier", "type_of_it": "max(toString(identifier_type))"},
    LEDGER,
    where=(
        "kind = 'received' AND fate = 'stored'",
        f"identifier IN (\n    SELECT identifier FROM journey_raw.ledger\n    WHERE {_OF_PERSON}\n)",
    ),
    group_by=("identifier",),
).nested()
JOURNEY_EVENTS = ParameterizedView(
    "journey_events",
    "What a person did and answered in one journey: one row per event, with the rule that placed it; an answer stands at the day on which "
    "it was given, and names its occasion",
    _OF_JOURNEY,
    chosen("event_time", "local_date", local_date="if(is_answer, answered_date, local_date)")
    | own(
        {
            "number": (
                "Nullable(UInt32)",
                "Place among the person's touchpoints under this map, from 1, which orders those of one instant; NULL for answers",
                "nullIf(touchpoint_number, 0)",
            )
        }
    )
    | own({"kind": ("LowCardinality(String)", "touchpoint or answer", "if(is_answer, 'answer', 'touchpoint')")})
    | chosen("source", "event_id", "touchpoint", "action", "channel", "is_online", "stage", "stage_order", "transition")
    | chosen("wait_seconds", "is_conversion", "rule", "evidence", "persona", "segment", "place")
    | chosen(
        *("amount", "currency"),
        amount=f"if(NOT is_answer AND currency != '', {AMOUNT}, NULL)",
        currency="if(is_answer, NULL, nullIf(currency, ''))",
    )
    | chosen("kpi", "variant", "scope", variant="if(is_answer, nullIf(kpi_variant, ''), NULL)")
    | chosen("score", "disposition", "is_simulated", "is_declared")
    | own(
        {
            "about_date": (
                "Nullable(Date)",
                "Day of the event that the answer names; NULL when it names none",
                _ABOUT_DATE,
            )
        }
    )
    | chosen("about_source", "about_event_id")
    | own(
        {
            "identifier_type": (
                "LowCardinality(Nullable(String))",
                "Type of the identifier under which the event came: login, anonymous, ...; NULL while none is known",
                "nullIf(type_of_it, '')",
            )
        }
    ),
    f"{_ROWS} AS of_journey\nLEFT JOIN{_TYPES} AS types ON identifier = typed\nWHERE event_type IN ('{TOUCHPOINT_TYPE}', '{ANSWER_TYPE}')",
)
