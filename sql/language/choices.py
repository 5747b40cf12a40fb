"""Arguments of views that take one of a few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from touchline.sql.language.columns import Column


class Choice:
    """An argument with a closed set of values; any other is an error of the query."""

    def __init__(self, name: str, meanings: dict[str, str]) -> None:
        self.name = name
        self.values = tuple(meanings)
        self.parameter = {name: Column("String", "; ".join(f"{value}: {text}" for value, text in meanings.items()))}

    def is_(self, *values: str) -> str:
        """The condition that it is one of these."""
        return _in(self.name, values)

    @property
    def is_known(self) -> str:
        """A condition for WHERE that fails the query for an unknown value: a scalar subquery, which runs also where there is no row."""
        said = f"{self.name} is one of {', '.join(self.values)}"
        return f"(SELECT throwIf(NOT {_in(self.name, self.values)}, '{said}')) = 0"


def _in(name: str, values: Iterable[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{{{name}:String}} IN ({listed})"


GRAINS: Final = {
    "hour": "UTC hours",
    "day": "local days",
    "week": "weeks of local days from Monday on",
    "month": "months of local days",
}
"""By what time is cut into buckets."""


def part_of_bucket(grain: Choice, bucket: str) -> dict[str, tuple[Column, str]]:
    """The column that says whether the period holds only a part of a bucket; `bucket` is SQL of its begin."""
    first, last = (
        f"toDate({bucket})",
        f"if({grain.is_('week')}, addDays(toDate({bucket}), 6), toLastDayOfMonth(toDate({bucket})))",
    )
    cut = f"{grain.is_('week', 'month')} AND ({first} < {{date_from:Date}} OR {last} > {{date_to:Date}})"
    comment = "1 for a week or month of which the period holds some days only: not to be compared with whole ones"
    return {"is_part": (Column("UInt8", comment), cut)}
