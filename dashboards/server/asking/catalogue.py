"""The views that may be asked, with the parameters that their DDL calls and the columns that they declare.

Made from what `touchline.sql` says of its views, so that a view is served as soon as it is defined there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from touchline.sql.view_columns import Column

_CALLED: Final = re.compile(r"\{(\w+):([^{}]+)\}")


class Definition(Protocol):
    """What a view says of itself; both kinds of `touchline.sql` do."""

    @property
    def full_name(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, tuple[Column, str]]: ...
    def ddl(self) -> str: ...


class AskedView(NamedTuple):
    """`parameters` maps the view's arguments, `columns` its columns to ClickHouse types; both in order. A view without arguments
    has no parameters."""

    full_name: str
    parameters: Mapping[str, str]
    columns: Mapping[str, str]


def catalogue(definitions: Iterable[Definition]) -> dict[str, AskedView]:
    """Name without schema -> view. Where `journey` and `journey_api` had the same name, the one with arguments is asked."""
    found: dict[str, AskedView] = {}
    for definition in definitions:
        view = AskedView(
            definition.full_name,
            dict(_CALLED.findall(definition.ddl())),
            {name: column.type for name, (column, _) in definition.columns.items()},
        )
        name = view.full_name.partition(".")[2]
        if name not in found or view.parameters:
            found[name] = view
    return found


def shipped_catalogue() -> dict[str, AskedView]:
    """The views of this release."""
    from touchline.sql.generate import ALL_VIEWS

    return catalogue(ALL_VIEWS)
