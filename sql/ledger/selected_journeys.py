"""The selected journeys: the one text on which funnel, paths, waits, lists of journeys and counts of persons stand, so that they agree.

A journey is a person's cycle in one map. It is selected when at least one of its touchpoint events is, and then all of it is taken. What is
known of it as a sum comes from the projection JOURNEY_SUMS; its path is read from the rows that stand.

Why: docs/decisions/0086.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.sql.language.select import Select, indented
from touchline.sql.language.selection import (
    AS_OF,
    FILTER_COLUMNS,
    IN_PERIOD,
    KNOWN_KEYS,
    OF_MAP,
    SELECTED,
    filtered,
    is_filtered,
)
from touchline.sql.language.usual import usual_arguments
from touchline.sql.ledger.projections import JOURNEY_SUMS, LEDGER, TOUCHPOINT_ROWS, VOLUME_1D, VOLUME_1H
from touchline.sql.ledger.rows import NET_ROWS

WHO: Final = JOURNEY_SUMS.keys["who"]
FACTS: Final = JOURNEY_SUMS.sums
"""Facts of a journey that are sums."""

_ALL: Final = 5
_EVENTS: Final = f"SELECT sum(sign) FROM journey_raw.ledger WHERE {TOUCHPOINT_ROWS}"
_SHARE: Final = (
    f"intDiv({_ALL} * ifNull(({_EVENTS} AND {SELECTED}), 0), greatest(ifNull(({_EVENTS} AND {OF_MAP}), 0), 1))"
)
"""Of the map's events those that the reader selects, in fifths rounded down. Daily sums know: a constant, so that what it rules out is
neither run nor read. Journeys of a fifth and more are found sooner by putting all together than by making a set of them first."""
_IS_NARROW: Final = f"{_SHARE} = 0"
_IS_WIDE_PART: Final = f"{_SHARE} BETWEEN 1 AND {_ALL - 1}"
IS_EVERYTHING: Final = f"(NOT {is_filtered(*FILTER_COLUMNS)} AND {_SHARE} = {_ALL})"
"""Whether the reader selects all events of the map."""


def _microseconds(moment: str) -> str:
    """A moment as Unix _microseconds."""
    return f"(1000000 * toInt64(toUnixTimestamp({moment})))"


class Scope(NamedTuple):
    """Which journeys, and from when one looks. `keys` are columns by which journeys differ beside person and cycle, `rows` a condition on
    the ledger's rows, `event` the condition of the events whose journeys are kept, empty for all, `as_of` a moment, `term_us` the churn
    term of the map in microseconds, 0 without one; these two may call the keys."""

    keys: tuple[str, ...]
    rows: str
    event: str
    as_of: str
    term_us: str

    @property
    def journey(self) -> str:
        """What names a journey, as a list."""
        return ", ".join((*self.keys, "who", "cycle"))

    @property
    def kept(self) -> str:
        """The keys, as the beginning of a list."""
        return "".join(f"{key}, " for key in self.keys)

    def is_chosen(self, who: str) -> str:
        """The condition that a journey is to be kept, where few are; empty when all are."""
        if not self.event:
            return ""
        return f"""(NOT {_IS_NARROW} OR ({who}, cycle) IN (
    SELECT {WHO} AS who, cycle FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND touchpoint_number > 0 AND {self.rows} AND {self.event}
    GROUP BY who, cycle
    HAVING sum(sign) > 0
))"""

    @property
    def window_is_over(self) -> str:
        """Of a journey's FACTS: whether its map's churn term, counted from its first event, is over at `as_of`; without a term always.

        Rates count these journeys only. Time alone decides: if those that are over counted, the ones that went on quickly and those that
        an exit or a next purchase ended would, and the slow ones not yet, and every rate of the last weeks would come out too high.
        """
        return self.term_is_over("started_us")

    def term_is_over(self, since_us: str) -> str:
        """Whether the map's churn term has passed at `as_of` since a moment in microseconds; without a term it always has."""
        return f"({self.term_us} = 0 OR {since_us} + {self.term_us} <= {_microseconds(self.as_of)})"

    @property
    def has_chosen(self) -> str:
        """The same where many are, of a journey's rows put together. Elsewhere it folds to a sum that JOURNEY_SUMS has."""
        if not self.event:
            return ""
        return f"sum(if({_IS_WIDE_PART}, if({self.event}, sign, toInt8(0)), sign)) > 0"


_TERM_OF_CONTENT: Final = "max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days'))"
TERM_US: Final = (
    f"(SELECT {_TERM_OF_CONTENT} FROM journey_raw.maps WHERE map = {{map:String}} AND version = {{map_version:UInt32}})"
)
"""The map's churn term; 0 without one. Of the map, since a journey that begins with its end has none in its rows."""
SELECTION: Final = Scope((), f"{OF_MAP} AND {KNOWN_KEYS}", f"{IN_PERIOD} AND {filtered()}", AS_OF, TERM_US)
"""What a reader selects."""
ALL_OF_MAP: Final = SELECTION._replace(event="")
"""All journeys of the map that the reader selects."""
WINDOW_IS_OVER: Final = SELECTION.window_is_over
NEWEST: Final = f"""(
    SELECT max(hour) + toIntervalHour(1)
    FROM (SELECT bucket AS hour, events FROM (
{VOLUME_1H.reading("        ", keys=("bucket",))}
    ))
    WHERE events != 0
)"""
"""End of the hour of the newest event: plain views look from there, so that they depend on nothing but the events."""
_OF_MAPS: Final = ("map", "map_version")


