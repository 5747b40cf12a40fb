"""The selected journeys: the one text on which funnel, paths, waits, lists of journeys and counts of persons stand, so that they agree.

A journey is a person's cycle in one map. It is selected when at least one of its touchpoint events is, and is then told whole.

A person is grouped under `who`, 128 bits of SipHash: a key of 16 bytes where a person key has 64 and more. Most facts of a journey are
sums of signed rows, since each row says what it adds: no row has to be looked for, and a retraction takes away what was added. That rests
on what `processors/attach.py` promises: the rows of a cycle follow each other without a gap, the first is the one that enters, one at
most converts, and an exit is the last.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.sql.projections import TOUCHPOINT_ROWS, VOLUME_1H
from touchline.sql.selection import AS_OF, IN_PERIOD, KNOWN_KEYS, OF_MAP, filtered
from touchline.sql.views import NET_ROWS, indented

WHO: Final = "sipHash128(person)"
_TIME_US: Final = "toUnixTimestamp64Micro(event_time)"


class Scope(NamedTuple):
    """Which journeys, and from when one looks. `keys` are columns by which journeys differ beside person and cycle, `rows` a condition on
    the ledger's rows, `events` the one that an event of a selected journey meets, `as_of` a moment."""

    keys: tuple[str, ...]
    rows: str
    events: str
    as_of: str

    @property
    def journey(self) -> str:
        """What names a journey, as a list."""
        return ", ".join((*self.keys, "who", "cycle"))

    @property
    def kept(self) -> str:
        """The keys, as the beginning of a list."""
        return "".join(f"{key}, " for key in self.keys)


SELECTION: Final = Scope((), f"{OF_MAP} AND {KNOWN_KEYS}", f"{IN_PERIOD} AND {filtered()}", AS_OF)
"""What a reader selects."""
NEWEST: Final = f"""(
    SELECT max(hour) + toIntervalHour(1)
    FROM (SELECT bucket AS hour, events FROM (
{VOLUME_1H.reading("        ", keys=("bucket",))}
    ))
    WHERE events != 0
)"""
"""End of the hour of the newest event: plain views look from there, so that they depend on nothing but the events."""
EVERYTHING: Final = Scope(("map", "map_version"), "", "", NEWEST)
"""All journeys of all maps."""

FACTS: Final = {
    "touchpoints": "sum(sign)",
    "simulated": "sum(sign * is_simulated)",
    "depth": "sum(sign * (funnel_depth - funnel_before))",
    "highest": "sum(sign * (stage_max - stage_max_before))",
    "conversions": "sum(sign * is_conversion)",
    "started_us": f"sum(sign * (transition = 'enter') * {_TIME_US})",
    "lasted_us": "sum(sign * (transition != 'enter') * wait_us)",
    "converted_us": f"sum(sign * is_conversion * {_TIME_US})",
}
"""Facts of a journey as sums: touchpoints; those that are simulated; stages passed in order, highest stage in any order; conversions, 0
or 1; microseconds (Unix) of its first event and of its conversion, and from the first to the last."""
NET_FACTS: Final = {
    "person_key": "any(person)",
    "last_touchpoint": "argMax(touchpoint, touchpoint_number)",
}
"""Facts for which the rows that stand must be seen: the person key, the touchpoint of the last event."""


def _of_scope(scope: Scope, *conditions: str) -> str:
    return "\n      AND ".join(one for one in (TOUCHPOINT_ROWS, scope.rows, *conditions) if one)


def open_journeys(scope: Scope) -> str:
    """The journeys that are open at `as_of`, selected or not: columns are those that name a journey.

    Open is a person's last cycle as long as the churn term of its last event runs; without a term, always. Rows whose term runs are
    enough to know: whatever came after one of them has a term that runs as well, but for an exit, which ends its journey at its own time.
    """
    term = "churn_due_at"
    condition = _of_scope(
        scope, "cycle > 0", f"({term} > {scope.as_of} OR {term} <= toDateTime(event_time, 'UTC'))", NET_ROWS
    )
    return f"""
(
    SELECT {scope.kept}who, last.1 AS cycle
    FROM
    (
        SELECT {scope.kept}{WHO} AS who, argMax((cycle, {term}), touchpoint_number) AS last
        FROM journey_raw.ledger
        WHERE {condition}
        GROUP BY {scope.kept}who
    )
    WHERE last.2 = toDateTime(0, 'UTC') OR last.2 > {scope.as_of}
)"""


def selected_journeys(scope: Scope, facts: dict[str, str], *, beside: bool = False) -> str:
    """The selected journeys with these facts: of FACTS, NET_FACTS, or others over the rows of one journey.

    Columns: the keys, who, cycle, the facts, is_open (at `as_of`). With `beside`, a row of cycle 0 for the events of a person that belong
    to no journey.
    """
    is_net = not facts.items() <= FACTS.items()
    condition = _of_scope(scope, "touchpoint_number > 0" if beside else "cycle > 0", NET_ROWS if is_net else "")
    chosen = f"sum(sign * ({scope.events})) > 0" if scope.events else "1"
    listed = "".join(f",\n            {sql} AS {name}" for name, sql in facts.items())
    return f"""
(
    SELECT *, ({scope.journey}) IN {indented(open_journeys(scope)).lstrip()} AS is_open
    FROM
    (
        SELECT
            {scope.kept}{WHO} AS who, cycle{listed}
        FROM journey_raw.ledger
        WHERE {condition}
        GROUP BY {scope.journey}
        HAVING sum(sign) > 0 AND {chosen}
    )
)"""
