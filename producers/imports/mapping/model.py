"""The form of a mapping file: where each field of an event comes from.

A bare name is a column of the file; what is the same in every row is written `{constant: …}`. Ids come from natural keys, so that a file
can be imported again, in parts, or beside one that overlaps it, and adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from touchline.producers.imports.mapping.file_form import Column, FileForm, MappingPart, NullValues, RowChoice
from touchline.producers.imports.mapping.time_format import ISO, TimeFormat
from touchline.schemas.journey.conditions import Id, Scalar
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.nobody import Marker
from touchline.schemas.sources import SourceId, Zone

Kind = Literal["text", "integer", "number", "boolean"]
EventType = Literal[
    "touchline.touchpoint.v1", "touchline.answer.v1", "touchline.identify.v1", "touchline.consent.v1", "touchline.initiative.v1"
]  # fmt: skip
IdentifierType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Separator = Literal[".", ","]
Thousands = Literal[".", ",", " ", "'", "_"]
Negative = Literal["trailing", "parentheses"]


def _as_columns(value: object) -> object:
    """A bare name is one column; YAML reads a column called 1 as a number."""
    if isinstance(value, list):
        return {"columns": value}
    return {"columns": [str(value)]} if isinstance(value, str | int) else value


def as_column(value: object) -> object:
    return {"column": str(value)} if isinstance(value, str | int) else value


def _as_currency(value: object) -> object:
    return {"constant": value} if isinstance(value, str) else value


class Revision(MappingPart):
    """Which state of a row counts: of one id that with the highest revision, a number or when the row was changed."""

    column: Column
    format: TimeFormat | None = Field(
        default=None,
        description="Of times, as in `time`; left out: numbers as they stand, ISO times, times as `time` has them",
    )
    optional: bool = Field(default=False, description="Left out where the file has no such column")


class WrittenNumbers(MappingPart):
    """How numbers are written in a column. A sign before the digits is always read."""

    decimal: Separator | None = Field(
        default=None, description="Left out: a point, or a comma where thousands is a point"
    )
    thousands: Thousands | None = Field(
        default=None, description="Between groups of three digits; a blank is any blank"
    )
    negative: Negative | None = Field(default=None, description="12.50- (trailing) or (12.50) (parentheses)")

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal is not None and self.decimal == self.thousands:
            other = "," if self.decimal == "." else "."
            raise ValueError(f'decimal and thousands are the same character; write `decimal: "{other}"`')
        return self


class Refund(MappingPart):
    """Rows whose amount is money that goes back, where the file tells it in a column and not by the sign."""

    column: Column
    values: tuple[str, ...] = Field(min_length=1, description="The texts that say so")


class FieldColumn(WrittenNumbers):
    """One value: from a column, or the same in every row. An empty cell counts as `default`, without one the field is left out."""

    column: Column | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar | None] = Field(
        default_factory=dict, description="What to send for each text that stands there; null: the cell counts as empty"
    )
    other: Scalar | None = Field(default=None, description="What to send for a text that `values` does not list")
    null_values: NullValues = ()
    default: Scalar | None = None
    as_: Kind | None = Field(default=None, alias="as", description="Left out: the type of the field")
    optional: bool = Field(default=False, description="The field is left out where the file has no such column")

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("a value comes from a column or is a constant; write one of {column: …} and {constant: …}")
        if self.constant is not None and (
            self.values
            or self.null_values
            or self.other is not None
            or self.default is not None
            or self.as_ is not None
            or self.optional
        ):
            raise ValueError(
                "a constant is sent as it stands; leave values, other, null_values, default, as and optional out"
            )
        return self

    @cached_property
    def sent(self) -> dict[str, Scalar]:
        """What to send for which text; empty: each text as it stands."""
        return {text: sent for text, sent in self.values.items() if sent is not None and sent != ""}

    @cached_property
    def nothing(self) -> frozenset[str]:
        """The texts that count as an empty cell."""
        return frozenset(self.null_values) | {text for text, sent in self.values.items() if sent is None or sent == ""}


class IdentifierColumn(MappingPart):
    """Who it was: from a column, or the same in every row. An empty cell counts as `default`. The texts of `nobody`, and what `values`
    turns into "" or null, stand for nobody; a text that `values` does not list is taken as it stands."""

    column: Column | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar | None] = Field(default_factory=dict, description="What to take for some of the texts")
    default: Scalar | None = None
    as_: Kind | None = Field(default=None, alias="as", description="text, which an identifier always is")
    nobody: tuple[Marker, ...] = ()
    optional: bool = Field(default=False, description="Left out where the file has no such column")

    @model_validator(mode="after")
    def _is_text_of_one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError(
                "an identifier comes from a column or is a constant; write one of {column: …} and {constant: …}"
            )
        if self.constant is not None and (
            self.values or self.default is not None or self.as_ is not None or self.nobody or self.optional
        ):
            raise ValueError("a constant is sent as it stands; leave values, default, as, nobody and optional out")
        if self.as_ not in (None, "text"):
            raise ValueError("an identifier is text; leave `as` out (4711.0 is read as 4711)")
        return self


class Key(MappingPart):
    """The natural key of a row: its columns make the event's id. `content: true` is for files without one: the id is a keyed
    hash of the whole row, or of the columns beside it, and of how many rows with the same came before it."""

    columns: tuple[Column, ...] = ()
    prefix: str = Field(default="", max_length=64, description="Keeps ids apart where two kinds of rows share keys")
    content: bool = False
    sealed: bool = Field(
        default=False,
        description="The columns may name somebody: the id is a hash of them that only the content key makes",
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.columns and not self.content:
            raise ValueError(
                "an id needs a key; write the columns that number the row, or {content: true} where none do"
            )
        if self.sealed and self.content:
            raise ValueError("content and sealed are two ways to make an id; keep one of them")
        return self


class TimeColumns(MappingPart):
    """When it happened: one column, or several that are joined by a blank (a date and a clock)."""

    columns: tuple[Column, ...] = Field(min_length=1)
    format: TimeFormat = Field(
        default=ISO, description="iso, unix, unix_ms, or Python's strptime such as %d.%m.%Y %H:%M:%S"
    )
    zone: Zone | None = Field(default=None, description="Zone of times without offset; left out: the place's")
    otherwise: Column | None = Field(default=None, description="Column of the time where these are empty")

    @model_validator(mode="before")
    @classmethod
    def _one_column(cls, given: Any) -> Any:
        if isinstance(given, dict) and "column" in given and "columns" not in given:
            rest = {name: value for name, value in given.items() if name != "column"}
            return {"columns": [str(given["column"])], **rest}
        return given


class Money(WrittenNumbers):
    """A paid amount, tax included. `currency` is an ISO 4217 code, or `{column: …}`; the code or a sign of it may stand in the cell."""

    column: Column
    currency: Annotated[FieldColumn, BeforeValidator(_as_currency)]
    unit: Literal["major", "minor"] = "major"
    places: int | None = Field(
        default=None,
        ge=0,
        le=18,
        description="Decimals that the file writes, where it writes zeros beyond those of the currency",
    )
    refund: Refund | None = None
    null_values: NullValues = ()

    @field_validator("currency")
    @classmethod
    def _is_known(cls, cell: FieldColumn) -> FieldColumn:
        written = [str(code).upper() for code in (cell.default, *cell.sent.values()) if code is not None]
        for code in (*written, *((cell.constant,) if cell.constant is not None else ())):
            if code not in CURRENCY_EXPONENTS:
                raise ValueError(f"{code!r} is no ISO 4217 code; write one such as EUR, or {{column: …}}")
        if cell.as_ not in (None, "text"):
            raise ValueError("a currency is text; leave `as` out")
        return cell


class SourceColumn(MappingPart):
    """The source differs from row to row."""

    column: Column


class Mapping(MappingPart):
    """The whole file. References within it are checked by `load_mapping`, which knows its lines."""

    mapping: Id
    source: SourceId | SourceColumn = Field(union_mode="left_to_right")
    type: EventType = "touchline.touchpoint.v1"
    description: str = ""
    file: FileForm = FileForm()
    rows: RowChoice = RowChoice()
    id: Annotated[Key, BeforeValidator(_as_columns)]
    time: Annotated[TimeColumns, BeforeValidator(_as_columns)]
    zone: Zone | None = Field(
        default=None, description="IANA zone of the place: of its local day, and of times without offset"
    )
    revision: Annotated[Revision, BeforeValidator(as_column)] | None = None
    identifiers: dict[IdentifierType, Annotated[IdentifierColumn, BeforeValidator(as_column)]] = Field(
        default_factory=dict
    )
    nobody: tuple[Marker, ...] = Field(default=(), description="Texts that stand for nobody in every identifier")
    amount: Money | None = None
    fields: dict[str, Annotated[FieldColumn, BeforeValidator(as_column)]] = Field(default_factory=dict)
    properties: dict[str, Annotated[FieldColumn, BeforeValidator(as_column)]] = Field(default_factory=dict)

    def columns(self) -> list[tuple[str, str]]:
        """(field of the mapping, column) of everything that is read."""
        cells = [(f"identifiers.{name}", cell.column) for name, cell in self.identifiers.items()]
        cells += [(f"fields.{name}", cell.column) for name, cell in self.fields.items()]
        cells += [(f"properties.{name}", cell.column) for name, cell in self.properties.items()]
        if self.amount is not None:
            cells += [("amount", self.amount.column), ("amount.currency", self.amount.currency.column)]
            cells += [("amount.refund", self.amount.refund.column)] if self.amount.refund else []
        if self.revision is not None:
            cells.append(("revision", self.revision.column))
        if isinstance(self.source, SourceColumn):
            cells.append(("source", self.source.column))
        cells += [("id", column) for column in self.id.columns] + [("time", column) for column in self.time.columns]
        cells.append(("time", self.time.otherwise))
        read = {column for _, column in cells}
        cells += [("rows", column) for column in (*self.rows.filled, *self.rows.without) if column not in read]
        return [(field, column) for field, column in cells if column is not None]

    def optional_columns(self) -> set[str]:
        """Columns that the file may lack."""
        cells = [*self.identifiers.values(), *self.fields.values(), *self.properties.values(), self.revision]
        return {cell.column for cell in cells if cell is not None and cell.optional and cell.column is not None}

    def content_hash(self) -> str:
        """Of all that decides what a row becomes."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"description"}, exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()
