"""A mapping of the user's that begins where one that ships ends: `extends: qualtrics`, and what differs."""

from __future__ import annotations

from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.imports.ready.texts import ready_text
from touchline.schemas.journey.yaml_lines import Document, read_yaml

_BY_MEMBER: Final = frozenset(("file", "rows", "time", "identifiers", "fields", "properties"))
"""Parts of which the user's members stand beside the others; any other part stands in the place of the one that ships."""
_COLUMNS: Final = frozenset(("column", "columns"))


def extended(document: Document) -> Document:
    """The document with what it does not say itself. Where it names no mapping that ships, that is one more problem of it."""
    name = document.values.get("extends")
    if name is None:
        return document
    try:
        base = read_yaml(ready_text(str(name)), document.nullable).values
    except WrongUsage as error:
        document.problems.append(document.problem(("extends",), error.what, error.hint))
        return document
    return document._replace(
        values=base | {part: _merged(part, base.get(part), own) for part, own in document.values.items()}
    )


def _merged(part: str, base: Any, own: Any) -> Any:
    if part not in _BY_MEMBER or not isinstance(base, dict) or not isinstance(own, dict):
        return own
    if part == "time" and not _COLUMNS.isdisjoint(own):
        base = {name: member for name, member in base.items() if name not in _COLUMNS}
    if part == "identifiers":  # a column names a person in one way
        columns = {_column_of(member) for member in own.values()}
        base = {name: member for name, member in base.items() if _column_of(member) not in columns}
    return base | own


def _column_of(member: Any) -> Any:
    return member.get("column") if isinstance(member, dict) else member
