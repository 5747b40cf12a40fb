"""The label of a mart whose numbers real and simulated events enter together: persons, waits and funnels have no `is_simulated` as a key,
since the same person or journey may have events of both kinds.

It is found in the daily sums, by those of the mart's keys that they have: so no row of an event is read for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.select import indented
from touchline.sql.language.views import own
from touchline.sql.ledger.projections import VOLUME_1D, Projection

_NO_KEY: Final = "label the numbers. It is no key: without these rows real events are missing, too"


def label(meaning: str, expression: str = "") -> dict[str, tuple[Column, str]]:
    """The column; `meaning` says of which events."""
    return own({"is_simulated": ("UInt8", f"1 when {meaning}: {_NO_KEY}", expression)})


def labelled(source: str, keys: Mapping[str, str], condition: str = "is_simulated = 1") -> str:
    """What stands after FROM: the rows of `source` with `is_simulated`, 1 where a simulated event has their keys. `keys` maps columns of
    the source to expressions over the keys of VOLUME_1D."""
    sums = VOLUME_1D.selecting(condition, dict(keys))
    return f"""
(
{indented(source.strip(chr(10)))}
) AS counted
LEFT JOIN
(
    SELECT {", ".join(keys)}, 1 AS is_simulated
    FROM
    (
{indented(sums, "        ")}
    )
    WHERE events != 0
) AS simulated USING ({", ".join(keys)})"""


def labelled_days(
    projection: Projection,
    condition: str,
    by: tuple[str, ...],
    keys: tuple[str, ...] | None = None,
    sums: tuple[str, ...] | None = None,
) -> str:
    of_day = {"bucket": "local_date"} | {name: name for name in by}
    return f"{labelled(projection.reading('', keys=keys, sums=sums), of_day)}\nWHERE {condition}"


def is_label(name: str, column: Column) -> bool:
    """Whether a column of a mart is this label, and not what the events of a cell have in common."""
    return name == "is_simulated" and column != COLUMNS[name]
