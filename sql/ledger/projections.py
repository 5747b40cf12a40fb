"""The KPI projections of the ledger: sums of signed rows by few dimensions, kept by ClickHouse in every part.

A view that reads one repeats its WHERE and its expressions literally: both are made from the `Projection` here, so they cannot drift.

Why: docs/decisions/0052, docs/decisions/0215.
"""

from __future__ import annotations

from typing import NamedTuple

from touchline.sql.language.columns import DAILY, HOURLY, MAP
from touchline.sql.language.select import Select, indented
from touchline.sql.ledger.rows import IS_SHOWN, or_mark

LEDGER = "journey_raw.ledger"

TOUCHPOINT_TYPE = "touchline.touchpoint.v1"
ANSWER_TYPE = "touchline.answer.v1"
_TOUCHPOINTS = f"kind = 'attached' AND event_type = '{TOUCHPOINT_TYPE}'"
_ANSWERS = f"kind = 'attached' AND event_type = '{ANSWER_TYPE}'"
TOUCHPOINT_ROWS = f"{_TOUCHPOINTS} AND {IS_SHOWN}"
ANSWER_ROWS = f"{_ANSWERS} AND {IS_SHOWN}"
"""What a view reads: a projection keeps the rows of all versions of maps."""

ANSWER_KEYS = ("kpi", "variant", "scope", "scale_min", "scale_max", "disposition", "score")
"""The score is a key and no sum: a new formula, variant or policy then needs another view, not other projections."""
WORDING = ("survey", "question", "question_version", "language")
"""In which words an answer was asked for: no mart puts two of them in one row."""

FIRST_OF_BITS = {
    "persons_map": 1,
    "persons_touchpoint": 2,
    "persons_stage": 4,
    "persons_channel": 8,
    "journeys_map": 16,
    "journeys_touchpoint": 32,
    "journeys_stage": 64,
    "journeys_channel": 128,
}
"""Bits of the ledger's `first_of`: the first row of the local day, for the person or the journey cycle, in that grain."""


class Projection(NamedTuple):
    """An aggregate projection of the rows that `rows` describes, and of marks (rows.or_mark). `keys` and `sums` map names to expressions; a
    key that is a plain column maps to itself, and `map` is among them."""

    name: str
    comment: str
    rows: str
    keys: dict[str, str]
    sums: dict[str, str]

    def query(self, indent: str = "    ") -> str:
        """Its SELECT without FROM: what ALTER TABLE ADD PROJECTION takes."""
        return indented(self._select("", or_mark(self.rows)).to_sql(), indent)

    def reading(
        self, indent: str = "    ", keys: tuple[str, ...] | None = None, sums: tuple[str, ...] | None = None
    ) -> str:
        """The same SELECT from the ledger, or by some of the keys: what a view takes, so that it is answered by the projection."""
        chosen = self._replace(
            keys={name: self.keys[name] for name in keys or self.keys},
            sums={name: self.sums[name] for name in sums or self.sums},
        )
        return indented(chosen._select(LEDGER, *self._read, IS_SHOWN).to_sql(), indent)

    def selecting(self, condition: str, keys: dict[str, str]) -> str:
        """Its sums over the rows that meet the condition, by other expressions, as text; see `selected`."""
        return self.selected(condition, keys).to_sql()

    def selected(self, condition: str, keys: dict[str, str], *having: str) -> Select:
        """Its sums over the rows that meet the condition, by other expressions. While these and the condition call nothing but its keys,
        the projection answers."""
        return self._replace(keys=keys)._select(LEDGER, *self._read, IS_SHOWN, condition)._replace(having=having)

    def of_all_versions(self, condition: str, keys: dict[str, str]) -> str:
        """The same as text, versions of maps included that readers do not see."""
        return self._replace(keys=keys)._select(LEDGER, *self._read, condition).to_sql()

    @property
    def _read(self) -> tuple[str, str]:
        """What tells the engine that the projection has all that is asked for; a mark is of no map."""
        return or_mark(self.rows), "map != ''"

    def _select(self, source: str, *where: str) -> Select:
        return Select(self.keys | self.sums, source, where=where, group_by=tuple(self.keys))


def _columns(*names: str) -> dict[str, str]:
    return {name: name for name in names}


EVENTS = {"events": "sum(sign)"}
_HOUR = {"bucket": "toStartOfHour(event_time)"}
_DAY = {"bucket": "local_date"}


def _survey(name: str, comment: str, bucket: str, dimensions: tuple[str, ...]) -> Projection:
    return Projection(
        name,
        comment,
        f"{_ANSWERS} AND has_score = 1",
        {"bucket": bucket, **_columns(*dimensions, *MAP, *ANSWER_KEYS, *WORDING)},
        {"answers": "sum(sign)"},
    )


