"""Events and amounts: marts of all days, and sums of a selection over the daily projections."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import GRAINS, Choice, part_of_bucket
from touchline.sql.language.columns import COLUMNS, DAILY, HOURLY, MAP, Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.selection import FILTER_COLUMNS, OF_MAP, SELECTED
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.behind import ONE, behind, rows_behind
from touchline.sql.ledger.projections import (
    IS_DECLARED,
    REVENUE_1D,
    TOUCHPOINT_ROWS,
    VOLUME_1D,
    VOLUME_1H,
    Projection,
)
from touchline.sql.ledger.rows import AMOUNT

_HOUR = {"bucket": (COLUMNS["bucket_1h"], "bucket")}
_DAY = {"bucket": (COLUMNS["bucket_1d"], "bucket")}


def _from(projection: Projection, condition: str) -> str:
    return f"\n(\n{projection.reading()}\n)\nWHERE {condition}"


VOLUMES = tuple(
    View(
        f"kpi_{projection.name}",
        f"{projection.comment} (additivity: sum)",
        bucket | chosen(*dimensions, "is_declared", *MAP, "events", is_declared="is_declared"),
        _from(projection, "events != 0"),
    )
    for projection, bucket, dimensions in ((VOLUME_1H, _HOUR, HOURLY), (VOLUME_1D, _DAY, DAILY))
)

REVENUE = View(
    "kpi_revenue_1d",
    "Paid amounts by local day and currency; never sum across currencies (additivity: sum)",
    _DAY | chosen(*DAILY, *MAP, "currency", "kind", "orders", "amount", amount=AMOUNT),
    _from(REVENUE_1D, "orders != 0 OR amount_minor != 0"),
)
VOLUMES_BEHIND = tuple(
    behind(mart, {"events": ONE}, rows_behind(projection))
    for mart, projection in zip(VOLUMES, (VOLUME_1H, VOLUME_1D), strict=True)
)
REVENUE_BEHIND = behind(REVENUE, {"orders": ONE, "amount": AMOUNT}, rows_behind(REVENUE_1D))

GRAIN: Final = Choice("grain", GRAINS)
_TOUCHPOINT = ("touchpoint", "stage", "stage_order", "channel", "is_online", "is_simulated")
_DECLARED = {"is_declared": IS_DECLARED}

VOLUME_BY_TOUCHPOINT = ParameterizedView(
    "volume_by_touchpoint",
    "Events of the selection by touchpoint (additivity: sum)",
    SELECTION,
    chosen(*_TOUCHPOINT, "is_declared", "events", is_declared="is_declared"),
    f"\n(\n{VOLUME_1D.selecting(SELECTED, {name: name for name in _TOUCHPOINT} | _DECLARED)}\n)\nWHERE events != 0",
)


def _bucketed() -> str:
    """Hours come from the rows, since no projection holds both the hour and what is selected by; the others from the daily one. The branch
    that is not asked for reads nothing."""
    day = f"multiIf({GRAIN.is_('day')}, local_date, {GRAIN.is_('week')}, toMonday(local_date), toStartOfMonth(local_date))"
    keys = {"touchpoint": "touchpoint", "is_simulated": "is_simulated"} | _DECLARED
    daily = VOLUME_1D.selecting(
        f"{SELECTED} AND {GRAIN.is_known} AND NOT {GRAIN.is_('hour')}", {"bucket_day": day} | keys
    )
    return f"""
(
    SELECT toDateTime(bucket_day, 'UTC') AS bucket, touchpoint, is_simulated, is_declared, events
    FROM (
{daily}
    )
    UNION ALL
    SELECT toStartOfHour(event_time) AS bucket, touchpoint, is_simulated, {IS_DECLARED} AS is_declared, sum(sign) AS events
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS}
        AND {SELECTED} AND {GRAIN.is_("hour")}
    GROUP BY bucket, touchpoint, is_simulated, is_declared
)
WHERE events != 0"""


VOLUME_OVER_TIME = ParameterizedView(
    "volume_over_time",
    "Events of the selection over time, by touchpoint (additivity: sum)",
    SELECTION | GRAIN.parameter,
    own({"bucket": ("DateTime('UTC')", "Begin of the hour, or of the first local day of the bucket", "")})
    | part_of_bucket(GRAIN, "bucket")
    | chosen("touchpoint", "is_simulated", "is_declared", "events", is_declared="is_declared"),
    _bucketed(),
)
_PLACE = ("touchpoint", "stage", "stage_order", "currency", "is_simulated")
REVENUE_BY_TOUCHPOINT = ParameterizedView(
    "revenue_by_touchpoint",
    "Paid amounts of the selection by touchpoint, stage and currency, less refunds; never sum across currencies (additivity: sum)",
    SELECTION,
    chosen("touchpoint", "stage", "stage_order")
    | own({"currency": ("LowCardinality(String)", "ISO 4217 currency", "")})
    | chosen("is_simulated", "orders")
    | {"amount": (COLUMNS["amount"], "accurateCastOrNull(total, 'Decimal(18, 4)')")},
    f"""
(
    SELECT
        {", ".join(_PLACE)}, sum(orders) AS orders,
        sum(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0)) AS total
    FROM
    (
{REVENUE_1D.selecting(SELECTED, {name: name for name in (*_PLACE, "currency_exponent")})}
    )
    GROUP BY {", ".join(_PLACE)}
)
WHERE orders != 0 OR total != 0""",
)


def _values_of(key: str, text: str) -> str:
    keyed = VOLUME_1D.selecting(OF_MAP, {"value": f"toString({text})"})
    return f"    SELECT '{key}' AS key, value, events FROM (\n{keyed}\n    ) WHERE events != 0"


_BY_MAP = {name: SELECTION[name] for name in ("map", "map_version")}
DIMENSION_VALUES = ParameterizedView(
    "dimension_values",
    "What a reader can filter by: every value of every key of the filter (additivity: sum within a key)",
    _BY_MAP,
    {
        "key": (Column("LowCardinality(String)", "Key of the filter"), "key"),
        "value": (Column("String", "One of its values; empty for what is not known"), "value"),
        "events": (COLUMNS["events"], "events"),
    },
    "\n(\n" + "\n    UNION ALL\n".join(_values_of(key, text) for key, text in FILTER_COLUMNS.items()) + "\n)",
)

VOLUME_API_VIEWS = (VOLUME_BY_TOUCHPOINT, VOLUME_OVER_TIME, REVENUE_BY_TOUCHPOINT, DIMENSION_VALUES)
