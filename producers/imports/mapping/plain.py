"""The quick way for nearly all rows: records are written by column, without an event between.

A touchpoint's JSON is put together of what its cells say, and what a text says is read and checked once. What needs a closer look (a cell
that cannot be read, money that goes back, a value that may be personal) is left to `mapper.py` and `record.py`, row by row, which decide
alone what becomes of it. Both ways give the same records: a test says so.

Why: docs/decisions/0100.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.errors import EventRejected
from touchline.producers.imports.mapping.amounts import plain_minor
from touchline.producers.imports.mapping.cells import CellUnreadable, is_empty, text_of
from touchline.producers.imports.mapping.mapper import ABSENT, Filled, Mapper
from touchline.producers.imports.mapping.named import Named
from touchline.producers.imports.mapping.parts import Cells, Column, Part, joined, json_of, name_of, text_part, texts_of
from touchline.producers.imports.mapping.probe import Probe
from touchline.producers.imports.mapping.revisions import revision_of
from touchline.producers.imports.mapping.row_ids import joined_key
from touchline.producers.imports.rows.row import Row
from touchline.producers.record import MAX_VALUE_BYTES, PreparedRecord, RecordMaker
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.identifiers import order_of
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.times import plain_past

_PERSONS_KEPT: Final = 50_000
_NOBODY: Final = ("", b"")
_PART: Final = "%s"
_MINOR_MAX: Final = 2**53 - 1
_REQUIRED: Final = frozenset(("touchpoint", "order.id", "consent.id"))
Read = Callable[[Sequence[Any]], Part]
"""From the cells of some rows, by name, to a part of their events."""
_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much


class PlainRows:
    """The rows of one file, by a mapping whose events are plain."""

    def __init__(self, mapper: Mapper, maker: RecordMaker, probe: Probe) -> None:
        self._mapper, self._maker, self._probe = mapper, maker, probe
        mapping = mapper.mapping
        self._source = probe.source
        self._before = [self._literal({"type": TOUCHPOINT, "source": probe.source})[1:], ',"id":%s,"time":"%s"']
        self._reads: list[Read] = []
        if mapping.zone is not None:
            self._add(self._literal({"zone": mapping.zone}))
        if (revision := mapper.revision) is not None:
            self._add(self._of_column(revision.column, Column(self._revision_of)))
        self._add_fields()
        if mapper.pricing is not None:
            self._add(self._of_amount())
        if mapper.properties:
            self._add(self._object("properties", mapper.properties))
        people = sorted(mapper.identifiers, key=lambda one: order_of(one.kind))
        wrap = (',"persons":[', "]") if len(people) == 1 else (",", "")
        self._people = [(one, Column(self._person_of(one, *wrap), _PERSONS_KEPT)) for one in people]

    @classmethod
    def of(cls, mapper: Mapper, maker: RecordMaker) -> PlainRows | None:
        """None where each row needs a look of its own (see Probe.of)."""
        probe = Probe.of(mapper, maker)
        return None if probe is None else cls(mapper, maker, probe)

    def records(self, rows: Sequence[Row]) -> list[PreparedRecord | None]:
        """The record of each row; None where a closer look is needed."""
        cells = [row.cells for row in rows if row.cells is not None]
        received = self._maker.received_now()
        if received is None:
            return [None] * len(rows)
        made = self._records(cells, *received)
        if len(cells) == len(rows):
            return made
        rest = iter(made)
        return [None if row.cells is None else next(rest) for row in rows]

    def _records(self, cells: Sequence[Any], now_us: int, received_at: str) -> list[PreparedRecord | None]:
        if self._mapper.unseen:
            for one in cells:
                self._mapper.see(one)
        earliest, end = plain_past(now_us)
        ids, id_parts = self._ids(cells)
        times = [
            time if time is not None and earliest <= time < end and time[-1] == "Z" else None
            for time in self._mapper.hours.times_of(
                [self._cells(cells, one) for one in self._mapper.mapping.time.columns]
            )
        ]
        people, keys = self._persons(cells)
        columns = (id_parts, times, *(read(cells) for read in self._reads), people)
        form = f'{{{"".join(self._before)}{_PART},"received_at":"{received_at}"}}'
        source, is_suppressed = self._source, self._probe.is_suppressed
        made: list[PreparedRecord | None] = []
        for event_id, time, key, parts in zip(ids, times, keys, zip(*columns, strict=True), strict=True):
            value = None if None in parts else (form % parts).encode()
            if value is None or len(value) > MAX_VALUE_BYTES:
                made.append(None)
                continue
            key = key or f"{source}/{event_id}".encode()
            made.append(_new(PreparedRecord, (event_id, key, value, source, TOUCHPOINT, time, is_suppressed, (), ())))
        return made

    def _cells(self, cells: Sequence[Any], column: str) -> Cells:
        try:
            found = list(map(itemgetter(column), cells))  # two thirds of what asking each takes
        except KeyError:  # rows that name their own cells may lack one
            found = [one.get(column) for one in cells]
        nulls = self._mapper.nulls
        return [None if text_of(one) in nulls else one for one in found] if nulls else found

    def _add(self, piece: str | Read) -> None:
        self._before.append(piece if isinstance(piece, str) else _PART)
        if not isinstance(piece, str):
            self._reads.append(piece)

    @staticmethod
    def _literal(members: dict[str, Any]) -> str:
        """As a part of the form that `%` fills."""
        return f",{(json_of(members) or '')[1:-1]}".replace("%", "%%")

    def _of_column(self, column: str | None, parts: Column) -> Read:
        return lambda cells: parts.parts(self._cells(cells, str(column)))

    def _ids(self, cells: Sequence[Any]) -> tuple[Sequence[str | None], Part]:
        key, of = self._mapper.mapping.id, self._mapper.ids.of
        columns = [texts_of(self._cells(cells, column)) for column in key.columns]
        ids: list[str | None]
        if len(columns) == 1:
            ids = [of(text) if text else None for text in columns[0]]
        elif not key.prefix and not key.sealed and all(map(_are_bare, columns)):
            ids = list(map("/".join, zip(*columns, strict=True)))
        else:
            ids = [of(joined_key(texts)) if all(texts) else None for texts in zip(*columns, strict=True)]
        return ids, text_part(ids, "", "", is_required=True)

    def _persons(self, cells: Sequence[Any]) -> tuple[Part, Sequence[bytes]]:
        """The persons of each row, and the key of the strongest; empty for nobody."""
        found = [
            column.parts([one.constant] * len(cells) if one.column is None else self._cells(cells, one.column))
            for one, column in self._people
        ]
        if not found:
            return [""] * len(cells), [b""] * len(cells)
        if len(found) == 1:
            pairs = [one or (None, b"") for one in found[0]]
            return [part for part, _ in pairs], [key for _, key in pairs]
        rows = [[one or (None, b"") for one in row] for row in zip(*found, strict=True)]
        keys = [next((key for _, key in row if key), b"") for row in rows]
        return joined([[row[at][0] for row in rows] for at in range(len(found))], ',"persons":[', "]"), keys

    def _person_of(self, one: Named, before: str, after: str) -> Callable[[Any], tuple[str, bytes] | None]:
        def read(value: Any) -> tuple[str, bytes] | None:
            try:
                name = one.name_of(value)
                if name is None:
                    return _NOBODY
                person = self._maker.person_of(one.kind, name, self._source) if type(name) is str else None
            except (CellUnreadable, EventRejected, WrongUsage):
                return None
            if person is None:
                return _NOBODY if type(name) is str else None
            key = person["key"]
            return f'{before}{{"type":"{one.kind}","key":"{key}"}}{after}', key.encode()

        return read

    def _add_fields(self) -> None:
        groups: dict[str, list[Filled]] = {}
        for one in self._mapper.fields:
            if one.group:
                groups.setdefault(one.group, []).append(one)
            else:
                self._add(self._literal({one.name: one.constant}) if one.column is None else self._member(one))
        for group, members in groups.items():
            self._add(self._object(group, members))

    def _object(self, name: str, members: Sequence[Filled]) -> str | Read:
        """Fields of one group, or the properties."""
        before, after = f",{json_of(name)}:{{", "}"
        if all(one.column is None for one in members):
            return self._literal({name: {one.name: one.constant for one in members}})
        if len(members) == 1:
            return self._member(members[0], before, after)
        constants = [f",{(json_of({one.name: one.constant}) or '')[1:-1]}" for one in members if one.column is None]
        is_kept = bool(constants) and name == "properties"
        needed = [at for at, one in enumerate(members) if one.path in _REQUIRED and one.column is not None]
        reads = [None if one.column is None else self._member(one, ",", "") for one in members]

        def read(cells: Sequence[Any]) -> Part:
            rest = iter(constants)
            parts = [[next(rest)] * len(cells) if one is None else one(cells) for one in reads]
            whole = joined(parts, before, after)
            if is_kept:
                return whole
            filled = zip(*(part for part, one in zip(parts, reads, strict=True) if one is not None), strict=True)
            found = [text if any(row) or None in row else "" for text, row in zip(whole, filled, strict=True)]
            return [
                None if text and any(parts[at][row] == "" for at in needed) else text for row, text in enumerate(found)
            ]

        return read

    def _member(self, one: Filled, before: str = ",", after: str = "") -> Read:
        """One field; before a member of an object its begin may stand."""
        before = f"{before}{json_of(one.name)}:"
        is_needed = one.path == "touchpoint"
        is_name = one.path != "properties" and self._probe.is_name(one)
        if is_name and one.is_text:
            return lambda cells: text_part(
                texts_of(self._cells(cells, str(one.column))), before, after, is_required=is_needed
            )

        def part_of(value: Any) -> str | None:
            try:
                value = one.known.read(value)
            except CellUnreadable:
                return None
            if value is ABSENT:
                return None if is_needed else ""
            if not (is_name and type(value) is str and value):
                text = json_of(value) if self._probe.takes(one, value) else None
            else:
                text = name_of(value)
            return None if text is None else f"{before}{text}{after}"

        return self._of_column(one.column, Column(part_of))

    def _revision_of(self, value: Any) -> str | None:
        mapper = self._mapper
        assert mapper.revision is not None
        if is_empty(value):
            return ""
        try:
            return f',"revision":{revision_of(value, mapper.revision.format, mapper.mapping.time.format, mapper.zone)}'
        except CellUnreadable:
            return None

    def _of_amount(self) -> Read:
        pricing = self._mapper.pricing
        assert pricing is not None
        columns = pricing.columns

        def part_of(cells: Any) -> str | None:
            try:
                found = pricing.amount_of(cells)
            except CellUnreadable:
                return None
            if found is None:
                return ""
            amount, goes_back = found
            is_plain = not goes_back and amount["amount_minor"] <= _MINOR_MAX
            return f',"amount":{json_of(amount)}' if is_plain else None

        if columns[1] is None and columns[2] is None:
            money, currency = pricing.money, str(pricing.money.currency.constant)
            exponent, is_major = CURRENCY_EXPONENTS[currency], pricing.money.unit == "major"

            def part_of_text(text: Any) -> str | None:
                is_plain = is_major and type(text) is str and text not in money.null_values
                minor = plain_minor(money, text, exponent) if is_plain else None
                if minor is None or not 0 <= minor <= _MINOR_MAX:
                    return part_of((text, None, None))
                return f',"amount":{{"amount_minor":{minor},"currency":"{currency}"}}'

            return self._of_column(columns[0], Column(part_of_text))
        return lambda cells: [
            part_of(row)
            for row in zip(
                *([None] * len(cells) if one is None else self._cells(cells, one) for one in columns), strict=True
            )
        ]


def _are_bare(texts: Sequence[str | None]) -> bool:
    """Whether each says something, and nothing that is spelt otherwise in an id of several."""
    if not all(texts):
        return False
    whole = "".join(texts)  # type: ignore[arg-type]  # texts all
    return "/" not in whole and "%" not in whole
