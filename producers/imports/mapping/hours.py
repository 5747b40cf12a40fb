"""Times of one hour share their day and their offset: each hour is read once, and not each time in it.

Where its begin and its end have one offset, so has all between them: no clock is set twice within an hour. Where they have not, or an
offset has odd minutes, each time of that hour is read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from touchline.producers.imports.mapping.cells import CellUnreadable, is_empty, moment_of, time_of, written
from touchline.producers.imports.mapping.read_before import ReadBefore
from touchline.producers.imports.mapping.time_format import has_usual_width, minutes_in

_NOT_SHARED: Final = ("", "")
_BEGIN, _END = len("2026-01-31T09:"), len("2026-01-31T09:30:15")


class Hours:
    """Of the times of one column, or of several that stand beside each other."""

    def __init__(self, form: str, zone: ZoneInfo | None) -> None:
        self._form, self._zone = form, zone
        self._begin, self._end, self._minutes = minutes_in(form)
        self._hours = ReadBefore(self._read)

    def time_of(self, values: list[Any]) -> str | None:
        """What cells.time_of gives; None where it must be asked."""
        if len(values) == 1 and type(values[0]) is str:
            text = values[0]
        elif all(type(value) is str for value in values):
            text = " ".join(map(str.strip, values))
        else:
            return None
        minutes = self._minutes.get(text[self._begin : self._end])
        if minutes is None:
            return None
        before, after = self._hours[text[: self._begin], text[self._end :]]
        return f"{before}{minutes}{after}" if before else None

    def times_of(self, columns: Sequence[Sequence[Any]]) -> list[str | None]:
        """Of the cells of some rows, by column; None where they cannot be read."""
        if len(columns) > 1:
            return [self.time_of(row) or self._read_alone(row) for row in map(list, zip(*columns, strict=True))]
        begin, end, minutes, hours = self._begin, self._end, self._minutes.get, self._hours
        times: list[str | None] = []
        for cell in columns[0]:  # without a call for each: nearly all end here
            if type(cell) is str and (written := minutes(cell[begin:end])):
                before, after = hours[cell[:begin], cell[end:]]
                if before:
                    times.append(f"{before}{written}{after}")
                    continue
            times.append(self._read_alone([cell]))
        return times

    def _read_alone(self, values: list[Any]) -> str | None:
        try:
            return None if any(map(is_empty, values)) else time_of(values, self._form, self._zone)
        except CellUnreadable:
            return None

    def _read(self, around: tuple[str, str]) -> tuple[str, str]:
        """What stands before and after the minutes of that hour's times when they are read."""
        before, after = around
        text = f"{before}{next(iter(self._minutes), '')}{after}"
        if before[:1].isspace() or not has_usual_width(text.strip(), self._form):
            return _NOT_SHARED
        try:
            first = moment_of([text], self._form)
            if first.tzinfo is None and self._zone is not None:
                first = first.replace(tzinfo=self._zone)
            time = written(first, self._zone)
        except CellUnreadable:
            return _NOT_SHARED
        is_shared = (
            first.utcoffset() == first.replace(minute=59, second=59).utcoffset() and time[_BEGIN:_END] == "00:00"
        )
        return (time[:_BEGIN], time[_END:]) if is_shared else _NOT_SHARED
