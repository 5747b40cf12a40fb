"""What readers saw of an identifier over time: the persons under whom its events stood, insert by insert."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from touchline.person.values import PublishedChange


class Standing(NamedTuple):
    """The published events of an identifier under one person."""

    identifier: str
    person: str
    events: int
    first_at: datetime
    last_at: datetime


Net = tuple[datetime, str, str, int]
"""When rows were stored, identifier, person, and how many more events of the identifier stand under the person from then on."""


def changes_of(rows: Iterable[Net]) -> tuple[list[PublishedChange], dict[str, datetime]]:
    """The moments at which an identifier's events came to stand under other persons; and since when they stand as they do now.

    Rows in the order of their time. Between a retraction and what follows it the events stand nowhere: that is no change.
    """
    standing: defaultdict[str, Counter[str]] = defaultdict(Counter)
    shown: dict[str, list[str]] = {}
    since: dict[str, datetime] = {}
    changes = []
    for (at, identifier), some in groupby(rows, key=lambda row: row[:2]):
        counts = standing[identifier]
        for _, _, person, net in some:
            counts[person] += net
        persons = sorted(person for person, count in counts.items() if count > 0)
        before = shown.get(identifier, [])
        if persons and persons != before:
            if before:
                changes.append(PublishedChange(at, identifier, before, persons))
            shown[identifier] = persons
            since[identifier] = at
    return changes, since
