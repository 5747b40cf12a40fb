"""Applies a mapping: a row of cells becomes an event, and a list of what could not be read.

A cell that cannot be read stands in the event as a list of its text: no field of the contract takes that, so the pipeline refuses the
event for the same reason and field as the verdict says, and the cell is there for whoever fixes the row. Cells of identifiers never do.

Why: docs/decisions/0100.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any, Final, NamedTuple

from touchline.producers.imports.mapping.amounts import minor_of
from touchline.producers.imports.mapping.cells import (
    CellUnreadable,
    fault_of,
    is_empty,
    is_nothing,
    require_readable,
    text_of,
    time_of,
    value_of,
)
from touchline.producers.imports.mapping.model import (
    FieldColumn,
    IdentifierColumn,
    Kind,
    Mapping,
    Revision,
    SourceColumn,
)
from touchline.producers.imports.mapping.revisions import revision_of
from touchline.producers.imports.mapping.row_ids import RowIds
from touchline.producers.imports.mapping.targets import LISTS, targets_of
from touchline.producers.imports.rows.row import Row, RowFault
from touchline.schemas.markers import Markers
from touchline.schemas.nobody import is_nobody
from touchline.schemas.reasons import Reason
from touchline.schemas.times import zone_of
from touchline.schemas.tool_forms import plain

_REFUND: Final = "refund"


class Mapped(NamedTuple):
    """An event as `emit` takes it; where there are faults it is one that `emit` refuses."""

    event: dict[str, Any]
    faults: list[RowFault]


class _Filled(NamedTuple):
    """One field under `fields`, ready to be applied."""

    path: str
    group: str
    name: str
    cell: FieldColumn
    kind: Kind
    constant: Any
    """Where no column is named."""

    @classmethod
    def of(cls, path: str, cell: FieldColumn, kind: Kind) -> _Filled:
        constant = _listed(path, value_of(cell, cell.constant, kind)) if cell.column is None else None
        return cls(path, *_parts(path), cell, kind, constant)


class Mapper:
    """One mapping over the rows of one file. With `{content: true}` ids it counts equal rows, so each row must be shown to it in order."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        kinds = targets_of(mapping.type)
        fields = dict(mapping.fields)
        self._revision = mapping.revision or _revision_in(fields)
        self._fields = [_Filled.of(path, cell, kinds[path]) for path, cell in fields.items()]
        self._groups_with_columns = {one.group for one in self._fields if one.cell.column is not None}
        zone = mapping.time.zone or mapping.zone
        self._zone = None if zone is None else zone_of(zone)
        self._nulls = frozenset(mapping.file.null_values)
        self._identifiers = [
            (kind, cell, Markers((*mapping.nobody, *cell.nobody))) for kind, cell in mapping.identifiers.items()
        ]
        self._ids = RowIds(mapping.id)
        refund = None if mapping.amount is None else mapping.amount.refund
        self._refunds = frozenset(text.strip().casefold() for text in (refund.values if refund is not None else ()))
        """Whatever their capitals: a return that is written RETURN must not count as a sale."""
        self.unseen = {column: field for field, column in mapping.columns()}
        """Columns that no row had so far, and what of the mapping reads them. Only rows that name their own cells can lack one."""

    def skip(self, row: Row) -> None:
        """A row that an earlier run has sent."""
        if self.unseen and row.cells is not None:
            self._see(row.cells)
        self._ids.skip(row)

    def map(self, row: Row) -> Mapped:
        """The event of a row. Never raises for what stands in the row."""
        mapping, cells = self._mapping, row.cells
        source = mapping.source
        if cells is None:
            assert row.fault is not None
            damaged: dict[str, Any] = {"type": mapping.type, "properties": {"fault": row.fault.what}}
            return Mapped(damaged | ({} if isinstance(source, SourceColumn) else {"source": source}), [row.fault])
        if self.unseen:
            self._see(cells)
        if self._nulls:
            cells = {name: None if text_of(value) in self._nulls else value for name, value in cells.items()}
        faults: list[RowFault] = []
        event: dict[str, Any] = {
            "type": mapping.type,
            "source": text_of(cells.get(source.column, "")) if isinstance(source, SourceColumn) else source,
        }
        self._ids.put(row, cells, event, faults)
        self._date(cells, event, faults)
        if mapping.zone is not None:
            event["zone"] = mapping.zone
        if self._revision is not None:
            self._revise(self._revision, cells, event, faults)
        self._fill(cells, event, faults)
        self._price(cells, event, faults)
        if mapping.properties:
            self._add_properties(cells, event, faults)
        if mapping.identifiers:
            self._add_identifiers(cells, event, faults)
        return Mapped(event, faults)

    def _see(self, cells: Any) -> None:
        for column in [one for one in self.unseen if one in cells]:
            del self.unseen[column]

    def _date(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        moment = self._mapping.time
        values = [cells.get(column) for column in moment.columns]
        if any(map(is_empty, values)):
            empty = next(column for column, value in zip(moment.columns, values, strict=True) if is_empty(value))
            faults.append(RowFault(Reason.MISSING_FIELD, "time", f"column {empty} is empty", "give it a value"))
            return
        try:
            event["time"] = time_of(values, moment.format, self._zone)
        except CellUnreadable as error:
            faults.append(fault_of(error, "time", " and ".join(moment.columns)))
            event["time"] = [" ".join(map(text_of, values))]

    def _revise(self, revision: Revision, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        value = cells.get(revision.column)
        if is_empty(value):
            return
        try:
            event["revision"] = revision_of(value, revision.format, self._mapping.time.format, self._zone)
        except CellUnreadable as error:
            faults.append(fault_of(error, "revision", revision.column))
            event["revision"] = [text_of(value)]

    def _fill(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        groups: dict[str, dict[str, Any]] = {}
        groups_seen: set[str] = set()
        for path, group, name, cell, kind, constant in self._fields:
            place = groups.setdefault(group, {}) if group else event
            if cell.column is None:
                place[name] = constant.copy() if type(constant) is list else constant
                continue
            value = cells.get(cell.column)
            if is_nothing(cell, value):
                if cell.default is None:
                    continue
                value = cell.default
            groups_seen.add(group)
            try:
                place[name] = _members(value) if _is_list(path, value) else _listed(path, value_of(cell, value, kind))
            except CellUnreadable as error:
                faults.append(fault_of(error, path, cell.column))
                place[name] = [text_of(value)]
        # A group whose cells are all empty is left out, with its constants: a row without an order has no kind of order.
        for group in groups_seen | (groups.keys() - self._groups_with_columns):
            if groups.get(group):
                event[group] = groups[group]

    def _price(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        money = self._mapping.amount
        if money is None or is_empty(cells.get(money.column)):
            return
        if money.null_values and text_of(cells[money.column]) in money.null_values:
            return
        cell = money.currency
        currency, value = "", cells[money.column]
        kind = None if money.refund is None else cells.get(money.refund.column)
        is_refund = kind is not None and text_of(kind).casefold() in self._refunds
        try:
            if not is_refund:
                require_readable(kind)
            currency = _currency_of(cell, cells)
            minor = minor_of(money, value, currency)
            if is_refund and minor < 0:
                raise CellUnreadable(
                    "the amount of a refund is negative, and `refund` says that it is positive",
                    "leave `refund` out of the mapping where amounts have their sign",
                )
        except CellUnreadable as error:
            is_currency = error.reason is Reason.UNKNOWN_CURRENCY
            field = "amount.currency" if is_currency else "amount.amount_minor"
            faults.append(fault_of(error, field, (cell.column or money.column) if is_currency else money.column))
            event["amount"] = {"amount_minor": 0 if is_currency else [text_of(value)], "currency": currency}
            return
        event["amount"] = {"amount_minor": -minor if is_refund else minor, "currency": currency}
        order = event.get("order")
        if (is_refund or minor < 0) and order is not None and "kind" not in order:
            order["kind"] = _REFUND

    def _add_properties(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        properties: dict[str, Any] = {}
        for name, cell in self._mapping.properties.items():
            if cell.column is None:
                properties[name] = cell.constant
                continue
            value = cells.get(cell.column)
            if is_nothing(cell, value):
                if cell.default is None:
                    continue
                value = cell.default
            try:
                properties[name] = value_of(cell, value, None)
            except CellUnreadable as error:
                faults.append(fault_of(error, "properties", cell.column))
                properties[name] = [text_of(value)]
        if properties:
            event["properties"] = properties

    def _add_identifiers(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        found: list[tuple[str, Any]] = []
        for kind, cell, markers in self._identifiers:
            try:
                name = _name_of(kind, cell, cells, markers)
            except CellUnreadable as error:
                faults.append(fault_of(error, "identifiers", str(cell.column)))
                name = [""]  # no identifier, and nothing of the cell
            if name is not None:
                found.append((kind, name))
        if found:
            event["identifiers"] = found


def _name_of(kind: str, cell: IdentifierColumn, cells: Any, markers: Markers) -> Any:
    """What names a person, None for nobody; a list names nobody and is left for the check to refuse. Raises CellUnreadable."""
    if cell.column is None:
        return text_of(cell.constant)
    value = cells.get(cell.column)
    if is_empty(value):
        value = cell.default
    if isinstance(value, list | tuple | dict):
        return value or None
    if value is not None and cell.values:
        text = text_of(value)
        value = cell.values.get(text, value)
    if is_empty(value):
        return None
    if isinstance(value, date | time | timedelta):
        raise CellUnreadable(
            "a day or a time, which names nobody; a spreadsheet makes one of 3-12", "format the column as text"
        )
    text = text_of(value)
    if markers and markers.name_nobody(kind, text):
        return None
    if not (text.startswith("#") and is_nobody(plain(text))):  # #N/A is nobody, as in the CSV of the same sheet
        require_readable(value)
    return text


def _currency_of(cell: FieldColumn, cells: Any) -> str:
    """The code in capitals; empty where the cell is. Raises CellUnreadable."""
    if cell.column is None:
        return str(cell.constant)
    value = cells.get(cell.column)
    if is_nothing(cell, value):
        value = cell.default
    elif cell.sent:
        value = value_of(cell, value, "text")
    return "" if value is None else text_of(value).upper()


def _revision_in(fields: dict[str, FieldColumn]) -> Revision | None:
    """Takes a revision out of the fields that is read as it stands."""
    cell = fields.get("revision")
    if cell is None or cell.column is None or cell != FieldColumn(column=cell.column):
        return None
    del fields["revision"]
    return Revision(column=cell.column)


def _parts(path: str) -> tuple[str, str]:
    group, _, name = path.rpartition(".")
    return group, name


def _is_list(path: str, value: Any) -> bool:
    return path in LISTS and isinstance(value, list | tuple)


def _members(value: Any) -> list[Any]:
    """Of a list in an NDJSON or Parquet file; what is no text the contract refuses."""
    return [one.strip() if isinstance(one, str) else one for one in value]


def _listed(path: str, value: Any) -> Any:
    return [name.strip() for name in str(value).split(",") if name.strip()] if path in LISTS else value
