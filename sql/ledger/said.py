"""What stands about who belongs together, as SQL: links, unlinks, and which links are in force.

A link is in force while it is newer than every unlink of its two identifiers; times of events decide, not the order of arrival, and at the
same time the unlink wins. Erased links do not stand. Hubs stand apart: their links are in force, and join nobody. So do links under a
withdrawn consent (docs/decisions/0190): who is one person stands in the view identifiers.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.select import Select
from touchline.sql.ledger.projections import LEDGER
from touchline.sql.ledger.rows import NET_ROWS

HUB_NEIGHBOURS_DEFAULT: Final = 50
"""The default of the setting hub_neighbours: counts while no worker has said what it takes."""
_NEWEST: Final = f"if(count() = 0, toUInt32({HUB_NEIGHBOURS_DEFAULT}), argMax(neighbours, set_at))"
HUB_NEIGHBOURS: Final = f"(SELECT {_NEWEST} FROM journey_raw.hub_limits)"
"""How many neighbours an identifier may have before its links count for nothing, as the workers take it."""

_TYPE_IS_TEXT: Final = {
    f"{end}{part}": f"toString({end}{part})" if part else end
    for end in ("identifier", "linked_identifier")
    for part in ("", "_type")
}
_IS_IN_ORDER: Final = "identifier < linked_identifier"


def said(*conditions: str) -> str:
    """What stands behind FROM: the links and unlinks that stand and meet the conditions, with both ends as columns `one` and `other`, the
    one with the smaller key first. A condition must hold for all or none of what is said about two identifiers."""
    ends = {
        "one": f"if({_IS_IN_ORDER}, identifier, linked_identifier)",
        "other": f"if({_IS_IN_ORDER}, linked_identifier, identifier)",
    }
    columns = {"event_time": "event_time", "source": "source", "event_id": "event_id", "said_as": "toString(kind)"}
    columns |= {f"{name}_": sql for name, sql in _TYPE_IS_TEXT.items()}
    where = ("kind IN ('link', 'unlink')", NET_ROWS, *conditions)
    return Select(columns | ends, LEDGER, where=where).nested()


def in_force(rows: str) -> str:
    """The rows of `said` with `is_in_force`: 1 for a link that is newer than every unlink."""
    unlinked = "maxIf(event_time, said_as = 'unlink') OVER (PARTITION BY one, other)"
    ends = Select({"*": "*", "unlinked_at": unlinked}, rows).nested()
    columns = {"*": "*", "is_in_force": "said_as = 'link' AND one != other AND event_time > unlinked_at"}
    return Select(columns, ends).nested()