def _by_map(value: str, source: str) -> str:
    """A value for each version of each map, looked up by the columns `map` and `map_version`."""
    pairs = f"groupArray(tuple(cityHash64(map, map_version), toInt64({value})))"
    found = f"(SELECT CAST({pairs}, 'Map(UInt64, Int64)') FROM {source})"
    return f"{found}[cityHash64(map, map_version)]"


_TERMS: Final = (
    f"(SELECT map, version AS map_version, {_TERM_OF_CONTENT} AS term_us FROM journey_raw.maps GROUP BY map, version)"
)
_TERM_OF_EACH: Final = _by_map("term_us", _TERMS)
EVERYTHING: Final = Scope(_OF_MAPS, "", "", NEWEST, _TERM_OF_EACH)
"""All journeys of all maps, as of the newest event."""
_USUAL: Final = _by_map(f"toUnixTimestamp({usual_arguments('last_day')['as_of']})", "journey.map_days")
USUALLY: Final = Scope(_OF_MAPS, "", "", f"toDateTime({_USUAL}, 'UTC')", _TERM_OF_EACH)
"""All journeys of all maps, each map seen from where a reader looks who says nothing."""


def _summed(scope: Scope, rows: str, *having: str) -> Select:
    """Journeys with their FACTS."""
    keys = {name: JOURNEY_SUMS.keys[name] for name in (*scope.keys, "who", "cycle")}
    conditions = " AND ".join(one for one in (scope.rows, rows) if one)
    return JOURNEY_SUMS.selected(conditions, keys, "touchpoints > 0", *having)


def selected_sums(scope: Scope) -> str:
    """The selected journeys with their FACTS, is_open and is_young."""
    runs = f"ended_us + if(term_us < 0, 0, term_us) >= {_microseconds(scope.as_of)} + 1000000"
    columns = {"*": "*", "is_open": _is_open(scope, runs), "is_young": f"NOT {scope.window_is_over}"}
    return Select(columns, _summed(scope, "", scope.has_chosen), where=(scope.is_chosen("who"),)).nested()


def _is_open(scope: Scope, runs: str) -> str:
    """Open is a person's last cycle while its churn term runs, counted from its last event; without a term, always; after an exit, no
    longer.

    Whatever cycle follows one whose term `runs` has a term that runs as well, or ended by an exit: only those are looked through.
    """
    later = f"ended_us + term_us >= {_microseconds(scope.as_of)}"
    followers = indented(_summed(scope, "cycle > 1", f"(term_us < 0 OR {later})").nested())
    return f"({runs}) AND ({scope.kept}who, toUInt32(cycle + 1)) NOT IN (SELECT {scope.journey} FROM{followers})"


_OF_MAP_SIMULATED: Final = f"""((
    SELECT count() FROM (
{VOLUME_1D.selecting(f"{OF_MAP} AND is_simulated = 1", {"map": "map"})}
    ) WHERE events != 0
) > 0)"""
SIMULATED: Final = f"if({IS_EVERYTHING}, {_OF_MAP_SIMULATED}, max(simulated) OVER ())"
"""Whether a simulated event enters the numbers of the selected journeys. `simulated` says so of the rows; where all is selected daily sums
know."""
SIMULATED_COLUMN: Final = {
    "is_simulated": (
        "UInt8",
        "1 in every row when a touchpoint of a selected journey is simulated, or an event of the map where all is selected: label the "
        "numbers",
        SIMULATED,
    )
}


def selected_journeys(scope: Scope, facts: dict[str, str], *, beside: bool = False, among: str = "") -> str:
    """The selected journeys with these facts: of FACTS, or others over the rows of a journey that stand. `among` is a query of who and
    cycle: of these journeys only.

    Columns: the keys, who, cycle, the facts, due (when it counts as lost), is_open (at `as_of`). With `beside`, a row of cycle 0 for the
    events of a person that belong to no journey; its is_open means nothing.
    """
    where = (
        TOUCHPOINT_ROWS,
        "touchpoint_number > 0" if beside else "cycle > 0",
        scope.rows,
        NET_ROWS,
        scope.is_chosen(WHO),
        f"({WHO}, cycle) IN ({among})" if among else "",
    )
    keys = {name: name for name in scope.keys} | {"who": WHO, "cycle": "cycle"}
    due = {"due": "argMax(churn_due_at, touchpoint_number)"}
    journeys = Select(keys | due | facts, LEDGER, where=where, group_by=tuple(keys), having=(scope.has_chosen,))
    runs = f"toUnixTimestamp(due) = 0 OR due > {scope.as_of}"
    return Select({"*": "*", "is_open": _is_open(scope, runs)}, journeys).nested()
