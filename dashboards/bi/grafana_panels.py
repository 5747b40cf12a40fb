"""The panels of Grafana's dashboard: what stands where, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from touchline.dashboards.bi import grafana_queries as ask
from touchline.dashboards.bi.chart_form import Json


@dataclass(frozen=True)
class Panel:
    """One panel: what it asks and how it is drawn. `fields` are overrides by column: unit, decimals, how a line looks."""

    title: str
    kind: str
    sql: str
    width: int
    height: int
    about: str
    fields: dict[str, Json] = field(default_factory=dict)
    interval: str = ""
    is_stacked: bool = False


_SHARE: Json = {"unit": "percentunit", "decimals": 1}
_SECONDS: Json = {"unit": "s", "decimals": 1}
_SCORE: Json = {"decimals": 1}
_HIDDEN_LINE: Json = {"custom.lineWidth": 0, "custom.showPoints": "never"}
_INTERVAL = dict.fromkeys(("rate", "drop_off", "ci_low", "ci_high"), _SHARE)
_WAITS = dict.fromkeys(
    ("p50_seconds", "p75_seconds", "p90_seconds", "delay_p50_seconds", "delay_p90_seconds"), _SECONDS
)

PANELS = (
    Panel(
        "Touchpoint events",
        "stat",
        ask.EVENTS,
        6,
        4,
        "Events that stand, of the selection, and how many of them are simulated.",
    ),
    Panel(
        "Persons, journeys, converted journeys",
        "stat",
        ask.PERSONS,
        18,
        4,
        "Distinct over the whole period: never the sum of days. Converted: with a conversion by the end of the period. "
        "The last number is 1 when simulated events enter the others.",
    ),
    Panel(
        "KPIs by touchpoint",
        "table",
        ask.TOUCHPOINTS,
        24,
        10,
        "Value, n and 95 % interval, the change against the period of the same length before, and the map's target. "
        "is_small_n: too few answers for a verdict. wordings: of so many questions and versions. is_simulated: simulated answers.",
        dict.fromkeys(("value", "ci_low", "ci_high", "change", "change_low", "change_high"), _SCORE),
    ),
    Panel(
        "KPI over time: $score",
        "timeseries",
        ask.SCORE,
        24,
        10,
        "The value with its 95 % interval (band) and the number of answers (bars), those that are simulated apart, by the time of the "
        "touchpoint that is rated (UTC).",
        {
            "Low (95 %)": _HIDDEN_LINE,
            "High (95 %)": _HIDDEN_LINE | {"custom.fillBelowTo": "Low (95 %)", "custom.fillOpacity": 15},
            "Answers (n)": {
                "custom.drawStyle": "bars",
                "custom.axisPlacement": "right",
                "custom.fillOpacity": 20,
                "decimals": 0,
            },
            "Simulated among them (n)": {
                "custom.drawStyle": "bars",
                "custom.axisPlacement": "right",
                "custom.fillOpacity": 20,
                "decimals": 0,
            },
        },
        "1d",
    ),
    Panel(
        "From stage to stage: $mode",
        "table",
        ask.FUNNEL,
        12,
        9,
        "What became of the journeys that reached each stage: reached = advanced + completed + dropped + open, completed with the goal "
        "reached. The rate is of the n whose window is over (the churn term has passed since they began), with its 95 % interval; "
        "n_advanced and the other n_ columns add up to n.",
        _INTERVAL,
    ),
    Panel(
        "Where journeys end without a conversion",
        "table",
        ask.DROP_OFF,
        12,
        9,
        "Of the n journeys that were at a touchpoint in a stage at least the churn term ago, those that ended there, with the 95 % "
        "interval. Empty while all are younger: it is not known yet. dropped counts younger ones that are over, too.",
        _INTERVAL,
    ),
    Panel(
        "Events by stage",
        "timeseries",
        ask.EVENTS_BY_DAY,
        12,
        9,
        "By local day, those that are simulated apart.",
        {},
        "1d",
        True,
    ),
    Panel(
        "Events by touchpoint",
        "timeseries",
        ask.EVENTS_BY_HOUR,
        12,
        9,
        "By UTC hour, all personas, those that are simulated apart.",
        {},
        "1h",
        True,
    ),
    Panel(
        "Persons and journeys per day",
        "timeseries",
        ask.PERSONS_BY_DAY,
        12,
        9,
        "Distinct persons and journeys of each local day, of the whole map. Never add days up. Days with simulated events "
        "among them have lines of their own.",
        {},
        "1d",
    ),
    Panel("Revenue", "table", ask.REVENUE, 12, 9, "Paid amounts less refunds, by currency: never summed across."),
    Panel(
        "Paths",
        "table",
        ask.PATHS,
        12,
        9,
        "Journeys from step to step; every step sums to all selected journeys.",
        {"share": _SHARE},
    ),
    Panel(
        "Until the next touchpoint",
        "table",
        ask.WAITS,
        12,
        9,
        "Kaplan-Meier, with the journeys that are still open.",
        {"open_share": _SHARE, **_WAITS},
    ),
    Panel("Not on the map", "table", ask.UNMAPPED, 8, 9, "Events to which the default map gives no stage."),
    Panel(
        "Freshness",
        "table",
        ask.FRESHNESS,
        16,
        9,
        "The newest event of each source, and how long after it an event is stored.",
        _WAITS,
    ),
    Panel(
        "The account",
        "table",
        ask.ACCOUNT,
        24,
        7,
        "received = stored + duplicate + superseded + quarantined + suppressed + erased.",
    ),
)
