"""The selected journeys: the one text on which funnel, paths, waits, lists of journeys and counts of persons stand, so that they agree.

A journey is a person's cycle in one map. It is selected when at least one of its touchpoint events is, and is then told whole. What is
known of it as a sum comes from the projection JOURNEY_SUMS; its path is read from the rows that stand.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.sql.projections import EXITED_US, JOURNEY_SUMS, NO_TERM_US, TOUCHPOINT_ROWS, VOLUME_1D, VOLUME_1H
from touchline.sql.selection import AS_OF, FILTER_COLUMNS, IN_PERIOD, KNOWN_KEYS, OF_MAP, filtered, is_filtered
from touchline.sql.views import NET_ROWS, indented

WHO: Final = JOURNEY_SUMS.keys["who"]
FACTS: Final = JOURNEY_SUMS.sums
"""Facts of a journey that are sums."""


class Scope(NamedTuple):
    """Which journeys, and from when one looks. `keys` are columns by which journeys differ beside person and cycle, `rows` a condition on
    the ledger's rows, `chosen` the journeys to keep as (who, cycle), empty for all, `as_of` a moment."""

    keys: tuple[str, ...]
    rows: str
    chosen: str
    as_of: str

    @property
    def journey(self) -> str:
        """What names a journey, as a list."""
        return ", ".join((*self.keys, "who", "cycle"))

    def is_chosen(self, who: str) -> str:
        """The condition that a journey is to be kept; empty when all are."""
        return f"({IS_EVERYTHING} OR ({who}, cycle) IN {self.chosen})" if self.chosen else ""

    @property
    def kept(self) -> str:
        """The keys, as the beginning of a list."""
        return "".join(f"{key}, " for key in self.keys)


def _events() -> str:
    days = VOLUME_1D.selecting(OF_MAP, {"day": "local_date"})
    return f"(SELECT min(day) >= {{date_from:Date}} AND max(day) <= {{date_to:Date}} FROM ({days}))"


IS_EVERYTHING: Final = f"(NOT {is_filtered(*FILTER_COLUMNS)} AND {_events()})"
"""Whether the reader selects all events of the map: then nothing has to be looked for. A constant, so that what it rules out is not run."""
_CHOSEN: Final = f"""(
    SELECT {WHO} AS who, cycle FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND touchpoint_number > 0 AND {OF_MAP} AND {IN_PERIOD} AND {filtered()}
    GROUP BY who, cycle
    HAVING sum(sign) > 0
)"""
SELECTION: Final = Scope((), f"{OF_MAP} AND {KNOWN_KEYS}", _CHOSEN, AS_OF)
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


def summed_journeys(scope: Scope) -> str:
    """All journeys of the scope, selected or not, with their FACTS."""
    keys = {name: JOURNEY_SUMS.keys[name] for name in (*scope.keys, "who", "cycle")}
    sums = JOURNEY_SUMS.selecting(scope.rows, keys) if scope.rows else JOURNEY_SUMS.reading("", tuple(keys))
    return f"\n(\n{indented(sums)}\n    HAVING touchpoints > 0\n)"


def running_journeys(scope: Scope) -> str:
    """The journeys, selected or not, that are open or whose window is not over at `as_of`: all that a clock still decides.

    Columns: the keys, who, cycle, depth, highest, is_open, is_young. Open is a person's last cycle while its churn term runs, counted from
    its last event; without a term, always; after an exit, no longer. Whatever cycle follows one whose term runs has a term that runs as
    well, or ended by an exit: so it is among these.
    """
    runs = f"ended_us + if(term_us < 0, 0, term_us) >= {_microseconds(scope.as_of)} + 1000000"
    told = ("cycle", "depth", "highest", "is_young", "runs")
    shown = ", ".join(f"one.{told.index(name) + 1} AS {name}" for name in told[:-1])
    return f"""
(
    SELECT {scope.kept}who, {shown}, one.1 = last_cycle AND one.{len(told)} AS is_open
    FROM
    (
        SELECT {scope.kept}who, groupArray(({", ".join(told)})) AS candidates, max(cycle) AS last_cycle
        FROM
        (
            SELECT *, {runs} AS runs, NOT {window_is_over(scope)} AS is_young
            FROM{indented(summed_journeys(scope), "            ")}
            WHERE runs OR is_young OR term_us < 0
        )
        GROUP BY {scope.kept}who
    )
    ARRAY JOIN candidates AS one
)"""


def window_is_over(scope: Scope) -> str:
    """Of a journey's FACTS: whether its map's churn term, counted from its first event, is over at `as_of`; without a term it always is.

    Rates count these journeys only. Time alone decides: if those that are over counted, the ones that went on quickly and those that a
    next purchase ended would, and the slow ones not yet, and every rate of the last weeks would come out too high.
    """
    term = f"if(term_us < 0, term_us + {EXITED_US}, term_us)"
    return f"({term} >= {NO_TERM_US} OR started_us + {term} <= {_microseconds(scope.as_of)})"


def _microseconds(moment: str) -> str:
    return f"(1000000 * toInt64(toUnixTimestamp({moment})))"


def selected_sums(scope: Scope, condition: str) -> str:
    """The selected journeys with their FACTS; none unless the `condition` holds, which stands where the rows are read: further out it would
    not keep them from being read."""
    of_scope = scope._replace(rows=f"{scope.rows} AND {condition}")
    return f"\n(\n    SELECT * FROM{indented(summed_journeys(of_scope))}\n    WHERE {scope.is_chosen('who')}\n)"


_OF_MAP_MADE_UP: Final = f"""((
    SELECT count() FROM (
{VOLUME_1D.selecting(f"{OF_MAP} AND is_simulated = 1", {"map": "map"})}
    ) WHERE events != 0
) > 0)"""
MADE_UP: Final = f"if({IS_EVERYTHING}, {_OF_MAP_MADE_UP}, max(made_up) OVER ())"
"""Whether a made-up event enters what is told of the selected journeys. `made_up` says so of the rows; where all is selected daily sums
know."""
MADE_UP_COLUMN: Final = {
    "is_simulated": (
        "UInt8",
        "1 in every row when a touchpoint of a selected journey is made up, or an event of the map where all is selected: label the "
        "numbers",
        MADE_UP,
    )
}


def selected_journeys(scope: Scope, facts: dict[str, str], *, beside: bool = False) -> str:
    """The selected journeys with these facts: of FACTS, or others over the rows of a journey that stand.

    Columns: the keys, who, cycle, the facts, is_open (at `as_of`). With `beside`, a row of cycle 0 for the events of a person that belong
    to no journey.
    """
    rows = (
        TOUCHPOINT_ROWS,
        "touchpoint_number > 0" if beside else "cycle > 0",
        scope.rows,
        NET_ROWS,
        scope.is_chosen(WHO),
    )
    condition = "\n          AND ".join(one for one in rows if one)
    listed = "".join(f",\n            {sql} AS {name}" for name, sql in facts.items())
    return f"""
(
    SELECT *, ({scope.journey}) IN (SELECT {scope.journey} FROM{indented(running_journeys(scope))} WHERE is_open) AS is_open
    FROM
    (
        SELECT
            {scope.kept}{WHO} AS who, cycle{listed}
        FROM journey_raw.ledger
        WHERE {condition}
        GROUP BY {scope.journey}
    )
)"""
