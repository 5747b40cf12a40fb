"""Households' segments: what the data set knows of 801 of its 2,469 households."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from touchline.producers.imports.retail.data_set import read_records

_SEGMENT: Final = "household_comp"
_FACTS: Final = ("age", "income", "home_ownership", "marital_status", "household_size", "kids_count")


class Household(NamedTuple):
    """`segment` is who lives there, in the data set's words (`2 Adults Kids`); `facts` is all else that is known, by its column."""

    segment: str
    facts: dict[str, str]


def read_segments(folder: Path) -> dict[str, Household]:
    """Household id -> what is known of it. Raises WrongUsage where the file is not the expected one."""
    rows = read_records(folder / "demographics.parquet", ("household_id", _SEGMENT, *_FACTS))
    return {str(row["household_id"]): Household(row[_SEGMENT], _known(row)) for row in rows}


def _known(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in _FACTS if row[name] is not None}


def with_segment(event: dict[str, Any], household: str, households: dict[str, Household]) -> dict[str, Any]:
    """The event, which says to which segment its household belongs, where that is known."""
    known = households.get(household)
    if known is not None:
        event["segment"] = known.segment
    return event
