"""A view's rows as CSV (RFC 4180): a header row, commas, CRLF, UTF-8, text in double quotes, NULL empty.

A spreadsheet runs a cell that begins with = + - or @ as a formula, and such text may come from outside: it gets an apostrophe in front,
which a spreadsheet hides. Numbers are left as they are.

Why: docs/decisions/0153.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from touchline.dashboards.server.asking.parsing import plain_type
from touchline.dashboards.server.asking.question import Question
from touchline.dashboards.server.asking.statement import statement
from touchline.dashboards.server.clickhouse import ClickHouse

_FORMULA: Final = r"'^[=+\\-@\\t\\r]'"
_TEXT: Final = re.compile(r"^(?:String|FixedString)\b")
NEWLINE: Final = "\r\n"


async def csv_rows(clickhouse: ClickHouse, question: Question) -> AsyncIterator[bytes]:
    """The file in pieces, as they come from ClickHouse. Raises RequestRefused, also in the midst of it."""
    names = ["count"] if question.rows.is_count else list(question.view.columns)
    yield (",".join(f'"{name}"' for name in names) + NEWLINE).encode()
    async for piece in clickhouse.stream(f"{question.name}.csv", csv_statement(question), "CSV"):
        yield piece


def csv_statement(question: Question) -> str:
    """The SELECT of a question with its text made safe."""
    shown = (_safe(name, type_) for name, type_ in question.view.columns.items())
    return statement(question, ",\n    ".join(shown))


def _safe(name: str, type_: str) -> str:
    if not _TEXT.match(plain_type(type_)):
        return name
    return f"if(match({name}, {_FORMULA}), concat('''', {name}), {name}) AS {name}_"
