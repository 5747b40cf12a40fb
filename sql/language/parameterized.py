"""Views with arguments in `journey_api`: what a reader selects goes into the view, so that page, drill-down and BI ask the same question.

    SELECT * FROM journey_api.NAME(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-03-31', filter = map())

ClickHouse knows the columns of such a view only once its arguments are there: `system.columns` is silent, and the columns that the DDL
declares are kept as text, neither checked nor cast. So each one is cast here, and docs/views.md says what a reader would look up.

Why: docs/decisions/0140.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from touchline.sql.language.columns import Column
from touchline.sql.language.selection import PARAMETERS
from touchline.sql.language.views import OWN_SETTINGS, declared, quoted

SCHEMA: Final = "journey_api"
SELECTION: Final = {
    "map": Column(PARAMETERS["map"], "Journey map (dim_map.id)"),
    "map_version": Column(PARAMETERS["map_version"], "Version of the journey map"),
    "date_from": Column(PARAMETERS["date_from"], "First local day"),
    "date_to": Column(PARAMETERS["date_to"], "Last local day, included"),
    "filter": Column(PARAMETERS["filter"], "Key -> allowed values, '' for what is not known; map() for all"),
}
"""The arguments that nearly every such view takes (selection.py)."""
AS_OF: Final = {"as_of": Column("DateTime('UTC')", "The moment from which one looks: what is open then is open")}


class ParameterizedView(NamedTuple):
    """`parameters` maps arguments to type and meaning; all of them must be given. `columns` and `source` as in `View`; `source` calls
    arguments as {name:Type}."""

    name: str
    comment: str
    parameters: Mapping[str, Column]
    columns: dict[str, tuple[Column, str]]
    source: str

    @property
    def full_name(self) -> str:
        """With its schema."""
        return f"{SCHEMA}.{self.name}"

    def ddl(self) -> str:
        """CREATE OR REPLACE VIEW; see `View.ddl`."""
        selected = ",\n    ".join(
            f"CAST({sql}, {quoted(column.type)}) AS {name}" for name, (column, sql) in self.columns.items()
        )
        return (
            f"CREATE OR REPLACE VIEW {self.full_name}\n(\n{declared(self.columns)}\n)\nSQL SECURITY DEFINER\n"
            f"COMMENT {quoted(self.comment)}\nAS SELECT\n    {selected}\nFROM {self.source}\n{OWN_SETTINGS};\n"
        )

    def called(self, **arguments: str) -> str:
        """What stands after FROM: the view with its arguments, given as SQL. Raises ValueError when one is missing or unknown."""
        if arguments.keys() != self.parameters.keys():
            raise ValueError(f"{self.full_name} takes {', '.join(self.parameters)}, not {', '.join(arguments)}")
        return f"{self.full_name}({', '.join(f'{name} = {arguments[name]}' for name in self.parameters)})"