IS_DECLARED = "provenance = 'declared'"
_APART = {"is_declared": IS_DECLARED}
"""What people declared afterwards is counted apart from what was observed."""
VOLUME_1H = Projection(
    "volume_1h", "Events by UTC hour", _TOUCHPOINTS, _HOUR | _columns(*HOURLY) | _APART | _columns(*MAP), EVENTS
)
VOLUME_1D = Projection(
    "volume_1d", "Events by local day", _TOUCHPOINTS, _DAY | _columns(*DAILY) | _APART | _columns(*MAP), EVENTS
)
PERSONS_1D = Projection(
    "persons_1d",
    "Distinct persons and journeys of a local day, as sums of first-of bits: each sum serves one grain",
    _TOUCHPOINTS,
    _DAY | _columns("map", "map_version", "touchpoint", "stage", "channel"),
    {name: f"sum(sign * bitTest(first_of, {bit.bit_length() - 1}))" for name, bit in FIRST_OF_BITS.items()},
)
SURVEY_1H = _survey("survey_1h", "Scores by the UTC hour of what they are about", "toStartOfHour(about_time)", HOURLY)
SURVEY_1D = _survey("survey_1d", "Scores by the local day of what they are about", "local_date", DAILY)
REVENUE_1D = Projection(
    "revenue_1d",
    "Amounts by local day and currency",
    f"{_TOUCHPOINTS} AND currency != ''",
    _DAY | _columns("currency", "currency_exponent", "order_kind", *DAILY, *MAP),
    {"orders": "sum(sign)", "amount_minor": "sum(sign * amount_minor)"},
)
WAIT_1D = Projection(
    "wait_1d",
    "Waits by classes of powers of two seconds",
    f"{_TOUCHPOINTS} AND touchpoint_number > 1 AND provenance != 'declared'",
    _DAY
    | _columns("map", "map_version", "stage", "touchpoint", "channel")
    | {"class": "roundToExp2(intDiv(wait_us, 1000000))"},
    EVENTS,
)
UNMAPPED = Projection(
    "unmapped",
    "Events that a map does not know",
    f"{_TOUCHPOINTS} AND is_mapped = 0",
    _columns("map", "map_version", "source", "touchpoint", "action"),
    EVENTS,
)

KPI_PROJECTIONS = (VOLUME_1H, VOLUME_1D, PERSONS_1D, SURVEY_1H, SURVEY_1D, REVENUE_1D, WAIT_1D, UNMAPPED)

_TIME_US = "toUnixTimestamp64Micro(event_time)"
_TIME_S = "toInt64(toDateTime(event_time, 'UTC'))"
NO_TERM_US = 1 << 60
"""Stands for a journey that no term ends: longer than any time in microseconds, and small enough to add one to it."""
EXITED_US = 2 * NO_TERM_US
"""Taken from the term of a journey that an exit ends."""
_TERM_US = f"if(churn_due_at = 0, toInt64({NO_TERM_US}), 1000000 * (toInt64(churn_due_at) - {_TIME_S}))"
JOURNEY_SUMS = Projection(
    "journey_sums",
    "Journeys, each as sums of what its rows add: the person stands as 128 bits of SipHash, a key of 16 bytes instead of 64 and more",
    f"{_TOUCHPOINTS} AND cycle > 0",
    _columns("map", "map_version") | {"who": "sipHash128(person)", "cycle": "cycle"},
    {
        "touchpoints": "sum(sign)",
        "simulated": "sum(sign * is_simulated)",
        "depth": "sum(sign * (funnel_depth - funnel_before))",
        "highest": "sum(sign * (stage_max - stage_max_before))",
        "conversions": "sum(sign * is_conversion)",
        "started_us": f"sum(sign * (transition = 'enter') * {_TIME_US})",
        "ended_us": f"sum(sign * if(transition = 'enter', {_TIME_US}, wait_us))",
        "converted_us": f"sum(sign * is_conversion * {_TIME_US})",
        "term_us": f"sum(sign * ((transition = 'enter') * {_TERM_US} - toInt64({EXITED_US}) * (toInt64(churn_due_at) = {_TIME_S})))",
    },
)
"""Sums of a journey: touchpoints, those that are simulated; stages passed in order, highest stage in any order; conversions, 0 or 1; its
first and its last event and its conversion in Unix microseconds; the churn term, NO_TERM_US without one, negative after an exit.

They rest on what `touchline/journey/attach.py` promises: the rows of a cycle follow each other without a gap, the first one enters,
one at most converts, an exit is the last, and within a map the term is the same for all.
"""
