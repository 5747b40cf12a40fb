"""The form of a mapping file: where each field of an event comes from.

A bare name is a column of the file; what is the same in every row is written `{constant: …}`. Ids come from natural keys, so that a file
can be imported again, in parts, or beside one that overlaps it, and adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from touchline.schemas.journey.conditions import Id, Scalar
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.nobody import Marker
from touchline.schemas.sources import SourceId, Zone

ISO: Final = "iso"
UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"
Kind = Literal["text", "integer", "number", "boolean"]
EventType = Literal[
    "touchline.touchpoint.v1", "touchline.answer.v1", "touchline.identify.v1", "touchline.consent.v1", "touchline.initiative.v1"
]  # fmt: skip
Column = Annotated[str, StringConstraints(min_length=1, max_length=256)]
IdentifierType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Separator = Literal[".", ","]


class MappingPart(BaseModel):
    """Base of all parts: immutable, and a field nobody knows is an error (it is a misspelling)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_columns(value: object) -> object:
    """A bare name is one column; YAML reads a column called 1 as a number."""
    if isinstance(value, list):
        return {"columns": value}
    return {"columns": [str(value)]} if isinstance(value, str | int) else value


def _as_column(value: object) -> object:
    return {"column": str(value)} if isinstance(value, str | int) else value


def _as_currency(value: object) -> object:
    return {"constant": value} if isinstance(value, str) else value


class FieldColumn(MappingPart):
    """One value: from a column, or the same in every row. An empty cell counts as `default`, without one the field is left out."""

    column: Column | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar] = Field(default_factory=dict, description="What to send for each text that stands there")
    default: Scalar | None = None
    as_: Kind | None = Field(default=None, alias="as", description="Left out: the type of the field")
    decimal: Separator = "."

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("a value comes from a column or is a constant; write one of {column: …} and {constant: …}")
        if self.constant is not None and (self.values or self.default is not None or self.as_ is not None):
            raise ValueError("a constant is sent as it stands; leave values, default and as out")
        return self


class IdentifierColumn(MappingPart):
    """Who it was: from a column, or the same in every row. An empty cell counts as `default`. The texts of `nobody`, and what `values`
    turns into "" or null, stand for nobody; a text that `values` does not list is taken as it stands."""

    column: Column | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar | None] = Field(default_factory=dict, description="What to take for some of the texts")
    default: Scalar | None = None
    as_: Kind | None = Field(default=None, alias="as", description="text, which an identifier always is")
    nobody: tuple[Marker, ...] = ()

    @model_validator(mode="after")
    def _is_text_of_one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError(
                "an identifier comes from a column or is a constant; write one of {column: …} and {constant: …}"
            )
        if self.constant is not None and (
            self.values or self.default is not None or self.as_ is not None or self.nobody
        ):
            raise ValueError("a constant is sent as it stands; leave values, default, as and nobody out")
        if self.as_ not in (None, "text"):
            raise ValueError("an identifier is text; leave `as` out (4711.0 is read as 4711)")
        return self


class Key(MappingPart):
    """The natural key of a row: its columns make the event's id. `content: true` is for files without one: the id is a hash of the
    whole row and of how many equal rows came before it."""

    columns: tuple[Column, ...] = ()
    prefix: str = Field(default="", max_length=64, description="Keeps ids apart where two kinds of rows share keys")
    content: bool = False

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if bool(self.columns) == self.content:
            raise ValueError(
                "an id needs a key; write the columns that number the row, or {content: true} where none do"
            )
        return self


