"""Just enough reading of SQL to route a statement. Text is only cut, never rewritten: comments reach the engine."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

READING_WORDS = frozenset({"select", "with", "show", "desc", "describe", "exists", "explain", "check"})
_HEAD_MAX = 1 << 16  # characters in which a statement's kind is to be seen; behind them may stand much data
_HIDDEN = re.compile(r"(?s:--[^\n]*|\#[ !][^\n]*|/\*.*?\*/|(['`\"])(?:(?!\1)[^\\]|\\.)*\1|\$(\w*)\$.*?\$\2\$)")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_INSERT = re.compile(
    r"(?i)\s*insert\s+into\s+(?:table\s+)?(?P<target>[\w.$]+)"
    r"\s*(?P<columns>\((?!\s*(?:select|with)\b)(?:[^()]|\([^()]*\))*\))?"
    r"\s*(?P<settings>settings\s(?:(?!\b(?:select|with)\b)[^()])*?)?"
    r"\s*(?P<data>values\b|format\s+(?P<format>\w+)[ \t]*;?\r?\n?|;?\s*$)"
)
_FORMAT = re.compile(
    r"(?i)(?<!\bby)(?<!\bas)(?<![,.])\s+format\s+(?!asc\b|desc\b)(?P<format>\w+)"
    r"(?:\s+settings\s+(?:\w+\s*=\s*[^\s,;]+\s*,?\s*)+)?$"
)


class InsertStatement(NamedTuple):
    """An INSERT with data: `head` [FROM INFILE …] `settings` FORMAT `format`; in the text data is at `data_at`.

    `sample` is a query with the columns of the data.
    """

    sample: str
    head: str
    settings: str
    format: str
    data_at: int


def _shown(sql: str) -> str:
    """`sql` at the same positions with its comments as spaces and its strings and quoted names as letters."""
    return _HIDDEN.sub(lambda match: (" " if match[0][0] in "-#/" else "x") * len(match[0]), sql)


def first_word(sql: str) -> str:
    """First word of a statement in lower case, behind comments and parentheses; "" without one."""
    match = re.match(r"[\s(]*(\S\w*)", _shown(sql[:_HEAD_MAX]))
    return match[1].lower() if match else ""


def is_several(sql: str) -> bool:
    """Whether a second statement follows behind a semicolon."""
    return bool(re.search(r";\s*[^\s;]", _shown(sql)))


def read_insert(sql: str) -> InsertStatement | None:
    """Take an INSERT with data apart; None for anything else (INSERT … SELECT and FROM INFILE run as they are)."""
    if not (found := _INSERT.match(_shown(sql[:_HEAD_MAX]))):
        return None
    target, columns = (sql[slice(*found.span(name))] for name in ("target", "columns"))
    head_end = found.start("settings") if found["settings"] else found.start("data")
    head, settings = sql[:head_end], sql[head_end : found.start("data")]
    sample = f"SELECT {columns[1:-1] or '*'} FROM {target}"
    return InsertStatement(sample, head, settings, found["format"] or "Values", found.end())


def split_format(sql: str) -> tuple[str, str]:
    """Cut the FORMAT clause and the final semicolon out of a query: (query, format or "")."""
    shown = _shown(sql).rstrip("; \n\r\t")
    tail = sql[len(shown) :].replace(";", " ") + "\n"  # may hold comments
    if not (found := _FORMAT.search(shown)):
        return sql[: len(shown)] + tail, ""
    return sql[: found.start()] + sql[found.end("format") : len(shown)] + tail, found["format"]


def quote(value: str, mark: str = "'") -> str:
    """`value` as an SQL string, or with "`" as a name."""
    return mark + value.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark


def columns_of_tree(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Names and types of a result, from the text of EXPLAIN QUERY TREE; none where it is not one plain query or cannot be read for sure."""
    if lines[:2] != ["QUERY id: 0", "  PROJECTION COLUMNS"]:
        return []
    columns = []
    for line in takewhile(lambda one: one.startswith("    "), lines[2:]):
        bare = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
        if "'" in bare or (place := _end_of_name(bare)) < 0:
            return []
        columns.append((line[4:place], line[place + 1 :]))
    return columns


def _end_of_name(line: str) -> int:
    """Where the last blank stands that is not in parentheses; names may have some, types do not. -1: nowhere."""
    depth = 0
    for place in range(len(line) - 1, 4, -1):
        depth += (line[place] == ")") - (line[place] == "(")
        if line[place] == " " and not depth:
            return place
    return -1
