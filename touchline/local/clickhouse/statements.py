"""Just enough reading of SQL to route a statement: where an INSERT's data begins, and which FORMAT a query asks for.

Text is only cut, never rewritten: comments reach the engine, and `system.processes` shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\]|\\.|'')*'|\$(?P<here>\w*)\$.*?\$(?P=here)\$)
    |(?P<name>`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*")
    |(?P<word>[A-Za-z_]\w*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
READING_WORDS = frozenset({"select", "with", "show", "desc", "describe", "exists", "explain", "check", "("})


class Token(NamedTuple):
    """One significant token; `word` is the lower-case word or the single character, "" for strings and quoted names."""

    word: str
    depth: int
    start: int
    end: int


class Insert(NamedTuple):
    """An INSERT that takes data: `head` [FROM INFILE …] `settings` FORMAT `format`, with its data after `data_at`."""

    target: str
    columns: str
    head: str
    settings: str
    format: str
    data_at: int


def tokens(sql: str) -> Iterator[Token]:
    """Significant tokens of `sql`, lazily: data behind an INSERT is never read."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        if kind == "space":
            continue
        text = match.group()
        word = text.lower() if kind in ("word", "other") else ""
        depth -= word == ")"
        yield Token(word, depth, match.start(), match.end())
        depth += word == "("


def first_word(sql: str) -> str:
    """First word of the statement in lower case, "(" for a parenthesised one, "" when there is none."""
    return next((token.word for token in tokens(sql)), "")


def is_several(sql: str) -> bool:
    """Whether a second statement follows behind a semicolon."""
    words = [token.word for token in tokens(sql)] if ";" in sql else []
    return ";" in words and any(word != ";" for word in words[words.index(";") :])


def read_insert(sql: str) -> Insert | None:
    """Take an INSERT with data apart; None for anything else (INSERT … SELECT and FROM INFILE run as they are)."""
    stream = tokens(sql)
    if (token := next(stream, None)) is None or token.word != "insert":
        return None
    token = next(stream, None)
    while token and token.word in ("into", "table"):
        token = next(stream, None)
    if token is None:
        return None
    target_at, target_end, columns, settings_at = token.start, 0, "", 0
    opened, groups, is_function = 0, 0, token.word == "function"
    while (token := next(stream, None)) is not None:
        if token.depth:
            if token.start == opened and token.word in ("select", "with"):
                return None
            opened = 0
            continue
        if token.word == "(":
            groups += 1
            opened = _next_start(sql, token.end)
            target_end = target_end if is_function and groups == 1 else target_end or token.start
            columns_at = token.end
        elif token.word == ")":
            if not settings_at and not (is_function and groups == 1):
                columns = sql[columns_at : token.start]
        elif token.word in ("select", "with", "from", "watch"):
            return None
        elif token.word == "settings":
            settings_at = token.start
        elif token.word in ("values", "format"):
            break
    end = token.start if token else len(sql)
    target_end = min(x for x in (target_end, settings_at, end) if x)
    name, data_at = _declared_format(sql, token, stream)
    cut = settings_at or end
    return Insert(sql[target_at:target_end].strip(), columns or "*", sql[:cut], sql[cut:end], name, data_at)


def _next_start(sql: str, at: int) -> int:
    while (match := _TOKEN.match(sql, at)) and match.lastgroup == "space":
        at = match.end()
    return at


def _declared_format(sql: str, token: Token | None, stream: Iterator[Token]) -> tuple[str, int]:
    if token is None:
        return "Values", len(sql)
    if token.word == "values":
        return "Values", token.end
    name = next(stream, None)
    if name is None:
        return "Values", len(sql)
    # As the server does: the data begins behind the line end that follows the format's name.
    line_end = re.compile(r"[ \t\f]*;?[ \t]*\r?\n?").match(sql, name.end)
    return sql[name.start : name.end], line_end.end() if line_end else name.end


def split_format(sql: str) -> tuple[str, str]:
    """Cut the FORMAT clause out of a query: (query without it and without a final semicolon, format or "")."""
    found = list(tokens(sql))
    while found and found[-1].word == ";":
        found.pop()
    if not found:
        return sql, ""
    end = found[-1].end
    for i in range(len(found) - 1, 0, -1):
        before, clause = found[i - 1], found[i]
        if clause.word != "format" or clause.depth or before.word in ("by", "as", ",", ".") or i + 1 >= len(found):
            continue
        behind = found[i + 2].word if i + 2 < len(found) else ""
        if found[i + 1].word not in ("asc", "desc", "", "(") and (
            behind in ("settings", "into") or i + 2 == len(found)
        ):
            name = sql[found[i + 1].start : found[i + 1].end]
            return sql[: clause.start] + " " + sql[found[i + 1].end : end], name
        break
    return sql[:end], ""


def replace_strings(sql: str, replacements: dict[str, str]) -> str:
    """Replace whole single-quoted literals, e.g. a client's query id in KILL QUERY by the engine's."""
    return re.sub(r"'([^'\\]*)'", lambda match: f"'{replacements.get(match[1], match[1])}'", sql)


def quote(value: str) -> str:
    """`value` as an SQL string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
