"""What `touchline retention` tells, as values.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

FORMAT: Final = "touchline.retention.v1"
REMEDY: Final = (
    "a cell so small may tell who it was: declare `when_expired: erase` for the source, then what was anonymised goes, too; or let it "
    "send coarser places from now on"
)


class ClassState(NamedTuple):
    """One class of events of one source. `days` is None where the class has no term, `when_expired` where the source ends nothing.
    `due` counts stored events past their term, `due_versions` other records (repetitions, versions that do not count); where nothing
    ends they are what would be due. `erased` and `anonymised` records have ended, by the term or by a request; the last one at
    `last_ended_at`."""

    source: str
    event_class: str
    days: int | None
    when_expired: str | None
    kept_since: date | None
    due: int
    due_versions: int
    oldest: datetime | None
    erased: int
    anonymised: int
    last_ended_at: datetime | None


class SmallCell(NamedTuple):
    """Anonymised events of one source at one touchpoint and place on one local day."""

    source: str
    touchpoint: str
    place: str
    day: date
    events: int


class Retention(NamedTuple):
    """All of it. `waiting` records have ended and wait to be blanked. `cells` are the first of `cell_count` that hold fewer than `below`
    events."""

    day: date
    classes: Sequence[ClassState]
    waiting: int
    cells: Sequence[SmallCell]
    cell_count: int
    below: int


def as_object(found: Retention) -> dict[str, object]:
    """For JSON; docs/privacy.md says what each field is."""
    return {
        "format": FORMAT,
        "day": found.day,
        "classes": [one._asdict() for one in found.classes],
        "waits_to_be_blanked": found.waiting,
        "small_cells": {
            "below": found.below,
            "count": found.cell_count,
            "cells": [one._asdict() for one in found.cells],
            "remedy": REMEDY if found.cell_count else "",
        },
    }
