"""Applies a mapping: a row of cells becomes an event, and a list of what could not be read.

A cell that cannot be read stands in the event as a list of its text: no field of the contract takes that, so the pipeline refuses the
event for the same reason and field as the verdict says, and the cell is there for whoever fixes the row. Cells of identifiers never do.

Why: docs/decisions/0100.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from touchline.producers.imports.mapping.cells import (
    CellUnreadable,
    fault_of,
    is_empty,
    is_nothing,
    text_of,
    time_of,
    value_of,
)
from touchline.producers.imports.mapping.hours import Hours
from touchline.producers.imports.mapping.model import FieldColumn, Kind, Mapping, Revision, SourceColumn
from touchline.producers.imports.mapping.named import Named
from touchline.producers.imports.mapping.pricing import Pricing
from touchline.producers.imports.mapping.read_before import ReadBefore
from touchline.producers.imports.mapping.revisions import revision_of
from touchline.producers.imports.mapping.row_ids import RowIds
from touchline.producers.imports.mapping.targets import LISTS, targets_of
from touchline.producers.imports.rows.row import Row, RowFault
from touchline.schemas.events import EVENT_TYPES
from touchline.schemas.reasons import Reason
from touchline.schemas.times import zone_of

ABSENT: Final = object()
"""Nothing stands in the cell."""


class Mapped(NamedTuple):
    """An event as `emit` takes it, which may share what stands in it with others; where there are faults `emit` refuses it."""

    event: dict[str, Any]
    faults: list[RowFault]


class Filled(NamedTuple):
    """One field under `fields` or `properties`, ready to be applied."""

    path: str
    """The field in verdicts."""
    group: str
    name: str
    column: str | None
    constant: Any
    """Where no column is named."""
    is_text: bool
    """A text of the file is its value, without the blanks around it."""
    known: ReadBefore

    @classmethod
    def of(cls, path: str, cell: FieldColumn, kind: Kind | None, *, group: str = "", name: str = "") -> Filled:
        def read(value: Any) -> Any:
            if is_nothing(cell, value):
                if cell.default is None:
                    return ABSENT
                value = cell.default
            return _members(value) if _is_list(path, value) else _listed(path, value_of(cell, value, kind))

        is_text = (cell.as_ or kind) in ("text", None) and not (
            cell.nothing or cell.sent or cell.other is not None or path in LISTS
        )
        constant = cell.constant
        if cell.column is None and kind is not None:
            constant = _listed(path, value_of(cell, constant, kind))
        return cls(path, group, name, cell.column, constant, is_text and cell.default is None, ReadBefore(read))

    @classmethod
    def of_field(cls, path: str, cell: FieldColumn, kind: Kind) -> Filled:
        group, _, name = path.rpartition(".")
        return cls.of(path, cell, kind, group=group, name=name)

    def value_in(self, cells: Any) -> Any:
        """What stands in the row. Raises CellUnreadable."""
        value = cells.get(self.column)
        if type(value) is not str:
            return self.known.read(value)
        return value.strip() or ABSENT if self.is_text else self.known[value]


class Mapper:
    """One mapping over the rows of one file. With `{content: true}` ids it counts equal rows, so each row must be shown to it in order."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        kinds = targets_of(mapping.type)
        fields = dict(mapping.fields)
        self.revision = mapping.revision or _revision_in(fields)
        self.fields = [Filled.of_field(path, cell, kinds[path]) for path, cell in fields.items()]
        self.properties = [Filled.of("properties", cell, None, name=name) for name, cell in mapping.properties.items()]
        contract = EVENT_TYPES[mapping.type].model_fields
        self._groups_left_out = {
            one.group
            for one in self.fields
            if one.column is not None and one.group and not contract[one.group.partition(".")[0]].is_required()
        }
        """Where all their cells are empty."""
        zone = mapping.time.zone or mapping.zone
        self.zone = None if zone is None else zone_of(zone)
        self.hours = Hours(mapping.time.format, self.zone)
        self.nulls = frozenset(mapping.file.null_values)
        self.identifiers = [Named(kind, cell, mapping.nobody) for kind, cell in mapping.identifiers.items()]
        self.ids = RowIds(mapping.id, mapping.time.columns, self._moment_in)
        self.pricing = None if mapping.amount is None else Pricing(mapping.amount)
        self.unseen = {column: field for field, column in mapping.columns() if column not in mapping.optional_columns()}
        """Columns that no row had so far, and what of the mapping reads them. Only rows that name their own cells can lack one."""

    def skip(self, row: Row) -> None:
        """A row that an earlier run has sent."""
        if self.unseen and row.cells is not None:
            self.see(row.cells)
        self.ids.skip(row)

    def map(self, row: Row) -> Mapped:
        """The event of a row. Never raises for what stands in the row."""
        mapping, cells = self.mapping, row.cells
        source = mapping.source
        if cells is None:
            assert row.fault is not None
            damaged: dict[str, Any] = {"type": mapping.type, "properties": {"fault": row.fault.what}}
            return Mapped(damaged | ({} if isinstance(source, SourceColumn) else {"source": source}), [row.fault])
        if self.unseen:
            self.see(cells)
        if self.nulls:
            cells = {name: None if text_of(value) in self.nulls else value for name, value in cells.items()}
        faults: list[RowFault] = []
        event: dict[str, Any] = {
            "type": mapping.type,
            "source": text_of(cells.get(source.column, "")) if isinstance(source, SourceColumn) else source,
        }
        self.ids.put(row, cells, event, faults)
        self._date(cells, event, faults)
        if mapping.zone is not None:
            event["zone"] = mapping.zone
        if self.revision is not None:
            self._revise(self.revision, cells, event, faults)
        self._fill(cells, event, faults)
        if self.pricing is not None:
            self.pricing.put(cells, event, faults)
        if self.properties:
            self._add_properties(cells, event, faults)
        if self.identifiers:
            self._add_identifiers(cells, event, faults)
        return Mapped(event, faults)

    def see(self, cells: Any) -> None:
        """Columns that a row has."""
        for column in [one for one in self.unseen if one in cells]:
            del self.unseen[column]

    def _moment_in(self, cells: Any) -> str | None:
        """The time of a row by its first columns alone; None where they hold none."""
        values = [cells.get(column) for column in self.mapping.time.columns]
        known = self.hours.time_of(values)
        if known is not None or any(map(is_empty, values)):
            return known
        try:
            return time_of(values, self.mapping.time.format, self.zone)
        except CellUnreadable:
            return None

    def _date(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        moment = self.mapping.time
        columns = moment.columns
        values = [cells.get(column) for column in columns]
        if moment.otherwise is not None and all(map(is_empty, values)):
            columns = (moment.otherwise,)
            values = [cells.get(moment.otherwise)]
        known = self.hours.time_of(values)
        if known is not None:
            event["time"] = known
            return
        if any(map(is_empty, values)):
            empty = next(column for column, value in zip(columns, values, strict=True) if is_empty(value))
            faults.append(RowFault(Reason.MISSING_FIELD, "time", f"column {empty} is empty", "give it a value"))
            return
        try:
            event["time"] = time_of(values, moment.format, self.zone)
        except CellUnreadable as error:
            faults.append(fault_of(error, "time", " and ".join(columns)))
            event["time"] = [" ".join(map(text_of, values))]

    def _revise(self, revision: Revision, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        value = cells.get(revision.column)
        if is_empty(value):
            return
        try:
            event["revision"] = revision_of(value, revision.format, self.mapping.time.format, self.zone)
        except CellUnreadable as error:
            faults.append(fault_of(error, "revision", revision.column))
            event["revision"] = [text_of(value)]

    def _fill(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        groups: dict[str, dict[str, Any]] = {}
        groups_seen: set[str] = set()
        for one in self.fields:
            place = groups.setdefault(one.group, {}) if one.group else event
            if one.column is None:
                place[one.name] = one.constant.copy() if type(one.constant) is list else one.constant
            elif _put(one, cells, place, faults):
                groups_seen.add(one.group)
        # A group whose cells are all empty is left out, with its constants: a row without an order has no kind of order.
        event |= {
            group: members
            for group, members in groups.items()
            if members and (group in groups_seen or group not in self._groups_left_out)
        }

    def _add_properties(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        properties: dict[str, Any] = {}
        for one in self.properties:
            if one.column is None:
                properties[one.name] = one.constant
            else:
                _put(one, cells, properties, faults)
        if properties:
            event["properties"] = properties

    def _add_identifiers(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        found: list[tuple[str, Any]] = []
        for one in self.identifiers:
            try:
                name = one.name_in(cells)
            except CellUnreadable as error:
                faults.append(fault_of(error, "identifiers", str(one.column)))
                name = [""]  # no identifier, and nothing of the cell
            if name is not None:
                found.append((one.kind, name))
        if found:
            event["identifiers"] = found


def _put(one: Filled, cells: Any, place: dict[str, Any], faults: list[RowFault]) -> bool:
    """Whether something stands in the cell: its value, or a text that is none."""
    try:
        value = one.value_in(cells)
    except CellUnreadable as error:
        faults.append(fault_of(error, one.path, str(one.column)))
        value = [text_of(cells.get(one.column))]
    if value is ABSENT:
        return False
    place[one.name] = value
    return True


def _revision_in(fields: dict[str, FieldColumn]) -> Revision | None:
    """Takes a revision out of the fields that is read as it stands."""
    cell = fields.get("revision")
    if cell is None or cell.column is None or cell != FieldColumn(column=cell.column):
        return None
    del fields["revision"]
    return Revision(column=cell.column)


def _is_list(path: str, value: Any) -> bool:
    return path in LISTS and isinstance(value, list | tuple)


def _members(value: Any) -> list[Any]:
    """Of a list in an NDJSON or Parquet file; what is no text the contract refuses."""
    return [one.strip() if isinstance(one, str) else one for one in value]


def _listed(path: str, value: Any) -> Any:
    return [name.strip() for name in str(value).split(",") if name.strip()] if path in LISTS else value
