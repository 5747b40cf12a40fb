"""The charts at the head of Superset's dashboard: single numbers, and scores over time."""

from __future__ import annotations

from touchline.dashboards.bi.chart_form import LABELLED_AXIS, MAPPED, MONTH, Chart, Filter, Json, Query


def _number(name: str, title: str, dataset: str, metric: str, about: str, filters: tuple[Filter, ...] = ()) -> Chart:
    shape: Json = {"subtitle": about, "y_axis_format": ",d", "header_font_size": 0.4, "subtitle_font_size": 0.15}
    return Chart(name, title, "big_number_total", dataset, Query((metric,), filters=filters), about, shape)


def _score(name: str, title: str, kpi: str, variant: str, scope: str, low: int, high: int, unit: str) -> Chart:
    """A KPI by month with its interval as a band, and its n as an area behind."""
    one = tuple(Filter(*pair) for pair in (("kpi", "==", kpi), ("variant", "==", variant), ("scope", "==", scope)))
    filters = (*one, MAPPED)
    shape: Json = LABELLED_AXIS | {
        "seriesType": "line",
        "markerEnabled": True,
        "markerSize": 5,
        "seriesTypeB": "middle",
        "areaB": True,
        "opacityB": 0.15,
        "yAxisIndexB": 1,
        "y_axis_bounds": [low, high],
        "y_axis_format": ",.0f",
        "y_axis_format_secondary": ",.0f",
        "yAxisTitle": unit,
        "yAxisTitleMargin": 30,
        "yAxisTitleSecondary": "n",
        "color_scheme": "supersetColors",
    }
    band = Query(("score", "score__yhat_lower", "score__yhat_upper"), filters=filters, time_grain=MONTH)
    answers = Query(("answers", "answers_simulated"), filters=filters, time_grain=MONTH)
    about = (
        "Value with its 95 % interval (band), and the number of answers (area), those that are simulated apart. "
        "The month is that of the touchpoint that is rated."
    )
    return Chart(name, title, "mixed_timeseries", "kpi_survey_1d", band, about, shape, answers)


NUMBERS = (
    _number("events", "Touchpoint events", "kpi_volume_1d", "total_events", "mapped to a stage", (MAPPED,)),
    _number("journeys", "Journeys", "journeys", "journey_cycles", "cycles that began in the period"),
    _number("converted", "Converted journeys", "journeys", "converted", "of them, with a conversion so far"),
    _number("persons", "Persons", "journeys", "journey_persons", "distinct, over the whole period"),
)
SIMULATED = (
    _number(
        "events_simulated",
        "Simulated events",
        "kpi_volume_1d",
        "events_simulated",
        "of the touchpoint events, simulated",
        (MAPPED,),
    ),
    _number(
        "journeys_simulated",
        "Simulated journeys",
        "journeys",
        "journeys_simulated",
        "of the journeys, with a simulated event",
    ),
)
SCORES = (
    _score("nps", "Net Promoter Score after the touchpoint", "nps", "standard", "transactional", -100, 100, "points"),
    _score("csat", "Customer satisfaction, all experiences", "csat", "top_2_box", "relational", 0, 100, "% satisfied"),
    _score("ces", "Customer effort: made it easy", "ces", "top_3_box", "transactional", 0, 100, "% easy"),
)