class TimeColumns(MappingPart):
    """When it happened: one column, or several that are joined by a blank (a date and a clock)."""

    columns: tuple[Column, ...] = Field(min_length=1)
    format: str = Field(default=ISO, description="iso, unix, unix_ms, or Python's strptime such as %d.%m.%Y %H:%M:%S")
    zone: Zone | None = Field(default=None, description="Zone of times without offset; left out: the place's")

    @model_validator(mode="before")
    @classmethod
    def _one_column(cls, given: Any) -> Any:
        if isinstance(given, dict) and "column" in given and "columns" not in given:
            rest = {name: value for name, value in given.items() if name != "column"}
            return {"columns": [str(given["column"])], **rest}
        return given

    @field_validator("format")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if value in (ISO, UNIX, UNIX_MS):
            return value
        if "%Z" in value.replace("%%", ""):
            raise ValueError(
                f"{value!r} reads the name of a zone and forgets it; write %z where the file has offsets, else zone"
            )
        written = datetime(2026, 1, 31, 21, 30, 15, tzinfo=UTC).strftime(value)
        try:
            read = datetime.strptime(written, value)
        except ValueError:
            read = datetime(1900, 1, 1)
        if read.year % 100 != 26 or (read.month, read.day) != (1, 31):
            raise ValueError(
                f"{value!r} does not name a day; write iso, unix, unix_ms, or a form such as %d.%m.%Y %H:%M:%S (as Python's strptime)"
            )
        if read.hour not in (0, 21):
            raise ValueError(f"{value!r} does not tell 9 in the morning from 9 in the evening; write %H, or %I with %p")
        return value


class Money(MappingPart):
    """A paid amount, tax included. `currency` is an ISO 4217 code, or `{column: …}`."""

    column: Column
    currency: Annotated[FieldColumn, BeforeValidator(_as_currency)]
    unit: Literal["major", "minor"] = "major"
    decimal: Separator = "."

    @field_validator("currency")
    @classmethod
    def _is_known(cls, cell: FieldColumn) -> FieldColumn:
        if cell.constant is not None and cell.constant not in CURRENCY_EXPONENTS:
            raise ValueError(f"{cell.constant!r} is no ISO 4217 code; write one such as EUR, or {{column: …}}")
        return cell


class FileForm(MappingPart):
    """How the file is written; what is left out is told by its name (.csv, .ndjson, .jsonl, .parquet, each but the last also .gz)."""

    format: Literal["csv", "ndjson", "parquet"] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    header: tuple[Column, ...] = Field(
        default=(), description="Names of the columns of a CSV file without a first line of names"
    )

    @field_validator("encoding")
    @classmethod
    def _exists(cls, value: str) -> str:
        try:
            newline = "\n".encode(value)
        except LookupError:
            newline = b""
        if newline != b"\n":
            raise ValueError(
                f"{value!r} is no encoding that is read line by line; write utf-8 (save UTF-16 as that), or cp1252 for old programs"
            )
        return value


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
    id: Annotated[Key, BeforeValidator(_as_columns)]
    time: Annotated[TimeColumns, BeforeValidator(_as_columns)]
    zone: Zone | None = Field(
        default=None, description="IANA zone of the place: of its local day, and of times without offset"
    )
    identifiers: dict[IdentifierType, Annotated[IdentifierColumn, BeforeValidator(_as_column)]] = Field(
        default_factory=dict
    )
    nobody: tuple[Marker, ...] = Field(default=(), description="Texts that stand for nobody in every identifier")
    amount: Money | None = None
    fields: dict[str, Annotated[FieldColumn, BeforeValidator(_as_column)]] = Field(default_factory=dict)
    properties: dict[str, Annotated[FieldColumn, BeforeValidator(_as_column)]] = Field(default_factory=dict)

    def columns(self) -> list[tuple[str, str]]:
        """(field of the mapping, column) of everything that is read."""
        cells = [(f"identifiers.{name}", cell.column) for name, cell in self.identifiers.items()]
        cells += [(f"fields.{name}", cell.column) for name, cell in self.fields.items()]
        cells += [(f"properties.{name}", cell.column) for name, cell in self.properties.items()]
        if self.amount is not None:
            cells += [("amount", self.amount.column), ("amount.currency", self.amount.currency.column)]
        if isinstance(self.source, SourceColumn):
            cells.append(("source", self.source.column))
        cells += [("id", column) for column in self.id.columns] + [("time", column) for column in self.time.columns]
        return [(field, column) for field, column in cells if column is not None]

    def content_hash(self) -> str:
        """Of all that decides what a row becomes."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"description"}, exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()
