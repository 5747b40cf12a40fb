"""The form of a mapping file: how the file is written, and which of its rows are events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

Column = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class MappingPart(BaseModel):
    """Base of all parts: immutable, and a field nobody knows is an error (it is a misspelling)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_texts(value: object) -> object:
    """YAML reads NA as a text, -99 as a number and -9.0 as one that the file may write as -9."""
    if not isinstance(value, list):
        return value
    texts = [str(one) if isinstance(one, int | float) and not isinstance(one, bool) else one for one in value]
    return tuple(texts) + tuple(
        text.removesuffix(".0") for text in texts if isinstance(text, str) and text.endswith(".0")
    )


NullValues = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
"""Texts that mean nothing: a cell that holds one of them counts as empty."""


class FileForm(MappingPart):
    """How the file is written; what is left out is told by its name (.csv, .ndjson, .jsonl, also with .gz; .parquet, .xlsx)."""

    format: (
        Literal["csv", "ndjson", "parquet", "xlsx", "poslog", "shopify", "ga4", "snowplow", "matomo", "xes", "ocel"]
        | None
    ) = None
    case: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        default=None, description="Type of the objects of an OCEL log that are its cases; left out: the only one"
    )
    sheet: Annotated[int, Field(ge=1)] | Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        default=None, description="Sheet of an .xlsx workbook: its name, or its number among those that are not hidden"
    )
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    header: tuple[Column, ...] = Field(
        default=(), description="Names of the columns of a CSV file or a sheet without a first line of names"
    )
    null_values: NullValues = Field(default=(), description="Texts that mean nothing, in every column")
    escapes: dict[str, str] = Field(
        default_factory=dict, description="Of a CSV file: texts in its cells, and the characters that they stand for"
    )
    skip_lines: int = Field(
        default=0, ge=0, le=1_000, description="Lines of a CSV file, or rows of a sheet, above the names of the columns"
    )
    names: Literal["unique", "numbered", "joined"] = Field(
        default="unique",
        description="Of a CSV file. numbered: a name that comes again is `name (2)`; joined: so, and of two rows of names both count",
    )
    header_rows: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Rows of a CSV file or a sheet before the data, the first of which names the columns",
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


class RowChoice(MappingPart):
    """Which rows are events. The others are read over and counted."""

    filled: tuple[Column, ...] = Field(default=(), description="At least one of these cells holds something")
    without: dict[Column, NullValues] = Field(
        default_factory=dict, description="Texts that make a row none, such as `{Status: [Survey Preview]}`"
    )

    def required(self) -> tuple[tuple[Column, ...], ...]:
        """Of each of these at least one cell holds something."""
        return (self.filled,) if self.filled else ()
