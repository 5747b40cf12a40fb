"""The events behind each cell of each mart: `journey_api.<mart>_events`.

One row per event and cell, under the mart's own dimension columns, with what the event adds to the cell: the sums of these columns are the
mart's numbers. Made from the definitions that the marts are made from, so that a chart and its drill-down cannot disagree.

Why: docs/decisions/0085.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.sql.catalogue import load_catalogue
from touchline.sql.fact_views import AMOUNT, UNMAPPED_EVENTS
from touchline.sql.funnel import FUNNELS, STAGES, Funnel
from touchline.sql.mart_views import PERSONS, REVENUE, VOLUMES, WAIT
from touchline.sql.projections import (
    ANSWER_TYPE,
    FIRST_OF_BITS,
    PERSONS_1D,
    REVENUE_1D,
    SURVEY_1D,
    SURVEY_1H,
    TOUCHPOINT_ROWS,
    TOUCHPOINT_TYPE,
    UNMAPPED,
    VOLUME_1D,
    VOLUME_1H,
    WAIT_1D,
    Projection,
)
from touchline.sql.simulated import is_label
from touchline.sql.survey_marts import SURVEYS
from touchline.sql.surveys import COUNTED_DISPOSITIONS, SCORE_UNITS_PER_POINT, formulas
from touchline.sql.view_columns import COLUMNS, Column
from touchline.sql.views import DEFAULT_MAP, NET_ROWS, View, indented

SCHEMA: Final = "journey_api"
EVENT: Final = ("event_time", "source", "event_id", "person")
_ONE: Final = "toInt64(1)"
_VALUES: Final = frozenset(
    (
        "events", "persons", "journeys", "orders", "amount", "n", "n_positive", "n_neutral", "n_negative", "numerator", "denominator",
        "value", "reached", "reached_next", "rate", "ci_low", "ci_high", "ci_method",
    )
)  # fmt: skip
"""Columns of marts that are numbers, not dimensions."""


class EventView(NamedTuple):
    """The view of the events behind a mart: `keys` are the mart's dimension columns, `adds` the columns that sum up to the mart's.
    Only events of `event_type` are in it."""

    mart: str
    event_type: str
    view: View
    keys: tuple[str, ...]
    adds: tuple[str, ...]


def _behind(mart: View, adds: dict[str, str], source: str) -> EventView:
    """`adds` maps columns of the mart to what one event adds."""
    keys = {
        name: column for name, column in mart.columns.items() if name not in _VALUES and not is_label(name, column[0])
    }
    event = {name: (COLUMNS[name], COLUMNS[name].shown or name) for name in EVENT if name not in keys}
    added = {name: (_added(mart.columns[name][0]), sql) for name, sql in adds.items()}
    comment = f"The events behind journey.{mart.name}: one row per event and cell, with what it adds to the cell (additivity: sum)"
    view = View(f"{mart.name}_events", comment, keys | event | added, source, SCHEMA)
    return EventView(mart.name, ANSWER_TYPE if mart in SURVEYS else TOUCHPOINT_TYPE, view, tuple(keys), tuple(adds))


def _added(column: Column) -> Column:
    return Column(column.type, f"What the event adds to: {column.comment[0].lower()}{column.comment[1:]}")


def _rows(projection: Projection, condition: str = "") -> str:
    """The standing rows that a projection sums, with its keys that are no columns of the ledger."""
    made = "".join(f", {sql} AS {name}" for name, sql in projection.keys.items() if sql != name)
    return f"\n(\n    SELECT *{made}\n    FROM journey_raw.ledger\n    WHERE {projection.rows}{condition}\n      AND {NET_ROWS}\n)"


def _survey(mart: View, projection: Projection) -> EventView:
    classes = {
        "formula_kind": "formulas.kind",  # the ledger has a column of that name, too
        "is_positive": "score BETWEEN good_from AND good_to",
        "is_negative": "score BETWEEN bad_from AND bad_to",
    }
    named = ", ".join(f"{sql} AS {name}" for name, sql in classes.items())
    net = "toFloat64(is_positive) - toFloat64(is_negative)"
    points = f"round(score * {SCORE_UNITS_PER_POINT}) / {SCORE_UNITS_PER_POINT}"
    counted = f"\n      AND disposition IN ({COUNTED_DISPOSITIONS})"
    source = f"""
(
    SELECT *, {named}
    FROM{indented(_rows(projection, counted))} AS scores
    INNER JOIN {indented(formulas(load_catalogue())).lstrip()} AS formulas
    USING (kpi, variant, scale_min, scale_max)
)"""
    adds = {
        "n": _ONE,
        "n_positive": "toInt64(is_positive)",
        "n_neutral": "toInt64(NOT is_positive AND NOT is_negative)",
        "n_negative": "toInt64(is_negative)",
        "numerator": f"multiIf(formula_kind = 'net', {net}, formula_kind = 'share', toFloat64(is_positive), {points})",
        "denominator": _ONE,
    }
    return _behind(mart, adds, source)


def _funnel(funnel: Funnel) -> EventView:
    """An event takes its journey past the stages from `before` (excluded) to `after`: it adds 1 to `reached` of these, and to
    `reached_next` of the ones before them."""
    source = f"""
(
    SELECT
        map, map_version, stage, stage_order, event_time, source, event_id, person,
        toInt64(stage_order > before) AS reached,
        if(stage_order = last_order, NULL, toInt64(stage_order < after)) AS reached_next
    FROM
    (
        SELECT map, map_version, stage_order, event_time, source, event_id, person, before, after
        FROM
        (
            SELECT map, map_version, event_time, source, event_id, person, {funnel.before} AS before, {funnel.after} AS after
            FROM journey_raw.ledger
            WHERE {TOUCHPOINT_ROWS} AND {funnel.before} < {funnel.after}
              AND {NET_ROWS}
        )
        ARRAY JOIN range(toUInt8(greatest(before, 1)), toUInt8(after + 1)) AS stage_order
    ) AS steps
    INNER JOIN
    (
{indented(STAGES, "        ")}
    ) AS stages USING (map, map_version, stage_order)
)"""
    return _behind(funnel.view, {"reached": "reached", "reached_next": "reached_next"}, source)


_BITS = {name: bit.bit_length() - 1 for name, bit in FIRST_OF_BITS.items()}
EVENT_VIEWS = (
    *(
        _behind(mart, {"events": _ONE}, _rows(projection))
        for mart, projection in zip(VOLUMES, (VOLUME_1H, VOLUME_1D), strict=True)
    ),
    *(
        _behind(
            mart,
            {name: f"toInt64(bitTest(first_of, {_BITS[f'{name}_{grain}']}))" for name in ("persons", "journeys")},
            _rows(PERSONS_1D, "\n      AND touchpoint_number > 0" + (" AND is_mapped = 1" if grain == "stage" else "")),
        )
        for mart, grain in zip(PERSONS, ("touchpoint", "stage", "channel"), strict=True)
    ),
    *(_survey(mart, projection) for mart, projection in zip(SURVEYS, (SURVEY_1H, SURVEY_1D), strict=True)),
    _behind(REVENUE, {"orders": _ONE, "amount": AMOUNT}, _rows(REVENUE_1D)),
    _behind(WAIT, {"events": _ONE}, _rows(WAIT_1D)),
    *(_funnel(funnel) for funnel in FUNNELS),
    _behind(UNMAPPED_EVENTS, {"events": _ONE}, _rows(UNMAPPED, f"\n      AND {DEFAULT_MAP}")),
)
