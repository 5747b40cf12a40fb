"""The marts `kpi_<subject>_<grain>` and the account: sums over the ledger's projections, with their intervals."""

from __future__ import annotations

from touchline.sql.fact_views import AMOUNT
from touchline.sql.funnel import FUNNELS
from touchline.sql.projections import (
    PERSONS_1D,
    REVENUE_1D,
    VOLUME_1D,
    VOLUME_1H,
    WAIT_1D,
    Projection,
)
from touchline.sql.simulated import label, labelled
from touchline.sql.survey_marts import SURVEYS, SURVEYS_OVER_TIME
from touchline.sql.view_columns import COLUMNS, DAILY, HOURLY, MAP
from touchline.sql.views import View, chosen, own

FATES = ("stored", "duplicate", "superseded", "quarantined", "suppressed", "erased")
_HOUR = {"bucket": (COLUMNS["bucket_1h"], "bucket")}
_DAY = {"bucket": (COLUMNS["bucket_1d"], "bucket")}


def _from(
    projection: Projection, condition: str, keys: tuple[str, ...] | None = None, sums: tuple[str, ...] | None = None
) -> str:
    return f"\n(\n{projection.reading(keys=keys, sums=sums)}\n)\nWHERE {condition}"


def _labelled(
    projection: Projection,
    condition: str,
    by: tuple[str, ...],
    keys: tuple[str, ...] | None = None,
    sums: tuple[str, ...] | None = None,
) -> str:
    of_day = {"bucket": "local_date"} | {name: name for name in by}
    return f"{labelled(projection.reading('', keys=keys, sums=sums), of_day)}\nWHERE {condition}"


VOLUMES = tuple(
    View(
        f"kpi_{projection.name}",
        f"{projection.comment} (additivity: sum)",
        bucket | chosen(*dimensions, *MAP, "events"),
        _from(projection, "events != 0"),
    )
    for projection, bucket, dimensions in ((VOLUME_1H, _HOUR, HOURLY), (VOLUME_1D, _DAY, DAILY))
)

PERSONS = tuple(
    View(
        f"kpi_persons_{grain}_1d",
        f"Distinct persons and journeys by local day and {grain} (additivity: distinct; other periods: count persons in touchpoints)",
        _DAY
        | chosen(
            "map", "map_version", grain, "persons", "journeys", persons=f"persons_{grain}", journeys=f"journeys_{grain}"
        )
        | label(f"an event of that day and {grain} is simulated"),
        _labelled(
            PERSONS_1D,
            f"persons_{grain} != 0 OR journeys_{grain} != 0",
            ("map", "map_version", grain),
            ("bucket", "map", "map_version", grain),
            (f"persons_{grain}", f"journeys_{grain}"),
        ),
    )
    for grain in ("touchpoint", "stage", "channel")
)


REVENUE = View(
    "kpi_revenue_1d",
    "Paid amounts by local day and currency; never sum across currencies (additivity: sum)",
    _DAY | chosen(*DAILY, *MAP, "currency", "kind", "orders", "amount", amount=AMOUNT),
    _from(REVENUE_1D, "orders != 0 OR amount_minor != 0"),
)
WAIT = View(
    "kpi_wait_1d",
    "Touchpoints by the time since the same person's touchpoint before (additivity: histogram)",
    _DAY
    | chosen("map", "map_version", "stage", "touchpoint", "channel")
    | own(
        {
            "wait_from_seconds": ("Int64", "Lower end of the class, included", "class"),
            "wait_below_seconds": ("Int64", "Upper end of the class, excluded", "if(class = 0, 1, 2 * class)"),
        }
    )
    | chosen("events")
    | label("an event of that day, stage, touchpoint and channel is simulated"),
    _labelled(WAIT_1D, "events != 0", ("map", "map_version", "stage", "touchpoint", "channel")),
)

_STREAM = "splitByChar('/', toString(stream))"
ACCOUNT = View(
    "account",
    "The account of each topic-partition: every record has exactly one fate (additivity: sum)",
    own(
        {
            "topic": ("LowCardinality(String)", "Kafka topic", f"{_STREAM}[1]"),
            "incarnation": (
                "LowCardinality(String)",
                "Id of the topic: a topic made anew has another",
                f"{_STREAM}[2]",
            ),
            "partition": ("UInt32", "Kafka partition", f"toUInt32({_STREAM}[3])"),
            "received": ("Int64", "Records read from Kafka", "counts['received']"),
            "stored": ("Int64", "Records whose event stands", "counts['stored']"),
            "duplicate": ("Int64", "Records that repeat an event with the same payload", "counts['duplicate']"),
            "superseded": ("Int64", "Records that lost to a higher revision of their event", "counts['superseded']"),
            "quarantined": ("Int64", "Records kept out, with a reason (view quarantine)", "counts['quarantined']"),
            "suppressed": ("Int64", "Records that may not be kept for want of consent", "counts['suppressed']"),
            "erased": ("Int64", "Records of erased persons", "counts['erased']"),
            "gaps": ("Int64", "Offsets that hold no record (compaction, transactions, retention)", ""),
            "is_balanced": (
                "UInt8",
                "1 when received = sum of the fates, and offsets = received + gaps",
                f"received = {' + '.join(FATES)} AND last_offset - first_offset + 1 = received + gaps",
            ),
        }
    ),
    """
(
    SELECT stream, min(first_offset) AS first_offset, max(offset) AS last_offset, sum(gaps) AS gaps, sumMap(fate_counts) AS counts
    FROM journey_raw.ledger
    WHERE kind = 'mark'
    GROUP BY stream
)""",
)

MART_VIEWS = (
    *VOLUMES,
    *PERSONS,
    *SURVEYS,
    *SURVEYS_OVER_TIME,
    REVENUE,
    WAIT,
    *(funnel.view for funnel in FUNNELS),
    ACCOUNT,
)
