"""Churn and recovery as facts: what became of each journey, and how many are lost and come back, by Kaplan and Meier.

One looks from a moment, `as_of`, and sees the events up to then and no later one. What stands at that moment is a function of these events:
whatever order they came in, and however late.

- A journey counts as lost when its map's churn term has passed since its last touchpoint (`churn_due_at` of the ledger), or at an exit.
- A loss by the term is provisional: the person's next touchpoint that the map places takes it back, and is the return. It opens the next
  cycle, or goes on with the journey where the map says so (`return_opens_cycle: false`): then a journey has several *stretches*.
- A journey that has converted and is followed by the next one while the term still ran was not lost: the person stayed.
- A *stay* of a person lasts from the first touchpoint, or a return, until the loss, over all journeys that follow each other without one.
  Rates are of stays. Those that last still are seen until `as_of`: left out, or counted as kept, they would bend the rate.

Why: docs/decisions/0211.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import Choice
from touchline.sql.language.parameterized import AS_OF as MOMENT, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import Select
from touchline.sql.language.selection import AS_OF, IN_PERIOD, KNOWN_KEYS, OF_MAP, filtered
from touchline.sql.language.views import layered, own
from touchline.sql.ledger.projections import LEDGER, TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.selected_journeys import TERM_US, WHO

ACTIVE, FOLLOWED, CHURNED, EXITED, RETURNED = STATES = ("active", "followed", "churned", "exited", "returned")
SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
AS_OF_US: Final = f"{SECOND_US} * toInt64(toUnixTimestamp({AS_OF}))"
_TIME_US: Final = "toUnixTimestamp64Micro(event_time)"
_PAUSE_S: Final = f"intDiv({_TIME_US}, {SECOND_US}) - intDiv({_TIME_US} - wait_us, {SECOND_US})"
_IS_RETURN_WITHIN: Final = f"transition != 'enter' AND {TERM_US} > 0 AND {_PAUSE_S} >= intDiv({TERM_US}, {SECOND_US})"
_JOURNEYS: Final = Select(
    {
        "who": WHO,
        "cycle": "cycle",
        "person_key": "any(person)",
        "first_at_us": f"min({_TIME_US})",
        "last_at_us": f"max({_TIME_US})",
        "last_due_s": "toInt64(argMax(churn_due_at, touchpoint_number))",
        "last_stage": "argMax(stage, touchpoint_number)",
        "met_stages": f"minMapIf(map(toString(stage), {_TIME_US}), stage_order > 0)",
        "has_converted": "max(is_conversion)",
        "is_chosen": f"countIf({IN_PERIOD} AND {filtered()}) > 0",
        "simulated": "max(is_simulated)",
        "pauses": f"arraySort(groupArrayIf(({_TIME_US}, {_TIME_US} - wait_us), {_IS_RETURN_WITHIN}))",
    },
    LEDGER,
    where=(TOUCHPOINT_ROWS, "cycle > 0", OF_MAP, KNOWN_KEYS, f"event_time <= {AS_OF}", NET_ROWS),
    group_by=("who", "cycle"),
)
"""Journeys as of the moment; `pauses` are those after which the person went on with the same one: (return, last time before)."""
_STRETCHES: Final = f"""
(
    SELECT *, stretched.1 AS stretch, stretched.2 AS begun_us, stretched.3 AS seen_us, stretched.4 AS due_s
    FROM{_JOURNEYS.nested()}
    ARRAY JOIN arrayZip(
        arrayEnumerate(arrayPushFront(pauses, (first_at_us, first_at_us))),
        arrayPushFront(arrayMap(pause -> pause.1, pauses), first_at_us),
        arrayPushBack(arrayMap(pause -> pause.2, pauses), last_at_us),
        arrayPushBack(arrayMap(pause -> intDiv(pause.2, {SECOND_US}) + intDiv({TERM_US}, {SECOND_US}), pauses), last_due_s)
    ) AS stretched
)"""
_OF_PERSON: Final = "PARTITION BY who ORDER BY cycle, stretch"
_FRAME: Final = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
_LOST: Final = f"due_s > 0 AND due_us <= {AS_OF_US} AND (next_us = 0 OR next_us >= due_us)"
STRETCHES: Final = layered(
    _STRETCHES,
    {
        "due_us": f"due_s * {SECOND_US}",
        "next_us": f"leadInFrame(begun_us, 1, toInt64(0)) OVER ({_OF_PERSON} {_FRAME})",
        "next_cycle": f"leadInFrame(cycle, 1, toUInt32(0)) OVER ({_OF_PERSON} {_FRAME})",
        "first_us": "min(begun_us) OVER (PARTITION BY who)",
        "is_exit": f"due_s = intDiv(seen_us, {SECOND_US})",
    },
    {"is_lost": f"toUInt8({_LOST})"},
    {
        "was_lost": f"lagInFrame(is_lost, 1, toUInt8(0)) OVER ({_OF_PERSON} {_FRAME})",
        "state": f"multiIf(is_lost AND next_us > 0, '{RETURNED}', is_lost AND is_exit, '{EXITED}', is_lost, '{CHURNED}', "
        f"next_us > 0, '{FOLLOWED}', '{ACTIVE}')",
    },
    {"stay": f"sum(was_lost) OVER ({_OF_PERSON})"},
)
"""Every stretch of every journey of the map as of the moment: `is_chosen` where the reader selects the journey."""

GROUPED: Final = Choice(
    "grouped",
    {
        "all": "all stays together",
        "cohort": "by the month (UTC) in which the person was first met",
        "month": "by the month (UTC) in which the stay began: the first time, or with a return",
        "stage": "by each stage that was reached, counted from then on: a stay is in several",
    },
)


def moment(microseconds: str) -> str:
    """A time of this module for readers."""
    return f"fromUnixTimestamp64Micro({microseconds}, 'UTC')"


_TIME: Final = "DateTime64(6, 'UTC')"
_MAYBE: Final = f"Nullable({_TIME})"
CHURN: Final = ParameterizedView(
    "churn",
    "What became of each selected journey as of a moment: active, followed by the next, churned for now, exited, or returned after that",
    ARGUMENTS | MOMENT,
    own(
        {
            "person": ("String", "Person key", "person_key"),
            "cycle": ("UInt32", "Journey cycle of the person, from 1", ""),
            "stretch": (
                "UInt32",
                "1, and one more for each return after which the map lets a person go on with the journey (return_opens_cycle: false)",
                "",
            ),
            "cohort": (
                "Date",
                "First day of the month (UTC) in which the person was first met",
                f"toStartOfMonth({moment('first_us')})",
            ),
            "started_at": (_TIME, "First touchpoint of the stretch (UTC)", moment("begun_us")),
            "last_at": (_TIME, "Its last touchpoint up to as_of (UTC)", moment("seen_us")),
            "stage_at_end": (
                "LowCardinality(Nullable(String))",
                "Stage of the journey's last touchpoint up to as_of; NULL where the map gives none",
                "nullIf(last_stage, '')",
            ),
            "is_converted": ("UInt8", "1 when the journey has converted by then", "has_converted"),
            "state": (
                "LowCardinality(String)",
                "active: the churn term runs, or there is none; followed: the next journey began before it was over; churned: it is over, "
                "for now, since a return takes it back; exited: left by what the map calls an exit; returned: came back after either",
                "",
            ),
            "due_at": (
                _MAYBE,
                "When it counts as lost unless the person is met again; the time of an exit; NULL without term",
                f"if(due_s = 0, NULL, {moment('due_us')})",
            ),
            "lost_at": (
                _MAYBE,
                "The same, where that has passed and nobody came in time; also of those that returned",
                f"if(is_lost, {moment('due_us')}, NULL)",
            ),
            "is_exit": ("UInt8", "1 when it was lost by an exit, 0 by the term or not at all", "is_lost AND is_exit"),
            "returned_at": (
                _MAYBE,
                "First touchpoint after the loss that the map places; NULL while there is none",
                f"if(state = '{RETURNED}', {moment('next_us')}, NULL)",
            ),
            "returned_cycle": (
                "Nullable(UInt32)",
                "Journey cycle of that touchpoint: the next one, or the same where the map lets it go on",
                f"if(state = '{RETURNED}', next_cycle, NULL)",
            ),
            "absent_days": (
                "Nullable(Float64)",
                "Days from the last touchpoint to the return, or to as_of while there is none; NULL where nothing was lost",
                f"if(is_lost, (if(next_us > 0, next_us, {AS_OF_US}) - seen_us) / {DAY_US}, NULL)",
            ),
            "is_simulated": ("UInt8", "1 when a touchpoint of the journey is simulated: label it", "simulated"),
        }
    ),
    f"{STRETCHES}\nWHERE is_chosen",
)
