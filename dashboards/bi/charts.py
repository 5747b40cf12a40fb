"""The charts of Superset's dashboard.

Each says which simulated events enter its numbers: in a column, in the name of a series, or as a number beside it.
"""

from __future__ import annotations

from touchline.dashboards.bi.chart_form import DAY, LABELLED_AXIS, MAPPED, MONTH, WEEK, Chart, Filter, Query
from touchline.dashboards.bi.headline_charts import NUMBERS, SCORES, SIMULATED
from touchline.sql.language.usual import PERIOD_DAYS

VOLUME = Chart(
    "volume",
    "Events by stage",
    "echarts_timeseries_bar",
    "kpi_volume_1d",
    Query(("total_events",), ("stage_marked",), (MAPPED,), WEEK, row_limit=10_000),
    "Events that stand, by local week and stage, those that are simulated apart.",
    LABELLED_AXIS | {"stack": "Stack", "y_axis_format": "~s", "color_scheme": "supersetColors"},
)
REVENUE = Chart(
    "revenue",
    "Revenue by currency",
    "echarts_timeseries_bar",
    "kpi_revenue_1d",
    Query(("total_amount",), ("currency_marked",), (Filter("currency", "IS NOT NULL"),), MONTH),
    "Paid amounts, tax included, less refunds, those of simulated events apart. Currencies are never summed.",
    LABELLED_AXIS | {"y_axis_format": "~s", "color_scheme": "supersetColors"},
)
PERSONS = Chart(
    "persons_per_day",
    "Persons per day by stage",
    "echarts_timeseries_line",
    "kpi_persons_stage_1d",
    Query(("cell_persons",), ("stage_marked",), (MAPPED,), DAY, row_limit=10_000),
    "Distinct persons of each local day and stage: days and stages share persons, so they are never added up. "
    "A line (simulated) is of days on which simulated events are among them.",
    LABELLED_AXIS | {"y_axis_format": "~s", "color_scheme": "supersetColors"},
)
_REACHED = ("reached", "advanced", "completed", "dropped", "open")
_JUDGED = ("denominator", "numerator", "rest_completed", "rest_dropped", "rest_open")
FUNNEL = Chart(
    "funnel",
    "Journeys that reached each stage, in order",
    "funnel",
    "funnel_stage",
    Query(("cell_reached",), ("stage_marked",), row_limit=20),
    "Journeys that passed the stages one after another, up to each. (simulated): simulated events are among them.",
    {
        "sort_by_metric": True,
        "show_legend": False,
        "label_type": "key_value",
        "number_format": ",d",
        "tooltip_label_type": 5,
    },
)
CONVERSION = Chart(
    "conversion",
    "From stage to stage, in order",
    "table",
    "funnel_stage",
    Query(
        columns=("stage_order", "stage", *_REACHED, "rate", "ci_low", "ci_high", *_JUDGED, "simulated"),
        order_by=(("stage_order", True),),
        row_limit=50,
    ),
    "What became of the journeys that reached a stage: reached = advanced + completed + dropped + open. The rate is numerator / "
    "denominator, of the journeys whose window is over, with its 95 % interval; numerator and rest add up to the denominator. It is the "
    "funnel of the page.",
    {
        "show_cell_bars": False,
        "column_config": {
            **{name: {"d3NumberFormat": ",d"} for name in (*_REACHED, *_JUDGED)},
            **{name: {"d3NumberFormat": ".1%"} for name in ("rate", "ci_low", "ci_high")},
        },
    },
)
GLANCE = Chart(
    "touchpoints",
    "Touchpoints of the default map at a glance",
    "table",
    "touchpoint_glance",
    Query(
        columns=(
            *(
                "stage",
                "touchpoint",
                "kpi_named",
                "n",
                "wordings",
                "value",
                "interval",
                "trend",
                "change",
                "target",
                "target_verdict",
            ),
            *("events", "persons", "drop_off", "revenue", "currency", "simulated"),
        ),
        filters=(MAPPED,),
        order_by=(("stage_order", True), ("touchpoint", True), ("kpi", True)),
        row_limit=500,
    ),
    f"The default map's last {PERIOD_DAYS} days up to its newest event, each KPI compared with the {PERIOD_DAYS} before: 95 % interval, "
    "trend and target. Events, persons, drop-off and revenue are of the touchpoint and stand again in the row of each of its KPIs. "
    "Drop-off is empty where it is not known yet: whoever was there may go on while the map's churn term runs. "
    "Empty for other maps; the period does not filter it.",
    {
        "show_cell_bars": False,
        "column_config": {
            **{name: {"d3NumberFormat": ",d"} for name in ("n", "wordings", "events", "persons")},
            **{name: {"d3NumberFormat": ",.1f"} for name in ("value", "target")},
            "change": {"d3NumberFormat": "+,.1f"},
            "drop_off": {"d3NumberFormat": ".1%"},
            "revenue": {"d3NumberFormat": ",.0f"},
        },
    },
)
TOUCHPOINT_KPIS = Chart(
    "touchpoint_kpis",
    "KPIs by touchpoint, of the chosen map and period",
    "table",
    "kpi_survey_1d",
    Query(
        ("answers", "wordings", "score", "score__yhat_lower", "score__yhat_upper"),
        ("stage", "touchpoint", "kpi", "variant", "scope", "simulated"),
        (MAPPED,),
        order_by=(("answers", False),),
        row_limit=200,
    ),
    "Value, n and 95 % interval of each KPI, formula variant and scope, over the whole period. Simulated answers are marked. "
    "Wordings: of so many questions and versions the value is.",
    {"show_cell_bars": False},
)
WAITS = Chart(
    "waits",
    "What comes next, and after how long",
    "table",
    "kpi_dwell",
    Query(
        (
            *("total_n_followed", "cell_n_open", "cell_open_share", "cell_n_last"),
            *("cell_p50_hours", "cell_p75_hours", "cell_p90_hours"),
        ),
        ("value", "simulated"),
        (Filter("level", "==", "touchpoint"),),
        order_by=(("total_n_followed", False),),
        row_limit=200,
    ),
    "Hours until the journey's next touchpoint: half, three in four and nine in ten follow within (Kaplan-Meier, with those still open).",
    {"show_cell_bars": False},
)
PATHS = Chart(
    "paths",
    "Paths: the first four touchpoints",
    "sankey_v2",
    "path_edges",
    Query(
        ("total_journeys",),
        ("from_step", "to_step"),
        (Filter("level", "==", "touchpoint"), Filter("step", "<", 4), Filter("from_node", "!=", "(end)")),
        row_limit=500,
    ),
    "Journeys from step to step. The number before a name is the step; what is rare at a step is one '(other)'. "
    "Journeys with simulated touchpoints among them start at a node of their own.",
)
FRESHNESS = Chart(
    "freshness",
    "Freshness of each source",
    "table",
    "freshness",
    Query(
        ("total_events", "cell_delay_p50_hours", "cell_delay_p90_hours"),
        ("source", "last_event_time", "last_stored_at"),
        order_by=(("total_events", False),),
        row_limit=200,
    ),
    "The newest event of each source, and how long after its event time an event is stored.",
    {"show_cell_bars": False},
)
PERSONS_BY_MONTH = Chart(
    "persons_per_month",
    "Persons and journeys per month",
    "table",
    "kpi_persons_1mo",
    Query(
        ("cell_persons", "cell_journeys"), ("bucket", "simulated"), order_by=(("last_bucket", False),), row_limit=120
    ),
    "Distinct over the whole month: less than the sum of its days.",
    {"show_cell_bars": True, "table_timestamp_format": "%b %Y"},
)
UNMAPPED = Chart(
    "unmapped",
    "Not on the map",
    "table",
    "unmapped",
    Query(
        ("total_events",),
        ("source", "touchpoint", "action", "simulated"),
        order_by=(("total_events", False),),
        row_limit=100,
    ),
    "Touchpoint events to which the default map gives no stage.",
)
ACCOUNT = Chart(
    "account",
    "The account of each partition",
    "table",
    "account",
    Query(
        columns=(
            *(
                "partition",
                "received",
                "stored",
                "duplicate",
                "superseded",
                "quarantined",
                "suppressed",
                "erased",
            ),
            *("gaps", "is_balanced"),
        ),
        order_by=(("partition", True),),
        row_limit=200,
    ),
    "Every record has exactly one fate: received = stored + duplicate + superseded + quarantined + suppressed + erased.",
    {"show_cell_bars": False},
)
CHARTS = (
    *(
        *SIMULATED,
        *NUMBERS,
        GLANCE,
        *SCORES,
        TOUCHPOINT_KPIS,
        VOLUME,
        PERSONS,
        PERSONS_BY_MONTH,
        FUNNEL,
        CONVERSION,
        PATHS,
        WAITS,
        REVENUE,
    ),
    *(UNMAPPED, ACCOUNT, FRESHNESS),
)
